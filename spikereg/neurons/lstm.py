"""Neurons that are the cells of an LSTM, and spike."""

import math
from typing import no_type_check

from jaxtyping import Float
from torch import Tensor, nn

from spikereg._check import local_generator, one_of, widths
from spikereg._compiled import row
from spikereg._draw import linear
from spikereg.neurons import own
from spikereg.neurons.own import RESETS, SUBTRACT, ZERO, Neuron, Recurrence, Spike

STATES: tuple[str, ...] = ("cell", "membrane")
GATES = INPUTS = 4
MULTIPLIES = 8  # f C, i g and o tanh C; each of five exponentials taken for one
KEEPS_INPUTS, READS_SPIKES = True, False
derive = None
PARAMETERS: tuple[str, ...] = ("threshold",)
RANGES: dict[str, tuple[float, float]] = {}
# As all of ours
check = own.check
reset = own.reset
unsupported = own.unsupported


class SpikingLSTM(Neuron):
    r"""A layer of LSTM cells whose output is a membrane with a threshold.

    With the logistic function :math:`\sigma`, and :math:`Z_t` what is fed back,
    :math:`U_{t-1}` or :math:`S_{t-1}`:

    .. math::

        (i, f, g, o)_t &= (\sigma, \sigma, \tanh, \sigma)(I_t + V Z_t + c) \\
        R_t &= [U_{t-1} > \theta] \\
        C_t &= f_t\, C_{t-1} + i_t\, g_t, \qquad H_t = o_t \tanh C_t \\
        U_t &= H_t \quad\text{("none")} \\
        U_t &= H_t - R_t\,\theta \quad\text{("subtract")} \\
        U_t &= (1 - R_t)\, H_t \quad\text{("zero")} \\
        S_t &= [U_t > \theta]

    The reset :math:`R_t` carries no gradient; what is fed back does. :math:`U_t` is the
    membrane that is fed back and read out: the spike of its own step has not reset it.

    These are the equations of ``snntorch.SLSTM(N, N)``, less its weights for the input:
    a layer of ``4N`` outputs before this one gives the currents of all gates, in the
    order i, f, g, o. Where input and output differ in size, snnTorch's (1.0.0) forgets
    its state at every step; this one does not. Its membrane stays below 1, so with
    snnTorch's default threshold of 1 it would never spike.

    Args:
        width: Number of neurons N.
        feedback: ``"membrane"``, or ``"spikes"``: then the layer speaks to itself in 0s
            and 1s too.
        threshold: Threshold :math:`\theta` of all neurons; not learned.
        reset_mechanism: ``"none"``, ``"subtract"`` or ``"zero"``.
        spike_grad: Surrogate gradient; snnTorch's arctangent if ``None``.
        seed: Seed of a generator of its own. ``None`` draws afresh.

    Attributes:
        recurrent: ``nn.Linear`` from N to 4N: :math:`V` and :math:`c`.
        threshold: Thresholds ``[N]``.

    Raises:
        ValueError: If the width is no positive integer, the threshold not finite, for
            an unknown feedback or reset mechanism, or for a bad seed.
        TypeError: For a surrogate that cannot be called, or has not been made yet.

    Source:
        ``snntorch.SLSTM`` 1.0; S. Hochreiter and J. Schmidhuber, *Long short-term
        memory*, Neural Computation 9(8), 1997.
    """

    recurrent: nn.Linear

    def __init__(
        self,
        width: int,
        *,
        feedback: str = "membrane",
        threshold: float = 0.1,
        reset_mechanism: str = "none",
        spike_grad: Spike | None = None,
        seed: int | None = None,
    ) -> None:
        one_of("feedback", feedback, ("membrane", "spikes"))
        one_of("reset_mechanism", reset_mechanism, tuple(RESETS))
        widths(width=width)
        weights = linear(width, 4 * width, local_generator(seed))
        super().__init__(width, threshold, spike_grad, reset_mechanism, weights)
        self.feedback = feedback

    def forward(
        self,
        current: Float[Tensor, "B M"],
        cell: Float[Tensor, "B N"],
        membrane: Float[Tensor, "B N"],
    ) -> tuple[Float[Tensor, "B N"], Float[Tensor, "B N"], Float[Tensor, "B N"]]:
        """Make one step.

        Args:
            current: :math:`I_t` of the gates i, f, g and o, ``[B, 4N]``.
            cell: :math:`C_{t-1}`.
            membrane: :math:`U_{t-1}`.

        Returns:
            Spikes :math:`S_t`, cell :math:`C_t` and membrane :math:`U_t`.
        """
        before = self.spikes(membrane)
        fed = membrane if self.feedback == "membrane" else before
        i, f, g, o = (current + self.recurrent(fed)).chunk(4, dim=-1)
        cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        membrane = o.sigmoid() * cell.tanh()
        if self.reset_mechanism == "subtract":
            membrane = membrane - before.detach() * self.threshold
        elif self.reset_mechanism == "zero":
            membrane = membrane - before.detach() * membrane
        return self.spikes(membrane), cell, membrane


