"""The stored tables of chapter 10: settings are the best that were tried, rows are made
again.
"""

import pytest
from accuracy import receptors, timings
from accuracy.datasets import TIMES
from accuracy.measure import run

from spikereg.results import stored

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

CHOSEN = ("curve", "gap")


def of(name, method, task, **settings):
    return [
        row
        for row in stored(name)
        if (row.trial.method, row.trial.task) == (method, task)
        and all(getattr(row.trial, key) == value for key, value in settings.items())
    ]


@pytest.mark.parametrize("kind", [k for k in timings.SETTINGS if k != "no memory"])
@pytest.mark.parametrize("task", CHOSEN)
def test_settings_are_those_of_the_smallest_validation_error(kind, task):
    errors = {
        (row.trial.lr, row.trial.steepness or 0.0): row.median("l1")
        for row in of("timing-choice", kind, TIMES + task)
    }
    assert len(errors) >= (5 if kind == "exact" else 6)
    chosen = timings.SETTINGS[kind][task == "gap"]
    assert errors[chosen] == min(errors.values())
    # The best rate is no end of what was tried, but for the smallest.
    rates = sorted({rate for rate, _ in errors})
    assert chosen[0] < rates[-1]


@pytest.mark.parametrize("method", ["constant", "linear fit"])
@pytest.mark.parametrize("task", ["curve", "wave", "pattern", "gap"])
def test_a_baseline_is_made_again(method, task):
    (kept,) = of("timing", method, TIMES + task)
    again = run(kept.trial, 0)
    assert again.report.l1 == pytest.approx(kept.values["l1"][0], rel=1e-3)


@pytest.mark.parametrize(("method", "width"), [("exact", 16), ("lif", 16)])
def test_a_trained_row_is_made_again(method, width):
    (kept,) = of("timing", method, f"{TIMES}curve", hidden=width)
    again = run(kept.trial, 0)
    low, high = kept.range("l1")
    # Two processors part after some steps, when a first spike flips.
    assert 0.6 * low < again.report.l1 < 1.6 * high
    assert again.silent == 0
    assert again.parameters == kept.parameters


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("inputs", ["spikes", "sound", "both"])
def test_a_filter_of_the_receptor_is_made_again(inputs, number):
    task = f"{receptors.RECEPTOR}{number}"
    (kept,) = of("receptor", f"filter, {inputs}", task)
    again = run(kept.trial, 1)
    assert again.auc == pytest.approx(kept.values["auc"][1], abs=2e-3)
    assert again.bits == pytest.approx(kept.values["bits"][1], abs=0.02)


def test_a_network_of_the_receptor_is_made_again():
    (kept,) = of("receptor", "spiking, both", f"{receptors.RECEPTOR}1")
    again = run(kept.trial, 3)
    assert again.auc == pytest.approx(kept.values["auc"][3], abs=0.01)
    assert again.bits == pytest.approx(kept.values["bits"][3], abs=0.15)
    assert again.parameters == kept.parameters
