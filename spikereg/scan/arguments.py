"""What scan is given: checked, and of one data type."""

from typing import Any

import torch
from torch import Tensor, nn

from spikereg._check import tensor
from spikereg.neurons import Kind
from spikereg.neurons.own import Recurrence

State = Tensor | tuple[Tensor, ...]


def checked(
    kind: Kind, neuron: nn.Module, current: Tensor, state: State | None
) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Return current, states to start from and parameters; raise for what is wrong."""
    width = _check_current(current, kind)
    parameters = kind.parameters(neuron)
    if _autocasts(current.device.type):
        # What a step makes of a narrow current and wide parameters is as wide as these.
        for value in parameters:
            current = current.to(torch.result_type(current, value))
    for name, value in zip(kind.PARAMETERS, parameters, strict=True):
        if value.shape != (width,) or value.dtype != current.dtype:
            _check_parameter(name, value, current, width)
    _check_recurrence(kind.recurrence(neuron), current)
    return (
        current,
        _states(state, kind, current, width),
        tuple(value.to(current.dtype) for value in parameters),
    )


def _autocasts(device: str) -> bool:
    available = torch.amp.is_autocast_available(device)
    return available and torch.is_autocast_enabled(device)


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
