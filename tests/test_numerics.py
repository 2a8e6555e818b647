"""The explorers' JavaScript against spikereg: one truth in two languages."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import snntorch as snn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from snntorch import surrogate

from spikereg import RegressionDataset, SpikingRegressor, decoding, metrics, scan
from spikereg.widgets import NetworkExplorer
from spikereg.widgets._source import FOLDER, joined

ROOT = Path(__file__).parent.parent
RESETS = ["subtract", "zero", "none"]

NODE = shutil.which("node") or Path(sys.executable).with_name("node")
# All of the explorers' functions, joined as a page gets them.
SOURCE = joined("network.js").replace("export default", "const explorer =") + joined(
    "numerics/surrogate.js"
)


def javascript(expression, **values):
    """Evaluate an expression of the explorers' functions in Node."""
    program = "\n".join(
        [
            SOURCE,
            f"const given = {json.dumps(values)};",
            "const floats = (values) => Float32Array.from(values);",
            f"const found = {expression};",
            "const plain = (_, v) => v instanceof Float32Array ? Array.from(v)",
            "  : v === Infinity ? 'Infinity' : v;",
            "console.log(JSON.stringify(found, plain));",
        ]
    )
    ended = subprocess.run(
        [NODE, "--input-type=module"],
        input=program,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


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


# Networks


def described(model):
    return [
        {
            "weight": linear.weight.T.flatten().tolist(),
            "bias": linear.bias.tolist(),
            "beta": neuron.beta.tolist(),
            "threshold": torch.as_tensor(neuron.threshold).flatten().tolist(),
            "reset": neuron.reset_mechanism,
        }
        for linear, neuron in (
            (model.fc_in, model.lif_in),
            (model.fc_hidden, model.lif_hidden),
            (model.fc_out, model.li_out),
        )
    ]


LAYERS = (
    "given.layers.map((layer) => ({...layer, weight: floats(layer.weight), "
    "bias: floats(layer.bias), beta: floats(layer.beta), "
    "threshold: floats(layer.threshold)}))"
)


def run(model, features, change="layers"):
    found = javascript(
        f"((layers) => run({change}, floats(given.features), given.features.length))"
        f"({LAYERS})",
        layers=described(model),
        features=features.flatten().tolist(),
    )
    return [
        {
            name: torch.tensor(values).view(len(features), -1)
            for name, values in layer.items()
        }
        for layer in found
    ]


def test_a_network_of_dyadic_numbers_has_the_same_bits():
    model = SpikingRegressor(48, seed=0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_((parameter * 64).round() / 64)
        for neuron in (model.lif_in, model.lif_hidden):
            neuron.threshold.copy_((neuron.threshold * 64).round() / 64)
    features = (torch.linspace(0, 1, 50) * 64).round().view(50, 1, 1) / 64
    trace = model.trace(features)
    for layer, name in zip(
        run(model, features), ("lif_in", "lif_hidden", "li_out"), strict=True
    ):
        assert torch.equal(layer["membrane"], trace.membrane[name][:, 0])
        if name in trace.spikes:
            assert torch.equal(layer["spikes"], trace.spikes[name][:, 0])
            assert layer["spikes"].any()


@pytest.mark.parametrize("seed", range(5))
def test_any_network_agrees_until_a_membrane_comes_near_its_threshold(seed):
    model = SpikingRegressor(128, seed=seed)
    features = RegressionDataset(seed=seed).features
    trace = model.trace(features)
    found = run(model, features)
    near = [
        (trace.membrane[name][:, 0] - neuron.threshold).abs().amin(dim=1) < 1e-4
        for name, neuron in (("lif_in", model.lif_in), ("lif_hidden", model.lif_hidden))
    ]
    close = torch.stack(near).any(dim=0)
    until = int(close.int().argmax()) if close.any() else len(close)
    for layer, name in zip(found, ("lif_in", "lif_hidden", "li_out"), strict=True):
        torch.testing.assert_close(
            layer["membrane"][:until],
            trace.membrane[name][:until, 0].detach(),
            atol=1e-5,
            rtol=1e-5,
        )


def test_factors_scale_decays_within_their_range_and_thresholds():
    model = SpikingRegressor(16, seed=0)
    features = RegressionDataset(seed=0).features
    found = run(model, features, "scaled(layers, [1.5, 0.5, 1], [0.5, 2, 1])")
    with torch.no_grad():
        for neuron, decay, threshold in (
            (model.lif_in, 1.5, 0.5),
            (model.lif_hidden, 0.5, 2),
        ):
            neuron.beta.mul_(decay).clamp_(0, 1)
            neuron.threshold.mul_(threshold)
    for layer, other in zip(found, run(model, features), strict=True):
        assert torch.equal(layer["membrane"], other["membrane"])


def test_the_relative_error_is_the_packages():
    prediction, target = torch.rand(
        2, 9, 1, 1, generator=torch.Generator().manual_seed(0)
    )
    found = javascript(
        "relativeError(given.prediction, given.target)",
        prediction=prediction.flatten().tolist(),
        target=target.flatten().tolist(),
    )
    expected = metrics.relative_error(prediction, target).item()
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_firing_rates_are_the_packages():
    trace = SpikingRegressor(16, seed=0).trace(RegressionDataset(seed=0).features)
    spikes = trace.spikes["lif_in"][:, 0]
    found = javascript(
        "rates(floats(given.spikes), 16)", spikes=spikes.flatten().tolist()
    )
    np.testing.assert_allclose(found, spikes.detach().mean(dim=0), rtol=1e-6)


@pytest.mark.parametrize(("mode", "slope"), [("linear", None), ("sqrt", 0.3)])
@pytest.mark.parametrize("steps", [2, 50, 333])
def test_ramp_and_curve_are_the_data_sets(mode, slope, steps):
    dataset = RegressionDataset(steps, mode=mode, slope=slope, seed=1)
    ramp, label = javascript(
        "[curve('linear', null, given.end, given.steps), "
        "curve(given.mode, given.slope, given.end, given.steps)]",
        mode=mode,
        slope=slope,
        end=dataset.features[-1].item(),
        steps=steps,
    )
    np.testing.assert_allclose(ramp, dataset.features.flatten(), rtol=1e-6)
    np.testing.assert_allclose(label, dataset.labels.flatten(), rtol=1e-6)


def test_layers_are_read_as_they_were_written():
    model = SpikingRegressor(8, seed=0)
    explorer = NetworkExplorer(model, RegressionDataset(seed=0))
    found = javascript(
        "unpack(new DataView(Uint8Array.from(given.bytes).buffer), given.layers)",
        bytes=list(explorer._numbers),
        layers=explorer._layers,
    )
    assert found == described(model)


# Surrogates again: how far they reach


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


# Values that another widget has set


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.3, 0.3), (7, 1), (-7, 0), ("0.4", 0.4), ("no", 0.9), (None, 0)],
)
def test_a_value_out_of_range_is_brought_back(value, expected):
    control = {"min": 0, "max": 1, "value": 0.9}
    assert javascript("within(given.control, given.value)", **locals()) == expected


def test_an_unknown_word_becomes_the_first_one_shown():
    control = {"words": ["step", "ramp"], "value": "ramp"}
    assert javascript("within(given.control, 'cliff')", control=control) == "ramp"
    assert javascript("within(given.control, 'step')", control=control) == "step"


# The files


def test_the_types_of_the_javascript_hold():
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [NODE, compiler, "--project", ROOT / "jsconfig.json"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_scripts_and_styles_have_one_format():
    prettier = ROOT / "node_modules" / "prettier" / "bin" / "prettier.cjs"
    files = [
        *ROOT.glob("spikereg/widgets/**/*.js"),
        *ROOT.glob("spikereg/widgets/*.css"),
        *ROOT.glob("book/_static/*"),
        *ROOT.glob("tests/*.js"),
    ]
    assert len(files) > 10
    done = subprocess.run(
        [NODE, prettier, "--check", *files], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_numerics_draw_nothing():
    for path in (FOLDER / "numerics").glob("*.js"):
        code = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.S)
        assert "export function" in code
        assert not re.search(r"\b(document|window|navigator|fetch)\b", code), path
