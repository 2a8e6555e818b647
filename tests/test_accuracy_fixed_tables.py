"""The stored tables on fixed point and on the work of reading digits: rows again."""

import pytest
from accuracy import fixed
from accuracy.datasets import BRIEF
from accuracy.measure import run

from spikereg import results

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

TABLE = {row.trial.method: row for row in results.stored("quantization")}
NAMES = [fixed.named(bits) for bits in fixed.AFTER]
NAMES += [f"{fixed.named(bits)}, trained" for bits in fixed.TRAINED]


def test_each_network_has_each_number_of_bits_and_five_seeds():
    assert TABLE.keys() == fixed.WIDTHS.keys()
    for row in TABLE.values():
        assert len(row.seeds) == 5
        assert row.values.keys() >= set(NAMES)


def test_fewer_bits_are_worse_and_training_helps():
    for row in TABLE.values():
        errors = [row.median(name) for name in NAMES[:4]]
        assert errors == sorted(errors)
        for bits in ("6 and 6 bits", "4 and 4 bits"):
            assert row.median(f"{bits}, trained") < row.median(bits)


# What has been trained already may get worse by a little, and is told so.
@pytest.mark.filterwarnings("ignore:training ended worse")
def test_a_network_is_rounded_again():
    kept = TABLE["relu, 32 steps"]
    again = run(kept.trial, 0)
    assert again.named.keys() == set(NAMES)
    for name in NAMES:
        low, high = kept.range(name)
        assert 0.7 * low < again.named[name] < 1.4 * high


@pytest.mark.parametrize("task", ["digits", BRIEF])
def test_an_lstm_reads_digits_at_the_same_cost(task):
    (kept,) = (
        row
        for row in results.stored("energy-digits")
        if (row.trial.task, row.trial.method, row.trial.hidden) == (task, "lstm", 32)
    )
    again = run(kept.trial, 0)
    low, high = kept.range("accuracy")
    assert low - 0.02 < again.report.accuracy < high + 0.02
    assert again.named["multiply_accumulates"] == pytest.approx(
        kept.values["multiply_accumulates"][0], rel=1e-2
    )


def test_what_sees_a_digit_at_once_has_no_cost_of_a_step():
    trial = next(
        row.trial
        for row in results.stored("digits")
        if row.trial.method == "logistic regression"
    )
    assert not any(run(trial, 0).named.values())
