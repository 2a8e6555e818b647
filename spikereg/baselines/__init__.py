"""Models to measure a spiking network against: what others do with as many numbers."""

from spikereg.baselines.dense import Recurrent, ReLUNetwork
from spikereg.baselines.filters import LinearFilter, ResonantFilter, TapFilter
from spikereg.baselines.rates import RateNetwork
from spikereg.baselines.untrained import EchoState, RandomSpiking

__all__ = [
    "EchoState",
    "LinearFilter",
    "RandomSpiking",
    "RateNetwork",
    "ReLUNetwork",
    "Recurrent",
    "ResonantFilter",
    "TapFilter",
]
