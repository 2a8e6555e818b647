"""The networks in built pages, compared with the package."""

import base64
import re

import ipywidgets
import numpy as np
import pytest
import torch
from browser import LIVE, opened
from explorer import Explorer, assert_curve, own_page, states
from playwright.sync_api import expect

from spikereg import RegressionDataset, SpikingRegressor, metrics
from spikereg.widgets import NetworkExplorer

FACTORS = [
    ("β, layer 1", "lif_in", "beta"),
    ("β, layer 2", "lif_hidden", "beta"),
    ("β, readout", "li_out", "beta"),
    ("θ, layer 1", "lif_in", "threshold"),
    ("θ, layer 2", "lif_hidden", "threshold"),
]
LAYERS = ("lif_in", "lif_hidden")


def is_network(state):
    # An explorer of energies has networks too, but no layers; one of rates no names.
    return {"_networks", "_layers"} <= state.keys()


def drawn_weights(name):
    """Read the networks out of a page, as the page itself does, by their names."""
    (widget,) = [w for w in states(name) if is_network(w["state"])]
    (buffer,) = widget["buffers"]
    numbers = np.frombuffer(base64.b64decode(buffer["data"]), "<f4")
    shapes = widget["state"]["_layers"]
    models = [SpikingRegressor(layer["width"]) for layer in shapes[::3]]
    tensors = []
    for model in models:
        for linear, neuron in model.layers():
            tensors += [linear.weight, linear.bias, neuron.beta, neuron.threshold]
    parts = np.split(numbers, np.cumsum([t.numel() or 1 for t in tensors]))
    with torch.no_grad():
        for tensor, part in zip(tensors, parts, strict=False):
            tensor.copy_(torch.tensor(part.reshape(tensor.shape)))
    assert parts[-1].size == 0
    return dict(zip(widget["state"]["_networks"] or [""], models, strict=True))


def shown(page, models):
    return Explorer(page, "The network" if "" in models else "Two networks")


def changed(model, values):
    """Return a copy of a network, with all factors applied."""
    copy = SpikingRegressor(model.fc_in.out_features)
    copy.load_state_dict(model.state_dict())
    with torch.no_grad():
        for label, layer, name in FACTORS:
            value = getattr(getattr(copy, layer), name)
            value.mul_(values[label])
            if name == "beta":
                value.clamp_(0, 1)
    return copy


def assert_networks(explorer, models, dataset, values):
    """Compare all that is drawn, until a membrane comes too near to its threshold."""
    steps = dataset.features.shape[0]
    x = (torch.linspace(0, 1, steps) * values["ramp ends at"]).view(steps, 1, 1)
    target = x if dataset.mode == "linear" else (dataset.slope * x).sqrt()
    columns = torch.stack([x.flatten(), torch.ones(steps)], dim=1)
    best = torch.linalg.lstsq(columns, target.flatten()).solution
    error = metrics.relative_error((columns @ best).view(steps, 1, 1), target)
    line = percent(explorer.reading("norm error, straight line"))
    assert line == pytest.approx(100 * error.item(), abs=0.051)
    for name, model in models.items():
        assert_network(explorer, name, changed(model, values), x, target)


