"""Tables that hold no measured series: the error names column, row and what to do."""

import datetime

import numpy as np
import pandas as pd
import pytest
from tables import Copy, refused, table

from spikereg import from_frame

DATES = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]

pytestmark = pytest.mark.usefixtures("unchecked")


def frame_of(**columns):
    return pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [5.0, 6, 7, 8]} | columns)


def objects(*values):
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Series(column, dtype=object)


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
            [20260130, 20260131, 20260201, 20260202],
            r"not dates written as .* 20260130: .*datetime\(column, format=.%Y%m%d.\)",
        ),
        (["202611", "202612", "202701", "202702"], 'such as 202611: .*format="%Y%m"'),
        ([202601, 202602, 202612, 202701], 'such as 202601: .*format="%Y%m"'),
        (
            [20260101.0, 20260201.0, 20261201.0, 20270101.0],
            'such as 20260101: .*format="%Y%m%d"',
        ),
        (
            [2026013122, 2026013123, 2026020100, 2026020101],
            'such as 2026013122: .*format="%Y%m%d%H"',
        ),
        (
            [202601312358, 202601312359, 202602010000, 202602010001],
            'such as 202601312358: .*format="%Y%m%d%H%M"',
        ),
        (
            [20260131235958, 20260131235959, 20260201000000, 20260201000001],
            'such as 20260131235958: .*format="%Y%m%d%H%M%S"',
        ),
        (
            ["2026-01-01T00:00", "2026-01-01T01:00Z", "2026-01-01T02:00", DATES[1]],
            "in each row or in none, not '2026-01-01T00:00' in row 1 and .*Z' in row 2",
        ),
        (
            [f"2026-10-25 0{n}:00" for n in (1, 2, 2, 3)],
            "rows 2 and 3 repeat a time; .*clocks are put back in autumn, give times w",
        ),
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
    refused(few, "train on, not .* of 1 rows in group 'b'; leave this gr", group="g")


@pytest.mark.parametrize(
    "label", ["=HYPERLINK(1)", "@cmd", "-1+2", "+x", "\t=x", "\rx"]
)
def test_a_group_that_a_spreadsheet_would_run_is_named(label):
    column = ["a", "b", label, "a"]
    for groups in (column, pd.Categorical(column)):
        message = "column 'g' must hold plain names of groups, not .* in row 3, which a"
        refused(frame_of(g=groups), f"{message}.*: rename it$", group="g")


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


def test_a_column_of_huge_integers_is_told_what_may_be_wrong():
    column = [2.0**70 + n for n in range(40)]
    frame = pd.DataFrame({"x": column, "y": range(40)})
    message = (
        r"not be 1\.18.*e\+21 in all of them: leave it out; if it does change, sub"
    )
    refused(frame, message, warm_up=0)


# What errors repeat has an end

LONG = "a" * 10**6
MANY = [f"column {n}" for n in range(20_000)]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (frame_of(x=[1, LONG, 2, 3]), {}),
        (frame_of(x=objects(1, 10**4000, 2, 3)), {}),
        (frame_of(x=objects(1, 10**5000, 2, 3)), {}),
        (frame_of(x=objects(1, list(range(10**6)), 2, 3)), {}),
        (frame_of(t=[LONG, *DATES[1:]]), {"time": "t"}),
        (frame_of(t=objects("1", LONG, "2", "3")), {"time": "t"}),
        (frame_of(g=["a", "b", "=" + LONG, "a"]), {"group": "g"}),
        (frame_of(g=["a", "a", "a", LONG]), {"group": "g"}),
        (frame_of(t=[0, 1, 1, 2], g=[LONG] * 3 + ["a"]), {"group": "g", "time": "t"}),
        (frame_of(**{LONG: ["a"] * 4}), {"inputs": LONG}),
        (frame_of(**{LONG: [1.0] * 4}), {"inputs": LONG, "warm_up": 0}),
        (frame_of(**{LONG: [1.0] * 4}), {"time": LONG}),
        (frame_of(**{LONG: [None] * 4}), {"time": LONG}),
        (frame_of(), {"inputs": LONG}),
        (frame_of(), {"inputs": [*MANY, 3]}),
        (frame_of(), {"inputs": [LONG] * 2}),
        (frame_of(), {"outputs": [LONG, f"{LONG}, predicted"]}),
        (frame_of(), {"time": [LONG]}),
        (frame_of(), {"split": LONG}),
        (frame_of(), {"window": LONG}),
        (frame_of(), {"gap": LONG}),
        (frame_of(), {"step": LONG}),
        (frame_of(), {"test": LONG}),
        (frame_of(), {"test": 10**4000}),
        (frame_of(**dict.fromkeys(MANY, 1.0)), {"inputs": "column 77!"}),
        (pd.DataFrame([[1.0, 2.0]], columns=[LONG, "y"]), {}),
        (pd.DataFrame(columns=MANY), {"inputs": MANY, "outputs": "y"}),
        (pd.DataFrame(columns=[*MANY, "y"]), {"inputs": MANY, "outputs": "y"}),
        ("a" * 10**6, {}),
    ],
    ids=range(29),
)
def test_an_error_repeats_no_more_than_a_reader_reads(data, names):
    with pytest.raises(ValueError, match=r"must|may") as raised:
        from_frame(data, **{"inputs": "x", "outputs": "y"} | names)
    assert len(str(raised.value)) < 1000


def test_of_many_columns_those_are_named_that_are_called_alike():
    frame = frame_of(**dict.fromkeys(MANY, 1.0))
    message = r"column 'column 77!', not only \['column 77.*\] and 19,992 more$"
    refused(frame, message, inputs="column 77!")


def test_a_name_alone_is_a_list_of_one():
    frame = table(40)
    first, *others = (
        from_frame(frame, inputs, outputs, warm_up=0).predictions(Copy(0))
        for inputs in ("noise", ["noise"], ("noise",), frame.columns[[3]])
        for outputs in ("y", ("y",))
    )
    for other in others:
        pd.testing.assert_frame_equal(other, first)
