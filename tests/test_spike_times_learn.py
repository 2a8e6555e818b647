"""The gradients of exact spike times, and the network that learns by them."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spikereg import (
    FiringTimeDataset,
    SpikeTimes,
    evaluate,
    fit,
    make_loader,
)
from spikereg.decoding import spike_time
from spikereg.firing_times import spikes_at
from spikereg.losses import FiringTimeLoss
from spikereg.spike_times import first_spike

TAU = 20.0


def fired(seed, batch=4, inputs=6, neurons=5):
    """Draw inputs of neurons that fire, and when they do: all of them need gradients.

    Neurons fire by one or some of their inputs.
    """
    generator = torch.Generator().manual_seed(seed)
    times = 40 * torch.rand(batch, inputs, generator=generator, dtype=torch.float64)
    weights = torch.randn(inputs, neurons, generator=generator, dtype=torch.float64)
    weights += (1.5 - weights.sum(dim=0)).clamp(min=0) / inputs
    times.requires_grad_()
    weights.requires_grad_()
    return times, weights, first_spike(times, weights)


# Gradients


@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_of_finite_differences(seed):
    times, weights, found = fired(seed)
    assert found.isfinite().all()
    earlier = (times[:, :, None] < found[:, None]).sum(dim=1)
    assert len(earlier.unique()) > 2
    assert torch.autograd.gradcheck(first_spike, (times, weights))
    quick = partial(first_spike, time_constant=7.0)
    assert torch.autograd.gradcheck(quick, (times, weights))


@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_the_partial_derivatives_of_the_formula(seed):
    times, weights, found = fired(seed, batch=1, neurons=1)
    by_time, by_weight = torch.autograd.grad(found.sum(), (times, weights))
    with torch.no_grad():
        z, zs = (torch.exp(at.flatten() / TAU) for at in (found, times))
        w, before = weights[:, 0], (times < found)[0]
        excess = w[before].sum() - 1
        torch.testing.assert_close(z, (w * zs)[before].sum()[None] / excess)
        # t = τ ln z, and t_i = τ ln z_i
        dz_dw = torch.where(before, (zs - z) / excess, 0)
        dz_dz = torch.where(before, w / excess, 0)
        torch.testing.assert_close(by_weight[:, 0], TAU / z * dz_dw)
        torch.testing.assert_close(by_time[0], TAU / z * dz_dz * zs / TAU)


@pytest.mark.parametrize("seed", range(3))
def test_a_later_run_is_a_later_spike_and_more_weight_an_earlier_one(seed):
    times, weights, found = fired(seed)
    by_time, by_weight = torch.autograd.grad(found.sum(), (times, weights))
    torch.testing.assert_close(by_time.sum(dim=1), torch.full((4,), 5.0).double())
    assert (by_weight <= 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_silent_or_never_comes_has_a_gradient_of_0_and_no_nan(dtype):
    times = torch.tensor([[1.0, math.inf, 3.0], [math.inf] * 3], dtype=dtype)
    weights = torch.tensor([[0.5, 2.0, 1.0], [9.0, 9.0, 9.0], [0.5, 1.0, -2.0]])
    weights = weights.to(dtype)
    times.requires_grad_()
    weights.requires_grad_()
    found = first_spike(times, weights)
    assert found.isfinite().tolist() == [[False, True, False], [False] * 3]
    found.where(found.isfinite(), 0).sum().backward()
    assert times.grad.isfinite().all()
    assert not times.grad[0, 1].any()
    assert not times.grad[1].any()
    assert weights.grad.isfinite().all()
    assert not weights.grad[1].any()
    assert not weights.grad[:, [0, 2]].any()
    assert weights.grad[0, 1] < 0


# The network


def spikes_of(times, steps=50):
    return spikes_at(torch.as_tensor(times, dtype=torch.float32), steps)


def random_spikes(batch=16, inputs=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return spikes_of(40 * torch.rand(batch, inputs, generator=generator))


def test_it_is_two_layers_of_first_spikes():
    model, features = SpikeTimes(7, 5, 3, seed=0, time_constant=9.0), random_spikes()
    times, hidden, outputs = model.times(features)
    w_in, w_out = model.weights()
    torch.testing.assert_close(times, spike_time(features))
    torch.testing.assert_close(hidden, first_spike(times, w_in, 9.0))
    torch.testing.assert_close(outputs, first_spike(hidden, w_out, 9.0))
    torch.testing.assert_close(model(features), outputs)
    assert model(features).shape == (16, 3)
    names = dict(model.named_parameters())
    assert {name: tuple(p.shape) for name, p in names.items()} == {
        "weight_in": (5, 7),
        "weight_out": (7, 3),
    }


def test_the_weights_are_drawn_as_it_says():
    model = SpikeTimes(400, 50, 100, seed=0)
    for weight, inputs, spread in (
        (model.weight_in, 50, 0.5),
        (model.weight_out, 400, 2 / 400),
    ):
        error = 5 * spread / math.sqrt(weight.numel())
        assert weight.mean().item() == pytest.approx(3 / inputs, abs=error)
        assert weight.std().item() == pytest.approx(spread, rel=0.05)


@pytest.mark.usefixtures("global_rng_stays")
def test_a_seed_draws_the_same_network_and_leaves_the_global_generator_alone():
    first, again, other = (SpikeTimes(4, 3, seed=seed) for seed in (1, 1, 2))
    afresh = SpikeTimes(4, 3), SpikeTimes(4, 3)
    for name in ("weight_in", "weight_out"):
        assert torch.equal(getattr(first, name), getattr(again, name))
        assert not torch.equal(getattr(first, name), getattr(other, name))
        assert not torch.equal(*(getattr(model, name) for model in afresh))


def test_what_is_missing_of_the_weights_is_shared_and_the_rest_is_left_alone():
    model = SpikeTimes(3, 4, 2, seed=0)
    sums = torch.tensor([-2.0, 1.05, 1.2])
    with torch.no_grad():
        model.weight_in += (sums - model.weight_in.sum(dim=0)) / 4
    weight = model.weights()[0]
    assert weight.sum(dim=0).tolist() == pytest.approx([1.1, 1.1, 1.2], rel=1e-5)
    added = weight - model.weight_in
    torch.testing.assert_close(added, added[:1].expand_as(added))
    assert torch.equal(weight[:, 2], model.weight_in[:, 2])
    for own, used in zip(model.parameters(), model.weights(), strict=True):
        assert used.shape == own.shape


@given(st.integers(0, 10_000), st.sampled_from([0.1, 1.0, 10.0]), st.floats(-5, 5))
def test_no_neuron_is_silent_where_all_inputs_come(seed, spread, mean):
    generator = torch.Generator().manual_seed(seed)
    model = SpikeTimes(6, 5, 2, seed=seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(mean, spread, generator=generator)
    features = random_spikes(seed=seed)
    if seed % 2:  # many at the same step
        features = spikes_of((spike_time(features) / 10).round() * 10)
    for times in model.times(features):
        assert times.isfinite().all()


@pytest.mark.filterwarnings("ignore:training ended worse")
@pytest.mark.parametrize("lr", [0.01, 1.0])
def test_none_falls_silent_in_training(lr):
    data = FiringTimeDataset("wave", 50, 48, seed=0)
    model = SpikeTimes(12, 22, seed=0, time_constant=10.0)
    before = [p.detach().clone() for p in model.parameters()]

    def all_fire(epoch, model):
        for times in model.times(data.features):
            assert times.isfinite().all()

    history = fit(
        model,
        make_loader(data, 16, shuffle=True, seed=0),
        10,
        lr,
        loss=FiringTimeLoss(),
        progress=False,
        on_epoch=all_fire,
    )
    assert history.error is None
    for old, new in zip(before, model.parameters(), strict=True):
        assert not torch.equal(old, new)


def test_it_learns_when_to_fire():
    data, other = (FiringTimeDataset("curve", 50, n, seed=n) for n in (128, 64))
    model = SpikeTimes(32, 22, seed=0, time_constant=10.0)
    loss = FiringTimeLoss()
    loader = make_loader(data, 16, shuffle=True, seed=0)
    fit(model, loader, 25, 0.01, recipe="accurate", loss=loss, progress=False)
    report = evaluate(model, make_loader(other, 64), loss=loss)
    constant = (other.labels - data.labels.median()).abs().mean().item()
    assert report.l1 < constant / 3
    assert report.spike_rate is None
    errors = (model(other.features) - other.labels).abs()
    assert report.l1 == pytest.approx(errors.mean().item())


def test_an_output_that_stays_silent_is_said_to_fire_at_the_end():
    model = SpikeTimes(4, 5, 2, seed=0)
    silent = spikes_of([[3.0, 4.5, math.inf, math.inf, math.inf], [math.inf] * 5])
    with torch.no_grad():
        model.weight_in.fill_(0.3)
    assert model.times(silent)[-1].isinf().all()
    assert model(silent).tolist() == [[50.0, 50.0]] * 2
    model(silent).sum().backward()
    assert not model.weight_in.grad.any()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x: 2 * x, ValueError, "one spike of each .* not to 2"),
        (lambda x: 0.5 * x, ValueError, r"one spike of each .* not to 0\.5"),
        (lambda x: 0.99 * x, ValueError, r"one spike of each .* not to 0\.99"),
        (lambda x: math.nan * x, ValueError, "one spike of each .* not to nan"),
        (lambda x: math.inf * (x + 1), ValueError, "one spike of each .* not to inf"),
        (lambda x: 2 * x - x.roll(1, 0), ValueError, "not be below 0, not -"),
        (lambda x: x[:, :, :4], ValueError, r"F = 5, not \[50, 16, 4\]"),
        (lambda x: x[0], ValueError, r"F = 5, not \[16, 5\]"),
        (lambda x: x.tolist(), TypeError, "features must be .* not list"),
    ],
)
def test_other_features_are_refused(change, error, message):
    model, features = SpikeTimes(4, 5, seed=0), random_spikes()
    for call in (model, model.times):
        with pytest.raises(error, match=message):
            call(change(features))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 0}, "hidden must be .* not 0"),
        ({"num_inputs": 0}, "num_inputs must be .* not 0"),
        ({"num_outputs": 1.5}, r"num_outputs must be .* not 1\.5"),
        ({"seed": -1}, "seed must be .* not -1"),
        ({"time_constant": 0}, "time_constant must be .* not 0"),
    ],
)
def test_bad_arguments_are_named_with_what_was_passed(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpikeTimes(**arguments)
