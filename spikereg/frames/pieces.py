"""Cut series into pieces without gaps, and these into windows."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spikereg._check import shown
from spikereg.frames.reading import Table
from spikereg.frames.values import Numbers, complete

Rows = npt.NDArray[np.int64]
PARTS = ("train", "validation", "test")


class Series(NamedTuple):
    """The rows of a table by group and time, in steps.

    Attributes:
        order: Row of the table at each place, ``[R]``: group by group.
        piece: Number of the piece in which no input is missing either; -1 where one is.
        ahead: Row of the table ``horizon`` steps later, -1 if there is none, ``[R]``.
        step: Time from row to row.
    """

    order: Rows
    piece: Rows
    ahead: Rows
    step: float


class Windows(NamedTuple):
    """Which rows each window holds.

    Attributes:
        rows: Rows of the table ``[T, N]``; row 0 after a window's end.
        inside: Whether a place is before a window's end, ``[T, N]``.
        counted: Whether its answer counts, ``[T, N]``.
    """

    rows: Rows
    inside: npt.NDArray[np.bool_]
    counted: npt.NDArray[np.bool_]

    @property
    def answers(self) -> Rows:
        """Rows of the table that count, window beside window."""
        return self.rows[self.counted]

    def where(self, known: npt.NDArray[np.bool_]) -> "Windows":
        """Let only rows of the table count that are known; drop windows without any."""
        counted = self.counted & known[self.rows]
        kept = counted.any(axis=0)
        return Windows(self.rows[:, kept], self.inside[:, kept], counted[:, kept])


def in_steps(
    table: Table, horizon: int, step: float | None, gap: float, timed: bool
) -> Series:
    """Put rows in order, and cut them where a step is missing.

    Raises:
        ValueError: If times are repeated, run backwards or not in equal steps.
    """
    order = np.argsort(table.group, kind="stable")
    time, group = table.time[order], table.group[order]
    same = group[1:] == group[:-1]
    if not timed:
        step, joined = 1.0, same
    else:
        apart = np.diff(time)
        _check_forwards(apart, same, order, table)
        step = _step_of(apart[same], step)
        _check_equal(apart, same, order, step, table)
        joined = same & (apart <= gap * step)
    run = np.concatenate([[0], np.cumsum(~joined)])
    whole = complete(table.inputs[order])
    begins = whole & np.concatenate([[True], ~joined | ~whole[:-1]])
    piece = np.where(whole, np.cumsum(begins) - 1, -1)
    ahead = np.full(len(order), -1, dtype=np.int64)
    last = max(0, len(run) - horizon)
    there = run[horizon:] == run[:last]
    ahead[:last] = np.where(there, order[horizon:], -1)
    return Series(order, piece, ahead, step)


def _check_forwards(
    apart: Numbers, same: npt.NDArray[np.bool_], order: Rows, table: Table
) -> None:
    if (bad := same & (apart <= 0)).any():
        n = int(bad.argmax())
        how = "repeat a time" if apart[n] == 0 else "run backwards"
        clocks = "; where clocks are put back in autumn, give times with their zone"
        raise ValueError(
            f"time must grow from row to row of a series: rows {order[n] + 1} and "
            f"{order[n + 1] + 1} {how}{_of_group(table, order[n])}; sort the table by "
            f"time, keep one row for each moment, and name the column of groups if "
            f"there are several series{clocks * table.dates}"
        )


def _step_of(apart: Numbers, step: float | None) -> float:
    if step is not None:
        return float(step)
    if len(apart) == 0:
        raise ValueError(
            "time must have at least two rows in a series, not one in each"
        )
    return float(np.median(apart))


def _check_equal(
    apart: Numbers,
    same: npt.NDArray[np.bool_],
    order: Rows,
    step: float,
    table: Table,
) -> None:
    unit = " s" if table.dates else ""
    regular = np.abs(apart[same] - step) <= 0.1 * step
    if 2 * regular.sum() < same.sum():
        median = np.median(apart[same])
        raise ValueError(
            f"time must run in equal steps: only {regular.sum()} of {same.sum()} are "
            f"within a tenth of {step:g}{unit}, and their median is {median:g}{unit}; "
            f"resample the table first, or make it one with this step"
        )
    if (bad := same & (apart < 0.5 * step)).any():
        n = int(bad.argmax())
        raise ValueError(
            f"time must run in equal steps: rows {order[n] + 1} and {order[n + 1] + 1} "
            f"are {apart[n]:g}{unit} apart{_of_group(table, order[n])}, less than half "
            f"a step of {step:g}{unit}; resample the table first"
        )


def _of_group(table: Table, row: int) -> str:
    label = f" in group {shown(table.names[table.group[row]])}"
    return label * (len(table.names) > 1)


def by_time(
    table: Table, series: Series, validation: int | float, test: int | float
) -> npt.NDArray[np.intp]:
    """Return the part of each row of the table: its group's last ones are the test."""
    group = table.group[series.order]
    count = np.bincount(group).tolist()
    tested = np.array([n - _rows_of(test, n) for n in count])
    chosen = tested - [_rows_of(validation, n) for n in count]
    if (bad := chosen < 1).any():
        code = int(bad.argmax())
        raise ValueError(
            f"validation and test must leave rows to train on, not take "
            f"{shown(validation)} and {shown(test)} of {count[code]} rows"
            f"{_of_group(table, int((table.group == code).argmax()))}"
            f"{'; leave this group out' * (len(count) > 1)}"
        )
    place = np.arange(group.size) - np.searchsorted(group, group)  # within its group
    part = np.empty(group.size, dtype=np.intp)
    part[series.order] = (place >= chosen[group]).astype(int) + (place >= tested[group])
    return part


