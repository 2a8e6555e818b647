"""How the networks that learn when to fire begin."""

import math

import numpy as np
import pytest
import torch
from accuracy import datasets as data
from accuracy import timings
from accuracy.datasets import TIMES, datasets
from accuracy.setup import Setup

from spikereg import (
    Resonator,
    SpikeTimes,
    SpikingLSTM,
    SpikingRegressor,
    firing_times,
    make_loader,
    scan,
)
from spikereg.losses import FiringTimeLoss
from spikereg.results import Trial

# Trainings of one epoch may.
pytestmark = pytest.mark.filterwarnings("ignore:training ended worse")

T = 25
NETWORKS = [kind for kind in timings.WIDTHS if kind != "exact"]
each_network = pytest.mark.parametrize("kind", NETWORKS)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(data, "SAMPLES", 40)


def made(kind, task="curve", seed=0, **changed):
    """Build and train a network; return it with its data."""
    given = {"hidden": 8, "timesteps": T, "epochs": 1} | changed
    trial = Trial(kind, TIMES + task, **given)
    train, _ = datasets(trial, seed)
    inputs, outputs = train.features.shape[2], train.labels.shape[1]
    loader = make_loader(train, 32)
    setup = Setup(trial, loader, seed, inputs, outputs)
    return timings.METHODS[kind](setup), train


@pytest.fixture
def untrained(monkeypatch):
    """Build networks without training them; list what they were to be trained by."""
    seen = []
    monkeypatch.setattr(timings, "fit", lambda *args, **kw: seen.append((args, kw)))
    return seen


@each_network
@pytest.mark.parametrize("task", firing_times.TASKS)
def test_a_network_begins_at_the_mean_time(kind, task, untrained):
    model, train = made(kind, task)
    spikes = 3 if task == "pattern" else 1
    loss = FiringTimeLoss("crossing", threshold=30.0, spikes=spikes)
    read = loss.read(model(train.features))
    if kind == "no memory":  # it cannot wait
        assert (read == T).all()
        return
    assert torch.equal(read, read[:1].expand_as(read))
    assert (read < T).all()
    if spikes == 1:
        mean = train.labels.mean().item()
        assert read[0].item() == pytest.approx(mean, rel=1e-4)


@pytest.mark.parametrize("kind", timings.WIDTHS)
def test_what_is_trained_is_as_described(kind, untrained):
    model, _ = made(kind, "gap", lr=0.125, steepness=3.0, epochs=5)
    (((fitted, _, epochs, lr), options),) = untrained
    assert fitted is model
    assert (epochs, lr) == (5, 0.125)
    assert options["recipe"] == "accurate"
    assert options["loss"] == FiringTimeLoss("both", threshold=30.0)
    width = timings.WIDTHS[kind] * 8 // 64
    if kind == "exact":
        assert isinstance(model, SpikeTimes)
        assert model.weight_in.shape == (23, width)
        assert model.time_constant == pytest.approx(T / 5)
        return
    assert isinstance(model, SpikingRegressor)
    above = torch.tensor([0.5], requires_grad=True)
    for layer in (model.lif_in, model.lif_hidden):
        (slope,) = torch.autograd.grad(layer.spike_grad(above).sum(), above)
        # The derivative of the fast sigmoid
        assert slope.item() == pytest.approx(1 / (1 + 3.0 * 0.5) ** 2)
    assert model.trace(torch.zeros(T, 2, 23)).spikes["lif_in"].shape == (T, 2, width)
    kinds = {"resonator": Resonator, "spiking lstm": SpikingLSTM}
    for layer in (model.lif_in, model.lif_hidden):
        assert (type(layer) is kinds[kind]) if kind in kinds else layer.beta is not None


@each_network
def test_networks_learn_about_as_many_numbers(kind, untrained):
    ours, (lif, *_) = (
        [
            sum(p.numel() for p in made(name, hidden=64)[0].parameters())
            for name in names
        ]
        for names in ([kind], ["lif"])
    )
    assert ours[0] == pytest.approx(lif, rel=0.15)


