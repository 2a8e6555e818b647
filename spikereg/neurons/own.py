"""What the neurons that are not snnTorch's have in common."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from snntorch import surrogate
from torch import Tensor, nn

from spikereg._check import finite, number
from spikereg._draw import linear
from spikereg.neurons.saved import made, savable

SUBTRACT, ZERO, NONE = 0, 1, 2
RESETS = {"subtract": SUBTRACT, "zero": ZERO, "none": NONE}

Spike = Callable[[Tensor], Tensor]


class Recurrence(NamedTuple):
    """What a layer feeds back to itself after each step.

    Attributes:
        source: ``"spikes"`` or ``"membrane"``.
        weight: ``[GATES·N, N]``; of size 1 or N if each neuron feeds back to itself.
        bias: ``[GATES·N]``, or ``None``.
    """

    source: str
    weight: Tensor | None
    bias: Tensor | None


class Neuron(nn.Module):
    """A layer of N neurons with a threshold, and perhaps a recurrence."""

    threshold: Tensor

    def __init__(
        self,
        width: int,
        threshold: float,
        spike_grad: Spike | None,
        reset_mechanism: str,
        recurrent: nn.Linear | None,
    ) -> None:
        super().__init__()
        number("threshold", threshold)
        self.width = width
        self.register_buffer("threshold", torch.full((width,), float(threshold)))
        self.spike_grad = made(spike_grad or surrogate.atan())
        self.reset_mechanism = self.made_with = reset_mechanism
        self.recurrent = recurrent
        savable(self)

    def spikes(self, membrane: Tensor) -> Tensor:
        """Fire where the membrane is above the threshold."""
        # snnTorch's surrogates return float32 spikes whatever they are given.
        return self.spike_grad(membrane - self.threshold).to(membrane.dtype)


def two_of(
    name: str, bounds: tuple[float, float], at_least: float = 0.0
) -> tuple[float, float]:
    """Return two finite numbers above 0, or from a least one on; else raise."""
    pair = isinstance(bounds, Sequence) and len(bounds) == 2
    if not (pair and all(finite(b) and b > 0 and b >= at_least for b in bounds)):
        least = f"of at least {at_least:g}" if at_least else "above 0"
        raise ValueError(f"{name} must be two finite numbers {least}, not {bounds!r}")
    return bounds


def log_uniform(
    bounds: tuple[float, float], width: int, generator: torch.Generator
) -> Tensor:
    """Draw a number for each neuron, uniform on a logarithmic scale."""
    low, high = map(math.log, bounds)
    return torch.exp(low + (high - low) * torch.rand(width, generator=generator))


def fed_back(width: int, generator: torch.Generator) -> nn.Linear:
    """Make the weights of a recurrence, without a bias."""
    return linear(width, width, generator, bias=False)


# What the modules of these neurons say of them


def check(neuron: Neuron) -> None:
    """Raise unless the neuron resets as it was made to."""
    if neuron.reset_mechanism != neuron.made_with:
        raise ValueError(
            f"neuron must keep the reset_mechanism {neuron.made_with!r} that it was "
            f"made with, not be set to {neuron.reset_mechanism!r} later"
        )


def unsupported(neuron: Neuron) -> str:
    """Name a recurrence that the rows lack; they can do all else."""
    if type(neuron.recurrent) not in (nn.Linear, type(None)):
        return f"a recurrence by {type(neuron.recurrent).__name__}"
    return ""


def reset(neuron: Neuron) -> int:
    """Give the code of the reset mechanism."""
    return RESETS[neuron.reset_mechanism]


def recurrence(neuron: Neuron) -> Recurrence | None:
    """Feed the spikes back, if the neuron was made to."""
    if neuron.recurrent is None:
        return None
    return Recurrence("spikes", neuron.recurrent.weight, neuron.recurrent.bias)


def feed(inputs: Tensor, fed: Tensor) -> None:
    """Add what is fed back to the current."""
    inputs += fed
