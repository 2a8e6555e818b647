"""What the compiled walk cannot do, by name."""

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import _get_current_dispatch_mode

from spikereg._check import has_hooks
from spikereg.neurons import KINDS, Kind


class UnsupportedError(ValueError):
    """The neuron or its input has a feature that the compiled walk lacks.

    Attributes:
        feature: Its name.
    """

    def __init__(self, feature: str) -> None:
        self.feature = feature
        super().__init__(
            f'backend "cpu" cannot run a neuron with {feature}: use "auto" or '
            f'"reference"'
        )


def check(kind: Kind, neuron: nn.Module) -> None:
    """Raise if the rows of its kind are not all that the neuron does."""
    if KINDS.get(type(neuron)) is not kind:
        raise UnsupportedError(f"an update of its own ({type(neuron).__name__})")
    if any(map(has_hooks, neuron.modules())):
        raise UnsupportedError("hooks")
    if feature := kind.unsupported(neuron):
        raise UnsupportedError(feature)


def check_tensors(current: Tensor, *others: Tensor) -> None:
    """Raise for what compiled code cannot read, or not show to who looks on."""
    if _get_current_dispatch_mode() is not None:
        raise UnsupportedError("a dispatch mode of PyTorch looking on")
    for tensor in (current, *others):
        if not tensor.is_cpu:
            raise UnsupportedError(f"tensors on {tensor.device}")
    if current.dtype not in (torch.float32, torch.float64):
        raise UnsupportedError(f"data type {current.dtype}")
