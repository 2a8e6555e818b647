"""The playground of the built book, drawn on, trained and shared as readers do."""

import re
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from browser import HTML, opened
from explorer import Explorer, assert_curve, states
from test_numerics_playground import hostile

from spikereg import SpikingRegressor
from spikereg.widgets import Playground
from spikereg.widgets.playground import PRESETS

FRONT = "book/index.html"
TOP = "output membrane and target"
LAYER_2 = "layer 2 (lif_hidden): spikes by neuron"
DECAYS = "neurons by decay: now, and at the start"


class Drawn(Explorer):
    """The playground of a page."""

    def __init__(self, page):
        super().__init__(page, "Playground")
        self.pad = self.root.locator(".pad")

    def click(self, name):
        self.root.get_by_role("button", name=name, exact=True).click()

    def iteration(self):
        return int(self.reading("iteration"))

    def loss(self):
        return float(self.reading("mean squared error"))

    def wait(self, condition, value=None):
        """Wait until an expression of iteration, loss and value holds."""
        self.page.wait_for_function(
            "([root, value]) => {"
            "  const [iteration, loss] = [...root.querySelectorAll('dd')]"
            "    .map((place) => Number(place.textContent));"
            f"  return {condition};"
            "}",
            arg=[self.root.element_handle(), value],
            timeout=60_000,
        )

    def step(self, times=1):
        for _ in range(times):
            before = self.iteration()
            self.click("Step")
            self.wait("iteration === value", before + 1)

    def train(self, least):
        """Train, and pause at the given iteration or soon after it."""
        self.click("Train")
        self.wait("iteration >= value", least)
        self.pause()

    def pause(self):
        self.click("Pause")
        self.page.wait_for_timeout(300)  # what was under way is drawn

    def target(self):
        return self.points(TOP, ".curve.target")[1]

    def place(self, t, y):
        """Return where a time step and a height are on the screen."""
        found = self.read(TOP, ".curve.target")
        box = self.root.locator("svg.panel").first.bounding_box()
        (x_slope, x_offset), (y_slope, y_offset) = (
            np.polyfit(*np.array(found[axis], float).T, 1) for axis in "xy"
        )
        return box["x"] + x_slope * t + x_offset, box["y"] + y_slope * y + y_offset


@contextmanager
def playing(browser, book, end="", page_name=FRONT, **options):
    """Open a page with a playground; nothing may fail in it."""
    with opened(browser, f"{book}/{page_name}{end}", **options) as (page, faults):
        yield Drawn(page)
        assert faults == []


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
        for label in ("neurons per layer", "seed", "surrogate slope"):
            assert playground.value(label) == defaults[label]
        reset = playground.control("reset after a spike")
        assert reset.input_value() == "subtract"


@pytest.mark.parametrize("label", ["seed", "neurons per layer"])
def test_a_change_of_the_network_while_it_trains_trains_the_new_one(
    browser, unzipped, label
):
    with playing(browser, unzipped, motion="no-preference") as playground:
        playground.click("Train")
        playground.wait("iteration > 50")
        for times in range(1, 4):
            playground.press(label, "ArrowLeft" if label != "seed" else "ArrowRight")
            playground.wait("iteration > 0 && iteration < value", 200)
            playground.wait("iteration > value", 50 * times)
            assert playground.root.locator(".main").inner_text() == "Pause"
        playground.click("Pause")


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
        playground.wait("iteration > 100 && iteration < 1000")
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
        playground.page.wait_for_timeout(300)
        before = playground.iteration()
        playground.page.wait_for_timeout(300)
        assert playground.iteration() == before


def test_a_small_network_is_slow_enough_to_be_watched(browser, unzipped):
    with playing(browser, unzipped, "#target=sine&hidden=8") as playground:
        playground.click("Train")
        playground.wait("iteration > 1000")
        assert 200 < int(playground.reading("iterations/s")) < 550
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


def test_the_experiments_set_themselves_up(browser, unzipped):
    page = "book/04_training.html"
    with playing(browser, unzipped, page_name=page) as playground:
        playground.step()
        for link, label, value in [
            ("Set neurons per layer to 8", "neurons per layer", 8),
            ("Set β to to 0", "β to", 0),
            ("Begin with the defaults", "β to", 1),
            ("Set neurons per layer to 8", "neurons per layer", 8),
        ]:
            playground.page.get_by_role("link", name=link).click()
            playground.wait("iteration === 0")
            assert playground.value(label) == value
            assert playground.control("target").input_value() == "sine"
            playground.step()