def assert_network(explorer, name, model, x, target):
    with torch.no_grad():
        trace = model.trace(x)
    sure = len(x)
    for layer in trace.spikes:
        gap = (trace.membrane[layer] - getattr(model, layer).threshold).abs()
        near = (gap < 1e-4).any(dim=2).flatten().nonzero()
        sure = min(sure, int(near[0]) if len(near) else sure)
    assert sure > 0
    top = (
        f"{name}: output membrane" if name else "membrane potential: output and target"
    )
    assert_curve(explorer, top, ".curve.current", x)
    assert_curve(explorer, top, ".curve.target", target)
    _, y, (_, pixel) = explorer.points(top, ".curve.membrane")
    expected = trace.prediction.flatten()[:sure]
    np.testing.assert_allclose(y[:sure], expected, atol=pixel / 2)
    for number, (layer, spikes) in enumerate(trace.spikes.items(), start=1):
        panel = f"layer {number} ({layer}): spikes by neuron"
        if name:
            panel = f"{name}: spikes of layer {number}"
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
        counts = np.bincount([n for _, n in drawn], minlength=spikes.shape[2])
        np.testing.assert_allclose(ends - start, 44 * counts / len(x), atol=0.02)
    if sure == len(x):
        error = metrics.relative_error(trace.prediction, target).item()
        label = f"norm error, {name}" if name else "norm error"
        assert percent(explorer.reading(label)) == pytest.approx(100 * error, abs=0.051)
        for number, spikes in enumerate(trace.spikes.values(), start=1):
            if name:
                continue
            rate = percent(explorer.reading(f"rate of layer {number}"))
            assert rate == pytest.approx(100 * spikes.mean().item(), abs=0.051)


def percent(text):
    return float(text.rstrip(" %"))


def read_values(explorer):
    labels = [label for label, _, _ in FACTORS]
    return {label: explorer.value(label) for label in [*labels, "ramp ends at"]}


def move_everything(explorer, models, dataset):
    """Drag and press every slider; compare after each movement."""
    end = dataset.features[-1].item()
    start = {**read_values(explorer), "ramp ends at": end}
    assert explorer.value("ramp ends at") == pytest.approx(end, abs=0.005)
    assert_networks(explorer, models, dataset, start)
    for label, share in zip(start, (0.3, 0.7, 0.9, 0.2, 0.45, 0.5), strict=True):
        moved = explorer.drag(label, share)
        # A page may tie sliders together, so that others have moved too.
        values = read_values(explorer)
        assert values[label] == moved
        if label != "ramp ends at":
            values["ramp ends at"] = end
        assert_networks(explorer, models, dataset, values)
    for label in start:
        explorer.press(label, "ArrowRight", 3)
    assert_networks(explorer, models, dataset, read_values(explorer))
    explorer.start_again()
    assert explorer.value("β, layer 1") == 1
    assert_networks(explorer, models, dataset, start)


NETWORKS = [name for name in LIVE if any(is_network(w["state"]) for w in states(name))]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_in_the_page_is_the_packages(browser, unzipped, name):
    models, dataset = drawn_weights(name), RegressionDataset(seed=0)
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        move_everything(shown(page, models), models, dataset)
        assert faults == []


def test_the_untrained_network_of_chapter_3_is_the_one_of_seed_0():
    (name,) = [name for name in NETWORKS if "03_model" in name]
    (model,), expected = drawn_weights(name).values(), SpikingRegressor(seed=0)
    for key, value in expected.state_dict().items():
        assert torch.equal(model.state_dict()[key], value), key


def test_decays_are_cut_to_1(browser, unzipped):
    models = drawn_weights(NETWORKS[0])
    with opened(browser, f"{unzipped}/{NETWORKS[0]}") as (page, _):
        explorer = shown(page, models)
        for label in ("β, layer 1", "β, layer 2", "β, readout"):
            assert explorer.press(label, "End") == 2
        values = read_values(explorer)
        assert any((model.lif_in.beta > 0.5).any() for model in models.values())
        values["ramp ends at"] = RegressionDataset(seed=0).features[-1].item()
        assert_networks(explorer, models, RegressionDataset(seed=0), values)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_summary_says_what_the_readings_say(browser, unzipped, name):
    models = drawn_weights(name)
    with opened(browser, f"{unzipped}/{name}") as (page, _):
        explorer = shown(page, models)
        explorer.drag("θ, layer 1", 0.5)
        rate = r"\d+\.\d %"
        if "" in models:
            rates = [explorer.reading(f"rate of layer {n}") for n in (1, 2)]
            errors = [f"Norm error {explorer.reading('norm error')}"]
        else:
            rates = [rate, rate]
            errors = [
                f"{name}: norm error {explorer.reading(f'norm error, {name}')}"
                for name in models
            ]
        said = [
            rf"{error}\. Layer 1 fires in {rates[0]} of the steps, layer 2 in "
            rf"{rates[1]}\."
            for error in errors
        ]
        line = explorer.reading("norm error, straight line")
        said.append(rf"A straight line's norm error is {line}\.")
        text = re.compile(f"^{' '.join(said)}$")
        expect(explorer.root.locator("> .summary[role=status]")).to_have_text(text)


