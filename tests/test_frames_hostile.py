"""Tables that hold no measured series: the error names column, row and what to do."""

import datetime

import numpy as np
import pandas as pd
import pytest
from tables import Copy, table

from spikereg import from_frame

DATES = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]

pytestmark = pytest.mark.usefixtures("unchecked")


def refused(data, message, kind=ValueError, inputs="x", outputs="y", **names):
    with pytest.raises(kind, match=message) as raised:
        from_frame(data, inputs, outputs, **names)
    assert raised.type is kind
    assert "\n" not in str(raised.value)


def frame_of(**columns):
    return pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [5.0, 6, 7, 8]} | columns)


def objects(*values):
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Series(column, dtype=object)


# Files

LONGER = "must be CSV in UTF-8, not .*table.csv .*: read it by pandas.read_csv with set"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "table must have a header and rows, not .*table.csv"),
        ("\n\n", "table must have a header and rows, not .*table.csv"),
        ("x,y\n", r"must have rows, not only the header \['x', 'y'\]"),
        ("x,y", r"must have rows, not only the header \['x', 'y'\]"),
        ("x,y\n1,2\n", r"leave rows to train on, not take 0\.2 and 0\.2 of 1 rows"),
        ("x,y,x\n1,2,3\n", "must have one column 'x', not 2 of that name"),
        (
            "x;y\n1;2\n",
            r"""column 'x', not only \['x;y'\].*read_csv\(path, sep=";"\)""",
        ),
        ("x;y\n1,5;2,5\n", r"""column 'x', not only.*read_csv\(path, sep=";"\)"""),
        (
            "x\ty\n1\t2\n",
            r"not only \['x.ty'\]: read it by pandas\.read_csv\(path, sep",
        ),
        ("A title\nx,y\n1,2\n", r"column 'x', not only \['A title'\]$"),
        ("X,y\n1,2\n", r"column 'x', not only \['X', 'y'\]$"),
        ("x, y\n1, 2\n", r"column 'y', not only \['x', ' y'\]$"),
        ("x,y\n1,5,2,5\n", LONGER),
        (
            "x,y\n1,2\n3,4,5\n",
            "must be CSV in UTF-8, not .* in line 3, saw 3.*: read it by pandas",
        ),
        ('x,y\n1,"2\n3,4\n', LONGER),
        ("x,y,Größe\n1,2,3\n".encode("latin-1"), LONGER),
        ("x,y,g\n1,2,ä\n".encode("latin-1"), LONGER),
        ("x,y\n1,2\n".encode("utf-16"), LONGER),
        (b"PK\x03\x04" + bytes(range(256)), LONGER),
        (b"\x1f\x8b\x08\x00" + bytes(range(256)), LONGER),
        (bytes(64), "must have the column 'x', not only"),
        (
            "x,y\n1,2\nabc,3\n",
            "column 'x' must hold numbers, not 'abc' in row 2: if it stands for a m",
        ),
        ("x,y\n1,2\n3,1_0\n", "column 'y' must hold numbers, not '1_0' in row 2$"),
        ("x,y\n1,2\n5 %,3\n", "column 'x' must hold numbers, not '5 %' in row 2$"),
        (
            'x,y\n"12,5",3\n',
            r"""not '12,5' in row 1: .*read_csv\(path, decimal=","\)""",
        ),
        (
            'x,y\n"1,234.5",3\n',
            r"column 'x' must hold numbers, not '1,234\.5' in row 1: .*thousands=\",\"",
        ),
        ("x,y\n1,2\n3,inf\n", r"'y' must hold numbers, not inf in row 2: the largest"),
        (
            "x,y\n1,2\n-1e300,3\n",
            r"'x' must hold numbers, not -1e\+300 in row 2: the l",
        ),
        ("x,y\n1,2\n1e999,3\n", "'x' must hold numbers, not (inf|'1e999') in row 2"),
        ("x,y\n2026-01-31,2\n", "'x' must hold numbers, not '2026-01-31' in row 1$"),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path, text, message):
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    refused(path, message)


