"""What fit refuses, and how it leaves a model where a number is not finite."""

import functools
import math

import numpy as np
import pytest
import torch
from small import line, network, ragged
from torch import nn

from spikereg import evaluate
from spikereg import fit as fit_with_bar

INF, NAN = math.inf, math.nan


fit = functools.partial(fit_with_bar, progress=False)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(some, others):
    return all(torch.equal(value, others[name]) for name, value in some.items())


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


# Models


def test_a_model_that_ignores_its_parameters_is_refused():
    class Deaf(nn.Linear):
        def forward(self, features):
            return super().forward(features).detach()

    with pytest.raises(ValueError, match="must predict by parameters that learn"):
        fit(Deaf(1, 1), ragged())


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("run", [fit, evaluate])
def test_weights_that_are_not_finite_are_named(run, value):
    """A membrane of NaN never fires, and the prediction would look sound."""
    model = network()
    model.fc_in.weight.data[3, 0] = value
    before = weights(model)
    with pytest.raises(ValueError, match=rf"not fc_in.weight = {value} at \[3, 0\]"):
        run(model, ragged())
    for name, kept in before.items():
        torch.testing.assert_close(
            model.state_dict()[name], kept, equal_nan=True, atol=0, rtol=0
        )
    model = network()
    model.lif_in.threshold[2] = value
    if math.isnan(value):
        with pytest.raises(ValueError, match=r"not lif_in.threshold = nan at \[2\]"):
            run(model, ragged())
    else:  # such a neuron never fires, which may be wanted
        assert math.isfinite(evaluate(model, ragged()).mse)


def test_a_last_step_to_weights_that_are_not_finite_is_taken_back():
    model = network()
    before = weights(model)
    with pytest.raises(FloatingPointError, match="led to infinite weights in epoch 1"):
        fit(model, ragged(5, 5), epochs=1, lr=1e39)
    assert same(weights(model), before)


def test_what_a_step_changes_beside_the_weights_is_brought_back_too():
    class Normed(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.line = nn.BatchNorm1d(1), line()

        def forward(self, features):
            return self.line(self.norm(features.flatten(0, 1)).view_as(features))

    class Jumps:
        epochs = 0

        def __iter__(self):
            self.epochs += 1
            size = 1e38 if self.epochs == 3 else 1.0
            yield from [(size * x, y) for x, y in ragged(5, 5)]

    model, after = Normed(), [None]
    with pytest.raises(FloatingPointError, match="in epoch 3"):
        fit(model, Jumps(), 9, on_epoch=lambda *_: after.append(weights(model)))
    assert torch.equal(model.norm.running_var, after[2]["norm.running_var"])


def test_a_part_of_a_model_may_be_called_trace():
    class Traced(nn.Module):
        def __init__(self):
            super().__init__()
            self.trace = line()

        def forward(self, features):
            return self.trace(features)

    fit(Traced(), ragged(), epochs=1)
    assert evaluate(Traced(), ragged()).spike_rate is None


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_training_without_gradients_is_refused(mode):
    with mode(), pytest.raises(ValueError, match=r"outside of torch.no_grad"):
        fit(line(), ragged())


@pytest.mark.usefixtures("unchecked")
def test_a_prediction_that_is_no_tensor_is_named():
    with pytest.raises(TypeError, match=r"output must be a torch.Tensor, not tuple"):
        fit(nn.LSTM(1, 1), ragged())


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


@pytest.mark.parametrize("make", [nn.Identity, lambda: line().requires_grad_(False)])
def test_a_model_with_nothing_to_learn_is_refused(make):
    with pytest.raises(ValueError, match="model must have parameters that learn"):
        fit(make(), ragged())
