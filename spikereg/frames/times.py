"""Read a column of times."""

from typing import Any

import numpy as np
import numpy.typing as npt

from spikereg._check import shown
from spikereg.frames.values import Numbers, check_there, numbers, pandas, plain

#: How a text ends that names a zone after its time of day.
ZONE = r"\d[T ]\d{2}.*(?:Z|[+-]\d{2}(?::?\d{2})?)$"
#: What dates may be that were written as whole numbers, by their digits.
PACKED = {
    6: "%Y%m",
    8: "%Y%m%d",
    10: "%Y%m%d%H",
    12: "%Y%m%d%H%M",
    14: "%Y%m%d%H%M%S",
}


def moments(column: Any, name: str) -> tuple[Numbers, bool]:
    """Return the times of a column; of dates the seconds since the first of them."""
    pd = pandas()
    check_there(column, name, "a time")
    column = column.infer_objects()
    if pd.api.types.is_numeric_dtype(column) or _names_a_number(column):
        values = numbers(column, name)
        _check_counts(values, name)
        return values, False
    # No other form of dates: 1.2. and 2/1 would be read as the same day
    found = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    if (bad := found.isna().to_numpy()).any():
        row = int(bad.argmax())
        raise ValueError(
            f"column {shown(name)} must hold numbers or dates in ISO 8601, such as "
            f"2026-01-31 or 2026-01-31T08:30:00, not {shown(plain(column.iloc[row]))} "
            f"in row {row + 1}: read others by pandas.to_datetime with their format, "
            f"and pass the frame"
        )
    if not pd.api.types.is_datetime64_any_dtype(column):
        _check_zones(column, name)
    coarse = found.dt.as_unit("us")  # of nanoseconds three centuries would overflow
    fine = found.dt.nanosecond.to_numpy() * 1e-9
    seconds = (coarse - coarse.min()).dt.total_seconds().to_numpy(float)
    return seconds + (fine - fine[seconds == 0].min()), True


def _names_a_number(column: Any) -> bool:
    """Say whether a column of text has a number in it."""
    pd = pandas()
    text = column.dtype == object or pd.api.types.is_string_dtype(column)
    return bool(text and pd.to_numeric(column, errors="coerce").notna().any())


def _check_zones(column: Any, name: str) -> None:
    """Raise if some times name their zone and others do not: hours lie between them."""
    zoned = column.astype(str).str.contains(ZONE).to_numpy(bool)
    if zoned.any() and not zoned.all():
        row, other = int(zoned.argmin()), int(zoned.argmax())
        raise ValueError(
            f"column {shown(name)} must hold times with a zone in each row or in none, "
            f"not {shown(plain(column.iloc[row]))} in row {row + 1} and "
            f"{shown(plain(column.iloc[other]))} in row {other + 1}"
        )


def _check_counts(values: Numbers, name: str) -> None:
    """Raise for dates that are written as numbers: between months these leap."""
    if values.min() < 10**5 or values.max() >= 10**14 or (values % 1).any():
        return
    whole = np.unique(values.astype(np.int64))
    form = PACKED.get(len(str(whole[-1])))
    if form is None or len(str(whole[0])) != len(str(whole[-1])):
        return
    dates = pandas().to_datetime(whole.astype(str), format=form, errors="coerce")
    if dates.hasnans:
        return
    seconds = (dates - dates[0]).total_seconds().to_numpy()
    if _even(seconds) > _even(whole):
        raise ValueError(
            f"column {shown(name)} must hold numbers or dates, not dates written as "
            f"numbers, such as {whole[0]}: read them by pandas.to_datetime(column, "
            f'format="{form}"), and pass the frame'
        )


def _even(times: npt.NDArray[Any]) -> float:
    """Say which part of the steps lies within a tenth of the median, as months do."""
    steps = np.diff(times)
    middle = np.median(steps) if len(steps) else 0
    return float(np.mean(np.abs(steps - middle) <= 0.1 * middle)) if middle else 1.0
