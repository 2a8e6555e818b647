"""What is read of a file or frame: numbers, times, groups."""

import datetime
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from tables import Copy, table

from spikereg import from_frame
from spikereg.frames.reading import read

NAN = float("nan")
DAY = 86400.0
DATES = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]


def frame_of(**columns):
    return pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [5.0, 6, 7, 8]} | columns)


def file_of(path, text):
    path = path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def inputs_of(data, name="x"):
    return read(data, [name], ["y"], None, None).inputs[:, 0].tolist()


def times_of(data, name="t"):
    found = read(data, ["x"], ["y"], name, None)
    return found.time.tolist(), found.dates


# Files


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("x,y\n1,2\n3,4\n", [1, 3]),
        ("x,y\r\n1,2\r\n3,4\r\n", [1, 3]),
        ("x,y\r1,2\r3,4\r", [1, 3]),
        (b"\xef\xbb\xbfx,y\n1,2\n", [1]),
        ("\n\nx,y\n1,2\n\n3,4\n\n", [1, 3]),
        ('x,note,y\n1,"a\nb",2\n3,"c,d",4\n', [1, 3]),
        ('x,y,"two\nlines"\n1,2,3\n', [1]),
        ("x,y,z,z\n1,2,3,4\n", [1]),
        ("x,x.1,y\n1,2,3\n", [1]),
        ("x,y,,\n1,2,3,4\n", [1]),
        ("x,y,NA\n1,2,3\n", [1]),
        ("x,y\n1,2,\n3,4,\n", [1, 3]),
        ("x,y\nn/a,1\nNaN,2\n,3\nNULL,4\n5,6\n", [NAN, NAN, NAN, NAN, 5]),
        ("x,y\n 1 ,2\n-1.5e3,4\n", [1, -1500]),
        ("x,y\nTrue,2\nFalse,3\n,4\n", [1, 0, NAN]),
        ("x,y\n123456789012345678901234567890,2\n", [123456789012345678901234567890.0]),
        ("größe,x,y\n1,2,3\n", [2]),
    ],
)
def test_a_file_is_read(tmp_path, text, x):
    np.testing.assert_array_equal(inputs_of(file_of(tmp_path, text)), x)
    np.testing.assert_array_equal(inputs_of(str(file_of(tmp_path, text))), x)


def test_a_file_gives_what_its_frame_gives(tmp_path):
    frame = table(60, groups=2, missing=0.1, unknown=0.1, gaps=0.05)
    frame.to_csv(tmp_path / "table.csv", index=False)
    for part in ("train", "test"):
        ours, theirs = (
            from_frame(
                data, ["row", "noise"], "y", time="time", group="group", warm_up=1
            ).predictions(Copy(1), part)
            for data in (frame, tmp_path / "table.csv")
        )
        pd.testing.assert_frame_equal(
            ours.reset_index(drop=True), theirs.reset_index(drop=True)
        )


@pytest.mark.parametrize("name", ["=x", "x y", "y, predicted", "größe", ""])
def test_columns_may_be_called_anything(tmp_path, name):
    frame = table(60).rename(columns={"noise": name})
    data = from_frame(frame, name, "y", warm_up=0)
    assert data.columns.layout.inputs == (name,)
    told = data.columns.predict(Copy(0), frame)
    assert list(told.columns) == ["rows seen", "y"]


# Numbers


@pytest.mark.parametrize(
    "column",
    [
        [1, 2, 3, 4],
        ["1", "2", "3", "4"],
        np.array([1, 2, 3, 4], dtype=np.uint8),
        np.array([1, 2, 3, 4], dtype=np.float16),
        np.array([1, 2, 3, 4], dtype=object),
        np.array([Decimal(n) for n in (1, 2, 3, 4)], dtype=object),
        pd.Categorical([1, 2, 3, 4]),
        pd.Categorical(["1", "2", "3", "4"]),
        pd.array([1, 2, 3, 4], dtype="Int64"),
        pd.array([1, 2, 3, 4], dtype="Float64"),
        pd.array(["1", "2", "3", "4"], dtype="string"),
        pd.arrays.SparseArray([1.0, 2, 3, 4]),
    ],
    ids=lambda column: str(getattr(column, "dtype", type(column[0]))),
)
def test_numbers_of_any_type_are_read(column):
    assert inputs_of(frame_of(x=column)) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "column",
    [
        [1, None, 0, 1],
        pd.array([1, None, 0, 1], dtype="Int64"),
        pd.array([1, None, 0, 1], dtype="Float64"),
        pd.array([True, None, False, True], dtype="boolean"),
        np.array([True, None, False, True], dtype=object),
        np.array([1, pd.NA, 0, 1], dtype=object),
        pd.Categorical([1, None, 0, 1]),
        pd.array(["1", None, "0", "1"], dtype="string"),
    ],
    ids=lambda column: f"{type(column).__name__} {getattr(column, 'dtype', '')}",
)
def test_what_is_missing_is_nan(column):
    np.testing.assert_array_equal(inputs_of(frame_of(x=column)), [1, NAN, 0, 1])


# Times


