"""Checks of arguments that several modules share."""

import math
from collections.abc import Sequence


def whole_number(name: str, value: object, at_least: int) -> int:
    """Return ``value`` if it is an integer no smaller than ``at_least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise ValueError(
            f"{name} must be an integer of at least {at_least}, not {value!r}"
        )
    return value


def one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    """Raise unless ``value`` is one of the ``allowed`` words."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {tuple(allowed)}, not {value!r}")


def positive(name: str, value: float) -> None:
    """Raise unless ``value`` is a positive, finite number."""
    if not (isinstance(value, int | float) and 0 < value < math.inf):
        raise ValueError(f"{name} must be a positive finite number, not {value!r}")
