"""Pairs of integrate-and-fire neurons that a strain drives, and that flow by spikes."""

import copy
from typing import Any, no_type_check

import torch
from jaxtyping import Float
from torch import Tensor

from spikereg._check import number, widths
from spikereg._compiled import row
from spikereg.neurons import own
from spikereg.neurons.own import Neuron, Spike

STATES: tuple[str, ...] = ("stress", "membrane")
GATES = INPUTS = 1
MULTIPLIES = 0  # by signs, and by spikes
KEEPS_INPUTS = False
READS_SPIKES = True
PARAMETERS: tuple[str, ...] = ("hardening", "threshold")
RANGES: dict[str, tuple[float, float]] = {}
derive = None
# As all of ours
check = own.check
feed = own.feed
recurrence = own.recurrence
reset = own.reset
unsupported = own.unsupported


class PlasticPair(Neuron):
    r"""A layer of pairs of integrate-and-fire neurons, each the other's mirror image.

    One neuron of a pair integrates the current, the other its negative, and both adapt:
    each spike of either raises the threshold of both by :math:`h`. A spike takes 1 from
    the membrane of its own neuron and gives 1 to the other's. So one membrane
    :math:`V` with a sign says it all, the stress of the pair, and one count
    :math:`\alpha` of spikes:

    .. math::

        V_t &= V_{t-1} - S_{t-1}\,\mathrm{sign}\,V_{t-1} + I_t \\
        \alpha_t &= \alpha_{t-1} + S_{t-1} \\
        S_t &= [\,|V_t| > \theta + h\, \alpha_t\,]

    What is kept beside :math:`V` is the membrane :math:`U_t = |V_t| - h\, \alpha_t`,
    which the constant :math:`\theta` is compared with:

    .. math:: U_t = U_{t-1} + |V_t| - |V_{t-1}| - h\, S_{t-1} .

    There is no decay. Both are the values before the reset, as in snnTorch:
    :math:`V_t - S_t\,\mathrm{sign}\,V_t` is what a spike leaves. All that a spike does
    carries its surrogate gradient, the reset included: it is the flow of a plastic
    material (:class:`~spikereg.SpikingReturnMapping`), not a mere return to rest.

    Args:
        width: Number of pairs N.
        threshold: Threshold :math:`\theta` in units of what one spike takes: a number,
            or a tensor ``[N]`` or of size 1, through which gradients flow. A deep copy
            of the layer has the numbers alone.
        hardening: What a spike adds to it, :math:`h`; the same.
        spike_grad: Surrogate gradient; snnTorch's arctangent if ``None``.

    Attributes:
        threshold: Thresholds ``[N]``.
        hardening: :math:`h`, ``[N]``.

    Raises:
        ValueError: If the width is no positive integer, threshold or hardening no
            finite numbers or of another size than N or 1.
        TypeError: For a surrogate that cannot be called, or has not been made yet.

    Source:
        The derivation in chapter 11 of the course.
    """

    hardening: Tensor

    def __init__(
        self,
        width: int,
        *,
        threshold: float | Tensor = 1.0,
        hardening: float | Tensor = 0.0,
        spike_grad: Spike | None = None,
    ) -> None:
        widths(width=width)
        super().__init__(width, 0.0, spike_grad, "subtract", None)
        self.threshold = _for_each("threshold", threshold, width)
        self.register_buffer("hardening", _for_each("hardening", hardening, width))

    def forward(
        self,
        current: Float[Tensor, "B N"],
        stress: Float[Tensor, "B N"],
        membrane: Float[Tensor, "B N"],
    ) -> tuple[Float[Tensor, "B N"], Float[Tensor, "B N"], Float[Tensor, "B N"]]:
        """Make one step.

        Args:
            current: :math:`I_t`.
            stress: :math:`V_{t-1}`, before its reset.
            membrane: :math:`U_{t-1}`, before its reset.

        Returns:
            Spikes :math:`S_t` of either neuron, stress :math:`V_t` and membrane
            :math:`U_t`.
        """
        before = self.spikes(membrane)
        moved = (stress - stress.sign() * before) + current
        change = moved.abs() - stress.abs()
        membrane = (membrane + change) - self.hardening * before
        return self.spikes(membrane), moved, membrane

    def __deepcopy__(self, memo: dict[int, Any]) -> "PlasticPair":
        """Copy the numbers without the graph behind them, which has no copy."""
        numbers = {n: value.detach() for n, value in self.named_buffers(recurse=False)}
        twin = memo[id(self)] = type(self).__new__(type(self))
        vars(twin).update(copy.deepcopy(vars(self) | {"_buffers": numbers}, memo))
        return twin


def _for_each(name: str, value: float | Tensor, width: int) -> Tensor:
    """Give a number for each pair."""
    if not isinstance(value, Tensor):
        number(name, value)
    values = value if isinstance(value, Tensor) else torch.tensor(float(value))
    if values.shape not in ((), (1,), (width,)):
        raise ValueError(
            f"{name} must have size 1 or N = {width}, not {list(values.shape)}"
        )
    if not values.isfinite().all():
        raise ValueError(f"{name} must be finite, not {value!r}")
    return values.expand(width).clone()


def parameters(neuron: PlasticPair) -> tuple[Tensor, ...]:
    """Give hardening and threshold."""
    return neuron.hardening, neuron.threshold


@row
@no_type_check
def advance(reset, p, u0, v0, s0, x, u, v):
    hardening, i, zero, one = p[0], x[0], u.dtype.type(0), u.dtype.type(1)
    for m in range(len(u)):
        sign = one if v0[m] > zero else (-one if v0[m] < zero else zero)
        v[m] = (v0[m] - sign * s0[m]) + i[m]
    for m in range(len(u)):
        u[m] = (u0[m] + (abs(v[m]) - abs(v0[m]))) - hardening[m] * s0[m]


@row
@no_type_check
def retreat(reset, p, wanted, u0, v0, s0, x, u, v, d, to_u, to_v, to_s, to_x, to_p):
    hardening, to_i, zero, one = p[0], to_x[0], u.dtype.type(0), u.dtype.type(1)
    to_hardening, to_theta = to_p[0], to_p[1]
    for m in range(len(u)):
        to_theta[m] -= d[m]
        to_u[m] += d[m]
        to_hardening[m] -= to_u[m] * s0[m]
    for m in range(len(u)):
        after = one if v[m] > zero else (-one if v[m] < zero else zero)
        to_v[m] += after * to_u[m]
        to_i[m] = to_v[m]
    for m in range(len(u)):
        before = one if v0[m] > zero else (-one if v0[m] < zero else zero)
        to_s[m] = -hardening[m] * to_u[m] - before * to_v[m]
        to_v[m] -= before * to_u[m]