@pytest.mark.parametrize(
    ("column", "seconds"),
    [
        (DATES, [0, DAY, 2 * DAY, 3 * DAY]),
        (pd.to_datetime(DATES), [0, DAY, 2 * DAY, 3 * DAY]),
        (pd.Categorical(DATES), [0, DAY, 2 * DAY, 3 * DAY]),
        (
            np.array([datetime.date.fromisoformat(d) for d in DATES], dtype=object),
            [0, DAY, 2 * DAY, 3 * DAY],
        ),
        (
            [
                "2026-01-01T00:00:00",  # as Python's isoformat writes them
                "2026-01-01T00:00:00.500000",
                "2026-01-01 00:01",
                "2026-01-02",
            ],
            [0, 0.5, 60, DAY],
        ),
        (
            [
                "2026-01-01T00:00:00Z",
                "2026-01-01T02:00:00+01:00",
                "2026-01-01T00:00:00-05:00",
                "2026-01-01T06:00:00Z",
            ],
            [0, 3600, 5 * 3600, 6 * 3600],
        ),
        (  # an hour is left out in the night of 29 March
            pd.date_range("2026-03-29T00:00", periods=4, freq="h", tz="Europe/Berlin"),
            [0, 3600, 7200, 3 * 3600],
        ),
        (  # more than 292 years, which nanoseconds would not reach
            pd.to_datetime(["1700-01-01", "1800-01-01", "1900-01-01", "2026-01-01"]),
            [0, 36524 * DAY, 73048 * DAY, 119069 * DAY],
        ),
        (  # a step of 4 microseconds, half a century after 1970
            [f"2026-01-01T00:00:00.{n:06}" for n in (0, 4, 8, 12)],
            [0, 4e-6, 8e-6, 12e-6],
        ),
        (  # a step of 100 nanoseconds, which microseconds would not tell
            pd.to_datetime([1767225600 * 10**9 + 950 + 100 * n for n in range(4)]),
            [0, 1e-7, 2e-7, 3e-7],
        ),
    ],
)
def test_dates_are_seconds_since_the_first(column, seconds):
    found, dates = times_of(frame_of(t=column))
    assert dates
    assert found == pytest.approx(seconds, abs=1e-12, rel=1e-15)


@pytest.mark.parametrize(
    "column",
    [
        [0.0, 0.1, 0.2, 0.3],
        ["0.0", "0.1", "0.2", "0.3"],
        np.array([0.0, 0.1, 0.2, 0.3], dtype=object),
        pd.array([0.0, 0.1, 0.2, 0.3], dtype="Float64"),
    ],
)
def test_times_may_be_numbers(column):
    assert times_of(frame_of(t=column)) == ([0, 0.1, 0.2, 0.3], False)
    assert times_of(frame_of(t=["2023", "2024", "2025", "2026"])) == (
        [2023, 2024, 2025, 2026],
        False,
    )


@pytest.mark.parametrize(
    "column",
    [
        [20260128, 20260129, 20260130, 20260131],  # as far apart either way
        [20250101, 20260101, 20270101, 20280101],
        [202601, 202602, 202603, 202604],
        [202601, 202603, 202604, 202605],
        [100000, 100001, 100002, 100100],  # counters
        [1700000000, 1700003600, 1700007200, 1700018000],
        [99999, 100000, 100001, 100002],
        [20260131.5, 20260201.5, 20260202.5, 20260203.5],
    ],
)
def test_numbers_that_are_no_dates_count_as_they_are(column):
    assert times_of(frame_of(t=column)) == (column, False)


@pytest.mark.parametrize("zone", ["", "Z", "+01:00", "-05"])
def test_times_may_all_have_a_zone_or_none(zone):
    column = [f"2026-01-01 0{n}:00{zone}" for n in range(4)]
    assert times_of(frame_of(t=column)) == ([0, 3600, 7200, 10800], True)


def test_dates_of_a_file_count_in_seconds(tmp_path):
    frame = table(60).assign(time=pd.date_range("2026-01-01", periods=60, freq="10min"))
    frame.to_csv(tmp_path / "table.csv")
    data = from_frame(tmp_path / "table.csv", "noise", "y", time="time", warm_up=2)
    assert data.series.step == 600
    assert "in steps of 600 s" in repr(data)


# Groups


@pytest.mark.parametrize(
    "column",
    [
        ["a", "b", "a", "b"],
        [1, 2, 1, 2],
        [1.5, -np.inf, 1.5, -np.inf],
        [True, False, True, False],
        ["-5", "+5", "-5", "+5"],
        ["", "-inf", "", "-inf"],
        [(1, 2), (1, 3), (1, 2), (1, 3)],
        pd.Categorical(["a", "b", "a", "b"], categories=["c", "b", "a"]),
        pd.to_datetime([DATES[0], DATES[1], DATES[0], DATES[1]]),
        pd.array([1, 2, 1, 2], dtype="Int64"),
    ],
    ids=lambda column: f"{type(column).__name__} {column[0]}",
)
def test_groups_may_be_called_anything_plain(column):
    found = read(frame_of(g=column), ["x"], ["y"], None, "g")
    assert found.group.tolist() == [0, 1, 0, 1]
    assert list(found.names) == [column[0], column[1]]


# pandas is asked for only by those who read tables


def test_pandas_is_imported_by_those_who_need_it():
    code = "import sys, spikereg.frames; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_pandas_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install pandas$"):
        from_frame("table.csv", "x", "y")