@pytest.mark.parametrize("kind", ["lif", "recurrent"])
def test_the_leaky_ones_begin_with_time_constants_up_to_half_the_run(kind, untrained):
    model, train = made(kind, hidden=64)
    clocks = ~model.fc_in.weight.any(dim=1)
    assert 0.5 < clocks.float().mean() < 0.7
    for layer, of, longest in (
        (model.lif_in, ~clocks, T / 2),
        (model.lif_hidden, slice(None), T),
    ):
        constants = -1 / layer.beta.detach()[of].log()
        assert longest / 2 < constants.max() <= longest * (1 + 1e-4)
        assert constants.min() >= 1 - 1e-4
    # Their neurons are fitted to the data: few are silent, or fire at each step
    for spikes in model.trace(train.features).spikes.values():
        rate = spikes.mean(dim=(0, 1))
        assert ((rate > 0) & (rate < 1)).float().mean() > 0.7


@pytest.mark.parametrize("kind", timings.WIDTHS)
def test_a_seed_begins_alike(kind, untrained):
    one, same, other = (
        list(made(kind, seed=seed)[0].parameters()) for seed in (1, 1, 2)
    )
    for a, b in zip(one, same, strict=True):
        assert torch.equal(a, b)
    assert any(not torch.equal(a, b) for a, b in zip(one, other, strict=True))


# What the layers become


def lstm(width=8):
    return SpikingLSTM(width, seed=0)


def leaky(width=8):
    return SpikingRegressor(width, 2, seed=0).lif_hidden


def changed(kind, neuron, timesteps=T, seed=5):
    generator = torch.Generator().manual_seed(seed)
    return timings.CHANGES[kind](neuron, timesteps, generator)


def slope(neuron, at=0.5):
    above = torch.tensor([at], requires_grad=True)
    return torch.autograd.grad(neuron.spike_grad(above).sum(), above)[0].item()


@pytest.mark.usefixtures("global_rng_stays")
@pytest.mark.parametrize("kind", timings.CHANGES)
def test_a_change_takes_its_numbers_from_a_generator_and_keeps_the_surrogate(kind):
    make = lstm if kind == "spiking lstm" else leaky
    one, same, other = (changed(kind, make(), seed=seed) for seed in (1, 1, 2))
    drawn = kind in ("resonator", "spiking lstm")
    assert (
        any(
            not torch.equal(a, b)
            for a, b in zip(one.parameters(), other.parameters(), strict=True)
        )
        is drawn
    )
    for a, b in zip(one.parameters(), same.parameters(), strict=True):
        assert torch.equal(a, b)
    assert slope(one) == slope(make())


def test_neurons_that_are_fed_back_begin_as_those_that_are_not():
    recurrent = changed("recurrent", leaky())
    generator = torch.Generator().manual_seed(0)
    current = torch.rand(30, 5, 8, generator=generator)
    for theirs, ours in zip(
        scan(recurrent, current), scan(leaky(), current), strict=True
    ):
        torch.testing.assert_close(theirs, ours)
    assert 0 < scan(leaky(), current)[0].mean() < 1
    for parameter in recurrent.recurrent.parameters():
        assert not parameter.any()


def test_the_recurrent_network_begins_as_the_leaky_one_of_its_width(
    untrained, monkeypatch
):
    monkeypatch.setitem(timings.WIDTHS, "lif", timings.WIDTHS["recurrent"])
    monkeypatch.setitem(timings.SETTINGS, "lif", timings.SETTINGS["recurrent"])
    (plain, train), (recurrent, _) = (made(kind) for kind in ("lif", "recurrent"))
    theirs, ours = (model.trace(train.features) for model in (plain, recurrent))
    for name, spikes in ours.spikes.items():
        assert torch.equal(spikes, theirs.spikes[name])
        assert spikes.any()


