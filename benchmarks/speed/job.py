"""What every peer is given: sizes, data and initial weights.

Nothing here asks the package, so that an earlier version of it gets the same.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

LEARNING_RATE = 1e-3
SLOPE = 25.0
LAYERS = ("lif_in", "lif_hidden", "li_out")


class Size(NamedTuple):
    """Time steps T, batch B and hidden neurons H."""

    steps: int
    batch: int
    hidden: int

    def __str__(self) -> str:
        return f"{self.steps}, {self.batch}, {self.hidden}"


class Job(NamedTuple):
    """Data ``[T, B, 1]`` and the tutorial network's initial weights."""

    features: Tensor
    target: Tensor
    weights: dict[str, Tensor]


def job(size: Size, thresholds: float = 1.0, exact: bool = False) -> Job:
    """Make the data and the weights, the same ones for every peer.

    Args:
        size: Of data and network.
        thresholds: Multiplies those of the hidden layers: the higher, the fewer spikes.
        exact: Round so that no sum before the first rounded membrane depends on its
            order and no product on whether it is fused with a sum: then two correct
            implementations have the same spikes. Weights, thresholds and inputs become
            multiples of 1/64, decays powers of 1/2.
    """
    generator = torch.Generator().manual_seed(0)
    ends = torch.rand(size.batch, 1, generator=generator)
    features = torch.linspace(0, 1, size.steps)[:, None, None] * ends
    weights = _weights(size.hidden)
    for layer in LAYERS[:2]:
        weights[f"{layer}.threshold"] *= thresholds
    if exact:
        features = _dyadic(features)
        weights = {name: _dyadic(value) for name, value in weights.items()}
        for layer in LAYERS:
            decay = weights[f"{layer}.beta"].clamp(1 / 8, 1 / 2)
            weights[f"{layer}.beta"] = 2 ** decay.log2().round()
    return Job(features, features.sqrt(), weights)


def _weights(hidden: int) -> dict[str, Tensor]:
    """Draw what ``SpikingRegressor(hidden, seed=0)`` draws, under its names."""
    generator = torch.Generator().manual_seed(0)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator)

    weights = {}
    layers = (
        ("fc_in", 1, hidden),
        ("fc_hidden", hidden, hidden),
        ("fc_out", hidden, 1),
    )
    for (fc, inputs, outputs), lif in zip(layers, LAYERS, strict=True):
        bound = 1 / math.sqrt(inputs)
        for name, shape in (("weight", (outputs, inputs)), ("bias", (outputs,))):
            drawn = torch.empty(shape).uniform_(-bound, bound, generator=generator)
            weights[f"{fc}.{name}"] = drawn
        weights[f"{lif}.beta"] = uniform(outputs)
        spiking = lif != LAYERS[-1]
        weights[f"{lif}.threshold"] = uniform(outputs) if spiking else torch.tensor(1.0)
    return weights


def _dyadic(value: Tensor) -> Tensor:
    return (value * 64).round() / 64 if value.is_floating_point() else value
