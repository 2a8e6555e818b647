"""Trials: any method on any task."""

import itertools
import re
from dataclasses import replace

import accuracy.measure
import pytest
import torch
from accuracy import datasets as data
from accuracy.datasets import TASKS, Task, datasets
from accuracy.measure import Noisy, measure, run
from accuracy.memories import KINDS
from accuracy.methods import FREE, INGREDIENTS, METHODS, StepByStep, ablate
from accuracy.tables import Table

from spikereg import RegressionDataset, SpikingRegressor, evaluate, make_loader
from spikereg.results import Trial

# Trainings of two or three epochs may.
pytestmark = [
    pytest.mark.filterwarnings("ignore:training ended worse"),
    pytest.mark.usefixtures("unchecked"),  # shapes are checked by shorter tests
]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(data, "SAMPLES", 40)


class Crossed(torch.utils.data.Dataset):
    """Two inputs; what one was a step before, and what the other is."""

    def __init__(self, timesteps, samples, seed):
        generator = torch.Generator().manual_seed(seed)
        self.features = torch.rand(samples, timesteps, 2, generator=generator)

    def __len__(self):
        return len(self.features)

    def __getitem__(self, index):
        features = self.features[index]
        late = torch.cat([torch.zeros(1), features[:-1, 0]])
        return features, torch.stack([late, features[:, 1]], dim=1)


@pytest.fixture(params=[True, False])
def crossed(request, monkeypatch):
    """Add a task, as a line in TASKS would, and say whether it needs memory."""

    def make(trial, seed, split):
        own, other = data.own_seeds(seed, split)
        return Crossed(trial.timesteps, 40, own), Crossed(trial.timesteps, 40, other)

    monkeypatch.setitem(TASKS, "crossed", Task(make, memory=request.param))
    return request.param


def settings(method, lr=0.01):
    """Return what a method must be told on a task for which nothing was chosen."""
    return {"lr": lr, "steepness": 5.0} if method in KINDS else {"lr": lr}


# Trials


@pytest.mark.parametrize("task", ["sqrt", "delay"])
def test_training_validation_and_test_sets_of_all_seeds_differ(task, small):
    seen = []
    for seed in range(3):
        for split in ("validation", "test"):
            train, other = datasets(Trial("accurate", task), seed, split)
            assert len(train) == len(other) == 40
            seen.append(other.features)
        seen.append(train.features)
    for some, others in itertools.combinations(seen, 2):
        assert not torch.equal(some, others)


def test_the_sets_of_a_seed_share_the_slope():
    train, test = datasets(Trial("accurate", "sqrt"), 3)
    assert train.slope == test.slope
    assert train.slope != datasets(Trial("accurate", "sqrt"), 4)[0].slope


def test_one_ramp_is_tested_on_itself():
    train, test = datasets(Trial("tutorial", "one ramp"), 2)
    assert train is test
    assert torch.equal(train.labels, RegressionDataset(seed=2).labels)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("task", ["one ramp", "linear", "oscillator"])
def test_every_method_runs_and_a_seed_repeats_it(method, task, small):
    own = settings(method) if method in KINDS else {}
    tried = Trial(method, task, hidden=8, timesteps=12, epochs=2, **own)
    first, again = run(tried, seed=0), run(tried, seed=0)
    assert first.report == again.report
    assert first.report != run(tried, seed=1).report
    assert first.seconds > 0
    assert first.parameters > 8
    spiking = method in KINDS or re.search("tutorial|accurate|spiking", method)
    assert (first.report.spike_rate is not None) is bool(spiking)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_runs_a_new_task_with_any_number_of_inputs_and_outputs(
    method, crossed
):
    own = settings(method)
    tried = Trial(method, "crossed", hidden=8, timesteps=12, epochs=2, **own)
    first, again = run(tried, seed=0), run(tried, seed=0)
    assert first.report == again.report
    assert first.report != run(tried, seed=1).report
    faster = run(replace(tried, lr=0.1), seed=0).report
    solved = "least squares" in method or method == "tap filter"
    assert (faster == first.report) is solved


@pytest.mark.parametrize("without", [*INGREDIENTS, "clocks"])
def test_every_ingredient_can_be_left_out_on_a_new_task(without, crossed):
    tried = Trial("accurate", "crossed", hidden=8, timesteps=12, epochs=2, lr=0.01)
    left = run(replace(tried, without=without), seed=0)
    # With memory least squares fills the readout, whatever it was.
    same = without == "empty readout" and crossed
    assert (left.report == run(tried, seed=0).report) is same


@pytest.mark.parametrize("method", METHODS)
def test_on_a_task_without_a_rate_of_its_own_the_trial_must_give_one(method, crossed):
    tried = Trial(method, "crossed", hidden=8, timesteps=12, epochs=1)
    if method in FREE:
        assert run(tried, seed=0).report.mse > 0
        return
    told = "lr and steepness must be numbers" if method in KINDS else "lr must be"
    named = rf"{told} .*'{method}' on the task 'crossed', not None"
    with pytest.raises(ValueError, match=named):
        Table("a title", [tried], 1)
    with pytest.raises(ValueError, match=named):
        run(tried, seed=0)


def test_a_learning_rate_of_0_is_refused_and_not_taken_for_none(small):
    with pytest.raises(ValueError, match=r"lr must be a positive .* not 0\.0"):
        run(Trial("relu", "sqrt", lr=0.0), seed=0)


