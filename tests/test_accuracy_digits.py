"""The trainings of chapter 8: what reads digits, and the stored tables of it."""

from collections import defaultdict

import pytest
import torch
from accuracy.classifiers import LSTM_RATE, METHODS, SETTINGS, loss_of
from accuracy.datasets import BRIEF, datasets
from accuracy.measure import measure, run

from spikereg.losses import CountLoss, CrossEntropyLoss, MembraneLoss
from spikereg.results import Trial, stored

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

CLASSICAL = "logistic regression", "nearest neighbours", "svm"


@pytest.mark.parametrize("method", [*SETTINGS, "lstm"])
def test_every_network_runs_and_a_seed_repeats_it(method):
    tried = Trial(method, "digits", hidden=8, epochs=1)
    first, again = run(tried, seed=0), run(tried, seed=0)
    assert first.report == again.report
    assert first.report != run(tried, seed=1).report
    assert 0 <= first.report.accuracy <= 1
    assert (first.report.spike_rate is None) is (method == "lstm")


@pytest.mark.parametrize(
    "changed",
    [{"steepness": 1.5}, {"gain": 2.0}, {"lr": 1e-3}, {"penalty": 1.0}],
    ids=str,
)
def test_a_trials_own_settings_are_used(changed):
    tried = {"method": "adaptive", "task": "digits", "hidden": 8, "epochs": 1}
    assert run(Trial(**tried), 0).report != run(Trial(**tried, **changed), 0).report


def test_a_setting_of_0_is_not_taken_for_none():
    with pytest.raises(ValueError, match=r"lr must be a positive .* not 0\.0"):
        run(Trial("lif", "digits", hidden=8, epochs=1, lr=0.0), 0)


@pytest.mark.parametrize("method", ["accurate", "relu"])
def test_a_method_for_curves_is_no_classifier(method):
    with pytest.raises(ValueError, match=f"method must be one of .* not '{method}'"):
        run(Trial(method, "digits"), 0)
    with pytest.raises(ValueError, match=r"method must be one of .* not 'svm'"):
        run(Trial("svm", "sqrt"), 0)


def test_each_method_minimizes_what_it_says():
    assert loss_of(Trial("adaptive", "digits")) == MembraneLoss("mean")
    assert loss_of(Trial("adaptive, counts", "digits")) == CountLoss()
    assert loss_of(Trial("adaptive, cross-entropy", "digits")) == CrossEntropyLoss()


def test_validation_and_test_images_are_others():
    _, validation = datasets(Trial("lif", "digits"), 0, "validation")
    train, test = datasets(Trial("lif", "digits"), 0, "test")
    assert [len(x) for x in (train, validation, test)] == [1149, 289, 359]
    assert not torch.equal(train.batch([0])[0], train.batch([0])[0])
    assert torch.equal(test.batch([0])[0], test.batch([0])[0])


def test_nine_steps_show_each_row_once():
    train, test = datasets(Trial("lstm", BRIEF), 0)
    _, whole = datasets(Trial("lstm", "digits"), 0)
    assert torch.equal(test.features[:8], whole.features[:24:3])
    assert len(test.features) == len(train.features) == 9
    assert not test.features[8].any()
    assert test.mask[:, 0].tolist() == 8 * [False] + [True]


@pytest.mark.parametrize("method", CLASSICAL)
def test_what_sees_an_image_at_once_has_no_steps_to_save(method):
    with pytest.raises(ValueError, match=f"method must be one of .* not '{method}'"):
        run(Trial(method, BRIEF), 0)


# The stored tables


def of(name, method):
    return [r for r in stored(name) if r.trial.method == method]


@pytest.mark.parametrize("method", SETTINGS)
def test_settings_are_those_of_the_largest_validation_accuracy(method):
    scores = {
        (r.trial.steepness, r.trial.gain): sum(r.values["accuracy"])
        for r in of("digits-choice", method)
    }
    assert scores[SETTINGS[method]] == max(scores.values())


def test_the_rate_of_the_lstm_was_chosen_too_and_is_no_end_of_its_grid():
    scores = {
        r.trial.lr: sum(r.values["accuracy"]) for r in of("digits-choice", "lstm")
    }
    assert scores[LSTM_RATE] == max(scores.values())
    assert min(scores) < LSTM_RATE < max(scores)


def test_the_chosen_steepness_is_no_end_of_its_grid():
    grid = defaultdict(set)
    for r in stored("digits-choice"):
        grid[r.trial.method].add(r.trial.steepness)
    for method, (steepness, _) in SETTINGS.items():
        assert min(grid[method]) < steepness < max(grid[method])


@pytest.mark.parametrize("method", CLASSICAL)
def test_a_row_of_a_simple_method_is_made_again(method):
    (kept,) = of("digits", method)
    again = measure(kept.trial, seeds=(0, 1))
    assert again.values["accuracy"] == pytest.approx(
        kept.values["accuracy"][:2], abs=0.006
    )


def test_a_row_of_a_network_is_made_again():
    kept = next(r for r in of("digits-choice", "lif") if r.trial.steepness == 1)
    again = measure(kept.trial, (0,), "validation")
    # Of 289 images: the last bits of products differ between machines.
    assert again.median("accuracy") == pytest.approx(
        kept.values["accuracy"][0], abs=0.04
    )
    assert again.parameters == kept.parameters


def test_networks_are_as_large_as_the_chapter_says():
    size = {(r.trial.method, r.trial.hidden): r.parameters for r in stored("digits")}
    assert size["lstm", 128] == pytest.approx(size["adaptive", 128], rel=0.05)
    assert METHODS.keys() == {r.trial.method for r in stored("digits")}
