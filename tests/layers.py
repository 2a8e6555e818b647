"""Layers of every kind of neuron, drawn at random, with current and state."""

import math
from contextlib import contextmanager
from typing import Any, NamedTuple

import jaxtyping
import snntorch as snn
import torch
from hypothesis import strategies as st
from snntorch import surrogate

from spikereg import AdaptiveLeaky, PlasticPair, Resonator, SpikingLSTM
from spikereg.neurons import kind_of

RESETS = ["subtract", "zero", "none"]
DTYPES = (torch.float32, torch.float64)


def precise(slope):
    """Make a spike with the given slope that keeps the data type of the membrane."""

    class Fires(torch.autograd.Function):
        @staticmethod
        def forward(ctx, above):
            ctx.save_for_backward(above)
            return (above > 0).to(above)

        @staticmethod
        def backward(ctx, gradient):
            return gradient * slope(*ctx.saved_tensors)

    return Fires.apply


def fast_sigmoid(k):
    return surrogate.fast_sigmoid(k), precise(lambda x: (1 + k * x.abs()) ** -2)


#: snnTorch's surrogates; for those that the walk computes itself, the equation again.
SURROGATES = {
    "fast sigmoid": fast_sigmoid(25),
    "shallow fast sigmoid": fast_sigmoid(0.5),
    "atan": (surrogate.atan(), precise(lambda x: 1 / (1 + (math.pi * x) ** 2))),
    "steep atan": (surrogate.atan(5.0), None),
    "sigmoid": (surrogate.sigmoid(5), None),
    "straight through": (surrogate.straight_through_estimator(), None),
    "triangular": (surrogate.triangular(), None),
    "heaviside": (surrogate.heaviside(), None),
    "escape": (surrogate.spike_rate_escape(), None),
}
_PRECISE = {spike: again for spike, again in SURROGATES.values() if again}


class Layer(NamedTuple):
    neuron: Any
    current: Any
    state: Any  # a tuple, or None

    @property
    def arguments(self):
        """What scan takes."""
        state = self.state
        if state is not None and len(state) == 1:
            (state,) = state
        return self.neuron, self.current, state

    @property
    def inputs(self):
        """All that wants a gradient."""
        tensors = [self.current, *(self.state or ()), *numbers(self.neuron).values()]
        return [each for each in tensors if each.requires_grad]


def numbers(neuron):
    """All that a neuron computes with, by name."""
    tensors = {**dict(neuron.named_parameters()), **dict(neuron.named_buffers())}
    other = {"mem", "spk", "graded_spikes_factor", "reset_mechanism_val"}
    return {name: each for name, each in tensors.items() if name not in other}


# One function a kind makes a neuron, whose numbers are then drawn.


def leaky(draw, width, dtype, **options):
    return snn.Leaky(
        beta=torch.empty(draw(_shapes(width)), dtype=dtype),
        threshold=torch.empty(draw(_shapes(width, dtype)), dtype=dtype),
        reset_mechanism=draw(st.sampled_from(RESETS)),
        **options,
    )


def recurrent(draw, width, dtype, **options):
    if draw(st.booleans()):
        options["linear_features"] = width
    else:
        options["all_to_all"] = False
        options["V"] = torch.empty(draw(_shapes(width)), dtype=dtype)
    neuron = snn.RLeaky(
        beta=torch.empty(draw(_shapes(width)), dtype=dtype),
        threshold=torch.empty(draw(_shapes(width, dtype)), dtype=dtype),
        reset_mechanism=draw(st.sampled_from(RESETS)),
        learn_recurrent=draw(st.booleans()),
        **options,
    )
    neuron.recurrent.to(dtype)
    return neuron


def adaptive(draw, width, dtype, **options):
    options |= {
        "recurrent": draw(st.booleans()),
        "scale": draw(st.sampled_from([1.0, 120.0])),
    }
    return AdaptiveLeaky(width, **options).to(dtype)


def resonator(draw, width, dtype, **options):
    options |= {
        "recurrent": draw(st.booleans()),
        "reset_mechanism": draw(st.sampled_from(["subtract", "none"])),
    }
    return Resonator(width, **options).to(dtype)


def lstm(draw, width, dtype, **options):
    options |= {
        "feedback": draw(st.sampled_from(["membrane", "spikes"])),
        "reset_mechanism": draw(st.sampled_from(RESETS)),
    }
    return SpikingLSTM(width, **options).to(dtype)


def plastic(draw, width, dtype, **options):
    return PlasticPair(width, **options).to(dtype)


MAKERS = {
    snn.Leaky: leaky,
    snn.RLeaky: recurrent,
    AdaptiveLeaky: adaptive,
    Resonator: resonator,
    SpikingLSTM: lstm,
    PlasticPair: plastic,
}


def _shapes(width, dtype=torch.float32):
    # snnTorch rounds a float64 threshold without axes to float32.
    return st.sampled_from([*([()] if dtype == torch.float32 else []), (1,), (width,)])


