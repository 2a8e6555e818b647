"""The neuron in the built page, compared with scan; what all explorers share."""

import re

import numpy as np
import pytest
import snntorch as snn
import torch
from browser import LIVE, opened
from explorer import Explorer, assert_curve, states
from playwright.sync_api import expect

from spikereg import scan

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
    readout = background.locator(".widget-box > .spikereg .value").first
    assert readout.inner_text() == "0.93"
    box = handle.bounding_box()
    background.mouse.move(box["x"] + 12, box["y"] + 12)
    background.mouse.down()
    background.mouse.move(box["x"] + box["width"] - 2, box["y"] + 12)
    background.mouse.up()
    neuron.settle()
    assert neuron.value("decay β") == 1
    assert_neuron(neuron, beta=1.0, amplitude=0.05)


def test_the_summary_is_there_to_be_heard(background):
    neuron = Explorer(background, "One neuron")
    summary = neuron.root.locator("> .summary[role=status]")
    count = int(golden()[2].sum())
    assert summary.inner_text().startswith(
        f"{count} spikes in 50 steps, first at step 8"
    )
    root = neuron.root.element_handle()
    background.evaluate("root => spikeregTest.listen(root)", root)
    neuron.press("its amplitude", "Home")
    background.wait_for_timeout(300)
    neuron.press("its amplitude", "ArrowUp")
    background.wait_for_timeout(300)
    neuron.press("its amplitude", "Home")
    expect(summary).to_have_text("0 spikes in 50 steps. Membrane ends at 0.00.")
    # It waits until the reader has stopped; on a busy machine that may be now and then.
    spoken = background.evaluate("spikeregTest.spoken")
    assert min(said["quiet"] for said in spoken) > 490


# What every explorer has from explorer.js, seen on this one


def test_explorers_are_alive_after_the_reader_has_left_and_come_back(browser, unzipped):
    with opened(browser, f"{unzipped}/{LIVE[0]}") as (page, faults):
        page.goto(f"{unzipped}/book/glossary.html")
        page.go_back()
        page.locator(".live:not(.coming) .spikereg .panel[width]").first.wait_for()
        neuron = Explorer(page, "One neuron")
        beta = neuron.drag("decay β", 0.4)
        assert_neuron(neuron, beta=beta)
        assert faults == []


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


@pytest.mark.parametrize(
    "style",
    [
        "display: flex",
        "display: flex; flex-direction: column; align-items: center",
        "display: grid; justify-items: center",
    ],
)
def test_an_explorer_is_as_wide_as_a_row_or_column_of_widgets(browser, unzipped, style):
    (neuron, *_) = [w for w in states(LIVE[0]) if "stimulus" in w["state"]]
    state = neuron["state"]
    what = {"source": state["_esm"], "state": state, "style": style}
    with opened(browser, f"{unzipped}/{LIVE[0]}") as (page, _):
        width, box, curves = page.evaluate("what => spikeregTest.boxed(what)", what)
    assert width == box > 500
    assert curves > 1
