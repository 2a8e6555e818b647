"""A table as a network learns from it, and what its answers are worth."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import nn
from torch.utils.data import DataLoader

from spikereg._check import one_of, shown
from spikereg.data import Sample, TimeMajorDataset
from spikereg.frames import pieces
from spikereg.frames.columns import Columns
from spikereg.frames.pieces import PARTS, Rows, Series
from spikereg.frames.reading import Table
from spikereg.frames.values import Numbers, complete, pandas
from spikereg.loader import make_loader

if TYPE_CHECKING:
    from pandas import DataFrame

#: How many series, and columns, are named where a table is printed.
NAMED = 6


@dataclass(frozen=True, repr=False)
class FrameData:
    """A table as a network learns from it: three parts, and the way back.

    Printed, it says which rows are used, and which are not.

    Attributes:
        train: What is learned from: windows with a mask, scaled.
        validation: What settings are chosen by, and when to stop.
        test: What is looked at once, at the end.
        columns: The columns and their scale.
        table: What was read.
        series: Its rows in steps.
        rows: For each part, the row of the table that each answer is for.
    """

    train: TimeMajorDataset
    validation: TimeMajorDataset
    test: TimeMajorDataset
    columns: Columns
    table: Table
    series: Series
    rows: dict[str, Rows]

    def loaders(
        self, batch_size: int = 32, seed: int | None = None
    ) -> tuple[DataLoader[Sample], DataLoader[Sample], DataLoader[Sample]]:
        """Serve the three parts in batches, the first in a new order each epoch.

        Args:
            batch_size: Windows in a batch, at least 1.
            seed: Seed of that order.
        """
        return (
            make_loader(self.train, batch_size, shuffle=True, seed=seed),
            make_loader(self.validation, batch_size),
            make_loader(self.test, batch_size),
        )

    def predictions(self, model: nn.Module, part: str = "test") -> "DataFrame":
        """Return what was measured and what a network says, in the outputs' units.

        Args:
            model: The network.
            part: ``"train"``, ``"validation"`` or ``"test"``.

        Returns:
            The table's rows that count in this part, in its order, with time and group,
            and for each output two columns, ``"name"`` and ``"name, predicted"``.

        Raises:
            ValueError: For an unknown part, or a model that does not answer one number
                for each output.
        """
        one_of("part", part, PARTS)
        answers = self.columns.answer(model, getattr(self, part))
        layout, rows = self.columns.layout, self.rows[part]
        told = self.table.frame.iloc[rows].copy()
        for n, name in enumerate(layout.outputs):
            told[name] = self.table.outputs[rows, n]
            told[f"{name}, predicted"] = answers[:, n]
        return told.iloc[np.argsort(rows, kind="stable")]

    def report(self, model: nn.Module, part: str = "test") -> "DataFrame":
        r"""Say how far a network is off, beside what is known without one.

        Args:
            model: The network.
            part: ``"train"``, ``"validation"`` or ``"test"``.

        Returns:
            A row for each output, with ``rmse``, the root of the mean squared error,
            and ``mae``, the mean absolute error, in the output's unit; ``r2``,
            :math:`1 - \sum (\hat y - y)^2 / \sum (y - \bar y)^2` with the mean
            :math:`\bar y` of this part; ``rmse of mean``, if the answer is always the
            mean of the training rows; ``rmse of last``, if it is the last value known
            ``horizon`` steps before, where that is at least 1; and how many ``rows``
            count.

        Raises:
            ValueError: As :meth:`predictions` does.
        """
        one_of("part", part, PARTS)
        rows = self.rows[part]
        answers = self.columns.answer(model, getattr(self, part))
        layout, lines = self.columns.layout, {}
        for n, name in enumerate(layout.outputs):
            y = self.table.outputs[rows, n]
            error = answers[:, n] - y
            spread = np.square(y - y.mean()).sum()
            line = {
                "rmse": _rms(error),
                "mae": np.abs(error).mean(),
                "r2": 1 - np.square(error).sum() / spread if spread else np.nan,
                "rmse of mean": _rms(y - self.columns.outputs.mean[n].item()),
            }
            if layout.horizon:
                line["rmse of last"] = _rms(y - self._last(n)[rows])
            lines[name] = line | {"rows": len(y)}
        return pandas().DataFrame.from_dict(lines, orient="index")

    def save(self, path: str | os.PathLike[str], model: nn.Module) -> None:
        """Keep a network with its columns: :meth:`spikereg.frames.Columns.save`."""
        self.columns.save(path, model)

    def __repr__(self) -> str:
        table, series, layout = self.table, self.series, self.columns.layout
        missing = (~complete(table.inputs)).sum()
        unknown = (~complete(table.outputs)).sum()
        unit = " s" if table.dates else ""
        few = layout.group is not None and len(table.names) <= NAMED
        names = f" ({', '.join(map(shown, table.names))})" if few else ""
        until = pieces.seen(series)
        cold = ((until > 0) & (until <= layout.warm_up)).sum()
        words = [
            f"rows: {len(table.time)}, in steps of {series.step:g}{unit}",
            f"series: {len(table.names)}{names}; pieces without gaps or missing "
            f"inputs: {series.piece.max() + 1}",
            f"rows that miss an input: {missing}; an output: {unknown}",
            f"rows that only warm up, {layout.warm_up} of each piece: {cold}",
        ]
        for part in PARTS:
            windows = len(getattr(self, part))
            words.append(f"{part}: {len(self.rows[part])} rows in {windows} windows")
        used = np.unique(table.group[np.concatenate(list(self.rows.values()))])
        unused = np.setdiff1d(np.arange(len(table.names)), used)
        if unused.size:
            some = ", ".join(shown(table.names[code]) for code in unused[:NAMED])
            words.append(f"series without a row that counts: {unused.size}, {some}")
            words[-1] += ", ..." * (unused.size > NAMED)
        columns = layout.columns(table).items()
        for name, values in list(columns)[:NAMED]:
            low, high = np.nanmin(values), np.nanmax(values)
            words.append(f"{shown(name)}: from {low:.6g} to {high:.6g}")
        if len(columns) > NAMED:
            words.append(f"and {len(columns) - NAMED} more columns")
        return "\n".join(words)

    def _last(self, output: int) -> Numbers:
        """Return the last value known ``horizon`` steps before each row."""
        order, group = self.series.order, self.table.group[self.series.order]
        values, place = self.table.outputs[order, output], np.arange(len(order))
        begin = np.searchsorted(group, group)
        known = np.maximum.accumulate(np.where(np.isnan(values), -1, place))
        last = np.where(
            known >= begin, values[known], self.columns.outputs.mean[output]
        )
        result = np.full(len(order), np.nan)
        ahead = self.series.ahead
        result[ahead[ahead >= 0]] = last[ahead >= 0]
        return result


def _rms(error: Numbers) -> float:
    return float(np.sqrt(np.square(error).mean()))
