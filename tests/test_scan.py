import math

import numpy as np
import pytest
import snntorch as snn
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from layers import RESETS, random_layer, same, step_by_step
from snntorch import surrogate

from spikereg import scan
from spikereg.scan import BACKENDS

each_reset = pytest.mark.parametrize("reset", RESETS)
each_backend = pytest.mark.parametrize("backend", BACKENDS)


# The equations, written out


def by_hand(current, beta, threshold, reset, state):
    """Step one neuron after another, in Python's own numbers."""
    spikes, membrane = np.zeros_like(current), np.zeros_like(current)
    T, B, N = current.shape
    beta, threshold = np.broadcast_to(beta, N), np.broadcast_to(threshold, N)
    for b in range(B):
        for n in range(N):
            decay, theta = min(max(float(beta[n]), 0.0), 1.0), float(threshold[n])
            u = float(state[b, n])
            for t in range(T):
                fired = u > theta
                if reset == "zero" and fired:
                    u = 0.0
                u = decay * u + float(current[t, b, n])
                if reset == "subtract" and fired:
                    u = u - theta
                membrane[t, b, n] = u
                spikes[t, b, n] = u > theta
    return spikes, membrane


def multiples(step, smallest, largest):
    """Numbers on a grid: float32 holds all that follows from them exactly."""
    return st.integers(round(smallest / step), round(largest / step)).map(
        lambda count: count * step
    )


@st.composite
def layers(draw):
    """Draw current, decay, threshold and initial state of a layer."""
    T, B, N = draw(st.integers(1, 6)), draw(st.integers(0, 2)), draw(st.integers(1, 3))

    def values(shape, elements):
        return draw(arrays(np.float32, shape, elements=elements))

    return (
        values((T, B, N), multiples(1 / 8, -1, 2)),
        values(draw(st.sampled_from([(), (1,), (N,)])), multiples(1 / 4, -0.5, 1.5)),
        values(draw(st.sampled_from([(), (1,), (N,)])), multiples(1 / 8, 0, 1)),
        values((B, N), multiples(1 / 8, -1, 2)),
    )


def agrees(layer, reset, neuron, backend):
    current, beta, threshold, state = layer
    expected = by_hand(current, beta, threshold, reset, state)
    actual = scan(neuron, torch.tensor(current), torch.tensor(state), backend=backend)
    return same(actual, map(torch.tensor, expected))


@each_reset
@each_backend
@given(layer=layers())
def test_spikes_and_membranes_are_those_of_the_equations(layer, reset, backend):
    _, beta, threshold, _ = map(torch.tensor, layer)
    neuron = snn.Leaky(beta=beta, threshold=threshold, reset_mechanism=reset)
    assert agrees(layer, reset, neuron, backend)


class FiresAtTheThreshold(snn.Leaky):
    def fire(self, mem):
        return (mem >= self.threshold).float()

    mem_reset = fire


class ForgetsToReset(snn.Leaky):
    def mem_reset(self, mem):
        return torch.zeros_like(mem)


def resets_at_once(**arguments):
    return snn.Leaky(**arguments, reset_delay=False)


def decays_twice(beta, **arguments):
    return snn.Leaky(beta=beta**2, **arguments)


@pytest.mark.parametrize(
    ("make", "right"),
    [
        (snn.Leaky, True),
        (FiresAtTheThreshold, False),
        (ForgetsToReset, False),
        (resets_at_once, False),
        (decays_twice, False),
    ],
)
def test_a_wrong_neuron_does_not_agree_with_the_equations(make, right):
    # The membrane meets the threshold at step 1 and passes it at step 2.
    current = np.float32([0.5, 0.5, 0.5, 0.0])[:, None, None]
    layer = current, np.float32(0.5), np.float32(0.75), np.zeros((1, 1), np.float32)
    neuron = make(beta=0.5, threshold=0.75)
    assert agrees(layer, "subtract", neuron, "reference") is right


# snnTorch, stepped by hand

#: How far a gradient may lie from autograd's.  Both add the same numbers, each exact to
#: half an ulp, in another order: with up to some hundred terms an error of about 1e-5
#: (float32) or 1e-14 (float64) of the largest.  The rest is room for cancellation.
TOLERANCE = {
    torch.float32: {"rtol": 1e-4, "atol": 1e-4},
    torch.float64: {"rtol": 1e-12, "atol": 1e-12},
}


def gradients(outputs, neuron, current, state):
    """Differentiate a sum of the outputs with weights that float32 holds exactly."""
    generator = torch.Generator().manual_seed(1)
    weights = [
        torch.randint(-8, 9, out.shape, generator=generator) / 8 for out in outputs
    ]
    loss = sum((w * out).sum() for w, out in zip(weights, outputs, strict=True))
    inputs = [current, neuron.beta, neuron.threshold, state]
    return torch.autograd.grad(loss, inputs), [w.to(current.dtype) for w in weights]


