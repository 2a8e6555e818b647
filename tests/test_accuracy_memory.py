"""The trainings of chapter 9: what remembers, and what goes on with a curve."""

import math
from dataclasses import replace

import pytest
import torch
from accuracy import datasets as data
from accuracy import forecasts, memories
from accuracy.datasets import datasets
from accuracy.forecasts import CHOSEN, GRID, Mean, Replay, named
from accuracy.measure import measure, run
from accuracy.methods import FREE
from accuracy.setup import Setup
from accuracy.tables import Table

from spikereg import SpikingRegressor, fit, memory
from spikereg.forecasting import mackey_glass
from spikereg.metrics import smape
from spikereg.results import Trial

# Trainings of one epoch may.
pytestmark = [
    pytest.mark.filterwarnings("ignore:training ended worse"),
    pytest.mark.usefixtures("unchecked"),  # shapes are checked by shorter tests
]

FILTERS = [name for name in memories.METHODS if name not in memories.KINDS]
BASES = "mean", "lstm", *forecasts.MAKE
each_kind = pytest.mark.parametrize("kind", memories.KINDS)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(data, "SAMPLES", 40)


def brief(method, **changed):
    """Make a trial that is over at once."""
    given = {"hidden": 16, "timesteps": 12, "epochs": 1} | changed
    return Trial(method, given.pop("task", "mean"), **given)


# What remembers


@pytest.mark.parametrize("method", memories.METHODS)
def test_every_method_runs_and_a_seed_repeats_it(method, small):
    tried = brief(method, hidden=8)
    first, again = run(tried, seed=0), run(tried, seed=0)
    assert first.report == again.report
    assert first.report != run(tried, seed=1).report
    assert 0 < first.report.spike_rate < 1
    assert first.smape is None


@pytest.mark.parametrize("changed", [{"lr": 1e-2}, {"steepness": 1.0}], ids=str)
@each_kind
def test_a_trials_own_settings_are_used(kind, changed, small):
    tried = brief(kind, epochs=3, lr=3e-2, steepness=5.0)
    assert run(tried, 0).report != run(replace(tried, **changed), 0).report


@each_kind
def test_each_task_has_settings_of_each_kind_and_a_trials_own_go_first(
    kind, monkeypatch
):
    assert memories.SETTINGS[kind].keys() == set(memory.TASKS)
    monkeypatch.setitem(memories.SETTINGS, kind, {"mean": (0.5, 7.0)})
    for own, expected in [
        ({}, (0.5, 7.0)),
        ({"lr": 0.25}, (0.25, 7.0)),
        ({"steepness": 3.0}, (0.5, 3.0)),
        ({"lr": 0.0, "steepness": 0.0}, (0.0, 0.0)),  # no number is not 0
    ]:
        assert memories.settings(brief(kind, **own)) == expected


def test_where_none_were_chosen_the_trial_must_give_both():
    for own in ({}, {"lr": 0.25}, {"steepness": 3.0}):
        tried = brief("recurrent", task="sqrt", **own)
        values = f"{own.get('lr')} and {own.get('steepness')}"
        with pytest.raises(ValueError, match=f"lr and steepness .*'sqrt'.* {values}"):
            run(tried, 0)
        with pytest.raises(ValueError, match="lr and steepness must be numbers"):
            Table("a title", [tried], 1)
    both = brief("recurrent", task="sqrt", lr=0.25, steepness=3.0)
    assert memories.settings(both) == (0.25, 3.0)


def built(kind, monkeypatch, hidden=128):
    """Build a network without training it."""
    monkeypatch.setattr(memories, "fit", lambda *args, **kwargs: None)
    return memories.METHODS[kind](Setup(Trial(kind, "mean", hidden), [], 0))


