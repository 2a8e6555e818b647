"""The stored tables of the sunspots of chapter 12: settings are the best that were
tried, rows are made again.
"""

from functools import cache

import pytest
from accuracy.measure import run
from accuracy.sunspots import CHOSEN, EARLIER, GRID, HORIZONS, named

from spikereg import results

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")


@cache
def stored(name):
    return results.stored(name)


def of(name, method, task):
    return [
        row
        for row in stored(name)
        if (row.trial.method, row.trial.task) == (method, task)
    ]


def squared_error(settings, horizon):
    """Return the mean over both earlier stretches and their seeds."""
    rows = [
        row
        for row in stored("sunspots-choice")
        if row.trial.task in [named(block, horizon) for block in EARLIER]
        and all(getattr(row.trial, key) == value for key, value in settings.items())
    ]
    assert len(rows) == len(EARLIER)
    errors = [error for row in rows for error in row.values["mse"]]
    return sum(errors) / len(errors)


@pytest.mark.parametrize("method", GRID)
def test_settings_are_those_of_the_smallest_error_on_earlier_stretches(method):
    for horizon, chosen in zip(HORIZONS, CHOSEN[method], strict=True):
        errors = [squared_error(settings, horizon) for settings in GRID[method]]
        assert len(errors) == 6
        assert chosen == errors.index(min(errors))


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize(
    "method",
    ["mean", "last", "season", "ar 9", "linear, levels 40", "linear, delta 0.1"],
)
def test_a_baseline_is_made_again(method, horizon):
    (kept,) = of("sunspots", method, named(1969, horizon))
    again = run(kept.trial, 0)
    assert again.rmse == pytest.approx(kept.values["rmse"][0], rel=1e-3)
    assert again.width == pytest.approx(kept.values["width"][0], rel=1e-3)
    assert again.coverage == kept.values["coverage"][0]


def test_trees_are_made_again():
    settings = GRID["trees"][CHOSEN["trees"][0]]
    (kept,) = of("sunspots", settings["method"], named(1929))
    assert run(kept.trial, 0).rmse == pytest.approx(kept.values["rmse"][0], rel=0.02)


@pytest.mark.parametrize("method", ["lstm", "spiking, current", "spiking, levels"])
def test_a_trained_row_is_made_again(method):
    settings = GRID[method][CHOSEN[method][0]]
    (kept,) = of("sunspots", settings["method"], named(1909))
    again = run(kept.trial, 0)
    low, high = kept.range("rmse")
    # Two processors part after some steps, when a first spike flips.
    assert 0.6 * low < again.rmse < 1.6 * high
    assert again.parameters == kept.parameters
