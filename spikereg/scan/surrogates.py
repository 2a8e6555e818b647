"""Surrogate gradients: those that the walk computes itself, and all others."""

import math
from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from spikereg.neurons.saved import Made

FAST_SIGMOID, ATAN, OTHER = 0, 1, 2

# snnTorch's that fire above 0, and look at nothing else: not at the others of a layer,
# not at a random number, not at what they learn.  A custom_surrogate may.
_FIRE_ABOVE_0 = {
    "atan",
    "fast_sigmoid",
    "heaviside",
    "sigmoid",
    "spike_rate_escape",
    "straight_through_estimator",
    "triangular",
}


class Surrogate(NamedTuple):
    """How spikes are differentiated: 1 / (1 + k|x|)², 1 / (1 + (kx)²), or by autograd.

    Attributes:
        code: One of the three.
        slope: :math:`k`.
        spike: The neuron's own function of :math:`x = U - θ`.
    """

    code: int
    slope: float
    spike: Callable[[Tensor], Tensor]


def surrogate_of(spike: Any) -> Surrogate | None:
    """Recognize a function of snnTorch's; ``None`` for any other.

    It is told by its name and by the number that it was made with. Where a release of
    snnTorch has neither, its neurons are left to the reference.
    """
    if isinstance(spike, Made):
        spike = spike.spike
    return _recognized(spike) if isinstance(spike, FunctionType) else None


@lru_cache(maxsize=64)
def _recognized(spike: FunctionType) -> Surrogate | None:
    made_by, _, within = spike.__qualname__.partition(".")
    if spike.__module__ != "snntorch.surrogate" or not within:
        return None
    if made_by not in _FIRE_ABOVE_0:
        return None
    values = [cell.cell_contents for cell in spike.__closure__ or ()]
    if len(values) == 1 and type(values[0]) in (int, float):
        (value,) = values
        if made_by == "fast_sigmoid":
            return Surrogate(FAST_SIGMOID, float(value), spike)
        if made_by == "atan" and value == 2:  # others are not 1 at 0
            return Surrogate(ATAN, math.pi, spike)
    return Surrogate(OTHER, 0.0, spike)


def through(
    spike: Callable[[Tensor], Tensor],
    above: Float[Tensor, "T B N"],
    to_spikes: Float[Tensor, "T B N"],
) -> Float[Tensor, "T B N"]:
    """Differentiate any surrogate by autograd, at ``above`` = U − θ.

    It gets the real gradient: a custom one need not be linear in it.
    """
    with torch.enable_grad():
        above = above.detach().requires_grad_()
        spikes = spike(above)
        (gradient,) = torch.autograd.grad(spikes, above, to_spikes.to(spikes))
    return gradient