@st.composite
def layers(draw, kind, *, dtypes=DTYPES, steps=(1, 12), smooth=None):
    """Draw a neuron of a kind, with current and state.

    With ``smooth``, a spike that has a slope, nothing is at the end of its range.
    """
    dtype, spike = draw(st.sampled_from(dtypes)), smooth
    if smooth is None:
        spike, _ = SURROGATES[draw(st.sampled_from(sorted(SURROGATES)))]
    T, B, N = (
        draw(st.integers(*steps)),
        draw(st.integers(0, 4)),
        draw(st.integers(1, 9)),
    )
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    coarse = not smooth and draw(st.booleans())  # membranes meet thresholds exactly

    def normal(*shape, mean=0.0, scale=1.0):
        value = torch.randn(shape, generator=generator, dtype=dtype) * scale + mean
        return (value * 4).round() / 4 if coarse else value

    with unchecked():
        neuron = MAKERS[kind](draw, N, dtype, spike_grad=spike)
    neuron.spike_grad = spike  # itself, which _PRECISE knows, not one made again
    bounds = kind_of(neuron).RANGES
    for name, value in numbers(neuron).items():
        mean, scale = 0.0, 1.0
        if name in bounds:  # a third of them is outside, and clamped
            low, high = bounds[name]
            mean, scale = (low + high) / 2, (high - low) / 2
        elif name != "threshold":
            scale = N**-0.5
        value.data.copy_(normal(*value.shape, mean=mean, scale=scale))
        value.requires_grad_(draw(st.booleans()))
    scale = 1.0 if smooth else draw(st.sampled_from([1.0, 1.0, 1.0, 1e-3, 1e4]))
    current = normal(T, B, kind_of(neuron).GATES * N, scale=scale)
    if draw(st.booleans()):
        current = current.transpose(0, 2).contiguous().transpose(0, 2)
    state = None
    if draw(st.booleans()):
        state = tuple(
            normal(B, N, scale=scale).requires_grad_(draw(st.booleans()))
            for _ in kind_of(neuron).STATES
        )
    return Layer(neuron, current.requires_grad_(draw(st.booleans())), state)


@contextmanager
def unchecked():
    """Leave shapes unchecked: the checks draw random numbers, which Hypothesis sees."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)


@contextmanager
def spikes_in_double(neuron, backend):
    """Let a neuron in float64 fire in float64, as snnTorch's surrogates do not.

    By them what comes back is rounded to float32, and an ``RLeaky`` cannot be stepped.
    The compiled walk rounds it only in the spikes of the state that it starts from.
    """
    spike, before = neuron.spike_grad, dict(vars(neuron))
    if neuron.threshold.dtype == torch.float64:
        in_double = _PRECISE.get(spike, lambda above: spike(above).to(above))
        if backend == "reference":
            neuron.spike_grad = in_double
        else:
            neuron.spikes = lambda membrane: in_double(membrane - neuron.threshold)
    try:
        yield
    finally:
        vars(neuron).clear()
        vars(neuron).update(before)


def wide(kind, width):
    """Make a layer of a kind, as it begins by itself, in which some neurons fire."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if kind in (snn.Leaky, snn.RLeaky):
            options = {"linear_features": width} if kind is snn.RLeaky else {}
            return kind(
                beta=torch.rand(width),
                threshold=torch.rand(width),
                learn_beta=True,
                learn_threshold=True,
                **options,
            )
        if kind is PlasticPair:
            numbers = {"threshold": torch.rand(width), "hardening": torch.rand(width)}
            return kind(width, **numbers)
        options = {} if kind is SpikingLSTM else {"recurrent": True}
        return kind(width, **options, seed=0)


def step_by_step(neuron, current, state):
    """Step a neuron of snnTorch's as its users do."""
    all_spikes, all_membranes = [], []
    state = state if isinstance(state, tuple) else (state,)
    for step in current:
        spikes, membrane = neuron(step, *state)
        state = (spikes, membrane)[-len(state) :]
        all_spikes.append(spikes)
        all_membranes.append(membrane)
    return torch.stack(all_spikes).to(current.dtype), torch.stack(all_membranes)


def same_bits(some, others):
    """Say whether two tensors are equal, signs of zeros and NaNs included."""
    kind = torch.int32 if some.dtype == torch.float32 else torch.int64
    some, others = some.detach().contiguous(), others.detach().contiguous()
    both_nan = some.isnan() & others.isnan()
    return some.shape == others.shape and bool(
        ((some.view(kind) == others.view(kind)) | both_nan).all()
    )


def gradients(outputs, inputs):
    """Differentiate a sum of the outputs with weights that float32 holds exactly."""
    generator = torch.Generator().manual_seed(1)
    loss = torch.zeros(())
    for out in outputs:
        weights = torch.randint(-8, 9, out.shape, generator=generator) / 8
        loss = loss + (weights.to(out) * out).sum()
    if not loss.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    found = torch.autograd.grad(loss, inputs, allow_unused=True)
    return [
        torch.zeros_like(x) if g is None else g
        for x, g in zip(inputs, found, strict=True)
    ]


def random_layer(reset="subtract", dtype=torch.float32, spike_grad=None, seed=0):
    """Make a neuron with some β outside [0, 1], and the current and state for it."""
    generator = torch.Generator().manual_seed(seed)
    neuron = snn.Leaky(
        beta=torch.tensor([-0.25, 0.0, 0.7, 1.0, 1.25], dtype=dtype),
        threshold=torch.rand(5, generator=generator, dtype=dtype),
        learn_beta=True,
        learn_threshold=True,
        reset_mechanism=reset,
        spike_grad=spike_grad,
    )
    current = torch.randn(30, 4, 5, generator=generator, dtype=dtype)
    state = torch.randn(4, 5, generator=generator, dtype=dtype)
    return neuron, current.requires_grad_(), state.requires_grad_()


def same(some, others):
    """Say whether two rows of tensors are equal to the last bit."""
    return all(torch.equal(a, b) for a, b in zip(some, others, strict=True))
