"""What a method is given."""

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from spikereg._batches import Batches
from spikereg.results import Trial


class Setup(NamedTuple):
    """What a method is given: a trial, its training set, a seed, and the widths."""

    trial: Trial
    loader: Batches
    seed: int
    inputs: int = 1
    outputs: int = 1


Method = Callable[[Setup], nn.Module]
