"""The trainings of chapter 13: the level in a tank, and what an answer costs."""

from dataclasses import replace

import pytest
import torch
from accuracy import counts, tanks
from accuracy import datasets as data
from accuracy.measure import run, summed
from accuracy.setup import Setup

from spikereg import make_loader
from spikereg.results import Trial
from spikereg.tanks import TankDataset

# Trainings of one epoch may.
pytestmark = [
    pytest.mark.filterwarnings("ignore:training ended worse"),
    pytest.mark.usefixtures("unchecked"),  # shapes are checked by shorter tests
]

each_method = pytest.mark.parametrize("method", tanks.METHODS)
OPERATIONS = (
    "accumulates",
    "multiply_accumulates",
    "weight_fetches",
    "state_updates",
    "state_multiplies",
    "products_with_zeros",
)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(data, "SAMPLES", 40)


def brief(method, **changed):
    """Make a trial that is over at once."""
    given = {"hidden": 8, "timesteps": 48, "epochs": 1, "lr": 1e-2, "steepness": 5.0}
    return Trial(method, tanks.TASK, **(given | changed))


def made(method, **changed):
    trial = brief(method, **changed)
    sequences = TankDataset(trial.timesteps, 20, seed=0)
    loader = make_loader(sequences, 10)
    return tanks.METHODS[method](Setup(trial, loader, seed=0)), sequences.features


@each_method
def test_every_method_runs_is_counted_and_a_seed_repeats_it(method, small):
    first, again = (run(brief(method), seed=0) for _ in range(2))
    assert first.report == again.report
    assert first.named == again.named
    assert first.report != run(brief(method), seed=1).report
    row = summed(brief(method), [first], [0])
    for name in OPERATIONS:
        assert row.values[name] == (first.named[name],)
        assert first.named[name] >= 0
    assert ("lif_in_rate" in row.values) == (method in tanks.KINDS)


@pytest.mark.parametrize("method", tanks.NETWORKS)
def test_a_network_is_as_wide_as_the_trial_says_and_uses_its_settings(method, small):
    narrow, wide = (made(method, hidden=hidden)[0] for hidden in (4, 8))
    widths = [max(p.shape[0] for p in model.parameters()) for model in (narrow, wide)]
    least = 16 if method == "dendrites" else 4  # dendrites
    gates = 4 if method == "lstm" else 1
    assert widths == [max(4 * gates, least), max(8 * gates, least)]
    assert run(brief(method), 0).report != run(brief(method, lr=0.1), 0).report


@pytest.mark.parametrize("readout", ["", "4 dendrites"])
def test_rate_neurons_learn_as_many_numbers_as_their_spiking_twins(readout):
    twins = f"rate, {readout}" if readout else "rate", readout or "lif"
    learned = [
        sum(p.numel() for p in made(method)[0].parameters() if p.requires_grad)
        for method in twins
    ]
    assert learned[0] == learned[1]


@pytest.mark.parametrize("method", ["lstm", "relu, every 2nd of 32"])
def test_in_use_it_is_the_same_network_in_integers_and_parts_of_a_stream(method, small):
    trial = replace(brief(method, timesteps=50), task=tanks.IN_USE)
    outcome = run(trial, 0)
    parts = ["0 to 50", "50 to 100", "100 to 500"]
    assert [*outcome.named] == [*parts, "8 and 16 bits"]
    assert outcome.report == run(replace(trial, task=tanks.TASK), 0).report
    level = torch.nn.Linear(1, 1)
    torch.nn.init.zeros_(level.weight)
    torch.nn.init.zeros_(level.bias)
    assert set(tanks.errors_in_stream(level, 0).values()) == {1.0}


@pytest.mark.parametrize("method", tanks.KINDS)
def test_the_costs_of_a_spiking_network_are_its_spikes_times_their_fan_out(method):
    model, features = made(method)
    costs, trace = counts.costs(model, features), model.trace(features)
    rates = [spikes.mean().item() for spikes in trace.spikes.values()]
    assert [costs["lif_in_rate"], costs["lif_hidden_rate"]] == pytest.approx(rates)
    fan_out = [len(model.fc_hidden.weight), len(model.fc_out.weight)]
    accumulates = sum(8 * r * n for r, n in zip(rates, fan_out, strict=True))
    if method == "resonator":  # whose spikes also come back, a step late
        back = [spikes[:-1].sum() / 48 / 20 for spikes in trace.spikes.values()]
        accumulates += sum(8 * n.item() for n in back)
    assert costs["accumulates"] == pytest.approx(accumulates)
    given = (features != 0).float().mean().item()
    assert costs["products_of_inputs"] == pytest.approx(8 * given)


def test_a_window_is_counted_where_it_is_full_with_the_number_that_it_takes_in():
    model, features = made("relu, 32 steps", hidden=3)
    costs = counts.costs(model, features)
    assert costs["state_updates"] == 1
    assert costs["products_with_zeros"] == 32 * 3 + 3 * 3 + 3
    seen = model.seen(features)[31:]
    after = [(model.network.layers[:n](seen) > 0).sum().item() for n in (2, 4)]
    products = 3 * (seen != 0).sum().item() + 3 * after[0] + after[1]
    steps = (48 - 31) * features.shape[1]
    assert costs["multiply_accumulates"] == pytest.approx(products / steps)


def test_a_linear_filter_is_one_product_a_tap():
    for taps in (1, 8):
        model, features = made("taps", hidden=taps)
        costs = counts.costs(model, features)
        assert costs["products_with_zeros"] == taps
        given = features.unfold(0, taps, 1)
        share = (given != 0).float().mean().item()
        assert costs["multiply_accumulates"] == pytest.approx(taps * share)
        assert costs["state_updates"] == (taps > 1)


def test_a_window_shows_the_last_steps_in_their_order_and_zeros_before():
    model = tanks.Windowed(16, torch.nn.Linear(16, 1))
    features = torch.arange(1.0, 21.0)[:, None, None]
    seen = model.seen(features)
    assert seen[19, 0].tolist() == list(range(5, 21))
    assert seen[0, 0].tolist() == [0.0] * 15 + [1.0]
    assert torch.equal(model(features), model.network(seen))


def test_the_mean_is_that_of_the_training_and_costs_nothing():
    model, features = made("mean")
    labels = TankDataset(48, 20, seed=0).labels
    assert model(features).unique().item() == pytest.approx(labels.mean().item())
    assert not any(counts.costs(model, features).values())


def test_a_penalty_makes_a_network_fire_less(small):
    free, sparse = (
        run(brief("lif", epochs=5, penalty=penalty), 0) for penalty in (0.0, 1.0)
    )
    assert sparse.named["accumulates"] < 0.8 * free.named["accumulates"]


def test_where_none_were_chosen_the_trial_must_give_them():
    for own in ({}, {"lr": 0.25}, {"steepness": 3.0}):
        tried = brief("lif", hidden=7, **({"lr": None, "steepness": None} | own))
        values = f"{own.get('lr')} and {own.get('steepness')}"
        with pytest.raises(ValueError, match=f"'lif' with 7 units.* {values}"):
            tanks.settings(tried)
    assert tanks.settings(brief("lstm", hidden=7, steepness=None)) == (1e-2, 0.0)
