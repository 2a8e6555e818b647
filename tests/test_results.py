"""Rows of measured errors, as text and as they come with the package."""

import json
from dataclasses import asdict
from importlib import resources

import parts
import pytest

from spikereg.results import Row, Trial, step_costs, stored, table

NAMES = ["ablation", "choice", "noise", "p1", "p2", "p3", "rate", "steps", "width"]


# Trials


def test_a_trial_says_what_is_not_as_usual():
    assert str(Trial("lstm", "sqrt")) == "sqrt, lstm"
    changed = Trial("accurate", "mean", hidden=16, trained_noise=0.01)
    assert str(changed) == "mean, accurate, hidden 16, trained noise 0.01"


# Rows and tables


def row(values=(0.1, 0.3, 0.2), tried=None):
    tried = tried or Trial("relu", "sqrt")
    seeds = tuple(range(len(values)))
    return Row(tried, 7, seeds, {"l1": values, "relative_error": values})


def test_a_row_has_a_median_and_a_range():
    assert row().median() == 0.2
    assert row().range("l1") == (0.1, 0.3)
    with pytest.raises(ValueError, match=r"measure must be one of .* not 'l2'"):
        row().median("l2")


def test_a_row_is_confirmed_by_a_median_within_its_range():
    assert row().confirms(row((0.1, 0.1)))
    assert not row().confirms(row((0.31, 0.31)))
    assert not row().confirms(row((0.09,)))
    with pytest.raises(ValueError, match="must be a row of sqrt, relu, not sqrt, gru"):
        row().confirms(row(tried=Trial("gru", "sqrt")))


def test_a_table_shows_medians_and_ranges_in_columns():
    text = table([row(), row(tried=Trial("gru", "linear"))], ["l1", "seconds"])
    assert text.splitlines() == [
        "trial        numbers  seeds  l1                seconds",
        "sqrt, relu   7        3      0.2 (0.1 to 0.3)  -",
        "linear, gru  7        3      0.2 (0.1 to 0.3)  -",
    ]
    assert "20.00% (10.00% to 30.00%)" in table([row()])


# The stored tables


def test_an_unknown_stored_table_is_named():
    with pytest.raises(ValueError, match=r"name must be one of \('ablation', .*'p9'"):
        stored("p9")


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_table_is_read_as_it_was_written(name):
    written = resources.files("spikereg.results") / "stored" / f"{name}.json"
    rows = stored(name)
    assert json.loads(json.dumps([asdict(row) for row in rows])) == json.loads(
        written.read_text()
    )
    for row in rows:
        assert isinstance(row.trial, Trial)
        assert row.values
        assert all(len(values) == len(row.seeds) for values in row.values.values())


@pytest.mark.parametrize("values", [(0.1, float("nan")), (0.1, float("inf")), (0.1,)])
def test_a_row_has_a_finite_number_for_each_seed(values):
    with pytest.raises(
        ValueError, match="l1 must be a finite number for each of 2 seeds"
    ):
        Row(Trial("relu", "sqrt"), 7, (0, 1), {"l1": values})


@pytest.mark.parametrize("measures", [["relativ_error"], "mse"])
def test_a_measure_that_no_row_has_is_refused(measures):
    row = Row(Trial("relu", "sqrt"), 7, (0,), {"mse": (0.1,)})
    with pytest.raises(ValueError, match=r"measure must be one of .*'mse'"):
        table([row], measures)


def test_the_costs_of_a_step_are_read():
    costs = step_costs()
    assert [cost.size for cost in costs] == parts.SIZES
    for cost in costs:
        assert set(cost.ms) == set(parts.PEERS.values())
        # The step was watched while it was timed, so its parts are the whole of it.
        whole = cost.ms["fit's step"]
        assert sum(cost.parts.values()) == pytest.approx(whole, rel=0.15)
