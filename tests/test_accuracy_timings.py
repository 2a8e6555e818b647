"""The trainings of chapter 10: who learns when to fire, and how it is tested."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from accuracy import datasets as data
from accuracy import timings
from accuracy.datasets import TASKS, TIMES, datasets
from accuracy.measure import measure, run
from accuracy.setup import Setup
from accuracy.tables import TABLES
from torch import nn

from spikereg import FiringTimeDataset, firing_times
from spikereg.decoding import spike_time
from spikereg.losses import FiringTimeLoss
from spikereg.results import Trial

# Trainings of one epoch may.
pytestmark = pytest.mark.filterwarnings("ignore:training ended worse")

NETWORKS = [kind for kind in timings.WIDTHS if kind != "exact"]
each_task = pytest.mark.parametrize("task", firing_times.TASKS)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(data, "SAMPLES", 40)


def brief(method, task="curve", **changed):
    """Make a trial that is over at once."""
    given = {"hidden": 8, "timesteps": 25, "epochs": 1} | changed
    return Trial(method, TIMES + task, **given)


# The data


@each_task
def test_each_set_has_a_seed_of_its_own(task):
    tried = brief("lif", task, timesteps=30)
    sets = [
        each
        for seed in (0, 1)
        for split in ("test", "validation")
        for each in datasets(tried, seed, split)
    ]
    for each in sets:
        assert each.task == task
        assert each.features.shape[:2] == (30, 40)
    # The training set is the same for both splits; all others are different
    values = {tuple(each.values.tolist()) for each in sets}
    assert len(values) == 6
    assert torch.equal(sets[0].features, sets[2].features)
    first = FiringTimeDataset(task, 30, 40, seed=0)
    assert torch.equal(first.labels, sets[0].labels)


def test_each_task_has_times_for_labels_and_the_same_methods():
    assert {name for name, task in TASKS.items() if task.times} == {
        TIMES + task for task in firing_times.TASKS
    }


# Each method


@each_task
@pytest.mark.parametrize("method", timings.METHODS)
def test_every_method_runs_on_each_task(method, task):
    tried = brief(method, task)
    found = run(tried, seed=0)
    assert 0 < found.report.l1 < 25
    assert 0 < found.report.relative_error < 2
    assert 0 <= found.silent <= 1
    assert found.smape is None
    spikes = found.report.spike_rate
    assert (0 < spikes < 1) if method in NETWORKS else spikes is None
    if task == "curve":
        assert run(tried, seed=0).report == found.report
        assert run(tried, seed=1).report != found.report


def test_methods_stand_in_the_same_order_in_every_process():
    """In that of a set they would not, and so the rows of a stored table."""
    assert list(timings.METHODS) == ["constant", "linear fit", "exact", *NETWORKS]


@pytest.mark.parametrize("method", timings.WIDTHS)
@pytest.mark.parametrize("changed", [{"lr": 1e-4}, {"steepness": 2.0}], ids=str)
def test_a_trials_own_settings_are_used(method, changed):
    tried = brief(method, hidden=32, epochs=3, lr=1e-1, steepness=25.0)
    same = method == "exact" and "steepness" in changed
    assert (run(tried, 0).report == run(replace(tried, **changed), 0).report) is same


def test_settings_are_those_of_the_task_and_a_trials_own_go_first(monkeypatch):
    assert timings.SETTINGS.keys() == timings.WIDTHS.keys()
    monkeypatch.setitem(timings.SETTINGS, "lif", ((0.5, 7.0), (0.25, 9.0)))
    for task in firing_times.TASKS:
        lr, steepness = (0.25, 9.0) if task == "gap" else (0.5, 7.0)
        for own in ({}, {"lr": 0.125}, {"steepness": 3.0}, {"lr": 0.0}):
            expected = own.get("lr", lr), own.get("steepness", steepness)
            assert timings.settings(brief("lif", task, **own)) == expected


@pytest.mark.parametrize("kind", [k for k in timings.WIDTHS if k != "no memory"])
def test_the_settings_of_each_kind_are_among_those_that_were_tried(kind):
    for settings, task in zip(timings.SETTINGS[kind], ("curve", "gap"), strict=True):
        tried = {
            (trial.lr, trial.steepness or 0.0)
            for trial in TABLES["timing-choice"].trials
            if (trial.method, trial.task) == (kind, TIMES + task)
        }
        assert settings in tried


@pytest.mark.parametrize("method", ["accurate", "tutorial", "mean", "memory"])
def test_a_method_of_other_tasks_is_refused(method):
    with pytest.raises(ValueError, match=f"method must be one of .* not '{method}'"):
        run(brief(method), 0)


# What needs no training


def numbers(tried, seed=0):
    """Return inputs' times and labels of both sets."""
    return [
        values.double().numpy()
        for each in datasets(tried, seed)
        for values in (spike_time(each.features), each.labels)
    ]


