"""Regression with spiking neural networks, from data to evaluated fit."""

from spikereg.data import RegressionDataset, TimeMajorDataset
from spikereg.delayed_spikes import DelayedSpikes
from spikereg.dendrites import Dendrites
from spikereg.evaluation import Report, evaluate
from spikereg.initialize import initialize
from spikereg.loader import make_loader
from spikereg.memory import MemoryDataset
from spikereg.models import SpikingRegressor, Trace
from spikereg.neurons import AdaptiveLeaky, Resonator, SpikingLSTM
from spikereg.scan import scan
from spikereg.spiking_filter import SpikingFilter
from spikereg.training import History, fit

__version__ = "0.1.0"

__all__ = [
    "AdaptiveLeaky",
    "DelayedSpikes",
    "Dendrites",
    "History",
    "MemoryDataset",
    "RegressionDataset",
    "Report",
    "Resonator",
    "SpikingFilter",
    "SpikingLSTM",
    "SpikingRegressor",
    "TimeMajorDataset",
    "Trace",
    "evaluate",
    "fit",
    "initialize",
    "make_loader",
    "scan",
]
