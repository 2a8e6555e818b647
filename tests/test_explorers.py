"""The explorers in the built book: moved by hand, and compared with the package."""

import base64
import json
import re

import numpy as np
import pytest
import snntorch as snn
import torch
from browser import HTML, LIVE, opened
from snntorch import surrogate

from spikereg import RegressionDataset, SpikingRegressor, metrics, scan

STATE = re.compile(
    r'<script type="application/vnd\.jupyter\.widget-state\+json">(.*?)</script>', re.S
)


class Explorer:
    """One explorer of a page, moved and read as a reader does it."""

    def __init__(self, page, title, number=0):
        self.page = page
        self.root = page.get_by_role("group", name=title, exact=True).nth(number)
        self.root.scroll_into_view_if_needed()

    def control(self, label):
        slider, choice = (
            self.root.get_by_role(role, name=label, exact=True)
            for role in ("slider", "combobox")
        )
        return slider.or_(choice)

    def value(self, label):
        return float(self.control(label).input_value())

    def settle(self):
        self.page.evaluate(
            "new Promise((done) => requestAnimationFrame("
            "() => requestAnimationFrame(done)))"
        )

    def drag(self, label, share):
        """Drag the thumb of a slider by mouse to a share of its way."""
        slider = self.control(label)
        slider.scroll_into_view_if_needed()
        low, high = (float(slider.get_attribute(name)) for name in ("min", "max"))
        box = slider.bounding_box()
        thumb = 16  # pixels, as Chromium draws it
        middle = box["y"] + box["height"] / 2

        def place(share):
            return box["x"] + thumb / 2 + share * (box["width"] - thumb)

        now = (self.value(label) - low) / (high - low)
        self.page.mouse.move(place(now), middle)
        self.page.mouse.down()
        self.page.mouse.move(place((now + share) / 2), middle)
        self.page.mouse.move(place(share), middle)
        self.page.mouse.up()
        self.settle()
        moved = self.value(label)
        assert moved == pytest.approx(low + share * (high - low), abs=(high - low) / 50)
        return moved

    def press(self, label, key, times=1):
        self.control(label).focus()
        for _ in range(times):
            self.page.keyboard.press(key)
        self.settle()
        return self.value(label)

    def choose(self, label, word):
        self.control(label).select_option(word)
        self.settle()

    def start_again(self):
        self.root.get_by_role("button", name="Start again").click()
        self.settle()

    def reading(self, label):
        return self.root.locator(f"dt:text-is('{label}') + dd").inner_text()

    def path(self, title, mark):
        return self._read(title, mark)["path"]

    def shown(self, label):
        """Return the value that stands beside a slider."""
        control = self.root.locator(f".control:has(.name:text-is('{label}'))")
        return control.locator(".value").inner_text()

    def level(self, title, mark):
        """Return the height of a line across, or None if it is not drawn."""
        found = self._read(title, mark)
        if not found["path"]:
            return None
        place = float(re.fullmatch(r"M[\d.]+,([\d.]+)H[\d.]+", found["path"])[1])
        return _scale(found["y"], np.array([place]))[0][0]

    def points(self, title, mark):
        """Return the corners of a path and the size of a pixel, in the axes' units."""
        found = self._read(title, mark)
        places = np.array(
            re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", found["path"]), float
        )
        x, x_pixel = _scale(found["x"] or self._read_bottom_axis(), places[:, 0])
        y, y_pixel = _scale(found["y"], places[:, 1])
        return x, y, (x_pixel, y_pixel)

    def _panel(self, title):
        return self.root.locator(f"svg.panel:has(text.title:text-is('{title}'))")

    def _read(self, title, mark):
        panel = self._panel(title).element_handle()
        return self.page.evaluate("spikeregTest.panel", [panel, mark])

    def _read_bottom_axis(self):
        panel = self.root.locator("svg.panel").last.element_handle()
        return self.page.evaluate("spikeregTest.panel", [panel, "path"])["x"]


def _scale(ticks, places):
    numbers, positions = np.array(ticks, float).T
    slope, offset = np.polyfit(positions, numbers, 1)
    return slope * places + offset, abs(slope)


def assert_curve(explorer, title, mark, expected, at=None):
    """Compare a drawn curve with its values: half a pixel is as good as it gets."""
    x, y, (x_pixel, y_pixel) = explorer.points(title, mark)
    at = np.arange(len(expected)) if at is None else at
    np.testing.assert_allclose(x, at, atol=x_pixel / 2)
    np.testing.assert_allclose(y, np.asarray(expected).ravel(), atol=y_pixel / 2)


