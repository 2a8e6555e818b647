"""Series that a reader may choose: their checks, and their places in their range."""

from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from spikereg._check import finite
from spikereg.widgets._curve import Curve, on_grid

LONGEST = 400

Series = dict[str, tuple[float, ...]]


def checked(series: object, taken: Sequence[str]) -> Series:
    """Return series by their names, each as its numbers; raise if there is one of none.

    Args:
        series: A mapping from names to numbers; ``None`` for an empty one.
        taken: Names that none may have.
    """
    if series is None:
        return {}
    if not isinstance(series, Mapping):
        raise traitlets.TraitError(
            f"series must be a mapping from names to numbers, not {series!r}"
        )
    for name in series:
        if not (isinstance(name, str) and 1 <= len(name.strip()) <= 40):
            raise traitlets.TraitError(
                f"a name of series must have 1 to 40 letters, not be {name!r}"
            )
        if name in taken:
            raise traitlets.TraitError(
                f"a name of series must be none of {tuple(taken)}, not {name!r}"
            )
    return {name: _numbers(name, values) for name, values in series.items()}


def _numbers(name: str, values: Any) -> tuple[float, ...]:
    where = f"series[{name!r}]"
    if hasattr(values, "tolist"):  # of NumPy, PyTorch or pandas
        values = values.tolist()
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise traitlets.TraitError(f"{where} must be numbers, not {values!r}")
    if not 2 <= len(values) <= LONGEST:
        raise traitlets.TraitError(
            f"{where} must have between 2 and {LONGEST} values, not {len(values)}"
        )
    for t, value in enumerate(values):
        if not finite(value):
            raise traitlets.TraitError(
                f"{where} must be finite numbers, not {value!r} at {t}"
            )
    numbers = tuple(map(float, values))
    if not 0 < max(numbers) - min(numbers) < float("inf"):
        raise traitlets.TraitError(
            f"{where} must change, by a finite number, not be {numbers[0]:g} to "
            f"{numbers[-1]:g}"
        )
    return numbers


def parts(values: Sequence[float]) -> tuple[float, ...]:
    """Return the places of values in their range, each kept to a thousandth of it."""
    low, high = min(values), max(values)
    return tuple(on_grid((value - low) / (high - low), 0.0, 1.0) for value in values)


class SeriesCurve(Curve):
    """A curve whose presets are the series of its explorer."""

    def __init__(self, presets: Series, label: str) -> None:
        super().__init__(presets, steps=(2, LONGEST), heights=(0.0, 1.0), label=label)
        self.metadata["control"]["longest"] = LONGEST

    def _presets_of(self, obj: Any) -> Series:
        return obj._parts  # type: ignore[no-any-return]
