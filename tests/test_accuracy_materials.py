"""The trainings of chapter 11: who learns a material, and how it is tested."""

from dataclasses import replace

import pytest
import torch
from accuracy import datasets as data
from accuracy import materials
from accuracy.datasets import TASKS, datasets
from accuracy.materials import IDENTIFIED, LAW_METHODS, MATERIAL
from accuracy.measure import CONSTANTS, measure, run
from accuracy.setup import Setup
from accuracy.tables import TABLES

from spikereg import MaterialDataset, TimeMajorDataset, make_loader
from spikereg.materials import plastic_stress
from spikereg.results import Trial

# Trainings of one epoch may.
pytestmark = [
    pytest.mark.filterwarnings("ignore:training ended worse"),
    pytest.mark.usefixtures("unchecked"),  # shapes are checked by shorter tests
]

each_task = pytest.mark.parametrize("task", materials.TASKS)
each_shift = pytest.mark.parametrize("shift", materials.SHIFTS)

#: Those that are fitted at a rate that is chosen.
CHOSEN = list(materials.SETTINGS)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(data, "SAMPLES", 40)
    monkeypatch.setattr(materials, "BARS", 24)


def brief(method, task="plastic", **changed):
    """Make a trial that is over at once."""
    given = {"hidden": 8, "timesteps": 20, "epochs": 1, "lr": 0.01, "steepness": 5.0}
    return Trial(method, MATERIAL + task, **given | changed)


# The data


@each_task
def test_each_set_has_a_seed_of_its_own(task):
    tried = brief("lif", task)
    sets = {
        (seed, split): datasets(tried, seed, split)
        for seed in (0, 1)
        for split in ("test", "validation")
    }
    bars = 24 if task in materials.NOISE else 40
    for train, other in sets.values():
        assert len(train) == len(other) == bars
        assert train.features.shape == (20, bars, 1)
    # The training set is the same for both splits; all others are different
    drawn = {
        tuple(each.features.flatten().tolist()) for s in sets.values() for each in s
    }
    assert len(drawn) == 6
    assert torch.equal(sets[0, "test"][0].features, sets[0, "validation"][0].features)
    assert torch.equal(sets[0, "test"][0].labels, sets[0, "validation"][0].labels)
    law = materials.law_of(tried)
    first = MaterialDataset(law, 20, bars, seed=0)
    assert torch.equal(sets[0, "test"][0].features, first.features)


@each_task
def test_the_law_of_a_task_is_its_first_word_or_plastic(task):
    expected = task if task in ("elastic", "ramberg-osgood") else "plastic"
    assert materials.law_of(brief("lif", task)) == expected


def stress_of(bars):
    return plastic_stress(bars.features.double(), 7.0, 1.0, 0.07).float()


@pytest.mark.parametrize("task", materials.NOISE)
@pytest.mark.parametrize("seed", [0, 1])
def test_noise_is_on_the_labels_of_the_training_only(monkeypatch, task, seed):
    monkeypatch.setattr(materials, "BARS", 400)
    train, test = datasets(brief("lif", task, timesteps=50), seed)
    torch.testing.assert_close(test.labels, stress_of(test), rtol=0, atol=1e-5)
    truth = stress_of(train)
    noise, size = train.labels - truth, truth.square().mean().sqrt().item()
    if task == "identified":
        assert noise.abs().max() < 1e-5
        return
    assert noise.std().item() == pytest.approx(0.05 * size, rel=0.05)
    assert noise.mean().abs() < 0.01 * size
    assert (noise.flatten() * truth.flatten()).mean().abs() < 0.01 * size**2
    again, _ = datasets(brief("lif", task, timesteps=50), seed)
    assert torch.equal(again.labels, train.labels)
    other, _ = datasets(brief("lif", task, timesteps=50), seed + 2)
    assert not torch.allclose(other.labels - stress_of(other), noise, atol=1e-3)


def paces(bars):
    """Give the smallest and the largest step, and how often it turns."""
    steps = bars.features.diff(dim=0)
    turns = (steps[1:].sign() != steps[:-1].sign()).double().mean().item()
    return steps.abs().min().item(), steps.abs().max().item(), turns


