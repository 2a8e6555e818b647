"""Series in spikes, in JavaScript against the package."""

import numpy as np
import pytest
import torch
from node import javascript

from spikereg import encoding
from spikereg.widgets.encoding import BUILT_IN

ENDS = {"low": -2.0, "high": 3.0}


def drawn(seed, steps=90, low=0.0, high=1.0):
    """Draw a curve that stands still, wanders and leaps, both ends among its values."""
    rng = np.random.default_rng(seed)
    moves = rng.choice([0.0, 0.02, 0.3], steps) * rng.normal(size=steps)
    curve = np.clip(0.5 + moves.cumsum(), 0, 1)
    curve[rng.integers(steps, size=2)] = 0, 1
    return (low + (high - low) * curve.round(3)).tolist()


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)[:, None, None]


def rows(spikes, count):
    """Bring what the page and what the package found to one form."""
    return np.asarray(spikes, float).reshape(-1, count)


JUST = [0.5, 0.75, 0.5, 0.0, 0.125, 0.25, 1.0, 0.875, 0.375]  # at what decides
CURVES = [*(list(curve) for curve in BUILT_IN.values()), *map(drawn, range(4)), JUST]
each_curve = pytest.mark.parametrize("curve", CURVES, ids=range(len(CURVES)))


def told(function, values, *options):
    """Return what a function of the page makes of values, as plain numbers."""
    return each_told(function, [(values, *options)])[0]


def each_told(function, calls):
    """Do so for several calls, in one run of Node."""
    return javascript(
        f"given.calls.map((call) => [...{function}(...call)])", calls=calls
    )


@each_curve
def test_the_rate_draws_the_packages_spikes(curve):
    settings = [(n, seed) for n in (1, 20, 50) for seed in (0, 99)]
    calls = [(curve, n, {"seed": seed}) for n, seed in settings]
    found = each_told("rateSpikes", calls)
    back = each_told(
        "fromRate", [(f, n) for f, (n, _) in zip(found, settings, strict=True)]
    )
    for spikes, read, (n, seed) in zip(found, back, settings, strict=True):
        own = encoding.rate_spikes(tensor(curve), n, seed=seed)
        np.testing.assert_array_equal(rows(spikes, n), own[:, 0])
        expected = encoding.from_rate(own, n)[:, 0, 0]
        np.testing.assert_allclose(read, expected, atol=1e-12)


def test_the_rate_fires_as_often_as_a_value_is_high():
    shares = np.linspace(0, 1, 21)
    found = rows(told("rateSpikes", shares.tolist(), 4000, {"seed": 7}), 4000)
    deviation = np.sqrt(shares * (1 - shares) / 4000)
    assert (abs(found.mean(axis=1) - shares) <= 4 * deviation).all()
    again = told("rateSpikes", shares.tolist(), 4000, {"seed": 7})
    np.testing.assert_array_equal(rows(again, 4000), found)
    other = told("rateSpikes", shares.tolist(), 4000, {"seed": 8})
    assert (rows(other, 4000) != found).mean() > 0.2


@each_curve
def test_levels_are_crossed_and_read_as_in_the_package(curve):
    steps = (0.02, 0.07, 0.1, 0.25, 0.4, 0.5, 1.0)
    counts = javascript("given.steps.map((step) => levelCount(step))", steps=steps)
    found = each_told("levelCrossings", [(curve, step) for step in steps])
    back = each_told("fromCrossings", list(zip(found, steps, strict=True)))
    for spikes, read, count, step in zip(found, back, counts, steps, strict=True):
        own = encoding.level_crossings(tensor(curve), step)
        assert 2 * count == own.shape[-1]
        np.testing.assert_array_equal(rows(spikes, 2 * count), own[:, 0])
        expected = encoding.from_crossings(own, step)[:, 0, 0]
        np.testing.assert_array_equal(read, expected)
        assert abs(np.array(read) - curve).max() <= step / 2 + 1e-9


