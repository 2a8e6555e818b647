"""The trainings of chapter 12 on spikes: who reads the level of the sound, and its
tables.
"""

import numpy as np
import pytest
import torch
from accuracy import decoders
from accuracy.decoders import KINDS, METHODS
from accuracy.measure import run

from spikereg import Report
from spikereg.envelope import EnvelopeDataset
from spikereg.receptor import recording
from spikereg.results import Trial, stored

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

TRAINED = ("resonant filter", "lstm", *KINDS)


def brief(method, number=1, delay=20, **settings):
    own = {"lr": 0.03, "steepness": 5.0} if method in TRAINED else {}
    own |= {"hidden": 16, "timesteps": 260, "epochs": 2}
    return Trial(method, f"envelope {number}, {delay} ms", **own | settings)


# Each method


@pytest.mark.filterwarnings("ignore:training ended worse")
@pytest.mark.parametrize("method", METHODS)
def test_every_method_runs_and_says_how_much_it_explains(method):
    found = run(brief(method), seed=3)
    assert -0.5 < found.r2 < 0.4
    assert found.rmse == pytest.approx(6 * found.report.mse**0.5)
    assert found.auc is found.stiffness is None
    spikes = found.report.spike_rate
    assert (0 <= spikes < 1) if method in KINDS else spikes is None
    if method in ("lif, dendrites", "trees"):
        assert run(brief(method), seed=3).report == found.report


def test_the_mean_explains_nothing_and_misses_by_the_deviation():
    found = run(brief("training mean", 2), seed=5)
    test = EnvelopeDataset("test", 2, split=5)
    level = recording(2).level[5_090:5_940]
    assert found.r2 == 0
    away = (level - test.mean).square().mean().sqrt().item()
    assert found.rmse == pytest.approx(away, rel=1e-5)


def test_scores_are_those_of_their_definition():
    answer, level = np.array([1.0, 0.5, -1.0]), np.array([2.0, 0.0, -1.0])
    error = ((answer - level) ** 2).mean()
    size = np.sqrt(((answer - level) ** 2).sum() / (level**2).sum())
    found = decoders.scores(Report(0.0, error, size, 0.0, None, error))
    assert found["r2"] == pytest.approx(1 - 1.25 / 5)
    assert found["rmse"] == pytest.approx(6 * np.sqrt(1.25 / 3))


def columns_of(number, moments, delay):
    """Lay out the spikes from 30 ms before each moment to ``delay`` after it."""
    spikes = recording(number).spikes.numpy()
    return spikes[moments[:, None] + np.arange(-30, delay + 1)]


@pytest.mark.parametrize(("number", "delay"), [(1, 10), (2, 20)])
def test_ridge_is_the_solution_of_its_equations(number, delay):
    level = recording(number).level.numpy().astype(float)
    moments = {k: 1000 * k + np.arange(90, 940) for k in range(10)}
    chosen, test = np.concatenate([moments[8], moments[1]]), moments[5]
    train = np.concatenate([moments[k] for k in (0, 2, 3, 4, 6, 7, 9)])
    rows, mean = columns_of(number, train, delay), level[train].mean()
    shifted = rows - rows.mean(axis=0)
    best = None
    for strength in decoders.STRENGTHS:
        matrix = shifted.T @ shifted + strength * np.eye(shifted.shape[1])
        weights = np.linalg.solve(matrix, shifted.T @ (level[train] - mean))

        def error(where, weights=weights):
            seen = columns_of(number, where, delay) - rows.mean(axis=0)
            return ((seen @ weights + mean - level[where]) ** 2).mean()

        if best is None or error(chosen) < best[0]:
            best = error(chosen), error(test)
    found = run(brief("ridge", number, delay), seed=5)
    assert found.rmse**2 == pytest.approx(best[1], rel=1e-4)
    away = ((level[test] - mean) ** 2).mean()
    assert found.r2 == pytest.approx(1 - best[1] / away, rel=1e-3)


def test_intervals_are_the_distances_of_the_nearest_spikes():
    features = torch.zeros(12, 2, 1)
    features[[1, 4, 5, 9], 0] = 1
    told = decoders.intervals(features, delay=3, near=2)
    assert told.shape == (12, 2, 4)
    # At step 8 the moment is 5: spikes at 5 and 4; the one at 9 is not heard yet
    assert told[8, 0].tolist() == [0, 1, 12, 12]
    assert told[9, 0].tolist() == [1, 2, 3, 12]
    assert told[4, 0].tolist() == [0, 12, 3, 12]
    assert told[1, 0].tolist() == [12, 12, 3, 12]
    assert (told[:, 1] == 12).all()


@pytest.mark.parametrize("method", ["trees", "trees, intervals", *TRAINED])
def test_no_method_hears_a_later_spike(method):
    trial = brief(method, epochs=1, hidden=64)
    model = METHODS[method](decoders.Setup(trial, (), 0)).eval()
    features = decoders.data(trial, 0, "test").features
    changed = features.clone()
    changed[200:] = 1 - changed[200:]
    with torch.no_grad():
        before, after = model(features), model(changed)
    assert torch.equal(before[:200], after[:200])
    assert not torch.equal(before[200:], after[200:])


# The stored tables


def of(name, method, task):
    trials = (method, f"envelope {task} ms")
    return [r for r in stored(name) if (r.trial.method, r.trial.task) == trials]


@pytest.mark.parametrize("method", TRAINED)
def test_settings_are_those_of_the_smallest_validation_error(method):
    errors = {
        (row.trial.lr, row.trial.steepness or 0.0): row.median("mse")
        for row in of("envelope-choice", method, "1, 20")
    }
    assert len(errors) >= 6
    chosen = decoders.SETTINGS[method]
    assert errors[chosen] == min(errors.values())
    rates = [rate for rate, _ in errors]
    assert min(rates) < chosen[0] < max(rates)  # the best is no end of what was tried


def test_what_is_chosen_and_what_is_trained_have_the_same_length():
    longer = {
        (row.trial.method, row.trial.epochs, row.trial.hidden)
        for row in stored("envelope-choice")
    }
    tested = {
        (row.trial.method, row.trial.epochs, row.trial.hidden)
        for row in stored("envelope")
        if row.trial.method in TRAINED
    }
    assert longer == tested


@pytest.mark.parametrize("task", ["1, 0", "1, 10", "1, 20", "2, 10", "2, 20"])
def test_ridge_is_made_again(task):
    (kept,) = of("envelope", "ridge", task)
    for split in (0, 7):
        again = run(kept.trial, split)
        assert again.r2 == pytest.approx(kept.values["r2"][split], abs=1e-3)
        assert again.rmse == pytest.approx(kept.values["rmse"][split], rel=1e-3)


def test_trees_are_made_again():
    (kept,) = of("envelope", "trees, intervals", "1, 20")
    assert run(kept.trial, 4).r2 == pytest.approx(kept.values["r2"][4], abs=0.02)


def test_a_network_is_made_again():
    (kept,) = of("envelope", "lif, dendrites", "1, 20")
    again = run(kept.trial, 4)
    # Two processors part after some steps, when a first spike flips.
    assert again.r2 == pytest.approx(kept.values["r2"][4], abs=0.05)
    assert again.parameters == kept.parameters
