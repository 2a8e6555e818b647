"""Explorers: neurons and networks that run in the page itself, without a kernel."""

from spikereg.widgets.lif import LIFExplorer
from spikereg.widgets.network import NetworkExplorer
from spikereg.widgets.playground import Playground
from spikereg.widgets.pulse import PulseExplorer
from spikereg.widgets.reader import DigitReader
from spikereg.widgets.surrogate import SurrogateExplorer

__all__ = [
    "DigitReader",
    "LIFExplorer",
    "NetworkExplorer",
    "Playground",
    "PulseExplorer",
    "SurrogateExplorer",
]