@each_shift
def test_a_shift_changes_the_test_and_not_the_training(monkeypatch, shift):
    monkeypatch.setattr(data, "SAMPLES", 600)
    tried = brief("lif", f"plastic, {shift}", timesteps=60)
    for split in ("test", "validation"):
        train, test = datasets(tried, 0, split)
        like, usual = datasets(brief("lif", timesteps=60), 0, split)
        assert torch.equal(train.features, like.features)
        assert torch.equal(train.labels, like.labels)
        torch.testing.assert_close(test.labels, stress_of(test), rtol=0, atol=1e-5)
        longer = 1 if shift == "larger" else 4
        assert test.features.shape == (60 * longer, 600, 1)
        (low, high, turns), (few, many, often) = paces(test), paces(usual)
        slower = 4 if shift == "slower" else 1
        assert low == pytest.approx(few / slower, rel=0.05)
        assert high == pytest.approx(many / slower, rel=0.05)
        if shift == "larger":  # fewer ends to turn at
            assert 1 / 9 < turns < 0.9 * often
        else:
            assert turns == pytest.approx(often / slower, rel=0.1)
        largest = 2 if shift == "larger" else 1
        assert test.features.abs().max().item() == pytest.approx(largest, rel=0.01)


# Each method


@pytest.mark.parametrize("method", materials.METHODS)
@pytest.mark.parametrize("task", ["elastic", "ramberg-osgood", "plastic"])
def test_every_method_runs_on_each_law(method, task):
    tried = brief(method, task)
    found = run(tried, seed=0)
    assert 0 <= found.report.relative_error < 20  # of strains that may be small
    spikes = found.report.spike_rate
    spiking = method in materials.NETWORKS or method.startswith("spiking")
    assert (0 <= spikes < 1) if spiking else spikes is None
    assert found.smape is found.silent is found.auc is None
    if task == "plastic":
        assert run(tried, seed=0).report == found.report
        assert run(tried, seed=1).report != found.report


@pytest.mark.parametrize("method", ["tap filter", "lif", *IDENTIFIED])
@pytest.mark.parametrize("task", materials.TASKS[3:])
def test_they_run_where_a_test_is_not_like_the_training(method, task):
    assert 0 < run(brief(method, task), seed=0).report.relative_error < 5


def test_methods_stand_in_the_same_order_in_every_process():
    """In that of a set they would not, and so the rows of a stored table."""
    assert list(materials.METHODS) == [
        "elastic law",
        "line for each step",
        "cubic for each step",
        "tap filter",
        "resonant filter",
        "lif",
        "recurrent",
        "adaptive",
        "resonator",
        "spiking lstm",
        "lstm",
        "return mapping, soft start",
        "return mapping, stiff start",
        "spiking return mapping, soft start",
        "spiking return mapping, stiff start",
    ]
    assert {*materials.NETWORKS} <= {*LAW_METHODS}


@pytest.mark.parametrize("name", ["material", "material-choice", "identification"])
def test_each_row_of_a_table_is_a_task_and_a_method_that_there_are(name):
    for trial in TABLES[name].trials:
        assert trial.task in TASKS
        assert trial.method in materials.METHODS
        assert trial.timesteps >= 2


@pytest.mark.parametrize("method", ["accurate", "tutorial", "mean", "constant"])
def test_a_method_of_other_tasks_is_refused(method):
    with pytest.raises(ValueError, match=f"method must be one of .* not '{method}'"):
        run(brief(method), 0)


# Settings


def test_settings_are_those_of_the_law_and_a_trials_own_go_first(monkeypatch):
    chosen = {"elastic": (0.5, 7.0), "plastic": (0.25, 9.0)}
    monkeypatch.setitem(materials.SETTINGS, "lif", chosen)
    for task in ("elastic", "plastic", "plastic, slower", "identified, noise"):
        lr, steepness = chosen["elastic" if task == "elastic" else "plastic"]
        for own in ({}, {"lr": 0.125}, {"steepness": 3.0}, {"lr": 0.0}):
            tried = brief("lif", task, **{"lr": None, "steepness": None} | own)
            expected = own.get("lr", lr), own.get("steepness", steepness)
            assert materials.settings(tried) == expected


