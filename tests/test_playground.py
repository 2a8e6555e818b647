"""The playground of the built book: how it trains, and for whom."""

import re

import numpy as np
import pytest
import torch
from browser import HTML, opened
from explorer import assert_curve, states
from playground import DECAYS, FRONT, LAYER_2, TOP, playing

from spikereg import SpikingRegressor
from spikereg.widgets import Playground
from spikereg.widgets.playground import PRESETS

# Training


def test_it_learns_the_square_root_from_a_file_without_a_network(browser, unzipped):
    with playing(browser, unzipped) as playground:
        assert playground.iteration() == 0
        assert_curve(playground, TOP, ".curve.target", PRESETS["sqrt"])
        playground.click("Train")
        playground.wait("loss <= 1e-3 && iteration > 0")
        assert playground.iteration() <= 2000
        playground.pause()
        # The number is that of the picture.
        _, output, (_, pixel) = playground.points(TOP, ".curve.membrane")
        drawn = np.square(output - PRESETS["sqrt"]).mean()
        assert np.sqrt(drawn) == pytest.approx(np.sqrt(playground.loss()), abs=pixel)


@pytest.mark.parametrize("name", [*PRESETS])
def test_a_preset_is_the_target_of_the_same_training_as_in_python(
    browser, unzipped, name
):
    page = "book/04_training.html"
    with playing(browser, unzipped, page_name=page) as playground:
        assert playground.control("target").input_value() == "sine"
        playground.choose("target", name)
        assert_curve(playground, TOP, ".curve.target", PRESETS[name])
        model = Playground(target=name).model()
        x = torch.linspace(0, 1, 50).view(-1, 1, 1)
        with torch.no_grad():
            assert_curve(playground, TOP, ".curve.membrane", model(x))
        if name == "bumps":
            return
        playground.click("Train")
        playground.wait("loss <= 4e-3 && iteration > 0")


def test_steps_are_counted_and_reset_leads_back_to_the_start(browser, unzipped):
    with playing(browser, unzipped) as playground:
        start = playground.path(TOP, ".membrane")
        playground.step(3)
        third = playground.path(TOP, ".membrane")
        assert start != third
        playground.click("Reset")
        playground.wait("iteration === 0")
        assert playground.path(TOP, ".membrane") == start
        playground.step(3)
        assert playground.path(TOP, ".membrane") == third


def test_a_number_is_never_shown_beside_another_picture(browser, unzipped):
    with playing(browser, unzipped) as playground:
        pictures = {0: playground.path(TOP, ".membrane")}
        for iteration in (1, 2):
            playground.step()
            pictures[iteration] = playground.path(TOP, ".membrane")
        root = playground.root.element_handle()
        playground.page.evaluate("root => spikeregTest.watch(root)", root)
        playground.click("Reset")
        playground.wait("iteration === 0")
        playground.step(2)
        # Other neurons, which begin again
        playground.press("seed", "ArrowRight")
        other = playground.path(TOP, ".membrane")
        assert other not in pictures.values()
        shown = playground.page.evaluate("spikeregTest.shown")
        assert {(n, path) for n, path, _ in shown} == {*pictures.items(), (0, other)}


def test_sliders_move_decays_and_thresholds_while_it_trains(browser, unzipped):
    with playing(browser, unzipped) as playground:
        playground.click("Train")
        playground.wait("iteration > 30")
        before = playground.iteration()
        playground.press("β from", "End")
        playground.wait("iteration > value", before + 100)
        # No neuron decays faster than by what it has learned.
        edges = re.findall(r"V([\d.]+)H", playground.path(DECAYS, ".columns.decays"))
        assert len(set(edges[:10])) == 1
        assert len(set(edges[-5:])) > 1
        playground.click("Default settings")
        playground.wait("iteration === 0")
        playground.click("Train")
        playground.wait("iteration > 100")
        spikes = len(playground.path(LAYER_2, ".raster"))
        before = playground.iteration()
        playground.press("θ to", "End")
        playground.press("θ from", "End")
        playground.wait("iteration > value", before + 100)
        assert len(playground.path(LAYER_2, ".raster")) < 0.75 * spikes
        playground.click("Pause")


