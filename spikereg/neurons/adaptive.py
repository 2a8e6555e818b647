"""Leaky integrate-and-fire neurons with an adaptation current: SE-adLIF."""

from functools import partial
from typing import no_type_check

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg._check import local_generator, number, widths
from spikereg._compiled import Array, Call, compiled_without_allocation, row
from spikereg.neurons import own
from spikereg.neurons.own import Neuron, Spike, fed_back, log_uniform, two_of

STATES: tuple[str, ...] = ("adaptation", "membrane")
GATES = INPUTS = 1
# By both decays and a; the weights, a and b can hold q, 1 - beta and 1 - alpha.
MULTIPLIES = 3
KEEPS_INPUTS = READS_SPIKES = True
PARAMETERS: tuple[str, ...] = ("alpha", "beta", "a", "b", "threshold")
RANGES = {"alpha": (0.0, 1.0), "beta": (0.0, 1.0), "a": (0.0, 1.0), "b": (0.0, 2.0)}
# As all of ours
check = own.check
feed = own.feed
recurrence = own.recurrence
reset = own.reset
unsupported = own.unsupported


class AdaptiveLeaky(Neuron):
    r"""A layer of leaky neurons that a current of their own making holds back.

    .. math::

        R_t &= [U_{t-1} > \theta] \\
        W_t &= \beta\, W_{t-1} + (1 - \beta)\, q\,
               \bigl(a\, (1 - R_t)\, U_{t-1} + b\, S_{t-1}\bigr) \\
        U_t &= \alpha\, (1 - R_t)\, U_{t-1} + (1 - \alpha)\, (I_t - W_t) \\
        S_t &= [U_t > \theta]

    The adaptation current :math:`W_t` follows the membrane (:math:`a`), which lets the
    neuron oscillate, and its spikes (:math:`b`), which tires it. With
    ``recurrent=True``, :math:`V S_{t-1}` is added to the current :math:`I_t`. The reset
    :math:`R_t` carries no gradient, :math:`b\, S_{t-1}` and :math:`V S_{t-1}` do.

    The published neuron resets its membrane at the end of a step and then updates
    :math:`w`. Here both open the next step, which is the same: :math:`u_t = (1 - S_t)\,
    U_t` and :math:`w_t = W_{t+1}`. So :math:`U_t` is the membrane before its reset, as
    in snnTorch, and all that there is to know after a step.

    Args:
        width: Number of neurons N.
        recurrent: Whether all neurons feed their spikes back to all.
        threshold: Threshold :math:`\theta` of all neurons; not learned.
        scale: Strength :math:`q` of the adaptation; not learned.
        tau_membrane: Range of the time constants in steps, log-uniform, of which
            :math:`\alpha = e^{-1/\tau}` is made.
        tau_adaptation: The same for :math:`\beta`.
        spike_grad: Surrogate gradient; snnTorch's arctangent if ``None``.
        seed: Seed of a generator of its own. ``None`` draws afresh.

    Attributes:
        alpha: Decay of the membrane per step, learned, clamped to [0, 1]; ``[N]``, as
            are the next three.
        beta: Decay of the adaptation per step, learned, clamped to [0, 1].
        a: Coupling to the membrane, learned, clamped to [0, 1]; begins uniform.
        b: Coupling to the spikes, learned, clamped to [0, 2]; begins uniform.
        threshold: Thresholds.
        recurrent: ``nn.Linear`` without bias, or ``None``.

    Raises:
        ValueError: If the width is no positive integer, threshold or scale not finite,
            for a time constant that is not positive and finite, or for a bad seed.
        TypeError: For a surrogate that cannot be called, or has not been made yet.

    Source:
        M. Baronig, R. Ferrand, S. Sabathiel, R. Legenstein, *Advancing spatio-temporal
        processing through adaptation in spiking neural networks*, Nature
        Communications 16 (2025), with :math:`\tau`, :math:`a`, :math:`b` and :math:`q`
        in the ranges given there.
    """

    def __init__(
        self,
        width: int,
        *,
        recurrent: bool = False,
        threshold: float = 1.0,
        scale: float = 120.0,
        tau_membrane: tuple[float, float] = (5.0, 25.0),
        tau_adaptation: tuple[float, float] = (60.0, 300.0),
        spike_grad: Spike | None = None,
        seed: int | None = None,
    ) -> None:
        widths(width=width)
        number("scale", scale)
        taus = (
            two_of("tau_membrane", tau_membrane),
            two_of("tau_adaptation", tau_adaptation),
        )
        generator = local_generator(seed)
        super().__init__(
            width,
            threshold,
            spike_grad,
            "zero",
            fed_back(width, generator) if recurrent else None,
        )
        self.scale = float(scale)
        drawn = [log_uniform(tau, width, generator) for tau in taus]
        self.alpha, self.beta = (nn.Parameter(torch.exp(-1 / tau)) for tau in drawn)
        self.a = nn.Parameter(torch.rand(width, generator=generator))
        self.b = nn.Parameter(2 * torch.rand(width, generator=generator))

    def forward(
        self,
        current: Float[Tensor, "B N"],
        adaptation: Float[Tensor, "B N"],
        membrane: Float[Tensor, "B N"],
    ) -> tuple[Float[Tensor, "B N"], Float[Tensor, "B N"], Float[Tensor, "B N"]]:
        """Make one step.

        Args:
            current: :math:`I_t`.
            adaptation: :math:`W_{t-1}`.
            membrane: :math:`U_{t-1}`, before its reset.

        Returns:
            Spikes :math:`S_t`, adaptation :math:`W_t` and membrane :math:`U_t`.
        """
        alpha, beta, by_membrane, by_spikes, _ = parameters(self)
        before = self.spikes(membrane)
        if self.recurrent is not None:
            current = current + self.recurrent(before)
        kept = (1 - before.detach()) * membrane
        adaptation = beta * adaptation + (by_membrane * kept + by_spikes * before)
        membrane = alpha * kept + (1 - alpha) * (current - adaptation)
        return self.spikes(membrane), adaptation, membrane