@pytest.mark.parametrize("method", CHOSEN)
@pytest.mark.parametrize("changed", [{"lr": 1e-4}, {"steepness": 25.0}], ids=str)
def test_a_trials_own_settings_are_used(method, changed):
    tried = brief(method, epochs=2, lr=3e-2, steepness=2.0, hidden=16)
    same = method not in materials.NETWORKS and "steepness" in changed
    assert (run(tried, 0).report == run(replace(tried, **changed), 0).report) is same


# What is known of them


def test_the_elastic_law_is_right_where_there_is_nothing_else():
    assert run(brief("elastic law", "elastic"), 0).report.l1 < 1e-6
    for task in ("ramberg-osgood", "plastic"):
        tried = brief("elastic law", task)
        _, test = datasets(tried, 0)
        stress = 2100 * (test.strain if task == "ramberg-osgood" else test.features)
        error = (stress / test.unit - test.labels).abs().mean().item()
        found = run(tried, 0)
        assert found.report.l1 == pytest.approx(error, rel=1e-4)
        assert error > 0.1
        assert found.parameters == 0


def test_taps_see_no_plastic_strain_and_all_of_an_elastic_one():
    assert run(brief("tap filter", "elastic"), 0).report.relative_error < 1e-3
    assert run(brief("tap filter"), 0).report.relative_error > 0.05


@pytest.mark.parametrize(("degree", "numbers"), [(1, 2), (3, 4)])
def test_a_polynomial_for_each_step_is_found_exactly(degree, numbers):
    drawn = torch.Generator().manual_seed(0)
    features = torch.rand(6, 50, 1, generator=drawn)
    weights = torch.randn(6, 1, numbers, generator=drawn)
    labels = (weights * features ** torch.arange(numbers)).sum(-1, keepdim=True)
    loader = make_loader(TimeMajorDataset(features, labels), 16)
    model = materials.EachStep(Setup(brief("line for each step"), loader, 0), degree)
    torch.testing.assert_close(model(features), labels, atol=1e-4, rtol=0)
    assert sum(p.numel() for p in model.parameters()) == 6 * numbers
    with pytest.raises(ValueError, match=r"features must have 6 steps, .* not 7"):
        model(torch.rand(7, 2, 1))


@pytest.mark.parametrize("method", IDENTIFIED)
@pytest.mark.parametrize("task", ["plastic", "identified", "plastic, larger"])
def test_the_constants_that_were_found_are_told(method, task):
    tried = brief(method, task, timesteps=40, epochs=30, lr=None, steepness=None)
    found = run(tried, 0)
    start = materials.STARTS["soft" if "soft" in method else "stiff"]
    right = 7.0, 1.0, 0.07
    constants = [getattr(found, name) for name in CONSTANTS]
    for value, first, end in zip(constants[:2], start, right, strict=False):
        assert abs(value - end) < 0.5 * abs(first - end)
    assert constants[2] != pytest.approx(start[2], rel=0.01)
    assert found.parameters == 3


def test_a_rows_constants_are_those_of_each_seed_and_others_have_none():
    tried = brief("return mapping, soft start", "identified")
    values = measure(tried, [0, 1]).values
    for name in CONSTANTS:
        expected = tuple(getattr(run(tried, seed), name) for seed in (0, 1))
        assert values[name] == expected
    other = measure(brief("tap filter"), [0]).values
    assert not {*CONSTANTS} & other.keys()
    assert run(brief("tap filter"), 0).stiffness is None


def test_both_starts_are_wrong_in_every_constant_and_on_either_side():
    for soft, right, stiff in zip(
        materials.STARTS["soft"][:2],
        (7.0, 1.0),
        materials.STARTS["stiff"],
        strict=False,
    ):
        assert soft < right < stiff
    assert materials.STARTS["soft"][2] > 0.07 > materials.STARTS["stiff"][2]