@pytest.fixture
def background(browser, unzipped):
    with opened(browser, f"{unzipped}/book/01_background.html") as (page, faults):
        yield page
        assert faults == []


# One neuron

STIMULI = {
    "step": lambda a, t: a * (t >= 5),
    "ramp": lambda a, t: a * t / 49,
    "sine": lambda a, t: a * torch.sin(2 * torch.pi * t / 25),
}


def golden(beta=0.9, threshold=1.0, amplitude=0.3, stimulus="step", reset="subtract"):
    current = STIMULI[stimulus](amplitude, torch.arange(50)).float().view(50, 1, 1)
    neuron = snn.Leaky(beta=beta, threshold=threshold, reset_mechanism=reset)
    spikes, membrane = scan(neuron, current)
    return current, membrane, spikes


def assert_neuron(explorer, **values):
    current, membrane, spikes = golden(**values)
    assert_curve(explorer, "input current", ".curve.current", current)
    assert_curve(explorer, "membrane potential", ".curve.membrane", membrane)
    fired = spikes.flatten().nonzero().flatten().numpy()
    assert explorer.reading("spike count") == str(len(fired))
    theta = explorer.level("membrane potential", ".curve.threshold")
    assert theta == pytest.approx(values.get("threshold", 1), abs=0.03)
    final = float(explorer.reading("final membrane").replace("−", "-"))
    assert final == pytest.approx(membrane[-1].item(), abs=0.0051)
    if len(fired) > 1:
        interval = f"{np.diff(fired).mean():.1f} steps"
        assert explorer.reading("mean interval") == interval
    else:
        assert explorer.reading("mean interval") == "none"
    if len(fired):
        at = membrane.flatten()[fired]
        assert_curve(explorer, "membrane potential", ".dots.spikes", at, fired)
        x = explorer.points("membrane potential", ".dots.spikes")[0]
        np.testing.assert_allclose(x, fired, atol=0.1)
        assert explorer.reading("first spike") == f"step {fired[0]}"
    else:
        assert explorer.path("membrane potential", ".dots.spikes") == ""
        assert explorer.reading("first spike") == "none"
    ticks = re.findall(r"M([\d.]+),", explorer.path("spikes", ".raster"))
    assert len(ticks) == len(fired)


def test_the_neuron_is_scans_from_the_start(background):
    assert_neuron(Explorer(background, "One neuron"))


def test_a_mouse_drags_the_neurons_sliders(background):
    neuron = Explorer(background, "One neuron")
    beta = neuron.drag("decay β", 0.55)
    assert_neuron(neuron, beta=beta)
    threshold = neuron.drag("threshold θ", 0.1)
    assert_neuron(neuron, beta=beta, threshold=threshold)
    amplitude = neuron.drag("its amplitude", 0.6)
    assert_neuron(neuron, beta=beta, threshold=threshold, amplitude=amplitude)


def test_keys_move_the_neurons_sliders(background):
    neuron = Explorer(background, "One neuron")
    assert neuron.press("decay β", "ArrowLeft", 7) == pytest.approx(0.83)
    assert_neuron(neuron, beta=0.83)
    assert neuron.press("threshold θ", "ArrowUp", 4) == pytest.approx(1.2)
    assert neuron.press("its amplitude", "End") == 2
    assert_neuron(neuron, beta=0.83, threshold=1.2, amplitude=2)
    labels = "decay β", "threshold θ", "its amplitude"
    assert [neuron.shown(label) for label in labels] == ["0.83", "1.20", "2.00"]
    assert neuron.press("its amplitude", "Home") == 0
    assert_neuron(neuron, beta=0.83, threshold=1.2, amplitude=0)


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
@pytest.mark.parametrize("stimulus", list(STIMULI))
def test_every_reset_under_every_input(background, stimulus, reset):
    neuron = Explorer(background, "One neuron")
    neuron.choose("input current", stimulus)
    neuron.choose("reset", reset)
    amplitude = neuron.drag("its amplitude", 0.37)
    assert_neuron(neuron, stimulus=stimulus, reset=reset, amplitude=amplitude)


def test_noise_is_always_the_same_and_fills_its_range(background):
    neuron = Explorer(background, "One neuron")
    neuron.choose("input current", "noise")
    first = neuron.path("input current", ".curve.current")
    current = neuron.points("input current", ".curve.current")[1]
    assert -0.01 < current.min() < 0.02
    assert 0.28 < current.max() < 0.31
    neuron.choose("input current", "ramp")
    neuron.choose("input current", "noise")
    assert neuron.path("input current", ".curve.current") == first


