"""Explorers: neurons and networks that run in the page itself, without a kernel."""

from spikereg.widgets.encoding import EncodingExplorer
from spikereg.widgets.energy import EnergyExplorer
from spikereg.widgets.exact import SpikeTimeExplorer
from spikereg.widgets.firing import FiringTimeExplorer
from spikereg.widgets.lif import LIFExplorer
from spikereg.widgets.network import NetworkExplorer
from spikereg.widgets.plastic import PlasticExplorer
from spikereg.widgets.playground import Playground
from spikereg.widgets.pulse import PulseExplorer
from spikereg.widgets.reader import DigitReader
from spikereg.widgets.surrogate import SurrogateExplorer

__all__ = [
    "DigitReader",
    "EncodingExplorer",
    "EnergyExplorer",
    "FiringTimeExplorer",
    "LIFExplorer",
    "NetworkExplorer",
    "PlasticExplorer",
    "Playground",
    "PulseExplorer",
    "SpikeTimeExplorer",
    "SurrogateExplorer",
]
