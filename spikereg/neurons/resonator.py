"""Neurons whose membrane swings: a damped rotation with a threshold."""

import math
from functools import partial
from typing import no_type_check

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg._check import local_generator, one_of, widths
from spikereg._compiled import Array, Call, compiled_without_allocation, row
from spikereg.neurons import own
from spikereg.neurons.own import (
    SUBTRACT,
    Neuron,
    Spike,
    fed_back,
    log_uniform,
    two_of,
)

STATES: tuple[str, ...] = ("quadrature", "membrane")
GATES = INPUTS = 1
MULTIPLIES = 4  # a rotation: β cos ω and β sin ω are constants
KEEPS_INPUTS = READS_SPIKES = False
PARAMETERS: tuple[str, ...] = ("beta", "omega", "threshold")
RANGES = {"beta": (0.0, 1.0), "omega": (0.0, math.pi)}
# As all of ours
check = own.check
feed = own.feed
recurrence = own.recurrence
reset = own.reset
unsupported = own.unsupported


class Resonator(Neuron):
    r"""A layer of neurons that answer most to inputs of their own frequency.

    Membrane :math:`U` and quadrature :math:`Q`, a quarter of a period behind it, turn
    by the angle :math:`\omega` a step and shrink by the factor :math:`\beta`:

    .. math::

        R_t &= [U_{t-1} > \theta], \qquad X_t = U_{t-1} - R_t\,\theta \\
        U_t &= \beta\,(\cos\omega\; X_t - \sin\omega\; Q_{t-1}) + I_t \\
        Q_t &= \beta\,(\sin\omega\; X_t + \cos\omega\; Q_{t-1}) \\
        S_t &= [U_t > \theta]

    The time constant is :math:`-1 / \ln \beta` steps, the period
    :math:`2 \pi / \omega`. With :math:`\omega = 0` the membrane is that of
    ``snntorch.Leaky``, but for the reset, which decays here. With ``recurrent=True``,
    :math:`V S_{t-1}` is added to :math:`I_t`. The reset :math:`R_t` carries no
    gradient, what is fed back does. :math:`U_t` is the membrane before its reset, as in
    snnTorch.

    Args:
        width: Number of neurons N.
        recurrent: Whether all neurons feed their spikes back to all.
        threshold: Threshold :math:`\theta` of all neurons; not learned.
        reset_mechanism: ``"subtract"``, or ``"none"``: then :math:`X_t = U_{t-1}`.
        tau: Range of the time constants in steps, log-uniform.
        period: The same for the periods.
        spike_grad: Surrogate gradient; snnTorch's arctangent if ``None``.
        seed: Seed of a generator of its own. ``None`` draws afresh.

    Attributes:
        beta: Decay per step, learned, clamped to [0, 1]; ``[N]``.
        omega: Angle per step in radians, learned, clamped to [0, π]; ``[N]``.
        threshold: Thresholds ``[N]``.
        recurrent: ``nn.Linear`` without bias, or ``None``.

    Raises:
        ValueError: If the width is no positive integer, the threshold not finite, for
            an unknown reset mechanism, a time constant that is not positive and finite,
            a period that is not finite and at least 2 steps (a faster swing looks like
            a slower one), or a bad seed.
        TypeError: For a surrogate that cannot be called, or has not been made yet.

    Source:
        E. M. Izhikevich, *Resonate-and-fire neurons*, Neural Networks 14 (2001), in
        steps of one and with a reset by subtraction.
    """

    def __init__(
        self,
        width: int,
        *,
        recurrent: bool = False,
        threshold: float = 1.0,
        reset_mechanism: str = "subtract",
        tau: tuple[float, float] = (3.0, 40.0),
        period: tuple[float, float] = (6.0, 100.0),
        spike_grad: Spike | None = None,
        seed: int | None = None,
    ) -> None:
        one_of("reset_mechanism", reset_mechanism, ("subtract", "none"))
        widths(width=width)
        ranges = two_of("tau", tau), two_of("period", period, at_least=2.0)
        generator = local_generator(seed)
        super().__init__(
            width,
            threshold,
            spike_grad,
            reset_mechanism,
            fed_back(width, generator) if recurrent else None,
        )
        taus, periods = (log_uniform(r, width, generator) for r in ranges)
        self.beta = nn.Parameter(torch.exp(-1 / taus))
        self.omega = nn.Parameter(2 * math.pi / periods)

    def forward(
        self,
        current: Float[Tensor, "B N"],
        quadrature: Float[Tensor, "B N"],
        membrane: Float[Tensor, "B N"],
    ) -> tuple[Float[Tensor, "B N"], Float[Tensor, "B N"], Float[Tensor, "B N"]]:
        """Make one step.

        Args:
            current: :math:`I_t`.
            quadrature: :math:`Q_{t-1}`.
            membrane: :math:`U_{t-1}`, before its reset.

        Returns:
            Spikes :math:`S_t`, quadrature :math:`Q_t` and membrane :math:`U_t`.
        """
        cos, sin, threshold = parameters(self)
        before = self.spikes(membrane)
        if self.recurrent is not None:
            current = current + self.recurrent(before)
        if self.reset_mechanism == "subtract":
            membrane = membrane - before.detach() * threshold
        swung = (cos * membrane - sin * quadrature) + current
        quadrature = sin * membrane + cos * quadrature
        return self.spikes(swung), quadrature, swung


