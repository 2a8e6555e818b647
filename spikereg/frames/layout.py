"""Which columns of a table there are, and how they become windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikereg.frames import pieces
from spikereg.frames.pieces import Series, Windows
from spikereg.frames.reading import Table, read
from spikereg.frames.values import Numbers

#: What the column is called that says how many rows of its piece a network has seen.
SEEN = "rows seen"


@dataclass(frozen=True)
class Layout:
    """Which columns, and how they become windows; see :func:`spikereg.from_frame`.

    Attributes:
        inputs: Columns that the network sees.
        outputs: Columns that it learns.
        time: Column of times, or ``None``.
        group: Column of series, or ``None``.
        horizon: Steps that an answer lies ahead.
        step: Time from row to row, in seconds where times are dates.
        gap: Steps from which on two rows do not follow one another.
        window: Rows of a window that count.
        warm_up: Rows before them.
    """

    inputs: Sequence[str]
    outputs: Sequence[str]
    time: str | None
    group: str | None
    horizon: int
    step: float | None
    gap: float
    window: int
    warm_up: int

    @property
    def told(self) -> tuple[str, ...]:
        """What the outputs are called in answers to another table."""
        later = f", {self.horizon} later" * bool(self.horizon)
        return tuple(f"{name}{later}" for name in self.outputs)

    def columns(self, table: Table) -> dict[str, Numbers]:
        """Return the inputs and outputs of a table by their names."""
        return dict(zip(self.inputs, table.inputs.T, strict=True)) | dict(
            zip(self.outputs, table.outputs.T, strict=True)
        )

    def read(self, table: Any, *, answers: bool = True) -> Table:
        """Read these columns."""
        return read(
            table, self.inputs, self.outputs, self.time, self.group, answers=answers
        )

    def in_steps(self, table: Table) -> Series:
        """Put the rows in order, and cut them where some are missing."""
        return pieces.in_steps(
            table, self.horizon, self.step, self.gap, self.time is not None
        )

    def cut(self, series: Series, counted: npt.NDArray[np.bool_]) -> Windows:
        """Cut windows in which these places count."""
        return pieces.windows(series, counted, self.window, self.warm_up)
