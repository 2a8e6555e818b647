"""What training and evaluation both do with a loader."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, default_collate

from spikereg import metrics
from spikereg._check import steps_that_count, tensor

Batches = Iterable[tuple[Tensor, ...]]


class Batch(NamedTuple):
    """Features ``[T, B, F]``, their labels, and which steps ``[T, B]`` count."""

    features: Tensor
    labels: Tensor
    mask: Tensor | None = None

    @property
    def weight(self) -> int:
        """The number of labels that count."""
        if self.mask is None or self.labels.ndim != 3:
            return self.labels.numel()
        return int(self.mask.sum()) * self.labels.shape[-1]

    def running(self, values: Tensor) -> Tensor:
        """Return values ``[T, B, N]`` before each sequence's padding, in one axis.

        Where a step has substeps, there may be as many times T of them.
        """
        if self.mask is None:
            return values.flatten()
        before_end = self.mask.flip(0).cummax(dim=0).values.flip(0)
        substeps = len(values) // len(before_end)
        return values[before_end.repeat_interleave(substeps, dim=0)].flatten()

    def spike_rate(self, spikes: Mapping[str, Tensor]) -> Tensor:
        """Return the spikes per neuron and step of all layers."""
        running = [self.running(layer) for layer in spikes.values()]
        return metrics.spike_rate(torch.cat(running))


def batches(loader: Batches, model: nn.Module) -> Iterator[Batch]:
    """Yield what a loader serves on the model's device; raise for what is none."""
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
    for served in loader:
        if not isinstance(served, tuple | list) or len(served) not in (2, 3):
            size = f" of {len(served)}" if isinstance(served, tuple | list) else ""
            raise ValueError(
                f"loader must yield (features, labels) or (features, labels, mask), "
                f"not a {type(served).__name__}{size}"
            )
        for name, values in zip(Batch._fields, served, strict=False):
            tensor(name, values)
        features, labels, *masks = (values.detach() for values in served)
        _check_curves("features", features, most)
        if masks:
            labels = _masked(features, labels, *masks)
        _check_values("features", features, dtype)
        _check_labels(features, labels, most, dtype)
        yield Batch(*(values.to(device) for values in (features, labels, *masks)))


def _check_curves(name: str, values: Tensor, most: object) -> None:
    shape = list(values.shape)
    if values.ndim != 3 or values.numel() == 0:
        raise ValueError(f"{name} must be a filled [T, B, F], not {shape}")
    if isinstance(most, int) and shape[1] > most:
        raise ValueError(
            f"{name} must be time-major, [T, B, F] with at most {most} samples B, as "
            f"many as the loader's batch_size, not {shape}"
        )


def _masked(features: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Check a mask, and put 0 where a curve's label does not count: it may be NaN."""
    expected = features.shape[:2]
    steps_that_count(mask, expected)
    if labels.shape[:2] == expected and labels.ndim == 3:
        return labels.masked_fill(~mask[..., None], 0)
    return labels


def _check_labels(
    features: Tensor, labels: Tensor, most: object, dtype: torch.dtype | None
) -> None:
    batch = features.shape[1]
    if labels.ndim == 3:
        _check_curves("labels", labels, most)
    elif labels.ndim not in (1, 2) or len(labels) != batch:
        raise ValueError(
            f"labels must be [T, B, O], or of each of B = {batch} sequences: [B, O], "
            f"or classes [B]; not {list(labels.shape)}"
        )
    if labels.ndim != 1:
        _check_values("labels", labels, dtype)
    elif labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(
            f"labels [B] must be classes, whole numbers, not {labels.dtype}: numbers "
            f"for one output are [B, 1]"
        )


def _check_values(name: str, values: Tensor, dtype: torch.dtype | None) -> None:
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
        axes = "[t, b, f]" if values.ndim == 3 else "[b, o]"
        raise ValueError(f"{name} must be finite, not {value} at {axes} = {where}")


def filled(loader: Batches, model: nn.Module) -> Iterator[Batch]:
    """Yield the batches as :func:`batches` does; raise if there is none."""
    batch = None
    for batch in batches(loader, model):
        yield batch
    if batch is None:
        raise empty(loader)


def pairs(loader: Batches, model: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield features and labels of any kind; raise for a mask."""
    for batch in filled(loader, model):
        yield _without_mask(batch)


def curves(
    loader: Batches, model: nn.Module, outputs: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield pairs ``[T, B, F]`` and ``[T, B, O]``; raise for any other labels."""
    for batch in masked_curves(loader, model, outputs):
        yield _without_mask(batch)


def masked_curves(loader: Batches, model: nn.Module, outputs: int) -> Iterator[Batch]:
    """Yield the same, perhaps with a mask."""
    for batch in filled(loader, model):
        steps, samples, _ = batch.features.shape
        if batch.labels.shape != (steps, samples, outputs):
            raise ValueError(
                f"labels must have the shape {[steps, samples, outputs]} for features "
                f"of {list(batch.features.shape)}, not {list(batch.labels.shape)}"
            )
        yield batch


def _without_mask(batch: Batch) -> tuple[Tensor, Tensor]:
    if batch.mask is not None:
        raise ValueError("loader must yield (features, labels), not a mask as well")
    return batch.features, batch.labels


def same_length(values: Sequence[Tensor]) -> None:
    """Raise unless all have as many time steps."""
    lengths = {len(each) for each in values}
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
