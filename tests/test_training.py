import math

import numpy as np
import pytest
import snntorch as snn
import torch
from torch import nn

from spikereg import RegressionDataset, SpikingRegressor, evaluate, make_loader, metrics
from spikereg.evaluation import Report
from spikereg.scan import scan
from spikereg.training import History
from spikereg.training import fit as fit_with_bar

INF, NAN = math.inf, math.nan


def fit(*arguments, **options):
    return fit_with_bar(*arguments, progress=False, **options)


def network(seed=0):
    return SpikingRegressor(8, seed=seed)


def line():
    model = nn.Linear(1, 1)
    nn.init.constant_(model.weight, 0.5)
    nn.init.constant_(model.bias, 0.25)
    return model


def ragged(num_samples=5, batch_size=2, **options):
    data = RegressionDataset(12, num_samples, seed=0)
    return make_loader(data, batch_size, **options)


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


def adam_by_hand(model, loader, epochs, lr, clamp=True):
    """Fit as a reader would write it down."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    for _ in range(epochs):
        for features, labels in loader:
            loss = nn.functional.mse_loss(model(features), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            for name, value in model.named_parameters():
                if clamp and name.endswith(".beta"):
                    value.data.clamp_(0, 1)


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
    expected, actual = network(), network()
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


# Numbers that are not finite


class OverflowsIn:
    """Serve one batch an epoch; in one epoch its squared error overflows."""

    def __init__(self, epoch):
        self.epoch, self.served = epoch, 0

    def __iter__(self):
        self.served += 1
        features = torch.linspace(0, 1, 12)[:, None, None]
        size = 1e30 if self.served == self.epoch else 1.0
        yield features, size * features.sqrt()


@pytest.mark.parametrize("make", [network, line])
@pytest.mark.parametrize("epoch", [2, 5])
def test_a_loss_that_is_not_finite_brings_back_the_last_good_weights(make, epoch):
    model = make()
    at_the_start_of = {1: weights(model)}

    def record(done, model):
        at_the_start_of[done + 1] = weights(model)

    message = f"loss became inf in epoch {epoch};.* smaller than 0.01"
    with pytest.raises(FloatingPointError, match=message):
        fit(model, OverflowsIn(epoch), epochs=9, lr=0.01, on_epoch=record)
    assert same(weights(model), at_the_start_of[epoch - 1])
    assert not same(weights(model), at_the_start_of[epoch])


class Root(nn.Linear):
    """Predict the feature times the root of the weight: of infinite slope at 0."""

    def forward(self, features):
        return self.weight.sqrt() * features


def test_a_gradient_that_is_not_finite_leaves_the_weights_of_the_finite_loss():
    def reach_zero_in_epoch_3(epoch, model):
        if epoch == 2:
            model.weight.data.zero_()

    model = Root(1, 1, bias=False)
    model.weight.data.fill_(2)
    with pytest.raises(FloatingPointError, match="gradient is not finite in epoch 3"):
        fit(model, OverflowsIn(99), 9, lr=0.01, on_epoch=reach_zero_in_epoch_3)
    assert model.weight == 0


# What evaluate does


class Flat(nn.Module):
    """Predict zero, with spikes in layers of different width."""

    def trace(self, features):
        first, second = (
            torch.zeros(*features.shape[:2], width).index_fill_(2, torch.tensor(0), 1)
            for width in (1, 4)
        )
        trace = type("Trace", (), {})()
        trace.prediction = torch.zeros_like(features)
        trace.spikes = {"first": first, "second": second}
        return trace


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7])
def test_errors_are_those_of_all_batches_put_together(batch_size):
    model, data = network(), RegressionDataset(12, 7, seed=0)
    report = evaluate(model, make_loader(data, batch_size))
    with torch.no_grad():
        trace = model.trace(data.features)
    pair = trace.prediction.double(), data.labels.double()
    spikes = torch.cat(list(trace.spikes.values()))
    expected = Report(
        l1=metrics.l1(*pair).item(),
        mse=metrics.mse(*pair).item(),
        relative_error=metrics.relative_error(*pair).item(),
        pointwise_relative_error=metrics.pointwise_relative_error(*pair).item(),
        spike_rate=spikes.mean().item(),
    )
    assert vars(report) == pytest.approx(vars(expected), rel=1e-5)
    assert 0 < report.spike_rate < 1


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_the_spike_rate_counts_every_neuron_once(batch_size):
    assert evaluate(Flat(), ragged(5, batch_size)).spike_rate == pytest.approx(2 / 5)


def test_a_model_without_spikes_has_errors_and_no_spike_rate():
    report = evaluate(line(), ragged())
    assert report.spike_rate is None
    assert report.mse > 0


def test_a_model_without_parameters_can_be_evaluated():
    data = RegressionDataset(12, 3, mode="linear", seed=0)
    report = evaluate(nn.Identity(), make_loader(data, 2))
    assert report == Report(0.0, 0.0, 0.0, 0.0, None)


@pytest.mark.parametrize("training", [True, False])
def test_a_model_is_evaluated_in_evaluation_mode_and_given_back_in_its_own(training):
    class Checks(nn.Linear):
        def forward(self, features):
            assert not self.training
            assert not torch.is_grad_enabled()
            return super().forward(features)

    model = Checks(1, 1).train(training)
    evaluate(model, ragged())
    assert model.training is training
    with pytest.raises(ValueError, match="labels must be finite"):
        evaluate(model, [(torch.ones(2, 1, 1), torch.full((2, 1, 1), NAN))])
    assert model.training is training


def test_each_part_of_a_model_gets_its_own_mode_back():
    model = nn.Sequential(line(), nn.Dropout()).train()
    model[1].eval()
    evaluate(model, ragged())
    assert [part.training for part in model] == [True, False]


def test_shapes_that_cancel_over_the_batches_are_no_match():
    class Swapped(nn.Module):
        def forward(self, features):
            return torch.zeros(12, 7 - features.shape[1], 1)

    batches = [(torch.ones(12, n, 1),) * 2 for n in (3, 4)]
    with pytest.raises(ValueError, match="shape"):
        evaluate(Swapped(), batches)


def test_a_model_is_fitted_in_training_mode():
    model = network().eval()
    fit(model, ragged(), epochs=1)
    assert model.training


# Errors


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("argument", ["epochs", "lr"])
@pytest.mark.parametrize("value", [0, -1, NAN, INF, True, "1"])
def test_a_bad_setting_is_named_with_its_value(argument, value):
    with pytest.raises(ValueError, match=f"{argument} must be .* not {value!r}"):
        fit(network(), ragged(), **{argument: value})


@pytest.mark.usefixtures("unchecked")
def test_settings_may_be_numpys():
    ours, theirs = network(), network()
    fit(ours, ragged(), np.int64(2), np.float32(0.5))
    fit(theirs, ragged(), 2, 0.5)
    assert same(weights(ours), weights(theirs))


ones = torch.ones(4, 3, 1)


def ones_but(value, *place):
    changed = ones.clone()
    changed[place] = value
    return changed


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("run", [fit, evaluate])
@pytest.mark.parametrize("make", [network, line])
@pytest.mark.parametrize(
    ("batches", "error", "message"),
    [
        ([], ValueError, r"at least one batch an epoch, not none as \[\] did"),
        (ones, ValueError, "loader must yield .*, not a Tensor"),
        ([(ones, ones, ones)], ValueError, "loader must yield .*, not a tuple"),
        ([(ones.numpy(), ones)], TypeError, "features must be .* not ndarray"),
        ([(ones, [1.0])], TypeError, "labels must be .* not list"),
        ([(ones[:, :0], ones[:, :0])], ValueError, r"features .* \[4, 0, 1\]"),
        (
            [(ones_but(NAN, 2, 1, 0), ones)],
            ValueError,
            r"features must be finite, not nan at \[t, b, f\] = \[2, 1, 0\]",
        ),
        (
            [(ones, ones), (ones, ones_but(-INF, 3, 2, 0))],
            ValueError,
            r"labels must be finite, not -inf at \[t, b, f\] = \[3, 2, 0\]",
        ),
        (
            [(ones, torch.ones(4, 3, 2))],
            ValueError,
            r"prediction must have .* \[4, 3, 2\], not \[4, 3, 1\]",
        ),
        ([(ones, ones[..., 0])], ValueError, r"labels .* \[4, 3\]"),
    ],
)
def test_bad_batches_are_named_with_what_was_served(run, make, batches, error, message):
    with pytest.raises(error, match=message):
        run(make(), batches)


@pytest.mark.parametrize("serve", [iter, lambda loader: (batch for batch in loader)])
def test_an_iterator_serves_one_epoch_and_the_second_says_why_it_cannot(serve):
    assert len(fit(network(), serve(ragged()), epochs=1).loss) == 1
    with pytest.raises(ValueError, match=r"in epoch 2 \(a generator serves a single"):
        fit(network(), serve(ragged()), epochs=2)


@pytest.mark.parametrize("make", [nn.Identity, lambda: line().requires_grad_(False)])
def test_a_model_with_nothing_to_learn_is_refused(make):
    with pytest.raises(ValueError, match="model must have parameters that learn"):
        fit(make(), ragged())


def test_one_time_step_has_no_pointwise_error_to_report():
    with pytest.raises(ValueError, match="at least 2 time steps"):
        evaluate(nn.Identity(), [(ones[:1], ones[:1])])


# Recipes


def walked(model, loader, epochs, lr, betas, course, penalty=0.0):
    """Train without fit: the loss, the optimizer and its rate spelled out."""
    optimizer = torch.optim.Adam(model.parameters(), betas=betas)
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = lr * course(epoch, epochs)
        for features, labels in loader:
            trace = model.trace(features)
            loss = (trace.prediction - labels).square().mean()
            if penalty:
                spikes = torch.stack(list(trace.spikes.values()))
                loss = loss + penalty * spikes.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for neuron in (model.lif_in, model.lif_hidden, model.li_out):
                    neuron.beta.clamp_(0, 1)
    return model


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
    expected = walked(network(), loader, 40, given or lr, betas, course)
    assert_same_weights(model, expected)


def test_the_penalty_on_spikes_is_their_rate_times_its_weight():
    loader = list(ragged())
    model = network()
    fit(model, loader, epochs=10, spike_penalty=0.1)
    course = lambda epoch, epochs: 1  # noqa: E731
    args = (10, 1e-3, (0.9, 0.999), course, 0.1)
    assert_same_weights(model, walked(network(), loader, *args))
    free = walked(network(), loader, *args[:-1])
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
