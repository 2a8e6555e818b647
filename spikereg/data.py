"""Sequences and their labels, and ramps with the curves a network learns from them."""

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from spikereg._check import finite, local_generator, one_of, tensor, whole_number

MODES = ("linear", "sqrt")

#: Features and labels of one sample or of a batch, and perhaps a mask.
Sample = tuple[Tensor, ...]
Batch = tuple[Tensor, ...]


class TimeMajorDataset(Dataset[Sample]):
    """Samples that lie side by side in tensors, time first.

    Args:
        features: ``[T, N, F]``: time steps, samples, features.
        labels: Curves ``[T, N, O]``, one number for each output and sample, ``[N, O]``,
            or the class of each sample, whole numbers ``[N]``.
        mask: Truth values ``[T, N]``: which steps of each sample count. ``None`` for
            all, and for pairs instead of triples.

    Attributes:
        features: The tensor given.
        labels: The tensor given.
        mask: The tensor given, or ``None``.

    Raises:
        TypeError: If one of them is no tensor.
        ValueError: If the features do not have three axes with at least one value, or
            labels or mask not as many time steps and samples as above.
    """

    features: Float[Tensor, "T N F"]
    labels: Tensor
    mask: Bool[Tensor, "T N"] | None

    def __init__(
        self, features: Tensor, labels: Tensor, mask: Tensor | None = None
    ) -> None:
        tensor("features", features)
        if features.ndim != 3 or features.numel() == 0:
            raise ValueError(
                f"features must be a filled [T, N, F], time first, not "
                f"{list(features.shape)}"
            )
        tensor("labels", labels)
        T, N, _ = features.shape
        shape = labels.shape
        if not (labels.ndim in (1, 2, 3) and labels.numel()) or (
            shape[:2] != (T, N) if labels.ndim == 3 else shape[0] != N
        ):
            raise ValueError(
                f"labels must be filled curves, [T, N, O] with T, N = {T}, {N} as the "
                f"features have, or [N, O] or classes [N], not {list(shape)}"
            )
        if mask is not None:
            tensor("mask", mask)
            if mask.shape != (T, N) or mask.dtype != torch.bool:
                raise ValueError(
                    f"mask must be a torch.bool [T, N] = {[T, N]}, not {mask.dtype} "
                    f"{list(mask.shape)}"
                )
        self.features, self.labels, self.mask = features, labels, mask

    @classmethod
    def padded(cls, sequences: Iterable[Sequence[Any]]) -> "TimeMajorDataset":
        """Put sequences of different lengths side by side, with a mask.

        Args:
            sequences: Pairs of features ``[T, F]``, each with a T of its own, and
                labels ``[T, O]``, ``[O]`` or a class.

        Returns:
            A data set as long as the longest one, with zeros after the others' ends,
            which do not count.

        Raises:
            TypeError: If features are no tensor, or labels no tensor and no class.
            ValueError: If there are no sequences, or one is no such pair, or of another
                width, data type or device than the first.
        """
        pairs = [_sequence(n, pair) for n, pair in enumerate(sequences)]
        if not pairs:
            raise ValueError("sequences must be at least one, not none")
        for n, pair in enumerate(pairs):
            _check_alike(n, pair, pairs[0])
        features, labels = map(list, zip(*pairs, strict=True))
        mask = [x.new_ones(len(x), dtype=torch.bool) for x in features]
        side_by_side = pad_sequence if labels[0].ndim == 2 else torch.stack
        return TimeMajorDataset(
            pad_sequence(features), side_by_side(labels), pad_sequence(mask)
        )

    def __len__(self) -> int:
        return self.features.shape[1]

    def __getitem__(self, index: int) -> Sample:
        curves = self.labels.ndim == 3
        labels = self.labels[:, index] if curves else self.labels[index]
        pair = self.features[:, index], labels
        return pair if self.mask is None else (*pair, self.mask[:, index])

    def batch(self, indices: list[int]) -> Batch:
        """Return several samples at once."""
        at = torch.tensor(indices)
        axis = 1 if self.labels.ndim == 3 else 0
        pair = self.features.index_select(1, at), self.labels.index_select(axis, at)
        return pair if self.mask is None else (*pair, self.mask.index_select(1, at))


def _sequence(n: int, pair: object) -> tuple[Tensor, Tensor]:
    """Return features and labels of a sequence, or raise unless they are such."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ValueError(
            f"sequences must be pairs (features, labels), not the "
            f"{type(pair).__name__} at {n}"
        )
    features, labels = pair
    tensor("features", features)
    if isinstance(labels, Integral) and not isinstance(labels, bool):
        labels = torch.tensor(int(labels), device=features.device)
    if not isinstance(labels, Tensor):
        raise TypeError(
            f"labels must be tensors, or classes as whole numbers, not {labels!r} at "
            f"{n}"
        )
    if features.ndim != 2 or features.numel() == 0 or labels.ndim > 2:
        raise ValueError(
            f"sequences must have features [T, F] and labels [T, O], [O] or a class, "
            f"not {list(features.shape)} and {list(labels.shape)} at {n}"
        )
    if labels.ndim == 2 and len(labels) != len(features):
        raise ValueError(
            f"sequences must have a label for each of their steps, not "
            f"{list(features.shape)} and {list(labels.shape)} at {n}"
        )
    return features, labels


def _check_alike(n: int, pair: tuple[Tensor, ...], first: tuple[Tensor, ...]) -> None:
    """Raise unless a sequence can stand beside the first one, as it is."""
    for name, some, others in zip(("features", "labels"), pair, first, strict=True):
        if (some.ndim, some.shape[-1:]) != (others.ndim, others.shape[-1:]):
            raise ValueError(
                f"{name} must all be as wide as the first ones, {list(others.shape)}, "
                f"not {list(some.shape)} at {n}"
            )
        if (some.dtype, some.device) != (others.dtype, others.device):
            raise ValueError(
                f"{name} must all be {others.dtype} on {others.device}, as the first "
                f"ones are, not {some.dtype} on {some.device} at {n}"
            )


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
