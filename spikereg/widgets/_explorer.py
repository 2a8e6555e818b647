"""What all explorers have in common: traits that check themselves, and controls."""

import itertools
import re
from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

from spikereg._check import finite
from spikereg.widgets._source import FOLDER


class Range(traitlets.Float):  # type: ignore[type-arg]  # Colab's traitlets take none
    """A number between two bounds, moved in the page by a slider.

    Args:
        low: Smallest value.
        high: Largest value.
        step: Distance of two positions of the slider.
        default: Value at the start.
        label: Name of the slider.
        sign: Stands before the value.
        log: Whether the slider moves by powers of ten; ``step`` is one of those then.
        least: With ``log`` and a ``low`` of 0, the smallest number that the slider
            tells from 0, which stands one step below.
        unit: Stands behind the value.
    """

    kind = ""

    def __init__(
        self,
        low: float,
        high: float,
        step: float,
        default: float,
        label: str,
        sign: str = "",
        log: bool = False,
        least: float | None = None,
        unit: str = "",
    ) -> None:
        super().__init__(default_value=default)
        self.low, self.high = low, high
        slider = {"label": label, "min": low, "max": high, "step": step, "sign": sign}
        more = {"log": log, "least": least, "unit": unit}
        slider |= {name: value for name, value in more.items() if value}
        self.tag(sync=True, control=slider)

    def allows(self, value: Any) -> bool:
        """Say whether the value is a number within the bounds."""
        return finite(value) and self.low <= value <= self.high

    def validate(self, obj: traitlets.HasTraits, value: Any) -> float:
        """Raise ``TraitError`` unless the value is allowed."""
        if not self.allows(value):
            raise traitlets.TraitError(
                f"{self.name} must be {self.kind}between {self.low:g} and "
                f"{self.high:g}, not {value!r}"
            )
        return float(value)


class Whole(Range):
    """A whole number between two bounds."""

    kind = "a whole number "

    def __init__(
        self, low: int, high: int, step: int, default: int, label: str
    ) -> None:
        super().__init__(float(low), float(high), float(step), float(default), label)
        self.default_value = default
        self.metadata["control"]["whole"] = True

    def allows(self, value: Any) -> bool:
        """Say whether the value is a whole number within the bounds."""
        return super().allows(value) and value == int(value)

    def validate(self, obj: traitlets.HasTraits, value: Any) -> int:
        """Raise ``TraitError`` unless the value is allowed."""
        return int(super().validate(obj, value))


class Choice(traitlets.Unicode):  # type: ignore[type-arg]
    """One of several words, the first by default, chosen in the page from a list.

    Args:
        words: What is allowed.
        label: Name of the list.
    """

    def __init__(self, words: Sequence[str], label: str) -> None:
        super().__init__(default_value=words[0])
        self.words = words
        self.tag(sync=True, control={"label": label, "words": list(words)})

    def validate(self, obj: traitlets.HasTraits, value: Any) -> str:
        """Raise ``TraitError`` unless the value is one of the words."""
        if not (isinstance(value, str) and value in self.words):
            raise traitlets.TraitError(
                f"{self.name} must be one of {tuple(self.words)}, not {value!r}"
            )
        return str(value)


class Id(traitlets.Unicode):  # type: ignore[type-arg]
    """What an explorer is called in the page's address."""

    def __init__(self, default: str) -> None:
        super().__init__(default_value=default)
        self.tag(sync=True)

    def validate(self, obj: traitlets.HasTraits, value: Any) -> str:
        """Raise ``TraitError`` unless an address can hold the value as it is."""
        if not (isinstance(value, str) and re.fullmatch("[a-z][a-z0-9-]{0,23}", value)):
            raise traitlets.TraitError(
                f"{self.name} must be 1 to 24 of a-z, 0-9 and -, a letter first, not "
                f"{value!r}"
            )
        return value


_numbers = itertools.count(1)


class Explorer(anywidget.AnyWidget):
    """Base of the explorers: a widget whose Python has only values and their checks.

    What a value does is computed and drawn in the page, by the script that a subclass
    names.
    """

    id: Id

    _css = (FOLDER / "explorer.css").read_text(encoding="utf-8")
    # By which the page knows it again; how many explorers a kernel has made by then.
    _number = traitlets.Int().tag(sync=True)
    # What the page's sliders and lists are, and where "Start again" leads back to.
    _controls: "traitlets.List[Any]" = traitlets.List().tag(sync=True)

    def __init__(self, **values: Any) -> None:
        unknown = [name for name in values if not self.has_trait(name)]
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no {', '.join(unknown)}: it takes "
                f"{', '.join(self._names())}, id"
            )
        super().__init__(**values, _number=next(_numbers))
        self._controls = [
            {
                "name": name,
                "value": getattr(self, name),
                **self.trait_metadata(name, "control"),
            }
            for name in self._names()
        ]

    def __repr__(self) -> str:
        """Name the values, where another widget would name its address."""
        values = [
            f"{name}={text}"
            for name in (*self._names(), "id")
            if (text := self._written(name)) is not None
        ]
        return f"{type(self).__name__}({', '.join(values)})"

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return what the page needs: all of it, as it knows no defaults.

        ``ipywidgets.embed`` asks for less, and its pages would have no script.
        """
        return dict(super().get_state(key))

    def _written(self, name: str) -> str | None:
        """Return a value as Python has it; None where it goes without saying."""
        value = getattr(self, name)
        is_default = name == "id" and value == self.trait_defaults(name)
        return None if is_default else repr(value)

    @classmethod
    def _names(cls) -> list[str]:
        """List the traits that the page has controls for, in their order."""
        return [
            name
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if isinstance(value, traitlets.TraitType) and "control" in value.metadata
        ]
