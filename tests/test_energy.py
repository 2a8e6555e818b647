"""Energy of operations, and the figures of an operation."""

import dataclasses
import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikereg.energy import LOIHI, SENECA, Figures, energy, horowitz, shares
from spikereg.operations import Operations

KINDS = [field.name for field in dataclasses.fields(Operations)]
NAMES = [field.name for field in dataclasses.fields(Figures)]
PRESETS = {
    "loihi": LOIHI,
    "seneca": SENECA,
    **{f"{b} {m}": horowitz(b, m) for b in (32, 8) for m in (8, 32, 1024)},
}

several = st.lists(st.integers(0, 10**9), min_size=5, max_size=5)
costs = st.lists(st.floats(0, 1e3), min_size=5, max_size=5)


@given(several, costs)
def test_energy_is_the_sum_of_numbers_times_figures(numbers, figures):
    expected = sum(n * e for n, e in zip(numbers, figures, strict=True))
    found = energy(Operations(*numbers), Figures(*figures))
    assert found == pytest.approx(expected)


@given(several, several, costs)
def test_energy_is_linear_in_the_operations(one, other, figures):
    one, other, figures = Operations(*one), Operations(*other), Figures(*figures)
    both = energy(one, figures) + energy(other, figures)
    assert energy(one + other, figures) == pytest.approx(both)
    assert energy(one / 3, figures) == pytest.approx(energy(one, figures) / 3)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_own_figure_and_share(kind):
    figures = Figures(
        accumulate=1,
        multiply_accumulate=10,
        weight_fetch=100,
        state_update=1000,
        state_multiply=10000,
    )
    operations, cost = Operations(**{kind: 3}), 3 * 10 ** KINDS.index(kind)
    assert energy(operations, figures) == cost
    assert shares(operations, figures) == dict.fromkeys(KINDS, 0.0) | {kind: cost}


def test_nothing_costs_nothing():
    for figures in PRESETS.values():
        assert energy(Operations(), figures) == 0.0


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *product(NAMES, [-1.0, float("nan"), float("inf"), "1", True]),
        *((name, None) for name in NAMES if name != "multiply_accumulate"),
    ],
)
def test_figures_that_are_no_energy_are_refused_by_name(name, value):
    message = (
        f"{name} must be a finite number of picojoules of at least 0, not {value!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        dataclasses.replace(SENECA, **{name: value})


# Presets


def test_float32_with_a_small_memory():
    figures = horowitz()
    assert figures == horowitz(32, 8)
    assert dataclasses.astuple(figures) == pytest.approx((0.9, 4.6, 5.0, 10.9, 3.7))


def test_eight_bits_with_a_large_memory():
    figures = dataclasses.astuple(horowitz(8, 1024))
    assert figures == pytest.approx((0.1, 0.3, 12.5, 50.05, 0.8))


@pytest.mark.parametrize("bits", [32, 8])
def test_a_larger_memory_costs_more_and_only_where_it_is_read(bits):
    small, middle, large = (horowitz(bits, size) for size in (8, 32, 1024))
    for name in NAMES:
        three = [getattr(figures, name) for figures in (small, middle, large)]
        reads = name in ("weight_fetch", "state_update")
        assert three == (sorted(set(three)) if reads else [three[0]] * 3)


@pytest.mark.parametrize("preset", PRESETS)
def test_in_every_preset_an_update_costs_more_than_an_addition(preset):
    figures = PRESETS[preset]
    assert figures.state_update > figures.accumulate
    if figures.multiply_accumulate is not None:
        assert figures.multiply_accumulate > figures.accumulate


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bits": 16}, "bits must be one of (32, 8), not 16"),
        ({"memory": 64}, "memory must be one of (8, 32, 1024), not 64"),
    ],
)
def test_what_the_table_lacks_is_refused(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        horowitz(**arguments)


def test_a_chip_for_spikes_alone_multiplies_no_inputs():
    spikes = Operations(accumulates=10, weight_fetches=10, state_updates=2)
    assert energy(spikes, LOIHI) == pytest.approx(10 * 23.6 + 2 * 81)
    with pytest.raises(
        ValueError, match=r"without multiply_accumulates .* not with 3:"
    ):
        energy(spikes + Operations(multiply_accumulates=3), LOIHI)
