"""Values that may stand for a missing one, and what is printed of a table."""

import warnings

import numpy as np
import pytest
from tables import INPUTS, Copy, table

from spikereg import from_frame


def quiet(frame, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return from_frame(frame, INPUTS, "y", **{"warm_up": 2} | settings)


@pytest.mark.parametrize("row", [5, 65, 95])  # to train on, to choose by, to test
@pytest.mark.parametrize("column", ["noise", "y"])
@pytest.mark.parametrize("code", [-9999, -99999.0, 1e20])
def test_a_code_for_a_missing_value_is_told_in_every_part(row, column, code):
    frame = table(100).astype({"y": float})
    quiet(frame)
    frame.loc[row, column] = code
    name = f"{code:.15g}".replace("+", r"\+")
    message = (
        rf"'{column}' lies far from all its other values in row {row + 1}, at {name}: "
        rf".*na_values=\[{name}\]\)$"
    )
    with pytest.warns(RuntimeWarning, match=message):
        from_frame(frame, INPUTS, "y", warm_up=2)


def test_codes_in_a_third_of_the_rows_are_told_with_their_number():
    frame = table(90)
    frame.loc[frame.index % 3 == 1, "noise"] = -99
    message = "in 30 rows, the first of them row 2, at -99: if that stands"
    with pytest.warns(RuntimeWarning, match=message) as told:
        data = from_frame(frame, INPUTS, "y", warm_up=2, horizon=0)
    assert len(told) == 1
    assert "\n'noise': from -99 to " in repr(data)


@pytest.mark.parametrize(
    "draw",
    [
        lambda draw, n: draw.normal(size=n),
        lambda draw, n: draw.lognormal(size=n),
        lambda draw, n: draw.exponential(size=n) * (draw.random(n) < 0.1),  # rain
        lambda draw, n: draw.random(n) < 0.01,  # a rare event
        lambda draw, n: draw.random(n) < 0.5,  # a switch
        lambda draw, n: np.cumsum(draw.normal(size=n)),
        lambda draw, n: np.exp(np.arange(n) / 40),  # growth
    ],
)
def test_what_was_measured_is_not_suspected(draw):
    frame = table(400)
    frame["noise"] = draw(np.random.default_rng(0), 400).astype(float)
    frame.loc[[3, 300, 390], "noise"] = 1.0
    quiet(frame)


def test_rain_with_a_code_is_suspected_though_most_days_are_dry():
    frame = table(400)
    draw = np.random.default_rng(0)
    frame["noise"] = draw.exponential(size=400) * (draw.random(400) < 0.1)
    frame.loc[7, "noise"] = -999
    with pytest.warns(RuntimeWarning, match="in row 8, at -999: "):
        from_frame(frame, INPUTS, "y", warm_up=2)


# What is printed


def test_names_are_printed_as_they_are_written_in_python():
    frame = table(80, groups=2).rename(columns={"noise": "a\nb\x1b[2J"})
    frame["group"] = np.where(frame["group"] == 0, "north\n", "\x1b[31m")
    names = ["row", "a\nb\x1b[2J"]
    data = from_frame(frame, names, "y", group="group", warm_up=2)
    words = repr(data)
    assert "\x1b" not in words
    assert r"'north\n'" in words
    assert r"'a\nb\x1b[2J': from " in words


def test_a_series_without_a_row_that_counts_is_printed():
    frame = table(60)
    frame["group"] = np.where(frame.index < 5, "short", "long")
    words = repr(quiet(frame, group="group", warm_up=7))
    assert "series without a row that counts: 1, 'short'\n" in words
    assert "without a row" not in repr(quiet(frame))


def test_few_of_many_series_and_columns_are_printed():
    frame = table(400).assign(**{f"x{n}": np.arange(400.0) % (n + 2) for n in range(9)})
    frame["group"] = [f"g{n}" for n in np.where(frame.index < 40, frame.index // 4, 10)]
    names = [f"x{n}" for n in range(9)]
    words = repr(from_frame(frame, names, "y", group="group", warm_up=7))
    assert "counts: 10, 'g0', 'g1', 'g2', 'g3', 'g4', 'g5', ...\n" in words
    assert "'x5': from 0 to 6\nand 4 more columns" in words


# Names that the answers have


@pytest.mark.parametrize(
    ("outputs", "settings", "name"),
    [
        (["y", "y, predicted"], {}, "y, predicted"),
        ("y", {"group": "y, predicted"}, "y, predicted"),
        ("y", {"group": "rows seen"}, "rows seen"),
        ("y", {"time": "rows seen"}, "rows seen"),
        ("rows seen", {}, "rows seen"),
        ("y", {"group": "y, 2 later", "horizon": 2}, "y, 2 later"),
    ],
)
def test_a_column_called_as_one_of_the_answers_is_refused(outputs, settings, name):
    frame = table(60).assign(**{name: np.arange(60.0)})
    message = f"otherwise than those of the answers, not '{name}': rename it"
    with pytest.raises(ValueError, match=message):
        from_frame(frame, INPUTS, outputs, **settings)


def test_names_that_do_not_meet_are_kept():
    frame = table(60).rename(columns={"noise": "y, predicted", "group": "y, 2 later"})
    data = from_frame(frame, ["y, predicted"], "y", group="y, 2 later", warm_up=2)
    told = data.columns.predict(Copy(0), frame)
    assert list(told.columns) == ["y, 2 later", "rows seen", "y"]
