r"""Leaky integrate-and-fire neurons: ``snntorch.Leaky`` 1.0.

With the membrane :math:`U_t` after step :math:`t`, the input current :math:`I_t`, the
threshold :math:`\theta` and the decay :math:`\hat\beta = \min(\max(\beta, 0), 1)`:

.. math::

    R_t &= [U_{t-1} > \theta] \\
    U_t &= \hat\beta\, U_{t-1} + I_t - R_t\,\theta \quad\text{("subtract")} \\
    U_t &= \hat\beta\,(1 - R_t)\, U_{t-1} + I_t \quad\text{("zero")} \\
    U_t &= \hat\beta\, U_{t-1} + I_t \quad\text{("none")} \\
    S_t &= [U_t > \theta]

The reset :math:`R_t` follows a spike one step later and carries no gradient.
"""

from typing import no_type_check

import snntorch as snn
import torch
from torch import Tensor

from spikereg._compiled import row
from spikereg.neurons.own import RESETS, SUBTRACT, ZERO, Recurrence

STATES: tuple[str, ...] = ("membrane",)
GATES = INPUTS = 1
MULTIPLIES = 1  # β U; to reset is to subtract a constant, or to forget
KEEPS_INPUTS = READS_SPIKES = False
derive = None
PARAMETERS: tuple[str, ...] = ("beta", "threshold")
RANGES = {"beta": (0.0, 1.0)}

_STEPS = {"subtract": "_base_sub", "zero": "_base_zero", "none": "_base_int"}


def check(neuron: snn.SpikingNeuron) -> None:
    """Raise unless the neuron takes its state, and resets as it says."""
    if neuron.init_hidden:
        raise ValueError(
            "neuron must be made with init_hidden=False, not init_hidden=True: scan "
            "takes the initial state as an argument"
        )
    step = neuron.state_function.__name__
    if step != _STEPS[neuron.reset_mechanism]:
        raise ValueError(
            f"neuron must be made with its reset_mechanism, not be set to "
            f"{neuron.reset_mechanism!r} later: it still steps by {step}"
        )


def unsupported(neuron: snn.SpikingNeuron) -> str:
    """Name the first of snnTorch's options that the rows lack."""
    if neuron.inhibition:
        return "inhibition"
    if neuron.state_quant:
        return "state_quant"
    if not neuron.reset_delay:
        return "reset_delay=False"
    graded = neuron.graded_spikes_factor
    if graded.requires_grad or graded.numel() != 1 or graded.item() != 1:
        return "graded_spikes_factor"
    threshold = neuron.threshold
    # Times its float32 reset, snnTorch rounds such a threshold to float32.
    if (
        threshold.dtype == torch.float64
        and threshold.ndim == 0
        and reset(neuron) == SUBTRACT
    ):
        return "a float64 threshold of shape []"
    return ""


def parameters(neuron: snn.Leaky | snn.RLeaky) -> tuple[Tensor, ...]:
    """Give the decay, clamped, and the threshold."""
    return neuron.beta.clamp(0, 1), neuron.threshold


def reset(neuron: snn.SpikingNeuron) -> int:
    """Give the code of the reset mechanism."""
    return RESETS[neuron.reset_mechanism]


def recurrence(neuron: snn.SpikingNeuron) -> Recurrence | None:
    """Feed nothing back."""
    return None


def feed(inputs: Tensor, fed: Tensor) -> None:
    """Enter nothing."""


@row
@no_type_check
def advance(reset, p, u0, v0, s0, x, u, v):
    beta, theta, i = p[0], p[1], x[0]
    if reset == SUBTRACT:
        for m in range(len(u)):
            u[m] = (beta[m] * u0[m] + i[m]) - s0[m] * theta[m]
    elif reset == ZERO:
        one = u.dtype.type(1)
        for m in range(len(u)):
            u[m] = beta[m] * ((one - s0[m]) * u0[m]) + i[m]
    else:
        for m in range(len(u)):
            u[m] = beta[m] * u0[m] + i[m]


@row
@no_type_check
def retreat(reset, p, wanted, u0, v0, s0, x, u, v, d, to_u, to_v, to_s, to_x, to_p):
    beta, to_i = p[0], to_x[0]
    to_beta, to_theta = to_p[0], to_p[1]
    one = u.dtype.type(1)
    for m in range(len(u)):
        to_u[m] += d[m]
        to_i[m] = to_u[m]
    if wanted[1]:
        for m in range(len(u)):
            to_theta[m] -= d[m]
        if reset == SUBTRACT:
            for m in range(len(u)):
                to_theta[m] -= to_u[m] * s0[m]
    if reset == ZERO:
        for m in range(len(u)):
            to_u[m] *= one - s0[m]
    if wanted[0]:
        for m in range(len(u)):
            to_beta[m] += to_u[m] * u0[m]
    for m in range(len(u)):
        to_u[m] *= beta[m]