@each_task
def test_the_constant_is_the_median_time(task):
    tried = brief("constant", task)
    _, labels, _, others = numbers(tried)
    half = np.sort(labels, axis=0)[19]  # any between the two in the middle would do
    found = run(tried, 0)
    assert found.report.l1 == pytest.approx(np.abs(others - half).mean())
    assert found.parameters == 0
    for other in (half - 1, half + 1, labels.mean(axis=0)):
        assert np.abs(labels - half).sum() <= np.abs(labels - other).sum()


@each_task
def test_the_linear_fit_is_that_of_least_squares(task):
    tried = brief("linear fit", task)
    times, labels, others, expected = numbers(tried)
    rows, new = (
        np.pad(x, ((0, 0), (0, 1)), constant_values=1) for x in (times, others)
    )
    weights, *_ = np.linalg.lstsq(rows, labels)
    found = run(tried, 0).report
    error = np.abs(new @ weights - expected).mean()
    assert found.l1 == pytest.approx(error, rel=1e-3)
    assert found.l1 < run(replace(tried, method="constant"), 0).report.l1


def test_a_linear_fit_has_an_offset():
    times = torch.tensor([[1.0], [4.0], [7.5], [8.0]])
    features, labels = firing_times.spikes_at(times, 10), 3 + 0.5 * times
    model = timings.Linear(Setup(brief("linear fit"), [(features, labels)], 0))
    torch.testing.assert_close(model(features), labels)


# How it is tested


class Ramps(nn.Module):
    """Reaches 30 at the time that the first channel tells, if that is early."""

    def __init__(self, spikes=1):
        super().__init__()
        self.spikes, self.calls = spikes, 0

    def forward(self, features):
        self.calls += 1
        T = len(features)
        times = torch.einsum("t,tb->b", torch.arange(T).float(), features[:, :, 0])
        slope = torch.where(times < 5, timings.THRESHOLD, 0.0)
        return slope[:, None] * (torch.arange(T)[:, None, None] - times[:, None] + 1)


def test_silent_is_the_share_of_spikes_that_did_not_come():
    times = torch.tensor([1.0, 6.0, 2.0, 8.0, 4.0])
    features = firing_times.spikes_at(times[:, None], 10)
    loader = [(features[:, :3], times[:3]), (features[:, 3:], times[3:])]
    loss = FiringTimeLoss("crossing", threshold=timings.THRESHOLD, spikes=1)
    assert timings.silent(Ramps(), loader, loss) == pytest.approx(2 / 5)
    # A ramp that gains θ a step spikes 7, 0, 6, 0 and 4 times beyond its first
    loss = replace(loss, spikes=9)
    came = [9, 0, 8, 0, 6]
    assert timings.silent(Ramps(), loader, loss) == pytest.approx(1 - sum(came) / 45)
    known = nn.Linear(1, 1)
    known.forward = lambda features: torch.full((features.shape[1], 1), 10.0)
    assert timings.silent(known, loader, loss) == 1


def test_a_trained_network_is_tested_by_its_crossings(monkeypatch):
    monkeypatch.setitem(timings.METHODS, "lif", lambda setup: Ramps())
    tried = brief("lif")
    test = datasets(tried, 0)[1]
    times = numbers(tried)[2][:, 0]
    read = np.where(times < 5, times, 25)
    found = run(tried, 0)
    error = np.abs(read - test.labels[:, 0].double().numpy()).mean()
    assert found.report.l1 == pytest.approx(error, rel=1e-4)
    assert 0 < found.silent < 1
    assert found.silent == pytest.approx((times >= 5).mean())
    values = measure(tried, [0, 1]).values
    assert values["silent"] == (found.silent, run(tried, 1).silent)
    other = Trial("relu", "sqrt", hidden=8, timesteps=12, epochs=1)
    assert "silent" not in measure(other, [0]).values


@each_task
@pytest.mark.parametrize("method", timings.METHODS)
def test_a_pattern_is_three_spikes_of_one_neuron_or_three_exact_ones(method, task):
    three = task == "pattern" and method != "exact"
    tried = brief(method, task)
    assert timings.loss_of(tried) == FiringTimeLoss(
        "both", threshold=30.0, spikes=3 if three else 1
    )
    assert timings.loss_of(tried, "crossing").by == "crossing"


def test_there_is_no_time_after_the_end():
    """What is read as the end of the run or later counts as silent."""
    loss = FiringTimeLoss("crossing")
    loader = [(torch.zeros(10, 3, 1), torch.zeros(3, 1))]
    model = nn.Linear(1, 1)
    model.forward = lambda features: torch.tensor([[9.99], [10.0], [math.inf]])
    assert timings.silent(model, loader, loss) == pytest.approx(2 / 3)
