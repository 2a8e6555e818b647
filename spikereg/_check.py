"""Checks of arguments that several modules share."""

import math
import reprlib
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.modules import module as _modules

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 60
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxdict = 10


def shown(value: object) -> str:
    """Return what an error repeats of a value, however long its ``repr`` is."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return f"a huge {type(value).__name__}"


def whole_number(name: str, value: object, at_least: int) -> None:
    """Raise unless ``value`` is an integer no smaller than ``at_least``."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < at_least:
        raise ValueError(
            f"{name} must be an integer of at least {at_least}, not {shown(value)}"
        )


def widths(**values: object) -> None:
    """Raise unless each of the named values is a positive integer."""
    for name, value in values.items():
        whole_number(name, value, at_least=1)


def one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    """Raise unless ``value`` is one of the ``allowed`` words."""
    if not (isinstance(value, str) and value in allowed):
        raise ValueError(f"{name} must be one of {tuple(allowed)}, not {shown(value)}")


def finite(value: object) -> TypeGuard[float]:
    """Say whether ``value`` is a finite number, Python's or NumPy's."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that no float reaches
        return False


def number(name: str, value: object) -> None:
    """Raise unless ``value`` is a finite number."""
    if not finite(value):
        raise ValueError(f"{name} must be a finite number, not {shown(value)}")


def positive(name: str, value: object) -> None:
    """Raise unless ``value`` is a positive, finite number."""
    if not (finite(value) and value > 0):
        raise ValueError(f"{name} must be a positive finite number, not {shown(value)}")


def tensor(name: str, value: object) -> None:
    """Raise unless ``value`` is a tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, not {type(value).__name__}")


def within(name: str, values: Tensor, high: float = torch.inf) -> None:
    """Raise unless all lie between 0 and ``high``."""
    least, most = (value.item() for value in values.aminmax())
    if not (least >= 0 and most <= high):
        hint = ', as the spikes of readout="spikes" do' * (name == "output")
        raise ValueError(
            f"{name} must lie between 0 and {high:g}{hint}, not at "
            f"{least if not least >= 0 else most:g}"
        )


def steps_that_count(mask: Tensor, shape: Sequence[int]) -> None:
    """Raise unless a mask says of each step of each sequence whether it counts."""
    tensor("mask", mask)
    if mask.dtype != torch.bool or mask.shape != shape:
        raise ValueError(
            f"mask must be a torch.bool [T, B] = {list(shape)}, not {mask.dtype} "
            f"{list(mask.shape)}"
        )
    if not (counts := mask.any(dim=0)).all():
        raise ValueError(
            f"mask must let a step of each sequence count, not none of sequence "
            f"{int((~counts).nonzero()[0])}"
        )


def features_of(width: int, features: Tensor) -> None:
    """Raise unless the features are a tensor ``[T, B, F]`` with F = ``width``."""
    tensor("features", features)
    if features.ndim != 3 or features.shape[-1] != width:
        raise ValueError(
            f"features must have the shape [T, B, F] with F = {width}, not "
            f"{list(features.shape)}"
        )


def finite_weights(model: nn.Module) -> None:
    """Raise unless all parameters are finite, and all buffers numbers."""
    for name, values in [*model.named_parameters(), *model.named_buffers()]:
        bad = values.isnan()  # a threshold may be infinite
        if isinstance(values, nn.Parameter):
            bad |= values.isinf()
        if bad.any():
            where = bad.nonzero()[0].tolist()
            raise ValueError(
                f"model must have finite weights, not {name} = "
                f"{values[tuple(where)].item()} at {where}"
            )


def has_hooks(module: nn.Module) -> bool:
    """Say whether calling the module would do more than its class says."""
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or has_global_hooks()
        or not vars(module).keys().isdisjoint(("forward", "fire"))
    )


def has_global_hooks() -> bool:
    """Say whether calling any module would do more than its class says."""
    return bool(
        _modules._global_forward_hooks
        or _modules._global_forward_pre_hooks
        or _modules._global_backward_hooks
        or _modules._global_backward_pre_hooks
    )


def tracer(model: nn.Module) -> Callable[[Tensor], Any] | None:
    """Return the model's method ``trace``, which shows its spikes, if it has one."""
    return model.trace if callable(getattr(type(model), "trace", None)) else None  # type: ignore[return-value]


def same_shape(prediction: Tensor, target: Tensor) -> None:
    """Raise unless both are floating-point tensors of the same shape.

    PyTorch would broadcast them, and count integers round.
    """
    for name, values in (("prediction", prediction), ("target", target)):
        tensor(name, values)
        if not values.is_floating_point():
            raise ValueError(f"{name} must be floating-point, not {values.dtype}")
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction must have the target's shape {list(target.shape)}, not "
            f"{list(prediction.shape)}"
        )


def local_generator(seed: int | None, name: str = "seed") -> torch.Generator:
    """Make a generator of its own: seeded afresh if ``seed`` is ``None``."""
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        whole_number(name, seed, at_least=0)
        if seed >= 2**32:  # PyTorch's generator looks at 32 bits
            raise ValueError(f"{name} must be less than 2**32, not {shown(seed)}")
        generator.manual_seed(int(seed))
    return generator
