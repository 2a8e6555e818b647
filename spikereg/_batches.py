"""What training and evaluation both do with a loader."""

import math
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, default_collate

from spikereg._check import tensor

Batches = Iterable[tuple[Tensor, Tensor]]


def batches(loader: Batches, model: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the pairs of a loader on the model's device; raise for what is none."""
    if isinstance(loader, DataLoader) and loader.collate_fn is default_collate:
        raise ValueError(
            "loader must be time-major, [T, B, F], not collate by PyTorch's default, "
            "which puts the batch first: make it by make_loader"
        )
    most = getattr(loader, "batch_size", None)
    weights = next((p for p in model.parameters() if p.is_floating_point()), None)
    device, dtype = torch.device("cpu"), None
    if weights is not None:
        device, dtype = weights.device, weights.dtype
    for batch in loader:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            kind = type(batch).__name__
            raise ValueError(f"loader must yield (features, labels), not a {kind}")
        features, labels = batch
        for name, values in (("features", features), ("labels", labels)):
            tensor(name, values)
            _check_values(name, values, most, dtype)
        yield features.detach().to(device), labels.detach().to(device)


def _check_values(
    name: str, values: Tensor, most: object, dtype: torch.dtype | None
) -> None:
    shape = list(values.shape)
    if values.ndim != 3 or values.numel() == 0:
        raise ValueError(f"{name} must be a filled [T, B, F], not {shape}")
    if isinstance(most, int) and shape[1] > most:
        raise ValueError(
            f"{name} must be time-major, [T, B, F] with at most {most} samples B, as "
            f"many as the loader's batch_size, not {shape}"
        )
    if not values.is_floating_point():
        raise ValueError(f"{name} must be floating-point, not {values.dtype}")
    if dtype is not None and values.dtype != dtype:
        raise ValueError(
            f"{name} must be {dtype}, as the model's weights are, not {values.dtype}: "
            f"convert one of them with .to()"
        )
    # A sum is quick, and not finite if one value is not, or if it overflows.
    if not math.isfinite(values.detach().sum()) and not values.isfinite().all():
        where = (~values.isfinite()).nonzero()[0].tolist()
        value = values[tuple(where)].item()
        raise ValueError(f"{name} must be finite, not {value} at [t, b, f] = {where}")


def filled(loader: Batches, model: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the pairs as :func:`batches` does; raise if there is none."""
    pair = None
    for pair in batches(loader, model):
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


def same_length(curves: Sequence[Tensor]) -> None:
    """Raise unless all have as many time steps."""
    lengths = {len(curve) for curve in curves}
    if len(lengths) > 1:
        raise ValueError(
            f"all batches must have as many time steps, not {sorted(lengths)}"
        )


def empty(loader: Batches, epoch: int = 1) -> ValueError:
    """Make the error for an epoch without batches."""
    return ValueError(
        f"loader must yield at least one batch an epoch, not none as {loader!r} did "
        f"in epoch {epoch} (a generator serves a single epoch)"
    )
