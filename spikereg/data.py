"""Ramps and the curves a network learns from them, served time-major."""

from collections.abc import Iterator
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from spikereg._check import finite, local_generator, one_of, whole_number

MODES = ("linear", "sqrt")

Sample = tuple[Float[Tensor, "T F"], Float[Tensor, "T O"]]
Batch = tuple[Float[Tensor, "T B F"], Float[Tensor, "T B O"]]


class TimeMajorDataset(Dataset[Sample]):
    """Samples that lie side by side in two tensors, time first.

    Attributes:
        features: ``[T, N, F]``.
        labels: ``[T, N, O]``.
    """

    features: Float[Tensor, "T N F"]
    labels: Float[Tensor, "T N O"]

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
        if slope is not None and not (finite(slope) and slope >= 0):
            raise ValueError(
                f"slope must be a finite number of at least 0, not {slope!r}"
            )

        generator = local_generator(seed)
        # The slope comes first, and is drawn even when given: so it depends on the
        # seed alone, and the end points never depend on it.
        drawn = float(torch.rand((), generator=generator))
        ends = torch.rand(num_samples, generator=generator)
        ramp = torch.linspace(0.0, 1.0, timesteps)
        self.features = (ramp[:, None] * ends)[:, :, None]

        self.mode = mode
        if mode == "linear":
            self.slope = None
            self.labels = self.features.clone()
        else:
            self.slope = drawn if slope is None else float(slope)
            self.labels = torch.sqrt(self.slope * self.features)


def make_loader(
    dataset: Dataset[Sample],
    batch_size: int = 1,
    shuffle: bool = False,
    seed: int | None = None,
) -> DataLoader[Sample]:
    """Serve a data set in time-major batches.

    Args:
        dataset: Anything whose items are pairs ``([T, F], [T, O])``.
        batch_size: Samples in a batch, at least 1. The last batch may be smaller; no
            sample is dropped.
        shuffle: Draw a new order in each epoch.
        seed: Seed of that order. The global generator is neither read nor moved.

    Returns:
        A loader of pairs ``([T, B, F], [T, B, O])``: time first, as the neurons'
        loop over time reads them, where PyTorch's default would put the batch first.

    Raises:
        ValueError: If ``batch_size`` is less than 1, or the seed neither ``None`` nor
            an integer of at least 0.
    """
    whole_number("batch_size", batch_size, at_least=1)
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
        for indices in self.batch_sampler or ():
            if isinstance(self.dataset, TimeMajorDataset):
                yield self.dataset.batch(indices)
            else:
                yield _time_major([self.dataset[index] for index in indices])


def _time_major(samples: list[Sample]) -> Batch:
    features, labels = zip(*samples, strict=True)
    return (
        torch.stack(cast(tuple[Tensor, ...], features), dim=1),
        torch.stack(cast(tuple[Tensor, ...], labels), dim=1),
    )
