"""All layers in one node of the graph, against the same layers one after another."""

import sys
import weakref

import pytest
import snntorch as snn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from snntorch import surrogate
from torch import nn

from spikereg import SpikingRegressor, stack

#: Distance allowed between gradients, relative to the largest entry: the same terms are
#: added in another order, as in test_scan_cpu.py, through up to three layers.
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-12}


@st.composite
def networks(draw):
    """Draw layers that the compiled loops can run, and features for them."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    inputs = draw(st.integers(1, 3))
    steps, batch = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    if draw(st.integers(0, 3)) == 0:  # enough to be added up by events
        steps, batch = 64, 4

    coarse = draw(st.booleans())  # then membranes meet their thresholds exactly

    def uniform(shape, low, high):
        value = torch.rand(shape, generator=generator, dtype=dtype)
        value = value * (high - low) + low
        return (value * 4).round() / 4 if coarse else value

    layers, width = [], inputs
    for _ in range(draw(st.integers(1, 3))):
        outputs = draw(st.sampled_from([1, 5, 64, 70]))
        linear = nn.Linear(width, outputs, bias=draw(st.booleans()), dtype=dtype)
        for p in linear.parameters():
            p.data = uniform(p.shape, -1, 1)
            p.requires_grad_(draw(st.booleans()))
        neuron = snn.Leaky(
            beta=uniform(draw(st.sampled_from([(1,), (outputs,)])), -0.2, 1.2),
            threshold=uniform(draw(st.sampled_from([(1,), (outputs,)])), 0, 2),
            learn_beta=draw(st.booleans()),
            learn_threshold=draw(st.booleans()),
            reset_mechanism=draw(st.sampled_from(["subtract", "zero", "none"])),
            spike_grad=draw(
                st.sampled_from([surrogate.fast_sigmoid(5), surrogate.atan()])
            ),
        )
        layers.append((linear, neuron))
        width = outputs
    features = uniform((steps, batch, inputs), -1, 1)
    return layers, features.requires_grad_(draw(st.booleans()))


def one_by_one(layers, features):
    *_, (_, membrane) = stack.run(layers, features)
    return membrane


def gradients(output, layers, features):
    generator = torch.Generator().manual_seed(1)
    weights = torch.randint(-8, 9, output.shape, generator=generator) / 8
    inputs = [p for layer in layers for module in layer for p in module.parameters()]
    inputs = [x for x in (features, *inputs) if x.requires_grad]
    if not output.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    found = torch.autograd.grad(
        (output * weights.to(output)).sum(), inputs, allow_unused=True
    )
    return [
        torch.zeros_like(x) if g is None else g
        for x, g in zip(inputs, found, strict=True)
    ]


def agree(layers, features):
    ours, expected = stack.readout(layers, features), one_by_one(layers, features)
    assert torch.equal(ours, expected)
    pairs = zip(
        gradients(ours, layers, features),
        gradients(expected, layers, features),
        strict=True,
    )
    for actual, wanted in pairs:
        assert actual.shape == wanted.shape
        atol = TOLERANCE[features.dtype] * (wanted.abs().max().item() + 1)
        torch.testing.assert_close(actual, wanted, rtol=0, atol=atol)


@settings(max_examples=300)
@given(networks())
def test_the_membrane_has_the_same_bits_and_gradients_agree_to_rounding(network):
    agree(*network)


def network(**options):
    generator = torch.Generator().manual_seed(0)
    layers = []
    for inputs, outputs in ((2, 6), (6, 1)):
        linear = nn.Linear(inputs, outputs)
        for p in linear.parameters():
            p.data = torch.rand(p.shape, generator=generator) - 0.3
        layers.append((linear, snn.Leaky(beta=0.75, learn_beta=True, **options)))
    return layers, torch.rand(20, 3, 2, generator=generator)


@pytest.fixture
def fused(monkeypatch):
    """Note each time that the layers are run in one node."""
    calls = []
    run = stack._Stack.apply

    class Spy(stack._Stack):
        @classmethod
        def apply(cls, *arguments):
            calls.append(arguments)
            return run(*arguments)

    monkeypatch.setattr(stack, "_Stack", Spy)
    return calls


class Doubles(nn.Linear):
    def forward(self, signal):
        return 2 * super().forward(signal)


def with_a_custom_surrogate():
    return network(spike_grad=surrogate.triangular())


def with_a_late_reset():
    return network(reset_delay=False)


def with_a_linear_of_its_own():
    (_, first), second = network()[0]
    torch.manual_seed(0)
    return [(Doubles(2, 6), first), second], network()[1]


def with_wider_features():
    layers, features = network()
    for linear, _ in layers:
        linear.double()
    return layers, features.double()


@pytest.mark.parametrize(
    "make",
    [
        with_a_custom_surrogate,
        with_a_late_reset,
        with_a_linear_of_its_own,
        with_wider_features,
    ],
)
def test_what_it_cannot_do_is_done_one_by_one(make, fused):
    layers, features = make()
    agree(layers, features)
    assert fused == []
    agree(*network())
    assert len(fused) == 1


def test_features_of_0_and_1_are_multiplied_in_one_manner():
    generator = torch.Generator().manual_seed(0)
    features = (torch.rand(64, 8, 50, generator=generator) < 0.2).float()
    linear = nn.Linear(50, 64)
    linear.weight.data = torch.rand(64, 50, generator=generator)
    agree([(linear, snn.Leaky(beta=0.75, reset_mechanism="none"))], features)


def test_a_linear_layer_may_be_patched_or_replaced(fused):
    layers, features = network()
    expected = stack.readout(layers, features)
    fused.clear()
    (first, second), (linear, last) = layers
    plain = linear.forward
    linear.forward = lambda signal: 2 * plain(signal)
    assert not torch.equal(stack.readout(layers, features), expected)
    del linear.forward
    inside = nn.Sequential(linear, nn.Identity())
    again = stack.readout([(first, second), (inside, last)], features)
    assert torch.equal(again, expected)
    assert fused == []


def test_a_backward_hook_of_a_neuron_is_called(fused):
    layers, features = network()
    seen = []
    layers[1][1].register_full_backward_pre_hook(lambda *_: seen.append("called"))
    stack.readout(layers, features).sum().backward()
    assert seen
    assert fused == []


def test_hooks_of_all_modules_are_called_for_every_layer(fused):
    layers, features = network()
    seen = set()
    hook = nn.modules.module.register_module_forward_hook(lambda m, *_: seen.add(m))
    try:
        stack.readout(layers, features)
    finally:
        hook.remove()
    assert seen == {module for layer in layers for module in layer}
    assert fused == []


def test_hooks_of_a_linear_layer_are_called(fused):
    layers, features = network()
    seen = []
    layers[1][0].register_forward_hook(lambda *_: seen.append("called"))
    stack.readout(layers, features)
    assert seen == ["called"]
    assert fused == []


@pytest.mark.parametrize("shape", [(0, 2), (3, 0)])
def test_an_empty_batch_gives_an_empty_membrane(shape):
    layers, _ = network()
    if shape[0]:
        assert stack.readout(layers, torch.zeros(*shape, 2)).shape == (3, 0, 1)
    else:
        with pytest.raises(ValueError, match="at least one time step"):
            stack.readout(layers, torch.zeros(*shape, 2))


def test_a_neuron_that_scan_refuses_is_refused():
    layers, features = network()
    layers[1][1].reset_mechanism = "zero"
    with pytest.raises(ValueError, match="set to 'zero' later"):
        stack.readout(layers, features)


def test_under_autocast_the_layers_run_one_by_one(fused):
    layers, features = network()
    with torch.autocast("cpu"):
        stack.readout(layers, features)
    assert fused == []


def test_a_second_derivative_is_refused():
    layers, features = network()
    out = stack.readout(layers, features.requires_grad_()).square().sum()
    (slope,) = torch.autograd.grad(out, features, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


def test_a_weight_changed_before_the_backward_pass_is_seen():
    layers, features = network()
    loss = stack.readout(layers, features).sum()
    with torch.no_grad():
        layers[1][0].weight.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_the_graph_keeps_nothing_beside_what_pytorch_frees(monkeypatch):
    flat, seen = stack.flat, []

    def spy(tensor):
        array = flat(tensor)
        seen.append(weakref.ref(array.base))  # alive as long as any view of it
        return array

    monkeypatch.setattr(stack, "flat", spy)
    output = stack.readout(*network())
    assert output.grad_fn is not None
    assert seen
    assert all(array() is None for array in seen)
    output.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        output.sum().backward()


def test_a_wrong_kernel_is_seen(monkeypatch):
    layers, features = network()
    right = stack.kernels

    class Wrong:
        def __getattr__(self, name):
            return getattr(right, name)

        def forward(self, reset, state, *rest):
            return right.forward(reset, state + 1, *rest)

    agree(layers, features)
    monkeypatch.setattr(sys.modules["spikereg.stack"], "kernels", Wrong())
    with pytest.raises(AssertionError):
        agree(layers, features)


def test_a_model_predicts_what_its_trace_shows():
    model = SpikingRegressor(hidden=64, seed=0)
    features = torch.linspace(0, 1, 60)[:, None, None].repeat(1, 8, 1)
    assert torch.equal(model(features), model.trace(features).prediction)
