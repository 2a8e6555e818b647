"""The networks in the built pages, compared with the package."""

import base64
import re

import numpy as np
import pytest
import torch
from browser import LIVE, opened
from explorer import Explorer, assert_curve, states
from playwright.sync_api import expect

from spikereg import RegressionDataset, SpikingRegressor, metrics

FACTORS = [
    ("β, layer 1", "lif_in", "beta"),
    ("β, layer 2", "lif_hidden", "beta"),
    ("β, readout", "li_out", "beta"),
    ("θ, layer 1", "lif_in", "threshold"),
    ("θ, layer 2", "lif_hidden", "threshold"),
]


def drawn_weights(name):
    """Read the network out of a page, as the page itself does."""
    (widget,) = [w for w in states(name) if "_layers" in w["state"]]
    (buffer,) = widget["buffers"]
    numbers = np.frombuffer(base64.b64decode(buffer["data"]), "<f4")
    model = SpikingRegressor(128)
    tensors = []
    for layer in ("in", "hidden", "out"):
        linear = getattr(model, f"fc_{layer}")
        neuron = model.li_out if layer == "out" else getattr(model, f"lif_{layer}")
        tensors += [linear.weight, linear.bias, neuron.beta, neuron.threshold]
    parts = np.split(numbers, np.cumsum([t.numel() or 1 for t in tensors]))
    with torch.no_grad():
        for tensor, part in zip(tensors, parts, strict=False):
            tensor.copy_(torch.tensor(part.reshape(tensor.shape)))
    assert parts[-1].size == 0
    return model


def assert_network(explorer, model, dataset, values):
    """Compare all that is drawn, until a membrane comes too near to its threshold."""
    changed = SpikingRegressor(128)
    changed.load_state_dict(model.state_dict())
    with torch.no_grad():
        for label, layer, name in FACTORS:
            value = getattr(getattr(changed, layer), name)
            value.mul_(values[label])
            if name == "beta":
                value.clamp_(0, 1)
        end = values["ramp ends at"]
        x = (torch.linspace(0, 1, 50) * end).view(50, 1, 1)
        target = x if dataset.mode == "linear" else (dataset.slope * x).sqrt()
        trace = changed.trace(x)
    sure = 50
    for name in trace.spikes:
        gap = (trace.membrane[name] - getattr(changed, name).threshold).abs()
        near = (gap < 1e-4).any(dim=2).flatten().nonzero()
        sure = min(sure, int(near[0]) if len(near) else 50)
    assert sure > 0
    top = "membrane potential: output and target"
    assert_curve(explorer, top, ".curve.current", x)
    assert_curve(explorer, top, ".curve.target", target)
    _, y, (_, pixel) = explorer.points(top, ".curve.membrane")
    expected = trace.prediction.flatten()[:sure]
    np.testing.assert_allclose(y[:sure], expected, atol=pixel / 2)
    panels = [
        f"layer {n + 1} ({x}): spikes by neuron" for n, x in enumerate(trace.spikes)
    ]
    for panel, spikes in zip(panels, trace.spikes.values(), strict=True):
        t, n, _ = explorer.points(panel, ".raster")
        # A tick begins at the upper edge of its neuron's row.
        drawn = {(round(t), round(n - 1)) for t, n in zip(t, n, strict=True)}
        steps, _, neurons = spikes[:sure].nonzero().T.tolist()
        expected = set(zip(steps, neurons, strict=True))
        assert {(t, n) for t, n in drawn if t < sure} == expected
        # A bar is as long as its neuron has ticks, whether or not a spike flipped.
        bars = explorer.path(panel, ".bars")
        start = float(re.match(r"M([\d.]+),", bars)[1])
        ends = np.array(re.findall(r"H([\d.]+)V", bars), float)
        counts = np.bincount([n for _, n in drawn], minlength=128)
        np.testing.assert_allclose(ends - start, 44 * counts / 50, atol=0.02)
    if sure == 50:
        error = metrics.relative_error(trace.prediction, target).item()
        shown = float(explorer.reading("relative error").rstrip(" %"))
        assert shown == pytest.approx(100 * error, abs=0.051)
        for number, spikes in enumerate(trace.spikes.values(), start=1):
            shown = float(explorer.reading(f"rate of layer {number}").rstrip(" %"))
            assert shown == pytest.approx(100 * spikes.mean().item(), abs=0.051)


def read_values(explorer):
    labels = [label for label, _, _ in FACTORS]
    return {label: explorer.value(label) for label in [*labels, "ramp ends at"]}


NETWORKS = [name for name in LIVE if any("_layers" in w["state"] for w in states(name))]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_in_the_page_is_the_packages(browser, unzipped, name):
    model, dataset = drawn_weights(name), RegressionDataset(seed=0)
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        explorer = Explorer(page, "The network")
        end = dataset.features[-1].item()
        start = {**read_values(explorer), "ramp ends at": end}
        assert explorer.value("ramp ends at") == pytest.approx(end, abs=0.005)
        assert_network(explorer, model, dataset, start)
        values = dict(start)
        for label, share in zip(values, (0.3, 0.7, 0.9, 0.2, 0.45, 0.5), strict=True):
            values[label] = explorer.drag(label, share)
            assert_network(explorer, model, dataset, values)
        for label in values:
            explorer.press(label, "ArrowRight", 3)
        assert_network(explorer, model, dataset, read_values(explorer))
        explorer.start_again()
        assert explorer.value("β, layer 1") == 1
        assert_network(explorer, model, dataset, start)
        assert faults == []


def test_the_untrained_network_of_chapter_3_is_the_one_of_seed_0():
    (name,) = [name for name in NETWORKS if "03_model" in name]
    model, expected = drawn_weights(name), SpikingRegressor(seed=0)
    for key, value in expected.state_dict().items():
        assert torch.equal(model.state_dict()[key], value), key


def test_decays_are_cut_to_1(browser, unzipped):
    with opened(browser, f"{unzipped}/{NETWORKS[0]}") as (page, _):
        explorer = Explorer(page, "The network")
        for label in ("β, layer 1", "β, layer 2", "β, readout"):
            assert explorer.press(label, "End") == 2
        values = read_values(explorer)
        model = drawn_weights(NETWORKS[0])
        assert (model.lif_in.beta > 0.5).any()
        values["ramp ends at"] = RegressionDataset(seed=0).features[-1].item()
        assert_network(explorer, model, RegressionDataset(seed=0), values)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_summary_says_what_the_readings_say(browser, unzipped, name):
    with opened(browser, f"{unzipped}/{name}") as (page, _):
        explorer = Explorer(page, "The network")
        explorer.drag("θ, layer 1", 0.5)
        error = explorer.reading("relative error")
        first, second = (explorer.reading(f"rate of layer {n}") for n in (1, 2))
        expect(explorer.root.get_by_role("status")).to_have_text(
            f"Relative error {error}. Layer 1 fires in {first} of the steps, "
            f"layer 2 in {second}."
        )