def parameters(neuron: SpikingLSTM) -> tuple[Tensor, ...]:
    """Give the threshold."""
    return (neuron.threshold,)


def recurrence(neuron: SpikingLSTM) -> Recurrence:
    """Feed the membrane back, or the spikes."""
    return Recurrence(neuron.feedback, neuron.recurrent.weight, neuron.recurrent.bias)


def feed(inputs: Tensor, fed: Tensor) -> None:
    """Add what is fed back, and open the gates: the rows get them open."""
    inputs += fed
    inputs[:, :2].sigmoid_()
    inputs[:, 2].tanh_()
    inputs[:, 3].sigmoid_()


@row
@no_type_check
def _tanh(v, out):
    """Exact to some units of rounding, small numbers too, and fast: a vector loop."""
    number = out.dtype.type
    one, two, near = number(1), number(2), number(0.25)
    a, b, c = number(135135), number(17325), number(378)
    d, e, f = number(62370), number(3150), number(28)
    for m in range(len(v)):
        square = v[m] * v[m]
        # Lambert's continued fraction; where it ends, nothing cancels in the other.
        below = a + square * (d + square * (e + square * f))
        small = v[m] * (a + square * (b + square * (c + square))) / below
        large = one - two / (math.exp(v[m] + v[m]) + one)
        out[m] = small if square < near else large


@row
@no_type_check
def advance(reset, p, u0, v0, s0, x, u, v):
    theta = p[0]
    i, f, g, o = x[0], x[1], x[2], x[3]
    for m in range(len(u)):
        v[m] = f[m] * v0[m] + i[m] * g[m]
    _tanh(v, u)
    for m in range(len(u)):
        u[m] *= o[m]
    if reset == SUBTRACT:
        for m in range(len(u)):
            u[m] -= s0[m] * theta[m]
    elif reset == ZERO:
        for m in range(len(u)):
            u[m] -= s0[m] * u[m]


@row
@no_type_check
def retreat(reset, p, wanted, u0, v0, s0, x, u, v, d, to_u, to_v, to_s, to_x, to_p):
    i, f, g, o = x[0], x[1], x[2], x[3]
    to_i, to_f, to_g, to_o = to_x[0], to_x[1], to_x[2], to_x[3]
    to_theta, one = to_p[0], u.dtype.type(1)
    for m in range(len(u)):
        to_u[m] += d[m]
        to_theta[m] -= d[m]
    if reset == SUBTRACT:
        for m in range(len(u)):
            to_theta[m] -= s0[m] * to_u[m]
    elif reset == ZERO:
        for m in range(len(u)):
            to_u[m] *= one - s0[m]
    _tanh(v, d)  # d has been added
    for m in range(len(u)):
        to_o[m] = to_u[m] * d[m] * (o[m] * (one - o[m]))
        to_v[m] += to_u[m] * o[m] * (one - d[m] * d[m])
    for m in range(len(u)):
        to_i[m] = to_v[m] * g[m] * (i[m] * (one - i[m]))
        to_f[m] = to_v[m] * v0[m] * (f[m] * (one - f[m]))
        to_g[m] = to_v[m] * i[m] * (one - g[m] * g[m])
    for m in range(len(u)):
        to_v[m] *= f[m]
        to_u[m] = 0
