"""The tasks of timing, against their formulas."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spikereg import FiringTimeDataset
from spikereg.decoding import spike_time
from spikereg.firing_times import TASKS, spikes_at

each_task = pytest.mark.parametrize("task", TASKS)


def bent(x):
    return x + 0.15 * np.sin(2 * math.pi * x)


def parts_of_the_run(task, x, go):
    """Say when the answers are due, by the docstring's formulas."""
    if task == "pattern":
        return np.stack(
            [
                0.1 + 0.25 * n + 0.08 * np.sin(2 * math.pi * (x + n / 3))
                for n in (1, 2, 3)
            ],
            axis=1,
        )
    due = {
        "curve": 0.2 + 0.6 * bent(x),
        "wave": 0.5 + 0.3 * np.sin(2 * math.pi * x),
        "gap": go + 0.05 + 0.25 * bent(x),
    }
    return due[task][:, None]


def told(data):
    """Read when each channel fires, in parts of the run, ``[N, F]``."""
    times = spike_time(data.features.double()) / len(data.features)
    return times.numpy()


# What is told and when the answer is due


@each_task
@pytest.mark.parametrize("timesteps", [25, 100])
def test_features_are_spikes_and_labels_times(task, timesteps):
    data = FiringTimeDataset(task, timesteps, 7, seed=0)
    channels, spikes = 22 + (task == "gap"), 3 if task == "pattern" else 1
    assert data.features.shape == (timesteps, 7, channels)
    assert data.labels.shape == (7, spikes)
    assert data.values.shape == (7,)
    assert data.task == task
    for values in (data.features, data.labels, data.values):
        assert values.dtype == torch.float32
    assert data.features.min() == 0
    torch.testing.assert_close(data.features.sum(dim=0), torch.ones(7, channels))
    features, labels = data[3]
    assert torch.equal(features, data.features[:, 3])
    assert torch.equal(labels, data.labels[3])
    assert len(data) == 7


@each_task
@pytest.mark.parametrize("timesteps", [25, 100, 333])
def test_the_labels_are_those_of_the_formulas(task, timesteps):
    data = FiringTimeDataset(task, timesteps, 200, seed=1)
    expected = parts_of_the_run(task, data.values.double().numpy(), told(data)[:, -1])
    np.testing.assert_allclose(data.labels, timesteps * expected, atol=2e-3)


@each_task
def test_the_spikes_tell_the_value_from_both_ends_and_the_time(task):
    data = FiringTimeDataset(task, 100, 200, seed=1)
    x, times = data.values.double().numpy(), told(data)
    np.testing.assert_allclose(times[:, 0], 0.4 * x, atol=1e-5)
    np.testing.assert_allclose(times[:, 1], 0.4 * (1 - x), atol=1e-5)
    beats = np.broadcast_to(0.02 * np.arange(20), (200, 20))
    np.testing.assert_allclose(times[:, 2:22], beats, atol=1e-5)


def uniform(values, low, high):
    """Say how far values are from a uniform distribution (Kolmogorov, Smirnov)."""
    at = (np.sort(values) - low) / (high - low)
    return np.abs(at - (np.arange(len(at)) + 0.5) / len(at)).max()


@each_task
def test_values_are_uniform_and_so_is_the_go_whatever_the_value(task):
    data = FiringTimeDataset(task, 25, 4000, seed=2)
    x = data.values.double().numpy()
    assert uniform(x, 0, 1) < 0.03
    if task == "gap":
        go = told(data)[:, -1]
        assert uniform(go, 0.5, 0.65) < 0.03
        assert abs(np.corrcoef(x, go)[0, 1]) < 0.05


def test_the_curve_grows_with_the_value_and_is_no_straight_line():
    data = FiringTimeDataset("curve", 100, 4000, seed=0)
    x, order = data.values.sort()
    due = data.labels[order, 0]
    apart = x.diff() > 1e-5
    assert (due.diff()[apart] > 0).all()
    straight = np.polyval(np.polyfit(x, due, 1), x)
    assert np.abs(due.numpy() - straight).max() > 2


def test_a_pattern_is_three_spikes_well_apart():
    apart = FiringTimeDataset("pattern", 100, 4000, seed=0).labels.diff(dim=1)
    assert apart.min() > 100 * (0.25 - 0.08 * math.sqrt(3)) - 1e-3


@each_task
@pytest.mark.parametrize("timesteps", [25, 100])
def test_no_answer_is_due_before_it_could_be_known_or_after_the_run(task, timesteps):
    data = FiringTimeDataset(task, timesteps, 4000, seed=0)
    assert data.labels.max() <= timesteps - 1
    channels = data.features[:, :, :2]
    if task == "gap":  # at its GO; and then long after the value was told
        channels = data.features[:, :, -1:]
        known, due = told(data), data.labels[:, 0].numpy() / timesteps
        assert (known[:, -1] - known[:, :2].max(axis=1)).min() > 0.09
        assert (due - known[:, -1]).min() > 0.049
    # The step that has the later part of the first spike
    steps = torch.arange(timesteps)[:, None, None]
    last = torch.where(channels > 1e-5, steps, -1).amax(dim=0).amin(dim=1)
    assert (data.labels[:, 0] >= last).all()


