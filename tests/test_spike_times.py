"""First spikes of neurons without leak, against integrations of their equation."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spikereg.spike_times import first_spike

TAU = 20.0


def drawn(seed, batch=6, inputs=7, neurons=9, spread=0.7):
    """Draw times within two time constants and weights, some of them negative."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    times = 40 * torch.rand(batch, inputs, generator=generator, dtype=torch.float64)
    return times, 3 / inputs + spread * normal(inputs, neurons)


def membrane(t, times, weights, tau=TAU):
    """Sum what each input has added until ``t``, by the equation."""
    since = np.clip(t - times, 0, None)  # of what never comes too: 0
    return (weights * -np.expm1(-since / tau)).sum()


def bisected(times, weights, tau=TAU):
    """Find the first crossing of 1: between two inputs the membrane is monotone."""
    found = np.full((len(times), weights.shape[1]), np.inf)
    for b, row in enumerate(times.numpy()):
        arrivals = np.unique(row[np.isfinite(row)])
        ends = [*arrivals[1:], *arrivals[-1:] + 60 * tau]
        for n, w in enumerate(weights.numpy().T):
            for low, high in zip(arrivals, ends, strict=True):
                if membrane(high, row, w, tau) < 1:
                    continue
                for _ in range(200):
                    middle = (low + high) / 2
                    above = membrane(middle, row, w, tau) >= 1
                    low, high = (low, middle) if above else (middle, high)
                found[b, n] = high
                break
    return torch.tensor(found)


# The times