def test_the_steady_state_is_drawn_only_where_there_is_one(background):
    neuron = Explorer(background, "One neuron")

    def ceiling():
        return neuron.level("membrane potential", ".curve.ceiling")

    assert ceiling() is None
    neuron.choose("reset", "none")
    assert ceiling() == pytest.approx(0.3 / (1 - 0.9), abs=0.03)
    neuron.press("decay β", "End")
    assert ceiling() is None
    neuron.press("decay β", "Home")
    assert ceiling() == pytest.approx(0.3, abs=0.03)
    neuron.choose("input current", "sine")
    assert ceiling() is None


def test_start_again_leads_back(background):
    neuron = Explorer(background, "One neuron")
    before = neuron.path("membrane potential", ".curve.membrane")
    neuron.drag("decay β", 0.2)
    neuron.choose("input current", "ramp")
    neuron.choose("reset", "zero")
    assert neuron.path("membrane potential", ".curve.membrane") != before
    neuron.start_again()
    assert neuron.path("membrane potential", ".curve.membrane") == before
    assert neuron.value("decay β") == 0.9
    assert neuron.control("input current").input_value() == "step"
    assert_neuron(neuron)


def test_two_neurons_on_a_page_go_their_own_ways(background):
    first, second = (Explorer(background, "One neuron", n) for n in (0, 1))
    assert_neuron(second, amplitude=0.05)
    first.drag("decay β", 0.3)
    first.choose("reset", "none")
    assert_neuron(second, amplitude=0.05)
    before = first.path("membrane potential", ".curve.membrane")
    second.press("decay β", "ArrowRight", 6)
    assert_neuron(second, beta=0.96, amplitude=0.05)
    assert first.path("membrane potential", ".curve.membrane") == before


def test_a_linked_slider_and_the_explorer_move_each_other(background):
    neuron = Explorer(background, "One neuron", 1)
    handle = background.get_by_role("slider", name="decay", exact=True)
    handle.focus()
    for _ in range(5):
        background.keyboard.press("ArrowRight")
    neuron.settle()
    assert neuron.value("decay β") == pytest.approx(0.95)
    assert_neuron(neuron, beta=0.95, amplitude=0.05)
    neuron.press("decay β", "ArrowLeft", 2)
    assert background.locator(".widget-readout").inner_text() == "0.93"
    box = handle.bounding_box()
    background.mouse.move(box["x"] + 12, box["y"] + 12)
    background.mouse.down()
    background.mouse.move(box["x"] + 300, box["y"] + 12)
    background.mouse.up()
    neuron.settle()
    assert neuron.value("decay β") == 1
    assert_neuron(neuron, beta=1.0, amplitude=0.05)


def test_the_summary_is_there_to_be_heard(background):
    neuron = Explorer(background, "One neuron")
    summary = neuron.root.get_by_role("status")
    count = int(golden()[2].sum())
    assert summary.inner_text().startswith(
        f"{count} spikes in 50 steps, first at step 8"
    )
    neuron.press("its amplitude", "Home")
    # It waits until the reader has stopped.
    background.wait_for_timeout(300)
    neuron.press("its amplitude", "ArrowUp")
    background.wait_for_timeout(300)
    assert summary.inner_text().startswith(f"{count} spikes")
    neuron.press("its amplitude", "Home")
    background.wait_for_timeout(700)
    assert summary.inner_text() == "0 spikes in 50 steps. Membrane ends at 0.00."


# Surrogates

SURROGATES = {
    "fast_sigmoid": lambda slope: surrogate.fast_sigmoid(slope=slope),
    "atan": lambda slope: surrogate.atan(alpha=slope),
}
TITLE = "The step and its surrogate"


