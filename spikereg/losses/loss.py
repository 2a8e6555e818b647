"""What all losses have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn.functional import mse_loss

from spikereg.losses.reading import Labels, Mask, Output, Read, target

#: Called as ``loss(output, labels)``, and with a mask where there is one.
LossFunction = Callable[..., Tensor]


class Loss(ABC):
    """The mean squared error of one number for each output and sequence."""

    on: float
    off: float

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
        return self.read(output, mask).argmax(dim=-1)


def applied(
    loss: LossFunction, output: Output, labels: Labels, mask: Mask
) -> Float[Tensor, ""]:
    """Call a loss, perhaps of one's own; raise if it returns no scalar."""
    value = loss(output, labels) if mask is None else loss(output, labels, mask)
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
