"""What the neurons that are not snnTorch's have in common."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from snntorch import surrogate
from torch import Tensor, nn

from spikereg._check import widths
from spikereg._draw import linear
from spikereg.neurons.saved import savable

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
        widths(width=width)
        self.width = width
        self.register_buffer("threshold", torch.full((width,), float(threshold)))
        self.spike_grad = surrogate.atan() if spike_grad is None else spike_grad
        self.reset_mechanism = reset_mechanism
        self.recurrent = recurrent
        savable(self)

    def spikes(self, membrane: Tensor) -> Tensor:
        """Fire where the membrane is above the threshold."""
        # snnTorch's surrogates return float32 spikes whatever they are given.
        return self.spike_grad(membrane - self.threshold).to(membrane.dtype)


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
    """Accept the neuron: all of them can be run over all steps."""


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
