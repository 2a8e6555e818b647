"""A series told by spikes in three ways, and read back from them, live."""

import math
from collections.abc import Mapping
from typing import Any

from spikereg.widgets._curve import on_grid, written
from spikereg.widgets._explorer import Choice, Explorer, Id, Range, Whole
from spikereg.widgets._series import Series, SeriesCurve, checked, parts
from spikereg.widgets._source import joined

STEPS = 120


def _jump(t: int) -> float:
    """Give a sine that goes on higher up after a while."""
    return 0.3 + 0.2 * math.sin(math.pi * t / 12) + 0.4 * (t >= 70)


# In parts of a range from 0 to 1
BUILT_IN: Series = {
    "jump": tuple(on_grid(_jump(t), 0.0, 1.0) for t in range(STEPS)),
    "sawtooth": tuple(on_grid(t % 40 / 40, 0.0, 1.0) for t in range(STEPS)),
}


class EncodingExplorer(Explorer):
    r"""A series as spikes of three codes, and what each of them lets one read back.

    The codes are those of :mod:`spikereg.encoding`, of the series in parts of its own
    range :math:`R`, from its smallest value to its largest: by rate, each of so many
    neurons fires by chance; by level crossings, two neurons of each level fire when the
    series passes it; by changes, two neurons fire when a step is large. The reader
    chooses a series, or draws one by mouse, pen, finger or keys.

    Shown are the series, in its own unit, and over it what is read back from one of the
    codes; and below each other the spikes of all three. The error is the root of the
    mean square, in the unit of the series, and in per cent of its range.

    What is drawn on a series keeps its unit, and is read back in it. The parameters but
    for ``series`` are traits, as those of :class:`spikereg.widgets.LIFExplorer`.

    Args:
        series: A mapping from names to series, each of 2 to 400 numbers in any unit, in
            front of those that are built in, ``"jump"`` and ``"sawtooth"``.
        curve: The name of a series, by default of the first, or one height in [0, 1], a
            part of the range, for each of 2 to 400 time steps, kept to three decimals.
            The trait holds the heights.
        read_back: ``"level_crossings"``, ``"rate"`` or ``"delta"``.
        level_step: Distance of two levels :math:`\Delta / R`, between 0.02 and 0.5.
        threshold: Threshold of a change :math:`\theta / R`, between 0.01 and 0.5.
        neurons: Neurons of the code by rate :math:`N`, between 1 and 50.
        seed: Seed of their spikes, between 0 and 99.
        id: What it is called in the page's address, as of
            :class:`spikereg.widgets.LIFExplorer`.

    Raises:
        traitlets.TraitError: If a series is none, a value is out of range, or the id
            none.
        TypeError: For a name that is none of these.
    """

    _esm = joined("encoding.js")

    id = Id("encoding")
    curve = SeriesCurve(BUILT_IN, label="series")
    read_back = Choice(["level_crossings", "rate", "delta"], label="read back from")
    level_step = Range(0.02, 0.5, 0.01, default=0.1, label="level step / range")
    threshold = Range(0.01, 0.5, 0.01, default=0.04, label="threshold / range")
    neurons = Whole(1, 50, 1, default=20, label="rate neurons N")
    seed = Whole(0, 99, 1, default=0, label="rate seed")

    def __init__(self, series: Mapping[str, Any] | None = None, **values: Any) -> None:
        given = checked(series, taken=[*BUILT_IN, "drawn"])
        self._parts: Series = {name: parts(each) for name, each in given.items()}
        self._parts |= BUILT_IN
        super().__init__(**{"curve": next(iter(self._parts)), **values})
        scales = {name: (min(each), max(each)) for name, each in given.items()}
        own = {"curve": {"presets": self._parts, "scales": scales}}
        self._controls = [each | own.get(each["name"], {}) for each in self._controls]

    def _written(self, name: str) -> str | None:
        if name != "curve":
            return super()._written(name)
        return written(self.curve, self._parts)
