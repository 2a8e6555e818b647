"""Neuron, surrogate and axes in JavaScript against the package."""

import numpy as np
import pytest
import snntorch as snn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from node import javascript
from snntorch import surrogate

from spikereg import decoding, scan

RESETS = ["subtract", "zero", "none"]


# One neuron


@pytest.mark.parametrize("reset", RESETS)
def test_a_layer_has_the_same_bits_as_scan(reset):
    generator = torch.Generator().manual_seed(0)
    current = torch.randn(60, 1, 40, generator=generator)
    beta = torch.rand(40, generator=generator) * 1.4 - 0.2  # clamped to [0, 1]
    threshold = torch.rand(40, generator=generator)
    neuron = snn.Leaky(beta=beta, threshold=threshold, reset_mechanism=reset)
    spikes, membrane = scan(neuron, current)
    found = javascript(
        "leaky(floats(given.current), floats(given.beta), floats(given.threshold), "
        "given.reset, 40)",
        current=current.flatten().tolist(),
        beta=beta.tolist(),
        threshold=threshold.tolist(),
        reset=reset,
    )
    assert found["membrane"] == membrane.flatten().tolist()
    assert found["spikes"] == spikes.flatten().tolist()
    assert 0.05 < spikes.mean() < 0.6


@pytest.mark.parametrize("reset", RESETS)
def test_a_single_number_serves_all_neurons(reset):
    current = torch.linspace(0, 1, 30).view(10, 1, 3)
    neuron = snn.Leaky(beta=0.8, threshold=0.7, reset_mechanism=reset)
    spikes, membrane = scan(neuron, current)
    found = javascript(
        f"leaky(floats(given.current), floats([0.8]), floats([0.7]), '{reset}', 3)",
        current=current.flatten().tolist(),
    )
    assert found["membrane"] == membrane.flatten().tolist()
    assert found["spikes"] == spikes.flatten().tolist()


def test_a_spike_train_is_read_as_the_package_reads_it():
    trains = [[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 1], [0, 1, 1, 1]]
    for train in trains:
        spikes = torch.tensor(train).float()
        found = javascript(
            "decode({spikes: floats(given.train), membrane: floats([0, 0, 0, 0.5])})",
            train=train,
        )
        expected = {
            "count": decoding.spike_count(spikes).item(),
            "latency": decoding.latency(spikes).item(),
            "interval": decoding.interspike_interval(spikes).item(),
            "final": 0.5,
        }
        assert {k: float(v) for k, v in found.items()} == expected


def test_a_constant_current_without_reset_ends_in_the_steady_state():
    end = javascript(
        "[leaky(new Float32Array(400).fill(0.3), floats([0.9]), floats([9]), 'none')"
        ".membrane[399], steadyState(0.3, 0.9), steadyState(0.3, 1)]"
    )
    assert end[0] == pytest.approx(3, rel=1e-5)
    assert end[1] == pytest.approx(3)
    assert end[2] is None


def test_the_stimuli_are_what_their_names_say():
    step, ramp, sine, noise, again = (
        np.array(javascript(f"stimulus('{kind}', 0.5, 100)"))
        for kind in ("step", "ramp", "sine", "noise", "noise")
    )
    np.testing.assert_array_equal(step, [0] * 10 + [0.5] * 90)
    np.testing.assert_allclose(ramp, np.linspace(0, 0.5, 100), rtol=1e-6)
    time = np.arange(100)
    np.testing.assert_allclose(sine, 0.5 * np.sin(time * np.pi / 25), atol=1e-6)
    np.testing.assert_array_equal(noise, again)
    assert noise.min() >= 0
    assert noise.max() <= 0.5
    assert noise.mean() == pytest.approx(0.25, rel=0.1)
    assert noise.std() == pytest.approx(0.5 / 12**0.5, rel=0.15)


# Surrogates