@each_reset
@each_backend
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_outputs_are_snntorchs_bits_and_gradients_to_rounding(reset, backend, dtype):
    layer = random_layer(reset, dtype)
    ours = scan(*layer, backend=backend)
    theirs = step_by_step(*layer)
    assert 0 < ours[0].mean() < 1
    assert all(out.dtype == dtype for out in ours)
    assert same(ours, theirs)
    pairs = gradients(ours, *layer)[0], gradients(theirs, *layer)[0]
    if backend == "reference":
        assert same(*pairs)
    for actual, expected in zip(*pairs, strict=True):
        torch.testing.assert_close(actual, expected, **TOLERANCE[dtype])


def slope_of_fast_sigmoid(x):
    return 1 / (1 + 25 * x.abs()) ** 2


def slope_of_atan(x):
    return 1 / (1 + (math.pi * x) ** 2)


@each_reset
@each_backend
@pytest.mark.parametrize(
    ("spike_grad", "slope"),
    [(surrogate.fast_sigmoid(25), slope_of_fast_sigmoid), (None, slope_of_atan)],
)
@pytest.mark.parametrize("shared", [False, True])
def test_gradients_are_those_of_the_backward_recursion(
    reset, backend, spike_grad, slope, shared
):
    neuron, current, state = random_layer(reset, torch.float64, spike_grad)
    if shared:
        neuron.beta.data, neuron.threshold.data = torch.tensor([[0.7], [0.3]]).double()
    outputs = scan(neuron, current, state, backend=backend)
    actual, (to_spikes, to_membrane) = gradients(outputs, neuron, current, state)

    with torch.no_grad():
        beta, theta, membrane = neuron.beta, neuron.threshold, outputs[1]
        before = torch.cat([state[None], membrane[:-1]])
        fired = (before > theta).double()
        kept = 1 - fired if reset == "zero" else torch.ones_like(fired)
        subtracted = fired if reset == "subtract" else torch.zeros_like(fired)

        through_spikes = to_spikes * slope(membrane - theta)
        delta, carried = torch.zeros_like(current), torch.zeros_like(state)
        for t in reversed(range(len(current))):
            delta[t] = to_membrane[t] + through_spikes[t] + carried
            carried = beta.clamp(0, 1) * kept[t] * delta[t]
        inside = (beta >= 0) & (beta <= 1)
        for_beta = inside * (delta * kept * before)
        for_theta = -(through_spikes + delta * subtracted)

    torch.testing.assert_close(actual[0], delta)
    torch.testing.assert_close(actual[1], for_beta.sum_to_size(beta.shape))
    torch.testing.assert_close(actual[2], for_theta.sum_to_size(theta.shape))
    torch.testing.assert_close(actual[3], carried)
    if not shared:
        assert ((actual[1] == 0) == ~inside).all()


# One fact at a time


@each_backend
def test_a_spike_needs_more_than_the_threshold(backend):
    above = math.nextafter(1.0, 2.0)
    current = torch.tensor([1.0, above], dtype=torch.float64).reshape(1, 1, 2)
    spikes, _ = scan(snn.Leaky(beta=0.5, threshold=1.0), current, backend=backend)
    assert spikes.flatten().tolist() == [0, 1]


@each_backend
@pytest.mark.parametrize(
    ("reset", "expected"),
    [
        ("subtract", [1.5, 0.25, 0.625]),
        ("zero", [1.5, 0.5, 0.75]),
        ("none", [1.5, 1.25, 1.125]),
    ],
)
def test_the_reset_comes_one_step_after_the_spike(backend, reset, expected):
    neuron = snn.Leaky(beta=0.5, threshold=1.0, reset_mechanism=reset)
    current = torch.tensor([1.5, 0.5, 0.5])[:, None, None]
    spikes, membrane = scan(neuron, current, backend=backend)
    assert membrane.flatten().tolist() == expected
    assert spikes.flatten().tolist() == [float(u > 1) for u in expected]


@each_reset
@each_backend
def test_a_run_can_be_cut_in_two_and_continued_from_the_membrane(reset, backend):
    neuron, current, state = random_layer(reset)
    whole = scan(neuron, current, state, backend=backend)
    first = scan(neuron, current[:11], state, backend=backend)
    second = scan(neuron, current[11:], first[1][-1], backend=backend)
    assert same(whole, map(torch.cat, zip(first, second, strict=True)))


@each_backend
def test_the_state_of_a_leaky_layer_is_its_last_membrane(backend):
    neuron, current, state = random_layer()
    run = scan(neuron, current, state, backend=backend, return_state=True)
    assert same(run[:2], scan(neuron, current, state, backend=backend))
    assert torch.equal(run[2], run[1][-1])


@each_backend
def test_without_a_state_the_membrane_starts_from_zero(backend):
    neuron, current, state = random_layer()
    _, membrane = scan(neuron, current, backend=backend)
    _, expected = scan(neuron, current, torch.zeros_like(state), backend=backend)
    assert torch.equal(membrane, expected)


@pytest.mark.parametrize("backend", ["auto", "reference"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_outputs_have_the_data_type_of_the_current(backend, dtype):
    neuron = snn.Leaky(beta=torch.rand(3), threshold=torch.rand(3)).to(dtype)
    for out in scan(neuron, torch.rand(4, 2, 3, dtype=dtype), backend=backend):
        assert out.dtype == dtype
