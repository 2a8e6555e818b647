"""The compiled walk as a node of PyTorch's graph, and under autocast."""

import copy

import pytest
import snntorch as snn
import torch
from layers import wide
from test_neurons import each_kind

from spikereg import (
    AdaptiveLeaky,
    Resonator,
    SpikingLSTM,
    SpikingRegressor,
    scan,
)
from spikereg.neurons import KINDS


@each_kind
def test_a_second_derivative_is_refused(kind):
    current = torch.rand(5, 1, 2 * KINDS[kind].GATES, requires_grad=True)
    out = scan(wide(kind, 2), current, backend="cpu")[1].square().sum()
    message = 'first derivatives only.*use backend="reference"'
    with pytest.raises(RuntimeError, match=message):
        torch.autograd.grad(out, current, create_graph=True)
    (slope,) = torch.autograd.grad(
        scan(wide(kind, 2), current, backend="reference")[1].square().sum(),
        current,
        create_graph=True,
    )
    slope.sum().backward()
    assert current.grad.abs().sum() > 0


def network_gradients(model, features):
    model(features).square().mean().backward()
    return [p.grad.clone() for p in model.parameters()]


def test_a_model_can_be_copied_after_a_forward_pass_and_trained_twice_in_one_graph():
    model, features = SpikingRegressor(8, seed=0), torch.rand(20, 3, 1)
    loss = model(features).square().mean()
    twin = copy.deepcopy(model)
    twin.load_state_dict(model.state_dict())
    (loss + model(features).square().mean()).backward()
    for p, single in zip(
        model.parameters(), network_gradients(twin, features), strict=True
    ):
        torch.testing.assert_close(p.grad, 2 * single)


@each_kind
def test_neither_the_current_nor_the_gradient_from_outside_is_changed(kind):
    current = torch.rand(20, 3, 4 * KINDS[kind].GATES, requires_grad=True)
    before = current.detach().clone()
    outputs = scan(wide(kind, 4), current, backend="cpu")
    from_outside = torch.ones(20, 3, 4), torch.ones(20, 3, 4)
    torch.autograd.grad(outputs, current, from_outside)
    assert torch.equal(current, before)
    assert all(torch.equal(each, torch.ones(20, 3, 4)) for each in from_outside)


def test_without_gradients_nothing_is_kept():
    with torch.no_grad():
        spikes, membrane = scan(snn.Leaky(beta=0.5), torch.rand(5, 2, 3), backend="cpu")
    assert not spikes.requires_grad
    assert not membrane.requires_grad


@each_kind
def test_a_graph_can_be_gone_back_through_twice_and_then_gives_the_same(kind):
    current = torch.rand(9, 3, 4 * KINDS[kind].GATES, requires_grad=True)
    neuron = wide(kind, 4)
    inputs = [current, *neuron.parameters()]
    outputs = scan(neuron, current, backend="cpu")
    loss = sum(out.square().sum() for out in outputs)
    first = torch.autograd.grad(loss, inputs, retain_graph=True, allow_unused=True)
    again = torch.autograd.grad(loss, inputs, allow_unused=True)
    assert all(map(torch.equal, first, again))
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


@pytest.mark.parametrize("kind", [snn.RLeaky, AdaptiveLeaky, Resonator, SpikingLSTM])
def test_a_weight_changed_before_the_backward_pass_is_seen(kind):
    neuron = wide(kind, 4)
    current = torch.rand(9, 3, 4 * KINDS[kind].GATES)
    loss = scan(neuron, current, backend="cpu")[1].sum()
    with torch.no_grad():
        neuron.recurrent.weight.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


# Autocast


@each_kind
@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_under_autocast_a_layer_is_what_its_own_loop_makes_of_it(kind, backend):
    """A narrow current and wide parameters: the membrane is wide from step to step."""
    neuron = wide(kind, 4)
    generator = torch.Generator().manual_seed(0)
    current = 4 * torch.rand(20, 3, 4 * KINDS[kind].GATES, generator=generator)
    current = current.bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        spikes, membrane = scan(neuron, current, backend=backend)
        state = [torch.zeros(3, 4) for _ in KINDS[kind].STATES]
        # Ours add what is fed back, narrow too, to the current: widened before.
        ours = kind.__module__.startswith("spikereg")
        for t, step in enumerate(current.float() if ours else current):
            fired, *state = neuron(step, *state)
            state = [fired, *state][-len(KINDS[kind].STATES) :]
            assert torch.equal(spikes[t], fired.float())
            torch.testing.assert_close(membrane[t], state[-1], atol=1e-6, rtol=1e-6)
    assert spikes.dtype == membrane.dtype == torch.float32
    assert spikes.any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(
    "neuron", ["lif", "recurrent", "adaptive", "resonator", "lstm"]
)
def test_the_network_trains_under_autocast(neuron, dtype):
    model = SpikingRegressor(16, seed=0, neuron=neuron)
    features = torch.linspace(0, 1, 20)[:, None, None].repeat(1, 3, 1)
    with torch.autocast("cpu", dtype=dtype):
        prediction = model(features)
        trace = model.trace(features)
    assert prediction.dtype == torch.float32
    assert torch.equal(trace.prediction, prediction)
    prediction.square().mean().backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())
    # Rounding moves some spikes, no more.
    assert (prediction - model(features)).square().mean() < prediction.var() / 4


def test_without_autocast_a_narrow_current_is_still_refused():
    with pytest.raises(ValueError, match="must not be wider"):
        scan(wide(snn.Leaky, 4), torch.rand(5, 2, 4).bfloat16())
