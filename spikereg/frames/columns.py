"""What the columns of a table mean to a network, and the network's answers to one."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from spikereg import _checkpoint, _state
from spikereg._batches import filled
from spikereg._check import finite_weights
from spikereg._checkpoint import Kind
from spikereg.data import TimeMajorDataset
from spikereg.frames import pieces
from spikereg.frames.pieces import Series, Windows
from spikereg.frames.reading import Table, read
from spikereg.frames.scaler import Scaler
from spikereg.frames.values import Numbers
from spikereg.loader import make_loader

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED = Kind("spikereg.frame 1", "path must be a file that save has written")
#: How many windows a network is given at once.
BATCH = 256
#: From how many standard deviations on an input is far from those trained on.
FAR = 10


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


@dataclass(frozen=True)
class Columns:
    """Columns and their scale: what a network needs to answer another table.

    Attributes:
        layout: Which columns, and how they become windows.
        inputs: Scale of the inputs.
        outputs: Scale of the outputs.
    """

    layout: Layout
    inputs: Scaler
    outputs: Scaler

    def predict(self, model: nn.Module, table: Any) -> "DataFrame":
        """Let a network answer each row of another table.

        The windows are those of :func:`spikereg.from_frame`: as long, and each with
        its warm-up. The first rows of a piece are answered too, though the network has
        seen less there than where it was tested: ``"rows seen"`` tells how many.

        Args:
            model: The network that was trained on these columns.
            table: Path of a CSV file, or a DataFrame, with the inputs, time and group.
                The outputs need not be there.

        Returns:
            A row for each of the table's, with its time and group; how many rows of its
            piece the network has seen, ``"rows seen"``; and each output in its own
            unit, NaN where an input is missing. With a horizon of 3 outputs are called
            ``"name, 3 later"``: the answers are for so many steps after the row's time.

        Raises:
            ValueError: As :func:`spikereg.from_frame` does for the table, if the
                model's answer has not one number for each output, or if its weights
                are not finite.

        Warns:
            RuntimeWarning: If an input is over ten standard deviations from the mean of
                the rows that were trained on.
        """
        layout = self.layout
        seen = layout.read(table, answers=False)
        series = layout.in_steps(seen)
        cut = layout.cut(series, np.ones(len(series.order), dtype=np.bool_))
        answers = np.full(seen.outputs.shape, np.nan)
        if cut.rows.size:
            data = self.windows(seen, cut, np.zeros_like(seen.outputs))
            self._warn_of_far(seen)
            answers[cut.answers] = self.answer(model, data)
        told, later = seen.frame, f", {layout.horizon} later" * bool(layout.horizon)
        rows = np.empty(len(told), dtype=np.int64)
        rows[series.order] = pieces.seen(series)
        told["rows seen"] = rows
        told[[f"{name}{later}" for name in layout.outputs]] = answers
        return told

    def _warn_of_far(self, table: Table) -> None:
        scaled = self.inputs.scale(torch.from_numpy(table.inputs)).abs()
        far, rows = scaled.nan_to_num().max(dim=0)
        for name, size, row in zip(self.layout.inputs, far, rows, strict=True):
            if size > FAR:
                warnings.warn(
                    f"column {name!r} is {size:.0f} standard deviations from what was "
                    f"trained on in row {row + 1}: answers there are worth nothing",
                    RuntimeWarning,
                    stacklevel=3,
                )

    def windows(self, table: Table, cut: Windows, answers: Numbers) -> TimeMajorDataset:
        """Fill windows with scaled inputs, and with the answers to these rows."""
        features = _in_range(self.inputs, table.inputs, self.layout.inputs)
        _in_range(self.outputs, table.outputs, self.layout.outputs)
        labels = self.outputs.scale(torch.from_numpy(answers))
        rows, inside, counted = map(torch.from_numpy, cut)
        return TimeMajorDataset(
            torch.where(inside[..., None], features[rows], 0),
            torch.where(counted[..., None], labels[rows], 0),
            counted,
        )

    def answer(self, model: nn.Module, data: TimeMajorDataset) -> Numbers:
        """Return a network's answers that count, ``[n, O]``, in the outputs' units."""
        finite_weights(model)
        modes = {module: module.training for module in model.modules()}
        model.eval()
        try:
            with torch.no_grad():
                found = [
                    _checked(model(batch.features), batch.labels).cpu()
                    for batch in filled(make_loader(data, BATCH), model)
                ]
        finally:
            for module, training in modes.items():
                module.training = training
        prediction = torch.cat(found, dim=1)[data.mask]
        return self.outputs.inverse(prediction).numpy()

    def save(self, path: str | os.PathLike[str], model: nn.Module) -> None:
        """Keep columns, scale and a network's weights in a file, as a whole or not.

        The file holds numbers and names only (safetensors). :func:`load` reads it.

        Args:
            path: The file; its folder must be there.
            model: The network.

        Raises:
            ValueError: If the folder is not there.
        """
        file = Path(path)
        if not file.parent.is_dir():
            raise ValueError(f"path must lie in a folder that is there, not {file}")
        scales = {
            f"{name}.{part}": value
            for name in ("inputs", "outputs")
            for part, value in vars(getattr(self, name)).items()
        }
        tensors = scales | _state.weights(model)
        _checkpoint.write(file, tensors, asdict(self.layout), SAVED)


def load(path: str | os.PathLike[str], model: nn.Module) -> Columns:
    """Read what :meth:`Columns.save` or :meth:`spikereg.FrameData.save` has written.

    Args:
        path: The file.
        model: A network made as the one that was saved; it gets that one's weights.

    Returns:
        The columns, whose :meth:`Columns.predict` answers new tables.

    Raises:
        ValueError: If the file is not there, damaged or of another kind, or its weights
            are not this model's. The model is then as it was.
    """
    file = Path(path)
    tensors, settings = _checkpoint.read(file, SAVED)
    _state.check(f"path {str(file)!r}", model, tensors)
    _state.load(model, tensors)
    inputs, outputs = (
        Scaler(tensors[f"{name}.mean"], tensors[f"{name}.deviation"])
        for name in ("inputs", "outputs")
    )
    names = {name: tuple(settings[name]) for name in ("inputs", "outputs")}
    return Columns(Layout(**settings | names), inputs, outputs)


def _in_range(scaler: Scaler, values: Numbers, names: Sequence[str]) -> Tensor:
    """Scale columns of a table; raise for what float32 does not hold then."""
    scaled = scaler.scale(torch.from_numpy(values))
    if (bad := scaled.isinf()).any():
        row, n = bad.nonzero()[0].tolist()
        raise ValueError(
            f"column {names[n]!r} must lie where it lay in training, not at "
            f"{values[row, n]:g} in row {row + 1}"
        )
    return scaled


def _checked(prediction: Tensor, labels: Tensor) -> Tensor:
    if prediction.shape != labels.shape:
        raise ValueError(
            f"model must answer {list(labels.shape)}, one number for each output at "
            f"every step, not {list(prediction.shape)}"
        )
    return prediction