@pytest.mark.parametrize("kind", list(SURROGATES))
def test_the_drawn_derivative_is_the_one_snntorch_uses(background, kind):
    explorer = Explorer(background, TITLE)
    explorer.choose("surrogate", kind)
    slope = explorer.drag("slope k", 0.6)
    distance = explorer.press("distance U − θ", "ArrowLeft", 13)
    assert distance == pytest.approx(-0.03)
    z = torch.linspace(-1, 1, 401, requires_grad=True)
    SURROGATES[kind](slope)(z).sum().backward()
    title = "backward: the derivative passed on"
    assert_curve(explorer, title, ".curve.membrane", z.grad, z.detach())
    step = "forward: the step, and what the gradient sees"
    assert_curve(explorer, step, ".curve.spikes", [0, 0, 1, 1], [-1, 0, 0, 1])
    # The smooth curve has this derivative: add it up.
    fine = torch.linspace(-1, 1, 400 * 50 + 1, requires_grad=True)
    SURROGATES[kind](slope)(fine).sum().backward()
    smooth = torch.cumulative_trapezoid(fine.grad, dx=2 / 20000)
    smooth = torch.cat([torch.zeros(1), smooth])[::50]
    expected = 0.5 + smooth - smooth[200]
    assert_curve(explorer, step, ".curve.smooth", expected, z.detach())
    z = torch.tensor(distance, requires_grad=True)
    SURROGATES[kind](slope)(z).backward()
    assert explorer.reading("gradient passed on") == f"× {z.grad.item():.3f}"
    assert_curve(explorer, title, ".dots.membrane", [z.grad], [distance])
    assert_curve(explorer, step, ".dots.spikes", [0], [distance])


@pytest.mark.parametrize("kind", list(SURROGATES))
def test_the_bands_begin_where_a_hundredth_of_the_peak_is_left(background, kind):
    explorer = Explorer(background, TITLE)
    explorer.choose("surrogate", kind)
    title = "backward: the derivative passed on"
    found = explorer._read(title, ".shade.dead")
    bands = re.findall(r"M([\d.]+),[\d.]+H([\d.]+)V[\d.]+H", found["path"])
    (start, left, edge, end), _ = _scale(found["x"], np.array(bands, float).ravel())
    assert [start, left, end] == pytest.approx([-1, -edge, 1], abs=1e-3)
    z = torch.tensor([0.0, edge], requires_grad=True)
    SURROGATES[kind](25)(z).sum().backward()
    assert z.grad[1] / z.grad[0] == pytest.approx(0.01, rel=0.05)
    assert explorer.reading("above 1 % of the peak") == f"|U − θ| < {edge:.2f}"


# Networks

FACTORS = [
    ("β, layer 1", "lif_in", "beta"),
    ("β, layer 2", "lif_hidden", "beta"),
    ("β, readout", "li_out", "beta"),
    ("θ, layer 1", "lif_in", "threshold"),
    ("θ, layer 2", "lif_hidden", "threshold"),
]


def drawn_weights(name):
    """Read the network out of a page, as the page itself does."""
    (states,) = STATE.findall((HTML / name).read_text())
    for widget in json.loads(states)["state"].values():
        if "_layers" in widget["state"]:
            (buffer,) = widget["buffers"]
            numbers = np.frombuffer(base64.b64decode(buffer["data"]), "<f4")
            break
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
    if sure == 50:
        error = metrics.relative_error(trace.prediction, target).item()
        shown = float(explorer.reading("relative error").rstrip(" %"))
        assert shown == pytest.approx(100 * error, abs=0.051)
        summary = explorer.root.get_by_role("status")
        if summary.inner_text():  # its first one is there at once
            assert re.fullmatch(
                r"Relative error [\d.]+ %\. Layer 1 fires in [\d.]+ % of the steps, "
                r"layer 2 in [\d.]+ %\.",
                summary.inner_text(),
            )
        for number, spikes in enumerate(trace.spikes.values(), start=1):
            bars = explorer.path(panels[number - 1], ".bars")
            ends = np.array(re.findall(r"H([\d.]+)V", bars), float)
            start = float(re.match(r"M([\d.]+),", bars)[1])
            each = spikes.mean(dim=0).flatten()
            np.testing.assert_allclose(ends - start, 44 * each, atol=0.02)
            shown = float(explorer.reading(f"rate of layer {number}").rstrip(" %"))
            assert shown == pytest.approx(100 * spikes.mean().item(), abs=0.051)
    return sure


def read_values(explorer):
    labels = [label for label, _, _ in FACTORS]
    return {label: explorer.value(label) for label in [*labels, "ramp ends at"]}


NETWORKS = LIVE[1:]


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


# All of them


def states(name):
    (found,) = STATE.findall((HTML / name).read_text())
    widgets = json.loads(found)["state"].values()
    return [w for w in widgets if w["model_module"] == "anywidget"]


@pytest.mark.parametrize("name", LIVE)
def test_an_explorer_leaves_nothing_behind(browser, unzipped, name):
    for widget in states(name):
        buffers = widget.get("buffers") or [{"data": ""}]
        what = {
            "source": widget["state"]["_esm"],
            "state": widget["state"],
            "numbers": buffers[0]["data"],
        }
        with opened(browser, f"{unzipped}/{name}") as (page, faults):
            found = page.evaluate("what => spikeregTest.leaks(what)", what)
            assert found["most"] >= 3  # it did listen
            assert set(found["rest"].values()) == {0}, found
            assert faults == []