def test_other_neurons_or_another_seed_begin_again(browser, unzipped):
    with playing(browser, unzipped) as playground:
        playground.step(2)
        playground.press("seed", "ArrowRight")
        playground.wait("iteration === 0")
        one = playground.path(TOP, ".membrane")
        playground.step()
        playground.press("neurons per layer", "Home")
        playground.wait("iteration === 0")
        assert playground.path(TOP, ".membrane") != one
        assert playground.read(LAYER_2, ".raster")["y"][-1][0] == 8
        playground.choose("reset after a spike", "none")
        playground.click("Train")
        playground.wait("iteration > 10")
        playground.click("Default settings")
        playground.wait("iteration === 0")
        assert playground.root.locator(".main").inner_text() == "Train"
        defaults = {c["label"]: c["value"] for c in Playground()._controls}
        for label in ("neurons per layer", "seed", "steepness k"):
            assert playground.value(label) == defaults[label]
        reset = playground.control("reset after a spike")
        assert reset.input_value() == "subtract"


# A worker of which each answer is drawn before the next is heard, on a busy machine too
UNHURRIED = """window.Worker = class extends Worker {
  set onmessage(hear) {
    const answers = [];
    super.onmessage = (answer) => answers.push(answer);
    const drawn = (next) => requestAnimationFrame(() => requestAnimationFrame(next));
    const go = () => {
      if (answers.length) hear(answers.shift());
      drawn(go);
    };
    go();
  }
};"""


@pytest.mark.parametrize("label", ["seed", "neurons per layer"])
def test_a_change_of_the_network_while_it_trains_trains_the_new_one(
    browser, unzipped, label
):
    options = {"motion": "no-preference", "script": UNHURRIED}
    with playing(browser, unzipped, **options) as playground:
        root = playground.root.element_handle()
        playground.page.evaluate("root => spikeregTest.watch(root)", root)
        playground.click("Train")
        playground.wait("iteration > 50")
        for times in range(1, 4):
            playground.press(label, "ArrowLeft" if label != "seed" else "ArrowRight")
            playground.wait("iteration > value", 50 * times)
            assert playground.root.locator(".main").inner_text() == "Pause"
        playground.pause()
        shown = playground.page.evaluate("spikeregTest.shown.map(([n]) => n)")
        (falls,) = (np.diff(shown) < 0).nonzero()
        assert [shown[n + 1] for n in falls] == [0, 0, 0]


def test_the_decays_at_the_start_are_those_of_the_settings(browser, unzipped):
    both = [".columns.start", ".columns.decays"]
    end = "#target=sqrt&hidden=8&lr=0.1"
    with playing(browser, unzipped, end) as playground:
        playground.press("β to", "Home")
        start, now = (playground.path(DECAYS, mark) for mark in both)
        assert start == now
        playground.click("Default settings")
        playground.press("seed", "ArrowRight")
        playground.press("neurons per layer", "Home")
        playground.wait("iteration === 0")
        start, now = (playground.path(DECAYS, mark) for mark in both)
        assert start == now
        playground.press("seed", "ArrowLeft")
        playground.click("Train")
        playground.wait("iteration > 100")
        playground.press("seed", "ArrowRight")
        playground.wait("iteration > 100")
        assert playground.path(DECAYS, ".columns.decays") != now
        shown = playground.path(DECAYS, ".columns.start")
        np.testing.assert_allclose(heights(shown), heights(start), atol=0.01)


def heights(path):
    """Return the heights of columns relative to the largest, whatever the axis."""
    tops = np.array(re.findall(r"V([\d.]+)H", path), float)
    floor = float(re.search(r"V([\d.]+)$", path)[1])
    return (floor - tops) / (floor - tops).max()


def test_steps_add_up_however_fast_they_are_asked_for(browser, unzipped):
    with playing(browser, unzipped) as playground:
        playground.page.evaluate(
            "for (let n = 0; n < 5; n++) [...document.querySelectorAll"
            "('.spikereg button')].find((b) => b.textContent === 'Step').click()"
        )
        playground.wait("iteration === 5")
        playground.click("Train")
        playground.wait("iteration > 20")
        playground.click("Step")  # ends the training
        playground.settle()
        assert playground.root.locator(".main").inner_text() == "Train"
        before = playground.iteration()
        playground.page.wait_for_timeout(300)
        assert playground.iteration() == before


def test_a_small_network_is_slow_enough_to_be_watched(browser, unzipped):
    with playing(browser, unzipped, "#target=sine&hidden=8") as playground:
        start = playground.page.evaluate("performance.now()")
        playground.click("Train")
        playground.wait("iteration > 1000")
        iterations = playground.iteration()
        seconds = (playground.page.evaluate("performance.now()") - start) / 1000
        assert iterations < 550 * seconds
        assert int(playground.reading("iterations/s")) > 0
        playground.click("Pause")


