"""One layer of neurons over all time steps."""

import warnings
from functools import cache
from typing import Any, Literal, overload

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg._check import one_of, tensor
from spikereg.neurons import KINDS, Kind, kind_of
from spikereg.neurons.own import Recurrence
from spikereg.scan import cpu, reference
from spikereg.scan.unsupported import UnsupportedError

__all__ = ["BACKENDS", "scan", "walk"]

BACKENDS = ("auto", "reference", "cpu")

State = Tensor | tuple[Tensor, ...]


@overload
def scan(
    neuron: nn.Module,
    current: Float[Tensor, "T B M"],
    state: State | None = None,
    *,
    backend: str = "auto",
    return_state: Literal[False] = False,
) -> tuple[Tensor, Tensor]: ...


@overload
def scan(
    neuron: nn.Module,
    current: Float[Tensor, "T B M"],
    state: State | None = None,
    *,
    backend: str = "auto",
    return_state: Literal[True],
) -> tuple[Tensor, Tensor, State]: ...


def scan(
    neuron: nn.Module,
    current: Float[Tensor, "T B M"],
    state: State | None = None,
    *,
    backend: str = "auto",
    return_state: bool = False,
) -> tuple[Any, ...]:
    r"""Run a layer of neurons over all time steps.

    Spikes :math:`S_t` and membrane :math:`U_t` after step :math:`t` come from the input
    current :math:`I_t` and the states before, by the equations of the neuron: those of
    ``snntorch.Leaky`` and ``snntorch.RLeaky`` stand in :mod:`spikereg.neurons.leaky`
    and :mod:`spikereg.neurons.recurrent`. :math:`S_t` is differentiated by the neuron's
    surrogate gradient. Options beyond the equations, such as ``inhibition`` or
    ``reset_delay=False``, do what snnTorch makes of them.

    Args:
        neuron: The layer: ``snntorch.Leaky``, ``snntorch.RLeaky``,
            :class:`~spikereg.AdaptiveLeaky`, :class:`~spikereg.Resonator`,
            :class:`~spikereg.SpikingLSTM`, or a class that inherits from one of them.
            What snnTorch's neurons keep on themselves is neither read nor changed, so
            they can be copied, saved and used again.
        current: Input current, ``[T, B, N]``: time steps, batch, neurons; an LSTM's
            ``[T, B, 4N]``. In units of the membrane potential, as is everything else
            here. Under ``torch.autocast`` it may be narrower than the parameters, and
            all that follows is as wide as these, as in snnTorch's own loop.
        state: What the neuron starts from, as it takes it itself, each ``[B, N]``;
            zeros if ``None``. ``Leaky``: the membrane :math:`U_{-1}`. ``RLeaky``:
            spikes and membrane. The others: adaptation, quadrature or cell, and
            membrane.
        backend: ``"reference"`` is the neuron's own step, looped in Python: the
            specification. ``"cpu"`` is compiled: the same spikes and membranes to the
            last bit (an LSTM's to some units of rounding), the same gradients to
            rounding, first derivatives only; in float32 and float64, with snnTorch's
            deterministic surrogates, without the options named above. ``"auto"`` takes
            ``"cpu"`` where it can do the job and ``"reference"`` elsewhere; tensors on
            a GPU are run by the reference, which says so once.
        return_state: Return also what to go on from, in the form of ``state``.

    Returns:
        Spikes (0 or 1) and membranes, each ``[T, B, N]``, in the current's data type;
        with ``return_state`` the last state too.

    Raises:
        TypeError: If ``neuron`` is none of these, current or state are no tensors, or
            the state is no tuple where there are several.
        ValueError: If the current is not a floating-point ``[T, B, N]`` with at least
            one step, a state not ``[B, N]``, the size of a parameter neither 1 nor N,
            the data type of one of these wider than the current's, the backend
            unknown, or if a neuron of snnTorch's keeps its state itself
            (``init_hidden=True``) or had its ``reset_mechanism`` set anew, which
            changes snnTorch's label only.
            Under ``"cpu"`` also if the neuron has a feature that the compiled walk
            lacks, which is named.
        RuntimeError: For a second derivative through ``"cpu"``.

    Source:
        J. K. Eshraghian et al., *Training spiking neural networks using lessons from
        deep learning*, Proc. IEEE 111 (2023).
    """
    spikes, states = walk(neuron, current, state, backend)
    if not return_state:
        return spikes, states[-1]
    last = tuple(each[-1].clone() for each in states)  # to be changed, or kept alone
    return spikes, states[-1], last[0] if len(last) == 1 else last


