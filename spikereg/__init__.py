"""Regression with spiking neural networks, from data to evaluated fit."""

from spikereg.data import RegressionDataset, make_loader
from spikereg.models import SpikingRegressor, Trace
from spikereg.scan import scan
from spikereg.training import History, Report, evaluate, fit

__version__ = "0.1.0"

__all__ = [
    "History",
    "RegressionDataset",
    "Report",
    "SpikingRegressor",
    "Trace",
    "evaluate",
    "fit",
    "make_loader",
    "scan",
]
