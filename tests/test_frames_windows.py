"""Which rows of a table count, in which part and window, and what each window knows."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from tables import INPUTS, answers_of, parts_by_time, table, windows_of

from spikereg import from_frame

PARTS = ("train", "validation", "test")
CLOSED = {"window": 4, "warm_up": 2, "validation": 4.0, "test": 6.0}

drawn = given(
    shape=st.fixed_dictionaries(
        {
            "rows": st.integers(80, 160),
            "groups": st.integers(1, 3),
            "missing": st.sampled_from([0.0, 0.05]),
            "unknown": st.sampled_from([0.0, 0.2]),
            "gaps": st.sampled_from([0.0, 0.05]),
            "seed": st.integers(0, 10**6),
        }
    ),
    settings=st.fixed_dictionaries(
        {
            "horizon": st.integers(0, 3),
            "window": st.integers(1, 9),
            "warm_up": st.integers(0, 3),
            "validation": st.sampled_from([0.2, 0.3, 7.0]),
            "test": st.sampled_from([0.2, 0.25, 6.0]),
        }
    ),
)

few = examples(max_examples=25)  # each takes a tenth of a second


def made(frame, **settings):
    """Make data sets; skip a draw in which a part has no rows at all."""
    settings = {"time": "time", "group": "group"} | settings
    try:
        return from_frame(frame, INPUTS, "y", **settings)
    except ValueError as error:
        assume("must have rows that count" not in str(error))
        assume("must change in the rows" not in str(error))
        raise


def closed(rows=20, **settings):
    return from_frame(table(rows), INPUTS, "y", **CLOSED | settings)


def test_the_windows_of_a_series_without_gaps():
    data = closed()

    def window(begin, first, end):
        return [(row, row if row >= first else None) for row in range(begin, end)]

    assert windows_of(data, "train") == [window(0, 2, 6), window(4, 6, 10)]
    assert windows_of(data, "validation") == [window(8, 10, 14)]
    assert windows_of(data, "test") == [window(12, 14, 18), window(16, 18, 20)]


def test_with_a_horizon_a_row_belongs_to_the_part_that_it_answers():
    data = closed(horizon=3)
    answers = {
        part: [pair for window in windows_of(data, part) for pair in window if pair[1]]
        for part in PARTS
    }
    assert answers["train"] == [(row, row + 3) for row in range(2, 7)]
    assert answers["validation"] == [(row, row + 3) for row in range(7, 11)]
    assert answers["test"] == [(row, row + 3) for row in range(11, 17)]
    assert max(row for w in windows_of(data, "train") for row, _ in w) == 6


@few
@drawn
def test_each_row_that_counts_does_so_once_and_in_the_right_part(shape, settings):
    frame = table(**shape)
    data = made(frame, **settings)
    answered = answers_of(frame, settings["horizon"], settings["warm_up"])
    part_of = parts_by_time(frame, settings["validation"], settings["test"])
    for part in PARTS:
        found = [
            (a, row) for w in windows_of(data, part) for row, a in w if a is not None
        ]
        expected = [(a, row) for a, row in answered.items() if part_of[a] == part]
        assert sorted(found) == sorted(expected)
        assert sorted(data.rows[part]) == sorted(a for a, _ in found)


@few
@drawn
def test_no_window_knows_a_gap_another_series_or_the_future(shape, settings):
    frame = table(**shape)
    data = made(frame, **settings)
    part_of = parts_by_time(frame, settings["validation"], settings["test"])
    series = {g: list(rows.index) for g, rows in frame.groupby("group")}
    for n, part in enumerate(PARTS):
        for window in windows_of(data, part):
            rows = [row for row, _ in window]
            places = series[frame["group"][rows[0]]]
            first = places.index(rows[0])
            assert rows == places[first : first + len(rows)]
            assert (np.diff(frame["time"][rows]) <= 1.5).all()
            assert frame.loc[rows, INPUTS].notna().all().all()
            assert sum(a is not None for _, a in window) <= settings["window"]
            # What is seen lies in this part or in those before it, which are past
            assert all(PARTS.index(part_of[row]) <= n for row in rows)


@few
@drawn
def test_nothing_of_training_depends_on_the_rows_after_it(shape, settings):
    frame = table(**shape)
    part_of = parts_by_time(frame, settings["validation"], settings["test"])
    later = [row for row, part in part_of.items() if part != "train"]
    tested = [row for row, part in part_of.items() if part == "test"]
    data = made(frame, **settings)
    for changed, parts in ((later, ["train"]), (tested, ["train", "validation"])):
        other = frame.copy()
        other.loc[changed, ["row", "noise"]] = 1 - 3 * other.loc[changed, INPUTS]
        other.loc[changed, "y"] = 77.0
        again = made(other, **settings)
        for name in ("inputs", "outputs"):
            ours, theirs = (getattr(d.columns, name) for d in (data, again))
            assert torch.equal(ours.mean, theirs.mean)
            assert torch.equal(ours.deviation, theirs.deviation)
        for part in parts:
            ours, theirs = getattr(data, part), getattr(again, part)
            assert torch.equal(ours.mask, theirs.mask)
            assert torch.equal(ours.features, theirs.features)
            assert torch.equal(ours.labels, theirs.labels)


@few
@drawn
def test_whole_series_are_a_part_of_a_split_by_group(shape, settings):
    frame = table(**shape | {"groups": 6, "rows": 200})
    sizes = {"validation": 1.0, "test": 0.34}
    data = made(frame, **settings | sizes, split="group", seed=shape["seed"])
    groups = {
        part: {frame["group"][row] for w in windows_of(data, part) for row, _ in w}
        for part in PARTS
    }
    assert not groups["train"] & groups["validation"]
    assert not groups["test"] & (groups["train"] | groups["validation"])
    assert [len(groups[part]) for part in PARTS] == [3, 1, 2]
    answered = answers_of(frame, settings["horizon"], settings["warm_up"])
    assert sorted(np.concatenate(list(data.rows.values()))) == sorted(answered)


@pytest.mark.usefixtures("global_rng_stays")
def test_a_seed_draws_the_groups():
    frame = table(300, groups=9)

    def tested(seed):
        settings = {"split": "group", "group": "group", "seed": seed}
        data = from_frame(frame, INPUTS, "y", **settings)
        return frozenset(frame["group"][data.rows["test"]])

    drawn_twice = [(tested(seed), tested(seed)) for seed in range(5)]
    assert all(first == again for first, again in drawn_twice)
    assert len({first for first, _ in drawn_twice}) > 1


def test_a_wider_gap_joins_rows_and_a_given_step_stands_for_the_median():
    frame = table(60, gaps=0.1, seed=3)
    pieces = [
        from_frame(
            frame, INPUTS, "y", time="time", warm_up=1, **more
        ).series.piece.max()
        for more in ({}, {"gap": 5.0}, {"gap": 4.9})
    ]
    assert pieces[0] == pieces[2] > 1
    assert pieces[1] == 0
    halves = frame.assign(time=frame["time"] / 2)
    data = from_frame(halves, INPUTS, "y", time="time", warm_up=1, step=0.5)
    assert data.series.step == 0.5
    assert data.series.piece.max() == pieces[0]


def test_outputs_that_are_measured_seldom_are_what_counts():
    frame = table(400)
    frame.loc[frame.index % 10 != 0, "y"] = np.nan
    data = from_frame(frame, INPUTS, "y", window=25, warm_up=5)
    for part in PARTS:
        assert (data.rows[part] % 10 == 0).all()
        assert getattr(data, part).mask.sum(dim=0).min() >= 1
    counted = sum(len(rows) for rows in data.rows.values())
    assert counted == sum(row % 10 == 0 for row in range(5, 400))


def test_a_row_without_an_input_is_cut_out():
    frame = table(100)
    frame.loc[frame.index % 2 == 1, "noise"] = np.nan
    data = from_frame(frame, INPUTS, "y", warm_up=0)
    assert all(len(w) == 1 for part in PARTS for w in windows_of(data, part))
    with pytest.raises(ValueError, match="train must have rows that count, not none"):
        from_frame(frame, INPUTS, "y", warm_up=1)


def test_printed_data_say_what_is_used():
    frame = table(50, unknown=0.1, missing=0.05, seed=1)
    data = from_frame(frame, INPUTS, "y", window=5, warm_up=2)
    words = repr(data)
    assert "rows: 50, in steps of 1\nseries: 1; pieces" in words
    missing, unknown = frame[["noise", "y"]].isna().sum()
    assert f"rows that miss an input: {missing}; an output: {unknown}\n" in words
    for part in PARTS:
        windows = windows_of(data, part)
        rows = sum(a is not None for window in windows for _, a in window)
        assert f"{part}: {rows} rows in {len(windows)} windows" in words


@pytest.mark.parametrize("window", [10, 10**30])
def test_windows_are_no_longer_than_the_pieces(window):
    data = closed(window=window)
    assert [len(w) for w in windows_of(data, "train")] == [10]
    assert len(data.train.features) == 10


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"horizon": 20}, "train must have rows that count, not none of 10"),
        ({"horizon": 10**30}, "train must have rows that count, not none of 10"),
        ({"warm_up": 10}, "train must have rows that count, not none of 10.*= 10 oth"),
        ({"warm_up": 10**30}, "train must have rows that count"),
        ({"test": 16}, r"leave rows to train on, not take 4\.0 and 16 of 20 rows"),
        ({"test": 10**30}, r"leave rows to train on, not take 4\.0 and 10+ of 20 rows"),
        ({"validation": 0.5, "test": 0.5}, r"not take 0\.5 and 0\.5 of 20 rows"),
        ({"test": 0.0}, r"test must be a part between 0 and 1 or a whole .* not 0\.0"),
        ({"test": 1.5}, r"test must be .* not 1\.5"),
        ({"validation": True}, "validation must be .* not True"),
        ({"validation": float("nan")}, "validation must be .* not nan"),
        ({"window": 0}, "window must be an integer of at least 1, not 0"),
        ({"warm_up": -1}, "warm_up must be an integer of at least 0, not -1"),
        ({"horizon": 1.5}, r"horizon must be an integer of at least 0, not 1\.5"),
        ({"gap": 0.5}, r"gap must be a number of at least 1, not 0\.5"),
        ({"step": 0}, "step must be a positive finite number, not 0"),
        ({"split": "row"}, r"split must be one of \('time', 'group'\), not 'row'"),
        ({"split": "group"}, "group must be named to split by it"),
        ({"seed": -1, "split": "group", "group": "group"}, "seed must be .* not -1"),
        ({"split": "group", "group": "group"}, "leave a group to train on.* 1 groups"),
    ],
)
def test_settings_that_leave_nothing_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        closed(**settings)
