import math

import numpy as np
import pytest
import snntorch as snn
import torch
from small import line, network, ragged
from torch import nn

from spikereg import (
    AdaptiveLeaky,
    Dendrites,
    Resonator,
    evaluate,
    metrics,
)
from spikereg.scan import scan
from spikereg.training import History
from spikereg.training import fit as fit_with_bar

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

INF, NAN = math.inf, math.nan


def fit(*arguments, **options):
    return fit_with_bar(*arguments, progress=False, **options)


def weights(model):
    return [p.detach().clone() for p in model.parameters()]


def same(some, others):
    return all(torch.equal(a, b) for a, b in zip(some, others, strict=True))


class Decay(nn.Module):
    """A single leaky integrator that learns its decay."""

    def __init__(self, beta):
        super().__init__()
        beta = torch.tensor([beta])
        self.li = snn.Leaky(beta=beta, learn_beta=True, reset_mechanism="none")

    def forward(self, features):
        return scan(self.li, features)[1]


# What fit does


@pytest.mark.parametrize("make", [network, line])
def test_fitting_lowers_the_loss(make):
    history = fit(make(), ragged(batch_size=5), epochs=40, lr=0.02)
    assert isinstance(history, History)
    assert history.loss[-1] < 0.5 * history.loss[0]


def adam_by_hand(
    model,
    loader,
    epochs,
    lr,
    clamp=True,
    betas=(0.9, 0.999),
    course=lambda epoch, epochs: 1,
    penalty=0.0,
):
    """Fit as a reader would write it down."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=betas, fused=True)
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = lr * course(epoch, epochs)
        for features, labels in loader:
            loss = nn.functional.mse_loss(model(features), labels)
            if penalty:
                spikes = torch.stack(list(model.trace(features).spikes.values()))
                loss = loss + penalty * spikes.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            for name, value in model.named_parameters():
                if clamp and name.endswith(".beta"):
                    value.data.clamp_(0, 1)
    return model


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("lr", [1e-3, 0.3])
def test_fitting_is_adam_on_the_squared_error_with_decays_put_back(lr, shuffle):
    ours, theirs = network(), network()
    fit(ours, ragged(shuffle=shuffle, seed=1), epochs=6, lr=lr)
    adam_by_hand(theirs, ragged(shuffle=shuffle, seed=1), epochs=6, lr=lr)
    assert same(weights(ours), weights(theirs))
    on_the_edge = torch.cat([ours.lif_in.beta, ours.lif_hidden.beta]) % 1 == 0
    assert on_the_edge.any() == (lr == 0.3)


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_the_history_holds_one_mean_squared_error_over_all_values_an_epoch(batch_size):
    model, loader = network(), ragged(batch_size=batch_size)
    history = fit(model, loader, epochs=3, lr=1e-30)  # too small to change a weight
    expected = evaluate(model, ragged(batch_size=5)).mse
    assert history.loss == pytest.approx([expected] * 3, rel=1e-5)


def test_batches_of_unequal_size_would_make_the_mean_of_their_losses_wrong():
    model = network()
    losses = [metrics.mse(model(x), y).item() for x, y in ragged(batch_size=2)]
    expected = evaluate(model, ragged()).mse
    assert np.mean(losses) != pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("lr", [1e-3, 1e3])
def test_decays_stay_between_0_and_1(lr):
    def check(epoch, model):
        for neuron in (model.lif_in, model.lif_hidden, model.li_out):
            assert ((neuron.beta >= 0) & (neuron.beta <= 1)).all()

    fit(network(), ragged(), epochs=5, lr=lr, on_epoch=check)


def test_a_decay_that_is_not_learned_is_left_alone():
    model = network()
    model.lif_in.beta.data.fill_(1.5)
    model.lif_in.beta.requires_grad_(False)
    fit(model, ragged(), epochs=1)
    assert (model.lif_in.beta == 1.5).all()


def test_a_decay_that_leaves_0_to_1_is_stuck_unless_it_is_put_back():
    features = torch.ones(12, 1, 1)
    loader = [(features, Decay(0.9)(features).detach())]
    free, ours = Decay(0.8), Decay(0.8)
    adam_by_hand(free, loader, epochs=1, lr=0.5, clamp=False)
    assert free.li.beta > 1
    (gradient,) = torch.autograd.grad(free(features).sum(), free.li.beta)
    assert gradient == 0

    betas = []
    fit(ours, loader, 200, 0.5, on_epoch=lambda *_: betas.append(ours.li.beta.item()))
    assert betas[0] == 1
    assert betas[-1] == pytest.approx(0.9, abs=0.01)


class Layer(nn.Module):
    """A spiking layer whose membrane is the prediction."""

    def __init__(self, neuron):
        super().__init__()
        self.neuron = neuron
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, features):
        features = self.weight * features
        if isinstance(self.neuron, snn.Synaptic):
            synapse = membrane = torch.zeros_like(features[0])
            membranes = []
            for x in features:
                _, synapse, membrane = self.neuron(x, synapse, membrane)
                membranes.append(membrane)
            return torch.stack(membranes)
        return scan(self.neuron, features)[1]


def learned(value):
    return torch.tensor([value])


@pytest.mark.parametrize(
    ("make", "ranges"),
    [
        (
            lambda: snn.Synaptic(
                alpha=learned(0.5), beta=learned(0.5), learn_alpha=True, learn_beta=True
            ),
            {"alpha": (0, 1), "beta": (0, 1)},
        ),
        (lambda: snn.RLeaky(0.5, learn_beta=True, all_to_all=False), {"beta": (0, 1)}),
        (
            lambda: AdaptiveLeaky(1, seed=0),
            {"alpha": (0, 1), "beta": (0, 1), "a": (0, 1), "b": (0, 2)},
        ),
        (lambda: Resonator(1, seed=0), {"beta": (0, 1), "omega": (0, math.pi)}),
        (lambda: Dendrites(1, seed=0).poles, {"beta": (0, 1), "omega": (0, math.pi)}),
    ],
)
@pytest.mark.parametrize("frozen", [False, True])
def test_what_a_neuron_clamps_stays_in_its_range_if_it_is_learned(make, ranges, frozen):
    """Begin outside: a step puts all back but what is not learned."""
    neuron = make()
    for end in (0, 1):
        outside = {name: bounds[end] + 2 * end - 1 for name, bounds in ranges.items()}
        for name, value in outside.items():
            getattr(neuron, name).data.fill_(value)
        model = Layer(neuron)
        for name in ranges:
            getattr(neuron, name).requires_grad_(not frozen)
        fit(model, ragged(), epochs=1, lr=1e-3)
        for name, bounds in ranges.items():
            expected = outside[name] if frozen else bounds[end]
            assert getattr(neuron, name).item() == pytest.approx(expected, abs=0.01)


def test_frozen_parameters_stay():
    model = network()
    model.lif_in.beta.requires_grad_(False)
    before = weights(model)
    fit(model, ragged(), epochs=2, lr=0.1)
    moved = {
        name
        for (name, p), old in zip(model.named_parameters(), before, strict=True)
        if not torch.equal(p, old)
    }
    assert moved == {name for name, _ in model.named_parameters()} - {"lif_in.beta"}


def test_on_epoch_is_called_with_1_to_epochs_and_the_model():
    calls, model = [], network()
    fit(model, ragged(), epochs=4, on_epoch=lambda *call: calls.append(call))
    assert calls == [(epoch, model) for epoch in range(1, 5)]


@pytest.mark.parametrize("attached", ["features", "labels"])
def test_batches_may_come_from_another_models_graph(attached):
    features, labels = next(iter(ragged()))
    batch = {"features": features, "labels": labels}
    batch[attached] = batch[attached] * torch.ones(1, requires_grad=True)
    expected, actual = network(1), network(1)
    fit(expected, [(features, labels)], epochs=2)
    fit(actual, [tuple(batch.values())], epochs=2)
    assert same(weights(actual), weights(expected))


@pytest.mark.usefixtures("global_rng_stays")
def test_the_global_generators_are_not_moved():
    model, loader = network(), ragged(shuffle=True)
    fit(model, loader, epochs=2)
    evaluate(model, loader)


def test_no_progress_prints_nothing(capsys):
    fit_with_bar(network(), ragged(), epochs=2, progress=False)
    assert capsys.readouterr() == ("", "")


def test_progress_is_a_bar_with_the_loss(capsys):
    history = fit_with_bar(network(), ragged(), epochs=2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "2/2" in err
    assert f"loss={history.loss[-1]:.3e}" in err


def test_a_model_is_fitted_in_training_mode():
    model = network().eval()
    fit(model, ragged(), epochs=1)
    assert model.training


# Recipes


def warm_then_cosine(epoch, epochs):
    warm = min(1, (epoch + 1) * 20 / epochs)
    return warm * math.cos(math.pi * epoch / epochs / 2) ** 2


def assert_same_weights(model, expected):
    for (name, value), other in zip(
        model.named_parameters(), expected.parameters(), strict=True
    ):
        torch.testing.assert_close(value, other, atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize(
    ("recipe", "lr", "betas", "course"),
    [
        ("tutorial", 1e-3, (0.9, 0.999), lambda epoch, epochs: 1),
        ("accurate", 3e-3, (0.9, 0.95), warm_then_cosine),
    ],
)
@pytest.mark.parametrize("given", [None, 5e-4])
def test_a_recipe_is_how_adam_walks(recipe, lr, betas, course, given):
    loader = list(ragged())
    model = network()
    fit(model, loader, epochs=40, lr=given, recipe=recipe)
    expected = adam_by_hand(
        network(), loader, 40, given or lr, betas=betas, course=course
    )
    assert_same_weights(model, expected)


def test_the_penalty_on_spikes_is_their_rate_times_its_weight():
    loader = list(ragged())
    model = network()
    fit(model, loader, epochs=10, spike_penalty=0.1)
    expected = adam_by_hand(network(), loader, 10, 1e-3, penalty=0.1)
    assert_same_weights(model, expected)
    free = adam_by_hand(network(), loader, 10, 1e-3)
    assert evaluate(model, loader).spike_rate < evaluate(free, loader).spike_rate


def test_the_loss_that_is_reported_is_the_error_without_the_penalty():
    loader = list(ragged())
    first = fit(network(), loader, epochs=1, lr=1e-9, spike_penalty=10.0).loss
    assert first == pytest.approx([evaluate(network(), loader).mse], rel=1e-5)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipe": "best"}, r"recipe must be .* not 'best'"),
        ({"spike_penalty": -1.0}, r"at least 0, not -1\.0"),
        ({"spike_penalty": NAN}, "at least 0, not nan"),
        ({"spike_penalty": "much"}, "at least 0, not 'much'"),
        ({"spike_penalty": 0.1}, r"0 for a model without trace, not 0\.1"),
    ],
)
def test_bad_recipes_and_penalties_are_named(options, message):
    model = line()
    before = model.weight.clone()
    with pytest.raises(ValueError, match=message):
        fit(model, ragged(), **options)
    assert torch.equal(model.weight, before)
