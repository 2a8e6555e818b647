"""Serve data sets in time-major batches."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from spikereg._check import local_generator, whole_number
from spikereg.data import Batch, Sample, TimeMajorDataset


def make_loader(
    dataset: Dataset[Any],
    batch_size: int = 1,
    shuffle: bool = False,
    seed: int | None = None,
) -> DataLoader[Sample]:
    """Serve a data set in time-major batches.

    Args:
        dataset: Anything whose items are pairs ``([T, F], [T, O])``, with labels
            ``[O]`` or a class in the place of curves too, or triples with a mask
            ``[T]``; a :class:`TimeMajorDataset` is served fastest.
        batch_size: Samples in a batch, at least 1. The last batch may be smaller; no
            sample is dropped.
        shuffle: Draw a new order in each epoch.
        seed: Seed of that order. The global generator is neither read nor moved.

    Returns:
        A loader of pairs ``([T, B, F], [T, B, O])``: time first, as the neurons'
        loop over time reads them, where PyTorch's default would put the batch first.
        Labels ``[O]`` become ``[B, O]``, classes ``[B]``, masks ``[T, B]``.

    Raises:
        ValueError: If ``batch_size`` is less than 1, the data set empty, or the seed
            neither ``None`` nor an integer of at least 0; when an item is served that
            is no such pair, or not as long as the others of its batch.
        TypeError: If ``dataset`` has no items to be looked up, or is itself a pair of
            tensors.
    """
    whole_number("batch_size", batch_size, at_least=1)
    _check_dataset(dataset)
    return _Loader(
        dataset,
        batch_size=int(batch_size),
        shuffle=shuffle,
        # Without one, even an unshuffled loader draws from the global generator.
        generator=local_generator(seed),
        collate_fn=_time_major,
    )


class _Loader(DataLoader[Sample]):
    """A loader that does in this process what there is to do, and nothing else."""

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        # What PyTorch's draws for its workers, so that the orders are the same
        torch.empty((), dtype=torch.int64).random_(generator=self.generator)
        whole = _serves_batches(type(self.dataset))
        for indices in self.batch_sampler or ():
            if whole:
                yield self.dataset.batch(indices)  # type: ignore[attr-defined]
            else:
                yield _time_major([self.dataset[index] for index in indices])


def _serves_batches(kind: type) -> bool:
    """Say whether a class makes batches as it makes items, which may be noisy."""
    for base in kind.__mro__:
        if "__getitem__" in vars(base):
            return issubclass(base, TimeMajorDataset) and "batch" in vars(base)
    return False


def _check_dataset(dataset: object) -> None:
    kind = type(dataset).__name__
    tensors = isinstance(dataset, tuple | list) and any(
        isinstance(each, Tensor) for each in dataset
    )
    if tensors or isinstance(dataset, Tensor):
        raise TypeError(
            f"dataset must be a data set, not tensors themselves (a {kind}): make one "
            f"by TimeMajorDataset(features, labels)"
        )
    if not (hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")):
        raise TypeError(f"dataset must have a length and items, not be a {kind}")
    if len(dataset) == 0:
        raise ValueError(
            f"dataset must have at least one item, not none as this {kind}"
        )


def _time_major(samples: list[Any]) -> Batch:
    for sample in samples:
        if not (isinstance(sample, tuple | list) and _fit(*sample)):
            raise ValueError(
                f"dataset must have items (features [T, F], labels [T, O], [O] or a "
                f"class), and perhaps a mask [T], not {_described(sample)}"
            )
    names = "features", "labels", "mask"
    columns = zip(*samples, strict=True)
    return tuple(map(_side_by_side, names, columns))


def _fit(features: object = None, labels: object = None, *masks: object) -> bool:
    """Say whether the parts of a sample are what a batch is made of."""
    curve = isinstance(labels, Tensor) and labels.ndim <= 2
    return (
        isinstance(features, Tensor)
        and features.ndim == 2
        and (curve or (isinstance(labels, int) and not isinstance(labels, bool)))
        and len(masks) <= 1
        and all(isinstance(mask, Tensor) and mask.ndim == 1 for mask in masks)
    )


def _side_by_side(name: str, values: tuple[Tensor | int, ...]) -> Tensor:
    tensors = [torch.as_tensor(value) for value in values]
    shapes = {tuple(each.shape) for each in tensors}
    if len(shapes) > 1:
        raise ValueError(
            f"{name} of a batch must all have the same shape, not {sorted(shapes)}: "
            f"put sequences of unequal length into TimeMajorDataset.padded, or serve "
            f"them with batch_size=1"
        )
    time_first = name == "features" or tensors[0].ndim == (2 if name == "labels" else 1)
    return torch.stack(tensors, dim=1 if time_first else 0)


def _described(sample: object) -> str:
    if isinstance(sample, tuple | list):
        return f"({', '.join(map(_described, sample))})"
    if isinstance(sample, Tensor):
        return f"a tensor {list(sample.shape)}"
    return f"a {type(sample).__name__}"