def test_an_output_that_leaves_the_picture_widens_it(browser, unzipped):
    end = "#target=sqrt&hidden=256&beta_from=1&lr=0.1"
    with playing(browser, unzipped, end) as playground:
        assert playground.read(TOP, "path")["y"][-1][0] == 1
        playground.step(2)
        _, output, _ = playground.points(TOP, ".curve.membrane")
        (low, _), *_, (high, _) = playground.read(TOP, "path")["y"]
        assert np.abs(output).max() > 1.5
        assert low <= output.min() + 0.2
        assert high >= output.max() - 0.2


def test_a_hidden_page_does_not_train(browser, unzipped):
    with playing(browser, unzipped) as playground:
        playground.click("Train")
        playground.wait("iteration > 10")
        playground.page.evaluate("spikeregTest.hide(true)")
        playground.settle()
        before = playground.iteration()
        playground.page.wait_for_timeout(700)
        assert playground.iteration() == before
        playground.page.evaluate("spikeregTest.hide(false)")
        playground.wait("iteration > value", before)
        playground.pause()
        # A paused one stays so.
        playground.page.evaluate("spikeregTest.hide(true)")
        playground.page.evaluate("spikeregTest.hide(false)")
        playground.settle()
        before = playground.iteration()
        playground.page.wait_for_timeout(300)
        assert playground.iteration() == before


def test_memory_stays_flat_over_five_thousand_iterations(browser, unzipped):
    end = "#target=sqrt&hidden=8"
    with playing(browser, unzipped, end, motion="no-preference") as playground:
        session = playground.page.context.new_cdp_session(playground.page)

        def used():
            # What is given up may outlive a collection: until nothing goes any more.
            kept = None
            while (found := session.send("Memory.getDOMCounters")) != kept:
                kept = found
                session.send("HeapProfiler.collectGarbage")
            size = session.send("Runtime.getHeapUsage")["usedSize"]
            # What the page shows may change; what it no longer shows must not pile up.
            shown = playground.page.evaluate("spikeregTest.nodes(document)")
            return size, found["nodes"] - shown, found["jsEventListeners"]

        playground.train(1000)
        size, nodes, listeners = used()
        last = playground.iteration() + 10_000
        playground.click("Train")
        playground.wait("iteration === value", last)
        playground.settle()
        assert playground.root.locator(".main").inner_text() == "Train"  # by itself
        after, left, listening = used()
        assert after - size < 500_000
        assert listening == pytest.approx(listeners, abs=5)
        # The browser may still hold the numbers at axes that one picture replaced.
        assert left == pytest.approx(
            nodes, abs=playground.root.locator("svg text").count()
        )


# In a kernel


def test_the_weights_of_a_page_are_the_models(browser, unzipped):
    (widget,) = states(FRONT)
    values = {"hidden": 24, "seed": 5, "beta_to": 0.75, "threshold_from": 0.1}
    state = widget["state"] | values | {"target": list(PRESETS["sine"])}
    what = {"source": widget["state"]["_esm"], "state": state, "steps": 12}
    with opened(browser, (HTML / "book" / "glossary.html").as_uri()) as (page, faults):
        found = page.evaluate("what => spikeregTest.trained(what)", what)
        assert faults == []
    playground = Playground(target="sine", **values)
    begun = playground.model()
    playground.set_state(
        {
            "weights": memoryview(bytes(found["weights"])),
            "iteration": found["iteration"],
            "loss": found["loss"],
            "_run": found["run"],
        }
    )
    assert playground.iteration == found["second"] == 12
    assert found["same"]
    model = playground.model()
    assert not torch.equal(model.fc_in.weight, begun.fc_in.weight)
    x = torch.linspace(0, 1, 50).view(-1, 1, 1)
    target = torch.tensor(PRESETS["sine"]).view(-1, 1, 1)
    with torch.no_grad():
        loss = (model(x) - target).square().mean().item()
        before = (begun(x) - target).square().mean().item()
    assert loss == pytest.approx(found["loss"], rel=1e-4)
    assert loss < before / 2
    # Those of another network are not taken for its own.
    for name, value in {"seed": 6, "hidden": 32}.items():
        other = Playground(**{name: value})
        other.set_state({"weights": memoryview(bytes(found["weights"]))})
        assert torch.equal(
            other.model().fc_in.weight,
            SpikingRegressor(other.hidden, seed=other.seed).fc_in.weight,
        )
    playground.weights = b"abc"
    with pytest.raises(ValueError, match="weights must be 3084 bytes, not 3"):
        playground.model()