def test_explorers_are_alive_after_the_reader_has_left_and_come_back(browser, unzipped):
    with opened(browser, f"{unzipped}/{LIVE[0]}") as (page, faults):
        page.goto(f"{unzipped}/book/glossary.html")
        page.go_back()
        page.locator(".spikereg .panel[width]").first.wait_for()
        neuron = Explorer(page, "One neuron")
        beta = neuron.drag("decay β", 0.4)
        assert_neuron(neuron, beta=beta)
        assert faults == []


@pytest.mark.parametrize("name", LIVE)
def test_on_a_phone_nothing_sticks_out_and_a_finger_can_hit(browser, unzipped, name):
    with opened(browser, f"{unzipped}/{name}", width=375) as (page, _):
        inside = ".spikereg *, .jupyter-widgets"
        assert page.evaluate("spikeregTest.outside", inside) == []
        controls = page.locator(
            ".spikereg :is(button, select, input), .noUi-handle"
        ).all()
        assert len(controls) > 4
        for control in controls:
            box = control.bounding_box()
            assert min(box["height"], box["width"]) >= 24, control


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", LIVE)
def test_text_and_lines_stand_out_from_what_is_behind(browser, unzipped, name, theme):
    with opened(browser, f"{unzipped}/{name}", theme) as (page, _):
        found = page.evaluate("spikeregTest.contrasts()")
        assert found["checked"] > 40
        assert found["low"] == []


def test_the_kernel_hears_of_every_change_and_wrong_values_are_brought_back(
    browser, unzipped
):
    (neuron, *_) = [w for w in states(LIVE[0]) if "stimulus" in w["state"]]
    state = {**neuron["state"], "beta": 7, "threshold": "no", "amplitude": None}
    what = {"source": state["_esm"], "state": state}
    with opened(browser, f"{unzipped}/{LIVE[0]}") as (page, faults):
        found = page.evaluate("what => spikeregTest.told(what)", what)
        assert faults == []
    assert found["shown"] == ["1.00", "1.00", "0.00"]
    start = [[c["name"], c["value"]] for c in state["_controls"]]
    assert found["heard"] == [
        ["beta", 0.25],
        "saved",
        ["reset_mechanism", "zero"],
        "saved",
        *start,
        "saved",
    ]


@pytest.mark.parametrize("name", LIVE)
def test_a_legend_has_the_colours_of_what_it_names(browser, unzipped, name):
    with opened(browser, f"{unzipped}/{name}") as (page, _):
        found = page.evaluate("spikeregTest.legends()")
    names = [label for label, _, _ in found]
    if name == LIVE[0]:
        assert names == ["spike", "surrogate"]
    else:
        assert names == ["target", "output membrane", "input"]
    assert all(entry == mark for _, entry, mark in found)


def test_curves_are_lines_dots_are_round_and_the_focus_is_seen(background):
    def style(mark, name):
        found = background.locator(f".spikereg {mark}").first
        return found.evaluate(f"(e) => getComputedStyle(e).{name}")

    assert style(".curve.membrane", "fill") == "none"
    assert style(".dots", "strokeLinecap") == "round"
    neuron = Explorer(background, "One neuron")
    neuron.press("decay β", "ArrowLeft")
    assert style("input", "outlineStyle") == "solid"


def test_a_narrower_window_has_a_narrower_figure(background):
    neuron = Explorer(background, "One neuron")
    background.set_viewport_size({"width": 500, "height": 900})
    panel = neuron.root.locator("svg.panel").first
    background.wait_for_function(
        "(panel) => Number(panel.getAttribute('width')) < 500",
        arg=panel.element_handle(),
    )
    assert_neuron(neuron)


@pytest.mark.parametrize("layout", ["display: flex", "display: grid; width: 600px"])
@pytest.mark.parametrize("align", ["stretch", "center"])
def test_an_explorer_keeps_its_width_in_rows_and_columns(background, layout, align):
    neuron = Explorer(background, "One neuron")
    neuron.root.evaluate(
        """(root, style) => {
          const box = document.createElement("div");
          box.style.cssText = style;
          const view = root.parentElement;
          view.replaceWith(box);
          box.append(view);
        }""",
        f"{layout}; align-items: {align}; justify-items: {align}",
    )
    neuron.settle()
    assert neuron.root.bounding_box()["width"] > 550
    assert_neuron(neuron)
