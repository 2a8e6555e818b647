"""From a table to data sets: parts, windows and scale."""

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from spikereg._check import (
    finite,
    local_generator,
    one_of,
    positive,
    shown,
    whole_number,
)
from spikereg.frames import pieces
from spikereg.frames.columns import Columns
from spikereg.frames.far import warn_of_codes
from spikereg.frames.frame_data import FrameData
from spikereg.frames.layout import SEEN, Layout
from spikereg.frames.pieces import PARTS
from spikereg.frames.scaler import Scaler
from spikereg.frames.values import complete

SPLITS = ("time", "group")


def from_frame(
    table: Any,
    inputs: str | Sequence[str],
    outputs: str | Sequence[str],
    *,
    time: str | None = None,
    group: str | None = None,
    horizon: int = 0,
    window: int = 100,
    warm_up: int = 20,
    validation: int | float = 0.2,
    test: int | float = 0.2,
    split: str = "time",
    step: float | None = None,
    gap: float = 1.5,
    seed: int | None = None,
) -> FrameData:
    """Make data sets of a table's columns, split, scaled, and cut into windows.

    The network is to answer each row's outputs from the inputs up to that row. With a
    ``horizon`` of :math:`h` steps it answers those of the row :math:`h` steps later:
    then the outputs may be inputs too, and it forecasts.

    **Order.** The rows of a group are a series. Their times grow in equal steps; where
    more than ``gap`` steps lie between two rows, or an input is missing, the series is
    cut, and the network starts anew. Where an output is missing, the row does not
    count.

    **Parts.** By time, the last rows of each series are the test, those before them the
    validation, and no window to train on knows anything of either. By group, whole
    series are, drawn at random. A row belongs to the part of the row that it answers.
    Each series is split at its own rows: if series lie at different times, the test of
    one may be earlier than the training of another.

    **Windows.** Each row counts in one window of at most ``window`` rows. Before them
    come ``warm_up`` rows of the same piece, so that the network, which starts from
    rest, has seen as much before each answer that counts; the first rows of each piece
    do not count. In the validation and test those rows may lie in the part before: they
    are the past, and known.

    **Scale.** Inputs and outputs are brought to mean 0 and standard deviation 1 by the
    rows to train on, and by them only.

    Args:
        table: Path of a CSV file (UTF-8, a header, commas), or a pandas DataFrame.
        inputs: Names of the columns that the network sees: numbers.
        outputs: Names of those that it learns: numbers.
        time: Name of the column of times, numbers or dates in ISO 8601; without one
            all rows follow each other at equal steps. Dates without a sign between
            their parts, such as 20260131, are no numbers: read them by
            ``pandas.to_datetime(column, format="%Y%m%d")``.
        group: Name of the column that says which series a row belongs to.
        horizon: Steps that the answer lies ahead, at least 0.
        window: Rows of a window that count, at least 1.
        warm_up: Rows before them, at least 0.
        validation: Part of each series' rows, between 0 and 1, or their number; of the
            groups if the split is by group.
        test: The same for the test.
        split: ``"time"`` or ``"group"``.
        step: Time from row to row, in the unit of the column, seconds for dates.
            ``None`` for the median.
        gap: How many steps may lie between two rows that follow each other, at least 1.
            They count as one.
        seed: Seed of the order in which groups are drawn.

    Returns:
        The parts, with loaders, scale, report and the way into a file.

    Raises:
        TypeError: If the table is neither a path nor a DataFrame.
        ValueError: If a column is missing, there twice or named twice; for text, or a
            number beyond 1e100, among numbers (row and column are named, and rows are
            counted from 1, without the header and blank lines); for a row of a file
            that is shorter or longer than its header; for times that are missing,
            repeated, run backwards, in unequal steps, dates written as numbers, or half
            with a zone and half without; for columns that never change in training, or
            are called as one of the answers; for parts in which no row counts; or any
            other argument out of its range.
        ModuleNotFoundError: Without pandas, which is not installed with spikereg:
            ``pip install pandas``.

    Warns:
        RuntimeWarning: If an input or output has values that lie far from all others,
            as -9999 does where it stands for a missing one: over ten standard
            deviations from the median, by the median distance, and three times as far
            as any nearer.
    """
    layout = Layout(
        inputs=_names("inputs", inputs),
        outputs=_names("outputs", outputs),
        time=time,
        group=group,
        horizon=horizon,
        step=step,
        gap=gap,
        window=window,
        warm_up=warm_up,
    )
    _check(layout, validation, test, split)
    read = layout.read(table)
    series = layout.in_steps(read)
    if split == "time":
        part = pieces.by_time(read, series, validation, test)
    else:
        drawn = torch.randperm(len(read.names), generator=local_generator(seed))
        part = pieces.by_group(read, validation, test, drawn.tolist())
    answered = np.full_like(read.outputs, np.nan)  # by each row, not of it
    there = series.ahead >= 0
    answered[series.order[there]] = read.outputs[series.ahead[there]]
    known = complete(answered)
    seen = pieces.seen(series)
    warm, longest = seen > warm_up, seen.max()
    cuts = {}
    for n, name in enumerate(PARTS):
        counted = there & (part[series.ahead] == n) & warm
        cuts[name] = layout.cut(series, counted).where(known)
        if not cuts[name].answers.size:
            raise ValueError(
                f"{name} must have rows that count, not none of "
                f"{(part == n).sum()}: a row counts after warm_up = {warm_up} others "
                f"without a gap, if the outputs horizon = {horizon} later are known; "
                f"the longest piece without a missing input or more than gap = {gap:g} "
                f"steps of {series.step:g} between two rows has {longest} rows"
            )
    train = cuts["train"]
    columns = Columns(
        replace(  # in numbers of Python's own, which save can write
            layout,
            horizon=int(horizon),
            step=series.step,
            gap=float(gap),
            window=int(window),
            warm_up=int(warm_up),
        ),
        Scaler.of(read.inputs[np.unique(train.rows[train.inside])], layout.inputs),
        Scaler.of(answered[train.answers], layout.outputs),
    )
    answers_of = np.full(len(there), -1)
    answers_of[series.order] = series.ahead
    data = FrameData(
        **{name: columns.windows(read, cut, answered) for name, cut in cuts.items()},
        columns=columns,
        table=read,
        series=series,
        rows={name: answers_of[cut.answers] for name, cut in cuts.items()},
    )
    warn_of_codes(layout.columns(read))
    return data


