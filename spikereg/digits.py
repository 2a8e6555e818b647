"""Handwritten digits, read row by row."""

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from spikereg._check import finite, local_generator, one_of, tensor, whole_number
from spikereg.data import Batch, Sample, TimeMajorDataset

PARTS = ("train", "validation", "test")

#: Largest change of an image: its angle in radians, its two scales, and its place as a
#: share of half its side, one pixel.
ANGLE, SCALE, SHIFT = 0.25, 0.15, 0.25


class DigitsDataset(TimeMajorDataset):
    r"""The 1,797 digits that come with scikit-learn, 8 × 8 pixels each, over time.

    A network hears one row of the image after another, from the top, each for
    ``repeat`` steps, and then ``blank`` steps of zeros. Only the latter count: there
    the answer is read. Labels are classes.

    The images are split at random, but each part has the same share of each digit:
    64 % to train, 16 % to choose by, and 20 % to test. **The same 13 people wrote the
    digits of all three parts**: what is measured is how a network reads new digits of
    known hands.

    Args:
        part: ``"train"``, ``"validation"`` or ``"test"``.
        split: Seed of the split.
        repeat: Steps for each row, at least 1.
        blank: Steps of zeros, at least 0; if 0, all steps count.
        augment: Turn, stretch and shift each image at random whenever it is served: by
            at most this times 14°, a pixel each way, and 15 % of the distances in the
            old image at which the pixels of the new one are read; 0 to leave them.
        seed: Seed of what is drawn then, in a generator of its own. ``None`` draws
            afresh.

    Attributes:
        images: The images ``[N, 8, 8]``, from 0, white, to 1.
        features: ``[8 · repeat + blank, N, 8]``, one feature a column; never augmented.
        labels: The digits ``[N]``.
        mask: The steps that count, ``[8 · repeat + blank, N]``.
        generator: The generator.

    Raises:
        ImportError: Without scikit-learn, which is not installed with spikereg:
            ``pip install scikit-learn``.
        ValueError: For an unknown part, a split or seed that is no integer of at least
            0, or a number of steps or an augmentation out of range.

    Source:
        E. Alpaydin, C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine
        Learning Repository, 1998: its test set.
    """

    def __init__(
        self,
        part: str = "train",
        split: int = 0,
        *,
        repeat: int = 2,
        blank: int = 8,
        augment: float = 0.0,
        seed: int | None = None,
    ) -> None:
        one_of("part", part, PARTS)
        whole_number("split", split, at_least=0)
        by_chance = local_generator(split, "split")
        whole_number("repeat", repeat, at_least=1)
        whole_number("blank", blank, at_least=0)
        if not (finite(augment) and 0 <= augment <= 1):
            raise ValueError(f"augment must be between 0 and 1, not {augment!r}")
        self.augment, self.generator = float(augment), local_generator(seed)
        self.repeat, self.blank = int(repeat), int(blank)
        images, labels = _loaded()
        chosen = _chosen(labels, part, by_chance)
        self.images = images[chosen]
        features = self.over_time(self.images)
        mask = torch.zeros(features.shape[:2], dtype=torch.bool)
        mask[-self.blank :] = True  # all of them if there are none
        super().__init__(features, labels[chosen], mask)

    def over_time(self, images: Tensor) -> Tensor:
        """Return images ``[B, 8, 8]`` as features ``[T, B, 8]``."""
        tensor("images", images)
        if images.ndim != 3 or images.shape[1:] != (8, 8):
            raise ValueError(f"images must be [B, 8, 8], not {list(images.shape)}")
        rows = images.transpose(0, 1).repeat_interleave(self.repeat, dim=0)
        return torch.cat([rows, rows.new_zeros(self.blank, *rows.shape[1:])])

    def __getitem__(self, index: int) -> Sample:
        at = range(len(self))[index]
        features, label, mask = self.batch([at])
        return features[:, 0], label[0], mask[:, 0]

    def batch(self, indices: list[int]) -> Batch:
        """Return several samples at once, augmented."""
        if not self.augment:
            return super().batch(indices)
        features = self.over_time(_changed(self.images[indices], self))
        _, *rest = super().batch(indices)
        return features, *rest


def _loaded() -> tuple[Tensor, Tensor]:
    """Return all images and labels."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "the digits come with scikit-learn: pip install scikit-learn"
        ) from error
    digits = load_digits()
    return (
        torch.tensor(digits.images / 16, dtype=torch.float32),
        torch.tensor(digits.target),
    )


def _chosen(labels: Tensor, part: str, generator: torch.Generator) -> Tensor:
    """Return which samples a part has: of each digit as large a share."""
    parts = []
    for digit in range(10):
        own = (labels == digit).nonzero()[:, 0]
        own = own[torch.randperm(len(own), generator=generator)]
        ends = [round(share * len(own)) for share in (0, 0.64, 0.8, 1)]
        at = PARTS.index(part)
        parts.append(own[ends[at] : ends[at + 1]])
    return torch.cat(parts).sort().values


def _changed(images: Tensor, how: DigitsDataset) -> Tensor:
    """Turn, stretch and shift each image at random; zeros come in at the edges."""
    drawn = 2 * torch.rand(len(images), 5, generator=how.generator) - 1
    turn, wide, high, right, down = (how.augment * drawn).T
    cos, sin = (ANGLE * turn).cos(), (ANGLE * turn).sin()
    wide, high = 1 + SCALE * wide, 1 + SCALE * high
    # Where each pixel of the new image was in the old one
    rows = (
        torch.stack([cos * wide, -sin * wide, SHIFT * right], dim=1),
        torch.stack([sin * high, cos * high, SHIFT * down], dim=1),
    )
    places = affine_grid(
        torch.stack(rows, dim=1), [len(images), 1, 8, 8], align_corners=False
    )
    return grid_sample(images[:, None], places, align_corners=False)[:, 0]
