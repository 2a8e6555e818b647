"""What all losses have in common."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar

from jaxtyping import Float, Integer
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from spikereg.losses.reading import Labels, Mask, Output, Read, target

#: Called as ``loss(output, labels)``, and with a mask where there is one.
LossFunction = Callable[..., Tensor]


class Loss(ABC):
    """The mean squared error of one number for each output and sequence."""

    on: float
    off: float
    #: Whether labels are steps, and so may be far from 1.
    in_steps: ClassVar[bool] = False

    @abstractmethod
    def read(self, output: Output, mask: Mask = None) -> Float[Tensor, "B O"]:
        """Return the numbers that an output stands for."""

    def compared(
        self, output: Output, labels: Labels, mask: Mask = None
    ) -> tuple[Read, Read]:
        """Return what is read, and its target."""
        read = self.read(output, mask)
        return read, target(labels, read, self.on, self.off)

    def __call__(
        self, output: Output, labels: Labels, mask: Mask = None
    ) -> Float[Tensor, ""]:
        """Return the mean squared error of what is read."""
        return mse_loss(*self.compared(output, labels, mask))

    def decided(self, output: Output, mask: Mask = None) -> Integer[Tensor, "B"]:
        """Return the class that each sequence stands for: of equal ones the first."""
        return first_largest(self.read(output, mask))


def first_largest(read: Float[Tensor, "B O"]) -> Integer[Tensor, "B"]:
    """Return which output of each sequence has the largest number."""
    if (nothing := read.isnan()).any():
        raise ValueError(
            f"output must be numbers, not nan, to decide for a class: it is for "
            f"sequence {int(nothing.nonzero()[0, 0])}"
        )
    return read.argmax(dim=-1)


def ordered(small: str, large: str, loss: Loss) -> None:
    """Raise unless the target of one kind of output is below that of the other."""
    low, high = getattr(loss, small), getattr(loss, large)
    if not low < high:
        raise ValueError(
            f"{large} must be above {small} = {low!r}, or what is learned is not what "
            f"is decided for; not {high!r}"
        )


def is_loss(loss: object) -> None:
    """Raise unless it is a function that can be called as a loss."""
    if isinstance(loss, type) or not callable(loss):
        raise TypeError(
            f"loss must be a function of output and labels, such as "
            f"losses.MembraneLoss(), not {loss!r}"
        )


def applied(
    loss: LossFunction, output: Tensor, labels: Tensor, mask: Mask
) -> Float[Tensor, ""]:
    """Call a loss, perhaps of one's own; raise if it returns no scalar."""
    arguments = (output, labels) if mask is None else (output, labels, mask)
    if mask is not None and not isinstance(loss, Loss):
        function = loss.forward if isinstance(loss, nn.Module) else loss
        # One that is not written in Python has no signature: it speaks for itself.
        with suppress(ValueError):
            try:
                inspect.signature(function).bind(*arguments)
            except TypeError:
                raise TypeError(
                    f"loss must take output, labels and the mask that the loader "
                    f"yields, which {described(loss)} does not"
                ) from None
    value = loss(*arguments)
    if not isinstance(value, Tensor) or value.ndim:
        kind = list(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"loss must return a scalar tensor, not {kind}")
    return value


def described(loss: LossFunction) -> str:
    """Name a loss, in the same words whenever it is the same."""
    if isinstance(loss, Loss):
        return repr(loss)
    named = loss if hasattr(loss, "__qualname__") else type(loss)
    return f"{named.__module__}.{named.__qualname__}"
