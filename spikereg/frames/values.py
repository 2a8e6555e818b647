"""Read the values of a column, and refuse what is no measured series."""

import importlib
import re
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikereg._check import shown

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
            "tables are read by pandas: pip install pandas", name="pandas"
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
            f"column {shown(name)} must hold numbers up to {LARGEST:g}, not larger "
            f"integers"
        ) from error
    for kind in (column.dtype, found.dtype):  # the second of complex objects
        if kind.kind in "mMc" or isinstance(kind, pd.PeriodDtype):
            raise ValueError(f"column {shown(name)} must hold numbers, not {kind}")
    values = np.asarray(found.to_numpy(float, na_value=np.nan), dtype=np.float64)
    lost = np.isnan(values) & column.notna().to_numpy()
    if (bad := lost | (np.abs(values) > LARGEST)).any():
        row = int(bad.argmax())
        what = plain(column.iloc[row])
        hint = ""
        if not lost[row]:
            hint = f": the largest that is taken for a measurement is {LARGEST:g}"
        elif isinstance(what, str):
            hint = _comma(what) or _missing(what)
        raise ValueError(
            f"column {shown(name)} must hold numbers, not {shown(what)} in row "
            f"{row + 1}{hint}"
        )
    return values


def groups(column: Any, name: str) -> tuple[npt.NDArray[np.intp], Sequence[Hashable]]:
    """Return the number of each row's group, and the groups' names."""
    check_there(
        column,
        name,
        "a group",
        "; if a group is called NA or None, read the file by "
        "pandas.read_csv(path, keep_default_na=False, na_values=[''])",
    )
    codes, names = pandas().factorize(column)
    for code, label in enumerate(names):
        if (
            isinstance(label, str)
            and label.startswith(FORMULA)
            and not _is_number(label)
        ):
            row = int((codes == code).argmax())
            raise ValueError(
                f"column {shown(name)} must hold plain names of groups, not "
                f"{shown(label)} in row {row + 1}, which a spreadsheet would run as a "
                f"formula: rename it"
            )
    return codes, [plain(label) for label in names]


def check_there(column: Any, name: str, what: str, hint: str = "") -> None:
    """Raise unless each row has a value."""
    if (bad := column.isna().to_numpy()).any():
        raise ValueError(
            f"column {shown(name)} must hold {what} in each row, not none in row "
            f"{int(bad.argmax()) + 1}{hint}"
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


def _missing(text: str) -> str:
    """Say what to do about a text that may stand for a missing value."""
    if not text.strip() or re.search(r"\d", text):
        return ""
    return (
        f": if it stands for a missing value, read the file by pandas.read_csv(path, "
        f"na_values=[{shown(text)}])"
    )


def plain(value: Any) -> Any:
    """Return Python's own value for NumPy's."""
    return value.item() if isinstance(value, np.generic) else value
