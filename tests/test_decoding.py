import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from spikereg.decoding import (
    crossing_time,
    expected_time,
    final_membrane,
    interspike_interval,
    latency,
    soft_latency,
    spike_count,
    spike_time,
)

trains = arrays(
    np.float32,
    array_shapes(min_dims=1, max_dims=3, max_side=8),
    elements=st.sampled_from([0.0, 1.0]),
)


def each_neuron(spikes, decode):
    """Apply ``decode`` to the firing times of one neuron after another."""
    times = np.apply_along_axis(lambda train: decode(np.flatnonzero(train)), 0, spikes)
    return torch.as_tensor(times, dtype=torch.float32)


@given(trains)
def test_the_spike_count_is_the_number_of_firing_times(spikes):
    assert torch.equal(spike_count(torch.tensor(spikes)), each_neuron(spikes, len))


@given(trains)
def test_the_latency_is_the_first_firing_time_and_infinite_for_the_silent(spikes):
    expected = each_neuron(spikes, lambda times: float(min(times, default=np.inf)))
    assert torch.equal(latency(torch.tensor(spikes)), expected)


@given(trains)
def test_the_interspike_interval_is_the_mean_difference_of_firing_times(spikes):
    expected = each_neuron(
        spikes, lambda times: np.diff(times).mean() if len(times) > 1 else np.inf
    )
    torch.testing.assert_close(interspike_interval(torch.tensor(spikes)), expected)


@pytest.mark.parametrize("decode", [latency, interspike_interval])
def test_silent_neurons_give_infinity_and_leave_their_neighbours_alone(decode):
    spikes = torch.tensor([[0.0, 0, 1], [0, 1, 1]])
    expected = {latency: [1.0, 0.0], interspike_interval: [torch.inf, 1.0]}[decode]
    assert decode(spikes).tolist() == [torch.inf, *expected]


@given(st.integers(1, 9), st.integers(0, 8), st.integers(1, 6))
def test_a_regular_train_is_read_by_its_latency_and_interval(interval, first, count):
    spikes = torch.zeros(first + interval * count + 1, 1)
    spikes[first::interval] = 1
    assert latency(spikes) == first
    assert interspike_interval(spikes) == interval
    assert spike_count(spikes) == count + 1


@given(arrays(np.float32, (4, 3, 2), elements=st.floats(-9, 9, width=32)))
def test_the_final_membrane_is_that_of_the_last_step(membrane):
    np.testing.assert_array_equal(final_membrane(torch.tensor(membrane)), membrane[3])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_steps_are_counted_exactly_in_any_data_type(dtype):
    spikes = torch.zeros(3000, 2, dtype=dtype)
    spikes[2049, 0] = 1
    spikes[1, 1] = spikes[302, 1] = 1
    assert latency(spikes).tolist() == [2049, 1]
    assert interspike_interval(spikes)[1] == 301
    spikes[:951] = 1
    assert spike_count(spikes).tolist() == [952, 951]


def test_the_first_of_graded_spikes_counts_not_the_largest():
    assert latency(torch.tensor([0.0, 1.0, 2.0])) == 1


# Soft latency


def expected_latency(p):
    """Go through all trains of spikes, each with its probability."""
    total = 0.0
    for train in itertools.product([0, 1], repeat=len(p)):
        chance = math.prod(
            q if s else 1 - q for q, s in zip(p.tolist(), train, strict=True)
        )
        total += chance * (train.index(1) if 1 in train else len(p))
    return total


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_the_soft_latency_is_the_expected_step_of_the_first_spike(p):
    p = torch.tensor(p, dtype=torch.float64)
    assert soft_latency(p[:, None]).item() == pytest.approx(expected_latency(p))


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.05, 0.3, 1.0]))
def test_of_spikes_it_is_the_latency_and_all_steps_for_the_silent(seed, rate):
    drawn = torch.rand(7, 4, 3, generator=torch.Generator().manual_seed(seed))
    train = (drawn < rate).float()
    assert torch.equal(soft_latency(train), latency(train).clamp(max=7))