@pytest.mark.parametrize("slope", [1, 5, 25])
@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("fast_sigmoid", lambda slope: surrogate.fast_sigmoid(slope=slope)),
        ("atan", lambda slope: surrogate.atan(alpha=slope)),
    ],
)
def test_a_surrogate_derivative_is_snntorchs_and_that_of_its_smooth_step(
    kind, make, slope
):
    x = torch.linspace(-2, 2, 81).double().requires_grad_()
    make(slope)(x).sum().backward()
    found = javascript(
        "given.x.map((x) => [derivative(given.kind, x, given.slope), "
        "(smooth(given.kind, x + 1e-6, given.slope) "
        "- smooth(given.kind, x - 1e-6, given.slope)) / 2e-6, heaviside(x)])",
        x=x.tolist(),
        kind=kind,
        slope=slope,
    )
    derivative, quotient, step = np.array(found).T
    np.testing.assert_allclose(derivative, x.grad.numpy(), rtol=1e-6)
    np.testing.assert_allclose(quotient, derivative, rtol=1e-3)
    np.testing.assert_array_equal(step, (x > 0).numpy())


@pytest.mark.parametrize("slope", [1, 25, 100])
@pytest.mark.parametrize("kind", ["fast_sigmoid", "atan"])
def test_at_its_reach_a_surrogate_has_fallen_to_the_share(kind, slope):
    share = javascript(
        "derivative(given.kind, reach(given.kind, given.slope, 0.05), given.slope) "
        "/ derivative(given.kind, 0, given.slope)",
        kind=kind,
        slope=slope,
    )
    assert share == pytest.approx(0.05)


# Axes


values = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))


@settings(max_examples=10)  # each starts Node
@given(st.lists(st.tuples(values, values), min_size=20))
@pytest.mark.parametrize(("count", "least"), [(2, 0.5), (4, 1), (8, 2)])
def test_axes_hold_their_values_and_are_round(count, least, pairs):
    ranges = [sorted(pair) for pair in pairs]
    found = javascript(
        "given.ranges.map(([low, high]) => bounds(low, high, given.least))"
        ".map(([low, high]) => [low, high, ticks(low, high, given.count)])",
        count=count,
        least=least,
        ranges=ranges,
    )
    for (low, high), (bottom, top, places) in zip(ranges, found, strict=True):
        assert bottom <= min(low, 0) + 1e-9 * abs(low)
        assert top >= max(high, 0) - 1e-9 * abs(high)
        assert bottom < top
        assert least <= top <= 2.5 * max(high, least) + 1e-9
        assert bottom >= (2.5 * min(low, -least / 5) if low < 0 else 0) - 1e-9
        assert 2 <= len(places) <= 1.25 * count + 1
        steps = np.diff(places)
        np.testing.assert_allclose(steps, steps[0], rtol=1e-6)
        assert min(places) >= bottom - 1e-9 * (top - bottom)
        assert max(places) <= top + 1e-9 * (top - bottom)
        digit = steps[0] / 10 ** np.floor(np.log10(steps[0] * 1.0001))
        assert min(abs(digit - round_) for round_ in (1, 2, 5)) < 1e-4


def test_axes_of_what_cannot_be_drawn_end():
    assert javascript("[bounds(NaN, NaN, 1), bounds(-Infinity, 3, 2)]") == [
        [0, 1],
        [0, 2],
    ]
    for low, high in (("NaN", 1), (0, "Infinity"), (1, 1), (2, 1)):
        assert javascript(f"ticks({low}, {high}, 4)") == []
    assert javascript("ticks(0, 1, 0)") == []


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ([], [-0.1, 1.1]),
        ([-0.25, 1.25], [-0.1, 1.1]),
        ([-0.4, 0.5], [-0.5, 1.1]),
        ([0.2, 1.4], [-0.1, 2]),
        ([-30, 70], [-50, 100]),
        ([None, 1], [-0.1, 1.1]),
    ],
)
def test_an_axis_has_room_for_an_output_far_away(output, expected):
    found = javascript("room(given.output.map((y) => y ?? NaN))", output=output)
    assert found == pytest.approx(expected)
