"""One layer of neurons over all time steps."""

import snntorch as snn
import torch
from jaxtyping import Float
from torch import Tensor

from spikereg._check import one_of, tensor
from spikereg.scan import cpu, reference
from spikereg.scan.rules import UnsupportedError

__all__ = ["BACKENDS", "scan"]

BACKENDS = ("auto", "reference", "cpu")

_STEPS = {"subtract": "_base_sub", "zero": "_base_zero", "none": "_base_int"}


def scan(
    neuron: snn.Leaky,
    current: Float[Tensor, "T B N"],
    state: Float[Tensor, "B N"] | None = None,
    *,
    backend: str = "auto",
) -> tuple[Float[Tensor, "T B N"], Float[Tensor, "T B N"]]:
    r"""Run a layer of leaky integrate-and-fire neurons over all time steps.

    With the input current :math:`I_t`, the membrane :math:`U_t` after step
    :math:`t`, the decay :math:`\hat\beta = \min(\max(\beta, 0), 1)` and the
    threshold :math:`\theta`:

    .. math::

        R_t &= [U_{t-1} > \theta] \\
        U_t &= \hat\beta\, U_{t-1} + I_t - R_t\,\theta \quad\text{("subtract")} \\
        U_t &= \hat\beta\,(1 - R_t)\, U_{t-1} + I_t \quad\text{("zero")} \\
        U_t &= \hat\beta\, U_{t-1} + I_t \quad\text{("none")} \\
        S_t &= [U_t > \theta]

    The reset :math:`R_t` follows a spike one step later and carries no gradient;
    :math:`S_t` is differentiated by the neuron's surrogate gradient. Options beyond
    these, such as ``inhibition`` or ``reset_delay=False``, do what snnTorch makes of
    them.

    Args:
        neuron: The layer: its ``beta`` (membrane decay per step), ``threshold``,
            ``reset_mechanism`` and ``spike_grad`` are used. Its own buffers are
            neither read nor changed, so it can be copied, saved and used again.
        current: Input current, ``[T, B, N]``: time steps, batch, neurons. In units of
            the membrane potential, as is everything else here.
        state: Membrane :math:`U_{-1}` before the first step, ``[B, N]``; zeros if
            ``None``.
        backend: ``"reference"`` is snnTorch's own step, looped in Python: the
            specification. ``"cpu"`` runs all steps in one compiled loop: the same
            spikes and membranes to the last bit, the same gradients to rounding,
            first derivatives only; in float32 and float64, with any deterministic,
            elementwise surrogate, without the options named above. ``"auto"`` takes
            ``"cpu"`` where it can do the job and ``"reference"`` elsewhere.

    Returns:
        Spikes (0 or 1) and membranes, each ``[T, B, N]``, in the current's data type.

    Raises:
        TypeError: If ``neuron`` is no ``snn.Leaky``, or current or state no tensor.
        ValueError: If the current is not a floating-point ``[T, B, N]`` with at least
            one step, the state not ``[B, N]``, the size of β or θ neither 1 nor N,
            the data type of one of the three wider than the current's, the backend
            unknown, or if the neuron keeps its state itself (``init_hidden=True``) or
            had its ``reset_mechanism`` set anew, which changes snnTorch's label only.
            Under ``"cpu"`` also if the neuron has a feature that the compiled loop
            lacks, which is named.

    Source:
        ``snntorch.Leaky`` 1.0; J. K. Eshraghian et al., *Training spiking neural
        networks using lessons from deep learning*, Proc. IEEE 111 (2023).
    """
    one_of("backend", backend, BACKENDS)
    check_neuron(neuron)
    _check_current(current)
    check_parameters(neuron.beta, neuron.threshold, current, current.shape[-1])
    if state is None:
        state = torch.zeros_like(current[0])
    _check_state(state, current)
    if backend != "reference":
        try:
            return cpu.scan_leaky(neuron, current, state)
        except UnsupportedError:
            if backend == "cpu":
                raise
    return reference.scan_leaky(neuron, current, state)


def check_neuron(neuron: snn.Leaky) -> None:
    """Raise unless ``neuron`` is a layer that can be run over all steps."""
    if not isinstance(neuron, snn.Leaky):
        raise TypeError(
            f"neuron must be an snntorch.Leaky, not {type(neuron).__name__}"
        )
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


def _check_current(current: Tensor) -> None:
    tensor("current", current)
    if current.ndim != 3 or len(current) == 0:
        raise ValueError(
            f"current must have the shape [T, B, N] with at least one time step, not "
            f"{list(current.shape)}"
        )
    if not current.is_floating_point():
        raise ValueError(f"current must be floating-point, not {current.dtype}")


def check_parameters(
    beta: Tensor, threshold: Tensor, current: Tensor, width: int
) -> None:
    """Raise unless β and θ fit ``width`` neurons and the current's data type."""
    for name, value in (("beta", beta), ("threshold", threshold)):
        if value.shape not in ((), (1,), (width,)):
            raise ValueError(
                f"the neuron's {name} must have size 1 or N = {width} to fit the "
                f"current {[*current.shape[:2], width]}, not shape {list(value.shape)}"
            )
        if value.dtype != current.dtype:
            _check_not_wider(f"the neuron's {name}", value, current)


def _check_state(state: Tensor, current: Tensor) -> None:
    tensor("state", state)
    if state.shape != current.shape[1:]:
        raise ValueError(
            f"state must have the shape [B, N] = {list(current.shape[1:])} of one step "
            f"of the current, not {list(state.shape)}"
        )
    _check_not_wider("state", state, current)


def _check_not_wider(name: str, value: Tensor, current: Tensor) -> None:
    if torch.result_type(value, current) != current.dtype:
        raise ValueError(
            f"{name} must not be wider than the current's {current.dtype}, not "
            f"{value.dtype}: convert one of them with .to()"
        )