def walk(
    neuron: nn.Module,
    current: Float[Tensor, "T B M"],
    state: State | None = None,
    backend: str = "auto",
) -> tuple[Float[Tensor, "T B N"], tuple[Float[Tensor, "T B N"], ...]]:
    """Do as :func:`scan` does, and return each of the states after every step."""
    one_of("backend", backend, BACKENDS)
    kind = kind_of(neuron)
    if kind is None:
        names = ", ".join(each.__name__ for each in KINDS)
        raise TypeError(
            f"neuron must be one of {names}, not {_name(neuron)}: scan does not know "
            f"what it does in a step"
        )
    kind.check(neuron)
    width = _check_current(current, kind)
    parameters = kind.parameters(neuron)
    if _autocasts(current.device.type):
        # What a step makes of a narrow current and wide parameters is as wide as these.
        for value in parameters:
            current = current.to(torch.result_type(current, value))
    for name, value in zip(kind.PARAMETERS, parameters, strict=True):
        if value.shape != (width,) or value.dtype != current.dtype:
            _check_parameter(name, value, current, width)
    parameters = tuple(
        each if each.dtype == current.dtype else each.to(current.dtype)
        for each in parameters
    )
    _check_recurrence(kind.recurrence(neuron), current)
    states = _states(state, kind, current, width)
    if backend != "reference":
        try:
            return cpu.walk(kind, neuron, current, states, parameters)
        except UnsupportedError:
            if backend == "cpu":
                raise
        if not current.is_cpu:
            _say_that_it_is_slow(str(current.device))
    return reference.walk(kind, neuron, current, states)


def _autocasts(device: str) -> bool:
    available = torch.amp.is_autocast_available(device)
    return available and torch.is_autocast_enabled(device)


@cache
def _say_that_it_is_slow(device: str) -> None:
    warnings.warn(
        f"scan runs on {device} step by step, in Python: the slow path. On the CPU it "
        f"is compiled",
        stacklevel=4,
    )


def _name(neuron: object) -> str:
    kind = neuron if isinstance(neuron, type) else type(neuron)
    return f"the class {kind.__name__}" if kind is neuron else kind.__name__


def _check_current(current: Tensor, kind: Kind) -> int:
    """Raise unless the current fits the kind; return the number of neurons."""
    tensor("current", current)
    shape = current.shape
    if len(shape) != 3 or shape[0] == 0 or shape[2] % kind.GATES:
        layout = "[T, B, N]" if kind.GATES == 1 else f"[T, B, {kind.GATES}N]"
        raise ValueError(
            f"current must have the shape {layout} with at least one time step, not "
            f"{list(current.shape)}"
        )
    if not current.dtype.is_floating_point:
        raise ValueError(f"current must be floating-point, not {current.dtype}")
    return shape[2] // kind.GATES


def _check_parameter(name: str, value: Tensor, current: Tensor, width: int) -> None:
    """Raise unless a parameter fits the neurons and the current's data type."""
    if value.shape not in ((), (1,), (width,)):
        raise ValueError(
            f"the neuron's {name} must have size 1 or N = {width} to fit the "
            f"current {list(current.shape)}, not shape {list(value.shape)}"
        )
    _check_not_wider(f"the neuron's {name}", value, current)


def _check_recurrence(recurrence: Recurrence | None, current: Tensor) -> None:
    """Raise if what is fed back cannot be added to the current."""
    if recurrence is None or recurrence.weight is None:
        return
    weight = recurrence.weight
    if weight.ndim == 2 and weight.shape[0] != current.shape[2]:
        raise ValueError(
            f"the neuron's recurrent weights must be [{current.shape[2]}, N] to fit "
            f"the current {list(current.shape)}, not {list(weight.shape)}"
        )
    if weight.ndim < 2:
        _check_not_wider("the neuron's recurrent weight", weight, current)
    elif weight.dtype != current.dtype:
        raise ValueError(
            f"the neuron's recurrent weights must be {current.dtype}, as the current "
            f"is, not {weight.dtype}: convert one of them with .to()"
        )


def _states(
    state: State | None, kind: Kind, current: Tensor, width: int
) -> tuple[Tensor, ...]:
    """Return the states to start from, checked."""
    B, names = current.shape[1], kind.STATES
    if state is None:
        return (current.new_zeros(B, width),) * len(names)
    states: Any = (state,) if len(names) == 1 else state
    if not isinstance(states, tuple | list) or len(states) != len(names):
        got = f"{len(states)} of them" if isinstance(states, tuple | list) else "one"
        raise TypeError(
            f"state must be a tuple of {len(names)} tensors, {' and '.join(names)}, "
            f"not {got}: {type(state).__name__}"
        )
    for name, each in zip(names, states, strict=True):
        name = "state" if len(names) == 1 else f"state: {name}"
        tensor(name, each)
        if each.shape != (B, width):
            raise ValueError(
                f"{name} must have the shape [B, N] = {[B, width]} to fit the current "
                f"{list(current.shape)}, not {list(each.shape)}"
            )
        _check_not_wider(name, each, current)
    return tuple(each.to(current.dtype) for each in states)


def _check_not_wider(name: str, value: Tensor, current: Tensor) -> None:
    if value.dtype == current.dtype:
        return
    if torch.result_type(value, current) != current.dtype:
        raise ValueError(
            f"{name} must not be wider than the current's {current.dtype}, not "
            f"{value.dtype}: convert one of them with .to()"
        )
