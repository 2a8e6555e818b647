"""Neurons that can be saved whole, and sent to another process.

snnTorch's surrogates are functions within functions, which pickle refuses.
"""

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar

from snntorch import surrogate
from torch import Tensor, nn

Model = TypeVar("Model", bound=nn.Module)


class Made:
    """A surrogate that remembers by which function of snnTorch's it was made."""

    def __init__(self, make: Callable[..., Any], arguments: dict[str, Any]) -> None:
        self.make, self.arguments = make, arguments
        self.spike: Callable[[Tensor], Tensor] = make(**arguments)

    def __call__(self, above: Tensor) -> Tensor:
        """Fire, as snnTorch's does."""
        return self.spike(above)

    def __reduce__(self) -> tuple[Any, ...]:
        """Be made again."""
        return Made, (self.make, self.arguments)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.make.__name__}({given})"


def made(spike: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Raise unless a surrogate can be called, and is no function that makes one."""
    if not callable(spike):
        raise TypeError(f"spike_grad must be a function, not {spike!r}")
    name = getattr(spike, "__name__", "")
    if isinstance(spike, FunctionType) and getattr(surrogate, name, None) is spike:
        raise TypeError(
            f"spike_grad must be surrogate.{name}(), what that function makes, not the "
            f"function itself"
        )
    return spike


def savable(model: Model) -> Model:
    """Let each of the model's neurons remember how its surrogate was made."""
    for module in model.modules():
        spike = getattr(module, "spike_grad", None)
        if isinstance(spike, FunctionType) and "<locals>" in spike.__qualname__:
            module.__dict__["spike_grad"] = _made(spike)
    return model


def _made(spike: FunctionType) -> Callable[[Tensor], Tensor]:
    """Find who made it; return it as it is if it cannot be told."""
    make = getattr(surrogate, spike.__qualname__.partition(".")[0], None)
    if spike.__module__ != surrogate.__name__ or make is None:
        return spike
    cells = [cell.cell_contents for cell in spike.__closure__ or ()]
    arguments = dict(zip(spike.__code__.co_freevars, cells, strict=True))
    if arguments.keys() - inspect.signature(make).parameters.keys():
        return spike
    return Made(make, arguments)
