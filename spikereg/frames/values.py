"""Read the values of a column, and refuse what is no measured series."""

import importlib
import re
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

#: Larger values are no measurements: their squares would overflow.
LARGEST = 1e100
#: What a spreadsheet takes for a formula if a text begins with it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def pandas() -> Any:
    """Return the library; raise with what to do if it is not there."""
    try:
        return importlib.import_module("pandas")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'tables are read by pandas: pip install "spikereg[frames]"', name="pandas"
        ) from error


def complete(values: Numbers) -> npt.NDArray[np.bool_]:
    """Say which rows miss nothing."""
    return np.asarray(np.isfinite(values).all(axis=-1))


def numbers(column: Any, name: str) -> Numbers:
    """Return a column as numbers; what is missing is NaN."""
    pd = pandas()
    try:
        found = pd.to_numeric(column, errors="coerce")
    except OverflowError as error:
        raise ValueError(
            f"column {name!r} must hold numbers up to {LARGEST:g}, not larger integers"
        ) from error
    for kind in (column.dtype, found.dtype):  # the second of complex objects
        if kind.kind in "mMc" or isinstance(kind, pd.PeriodDtype):
            raise ValueError(f"column {name!r} must hold numbers, not {kind}")
    values = np.asarray(found.to_numpy(float, na_value=np.nan), dtype=np.float64)
    lost = np.isnan(values) & column.notna().to_numpy()
    if (bad := lost | (np.abs(values) > LARGEST)).any():
        row = int(bad.argmax())
        what = plain(column.iloc[row])
        hint = ""
        if not lost[row]:
            hint = f": the largest that is taken for a measurement is {LARGEST:g}"
        elif isinstance(what, str):
            hint = _comma(what)
        raise ValueError(
            f"column {name!r} must hold numbers, not {what!r} in row {row + 1}{hint}"
        )
    return values


def moments(column: Any, name: str) -> tuple[Numbers, bool]:
    """Return the times of a column; of dates the seconds since the first of them."""
    pd = pandas()
    _check_there(column, name, "a time")
    column = column.infer_objects()
    if pd.api.types.is_numeric_dtype(column) or _names_a_number(column):
        return numbers(column, name), False
    # No other form of dates: 1.2. and 2/1 would be read as the same day
    found = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    if (bad := found.isna().to_numpy()).any():
        row = int(bad.argmax())
        raise ValueError(
            f"column {name!r} must hold numbers or dates in ISO 8601, such as "
            f"2026-01-31 or 2026-01-31T08:30:00, not {plain(column.iloc[row])!r} in "
            f"row {row + 1}: read others by pandas.to_datetime with their format, and "
            f"pass the frame"
        )
    found = found.dt.as_unit("us")  # of nanoseconds three centuries would overflow
    return (found - found.min()).dt.total_seconds().to_numpy(float), True


def _names_a_number(column: Any) -> bool:
    """Say whether a column of text has a number in it."""
    pd = pandas()
    text = column.dtype == object or pd.api.types.is_string_dtype(column)
    return bool(text and pd.to_numeric(column, errors="coerce").notna().any())


def groups(column: Any, name: str) -> tuple[npt.NDArray[np.intp], Sequence[Hashable]]:
    """Return the number of each row's group, and the groups' names."""
    _check_there(column, name, "a group")
    codes, names = pandas().factorize(column)
    for code, label in enumerate(names):
        if (
            isinstance(label, str)
            and label.startswith(FORMULA)
            and not _is_number(label)
        ):
            row = int((codes == code).argmax())
            raise ValueError(
                f"column {name!r} must hold plain names of groups, not {label!r} in "
                f"row {row + 1}, which a spreadsheet would run as a formula"
            )
    return codes, [plain(label) for label in names]


def _check_there(column: Any, name: str, what: str) -> None:
    """Raise unless each row has a value."""
    if (bad := column.isna().to_numpy()).any():
        raise ValueError(
            f"column {name!r} must hold {what} in each row, not none in row "
            f"{int(bad.argmax()) + 1}"
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _comma(text: str) -> str:
    """Say what to do about a comma in a number."""
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d*)?", text):
        return (
            ': read it by pandas.read_csv(path, thousands=",") if the comma groups '
            'thousands, and decimal="," if it is the decimal point'
        )
    decimal = text.count(",") == 1 and _is_number(text.replace(",", "."))
    return ': read it by pandas.read_csv(path, decimal=",")' * decimal


def plain(value: Any) -> Any:
    """Return Python's own value for NumPy's."""
    return value.item() if isinstance(value, np.generic) else value
