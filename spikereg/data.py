"""Ramps and the curves a network learns from them, served time-major."""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from spikereg._check import finite, local_generator, one_of, tensor, whole_number

MODES = ("linear", "sqrt")

Sample = tuple[Float[Tensor, "T F"], Float[Tensor, "T O"]]
Batch = tuple[Float[Tensor, "T B F"], Float[Tensor, "T B O"]]


class TimeMajorDataset(Dataset[Sample]):
    """Samples that lie side by side in two tensors, time first.

    Args:
        features: ``[T, N, F]``: time steps, samples, features.
        labels: ``[T, N, O]``.

    Attributes:
        features: The tensor given.
        labels: The tensor given.

    Raises:
        TypeError: If one of them is no tensor.
        ValueError: If they do not have three axes, or not as many time steps and
            samples, at least 1 each.
    """

    features: Float[Tensor, "T N F"]
    labels: Float[Tensor, "T N O"]

    def __init__(self, features: Tensor, labels: Tensor) -> None:
        for name, values in (("features", features), ("labels", labels)):
            tensor(name, values)
            if values.ndim != 3 or values.numel() == 0:
                raise ValueError(
                    f"{name} must be a filled [T, N, F], time first, not "
                    f"{list(values.shape)}"
                )
        if features.shape[:2] != labels.shape[:2]:
            raise ValueError(
                f"labels must have the features' T and N, {list(features.shape[:2])}, "
                f"not {list(labels.shape[:2])}"
            )
        self.features, self.labels = features, labels

    def __len__(self) -> int:
        return self.features.shape[1]

    def __getitem__(self, index: int) -> Sample:
        return self.features[:, index], self.labels[:, index]

    def batch(self, indices: list[int]) -> Batch:
        """Return several samples at once."""
        at = torch.tensor(indices)
        return self.features.index_select(1, at), self.labels.index_select(1, at)


class RegressionDataset(TimeMajorDataset):
    r"""Ramps from zero to a random end point, and a curve over each of them.

    Sample :math:`n` has the feature :math:`x_t = e_n\, t / (T - 1)` for
    :math:`t = 0, \dots, T - 1` with its end point :math:`e_n \sim U(0, 1)`, and the
    label

    .. math:: y_t = x_t \;\text{("linear")} \qquad\text{or}\qquad
              y_t = \sqrt{a\, x_t} \;\text{("sqrt")}.

    The slope :math:`a` belongs to the data set, not to the sample: share it between
    training, validation and test set, or they pose different problems.

    Args:
        timesteps: Number of time steps :math:`T`, at least 2.
        num_samples: Number of samples :math:`N`, at least 1.
        mode: ``"linear"`` or ``"sqrt"``.
        seed: Seed of a generator of its own; the global one is neither read nor
            moved. ``None`` draws afresh. The first samples of a larger data set are
            those of a smaller one with the same seed.
        slope: Slope :math:`a \ge 0` of the ``"sqrt"`` labels. ``None`` draws it from
            :math:`U(0, 1)`; ``"linear"`` has none and takes only ``None``.

    Attributes:
        features: Float32 tensor ``[T, N, 1]`` on the CPU, dimensionless.
        labels: Float32 tensor ``[T, N, 1]`` on the CPU, in units of the membrane
            potential.
        slope: The slope used, or ``None`` for ``"linear"``.

    Raises:
        ValueError: For an unknown mode, fewer than 2 time steps, fewer than 1 sample,
            a slope that is negative, not finite or given for ``"linear"``, or a seed
            that is not ``None`` or an integer of at least 0.

    Source:
        The data of A. Henkes and J. K. Eshraghian, *Regression with SNNs: Part I*,
        with the slope made a value that data sets can share.
    """

    def __init__(
        self,
        timesteps: int = 50,
        num_samples: int = 1,
        mode: str = "sqrt",
        seed: int | None = None,
        slope: float | None = None,
    ) -> None:
        whole_number("timesteps", timesteps, at_least=2)
        whole_number("num_samples", num_samples, at_least=1)
        one_of("mode", mode, MODES)
        if slope is not None and mode == "linear":
            raise ValueError(
                f'slope must be None for mode "linear", whose label is the feature '
                f"itself, not {slope!r}"
            )
        largest = torch.finfo(torch.float32).max
        if slope is not None and not (finite(slope) and 0 <= slope <= largest):
            raise ValueError(
                f"slope must be a number between 0 and {largest:g}, not {slope!r}"
            )

        generator = local_generator(seed)
        # The slope comes first, and is drawn even when given: so it depends on the
        # seed alone, and the end points never depend on it.
        exact: dict[str, Any] = {"dtype": torch.float32, "device": "cpu"}
        drawn = float(torch.rand((), generator=generator, **exact))
        ends = torch.rand(num_samples, generator=generator, **exact)
        ramp = torch.linspace(0.0, 1.0, timesteps, **exact)
        features = (ramp[:, None] * ends)[:, :, None]

        self.mode = mode
        if mode == "linear":
            self.slope = None
            labels = features.clone()
        else:
            self.slope = drawn if slope is None else float(slope)
            labels = torch.sqrt(self.slope * features)
        super().__init__(features, labels)


def make_loader(
    dataset: Dataset[Sample],
    batch_size: int = 1,
    shuffle: bool = False,
    seed: int | None = None,
) -> DataLoader[Sample]:
    """Serve a data set in time-major batches.

    Args:
        dataset: Anything whose items are pairs ``([T, F], [T, O])``; a
            :class:`TimeMajorDataset` of two tensors is served fastest.
        batch_size: Samples in a batch, at least 1. The last batch may be smaller; no
            sample is dropped.
        shuffle: Draw a new order in each epoch.
        seed: Seed of that order. The global generator is neither read nor moved.

    Returns:
        A loader of pairs ``([T, B, F], [T, B, O])``: time first, as the neurons'
        loop over time reads them, where PyTorch's default would put the batch first.

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
        # An item that a class makes itself, say noisy, is looked up one by one.
        item = getattr(type(self.dataset), "__getitem__", None)
        whole = item is TimeMajorDataset.__getitem__
        for indices in self.batch_sampler or ():
            if whole:
                yield self.dataset.batch(indices)  # type: ignore[attr-defined]
            else:
                yield _time_major([self.dataset[index] for index in indices])


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


def _time_major(samples: list[Sample]) -> Batch:
    for sample in samples:
        pair = isinstance(sample, tuple | list) and len(sample) == 2
        if not (pair and all(isinstance(x, Tensor) and x.ndim == 2 for x in sample)):
            raise ValueError(
                f"dataset must have items (features [T, F], labels [T, O]), not "
                f"{_described(sample)}"
            )
    features, labels = zip(*samples, strict=True)
    return _side_by_side("features", features), _side_by_side("labels", labels)


def _side_by_side(name: str, curves: tuple[Tensor, ...]) -> Tensor:
    shapes = {tuple(curve.shape) for curve in curves}
    if len(shapes) > 1:
        raise ValueError(
            f"{name} of a batch must all have the same shape [T, F], not "
            f"{sorted(shapes)}: serve sequences of unequal length with batch_size=1"
        )
    return torch.stack(curves, dim=1)


def _described(sample: object) -> str:
    if isinstance(sample, tuple | list):
        return f"({', '.join(map(_described, sample))})"
    if isinstance(sample, Tensor):
        return f"a tensor {list(sample.shape)}"
    return f"a {type(sample).__name__}"