def test_a_hidden_page_does_not_train(browser, unzipped):
    with playing(browser, unzipped) as playground:
        playground.click("Train")
        playground.wait("iteration > 10")
        playground.page.evaluate("spikeregTest.hide(true)")
        playground.page.wait_for_timeout(700)  # what was under way is drawn
        before = playground.iteration()
        playground.page.wait_for_timeout(700)
        assert playground.iteration() == before
        playground.page.evaluate("spikeregTest.hide(false)")
        playground.wait("iteration > value", before)
        playground.click("Pause")
        # A paused one stays so.
        playground.page.evaluate("spikeregTest.hide(true)")
        playground.page.evaluate("spikeregTest.hide(false)")
        playground.page.wait_for_timeout(300)
        before = playground.iteration()
        playground.page.wait_for_timeout(300)
        assert playground.iteration() == before


def test_memory_stays_flat_over_five_thousand_iterations(browser, unzipped):
    end = "#target=sqrt&hidden=8"
    with playing(browser, unzipped, end, motion="no-preference") as playground:
        session = playground.page.context.new_cdp_session(playground.page)

        def used():
            session.send("HeapProfiler.collectGarbage")
            found = session.send("Memory.getDOMCounters")
            size = session.send("Runtime.getHeapUsage")["usedSize"]
            return size, found["nodes"], found["jsEventListeners"]

        playground.train(1000)
        size, nodes, listeners = used()
        playground.train(6000)
        after, *counts = used()
        assert after - size < 500_000
        # Numbers at the axes come and go.
        assert counts == pytest.approx([nodes, listeners], abs=20)


# Drawing


def test_a_curve_is_drawn_by_mouse_while_it_trains(browser, unzipped):
    with playing(browser, unzipped) as playground:
        playground.click("Train")
        mouse = playground.page.mouse
        points = [(5, 0.2), (20, 0.8), (30, 0.8), (44, 0.1)]
        mouse.move(*playground.place(*points[0]))
        mouse.down()
        for t, y in points[1:]:
            mouse.move(*playground.place(t, y), steps=4)
        mouse.up()
        playground.settle()
        _, target, (_, pixel) = playground.points(TOP, ".curve.target")
        expected = np.array(PRESETS["sqrt"])
        expected[5:45] = np.interp(np.arange(5, 45), *np.array(points).T)
        np.testing.assert_allclose(target, expected, atol=0.03 + pixel)
        assert playground.control("target").input_value() == "drawn"
        playground.wait("iteration > value", playground.iteration() + 150)
        _, target, _ = playground.points(TOP, ".curve.target")
        _, output, _ = playground.points(TOP, ".curve.membrane")
        assert np.square(output - target).mean() < 0.02
        assert np.square(output - PRESETS["sqrt"]).mean() > 0.05


def test_a_click_draws_nothing_and_a_stroke_ends_with_the_button(browser, unzipped):
    with playing(browser, unzipped) as playground:
        mouse = playground.page.mouse
        mouse.move(*playground.place(20, 0.9))
        mouse.down()
        mouse.move(*playground.place(20, 0.1))
        mouse.up()
        mouse.move(*playground.place(40, 0.1))
        playground.settle()
        assert playground.control("target").input_value() == "sqrt"
        mouse.down()
        mouse.move(*playground.place(30, 0.1))
        # Out of the picture a stroke goes on, at the edge.
        mouse.move(*playground.place(70, -2))
        mouse.up()
        mouse.move(*playground.place(10, 0.5))
        playground.settle()
        target = playground.target()
        np.testing.assert_allclose(target[:30], PRESETS["sqrt"][:30], atol=0.01)
        assert target[-1] == pytest.approx(0, abs=0.01)


def test_a_stroke_ends_where_its_button_was_lifted_unseen(browser, unzipped):
    with playing(browser, unzipped) as playground:
        mouse = playground.page.mouse
        mouse.move(*playground.place(10, 0.9))
        mouse.down(button="left")
        mouse.down(button="right")
        mouse.move(*playground.place(20, 0.9))
        mouse.up(button="left")
        mouse.move(*playground.place(40, 0.1))
        mouse.up(button="right")
        playground.settle()
        target = playground.target()
        assert target[15] == pytest.approx(0.9, abs=0.02)
        np.testing.assert_allclose(target[25:], PRESETS["sqrt"][25:], atol=0.01)


def finger(playground, *places):
    """Put a finger on the first place, move it along the others, and lift it."""
    session = playground.page.context.new_cdp_session(playground.page)

    def touch(kind, *points):
        spots = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    touch("touchStart", places[0])
    for place in places[1:]:
        touch("touchMove", place)
    touch("touchEnd")
    playground.settle()