def _names(what: str, names: str | Sequence[str]) -> tuple[str, ...]:
    named = (names,) if isinstance(names, str) else names
    ordered = isinstance(named, Iterable) and not isinstance(named, Set)
    named = tuple(named) if ordered else ()
    if not named or not all(isinstance(name, str) for name in named):
        raise ValueError(f"{what} must be names of columns, not {shown(names)}")
    return named


def _check(
    layout: Layout, validation: int | float, test: int | float, split: str
) -> None:
    whole_number("horizon", layout.horizon, at_least=0)
    whole_number("window", layout.window, at_least=1)
    whole_number("warm_up", layout.warm_up, at_least=0)
    one_of("split", split, SPLITS)
    if layout.step is not None:
        positive("step", layout.step)
    if not (finite(layout.gap) and layout.gap >= 1):
        raise ValueError(f"gap must be a number of at least 1, not {shown(layout.gap)}")
    for name, size in (("validation", validation), ("test", test)):
        if not (finite(size) and size > 0 and (size < 1 or size == int(size))):
            raise ValueError(
                f"{name} must be a part between 0 and 1 or a whole number, not "
                f"{shown(size)}"
            )
    kept = []
    for what, given in (("time", layout.time), ("group", layout.group)):
        if given is not None:
            if not isinstance(given, str):
                raise ValueError(
                    f"{what} must be the name of a column, not {shown(given)}"
                )
            kept.append(given)
    if split == "group" and layout.group is None:
        raise ValueError("group must be named to split by it, not None")
    _named_once([*kept, *layout.inputs], "")
    _named_once([*kept, *layout.outputs], "")
    if not layout.horizon:
        answered = ": what is to be answered would be seen"
        _named_once([*layout.inputs, *layout.outputs], answered)
    predicted = [f"{name}, predicted" for name in layout.outputs]
    for told in ([*layout.outputs, *predicted], [SEEN, *layout.told]):
        if (taken := _twice([*kept, *told])) is not None:
            raise ValueError(
                f"columns must be called otherwise than those of the answers, not "
                f"{shown(taken)}: rename it"
            )


def _named_once(names: Sequence[str], why: str) -> None:
    if (name := _twice(names)) is not None:
        raise ValueError(
            f"columns must be named for one purpose, not {shown(name)} for two{why}"
        )


def _twice(names: Sequence[str]) -> str | None:
    """Return the first name that is there twice."""
    return next((name for name, n in Counter(names).items() if n > 1), None)