def test_its_gradient_is_that_of_a_smooth_spike_time():
    drawn = torch.rand(7, 4, 3, generator=torch.Generator().manual_seed(0))
    membrane = (4 * drawn - 1).double().requires_grad_()

    def smooth(membrane):
        return soft_latency(torch.sigmoid(5 * (membrane - 1)))

    assert torch.autograd.gradcheck(smooth, membrane)


@pytest.mark.parametrize(
    ("train", "gradient"),
    [
        ([0, 0, 1, 0, 0, 1, 0], [-2, -1, -3, 0, 0, 0, 0]),
        ([1, 0, 0, 0, 0, 0, 0], [-7, 0, 0, 0, 0, 0, 0]),
        ([1, 1, 0, 1, 0, 0, 0], [-1, 0, 0, 0, 0, 0, 0]),
        ([0, 0, 0, 0, 0, 0, 0], [-7, -6, -5, -4, -3, -2, -1]),
        ([0, 0, 0, 0, 0, 0, 1], [-6, -5, -4, -3, -2, -1, -1]),
    ],
)
def test_its_gradient_at_spikes_is_the_closed_form_and_no_dead_end(train, gradient):
    train = torch.tensor(train, dtype=torch.float32)[:, None].requires_grad_()
    soft_latency(train).sum().backward()
    assert train.grad.flatten().tolist() == gradient


def test_it_counts_half_precision_in_single():
    assert soft_latency(torch.zeros(3000, 1, dtype=torch.half)) == 3000


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("spikes", "mask", "error", "message"),
    [
        ([0, 1], None, TypeError, "spikes must be a torch.Tensor, not list"),
        (torch.tensor([0, 1]), None, ValueError, r"not torch.int64 \[2\]"),
        (torch.zeros(0, 3), None, ValueError, r"filled .* \[0, 3\]"),
        (torch.tensor(1.0), None, ValueError, r"not torch.float32 \[\]"),
        (torch.tensor([2.0, 0.0]), None, ValueError, "between 0 and 1, not at 2"),
        (torch.tensor([-1.0, 0.0]), None, ValueError, "between 0 and 1, not at -1"),
        (torch.tensor([math.nan]), None, ValueError, "between 0 and 1, not at nan"),
        (torch.ones(3, 3), torch.ones(3, 3) > 0, ValueError, r"N\] .* not \[3, 3\]"),
        (torch.ones(3, 2, 4), torch.ones(3) > 0, ValueError, r"torch.bool \[3\]"),
        (torch.ones(3, 2, 4), torch.ones(3, 2), ValueError, r"float32 \[3, 2\]"),
        (torch.ones(3, 2, 4), torch.ones(3, 2) > 2, ValueError, "none of sequence 0"),
    ],
)
def test_what_has_no_soft_latency_is_named(spikes, mask, error, message):
    with pytest.raises(error, match=message):
        soft_latency(spikes, mask)


# Times between two steps


@given(trains)
def test_the_time_of_a_spike_is_its_step_and_of_several_their_mean(spikes):
    expected = each_neuron(spikes, lambda times: times.mean() if len(times) else np.inf)
    found = spike_time(torch.tensor(spikes))
    torch.testing.assert_close(found, expected)
    once = torch.tensor(spikes.sum(axis=0) == 1)
    assert torch.equal(found[once], latency(torch.tensor(spikes))[once])


@given(st.integers(0, 8), st.floats(0, 1), st.floats(0.1, 5))
def test_a_spike_shared_by_two_steps_lies_between_them(step, share, size):
    spikes = torch.zeros(10, 2, dtype=torch.float64)
    spikes[step, 0], spikes[step + 1, 0] = size * (1 - share), size * share
    assert spike_time(spikes).tolist() == [pytest.approx(step + share), torch.inf]


def test_a_silent_channel_gets_no_gradient_and_spikes_one_without_nan():
    spikes = torch.zeros(6, 2)
    spikes[2, 0] = 1
    spikes.requires_grad_()
    spike_time(spikes)[0].backward()
    assert spikes.grad[:, 0].tolist() == [-2, -1, 0, 1, 2, 3]
    assert not spikes.grad[:, 1].any()