@pytest.mark.parametrize("width", [1280, 375])
def test_a_curve_is_drawn_by_a_finger(browser, unzipped, width):
    with playing(browser, unzipped, width=width) as playground:
        playground.pad.scroll_into_view_if_needed()
        places = [playground.place(t, y) for t, y in [(10, 0.9), (25, 0.5), (40, 0.1)]]
        (x, y), *others = places
        finger(playground, (x, y), (x + 8, y), (x + 24, y), *others)
        target = playground.target()
        assert target[25] == pytest.approx(0.5, abs=0.05)
        assert target[40] == pytest.approx(0.1, abs=0.05)
        np.testing.assert_allclose(target[:9], PRESETS["sqrt"][:9], atol=0.01)


def test_a_finger_that_scrolls_draws_nothing(browser, unzipped):
    with playing(browser, unzipped, width=375) as playground:
        playground.pad.scroll_into_view_if_needed()
        x, y = playground.place(20, 0.2)
        before = playground.page.evaluate("scrollY")
        finger(playground, *[(x + up / 10, y - up) for up in range(0, 150, 10)])
        playground.page.wait_for_function("before => scrollY > before + 50", arg=before)
        assert playground.control("target").input_value() == "sqrt"


def test_a_curve_is_drawn_by_keys_and_the_pen_is_spoken(browser, unzipped):
    with playing(browser, unzipped) as playground:
        keys = playground.page.keyboard
        spoken = playground.root.locator(".drawing .summary")
        playground.root.get_by_role("button", name="Reset", exact=True).focus()
        keys.press("Tab")
        assert playground.pad.evaluate("pad => pad === document.activeElement")
        assert spoken.inner_text() == "Step 0, height 0.50, pen up."
        for key in ("ArrowRight", "ArrowRight", "ArrowUp", " ", "Shift+ArrowRight"):
            keys.press(key)
        assert spoken.inner_text() == "Step 7, height 0.52, pen down."
        for key in ("ArrowDown", " ", "End", "Shift+ArrowDown"):
            keys.press(key)
        playground.settle()
        assert spoken.inner_text() == "Step 49, height 0.40, pen up."
        expected = list(PRESETS["sqrt"])
        expected[2:8] = [0.52] * 5 + [0.5]
        assert_curve(playground, TOP, ".curve.target", expected)
        before = playground.page.evaluate("scrollY")
        keys.press("Tab")
        assert not playground.path(TOP, ".dots.pen")
        assert playground.page.evaluate("scrollY") == pytest.approx(before, abs=700)


# Sharing

REFUSED = (
    "Object.defineProperty(Clipboard.prototype, 'writeText', "
    "{ value: () => Promise.reject(new Error('refused')) });"
)
TAKEN = (
    "Object.defineProperty(Clipboard.prototype, 'writeText', "
    "{ value: async (text) => { window.taken = text; } });"
)


def offered(playground, button):
    playground.click(button)
    field = playground.root.locator(".offer")
    field.wait_for()
    return field, playground.root.locator(".note:has(+ .offer)")


def test_a_link_repeats_a_run_exactly(browser, unzipped):
    with playing(browser, unzipped, script=REFUSED) as playground:
        playground.choose("target", "bumps")
        mouse = playground.page.mouse
        mouse.move(*playground.place(3, 0.1))
        mouse.down()
        mouse.move(*playground.place(12, 0.8), steps=3)
        mouse.up()
        playground.press("seed", "ArrowRight", 4)
        playground.press("neurons per layer", "ArrowLeft", 10)
        playground.press("learning rate", "ArrowRight", 3)
        playground.press("β from", "ArrowRight", 20)
        playground.press("θ to", "ArrowLeft", 20)
        playground.choose("reset after a spike", "zero")
        playground.step(5)
        kept = [
            playground.path(TOP, f".curve.{name}") for name in ("target", "membrane")
        ]
        spikes = playground.path(LAYER_2, ".raster")
        field, note = offered(playground, "Copy link")
        assert note.inner_text().startswith("Link: the browser lets this page copy")
        link = field.input_value()
        assert playground.page.evaluate("getSelection().toString()") == link
        # The address of the page follows.
        playground.page.wait_for_function("link => location.href === link", arg=link)
    start, end = link.split("#")
    assert start == f"{unzipped}/{FRONT}"
    with playing(browser, unzipped, f"#{end}") as again:
        assert again.iteration() == 0
        assert again.value("seed") == 4
        again.step(5)
        assert kept == [again.path(TOP, f".curve.{n}") for n in ("target", "membrane")]
        assert again.path(LAYER_2, ".raster") == spikes
        assert again.page.evaluate("location.hash") == f"#{end}"


def test_a_link_brings_its_playground_into_view(browser, unzipped):
    page = "book/04_training.html"
    end = "#target=step&seed=3"
    with playing(browser, unzipped, end, page_name=page) as playground:
        assert playground.control("target").input_value() == "step"
        box = playground.page.wait_for_function(
            """(root) => {
              const { top } = root.getBoundingClientRect();
              return top >= 0 && top < 200 ? [top] : null;
            }""",
            arg=playground.root.element_handle(),
        )
        assert box