@each_curve
def test_changes_are_the_packages(curve):
    thresholds = (0.01, 0.04, 0.125, 0.5)
    found = each_told("deltaSpikes", [(curve, each) for each in thresholds])
    starts = (0.0, 0.3, -0.1, 2.0)
    back = each_told("fromDelta", list(zip(found, thresholds, starts, strict=True)))
    for spikes, read, threshold, start in zip(
        found, back, thresholds, starts, strict=True
    ):
        own = encoding.delta_spikes(tensor(curve), threshold)
        np.testing.assert_array_equal(rows(spikes, 2), own[:, 0])
        expected = encoding.from_delta(own, threshold, start)[:, 0, 0]
        np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize("seed", range(3))
def test_in_a_range_of_their_own_they_are_the_packages_too(seed):
    curve = drawn(seed, **ENDS)
    found = told("levelCrossings", curve, 0.3, ENDS)
    own = encoding.level_crossings(tensor(curve), 0.3, **ENDS)
    np.testing.assert_array_equal(rows(found, own.shape[-1]), own[:, 0])
    back = told("fromCrossings", found, 0.3, ENDS)
    expected = encoding.from_crossings(own, 0.3, **ENDS)[:, 0, 0]
    np.testing.assert_array_equal(back, expected)
    found = told("rateSpikes", curve, 6, ENDS | {"seed": seed})
    own = encoding.rate_spikes(tensor(curve), 6, **ENDS, seed=seed)
    np.testing.assert_array_equal(rows(found, 6), own[:, 0])
    back = told("fromRate", found, 6, ENDS)
    expected = encoding.from_rate(own, 6, **ENDS)[:, 0, 0]
    np.testing.assert_allclose(back, expected, atol=1e-12)


def test_a_lost_spike_is_mended_as_in_the_package():
    spikes = encoding.level_crossings(tensor(drawn(0)), 0.1)
    kept = torch.rand(spikes.shape, generator=torch.Generator().manual_seed(0)) < 0.7
    back = told("fromCrossings", (spikes * kept).flatten().tolist(), 0.1)
    expected = encoding.from_crossings(spikes * kept, 0.1)[:, 0, 0]
    np.testing.assert_array_equal(back, expected)


# What is drawn and read


def test_an_error_is_the_root_of_the_mean_square():
    found = javascript("rootMeanSquare([1, 2, -3], [1, 4, -1])")
    assert found == pytest.approx((8 / 3) ** 0.5)
    assert javascript("rootMeanSquare([2, 2], [2, 2])") == 0


def test_spikes_are_found_by_step_and_neuron():
    assert javascript("firedAt([0, 1, 0, 0, 0, 0, 1, 0, 1], 3)") == [
        *([0, 1], [2, 0], [2, 2]),
    ]


def test_a_curve_is_drawn_on_the_series_that_it_has_most_in_common_with():
    presets = {"a": [0, 0, 0, 0], "b": [1, 1, 1, 1], "long": [0] * 5}

    def on(*curve):
        return javascript("drawnOn(given.curve, given.presets)", **locals() | given)

    given = {"presets": presets}
    assert on(0, 0, 0, 0) == "a"
    assert on(1, 0.3, 1, 0) == "b"
    assert on(0.5, 0.5, 0.5, 0.5) == "a"
    assert on(1, 1, 1, 1, 1) == "long"
    assert on(1, 1, 1) is None


def test_the_longest_series_takes_a_few_milliseconds():
    spent = javascript(
        """(() => {
          const curve = Array.from({ length: 400 }, (_, t) => (t * 0.37) % 1);
          const once = () => {
            const start = performance.now();
            const rate = rateSpikes(curve, 50, { seed: 1 });
            const levels = levelCrossings(curve, 0.02);
            const delta = deltaSpikes(curve, 0.01);
            fromRate(rate, 50);
            fromCrossings(levels, 0.02);
            fromDelta(delta, 0.01);
            firedAt(levels, 100);
            firedAt(rate, 50);
            return performance.now() - start;
          };
          return Math.min(...Array.from({ length: 20 }, once));
        })()"""
    )
    assert spent < 16  # of a frame; about 5 on an idle machine