def test_feeding_back_is_learned():
    model, _ = made("recurrent", epochs=2)
    for layer in (model.lif_in, model.lif_hidden):
        assert layer.beta.requires_grad
        assert all(p.requires_grad for p in layer.recurrent.parameters())
        assert any(p.any() for p in layer.recurrent.parameters())


def test_resonators_swing_for_the_run_and_hardly_interact():
    resonator = changed("resonator", leaky(400), 100)
    tau, period = -1 / resonator.beta.log(), 2 * math.pi / resonator.omega
    for values, shortest, longest in ((tau, 10, 200), (period, 20, 400)):
        assert shortest * 0.999 <= values.min() < 1.1 * shortest
        assert longest * 0.9 < values.max() <= longest * 1.001
    assert (resonator.threshold == 0.1).all()
    bound = 0.1 / math.sqrt(400)  # a tenth of PyTorch's
    weight = resonator.recurrent.weight.abs()
    assert 0.9 * bound < weight.max() <= bound
    model, train = made("resonator", hidden=64)
    for spikes in model.trace(train.features).spikes.values():
        assert 0 < spikes.mean() < 1


# Without memory


def forgetful(trained):
    if trained:
        return made("no memory", epochs=2)[0]
    model = SpikingRegressor(8, 22, seed=0)
    for name in ("lif_in", "lif_hidden", "li_out"):
        setattr(model, name, changed("no memory", getattr(model, name)))
    return model


@pytest.mark.parametrize("trained", [False, True])
def test_without_memory_an_answer_depends_on_its_own_step_only(trained):
    model = forgetful(trained)
    generator = torch.Generator().manual_seed(0)
    features = 3 * torch.rand(20, 4, 22, generator=generator)
    with torch.no_grad():
        output = model(features)
        for t in (1, 7, 19):
            other = features.clone()
            other[:t] = 5 * torch.randn(t, 4, 22, generator=generator)
            torch.testing.assert_close(model(other)[t:], output[t:])
            assert not torch.equal(model(other)[:t], output[:t])
        order = torch.randperm(20, generator=generator)
        torch.testing.assert_close(model(features[order]), output[order])
    spikes = model.trace(features).spikes
    assert all(0 < each.mean() < 1 for each in spikes.values())


def test_forgetting_keeps_thresholds_and_leaves_nothing_to_learn():
    before = leaky()
    neuron = changed("no memory", before)
    assert torch.equal(neuron.threshold, before.threshold)
    assert not any(p.requires_grad for p in neuron.parameters())


# What cells hold


def test_cells_begin_to_hold_what_they_have_for_up_to_the_run():
    steps = 100
    ours, before = (
        changed("spiking lstm", lstm(400), steps).recurrent,
        lstm(400).recurrent,
    )
    assert torch.equal(ours.weight, before.weight)
    i, f, g, o = ours.bias.detach().chunk(4)
    *_, cell, out = before.bias.detach().chunk(4)
    assert torch.equal(g, cell)
    assert torch.equal(o, out)
    assert torch.equal(i, -f)
    # How long a gate keeps is uniform, from 1 step to the run's last but one
    lasts = f.exp().double().sort().values.numpy()
    even = 1 + (steps - 2) * (np.arange(400) + 0.5) / 400
    assert np.abs(lasts - even).max() < 0.1 * steps
    assert 1 <= lasts[0] < 3
    assert steps - 4 < lasts[-1] <= steps - 1 + 1e-3


def test_only_lstms_hold_and_for_the_run_of_the_trial(untrained):
    model, _ = made("spiking lstm", hidden=64, timesteps=60)
    held = []
    for layer in (model.lif_in, model.lif_hidden):
        i, f, *_ = layer.recurrent.bias.detach().chunk(4)
        assert torch.equal(i, -f)
        assert (f >= 0).all()
        assert math.log(30) < f.max() <= math.log(59) + 1e-6
        held.append(f)
    assert not torch.equal(*held)