def learned(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@each_kind
def test_each_kind_learns_as_many_numbers_as_128_and_128_neurons(kind, monkeypatch):
    ours = learned(SpikingRegressor(128, seed=0))
    assert ours == 17_154
    assert learned(built(kind, monkeypatch)) == pytest.approx(ours, rel=0.05)


@each_kind
def test_what_is_trained_is_as_described(kind, monkeypatch):
    seen = []
    monkeypatch.setattr(memories, "fit", lambda *args, **kw: seen.append((args, kw)))
    tried = brief(kind, lr=0.125, steepness=3.0, epochs=5)
    model = memories.METHODS[kind](Setup(tried, [], 0))
    (((_, _, epochs, lr), options),) = seen
    assert (epochs, lr, options["recipe"]) == (5, 0.125, "accurate")
    above = torch.tensor([0.5], requires_grad=True)
    for layer in (model.lif_in, model.lif_hidden):
        (slope,) = torch.autograd.grad(layer.spike_grad(above).sum(), above)
        # The derivative of the fast sigmoid
        assert slope.item() == pytest.approx(1 / (1 + 3.0 * 0.5) ** 2)


def test_spikes_fed_back_differ_from_membranes_and_from_nothing_else(
    small, monkeypatch
):
    plain, spikes = "spiking lstm", "spiking lstm, spikes fed back"
    settings = {"lr": 1e-2, "steepness": 5.0}
    reports = [run(brief(kind, **settings), 0).report for kind in (plain, spikes)]
    assert reports[0] != reports[1]
    models = [built(kind, monkeypatch, 16) for kind in (plain, spikes)]
    fed = [[m.lif_in.feedback, m.lif_hidden.feedback] for m in models]
    assert fed == [["membrane"] * 2, ["spikes"] * 2]
    for one, other in zip(*(m.parameters() for m in models), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("method", FILTERS)
def test_a_filter_is_solved_or_trained_at_any_rate_and_may_have_taps(method, small):
    assert method in FREE
    tried = brief(method)
    slow = run(replace(tried, lr=1e-4), 0)
    solved = "least squares" in method
    assert (slow.report == run(tried, 0).report) is solved
    # 32 oscillations, 16 taps and an offset, whatever the number of neurons
    assert slow.parameters == 65 + 16 * ("taps" in method)
    assert (slow.report.relative_error < 0.1) is solved


# The curve


@pytest.mark.parametrize(
    ("split", "seeds", "first", "apart"),
    [("test", 30, 4000, 37.5), ("validation", 10, 8000, 112.5)],
)
def test_runs_begin_some_points_apart_and_are_labelled_with_what_follows(
    split, seeds, first, apart, monkeypatch
):
    assert data.KNOWN == 750
    monkeypatch.setattr(  # a curve whose values are the places on it
        data, "mackey_glass", lambda n: torch.arange(n).double()[:, None, None]
    )
    for seed in range(seeds):
        train, test = datasets(Trial("mean", "mackey-glass"), seed, split)
        assert len(train) == 1
        features, labels = test[0]
        assert features[0] == math.floor(first + apart * seed)
        both = torch.cat([features, labels]).flatten()
        assert torch.equal(both.diff(), torch.ones(1499).double())
        assert torch.equal(train[0][0], features)
        assert len(labels) == 750
        assert split == "validation" or both[-1] < 8000  # where the others begin


@pytest.fixture
def short(monkeypatch):
    """Know little, and take the curve 3900 points earlier: to make it takes time."""
    monkeypatch.setattr(data, "KNOWN", 80)
    monkeypatch.setattr(
        data,
        "mackey_glass",
        lambda n: torch.cat([torch.zeros(3900, 1, 1).double(), mackey_glass(n - 3900)]),
    )


#: Points that are known to the method with the most weights to find.
MORE = {"linear": 450}


def forecast(method, **changed):
    return Trial(method, "mackey-glass", **{"hidden": 8, "epochs": 1} | changed)


@pytest.mark.parametrize("method", BASES)
def test_every_method_goes_on_and_a_seed_repeats_it(method, short, monkeypatch):
    monkeypatch.setattr(data, "KNOWN", MORE.get(method, 80))
    tried = forecast(method)
    first, again = run(tried, seed=0), run(tried, seed=0)
    assert first.report == again.report
    assert first.smape == again.smape
    assert first.report != run(tried, seed=1).report
    assert 0 < first.smape <= 200
    assert (first.parameters > 8) is (method not in ("mean", "linear", "replay"))


def test_the_smape_is_that_of_what_follows(short):
    known, future = datasets(forecast("mean"), 0)[1][0]
    error = smape(known.mean().expand(80, 1, 1), future[:, None])
    assert run(forecast("mean"), 0).smape == pytest.approx(error.item())
    assert measure(forecast("mean"), [0]).values["smape"] == (pytest.approx(error),)
    assert "smape" not in measure(brief("tap filter"), [0]).values


def test_delayed_spikes_go_on_better_than_their_equals(short):
    sizes = {
        "delayed spikes, delays 12, degree 12, ridge 1e-09": 448,
        "replay, window 10": 1,
    }
    errors = [run(forecast(name, hidden=n), 0).smape for name, n in sizes.items()]
    assert errors[0] < errors[1] < run(forecast("mean"), 0).smape


@pytest.mark.parametrize("name", forecasts.MAKE)
def test_a_method_is_named_with_its_settings_which_are_used(name, short, monkeypatch):
    monkeypatch.setattr(data, "KNOWN", MORE.get(name, 80))
    assert CHOSEN[name] in GRID[name]
    first, *_, last = GRID[name]
    other = last if CHOSEN[name] != last else first
    report = run(forecast(name), 0).report
    assert report == run(forecast(named(name, CHOSEN[name])), 0).report
    assert report != run(forecast(named(name, other)), 0).report


def test_a_name_tells_settings_apart():
    assert named("echo state", {"radius": 0.9, "ridge": 1e-10}) == (
        "echo state, radius 0.9, ridge 1e-10"
    )
    assert named("mean", {}) == "mean"
    assert len(forecasts.METHODS) == 2 + 4 + sum(map(len, GRID.values()))


def test_the_lstm_learns_the_curve_itself_from_noisy_windows(short, monkeypatch):
    seen = []

    def listening(model, loader, epochs, lr, **options):
        seen.append((loader.dataset, epochs, lr))
        return fit(model, loader, epochs, lr, **options)

    monkeypatch.setattr(forecasts, "fit", listening)
    reports = [run(forecast("lstm", lr=lr), 0).report for lr in (None, 1e-4)]
    assert reports[0] != reports[1]
    assert [lr for _, _, lr in seen] == [forecasts.LSTM_RATE, 1e-4]
    run(forecast("lstm", trained_noise=0.01), 0)
    known = datasets(forecast("lstm"), 0)[0][0][0].float()
    (quiet, *_), (noisy, *_) = seen[1:]
    for each in (quiet, noisy):
        for n in range(len(each)):
            assert torch.equal(each.labels[:, n], known[5 * n + 1 : 5 * n + 61])
    assert torch.equal(quiet.features[1:], quiet.labels[:-1])
    added = noisy.features - quiet.features
    assert added.std().item() == pytest.approx(0.01, rel=0.1)


# Without learning


def curve(*values):
    return torch.tensor(values, dtype=torch.float64)[:, None, None]


def test_the_mean_is_that_of_each_curve():
    both = torch.cat([curve(1, 2, 6), curve(0, 0, -3)], dim=1)
    assert Mean()(both)[..., 0].tolist() == [[3, -1]] * 3


def test_replay_goes_on_as_it_did_after_the_window_most_like_the_last_one():
    known = curve(0, 5, 9, 4, 1, 4.5)
    # Most like (1, 4.5) is (0, 5): 9; like (4.5, 9) is (5, 9): 4; (9, 4): 1; (4, 1):
    # 4.5; (1, 4.5), itself now seen but not known to go on: 9; and so on.
    assert Replay(2)(known).flatten().tolist() == [9, 4, 1, 4.5, 9, 4]


def test_replay_compares_all_numbers_of_a_point():
    one, other = curve(1, 2, 1, 7, 1), curve(0, 3, 5, 8, 5)
    found = Replay(1)(torch.cat([one, other], dim=2))
    assert found[0].tolist() == [[7, 8]]


# Words


@pytest.mark.parametrize(
    "tried",
    [
        brief("replay"),
        brief("delayed spikes, delays 12, degree 12"),
        brief("echo state", task="sqrt"),
        forecast("accurate"),
        forecast("spiking filter"),
        forecast("recurrent"),
        forecast("replay, window 7"),
        brief("mean", task="digits"),
        brief("spiking lstm, membranes fed back"),
    ],
    ids=str,
)
def test_a_method_of_other_tasks_is_refused(tried):
    message = f"method must be one of .* not '{tried.method}'"
    with pytest.raises(ValueError, match=message):
        run(tried, 0)
    with pytest.raises(ValueError, match=message):
        Table("a title", [forecast("mean"), tried], 1)