@pytest.mark.parametrize("name", ["table.gz", "table.zip", "table.xlsx", "table.xz"])
def test_a_file_is_read_as_what_it_holds_whatever_it_is_called(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04" + bytes(range(256)))
    refused(path, "must be CSV in UTF-8")
    table(60).to_csv(path, compression=None)
    assert len(from_frame(path, "noise", "y", warm_up=0).rows["train"]) == 36


@pytest.mark.parametrize(
    ("data", "message", "kind"),
    [
        ("nowhere.csv", "must be a file that is there, not 'nowhere.csv'", ValueError),
        ("https://a.b/c.csv", "must be a file that is there, not 'https", ValueError),
        (".", "must be a file that is there", ValueError),
        ("\x00", "must be a file that is there", ValueError),
        (None, "path of a CSV file or a pandas DataFrame, not NoneType", TypeError),
        (3, "path of a CSV file or a pandas DataFrame, not int", TypeError),
        (b"table.csv", "path of a CSV file or a pandas DataFrame, not b", TypeError),
        ([[1, 2]], "path of a CSV file or a pandas DataFrame, not list", TypeError),
        (pd.Series([1]), "a CSV file or a pandas DataFrame, not Series", TypeError),
    ],
)
def test_what_is_no_table_is_named(data, message, kind):
    refused(data, message, kind)


# Frames


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        ([], [], r"must have the column 'x', not only \[\]"),
        (["x", "y"], [], r"must have rows, not only the header \['x', 'y'\]"),
        (["x", "y", "x"], [[1, 2, 3]], "must have one column 'x', not 2"),
        ([0, 1], [[1, 2]], r"must have the column 'x', not only \[0, 1\]"),
        ([("x", "a"), ("y", "b")], [[1, 2]], r"column 'x', not only \[\('x', 'a'\)"),
    ],
)
def test_a_frame_without_the_columns_is_named(columns, rows, message):
    refused(pd.DataFrame(rows, columns=pd.Index(columns, dtype=object)), message)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1j, 1, 2, 3], "must hold numbers, not complex128$"),
        (objects(1 + 2j, 1, 2, 3), "must hold numbers, not complex128$"),
        (pd.to_datetime(DATES), r"must hold numbers, not datetime64\[.s\]$"),
        (pd.to_datetime(DATES).tz_localize("UTC"), r"not datetime64\[.s, UTC\]$"),
        (pd.to_timedelta([1, 2, 3, 4]), r"must hold numbers, not timedelta64\[ns\]$"),
        (pd.period_range("2026", periods=4, freq="D"), r"numbers, not period\[D\]$"),
        (objects(1, datetime.date(2026, 1, 31), 2, 3), r"not .*date\(.* in row 2$"),
        (objects(1, pd.Timestamp("2026"), 2, 3), r"not Timestamp\(.* in row 2$"),
        (objects([1], [2], [3], [4]), r"must hold numbers, not \[1\] in row 1$"),
        (
            pd.Categorical(["a", "b", "a", "b"]),
            "must hold numbers, not 'a' in row 1: if it",
        ),
        (
            objects(1, "2", "abc", None),
            "must hold numbers, not 'abc' in row 3: if it s",
        ),
        (["1", "", "2", "3"], "must hold numbers, not '' in row 2$"),
        ([1, np.inf, 2, 3], "must hold numbers, not inf in row 2: the largest that"),
        (np.float32([1, -np.inf, 2, 3]), "must hold numbers, not -inf in row 2: the l"),
        (
            objects(1, 10**200, 2, 3),
            r"must hold numbers, not 10+\.{3}0+ in row 2: the largest",
        ),
        ([np.nan] * 4, "train must have rows that count, not none of 2"),
    ],
)
@pytest.mark.parametrize("name", ["x", "y"])
def test_a_column_without_numbers_is_named(column, message, name):
    named = message if "train" in message else f"column '{name}' {'.*'}{message}"
    refused(frame_of(**{name: column}), named, warm_up=0)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            [0, 2, 1, 3],
            "time must grow from row to row of a series: rows 2 and 3 run b",
        ),
        ([0, 1, 1, 2], "time must grow .* rows 2 and 3 repeat a time; sort the table"),
        ([True, False, True, False], "time must grow .* rows 1 and 2 run backwards"),
        (
            [0, 1, np.nan, 3],
            "column 't' must hold a time in each row, not none in row 3",
        ),
        ([*DATES[:2], None, DATES[3]], "hold a time in each row, not none in row 3"),
        ([*DATES[:2], "soon", DATES[3]], "dates in ISO 8601, .*, not 'soon' in row 3"),
        (
            [*DATES[:3], "2026-02-30"],
            "dates in ISO 8601, .*, not '2026-02-30' in row 4",
        ),
        (["1.2.2026", "2.2.2026", "3.2.2026", "4.2.2026"], "not '1.2.2026' in row 1"),
        (
            ["01/02/2026"] * 4,
            "not '01/02/2026' in row 1: read others by pandas.to_date",
        ),
        (
            ["8:00", "8:01", "8:02", "8:03"],
            "numbers or dates in .* not '8:00' in row 1",
        ),
        (
            ["0,5", "1,0", "1,5", "2,0"],
            "numbers or dates in ISO 8601, .*, not '0,5' in ",
        ),
        (["0", "1", "abc", "3"], "column 't' must hold numbers, not 'abc' in row 3"),
        (pd.to_timedelta([1, 2, 3, 4], unit="s"), "not Timedelta.* in row 1"),
        (pd.period_range("2026", periods=4, freq="D"), "not Period.* in row 1"),
        ([0, 1, 1e300, 3], r"column 't' must hold numbers, not 1e\+300 in row 3"),
        ([0, 1, np.inf, 3], "column 't' must hold numbers, not inf in row 3"),
        ([1j, 2j, 3j, 4j], "column 't' must hold numbers, not complex128"),
        (
            [0, 1, 10, 1e99],
            "only 1 of 3 are within a tenth of 9, and their median is 9; resample",
        ),
        ([0, 1, 1.2, 2.2], r"rows 2 and 3 are 0\.2 apart, less than half a step of 1"),
        (
            ["2026-01-01T00:00", "2026-01-01T00:01", "2026-01-01T00:05", "2026-01-02"],
            "are within a tenth of 240 s, and their median is 240 s; resample",
        ),
    ],
)
def test_times_that_are_none_are_named(column, message):
    refused(frame_of(t=column), message, time="t")


