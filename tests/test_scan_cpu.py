"""The compiled loop against snnTorch's own, on random layers."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest
import snntorch as snn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from snntorch import surrogate
from test_scan import step_by_step

from spikereg import SpikingRegressor, scan
from spikereg.scan import kernels

ROOT = Path(__file__).parents[1]

SURROGATES = {
    "fast sigmoid": surrogate.fast_sigmoid(25),
    "shallow fast sigmoid": surrogate.fast_sigmoid(0.5),
    "atan": surrogate.atan(),
    "steep atan": surrogate.atan(5.0),
    "sigmoid": surrogate.sigmoid(5),
    "straight through": surrogate.straight_through_estimator(),
    "triangular": surrogate.triangular(),
    "heaviside": surrogate.heaviside(),
    "escape": surrogate.spike_rate_escape(),
    "nonlinear": surrogate.custom_surrogate(
        lambda above, gradient, spikes: gradient.tanh() / (1 + above.abs())
    ),
}

#: Distance allowed between a gradient and autograd's through snnTorch's loop, relative
#: to the largest entry of the gradient.  The terms are the same and only their order
#: differs, so the distance is the rounding of the sums: some hundred of the unit
#: roundoff (6e-8 and 1.1e-16) for the sizes drawn here.  In float64 snnTorch's
#: surrogates hand their gradient on in float32; the weights below are multiples of
#: 1/8, which float32 holds, but what a neuron sums up from them is not touched by it.
TOLERANCE = {torch.float32: 3e-5, torch.float64: 3e-13}


@st.composite
def layers(draw, dtypes=(torch.float32, torch.float64)):
    """Draw a neuron with its current and state."""
    dtype = draw(st.sampled_from(dtypes))
    T, B, N = (
        draw(st.integers(1, 40)),
        draw(st.integers(0, 5)),
        draw(st.integers(1, 37)),
    )
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=dtype)

    beta = 0.5 + 0.5 * normal(*draw(st.sampled_from([(), (1,), (N,)])))
    shapes = [(), (1,), (N,)] if dtype == torch.float32 else [(1,), (N,)]
    threshold = normal(*draw(st.sampled_from(shapes)))
    scale = draw(st.sampled_from([1.0, 1.0, 1e-3, 1e4]))
    current, state = scale * normal(T, B, N), scale * normal(B, N)
    if draw(st.booleans()):  # sums that meet the threshold exactly
        beta, threshold = (beta * 4).round() / 4, (threshold * 4).round() / 4
        current, state = (current * 4).round() / 4, (state * 4).round() / 4
    if draw(st.booleans()):
        current = current.transpose(0, 2).contiguous().transpose(0, 2)
    neuron = snn.Leaky(
        beta=beta,
        threshold=threshold,
        learn_beta=draw(st.booleans()),
        learn_threshold=draw(st.booleans()),
        spike_grad=SURROGATES[draw(st.sampled_from(sorted(SURROGATES)))],
        reset_mechanism=draw(st.sampled_from(["subtract", "zero", "none"])),
    )
    return (
        neuron,
        current.requires_grad_(draw(st.booleans())),
        state.requires_grad_(draw(st.booleans())),
    )


def same_bits(some, others):
    """Say whether two tensors are equal, signs of zeros and NaNs included."""
    kind = torch.int32 if some.dtype == torch.float32 else torch.int64
    some, others = some.detach(), others.detach()
    both_nan = some.isnan() & others.isnan()
    return bool(((some.view(kind) == others.view(kind)) | both_nan).all())


def gradients(outputs, layer, which):
    neuron, current, state = layer
    generator = torch.Generator().manual_seed(1)
    loss = torch.zeros(())
    for out, wanted in zip(outputs, which, strict=True):
        weights = torch.randint(-8, 9, out.shape, generator=generator) / 8
        if wanted:
            loss = loss + (weights.to(out) * out).sum()
    inputs = [
        x for x in (current, state, neuron.beta, neuron.threshold) if x.requires_grad
    ]
    if not loss.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    found = torch.autograd.grad(loss, inputs, allow_unused=True)
    return [
        torch.zeros_like(x) if g is None else g
        for x, g in zip(inputs, found, strict=True)
    ]


@settings(max_examples=400)
@given(layers())
def test_spikes_and_membranes_have_snntorchs_bits(layer):
    ours, theirs = scan(*layer, backend="cpu"), step_by_step(*layer)
    assert all(map(same_bits, ours, theirs))


@settings(max_examples=400)
@given(layers(), st.sampled_from([(True, True), (True, False), (False, True)]))
def test_gradients_are_autograds_through_snntorchs_loop(layer, which):
    ours = gradients(scan(*layer, backend="cpu"), layer, which)
    theirs = gradients(step_by_step(*layer), layer, which)
    assert len(ours) == len(theirs)
    for actual, expected in zip(ours, theirs, strict=True):
        assert actual.shape == expected.shape
        assert actual.dtype == expected.dtype
        if expected.numel():
            # snnTorch's sigmoid overflows to NaN far below the threshold.
            size = expected.nan_to_num().abs().max().item()
            atol = TOLERANCE[layer[1].dtype] * (size + 1)
            torch.testing.assert_close(
                actual, expected, rtol=0, atol=atol, equal_nan=True
            )


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan, 3e38, 1e-45])
@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_overflow_and_underflow_have_snntorchs_bits(reset, value):
    current = torch.full((6, 2, 3), value)
    current[3:] = -value
    neuron = snn.Leaky(beta=torch.tensor([0.9, 1.0, 1.5]), reset_mechanism=reset)
    state = torch.zeros(2, 3)
    ours = scan(neuron, current, state, backend="cpu")
    assert all(map(same_bits, ours, step_by_step(neuron, current, state)))


@pytest.mark.parametrize("width", [1, 70])
def test_a_batch_wider_than_a_tile_has_snntorchs_bits(width):
    generator = torch.Generator().manual_seed(0)
    neuron = snn.Leaky(
        beta=torch.rand(width, generator=generator),
        threshold=torch.rand(width, generator=generator),
        learn_beta=True,
        learn_threshold=True,
    )
    batch = 2 * kernels.TILE // width + 3
    current = torch.rand(5, batch, width, generator=generator, requires_grad=True)
    state = torch.rand(batch, width, generator=generator, requires_grad=True)
    layer = neuron, current, state
    ours, theirs = scan(*layer, backend="cpu"), step_by_step(*layer)
    assert all(map(same_bits, ours, theirs))
    pairs = zip(
        gradients(ours, layer, (True, True)),
        gradients(theirs, layer, (True, True)),
        strict=True,
    )
    for actual, expected in pairs:
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4)


# A wrong kernel is seen


def resets_early(reset, state, *rest):
    return kernels.forward(reset, state + 10, *rest)


def fires_at_the_threshold(reset, state, beta, threshold, *rest):
    return kernels.forward(reset, state, beta, threshold - 2**-20, *rest)


@pytest.mark.parametrize("wrong", [resets_early, fires_at_the_threshold])
def test_a_wrong_kernel_is_seen(wrong, monkeypatch):
    neuron, current = snn.Leaky(beta=0.5, threshold=0.75), torch.full((4, 1, 3), 0.5)
    state = torch.zeros(1, 3)
    theirs = step_by_step(neuron, current, state)
    assert all(map(same_bits, scan(neuron, current, state), theirs))

    class Wrong:
        FAST_SIGMOID, ATAN, GIVEN = kernels.FAST_SIGMOID, kernels.ATAN, kernels.GIVEN
        forward, backward = staticmethod(wrong), kernels.backward

    monkeypatch.setattr(sys.modules["spikereg.scan.cpu"], "kernels", Wrong)
    assert not all(map(same_bits, scan(neuron, current, state), theirs))


# What it must survive


def test_a_second_derivative_is_refused():
    current = torch.rand(5, 1, 2, requires_grad=True)
    out = scan(snn.Leaky(beta=0.5), current, backend="cpu")[1].square().sum()
    (slope,) = torch.autograd.grad(out, current, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


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


def test_neither_the_current_nor_the_gradient_from_outside_is_changed():
    current = torch.rand(20, 3, 4, requires_grad=True)
    before = current.detach().clone()
    outputs = scan(snn.Leaky(beta=0.5), current, backend="cpu")
    from_outside = torch.ones(20, 3, 4), torch.ones(20, 3, 4)
    torch.autograd.grad(outputs, current, from_outside)
    assert torch.equal(current, before)
    assert all(torch.equal(each, torch.ones(20, 3, 4)) for each in from_outside)


def test_without_gradients_nothing_is_kept():
    with torch.no_grad():
        spikes, membrane = scan(snn.Leaky(beta=0.5), torch.rand(5, 2, 3), backend="cpu")
    assert not spikes.requires_grad
    assert not membrane.requires_grad


IN_ANOTHER_PROCESS = """
import os, sys, torch, snntorch as snn
from spikereg import SpikingRegressor, _compiled, scan
# Only ours: PyTorch's own threads, once started, do not survive a fork.
torch.set_num_threads(1)
_compiled.torch.get_num_threads = lambda: 3
_compiled._SMALLEST_TASK = 100_000
neuron, model = snn.Leaky(beta=0.9), SpikingRegressor(65, seed=0)
generator = torch.Generator().manual_seed(0)
current = torch.rand(100, 37, 101, generator=generator).requires_grad_()
features = torch.rand(100, 80, 1, generator=generator)
def run():
    spikes, membrane = scan(neuron, current, backend="cpu")
    (gradient,) = torch.autograd.grad(spikes.sum() + membrane.sum(), current)
    output = model(features)
    weights = [model.fc_in.weight, model.fc_hidden.weight, model.lif_in.beta]
    return spikes, membrane, gradient, output, *torch.autograd.grad(
        output.square().sum(), weights
    )
many = run()
assert _compiled._pool.cache_info().currsize == 1, "no threads were used"
_compiled.torch.get_num_threads = lambda: 1
same = lambda: all(torch.equal(a, b) for a, b in zip(run(), many))
assert same(), "the number of threads changes the result"
_compiled.torch.get_num_threads = lambda: 3
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os._exit(0 if same() else 1)
"""


def run_in_another_process(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_threads_do_not_change_the_result_and_a_fork_after_first_use_works():
    done = run_in_another_process(IN_ANOTHER_PROCESS, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr


WITHOUT_A_CACHE = """
import numba.core.caching as caching
for locator in caching.CacheImpl._locator_classes:
    locator.from_function = classmethod(lambda *_: None)
import torch, snntorch as snn
from spikereg import scan
print(scan(snn.Leaky(beta=0.5), torch.ones(3, 1, 1), backend="cpu")[0].sum().item())
"""


def test_an_install_that_nobody_can_write_to_works():
    done = run_in_another_process(WITHOUT_A_CACHE, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1.0\n"