def test_a_gaps_answer_cannot_be_told_without_the_go_and_not_without_the_value():
    data = FiringTimeDataset("gap", 100, 2000, seed=0)
    due, go = data.labels[:, 0], torch.tensor(told(data)[:, -1])
    for known in (data.values, go):
        order = known.argsort()
        cells = due[order].view(100, -1)
        assert cells.std(dim=1).mean() > 3


@each_task
def test_more_time_steps_divide_the_same_run(task):
    coarse, fine = (FiringTimeDataset(task, T, 50, seed=3) for T in (30, 120))
    torch.testing.assert_close(fine.labels, 4 * coarse.labels)
    assert torch.equal(fine.values, coarse.values)
    np.testing.assert_allclose(told(fine), told(coarse), atol=1e-5)


# Seeds


@each_task
@pytest.mark.usefixtures("global_rng_stays")
def test_a_seed_gives_the_same_samples_and_leaves_the_global_generator_alone(task):
    first, again, other = (FiringTimeDataset(task, 30, 5, seed) for seed in (1, 1, 2))
    afresh = FiringTimeDataset(task, 30, 5), FiringTimeDataset(task, 30, 5)
    for name in ("features", "labels", "values"):
        assert torch.equal(getattr(first, name), getattr(again, name))
        assert not torch.equal(getattr(first, name), getattr(other, name))
        assert not torch.equal(*(getattr(data, name) for data in afresh))


@each_task
@pytest.mark.parametrize("size", [1, 5, 40])
def test_the_first_values_of_a_larger_set_are_those_of_a_smaller_one(task, size):
    small, large = (FiringTimeDataset(task, 30, n, seed=4) for n in (size, 100))
    assert torch.equal(large.values[:size], small.values)
    # When GO comes is drawn after all values
    same = torch.equal(large.features[:, :size], small.features)
    assert same is (task != "gap")
    assert torch.equal(large.labels[:size], small.labels) is same


@each_task
@pytest.mark.parametrize("default", [torch.float64, "meta"])
def test_a_seed_gives_the_same_data_whatever_pytorchs_defaults_are(task, default):
    expected = FiringTimeDataset(task, 30, 5, seed=0)
    if default == "meta":
        torch.set_default_device("meta")
    else:
        torch.set_default_dtype(default)
    try:
        data = FiringTimeDataset(task, 30, 5, seed=0)
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
    for name in ("features", "labels", "values"):
        value = getattr(data, name)
        assert value.dtype == torch.float32
        assert torch.equal(value, getattr(expected, name))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "ramp"}, r"task must be one of \('curve', .* not 'ramp'"),
        ({"task": "curve", "timesteps": 24}, "timesteps must be .* 25, not 24"),
        ({"task": "curve", "timesteps": 50.0}, r"timesteps must be .* not 50\.0"),
        ({"task": "curve", "num_samples": 0}, "num_samples must be .* not 0"),
        ({"task": "curve", "seed": -1}, "seed must be .* not -1"),
    ],
)
def test_bad_arguments_are_named_with_what_was_passed(arguments, message):
    with pytest.raises(ValueError, match=message):
        FiringTimeDataset(**arguments)


# Spikes on a grid


@st.composite
def times_and_steps(draw):
    steps = draw(st.integers(1, 60))
    one = st.floats(0, steps - 1) | st.just(math.inf)
    if steps > 1:
        one |= st.integers(0, steps - 1).map(float)
    rows = draw(st.lists(st.tuples(one, one), min_size=1, max_size=5))
    return torch.tensor(rows, dtype=torch.float64), steps


@given(times_and_steps())
def test_a_spike_on_the_grid_keeps_its_time(drawn):
    times, steps = drawn
    spikes = spikes_at(times, steps)
    assert spikes.shape == (steps, *times.shape)
    assert spikes.dtype == torch.float64
    torch.testing.assert_close(spike_time(spikes), times)
    torch.testing.assert_close(spikes.sum(dim=0), times.isfinite().double())
    # In the two steps beside it and in none else
    grid = np.arange(steps)[:, None, None]
    expected = np.maximum(0, 1 - np.abs(grid - times.numpy()))
    np.testing.assert_allclose(spikes, expected, atol=1e-12)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("times", "steps", "error", "message"),
    [
        ([[1.0]], 9, TypeError, "times must be a torch.Tensor, not list"),
        (torch.tensor([[1]]), 9, ValueError, "floating-point, not torch.int64"),
        (torch.tensor([[1.0]]), 0, ValueError, "timesteps must be .* not 0"),
        *[
            (torch.tensor([[1.0, value]]), 9, ValueError, f"0 and 8, .* not at {value}")
            for value in (-0.5, 8.5, math.nan, -math.inf)
        ],
    ],
)
def test_what_is_no_time_of_the_run_is_named(times, steps, error, message):
    with pytest.raises(error, match=message):
        spikes_at(times, steps)