def parameters(neuron: AdaptiveLeaky) -> tuple[Tensor, ...]:
    """Give decays, the shares of membrane and spikes in the adaptation, threshold."""
    alpha, beta, a, b = (
        getattr(neuron, name).clamp(*bounds) for name, bounds in RANGES.items()
    )
    strength = (1 - beta) * neuron.scale
    return alpha, beta, strength * a, strength * b, neuron.threshold


def derive(neuron: AdaptiveLeaky, *arrays: Array) -> tuple[Call, Call]:
    """Prepare :func:`parameters` for the rows, there and back."""
    raw, p, to_p, to_raw = arrays
    scale = raw.dtype.type(neuron.scale)
    return partial(_derive, scale, raw, p), partial(_to_raw, scale, raw, to_p, to_raw)


@no_type_check
def _derive_rows(scale, raw, p):
    one = raw.dtype.type(1)
    for s in range(p.shape[1]):
        for n in range(p.shape[2]):
            strength = (one - raw[1, 0, n]) * scale
            p[0, s, n], p[1, s, n] = raw[0, 0, n], raw[1, 0, n]
            p[2, s, n], p[3, s, n] = strength * raw[2, 0, n], strength * raw[3, 0, n]
            p[4, s, n] = raw[4, 0, n]


@no_type_check
def _to_raw_rows(scale, raw, to_p, to_raw):
    one = raw.dtype.type(1)
    to_raw[:] = 0
    for s in range(to_p.shape[1]):
        for n in range(to_p.shape[2]):
            strength = (one - raw[1, 0, n]) * scale
            by_u, by_s = to_p[2, s, n], to_p[3, s, n]
            to_raw[0, 0, n] += to_p[0, s, n]
            lost = raw[2, 0, n] * by_u + raw[3, 0, n] * by_s
            to_raw[1, 0, n] += to_p[1, s, n] - scale * lost
            to_raw[2, 0, n] += strength * by_u
            to_raw[3, 0, n] += strength * by_s
            to_raw[4, 0, n] += to_p[4, s, n]


_derive = compiled_without_allocation(_derive_rows, "_derive_rows")
_to_raw = compiled_without_allocation(_to_raw_rows, "_to_raw_rows")


@row
@no_type_check
def advance(reset, p, u0, v0, s0, x, u, v):
    alpha, beta, by_u, by_s = p[0], p[1], p[2], p[3]
    i, one = x[0], u.dtype.type(1)
    for m in range(len(u)):
        u[m] = (one - s0[m]) * u0[m]
    for m in range(len(u)):
        v[m] = beta[m] * v0[m] + (by_u[m] * u[m] + by_s[m] * s0[m])
    for m in range(len(u)):
        u[m] = alpha[m] * u[m] + (one - alpha[m]) * (i[m] - v[m])


@row
@no_type_check
def retreat(reset, p, wanted, u0, v0, s0, x, u, v, d, to_u, to_v, to_s, to_x, to_p):
    alpha, beta, by_u, by_s = p[0], p[1], p[2], p[3]
    to_alpha, to_beta, to_by_u = to_p[0], to_p[1], to_p[2]
    to_by_s, to_theta = to_p[3], to_p[4]
    i, to_i, one = x[0], to_x[0], u.dtype.type(1)
    for m in range(len(u)):
        to_theta[m] -= d[m]
        to_u[m] += d[m]
        to_i[m] = (one - alpha[m]) * to_u[m]
        to_v[m] -= to_i[m]
    for m in range(len(u)):
        kept = (one - s0[m]) * u0[m]
        to_alpha[m] += to_u[m] * (kept - (i[m] - v[m]))
        to_by_u[m] += to_v[m] * kept
    for m in range(len(u)):
        to_beta[m] += to_v[m] * v0[m]
        to_by_s[m] += to_v[m] * s0[m]
        to_s[m] = by_s[m] * to_v[m]
    for m in range(len(u)):
        to_u[m] = (one - s0[m]) * (alpha[m] * to_u[m] + by_u[m] * to_v[m])
        to_v[m] *= beta[m]
