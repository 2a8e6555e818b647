"""Every kind of neuron: the compiled walk against the neuron's own step."""

import contextlib

import pytest
import snntorch as snn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import (
    MAKERS,
    gradients,
    layers,
    numbers,
    same_bits,
    spikes_in_double,
    step_by_step,
)

from spikereg import SpikingLSTM, scan
from spikereg.neurons import KINDS, kind_of
from spikereg.scan import walk

each_kind = pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.__name__)
some = st.sampled_from

#: Distance allowed between a gradient and autograd's through the neuron's own step,
#: relative to the largest entry of the gradient (and to 1 where that is small: the
#: terms are as large as the weights of the loss).  The terms are the same and only
#: their order differs, so the distance is the rounding of the sums: some hundred of the
#: unit roundoff (6e-8 and 1.1e-16) for the sizes drawn here.
TOLERANCE = {torch.float32: 3e-5, torch.float64: 3e-13}

#: Distance allowed between membranes of an LSTM: other instructions compute exp and
#: tanh, to one unit in the last place or two, for up to 12 steps.  Spikes are compared
#: up to where a membrane first comes as near to its threshold as NEAR.
CLOSE = {torch.float32: 3e-6, torch.float64: 3e-15}
NEAR = {torch.float32: 1e-4, torch.float64: 1e-12}


def run(layer, backend, walk=walk, **options):
    with spikes_in_double(layer.neuron, backend):
        return walk(*layer.arguments, backend=backend, **options)


def all_of(outputs):
    """Spikes, and each state of the neuron."""
    spikes, states = outputs
    return spikes, *states


def steps_to_compare(layer, membrane):
    """Count the steps before a membrane is too near to its threshold to compare."""
    above = (membrane - layer.neuron.threshold).detach()
    near = (above.abs() < NEAR[above.dtype]).flatten(1).any(dim=1)
    return int(near.nonzero()[0]) if near.any() else len(near)


def assert_close(actual, expected, tolerance):
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    if expected.numel():
        # snnTorch's sigmoid overflows to NaN far below the threshold.
        size = expected.detach().nan_to_num(0, 0, 0).abs().max().item()
        torch.testing.assert_close(
            actual, expected, rtol=0, atol=tolerance * (size + 1), equal_nan=True
        )


def assert_gradients_close(layer, ours, theirs):
    pairs = zip(
        gradients(ours, layer.inputs), gradients(theirs, layer.inputs), strict=True
    )
    for actual, expected in pairs:
        assert_close(actual, expected, TOLERANCE[layer.current.dtype])


def assert_as_stepped(layer, wanted=(True, True, True)):
    """Compare a run with the neuron's own step; say whether all could be compared."""
    ours, theirs = all_of(run(layer, "cpu")), all_of(run(layer, "reference"))
    if isinstance(layer.neuron, SpikingLSTM):
        steps = steps_to_compare(layer, theirs[-1])
        for actual, expected in zip(ours, theirs, strict=True):
            assert_close(actual[:steps], expected[:steps], CLOSE[actual.dtype])
        if steps < len(layer.current):
            return False
    else:
        assert all(map(same_bits, ours, theirs))
    # Of some outputs only: the others then have no gradient at all.
    ours, theirs = (
        [out for out, yes in zip(outputs, wanted, strict=False) if yes]
        for outputs in (ours, theirs)
    )
    assert_gradients_close(layer, ours, theirs)
    return True


def test_every_kind_has_its_layers():
    assert MAKERS.keys() == KINDS.keys()


@each_kind
def test_a_run_has_the_bits_and_the_gradients_of_the_neurons_own_step(kind):
    compared = []

    @settings(max_examples=500)
    @given(layers(kind), st.tuples(st.booleans(), st.booleans(), st.booleans()))
    def check(layer, wanted):
        assert type(layer.neuron) is kind
        compared.append(assert_as_stepped(layer, wanted))

    check()
    assert sum(compared) > 0.9 * len(compared) > 400


@pytest.mark.parametrize("kind", [snn.Leaky, snn.RLeaky])
@settings(max_examples=300)
@given(data=st.data())
def test_the_reference_has_the_bits_of_snntorchs_own_loop(kind, data):
    layer = data.draw(layers(kind, dtypes=[torch.float32]))
    state = layer.state
    if state is None:
        membrane = torch.zeros(layer.current.shape[1:])
        state = (membrane,) * len(kind_of(layer.neuron).STATES)
    ours = scan(*layer.arguments, backend="reference")
    theirs = step_by_step(layer.neuron, layer.current, state)
    assert all(map(same_bits, ours, theirs))
    pairs = (gradients(each, layer.inputs) for each in (ours, theirs))
    assert all(map(same_bits, *pairs))


