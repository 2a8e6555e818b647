"""Read columns of a table."""

import csv
import difflib
import os
import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikereg._check import shown
from spikereg.frames.times import moments
from spikereg.frames.values import Numbers, groups, numbers, pandas

if TYPE_CHECKING:
    from pandas import DataFrame


#: How many names of columns an error repeats.
NAMED = 10
#: What pandas and Python's own reader are told of a file.
ENCODING = "utf-8-sig"


@dataclass(frozen=True)
class Table:
    """Columns of a table, in its order; rows are counted from 1.

    Neither the header nor blank lines of a file are counted.

    Attributes:
        inputs: Float64 ``[R, F]``, NaN where one is missing.
        outputs: Float64 ``[R, O]``, NaN likewise; all NaN where a column is not there.
        time: Float64 ``[R]``; seconds since the first if the column holds dates.
        group: Number of each row's group, ``[R]``.
        names: What the groups are called.
        dates: Whether the time column holds dates.
        frame: The columns of time and group, as they were given.
    """

    inputs: Numbers
    outputs: Numbers
    time: Numbers
    group: npt.NDArray[np.intp]
    names: Sequence[Hashable]
    dates: bool
    frame: "DataFrame"


def read(
    table: Any,
    inputs: Sequence[str],
    outputs: Sequence[str],
    time: str | None,
    group: str | None,
    *,
    answers: bool = True,
) -> Table:
    """Read the named columns of a file or frame.

    Args:
        table: Path of a CSV file, or a DataFrame.
        inputs: Names of columns, as the next three.
        outputs: Those to be learned.
        time: When each row was measured; ``None`` if rows are equally far apart.
        group: Which series each row belongs to; ``None`` for one series.
        answers: Whether the outputs must be there.
    """
    kept = [name for name in (time, group) if name is not None]
    needed = [*inputs, *(outputs if answers else ()), *kept]
    whole = isinstance(table, pandas().DataFrame)
    frame = table if whole else _read_file(table, needed)
    _check_columns(list(frame.columns), needed)
    if len(frame) == 0:
        raise ValueError(f"table must have rows, not only the header {shown(needed)}")
    rows = len(frame)
    codes = np.zeros(rows, dtype=np.intp)
    names: Sequence[Hashable] = [None]
    if group is not None:
        codes, names = groups(frame[group], group)
    times, dates = np.arange(rows, dtype=float), False
    if time is not None:
        times, dates = moments(frame[time], time)
    empty = np.full(rows, np.nan)
    return Table(
        inputs=np.stack([numbers(frame[name], name) for name in inputs], axis=1),
        outputs=np.stack(
            [numbers(frame[n], n) if answers else empty for n in outputs], axis=1
        ),
        time=times,
        group=codes,
        names=names,
        dates=dates,
        frame=frame[kept].copy(),
    )


def _read_file(table: Any, needed: Sequence[str]) -> "DataFrame":
    if not isinstance(table, str | os.PathLike):
        raise TypeError(
            f"table must be the path of a CSV file or a pandas DataFrame, not "
            f"{type(table).__name__}"
        )
    path = Path(table)
    if not os.path.isfile(path):
        raise ValueError(f"table must be a file that is there, not {shown(str(path))}")
    pd = pandas()
    about = {"encoding": ENCODING, "compression": None}
    try:
        head = pd.read_csv(path, header=None, nrows=1, dtype=str, **about).iloc[0]
        _check_columns(list(head), needed)
        with warnings.catch_warnings():  # where a row is longer than the header
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(path, low_memory=False, index_col=False, **about)
    except pd.errors.EmptyDataError as error:
        raise ValueError(f"table must have a header and rows, not {path}") from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, UnicodeError) as error:
        raise _no_csv(path, str(error).strip()) from error
    if short := _short_row(path, len(head)):
        raise _no_csv(path, short)
    # As written: pandas renames the second of two columns of one name.
    frame.columns = [
        seen if isinstance(seen, str) else given
        for seen, given in zip(head, frame.columns, strict=True)
    ]
    return frame


def _no_csv(path: Path, why: str) -> ValueError:
    return ValueError(
        f"table must be CSV in UTF-8, not {path} ({why}): read it by pandas.read_csv "
        f"with settings that suit it, and pass the frame"
    )


def _short_row(path: Path, width: int) -> str:
    """Say where a row ends before the header does: pandas would fill it up."""
    longest = csv.field_size_limit(2**31 - 1)
    try:
        with path.open(encoding=ENCODING, newline="") as file:
            rows = csv.reader(file)
            begun, blank = False, 0  # a blank line may be the only column's value
            for row in rows:
                if not "".join(row).strip() and len(row) < 2:
                    blank = blank or rows.line_num * (begun and width == 1)
                elif len(row) < width or blank:
                    line, count = (blank, 0) if blank else (rows.line_num, len(row))
                    return f"{count} of {width} columns in line {line}"
                else:
                    begun = True
    finally:
        csv.field_size_limit(longest)
    return ""


def _check_columns(there: list[Any], needed: Sequence[str]) -> None:
    for name in needed:
        if name not in there:
            alone = str(there[0]) if len(there) == 1 else ""
            sign = next((s for s in ";\t|" if s in alone), "")
            hint = f': read it by pandas.read_csv(path, sep="{sign}")' * bool(sign)
            if sign == ";":
                hint += ', with decimal="," too if its numbers have decimal commas'
            raise ValueError(
                f"table must have the column {shown(name)}, not only "
                f"{_listed(there, name)}{hint}"
            )
        if (count := there.count(name)) > 1:
            raise ValueError(
                f"table must have one column {shown(name)}, not {count} of that name"
            )


def _listed(there: list[Any], name: str) -> str:
    """Name columns, of many those that are called most alike."""
    if len(there) <= NAMED:
        return shown(there)
    match = difflib.SequenceMatcher(b=name[:60])

    def alike(other: Any) -> float:
        match.set_seq1(str(other)[:60])
        return match.ratio()

    nearest = sorted(there, key=alike, reverse=True)[:NAMED]
    return f"{shown(nearest)} and {len(there) - NAMED:,} more"