# Two networks, and sliders of another kind, on a page of their own

DATASET = RegressionDataset(20, seed=1)
# Of unlike widths, so that no number of one can pass for one of the other
PAIR = {
    "first": SpikingRegressor(24, seed=1),
    "second one": SpikingRegressor(9, seed=2),
}


def test_two_networks_follow_the_same_sliders(browser, unzipped):
    name = own_page(unzipped, "pair", NetworkExplorer(PAIR, DATASET))
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        explorer = shown(page, PAIR)
        assert explorer.root.locator(".panel").count() == 6
        move_everything(explorer, PAIR, DATASET)
        assert faults == []


@pytest.mark.parametrize(("width", "columns"), [(1280, 2), (390, 1)])
def test_two_networks_stand_side_by_side_or_below_each_other(
    browser, unzipped, width, columns
):
    name = own_page(unzipped, "places", NetworkExplorer(PAIR, DATASET))
    with opened(browser, f"{unzipped}/{name}", width=width) as (page, _):
        titles = page.locator(".spikereg .title").all_text_contents()
        # The outputs come first: on a phone, too, they are seen with the sliders.
        assert titles == [
            f"{name}: {what}"
            for what in ("output membrane", "spikes of layer 1", "spikes of layer 2")
            for name in PAIR
        ]
        boxes = [p.bounding_box() for p in page.locator(".spikereg .panel").all()]
        assert len({box["x"] for box in boxes}) == columns
        assert len({box["y"] for box in boxes}) == len(boxes) / columns
        assert page.evaluate("spikeregTest.outside", ".spikereg *") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_two_networks_have_the_same_axes(browser, unzipped):
    name = own_page(unzipped, "axes", NetworkExplorer(PAIR, DATASET))
    with opened(browser, f"{unzipped}/{name}") as (page, _):
        explorer = shown(page, PAIR)
        explorer.press("β, readout", "End")
        axes = [explorer.read(f"{name}: output membrane", "path")["y"] for name in PAIR]
        assert axes[0] == axes[1]


def test_sliders_of_ipywidgets_move_a_network_and_follow_it(browser, unzipped):
    model = SpikingRegressor(24, seed=1)
    network = NetworkExplorer(model, DATASET)
    sliders = [
        ipywidgets.FloatSlider(value=1, max=high, step=0.01, description=label)
        for label, high in (("decay", 2), ("threshold", 3))
    ]
    for slider, name in zip(sliders, ("beta_in", "threshold_in"), strict=True):
        ipywidgets.jslink((slider, "value"), (network, name))
    name = own_page(unzipped, "linked", ipywidgets.VBox([*sliders, network]))
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        explorer = shown(page, {"": model})
        values = read_values(explorer)
        values["ramp ends at"] = DATASET.features[-1].item()
        for label, own, times in (
            ("decay", "β, layer 1", 20),
            ("threshold", "θ, layer 1", 35),
        ):
            page.get_by_role("slider", name=label, exact=True).focus()
            for _ in range(times):
                page.keyboard.press("ArrowLeft")
            explorer.settle()
            values[own] = 1 - times / 100
            assert explorer.value(own) == pytest.approx(values[own])
            assert_networks(explorer, {"": model}, DATASET, values)
        explorer.press("β, layer 1", "ArrowRight", 5)
        explorer.press("θ, layer 1", "End")
        readouts = page.locator(".widget-box > .spikereg .value")
        assert readouts.all_inner_texts() == ["0.85", "3.00"]
        explorer.start_again()
        assert readouts.all_inner_texts() == ["1.00", "1.00"]
        assert faults == []
