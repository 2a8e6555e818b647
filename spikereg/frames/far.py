"""Warn of values that lie far from all others."""

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from spikereg._check import shown
from spikereg.frames.reading import Table
from spikereg.frames.scaler import Scaler
from spikereg.frames.values import Numbers

#: From how many standard deviations on a value is far.
FAR = 10
#: How many times as far from the median a code for "missing" lies as any measurement.
APART = 3
#: Standard deviations of a normal distribution in its median distance from the median.
DEVIATIONS = 1.4826


def warn_of_inputs(scaler: Scaler, names: Sequence[str], table: Table) -> None:
    """Warn of inputs far from those that were trained on."""
    scaled = scaler.scale(torch.from_numpy(table.inputs)).abs()
    far, rows = scaled.nan_to_num().max(dim=0)
    for name, size, row in zip(names, far, rows, strict=True):
        if size > FAR:
            warnings.warn(
                f"column {shown(name)} is {size:.3g} standard deviations from what was "
                f"trained on in row {row + 1}: answers there are worth nothing",
                RuntimeWarning,
                stacklevel=3,
            )


def warn_of_codes(columns: dict[str, Numbers]) -> None:
    """Warn of values that may stand for a missing one, such as -9999."""
    for name, values in columns.items():
        far = strays(values)
        if count := int(far.sum()):
            row = int(far.argmax())
            code = f"{values[row]:.15g}"
            rows = "row" if count == 1 else f"{count} rows, the first of them row"
            warnings.warn(
                f"column {shown(name)} lies far from all its other values in {rows} "
                f"{row + 1}, at {code}: if that stands for a missing value, read the "
                f"file by pandas.read_csv(path, na_values=[{code}])",
                RuntimeWarning,
                stacklevel=3,
            )


def strays(values: Numbers) -> npt.NDArray[np.bool_]:
    """Say which values are far from the median, and apart from all that are nearer.

    Half of the values could be wrong, and the median distance would still be that of
    the others. Values at the median do not count: of rain, most are 0.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return np.zeros(values.shape, dtype=bool)
    off = np.abs(values - np.median(known))
    sizes = np.sort(off[off > 0])
    apart = sizes[1:] > APART * sizes[:-1]
    if sizes.size:
        apart &= sizes[1:] > FAR * DEVIATIONS * np.median(sizes)
    least = sizes[1:][apart].min(initial=np.inf)
    return np.asarray(off >= least)