def test_a_task_without_samples_is_named(monkeypatch):
    empty = Task(lambda trial, seed, split: (Crossed(12, 0, 0),) * 2)
    monkeypatch.setitem(TASKS, "empty", empty)
    with pytest.raises(ValueError, match="a set of the task 'empty' has no samples"):
        run(Trial("relu", "empty", lr=0.1), seed=0)


@pytest.mark.parametrize(
    ("tried", "named"),
    [
        (Trial("accurate", "cubic"), "task must be one of .* not 'cubic'"),
        (Trial("acurate", "sqrt"), "method must be one of .* not 'acurate'"),
        (
            Trial("accurate", "sqrt", without="cosine"),
            "without must be one of .* not 'cosine'",
        ),
    ],
)
def test_an_unknown_word_is_named_before_anything_is_trained(tried, named):
    with pytest.raises(ValueError, match=named):
        run(tried, 0)
    with pytest.raises(ValueError, match=named):
        Table("a title", [Trial("accurate", "sqrt"), tried], 1)


def test_a_wrong_split_or_no_seed_is_refused():
    with pytest.raises(ValueError, match=r"split must be one of .* not 'all'"):
        run(Trial("accurate", "sqrt"), 0, "all")
    with pytest.raises(ValueError, match=r"at least one seed, not \[\]"):
        measure(Trial("accurate", "sqrt"), [])


def test_a_measure_that_is_infinite_for_a_seed_is_left_out(small):
    made = measure(Trial("filter", "delay", epochs=1), [0])
    assert "pointwise_relative_error" not in made.values
    assert "relative_error" in made.values


@pytest.mark.parametrize(
    ("without", "changed"),
    [
        ("layer 1 without decay", {"lif_in.beta"}),
        ("layer 2 without decay", {"lif_hidden.beta"}),
        (
            "layer 2 that copies",
            {"fc_hidden.weight", "fc_hidden.bias", "lif_hidden.threshold"},
        ),
        ("empty readout", {"fc_out.weight", "fc_out.bias", "li_out.beta"}),
        (
            "clocks",
            {"fc_in.weight", "fc_in.bias", "lif_in.beta", "lif_in.threshold"},
        ),
    ],
)
def test_an_ablation_puts_the_tutorials_part_into_its_place(without, changed):
    memory = 30.0 if without == "clocks" else 0.0
    whole, model = (
        SpikingRegressor(10, seed=0, recipe="accurate", memory=memory) for _ in range(2)
    )
    ablate(model, without, seed=0)
    left = whole.state_dict()
    found = model.state_dict()
    assert {n for n in found if not torch.equal(found[n], left[n])} == changed
    tutorial = SpikingRegressor(10, seed=0).state_dict()
    drawn = {"lif_in.beta", "lif_in.threshold"} if without == "clocks" else set()
    for name in changed - drawn:
        assert torch.equal(found[name], tutorial[name])
    if without == "clocks":
        torch.testing.assert_close(
            model.lif_in.threshold, 0.3 * (1 - model.lif_in.beta.detach())
        )


def test_the_other_ablations_train_differently(small):
    outcomes = [
        run(Trial("accurate", "sqrt", 8, epochs=2, without=without), seed=0).report.mse
        for without in ("", "levels from the data", "cosine schedule")
    ]
    assert len(set(outcomes)) == 3


@pytest.mark.parametrize("method", ["lstm", "gru", "relu"])
def test_a_baseline_learns_as_many_numbers_as_the_spiking_network(method, small):
    ours, theirs = (
        run(Trial(name, "sqrt", epochs=1), seed=0).parameters
        for name in ("accurate", method)
    )
    assert theirs == pytest.approx(ours, rel=0.1)


def test_snntorchs_own_loop_gives_the_same_network():
    model, other = SpikingRegressor(8, seed=0), StepByStep(8, seed=0)
    features = RegressionDataset(12, 3, seed=0).features
    torch.testing.assert_close(other(features), model(features))


def test_noise_is_drawn_anew_and_leaves_the_labels_alone():
    data = RegressionDataset(num_samples=500, seed=0)
    loader = Noisy(make_loader(data, 500), sigma=0.03, seed=1)
    ((first, labels),), ((second, _),) = list(loader), list(loader)
    assert torch.equal(labels, data.labels)
    assert not torch.equal(first, second)
    for features in (first, second):
        noise = features - data.features
        assert noise.std().item() == pytest.approx(0.03, rel=0.02)
    assert (second - first).std().item() == pytest.approx(0.03 * 2**0.5, rel=0.02)
    quiet = Noisy(make_loader(data, 500), sigma=0.0, seed=1)
    assert torch.equal(next(iter(quiet))[0], data.features)


@pytest.mark.parametrize("clamped", [False, True])
def test_a_clamped_trial_cuts_noise_off_at_the_ends_of_the_training(
    small, monkeypatch, clamped
):
    tested = []

    def listening(model, loader, **options):
        tested.extend(features for features, _ in loader)
        return evaluate(model, loader, **options)

    monkeypatch.setattr(accuracy.measure, "evaluate", listening)
    trial = Trial("random + least squares", "sqrt", noise=0.3, clamped=clamped)
    run(trial, 0)
    train, _ = datasets(trial, 0)
    ends = train.features.min(), train.features.max()
    assert ((tested[0].min(), tested[0].max()) == ends) is clamped
    assert ("clamped" in str(trial)) is clamped
