"""Models to measure a spiking network against: what others do with as many numbers."""

from spikereg.baselines.dense import Recurrent, ReLUNetwork
from spikereg.baselines.filters import LinearFilter, ResonantFilter
from spikereg.baselines.untrained import RandomSpiking

__all__ = [
    "LinearFilter",
    "RandomSpiking",
    "ReLUNetwork",
    "Recurrent",
    "ResonantFilter",
]