@each_kind
@settings(max_examples=150)
@given(data=st.data())
def test_a_run_cut_in_two_goes_on_exactly(kind, data):
    layer = data.draw(layers(kind, steps=(2, 12)))
    cut = data.draw(st.integers(1, len(layer.current) - 1))
    backend = data.draw(some(["reference", "cpu"]))

    def with_state(layer):
        spikes, membrane, last = run(layer, backend, scan, return_state=True)
        return spikes, membrane, last if isinstance(last, tuple) else (last,)

    *whole, last = with_state(layer)
    *start, between = with_state(layer._replace(current=layer.current[:cut]))
    *rest, end = with_state(layer._replace(current=layer.current[cut:], state=between))
    parts = [torch.cat(pair) for pair in zip(start, rest, strict=True)]
    for actual, expected in zip((*parts, *end), (*whole, *last), strict=True):
        if kind is SpikingLSTM and backend == "reference":  # PyTorch's tanh has tails
            assert_close(actual, expected, CLOSE[actual.dtype])
        else:
            assert same_bits(actual, expected)
    assert_gradients_close(layer, (*parts, *end), (*whole, *last))


@pytest.mark.parametrize("feedback", ["membrane", "spikes"])
def test_where_a_row_lies_in_memory_changes_no_bit(feedback):
    current = torch.randn(4, 2, 20, generator=torch.Generator().manual_seed(0))
    for seed in range(50):
        neuron = SpikingLSTM(5, feedback=feedback, seed=seed)
        _, whole = scan(neuron, current, backend="cpu")
        _, _, state = scan(neuron, current[:1], backend="cpu", return_state=True)
        _, rest = scan(neuron, current[1:], state, backend="cpu")
        assert same_bits(rest, whole[1:])


@each_kind
@settings(max_examples=50)
@given(data=st.data())
def test_the_neuron_is_left_as_it_was(kind, data):
    layer = data.draw(layers(kind))
    neuron, backend = layer.neuron, data.draw(some(["reference", "cpu"]))
    attributes, buffers = dict(vars(neuron)), dict(neuron.named_buffers())
    values = {name: each.clone() for name, each in numbers(neuron).items()}
    outputs = all_of(run(layer, backend))
    with contextlib.suppress(RuntimeError):  # nothing wants a gradient
        sum(out.sum() for out in outputs).backward()
    assert vars(neuron) == attributes
    assert all(buffers[name] is each for name, each in neuron.named_buffers())
    for name, each in numbers(neuron).items():
        assert torch.equal(each, values[name])
        assert each.requires_grad or each.grad is None


# Against differences, with a spike that has a slope


@contextlib.contextmanager
def detached_as(monkeypatch, recorded=None):
    """Record what is detached, or hold it at what was recorded."""
    detach, seen = torch.Tensor.detach, []
    held = None if recorded is None else iter(recorded)

    def replay(tensor):
        seen.append(detach(tensor).clone())
        return seen[-1] if held is None else next(held)

    with monkeypatch.context() as patch:
        patch.setattr(torch.Tensor, "detach", replay)
        yield seen
    assert held is None or next(held, None) is None


def smooth(above):
    return 0.5 + torch.atan(torch.pi * above) / torch.pi


#: Step of the differences, and how far they may be off, relative to the largest of what
#: is differentiated: the rounding of float64 over the step, and its fourth power.
STEP, OFF = 1e-5, 1e-8


@each_kind
def test_gradients_are_differences_of_the_loss(kind, monkeypatch):
    checked = []

    @settings(max_examples=60)
    @given(layers(kind, dtypes=[torch.float64], steps=(2, 5), smooth=smooth))
    def check(layer):
        generator = torch.Generator().manual_seed(0)
        weights = {}

        def loss(recorded=None):
            with detached_as(monkeypatch, recorded) as seen:
                outputs = all_of(walk(*layer.arguments, backend="reference"))
            return seen, sum(
                (
                    out
                    * weights.setdefault(
                        n, torch.randn(out.shape, generator=generator).double()
                    )
                ).sum()
                for n, out in enumerate(outputs)
            )

        recorded, value = loss()
        if not value.requires_grad:
            return
        found = torch.autograd.grad(value, layer.inputs, allow_unused=True)
        for x, gradient in zip(layer.inputs, found, strict=True):
            along = torch.randn(x.shape, generator=generator).double()
            along /= max(along.norm().item(), 1e-30)
            ends = {}
            for steps in (-2, -1, 1, 2):
                x.data.add_(along, alpha=steps * STEP)
                ends[steps] = loss(recorded)[1].item()
                x.data.add_(along, alpha=-steps * STEP)
            slope = 0.0 if gradient is None else (gradient * along).sum().item()
            difference = (8 * (ends[1] - ends[-1]) - (ends[2] - ends[-2])) / (12 * STEP)
            size = abs(value.item()) + (
                0 if gradient is None else gradient.norm().item()
            )
            checked.append(x.shape)
            assert abs(slope - difference) < OFF * (1 + size)

    check()
    assert len(checked) > 60
