r"""Recurrent leaky integrate-and-fire neurons: ``snntorch.RLeaky`` 1.0.

The spikes :math:`S_{t-1}` of the step before come back as the current
:math:`F_t = V S_{t-1} + c`, from all neurons to all, or :math:`F_t = V S_{t-1}` from
each neuron to itself. With the decay :math:`\hat\beta = \min(\max(\beta, 0), 1)`:

.. math::

    R_t &= [U_{t-1} > \theta] \\
    H_t &= \hat\beta\, U_{t-1} + I_t + F_t \\
    U_t &= H_t - R_t\,\theta \quad\text{("subtract")} \\
    U_t &= (1 - R_t)\, H_t \quad\text{("zero")} \\
    U_t &= H_t \quad\text{("none")} \\
    S_t &= [U_t > \theta]

The reset :math:`R_t` carries no gradient, what is fed back does. Unlike
``snntorch.Leaky``, "zero" resets after the input has been added.
"""

from typing import no_type_check

import snntorch as snn
from torch import Tensor, nn

from spikereg._compiled import row
from spikereg.neurons import leaky
from spikereg.neurons.own import SUBTRACT, ZERO, Recurrence

STATES: tuple[str, ...] = ("spikes", "membrane")
GATES, INPUTS = 1, 2
MULTIPLIES = leaky.MULTIPLIES
KEEPS_INPUTS = READS_SPIKES = False
derive = None
PARAMETERS, RANGES = leaky.PARAMETERS, leaky.RANGES
check, parameters, reset = leaky.check, leaky.parameters, leaky.reset


def unsupported(neuron: snn.RLeaky) -> str:
    """Name the first of snnTorch's options that the rows lack."""
    if neuron.all_to_all and type(neuron.recurrent) is not nn.Linear:
        return f"a recurrence by {type(neuron.recurrent).__name__}"
    return leaky.unsupported(neuron)


def recurrence(neuron: snn.RLeaky) -> Recurrence:
    """Feed the spikes back, to all neurons or to each itself."""
    if neuron.all_to_all:
        return Recurrence("spikes", neuron.recurrent.weight, neuron.recurrent.bias)
    return Recurrence("spikes", neuron.recurrent.V, None)


def feed(inputs: Tensor, fed: Tensor) -> None:
    """Keep what is fed back apart: the order of the sum is snnTorch's."""
    inputs[:, 1:] = fed


@row
@no_type_check
def advance(reset, p, u0, v0, s0, x, u, v):
    beta, theta, i, f = p[0], p[1], x[0], x[1]
    for m in range(len(u)):
        u[m] = (beta[m] * u0[m] + i[m]) + f[m]
    if reset == SUBTRACT:
        for m in range(len(u)):
            u[m] -= s0[m] * theta[m]
    elif reset == ZERO:
        for m in range(len(u)):
            u[m] -= s0[m] * u[m]


@row
@no_type_check
def retreat(reset, p, wanted, u0, v0, s0, x, u, v, d, to_u, to_v, to_s, to_x, to_p):
    beta, to_i, to_f = p[0], to_x[0], to_x[1]
    to_beta, to_theta = to_p[0], to_p[1]
    one = u.dtype.type(1)
    for m in range(len(u)):
        to_u[m] += d[m]
        to_theta[m] -= d[m]
    if reset == SUBTRACT:
        for m in range(len(u)):
            to_theta[m] -= to_u[m] * s0[m]
    elif reset == ZERO:
        for m in range(len(u)):
            to_u[m] *= one - s0[m]
    for m in range(len(u)):
        to_i[m] = to_u[m]
        to_f[m] = to_u[m]
    for m in range(len(u)):
        to_beta[m] += to_u[m] * u0[m]
        to_u[m] *= beta[m]
