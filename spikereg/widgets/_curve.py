"""A trait that holds a curve: the name of one that is known, or one that is drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets
from torch import Tensor

from spikereg._check import finite

# Parts of the range that a link tells apart, as in numerics/curve.js
GRID = 1000


def on_grid(height: float, low: float, high: float) -> float:
    """Bring a height of a curve to the nearest one that a link can carry."""
    part = round((height - low) / (high - low), 3)
    return round(low + (high - low) * part, 9)


def written(curve: tuple[float, ...], presets: Mapping[str, tuple[float, ...]]) -> str:
    """Return a curve as Python has it: by its name, or as a list."""
    named = (name for name, other in presets.items() if other == curve)
    return repr(next(named, list(curve)))


class Curve(traitlets.Any):
    """A curve: the name of a preset, or its heights, kept to a thousandth of the range.

    Args:
        presets: Curves by their names, the first of them by default.
        steps: Smallest and largest number of time steps.
        heights: Smallest and largest height.
        label: Name of the curve in the page.
    """

    allow_none = False

    def __init__(
        self,
        presets: Mapping[str, tuple[float, ...]],
        *,
        steps: tuple[int, int],
        heights: tuple[float, float],
        label: str,
    ) -> None:
        super().__init__(default_value=next(iter(presets.values())))
        self.presets, self.steps, self.heights = dict(presets), steps, heights
        control: dict[str, Any] = {"label": label, "presets": self.presets}
        if heights != (0.0, 1.0):
            control |= {"min": heights[0], "max": heights[1]}
        if steps[0] == steps[1]:
            control["steps"] = steps[0]
        self.tag(sync=True, control=control)

    def _presets_of(self, obj: Any) -> Mapping[str, tuple[float, ...]]:
        """Return the presets that an explorer has; here those of all."""
        return self.presets

    def validate(self, obj: traitlets.HasTraits, value: Any) -> tuple[float, ...]:
        """Raise ``TraitError`` unless the value is a preset or a curve in the range."""
        presets = self._presets_of(obj)
        if isinstance(value, str):
            if value in presets:
                return presets[value]
            raise traitlets.TraitError(
                f"{self.name} must be one of {tuple(presets)} or a sequence of "
                f"numbers, not {value!r}"
            )
        if isinstance(value, Tensor | np.ndarray):
            value = value.tolist()
        if isinstance(value, bytes) or not isinstance(value, Sequence):
            raise traitlets.TraitError(
                f"{self.name} must be the name of a preset or a sequence of numbers, "
                f"not {value!r}"
            )
        curve = tuple(value)
        fewest, most = self.steps
        if not fewest <= len(curve) <= most:
            count = most if fewest == most else f"between {fewest} and {most}"
            raise traitlets.TraitError(
                f"{self.name} must have {count} time steps, not {len(curve)}"
            )
        low, high = self.heights
        for height in curve:
            if not (finite(height) and low <= height <= high):
                raise traitlets.TraitError(
                    f"{self.name} must have values between {low:g} and {high:g}, not "
                    f"{height!r}"
                )
        for preset in presets.values():
            if curve == preset:  # though perhaps with whole numbers
                return preset
        return tuple(on_grid(float(height), low, high) for height in curve)