def _rows_of(size: int | float, count: int) -> int:
    return min(int(size), count) if size >= 1 else max(1, round(size * count))


def by_group(
    table: Table, validation: int | float, test: int | float, order: Sequence[int]
) -> npt.NDArray[np.intp]:
    """Return the part of each row of the table: the last groups are the test."""
    count = len(order)
    tested = count - _rows_of(test, count)
    chosen = tested - _rows_of(validation, count)
    if chosen < 1:
        raise ValueError(
            f"validation and test must leave a group to train on, not take "
            f"{shown(validation)} and {shown(test)} of {count} groups"
        )
    part = np.zeros(count, dtype=np.intp)
    part[np.asarray(order)[chosen:]] = 1
    part[np.asarray(order)[tested:]] = 2
    return part[table.group]


def windows(
    series: Series, counted: npt.NDArray[np.bool_], window: int, warm_up: int
) -> Windows:
    """Cut pieces into windows such that each place that counts does so once.

    Args:
        series: The rows in steps.
        counted: Which places count, ``[R]``; of a piece those between two others too.
        window: How many places of a window count at most.
        warm_up: How many come before them in each window, as far as the piece has them.
    """
    warm_up, window = (min(n, len(series.order)) for n in (warm_up, window))
    at = np.flatnonzero(counted & (series.piece >= 0))
    stretch = np.flatnonzero(np.diff(series.piece[at], prepend=-1))  # one in each piece
    length = np.diff(np.append(stretch, at.size))
    since = np.arange(at.size) - np.repeat(stretch, length)
    first = np.flatnonzero(since % window == 0)
    start = at[first]
    end = np.minimum(start + window, np.repeat(at[stretch] + length, length)[first])
    begin = np.maximum(start - warm_up, _begins(series.piece)[start])
    places = begin + np.arange((end - begin).max(initial=0))[:, None]
    inside = places < end
    rows = np.where(inside, series.order[np.minimum(places, len(series.order) - 1)], 0)
    return Windows(rows, inside, inside & (places >= start))


def seen(series: Series) -> Rows:
    """Return how many rows of its piece each place has until it, itself included."""
    place = np.arange(len(series.piece))
    return np.where(series.piece >= 0, place - _begins(series.piece) + 1, 0)


def _begins(piece: Rows) -> Rows:
    """Return the place where the piece of each place begins."""
    edge = np.flatnonzero(np.diff(piece, prepend=-2))
    return np.repeat(edge, np.diff(np.append(edge, piece.size)))
