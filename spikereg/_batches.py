"""What training and evaluation both do with a loader."""

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from spikereg._check import tensor

Batches = Iterable[tuple[Tensor, Tensor]]


def batches(loader: Batches, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the pairs of a loader on the device; raise for what is none."""
    for batch in loader:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            kind = type(batch).__name__
            raise ValueError(f"loader must yield (features, labels), not a {kind}")
        features, labels = batch
        for name, values in (("features", features), ("labels", labels)):
            tensor(name, values)
            if values.ndim != 3 or values.numel() == 0:
                shape = list(values.shape)
                raise ValueError(f"{name} must be a filled [T, B, F], not {shape}")
            # A sum is quick, and not finite if one value is not, or if it overflows.
            if not math.isfinite(values.detach().sum()) and not values.isfinite().all():
                where = (~values.isfinite()).nonzero()[0].tolist()
                value = values[tuple(where)].item()
                raise ValueError(
                    f"{name} must be finite, not {value} at [t, b, f] = {where}"
                )
        yield features.detach().to(device), labels.detach().to(device)


def filled(loader: Batches, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the pairs as :func:`batches` does; raise if there is none."""
    pair = None
    for pair in batches(loader, device):
        yield pair
    if pair is None:
        raise empty(loader)


def check_labels(features: Tensor, labels: Tensor, outputs: int) -> None:
    """Raise unless the labels are ``[T, B, O]`` for the features' T and B."""
    steps, batch, _ = features.shape
    if labels.shape != (steps, batch, outputs):
        raise ValueError(
            f"labels must have the shape {[steps, batch, outputs]} for features of "
            f"{list(features.shape)}, not {list(labels.shape)}"
        )


def device_of(model: nn.Module) -> torch.device:
    """Return the device of the first parameter, the CPU if there is none."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def empty(loader: Batches, epoch: int = 1) -> ValueError:
    """Make the error for an epoch without batches."""
    return ValueError(
        f"loader must yield at least one batch an epoch, not none as {loader!r} did "
        f"in epoch {epoch} (a generator serves a single epoch)"
    )
