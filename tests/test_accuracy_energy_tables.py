"""The stored tables of chapter 13: settings are the best that were tried, rows are made
again.
"""

from dataclasses import replace
from functools import cache

import pytest
from accuracy import tanks
from accuracy.datasets import BRIEF
from accuracy.measure import run
from accuracy.tables.energy import DIGITS, LONGER, PENALTIES, SPARSE

from spikereg import results

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

each_network = pytest.mark.parametrize(
    ("method", "hidden"),
    [(method, hidden) for method in tanks.NETWORKS for hidden in tanks.WIDTHS[method]],
)


@cache
def stored(name):
    return results.stored(name)


def of(name, method, hidden, penalty=0.0):
    wanted = (method, hidden, penalty)
    return [
        row
        for row in stored(name)
        if (row.trial.method, row.trial.hidden, row.trial.penalty) == wanted
    ]


@each_network
def test_settings_are_those_of_the_smallest_validation_error(method, hidden):
    chosen = tanks.SETTINGS[method][hidden]
    errors = {
        (row.trial.lr, row.trial.steepness or 0.0): row.median()
        for row in of("energy-choice", method, hidden)
    }
    assert len(errors) >= 6
    assert errors[chosen] == min(errors.values())


def test_each_row_has_five_seeds_and_the_same_epochs():
    for row in stored("energy"):
        assert len(row.seeds) == 5
        assert row.trial.method in ("mean", "taps") or row.trial.epochs == 32


def test_three_times_as_many_epochs_help_and_change_no_sizes():
    for row in stored("energy-longer"):
        (short,) = of("energy", row.trial.method, row.trial.hidden)
        assert row.trial == replace(short.trial, epochs=LONGER)
        assert 3 * short.trial.epochs == LONGER
        assert row.parameters == short.parameters
        assert row.median() < short.median()
        sizes = "products_with_zeros", "state_updates"
        for name in sizes:
            # A neuron whose decay became 0 keeps nothing.
            assert row.median(name) == pytest.approx(
                short.median(name), rel=0.05, abs=1
            )


def test_in_use_the_first_steps_of_a_stream_are_those_of_the_training():
    for row in stored("energy-in-use"):
        (whole,) = of("energy", row.trial.method, row.trial.hidden)
        assert row.values["relative_error"] == pytest.approx(
            whole.values["relative_error"], rel=0.2
        )
        first = f"{tanks.PARTS[0][0]} to {tanks.PARTS[0][1]}"
        assert row.median(first) == pytest.approx(whole.median(), rel=0.2)


@pytest.mark.parametrize(("method", "hidden"), DIGITS)
def test_in_nine_steps_the_same_network_reads_the_same_rows(method, hidden):
    long, brief = (
        row
        for task in ("digits", BRIEF)
        for row in stored("energy-digits")
        if (row.trial.task, row.trial.method, row.trial.hidden)
        == (task, method, hidden)
    )
    assert brief.parameters == long.parameters
    for name in ("products_with_zeros", "state_updates"):
        assert brief.median(name) == long.median(name)
    if method == "recurrent":
        # Eight rows of nine steps hold what 24 of 32 did.
        rows = long.median("products_of_inputs") * 32 / 24
        assert brief.median("products_of_inputs") * 9 / 8 == pytest.approx(rows)


@pytest.mark.parametrize(
    ("method", "hidden"),
    [(method, hidden) for method, widths in SPARSE.items() for hidden in widths],
)
def test_the_stronger_the_penalty_the_fewer_spikes(method, hidden):
    rates = [
        row.median("spike_rate")
        for penalty in (0.0, *PENALTIES)
        for row in of("energy", method, hidden, penalty)
    ]
    assert len(rates) == 1 + len(PENALTIES)
    assert rates == sorted(rates, reverse=True)


def test_the_counts_hold_together():
    for row in stored("energy"):
        each = zip(
            *(
                row.values[name]
                for name in (
                    "accumulates",
                    "multiply_accumulates",
                    "weight_fetches",
                    "products_with_zeros",
                )
            ),
            strict=True,
        )
        for accumulates, products, fetches, most in each:
            assert accumulates + products == pytest.approx(fetches)
            assert fetches <= most * (1 + 1e-9)
        if row.trial.method in tanks.KINDS:
            assert row.median("products_of_inputs") <= row.trial.hidden
        else:
            assert not any(row.values["accumulates"])


@pytest.mark.parametrize(("method", "hidden"), [("mean", 128), ("taps", 50)])
def test_a_baseline_is_made_again(method, hidden):
    (kept,) = of("energy", method, hidden)
    again = run(kept.trial, 0)
    assert again.report.relative_error == pytest.approx(
        kept.values["relative_error"][0], rel=1e-3
    )
    products = kept.values["multiply_accumulates"][0]
    assert again.named["multiply_accumulates"] == pytest.approx(products, rel=1e-3)


def again_as_kept(kept):
    again = run(kept.trial, 0)
    low, high = kept.range()
    # Two processors part after some steps, when a first spike flips.
    assert 0.6 * low < again.report.relative_error < 1.6 * high
    assert again.parameters == kept.parameters
    assert again.named.keys() <= kept.values.keys()
    for name in ("products_with_zeros", "state_updates"):
        low, high = kept.range(name)
        # A neuron whose decay became 0 keeps nothing.
        assert 0.8 * low <= again.named[name] <= 1.2 * high


def test_a_row_of_a_longer_training_is_made_again():
    (kept,) = of("energy-longer", "positive relu, 32 steps", 2)
    again_as_kept(kept)


@pytest.mark.parametrize(
    ("method", "hidden"),
    [
        ("lif", 16),
        ("4 dendrites", 8),
        ("rate, 4 dendrites", 4),
        ("resonator", 8),
        ("lstm", 4),
        ("relu, 32 steps", 16),
    ],
)
def test_a_trained_row_is_made_again(method, hidden):
    (kept,) = of("energy", method, hidden)
    again_as_kept(kept)