@pytest.mark.parametrize("grid", [False, True], ids=["apart", "some at once"])
@pytest.mark.parametrize("spread", [0.3, 0.7, 3.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_neuron_fires_where_its_membrane_first_reaches_the_threshold(
    seed, spread, grid
):
    times, weights = drawn(seed, spread=spread)
    if grid:
        times = (times / 8).round() * 8
    times[0, 2] = times[1, [0, 3, 4]] = times[2] = torch.inf
    weights[:, 0] = -weights[:, 0].abs()
    expected = bisected(times, weights)
    torch.testing.assert_close(first_spike(times, weights), expected)
    assert expected[2].isinf().all()
    assert expected[:, 0].isinf().all()
    assert expected[:, 1:].isfinite().any(dim=0).sum() > 2


def test_an_integration_of_the_current_and_the_membrane_finds_the_same_times():
    times, weights = drawn(2, batch=3)
    at, step = times.numpy(), 0.002
    current = np.zeros((3, 9))
    level, found = np.zeros((3, 9)), np.full((3, 9), np.inf)
    for n in range(int(200 / step)):
        now = n * step
        arrives = (at >= now) & (at < now + step)
        current += arrives @ weights.numpy()
        level += step / TAU * current
        current -= step / TAU * current
        found = np.where((level >= 1) & np.isinf(found), now, found)
    expected = torch.tensor(found)
    ours = first_spike(times, weights)
    torch.testing.assert_close(ours, expected, atol=0.05, rtol=0)
    assert ours.isinf().any()
    assert ours.isfinite().any()


@given(st.floats(-50, 50), st.floats(-3, 6), st.floats(0.1, 100))
def test_of_one_input_it_is_the_textbooks_logarithm(t, w, tau):
    times, weights = (torch.tensor([[v]], dtype=torch.float64) for v in (t, w))
    expected = t + tau * math.log(w / (w - 1)) if w > 1 else math.inf
    assert first_spike(times, weights, tau).item() == pytest.approx(expected)


@given(st.floats(0, 50), st.floats(-2, 4), st.floats(0.01, 50), st.floats(-2, 4))
def test_of_two_inputs_it_is_a_formula(first, w, apart, v):
    alone = first + TAU * math.log(w / (w - 1)) if w > 1 else math.inf
    if w + v > 1:
        u, z = (math.exp(at / TAU) for at in (first, first + apart))
        weighed = w * u + v * z
        both = TAU * math.log(weighed / (w + v - 1)) if weighed > 0 else math.inf
    else:
        both = math.inf
    expected = alone if alone <= first + apart else both
    times = torch.tensor([[first, first + apart]], dtype=torch.float64)
    weights = torch.tensor([[w], [v]], dtype=torch.float64)
    found = first_spike(times, weights).item()
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_second_input_that_takes_away_may_keep_a_neuron_silent_or_come_too_late():
    weights = torch.tensor([[2.0], [-1.5]])
    alone = TAU * math.log(2)
    times = torch.tensor([[0.0, alone - 0.1], [0.0, alone + 0.1]])
    early, late = first_spike(times, weights).flatten().tolist()
    assert early == math.inf
    assert late == pytest.approx(alone)


def test_a_neuron_whose_weights_sum_to_its_threshold_only_stays_below():
    times = torch.zeros(1, 4)
    silent = torch.full((4, 1), 0.25)
    assert first_spike(times, silent).item() == math.inf
    assert first_spike(times, -silent).item() == math.inf
    assert first_spike(times, 1.01 * silent).isfinite()


# What does not matter


def test_the_order_of_inputs_and_neurons_does_not_matter():
    times, weights = drawn(3)
    generator = torch.Generator().manual_seed(0)
    inputs, neurons = (torch.randperm(n, generator=generator) for n in (7, 9))
    found = first_spike(times[:, inputs], weights[inputs][:, neurons])
    torch.testing.assert_close(found, first_spike(times, weights)[:, neurons])


@pytest.mark.parametrize("shift", [-1e6, -3.0, 1e6])
def test_later_inputs_make_later_spikes_however_late(shift):
    times, weights = drawn(4)
    expected = first_spike(times, weights) + shift
    found = first_spike(times + shift, weights)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)


def test_only_the_time_constant_gives_a_unit():
    times, weights = drawn(5)
    found = first_spike(1e-3 * times, weights, 1e-3 * TAU)
    torch.testing.assert_close(found, 1e-3 * first_spike(times, weights))
    quick = first_spike(times, weights, TAU / 2)
    torch.testing.assert_close(quick, bisected(times, weights, TAU / 2))


def test_inputs_at_once_are_one_input():
    times, weights = drawn(6, inputs=3)
    split = torch.tensor([0.3, -1.2, 1.9], dtype=torch.float64)
    doubled = torch.cat([times[:, :1].expand(-1, 3), times[:, 1:]], dim=1)
    shared = torch.cat([split[:, None] * weights[:1], weights[1:]])
    torch.testing.assert_close(
        first_spike(doubled, shared), first_spike(times, weights)
    )


@pytest.mark.parametrize("shift", [-1e6, 0.0])
def test_an_input_that_never_comes_is_none(shift):
    times, weights = drawn(7)
    times = times + shift
    times[:, 2] = times[:, 5] = torch.inf
    others = [0, 1, 3, 4, 6]
    expected = first_spike(times[:, others], weights[others])
    torch.testing.assert_close(first_spike(times, weights), expected)


def test_inputs_after_the_spike_change_nothing():
    times, weights = drawn(8, neurons=1, spread=0.2)
    found = first_spike(times, weights)
    later = torch.where(times > found, times + 5, times)
    never = torch.where(times > found, torch.inf, times)
    assert (times > found).any()
    torch.testing.assert_close(first_spike(later, weights), found)
    heard = found[:, 0].isfinite()
    torch.testing.assert_close(first_spike(never, weights)[heard], found[heard])


def test_each_row_of_a_batch_stands_for_itself():
    times, weights = drawn(9)
    times[1] += 1e4
    alone = torch.cat([first_spike(row[None], weights) for row in times])
    torch.testing.assert_close(first_spike(times, weights), alone)
    assert first_spike(times[:0], weights).shape == (0, 9)


# Precision


def test_single_precision_is_near_double_whenever_the_run_begins():
    times, weights = (values.float() for values in drawn(10, batch=200))
    exact = first_spike(times.double(), weights.double())
    found = first_spike(times, weights)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), exact, atol=2e-3, rtol=0)
    late = (times + 1e5).float()
    exact = first_spike(late.double(), weights.double())
    torch.testing.assert_close(first_spike(late, weights).double(), exact)