def test_a_bad_time_in_a_group_is_named_with_the_group():
    frame = frame_of(t=[0, 0, 1, -1], g=["a", "b", "a", "b"])
    refused(frame, "rows 2 and 4 run backwards in group 'b'; sort", time="t", group="g")
    alone = frame_of(t=[0, 1, 2, 3], g=["a", "b", "c", "d"])
    refused(alone, "time must have at least two rows in a series", time="t", group="g")
    few = frame_of(g=["a", "a", "a", "b"])
    refused(few, "to train on, not .* of 1 rows in group 'b'", group="g")


@pytest.mark.parametrize(
    "label", ["=HYPERLINK(1)", "@cmd", "-1+2", "+x", "\t=x", "\rx"]
)
def test_a_group_that_a_spreadsheet_would_run_is_named(label):
    column = ["a", "b", label, "a"]
    for groups in (column, pd.Categorical(column)):
        message = "column 'g' must hold plain names of groups, not .* in row 3, which a"
        refused(frame_of(g=groups), message, group="g")


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_row_without_a_group_is_named(missing):
    column = objects("a", "b", missing, "a")
    refused(
        frame_of(g=column), "'g' must hold a group in each row, not none", group="g"
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            {"inputs": ["x", "x"]},
            "columns must be named for one purpose, not 'x' for two$",
        ),
        ({"outputs": ["y", "y"]}, "named for one purpose, not 'y' for two$"),
        (
            {"inputs": ["x", "y"]},
            "not 'y' for two: what is to be answered would be seen",
        ),
        ({"inputs": "y", "outputs": ["y", "y"], "horizon": 1}, "not 'y' for two$"),
        ({"time": "x"}, "named for one purpose, not 'x' for two$"),
        ({"group": "y", "horizon": 1}, "named for one purpose, not 'y' for two$"),
        ({"time": "t", "group": "t"}, "named for one purpose, not 't' for two$"),
        ({"inputs": []}, r"inputs must be names of columns, not \[\]"),
        ({"inputs": None}, "inputs must be names of columns, not None"),
        ({"outputs": 3}, "outputs must be names of columns, not 3"),
        ({"outputs": [3]}, r"outputs must be names of columns, not \[3\]"),
        ({"time": ["t"]}, r"time must be the name of a column, not \['t'\]"),
        ({"group": 0}, "group must be the name of a column, not 0"),
        ({"inputs": "z"}, r"must have the column 'z', not only \['x', 'y', 't'\]"),
    ],
)
def test_names_that_are_none_are_named(names, message):
    refused(frame_of(t=[0, 1, 2, 3]), message, **names)


def test_a_name_alone_is_a_list_of_one():
    frame = table(40)
    first, *others = (
        from_frame(frame, inputs, outputs, warm_up=0).predictions(Copy(0))
        for inputs in ("noise", ["noise"], ("noise",), frame.columns[[3]])
        for outputs in ("y", ("y",))
    )
    for other in others:
        pd.testing.assert_frame_equal(other, first)
