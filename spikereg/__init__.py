"""Regression with spiking neural networks, from data to evaluated fit."""

from spikereg.constant_answer import constant_answer
from spikereg.data import RegressionDataset, TimeMajorDataset
from spikereg.delayed_spikes import DelayedSpikes
from spikereg.dendrites import Dendrites
from spikereg.evaluation import Report, evaluate
from spikereg.firing_times import FiringTimeDataset
from spikereg.frames import FrameData, from_frame
from spikereg.initialize import initialize
from spikereg.loader import make_loader
from spikereg.material_data import MaterialDataset
from spikereg.memory import MemoryDataset
from spikereg.models import SpikingRegressor, Trace
from spikereg.neurons import AdaptiveLeaky, PlasticPair, Resonator, SpikingLSTM
from spikereg.return_mapping import ReturnMapping, SpikingReturnMapping
from spikereg.scan import scan
from spikereg.spike_times import SpikeTimes
from spikereg.spiking_filter import SpikingFilter
from spikereg.training import History, fit

__version__ = "0.1.0"

__all__ = [
    "AdaptiveLeaky",
    "DelayedSpikes",
    "Dendrites",
    "FiringTimeDataset",
    "FrameData",
    "History",
    "MaterialDataset",
    "MemoryDataset",
    "PlasticPair",
    "RegressionDataset",
    "Report",
    "Resonator",
    "ReturnMapping",
    "SpikeTimes",
    "SpikingFilter",
    "SpikingLSTM",
    "SpikingRegressor",
    "SpikingReturnMapping",
    "TimeMajorDataset",
    "Trace",
    "constant_answer",
    "evaluate",
    "fit",
    "from_frame",
    "initialize",
    "make_loader",
    "scan",
]