def test_an_input_at_the_very_moment_of_a_spike_does_not_undo_it():
    """The roundings of both could disagree on which came first."""
    generator = torch.Generator().manual_seed(0)
    first = 1.01 + 3 * torch.rand(4000, generator=generator)
    second = 0.05 + 10 * torch.rand(4000, generator=generator)
    moment = (TAU * (first / (first - 1)).log()).float()
    nudge = torch.randint(-3, 4, (4000,), generator=generator) * 2e-6
    times = torch.stack([torch.zeros(4000), moment + nudge], dim=1)
    weights = torch.stack([first, second])
    found = torch.cat(
        [
            first_spike(times[n : n + 50], weights[:, n : n + 50]).diagonal()
            for n in range(0, 4000, 50)
        ]
    )
    torch.testing.assert_close(found, moment, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 87), (torch.float64, 708)])
def test_inputs_far_apart_are_right_or_refused(dtype, most):
    weights = torch.tensor([[2.0, 0.6], [1.0, 0.6]], dtype=dtype)
    times = torch.tensor([[0.0, most * TAU], [5.0, 7.0]], dtype=dtype)
    early, late = first_spike(times, weights)[0].tolist()
    assert early == pytest.approx(TAU * math.log(2), rel=1e-3)
    assert late == pytest.approx(most * TAU + TAU * math.log(0.6 / 0.2), rel=1e-3)
    times[0, 1] += 1.5 * TAU
    with pytest.raises(ValueError, match=rf"within {most} .*, not {most + 1}\.5.* 20"):
        first_spike(times, weights)
    times[0, 1] = torch.inf
    assert first_spike(times, weights)[0, 0].item() == pytest.approx(early, rel=1e-3)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("times", "weights", "tau", "error", "message"),
    [
        ([[1.0]], torch.ones(1, 1), 20.0, TypeError, "times must be .* not list"),
        (torch.ones(1, 1), [[1.0]], 20.0, TypeError, "weights must be .* not list"),
        (torch.ones(3), torch.ones(3, 1), 20.0, ValueError, r"float32 \[3\] and"),
        (torch.ones(1, 3), torch.ones(3), 20.0, ValueError, r"and torch.float32 \[3\]"),
        (torch.ones(1, 3), torch.ones(2, 1), 20.0, ValueError, r"\[1, 3\] .* \[2, 1\]"),
        (torch.ones(1, 0), torch.ones(0, 1), 20.0, ValueError, r"\[1, 0\]"),
        (torch.ones(1, 1).int(), torch.ones(1, 1), 20.0, ValueError, "torch.int32"),
        (torch.ones(1, 1), torch.ones(1, 1).int(), 20.0, ValueError, "torch.int32"),
        (torch.tensor([[math.nan]]), torch.ones(1, 1), 20.0, ValueError, "not nan"),
        (torch.tensor([[-math.inf]]), torch.ones(1, 1), 20.0, ValueError, "not -inf"),
        (torch.ones(1, 1), torch.tensor([[math.inf]]), 20.0, ValueError, "not inf"),
        (torch.ones(1, 1), torch.tensor([[math.nan]]), 20.0, ValueError, "finite, not"),
        (torch.ones(1, 1), torch.ones(1, 1), 0.0, ValueError, "time_constant .* 0"),
        (torch.ones(1, 1), torch.ones(1, 1), math.inf, ValueError, "time_constant"),
    ],
)
def test_what_has_no_first_spike_is_named(times, weights, tau, error, message):
    with pytest.raises(error, match=message):
        first_spike(times, weights, tau)
