"""The tasks that need memory, against their equations."""

import math

import pytest
import torch

from spikereg.materials import plastic_stress
from spikereg.memory import LINEAR, TASKS, MemoryDataset

each_task = pytest.mark.parametrize("task", TASKS)


@each_task
@pytest.mark.parametrize("timesteps", [2, 10, 50])
def test_features_and_labels_are_time_major_float32_and_finite(task, timesteps):
    timesteps = max(timesteps, 10 if task == "delay" else 0)
    data = MemoryDataset(task, timesteps, 7, seed=0)
    for values in (data.features, data.labels):
        assert values.shape == (timesteps, 7, 1)
        assert values.dtype == torch.float32
        assert values.isfinite().all()
    assert len(data) == 7
    features, labels = data[3]
    assert torch.equal(features, data.features[:, 3])
    assert torch.equal(labels, data.labels[:, 3])


@each_task
def test_a_seed_gives_the_same_sequences_and_leaves_the_global_generator_alone(task):
    before = torch.get_rng_state()
    first, again, other = (MemoryDataset(task, 50, 5, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.features, again.features)
    assert torch.equal(first.labels, again.labels)
    assert not torch.equal(first.features, other.features)


def test_the_delayed_copy_is_eight_steps_late_and_begins_at_zero():
    data = MemoryDataset("delay", 50, 100, seed=0)
    assert torch.equal(data.labels[8:], data.features[:-8])
    assert not data.labels[:8].any()
    assert not data.features[0].any()
    torch.testing.assert_close(data.features.abs().amax(dim=0), torch.ones(100, 1))


def test_the_running_mean_is_a_sum_over_all_of_the_past():
    data = MemoryDataset("mean", 50, 100, seed=0)
    lag = torch.arange(50)[:, None] - torch.arange(50)
    weight = torch.where(lag >= 0, torch.exp(-lag / 10), 0) * (1 - math.exp(-0.1))
    expected = torch.einsum("ts,snf->tnf", weight, data.features)
    torch.testing.assert_close(data.labels, expected)
    assert 0.49 < data.features.mean() < 0.51


def test_the_oscillator_answers_each_step_with_the_textbooks_step_response():
    data = MemoryDataset("oscillator", 50, 100, seed=0)
    omega, zeta = 2 * math.pi / 20, 0.2
    damped = omega * math.sqrt(1 - zeta**2)
    lag = (torch.arange(50)[:, None] - torch.arange(50) + 1).double().clamp(min=0)
    ringing = torch.cos(damped * lag) + zeta * omega / damped * torch.sin(damped * lag)
    response = 1 - torch.exp(-zeta * omega * lag) * ringing
    features = data.features.double()
    jumps = torch.cat([features[:1], features.diff(dim=0)])
    expected = torch.einsum("ts,snf->tnf", response, jumps)
    torch.testing.assert_close(data.labels.double(), expected, atol=1e-6, rtol=0)
    jumped = (features.diff(dim=0) != 0).double().mean()
    assert 1 / 14 < jumped < 1 / 10


def test_the_sines_are_scaled_by_a_constant_input():
    data = MemoryDataset("sines", 50, 100, seed=0)
    assert (data.features == data.features[0]).all()
    shape = data.labels / data.features
    torch.testing.assert_close(shape, shape[:, :1].expand_as(shape))
    at_zero = 0.5 * math.sin(1) + 0.3 * math.sin(2)
    assert shape[0, 0].item() == pytest.approx(at_zero, rel=1e-5)
    # A whole number of periods of the last two, and a half of the first
    assert shape[25, 0].item() == pytest.approx(at_zero, rel=1e-4)


# The hysteresis


@pytest.fixture(scope="module")
def bars():
    """Strain and stress of many bars in the order of time, ``[T, N]``."""
    data = MemoryDataset("hysteresis", 100, 1000, seed=0)
    return data.features.double()[:, :, 0], data.labels.double()[:, :, 0]


def test_the_strain_begins_at_rest_and_runs_between_its_ends(bars):
    strain, _ = bars
    steps = torch.cat([strain[:1], strain.diff(dim=0)]).abs()
    assert 0.01 - 1e-6 < steps.min() < 0.0101
    assert 0.299 < steps.max() < 0.3 + 1e-6
    assert 0.99 < strain.max() <= 1
    assert -1 <= strain.min() < -0.99
    up = (strain[0] > 0).double().mean()
    assert 0.45 < up < 0.55


def test_in_the_middle_the_strain_turns_in_one_of_eight_steps(bars):
    strain, _ = bars
    steps = strain.diff(dim=0)
    middle = strain[1:-1].abs() < 0.7  # from where no step leaves the range
    turns = steps[1:].sign() != steps[:-1].sign()
    assert 1 / 8.5 < turns[middle].double().mean() < 1 / 7.5
    assert 5 < 1 / turns.double().mean() < 7.5  # all turns, those at the ends too
    same = (steps[1:].abs() - steps[:-1].abs()).abs() < 1e-6
    assert same[middle & ~turns].all()
    assert same[turns].double().mean() < 0.01
    # The rates after a turn: the logarithm is uniform
    drawn = (steps[1:].abs()[middle & turns] / 0.01).log() / math.log(30)
    for part in (0.25, 0.5, 0.75):
        assert (drawn < part).double().mean().item() == pytest.approx(part, abs=0.02)


def test_the_strain_turns_where_it_would_leave_its_range(bars):
    strain, _ = bars
    steps = strain.diff(dim=0)
    leaves = (strain[1:-1] + steps[:-1]).abs() > 1 + 1e-6
    assert leaves.sum() > 100
    assert (steps[1:].sign() == -strain[1:-1].sign())[leaves].all()


def test_the_hysteresis_is_the_stress_in_a_bar_of_metal(bars):
    strain, stress = bars
    expected = plastic_stress(strain[:, :, None], 7.0, 1.0, 0.07)[:, :, 0]
    torch.testing.assert_close(stress, expected, atol=2e-6, rtol=0)
    assert 0.2 < (stress.abs() > 1).double().mean() < 0.8


# What the tasks ask for


def left_by_least_squares(task):
    """Predict from all features so far; return the error of other sequences."""
    rows, labels = [], []
    for seed in (0, 1):
        data = MemoryDataset(task, 50, 300, seed)
        padded = torch.nn.functional.pad(data.features, (0, 0, 0, 0, 49, 0))
        seen = padded.double().unfold(0, 50, 1).flatten(0, 1)[:, 0]
        rows.append(torch.nn.functional.pad(seen, (0, 1), value=1.0))
        labels.append(data.labels.double().flatten(0, 1))
    weights = torch.linalg.lstsq(rows[0], labels[0], driver="gelsd").solution
    return ((rows[1] @ weights - labels[1]).norm() / labels[1].norm()).item()


@each_task
def test_a_task_is_linear_in_the_past_or_far_from_it(task):
    left = left_by_least_squares(task)
    assert (left < 0.01) if task in LINEAR else (0.4 < left < 1)


def test_of_all_tasks_only_the_hysteresis_is_not_linear():
    assert set(TASKS) - set(LINEAR) == {"hysteresis"}
    assert len(LINEAR) == 4


@each_task
def test_the_present_feature_does_not_determine_the_label(task):
    """A table of the feature, however fine, leaves most of the variance."""
    data = MemoryDataset(task, 50, 2000, seed=0)
    order = data.features.flatten().argsort()
    cells = data.labels.flatten()[order].view(200, -1)
    assert cells.var(dim=1).mean() > 0.4 * cells.var()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "copy"}, r"task must be one of \('delay', .* not 'copy'"),
        ({"task": "mean", "timesteps": 1}, "timesteps must be .* at least 2, not 1"),
        ({"task": "mean", "num_samples": 0}, "num_samples must be .* not 0"),
        ({"task": "mean", "seed": -1}, "seed must be .* not -1"),
    ],
)
def test_bad_arguments_are_named_with_what_was_passed(arguments, message):
    with pytest.raises(ValueError, match=message):
        MemoryDataset(**arguments)


@pytest.mark.parametrize("timesteps", [2, 9])
def test_a_delay_longer_than_the_sequence_is_refused(timesteps):
    """All labels would be 0."""
    with pytest.raises(ValueError, match=f"at least 10, not {timesteps}"):
        MemoryDataset("delay", timesteps, seed=0)
    assert MemoryDataset("delay", 10, seed=0).labels.any()