def test_the_membrane_crosses_between_two_steps():
    membrane = torch.tensor(
        [
            [0.0, 1.0, 0.5, 0.9, 3.0],
            [2.0, 0.0, 0.5, 1.5, 0.0],
            [3.0, 0.0, 0.5, 1.7, 3.0],
        ]
    )
    expected = [0.5, 0.0, torch.inf, pytest.approx(1 / 6), 0.0]
    assert crossing_time(membrane).tolist() == expected
    assert crossing_time(membrane, 2.0).tolist() == [
        1.0,
        torch.inf,
        torch.inf,
        torch.inf,
        0.0,
    ]
    assert crossing_time(-membrane, -0.25).tolist()[1:3] == [0.75, torch.inf]


sixteenths = st.integers(-80, 80).map(lambda n: n / 16)


@given(arrays(np.float64, (7, 4), elements=sixteenths), sixteenths)
def test_at_the_crossing_the_line_between_two_steps_has_the_threshold(values, level):
    found = crossing_time(torch.tensor(values), level).numpy()
    for at, one in zip(found, values.T, strict=True):
        before = one[: min(math.ceil(at), 7)] if at < math.inf else one
        assert (before < level).all()
        if at == 0:
            assert one[0] >= level
        elif at < math.inf:
            assert one[math.ceil(at)] >= level
            assert np.interp(at, range(7), one) == pytest.approx(level, abs=1e-6)


def test_a_lift_of_the_membrane_moves_the_crossing_by_the_lift_over_the_rise():
    drawn = torch.randn(30, 4, 3, generator=torch.Generator().manual_seed(0))
    membrane = drawn.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda u: crossing_time(u, 0.3), membrane)
    found = crossing_time(membrane, 0.3)
    (gradient,) = torch.autograd.grad(found.sum(), membrane)
    at = found.detach().ceil().long()[None]
    rise = (membrane.gather(0, at) - membrane.gather(0, (at - 1).clamp(min=0)))[0]
    expected = torch.where(at[0] > 0, -1 / rise, 0)
    torch.testing.assert_close(gradient.sum(dim=0), expected)


def test_a_membrane_that_stays_below_or_begins_above_gets_no_gradient():
    membrane = torch.tensor([[0.0, 2.0], [0.5, 2.0], [0.0, 3.0]], requires_grad=True)
    found = crossing_time(membrane)
    found.where(found.isfinite(), 0).sum().backward()
    assert not membrane.grad.any()


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=6), st.sampled_from([1.0, 0.4]))
def test_the_expected_time_is_that_of_all_trains_of_spikes_by_chance(values, level):
    membrane = torch.tensor(values, dtype=torch.float64)
    hazard = 1 / (1 + torch.exp(-4 * (membrane / level - 1)))
    found = expected_time(membrane[:, None], level, 4.0)
    assert found.item() == pytest.approx(expected_latency(hazard))


def test_a_hazard_is_one_half_at_the_threshold_and_steep_ones_leave_little_to_chance():
    at_threshold = torch.full((60, 1), 0.3)
    # The expected number of tails before heads
    assert expected_time(at_threshold, 0.3).item() == pytest.approx(1.0)
    ramp = torch.linspace(0, 2, 41)[:, None]
    first = expected_time(ramp - 0.01, steepness=1e4)
    assert first.item() == pytest.approx(math.ceil(crossing_time(ramp - 0.01)))
    default, gentle = expected_time(ramp), expected_time(ramp, steepness=2.0)
    assert torch.equal(default, expected_time(ramp, 1.0, 10.0))
    assert gentle < default < first
    assert expected_time(ramp - 99) == 41


@pytest.mark.parametrize("decode", [spike_time, crossing_time, expected_time])
def test_half_precision_is_counted_in_single(decode):
    values = torch.full((3000, 1), 0.0 if decode is spike_time else -20.0).half()
    values[2049:] = 0
    values[2049] = 20
    values = values.clamp(max=1) if decode is spike_time else values
    found = decode(values)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(2049, abs=1)
    assert decode(values.double()).dtype == torch.float64