def parameters(neuron: Resonator) -> tuple[Tensor, ...]:
    """Give β cos ω, β sin ω and the threshold."""
    beta, omega = (getattr(neuron, name).clamp(*r) for name, r in RANGES.items())
    return beta * omega.cos(), beta * omega.sin(), neuron.threshold


def derive(neuron: Resonator, *arrays: Array) -> tuple[Call, Call]:
    """Prepare :func:`parameters` for the rows, there and back."""
    raw, p, to_p, to_raw = arrays
    return partial(_derive, raw, p), partial(_to_raw, raw, to_p, to_raw)


@no_type_check
def _derive_rows(raw, p):
    for n in range(p.shape[2]):
        beta, omega = raw[0, 0, n], raw[1, 0, n]
        cos, sin = beta * math.cos(omega), beta * math.sin(omega)
        for s in range(p.shape[1]):
            p[0, s, n], p[1, s, n], p[2, s, n] = cos, sin, raw[2, 0, n]


@no_type_check
def _to_raw_rows(raw, to_p, to_raw):
    to_raw[:] = 0
    for n in range(to_p.shape[2]):
        beta, omega = raw[0, 0, n], raw[1, 0, n]
        cos, sin = math.cos(omega), math.sin(omega)
        for s in range(to_p.shape[1]):
            to_cos, to_sin = to_p[0, s, n], to_p[1, s, n]
            to_raw[0, 0, n] += cos * to_cos + sin * to_sin
            to_raw[1, 0, n] += beta * (cos * to_sin - sin * to_cos)
            to_raw[2, 0, n] += to_p[2, s, n]


_derive = compiled_without_allocation(_derive_rows, "_derive_rows")
_to_raw = compiled_without_allocation(_to_raw_rows, "_to_raw_rows")


@row
@no_type_check
def advance(reset, p, u0, v0, s0, x, u, v):
    cos, sin, theta, i = p[0], p[1], p[2], x[0]
    for m in range(len(u)):
        u[m] = u0[m]
    if reset == SUBTRACT:
        for m in range(len(u)):
            u[m] -= s0[m] * theta[m]
    for m in range(len(u)):
        v[m] = sin[m] * u[m] + cos[m] * v0[m]
    for m in range(len(u)):
        u[m] = (cos[m] * u[m] - sin[m] * v0[m]) + i[m]


@row
@no_type_check
def retreat(reset, p, wanted, u0, v0, s0, x, u, v, d, to_u, to_v, to_s, to_x, to_p):
    cos, sin, theta, to_i = p[0], p[1], p[2], to_x[0]
    to_cos, to_sin, to_theta = to_p[0], to_p[1], to_p[2]
    subtract = u.dtype.type(reset == SUBTRACT)
    for m in range(len(u)):
        to_u[m] += d[m]
        to_i[m] = to_u[m]
        to_theta[m] -= d[m]
    for m in range(len(u)):
        kept = u0[m] - subtract * (s0[m] * theta[m])
        to_cos[m] += to_u[m] * kept + to_v[m] * v0[m]
        to_sin[m] += to_v[m] * kept - to_u[m] * v0[m]
    for m in range(len(u)):
        to_kept = cos[m] * to_u[m] + sin[m] * to_v[m]
        to_v[m] = cos[m] * to_v[m] - sin[m] * to_u[m]
        to_u[m] = to_kept
        to_theta[m] -= subtract * (s0[m] * to_kept)
