"""What keeps a training from being a chain: it is named, and left to autograd."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import _get_current_function_mode as _function_mode
from torch.utils._python_dispatch import _get_current_dispatch_mode as _dispatch_mode

from spikereg._check import has_global_hooks, has_hooks
from spikereg.models import SpikingRegressor
from spikereg.neurons import kind_of
from spikereg.scan.layer import layer_of
from spikereg.scan.unsupported import UnsupportedError, check, check_tensors

# What a class that inherits must not do otherwise, nor a model by itself.
_METHODS = ("__call__", "_call_impl", "forward", "_run", "layers", "check_features")


class ObstacleError(ValueError):
    """A model, or something around it, has a feature that a chain lacks."""

    def __init__(self, feature: str) -> None:
        super().__init__(
            f'backend "compiled" cannot train a model with {feature}: use "auto" or '
            f'"torch"'
        )


def look(model: nn.Module, learned: Sequence[nn.Parameter]) -> None:
    """Raise for the first thing that a chain cannot do, or not show to who looks on."""
    own = type(model)
    if not isinstance(model, SpikingRegressor) or any(
        getattr(own, name) is not getattr(SpikingRegressor, name) or name in vars(model)
        for name in _METHODS
    ):
        raise ObstacleError(f"a forward pass of its own ({own.__name__})")
    if model.readout == "spikes":
        raise ObstacleError("spikes as its prediction")
    if around := _around():
        raise ObstacleError(around)
    if any(map(has_hooks, model.modules())):
        raise ObstacleError("hooks")
    if model._compiled_call_impl is not None:
        raise ObstacleError("a forward pass compiled by PyTorch")
    try:
        _look_at_layers(model, learned)
    except UnsupportedError as error:
        raise ObstacleError(error.feature) from None


def _around() -> str:
    """Name what is switched on around a training."""
    if not torch.is_grad_enabled() or torch.is_inference_mode_enabled():
        return "gradients switched off"
    if torch.is_autocast_enabled("cpu"):
        return "autocast"
    if torch.is_anomaly_enabled():
        return "PyTorch's detection of anomalies"
    if _dispatch_mode() is not None or _function_mode():  # type: ignore[no-untyped-call]
        return "a mode of PyTorch looking on"
    return "hooks" if has_global_hooks() else ""


def _look_at_layers(model: SpikingRegressor, learned: Sequence[nn.Parameter]) -> None:
    expected, found = {id(parameter) for parameter in learned}, []
    width, dtype = None, learned[0].dtype
    for linear, neuron in model.layers():
        if type(linear) is not nn.Linear:
            raise ObstacleError(f"a layer of another kind ({type(linear).__name__})")
        kind = kind_of(neuron)
        if kind is None:
            raise ObstacleError(f"neurons of another kind ({type(neuron).__name__})")
        kind.check(neuron)
        check(kind, neuron)
        source, *back = kind.recurrence(neuron) or ("", None, None)
        layer = layer_of(kind, neuron, source)
        values = [getattr(neuron, name) for name in kind.PARAMETERS]
        if layer.fires_twice and id(values[-1]) in expected:
            raise ObstacleError(f"a learned threshold ({type(neuron).__name__})")
        N = linear.out_features // kind.GATES
        if not _fits(linear, N, kind.GATES, width, values, back):
            raise ObstacleError("layers that do not fit")
        width = N
        for tensor in (linear.weight, linear.bias, *values, *back):
            if tensor is None:
                continue
            _check_tensor(tensor, dtype)
            if tensor.requires_grad != (id(tensor) in expected):
                raise ObstacleError("parameters that began or ceased to learn")
            if tensor.requires_grad:
                found.append(id(tensor))
    if len(found) != len(set(found)):
        raise ObstacleError("layers that share a parameter")
    if set(found) != expected:
        raise ObstacleError("learned parameters beside those of its layers")


def _fits(
    linear: nn.Linear,
    width: int,
    gates: int,
    before: int | None,
    values: list[Tensor],
    back: Sequence[Tensor | None],
) -> bool:
    """Say whether all shapes are those that the layer before and the neurons need."""
    rows, inputs = gates * width, linear.in_features
    weight, bias = back
    each = ((), (1,), (width,))
    return (
        before in (None, inputs)
        and linear.weight.shape == (rows, inputs)
        and (linear.bias is None or linear.bias.shape == (rows,))
        and all(value.shape in each for value in values)
        and (weight is None or weight.shape in (*each, (rows, width)))
        and (bias is None or bias.shape == (rows,))
    )


def _check_tensor(tensor: Tensor, dtype: torch.dtype) -> None:
    if type(tensor) not in (Tensor, nn.Parameter):
        raise ObstacleError(f"parameters of another type ({type(tensor).__name__})")
    check_tensors(tensor)
    if tensor.dtype != dtype:
        raise ObstacleError("parameters of several data types")
    if tensor._backward_hooks or tensor._post_accumulate_grad_hooks:
        raise ObstacleError("hooks")
    if not tensor.is_contiguous():
        raise ObstacleError("parameters that are not contiguous")


class Seen:
    """A model and what surrounds it, as they were, to tell whether they still are.

    To look for obstacles anew in each epoch would take as long as a step.
    """

    def __init__(self, model: nn.Module) -> None:
        modules = list(model.modules())
        self._modules = [(m, type(m), _copied(vars(m))) for m in modules]
        self._tensors = [
            (tensor, _described(tensor))
            for module in modules
            for tensor in (*module._parameters.values(), *module._buffers.values())
            if tensor is not None
        ]

    def changed(self) -> bool:
        """Say whether anything is not what it was."""
        try:
            return (
                bool(_around())
                or any(type(m) is not kind for m, kind, _ in self._modules)
                or any(vars(m) != before for m, _, before in self._modules)
                or any(_described(tensor) != seen for tensor, seen in self._tensors)
            )
        except (RuntimeError, TypeError, ValueError):  # of what cannot be compared
            return True


def _copied(attributes: dict[str, Any]) -> dict[str, Any]:
    """Copy a module's attributes, with its hooks, parameters and parts."""
    return {
        name: dict(value) if isinstance(value, dict) else value
        for name, value in attributes.items()
    }


def _described(tensor: Tensor) -> tuple[Any, ...]:
    return (
        tensor.data_ptr(),
        tensor.shape,
        tensor.stride(),
        tensor.requires_grad,
        bool(tensor._backward_hooks or tensor._post_accumulate_grad_hooks),
        None if isinstance(tensor, nn.Parameter) else tensor._version,
    )
