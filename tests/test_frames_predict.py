"""What stands beside answers to another table, and what is said of it."""

import numpy as np
import pytest
from tables import INPUTS, Copy, table

from spikereg import from_frame


def test_rows_seen_begin_anew_where_a_row_or_an_input_is_missing():
    frame = table(40)
    data = from_frame(frame, INPUTS, "y", time="time", warm_up=4)
    new = frame.drop(index=[10, 11])
    new.loc[20, INPUTS[0]] = np.nan
    told = data.columns.predict(Copy(0), new)["rows seen"]
    assert told.tolist() == [*range(1, 11), *range(1, 9), 0, *range(1, 20)]


def test_an_input_far_from_all_that_was_trained_on_is_told():
    frame = table(40)
    data = from_frame(frame, INPUTS, "y", warm_up=4)
    new = frame.copy()
    new[INPUTS[1]] = new[INPUTS[1]].astype(float)
    mean, deviation = (
        getattr(data.columns.inputs, part)[1].item() for part in ("mean", "deviation")
    )
    new.loc[7, INPUTS[1]] = mean + 9.9 * deviation
    data.columns.predict(Copy(0), new)
    new.loc[7, INPUTS[1]] = mean - 10.6 * deviation
    message = rf"column '{INPUTS[1]}' is 10\.6 standard deviations .* in row 8: "
    with pytest.warns(RuntimeWarning, match=message):
        data.columns.predict(Copy(0), new)


def test_what_is_printed_names_the_series_and_the_rows_that_warm_up():
    data = from_frame(table(40, groups=2), INPUTS, "y", group="group", warm_up=4)
    words = repr(data)
    assert f"series: 2 ({', '.join(map(str, data.table.names))}); pieces" in words
    assert "warm up, 4 of each piece: 8" in words


def test_a_part_without_rows_that_count_is_told_how_long_the_pieces_are():
    frame = table(40)
    frame["time"] += np.arange(40) // 5  # as weekends do
    with pytest.raises(ValueError, match=r"more than gap = 1\.5 .* has 5 rows"):
        from_frame(frame, INPUTS, "y", time="time", warm_up=5)
    assert from_frame(frame, INPUTS, "y", time="time", warm_up=5, gap=2.0)


@pytest.mark.usefixtures("unchecked")
def test_names_without_an_order_are_refused():
    with pytest.raises(ValueError, match=r"inputs must be names of columns, not \{"):
        from_frame(table(40), set(INPUTS), "y")
