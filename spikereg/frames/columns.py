"""What the columns of a table mean to a network, and the network's answers to one."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from spikereg import _checkpoint, _state
from spikereg._batches import filled
from spikereg._check import finite_weights, shown
from spikereg._checkpoint import Kind
from spikereg.data import TimeMajorDataset
from spikereg.frames import pieces
from spikereg.frames.far import warn_of_inputs
from spikereg.frames.layout import SEEN, Layout
from spikereg.frames.pieces import Windows
from spikereg.frames.reading import Table
from spikereg.frames.scaler import Scaler
from spikereg.frames.values import Numbers
from spikereg.loader import make_loader

if TYPE_CHECKING:
    from pandas import DataFrame

SAVED = Kind("spikereg.frame 1", "path must be a file that save has written")
#: How many windows a network is given at once.
BATCH = 256


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
            warn_of_inputs(self.inputs, layout.inputs, seen)
            answers[cut.answers] = self.answer(model, data)
        told = seen.frame
        rows = np.empty(len(told), dtype=np.int64)
        rows[series.order] = pieces.seen(series)
        told[SEEN] = rows
        told[list(layout.told)] = answers
        return told

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
            TypeError: If the path is none, or the model keeps what is no tensor.
            ValueError: If the folder is not there, or if what is there is no file that
                this has written, such as the table: it is not replaced.
            OSError: If the file cannot be written; one that was there stays.
        """
        file = _path(path)
        if not file.parent.is_dir():
            raise ValueError(f"path must lie in a folder that is there, not {file}")
        scales = {
            f"{name}.{part}": value
            for name in ("inputs", "outputs")
            for part, value in vars(getattr(self, name)).items()
        }
        tensors = scales | _state.weights(model)
        about = asdict(self.layout) | {"made": _state.made(model)}
        _checkpoint.write(file, tensors, about, SAVED)


def load(path: str | os.PathLike[str], model: nn.Module) -> Columns:
    """Read what :meth:`Columns.save` or :meth:`spikereg.FrameData.save` has written.

    Args:
        path: The file.
        model: A network made as the one that was saved; it gets that one's weights.

    Returns:
        The columns, whose :meth:`Columns.predict` answers new tables.

    Raises:
        TypeError: If the path is none.
        ValueError: If the file is not there, damaged or of another kind, or of another
            model: with other weights, or made in another way, such as with another
            readout. The model is then as it was.
    """
    file = _path(path)
    tensors, settings = _checkpoint.read(file, SAVED)
    made = settings.pop("made", {})
    _state.check(f"path {str(file)!r}", model, tensors, made)
    _state.load(model, tensors)
    inputs, outputs = (
        Scaler(tensors[f"{name}.mean"], tensors[f"{name}.deviation"])
        for name in ("inputs", "outputs")
    )
    names = {name: tuple(settings[name]) for name in ("inputs", "outputs")}
    return Columns(Layout(**settings | names), inputs, outputs)


def _path(path: object) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be the path of a file, not {shown(path)}")
    if not Path(path).name:
        raise ValueError(f"path must name a file, not {shown(str(path))}")
    return Path(path)


def _in_range(scaler: Scaler, values: Numbers, names: Sequence[str]) -> Tensor:
    """Scale columns of a table; raise for what float32 does not hold then."""
    scaled = scaler.scale(torch.from_numpy(values))
    if (bad := scaled.isinf()).any():
        row, n = bad.nonzero()[0].tolist()
        raise ValueError(
            f"column {shown(names[n])} must lie where it lay in training, not at "
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
