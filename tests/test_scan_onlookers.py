"""Who looks at a layer's modules, or changes them, is heard: by the reference."""

import types

import pytest
import snntorch as snn
import torch
from layers import wide
from snntorch import surrogate
from test_neurons import each_kind
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.flop_counter import FlopCounterMode

from spikereg import PlasticPair, SpikingRegressor, events, scan
from spikereg.neurons import KINDS


def current_for(kind, steps=9):
    generator = torch.Generator().manual_seed(0)
    return 3 * torch.rand(steps, 2, 4 * KINDS[kind].GATES, generator=generator)


@each_kind
def test_a_forward_of_ones_own_set_on_a_neuron_is_called(kind):
    neuron, current = wide(kind, 4), current_for(kind)
    expected = scan(neuron, 2 * current)
    own = neuron.forward
    neuron.forward = lambda now, *state: own(2 * now, *state)
    for ours, theirs in zip(scan(neuron, current), expected, strict=True):
        torch.testing.assert_close(ours, theirs)
    with pytest.raises(ValueError, match="cannot run a neuron with hooks"):
        scan(neuron, current, backend="cpu")


def test_a_fire_of_ones_own_set_on_a_neuron_is_called():
    neuron = wide(snn.Leaky, 4)
    neuron.fire = types.MethodType(lambda self, mem: torch.zeros_like(mem), neuron)
    spikes, _ = scan(neuron, current_for(snn.Leaky))
    assert not spikes.any()


@pytest.mark.parametrize("name", ["fc_in", "fc_hidden", "fc_out"])
def test_a_forward_of_ones_own_set_on_a_linear_layer_is_called(name):
    model, features = SpikingRegressor(8, seed=0), torch.rand(12, 3, 1)
    before = model(features)
    layer = getattr(model, name)
    own = layer.forward
    layer.forward = lambda signal: 5 * own(signal)
    assert not torch.equal(model(features), before)


@pytest.mark.parametrize("hook", ["full_backward_hook", "full_backward_pre_hook"])
def test_backward_hooks_hear_every_layer(hook):
    model, heard = SpikingRegressor(8, seed=0), []
    for name, module in model.named_children():
        register = getattr(module, f"register_{hook}")
        register(lambda *_, name=name: heard.append(name) and None)
    model(torch.rand(12, 3, 1, requires_grad=True)).sum().backward()
    assert set(heard) == {name for name, _ in model.named_children()}


def test_hooks_on_all_modules_hear_every_layer():
    heard = []
    handle = torch.nn.modules.module.register_module_forward_hook(
        lambda module, *_: heard.append(module)
    )
    model = SpikingRegressor(8, seed=0)
    try:
        model(torch.rand(12, 3, 1))
    finally:
        handle.remove()
    assert {id(each) for each in model.children()} <= {id(each) for each in heard}


def test_the_operations_that_pytorch_counts_are_those_of_the_dense_products():
    model, features = SpikingRegressor(256, seed=0), torch.rand(20, 16, 1)
    with FlopCounterMode(display=False) as counter:
        model(features)
    rows = 20 * 16
    assert counter.get_total_flops() == 2 * rows * (256 + 256**2 + 256)


@each_kind
def test_a_trace_of_operations_holds_no_numbers_of_its_own(kind):
    neuron = wide(kind, 4)
    traced = make_fx(lambda current: scan(neuron, current)[1])(current_for(kind))
    other = current_for(kind).flip(0)
    torch.testing.assert_close(traced(other), scan(neuron, other)[1])


def test_a_trace_of_products_with_spikes_holds_no_numbers_of_its_own():
    weight = torch.rand(64, 64)
    silent, all_fire = torch.zeros(300, 64), torch.ones(300, 64)
    traced = make_fx(lambda spikes: events.linear(spikes, weight))(silent)
    torch.testing.assert_close(traced(all_fire), all_fire @ weight.T)


# Surrogates


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_a_surrogate_that_looks_at_the_whole_layer_gets_a_step_at_a_time(reset):
    beside = surrogate.custom_surrogate(
        lambda above, gradient, _: (
            gradient * torch.exp(-above.abs() / above.abs().mean())
        )
    )
    neuron = snn.Leaky(beta=0.5, spike_grad=beside, reset_mechanism=reset)
    current = torch.tensor([[[0.2, 1.4]], [[3.0, -5.0]]], requires_grad=True)
    (ours,) = torch.autograd.grad(scan(neuron, current)[0].sum(), current)
    membrane, total = torch.zeros(1, 2), 0
    for now in current:
        spikes, membrane = neuron(now, membrane)
        total = total + spikes.sum()
    (theirs,) = torch.autograd.grad(total, current)
    torch.testing.assert_close(ours, theirs)


def test_a_surrogate_that_has_no_hash_is_left_to_the_reference():
    class Fires:
        __hash__ = None

        def __call__(self, above):
            return (above > 0).to(above) + 0 * above

    neuron = snn.Leaky(beta=0.5, spike_grad=Fires())
    spikes, _ = scan(neuron, torch.full((4, 2, 3), 2.0))
    assert spikes.any()


# What stays on a neuron


def test_a_count_that_a_class_keeps_on_itself_goes_on_and_its_state_does_not():
    class Counts(snn.Leaky):
        steps = 0

        def forward(self, *arguments):
            self.steps += 1
            self.last = super().forward(*arguments)[1]
            return super().forward(*arguments)

    neuron = Counts(beta=0.5)
    scan(neuron, torch.rand(5, 2, 3))
    assert neuron.steps == 5
    assert not hasattr(neuron, "last")


@each_kind
def test_the_state_to_go_on_from_is_ones_own(kind):
    neuron, current = wide(kind, 4), current_for(kind)
    with torch.no_grad():
        spikes, membrane, state = scan(neuron, current, return_state=True)
        before = spikes.clone(), membrane.clone()
        for each in state if isinstance(state, tuple) else (state,):
            each.zero_()  # as at the end of an episode
    assert torch.equal(spikes, before[0])
    assert torch.equal(membrane, before[1])


@each_kind
@pytest.mark.parametrize("narrow", [torch.bfloat16, torch.float16])
def test_a_narrower_state_and_narrower_parameters_are_widened(kind, narrow):
    neuron, current = wide(kind, 4), current_for(kind)
    state = tuple(torch.zeros(2, 4) for _ in KINDS[kind].STATES)
    given = tuple(each.to(narrow) for each in state)
    expected = scan(neuron, current, state if len(state) > 1 else state[0])
    found = scan(neuron, current, given if len(given) > 1 else given[0])
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.equal(ours, theirs)
    if KINDS[kind].recurrence(neuron) is not None:
        with pytest.raises(ValueError, match=r"recurrent weights must be .*float32"):
            scan(neuron.to(narrow), current)
        return
    neuron.to(narrow)
    spikes, membrane = scan(neuron, current)
    assert spikes.dtype == membrane.dtype == torch.float32


@each_kind
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_neuron_moved_to_another_type_runs(kind, dtype):
    neuron, current = wide(kind, 4).to(dtype), current_for(kind).to(dtype)
    spikes, membrane = scan(neuron, current)
    assert spikes.dtype == membrane.dtype == dtype
    assert set(spikes.unique().tolist()) <= {0, 1}


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in (snn.Leaky, PlasticPair)]
)
def test_a_recurrence_that_does_not_fit_the_current_is_named(kind):
    neuron = wide(kind, 4)
    with pytest.raises(ValueError, match="not be wider"):
        scan(neuron.double(), current_for(kind))
    with pytest.raises(ValueError, match="to fit"):
        scan(wide(kind, 1), current_for(kind))
