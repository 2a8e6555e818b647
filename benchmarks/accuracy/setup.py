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


def settings_of(trial: Trial, chosen: tuple[float, float]) -> tuple[float, float]:
    """Return learning rate and steepness: the trial's own, or else the chosen ones."""
    lr, steepness = chosen
    return (
        lr if trial.lr is None else trial.lr,
        steepness if trial.steepness is None else trial.steepness,
    )


Method = Callable[[Setup], nn.Module]
