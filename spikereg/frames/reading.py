"""Read columns of a table."""

import os
import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikereg.frames.values import Numbers, groups, moments, numbers, pandas

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Table:
    """Columns of a table, in its order; rows are counted from 1, without the header.

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
        raise ValueError(f"table must have rows, not only the header {needed}")
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
    if not path.is_file():
        raise ValueError(f"table must be a file that is there, not {str(path)!r}")
    pd = pandas()
    about = {"encoding": "utf-8-sig", "compression": None}
    try:
        head = pd.read_csv(path, header=None, nrows=1, dtype=str, **about).iloc[0]
        _check_columns(list(head), needed)
        with warnings.catch_warnings():  # where a row is longer than the header
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(path, low_memory=False, index_col=False, **about)
    except pd.errors.EmptyDataError as error:
        raise ValueError(f"table must have a header and rows, not {path}") from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, UnicodeError) as error:
        raise ValueError(
            f"table must be CSV in UTF-8, not {path} ({str(error).strip()}): read it "
            f"by pandas.read_csv with settings that suit it, and pass the frame"
        ) from error
    # As written: pandas renames the second of two columns of one name.
    frame.columns = [
        seen if isinstance(seen, str) else given
        for seen, given in zip(head, frame.columns, strict=True)
    ]
    return frame


def _check_columns(there: list[Any], needed: Sequence[str]) -> None:
    for name in needed:
        if name not in there:
            alone = str(there[0]) if len(there) == 1 else ""
            hint = next(
                (
                    f': read it by pandas.read_csv(path, sep="{s}")'
                    for s in ";\t|"
                    if s in alone
                ),
                "",
            )
            raise ValueError(
                f"table must have the column {name!r}, not only {there}{hint}"
            )
        if (count := there.count(name)) > 1:
            raise ValueError(
                f"table must have one column {name!r}, not {count} of that name"
            )
