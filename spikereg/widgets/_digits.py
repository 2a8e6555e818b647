"""Images of digits: samples, drawings, and which of them is read."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, TypeGuard

import numpy as np
import torch
import traitlets
from torch import Tensor

# Images to choose from: they stand in a list.
MOST = 100
# Pixels of a drawing, to each side.
SIDE = 32
DRAWING = "drawing"


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, Integral) and not isinstance(value, bool)


class Sample(traitlets.Any):
    """Which image is read: the number of a sample, or the reader's own drawing."""

    allow_none = False

    def __init__(self) -> None:
        super().__init__(default_value=0)
        self.tag(sync=True, control={"label": "image"})

    def validate(self, obj: Any, value: Any) -> int | str:
        """Raise ``TraitError`` unless there is such an image."""
        most = len(obj._task["labels"])
        if isinstance(value, str):
            if value == DRAWING:
                return DRAWING
            # The page's list has words only.
            if value in map(str, range(most)):
                return int(value)
        if _whole(value) and 0 <= value < most:
            return int(value)
        raise traitlets.TraitError(
            f"{self.name} must be a whole number between 0 and {most - 1} or "
            f'"{DRAWING}", not {value!r}'
        )


class Drawing(traitlets.Any):
    """Pixels that are set: a number for each of 32 rows, the left pixel its top bit."""

    allow_none = False

    def __init__(self) -> None:
        super().__init__(default_value=(0,) * SIDE)
        self.tag(sync=True, control={"label": "pixels as drawn", "pixels": True})

    def validate(self, obj: traitlets.HasTraits, value: Any) -> tuple[int, ...]:
        """Raise ``TraitError`` unless the value has 32 rows of 32 bits."""
        if isinstance(value, Tensor | np.ndarray):
            value = value.tolist()
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise traitlets.TraitError(
                f"{self.name} must be a sequence of {SIDE} whole numbers, not {value!r}"
            )
        if len(value) != SIDE:
            raise traitlets.TraitError(
                f"{self.name} must have {SIDE} rows, not {len(value)}"
            )
        for row in value:
            if not (_whole(row) and 0 <= row < 2**SIDE):
                raise traitlets.TraitError(
                    f"{self.name} must have rows that are whole numbers between 0 and "
                    f"2**{SIDE} - 1, not {row!r}"
                )
        return tuple(int(row) for row in value)


def images_of(images: object) -> Tensor:
    """Return images in single precision, or raise unless they are ones."""
    if not isinstance(images, Tensor | np.ndarray):
        raise TypeError(
            f"images must be a tensor or an array, not {type(images).__name__}"
        )
    shape = list(images.shape)
    if len(shape) != 3 or shape[1:] != [8, 8] or not 1 <= shape[0] <= MOST:
        raise ValueError(
            f"images must have the shape [N, 8, 8], with N between 1 and {MOST}, not "
            f"{shape}"
        )
    if isinstance(images, Tensor):
        floating = images.is_floating_point()
    else:
        floating = np.issubdtype(images.dtype, np.floating)
    if not floating:
        raise ValueError(f"images must be floating-point, not {images.dtype}")
    if isinstance(images, np.ndarray):
        images = torch.from_numpy(np.array(images, np.float32, order="C"))
    pixels = images.detach().to("cpu", torch.float32)
    for value in (pixels.min().item(), pixels.max().item()):
        if not 0 <= value <= 1:  # a NaN is both
            raise ValueError(f"images must be between 0 and 1, not {value:g}")
    return pixels


def labels_of(labels: object, number: int) -> list[int]:
    """Return labels as integers, or raise unless there is a digit for each image."""
    if isinstance(labels, Tensor | np.ndarray):
        labels = labels.tolist()
    if isinstance(labels, str | bytes) or not isinstance(labels, Sequence):
        raise TypeError(
            f"labels must be a sequence of integers, not {type(labels).__name__}"
        )
    if len(labels) != number:
        raise ValueError(
            f"labels must be as many as the {number} images, not {len(labels)}"
        )
    for label in labels:
        if not (_whole(label) and 0 <= label <= 9):
            raise ValueError(f"labels must be integers from 0 to 9, not {label!r}")
    return [int(label) for label in labels]


def between(name: str, value: object, low: int, high: int) -> None:
    """Raise unless ``value`` is an integer between two others."""
    if not (_whole(value) and low <= value <= high):
        raise ValueError(
            f"{name} must be an integer between {low} and {high}, not {value!r}"
        )