def test_a_way_through_the_page_and_back_leaves_the_run_alone(browser, unzipped):
    with playing(browser, unzipped) as playground:
        page = playground.page
        playground.press("seed", "ArrowRight")
        page.wait_for_function("location.hash.includes('seed=1')")
        playground.step(3)
        page.get_by_role("link", name="How to run it").first.click()
        page.wait_for_function("location.hash === '#how-to-run-it'")
        playground.step()
        page.go_back()
        page.wait_for_function("location.hash.includes('seed=1')")
        playground.step()
        assert playground.iteration() == 5
        page.go_forward()
        playground.step()
        assert playground.iteration() == 6


def test_what_is_copied_is_the_link_or_the_lines_of_python(browser, unzipped):
    with playing(browser, unzipped, script=TAKEN) as playground:
        playground.step(2)
        _, note = offered(playground, "Copy link")
        assert note.inner_text() == "Link copied."
        assert "#target=sqrt&hidden=128&" in playground.page.evaluate("taken")
        field, note = offered(playground, "Take it to Python")
        playground.page.wait_for_function("taken.startsWith('import')")
        assert note.inner_text() == "Python copied."
        lines = playground.page.evaluate("taken")
        assert field.input_value() == lines
        assert "epochs=2" in lines
        # What makes them untrue takes them away.
        playground.step()
        assert not field.is_visible()
        assert not note.is_visible()
        offered(playground, "Copy link")
        playground.press("seed", "ArrowRight")
        assert not field.is_visible()


@pytest.mark.parametrize(
    "end",
    ["#target=sine&seed=1000", "#target=%3Cimg src=x onerror=alert(1)%3E", "#target="],
)
def test_an_address_that_holds_no_run_gives_the_defaults(browser, unzipped, end):
    with playing(browser, unzipped, end) as playground:
        note = playground.root.locator(".drawing .note")
        assert note.inner_text().startswith("The address holds no run")
        assert playground.control("target").input_value() == "sqrt"
        assert playground.value("seed") == 0
        playground.step()
        playground.press("seed", "ArrowRight")
        assert not note.is_visible()


def test_a_thousand_hostile_addresses_harm_nothing(browser, unzipped):
    with playing(browser, unzipped) as playground:
        page = playground.page
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        plain = page.evaluate("document.querySelectorAll('*').length")
        for end in hostile(1000):
            page.goto(f"{unzipped}/{FRONT}{end}", wait_until="commit")
        page.goto(f"{unzipped}/{FRONT}#target=sqrt")
        playground.wait("iteration === 0")
        playground.step(2)
        assert playground.control("target").input_value() == "sqrt"
        now = page.evaluate("document.querySelectorAll('*').length")
        assert now == pytest.approx(plain, abs=10)  # numbers at the axes


# Readers with other needs


def test_pictures_are_few_for_who_wants_little_motion(browser, unzipped):
    found = {}
    for motion in ("reduce", "no-preference"):
        with playing(browser, unzipped, motion=motion) as playground:
            playground.click("Train")
            playground.wait("iteration > 10")
            found[motion] = playground.page.evaluate(
                "spikeregTest.changes(['.pad .membrane', 'd', 2000])"
            )
    assert 2 <= found["reduce"] <= 5
    assert found["no-preference"] > 10


def test_the_loss_is_spoken_now_and_then(browser, unzipped):
    with playing(browser, unzipped, motion="no-preference") as playground:
        playground.click("Train")
        playground.wait("iteration > 100")
        spoken = playground.page.evaluate("spikeregTest.spoken(15000)")
        assert 1 <= len(spoken) <= 2
        for text in spoken:
            assert re.fullmatch(r"Iteration \d+: mean squared error [\d.e-]+\.", text)
        playground.pause()
        last = (
            f"Iteration {playground.iteration()}: "
            f"mean squared error {playground.reading('mean squared error')}."
        )
        assert playground.page.evaluate("spikeregTest.spoken(1500)") == [last]


def test_a_browser_without_workers_says_so(browser, unzipped):
    refuse = "window.Worker = class { constructor() { throw new Error('not here'); } };"
    with browser.new_context() as context:
        page = context.new_page()
        faults = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.add_init_script(refuse)
        page.goto(f"{unzipped}/{FRONT}")
        note = page.locator(".spikereg .drawing .note")
        note.filter(has_text="Nothing can train here").wait_for()
        assert "not here" in note.inner_text()
        page.locator(".spikereg .main").click()
        assert page.locator(".spikereg .main").inner_text() == "Train"
        assert faults == []


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
