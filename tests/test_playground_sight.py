"""The playground of the built book: what is seen of it, by whom."""

import re

import numpy as np
import pytest
from playground import FRONT, playing
from playwright.sync_api import expect

from spikereg.widgets import Playground


@pytest.mark.parametrize("name", [FRONT, "book/04_training.html"])
def test_picture_and_sliders_are_seen_together(browser, unzipped, name):
    with playing(browser, unzipped, page_name=name) as playground:
        playground.page.set_viewport_size({"width": 1280, "height": 800})
        playground.root.evaluate("root => root.scrollIntoView()")
        playground.settle()
        controls = playground.root.locator(":is(input, select, .main)").all()
        assert len(controls) == 1 + len(Playground()._controls)
        for part in [playground.pad, *controls]:
            expect(part).to_be_in_viewport(ratio=1)
        pad, *boxes = [p.bounding_box() for p in (playground.pad, *controls[2:])]
        for box in boxes:
            assert box["x"] > pad["x"] + pad["width"]
            assert min(box["width"], box["height"]) >= 24


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_the_picture_stays_while_sliders_move(browser, unzipped, theme):
    with playing(browser, unzipped, width=390, theme=theme) as playground:
        page = playground.page
        page.set_viewport_size({"width": 390, "height": 844})
        playground.settle()
        header = page.locator(".bd-header-article").bounding_box()
        controls = playground.root.locator(".stage :is(input, select)").all()
        playground.pad.focus()
        # By keys: what has the focus is below the picture, not behind it.
        for control in controls:
            page.keyboard.press("Tab")
            assert control.evaluate("control => control === document.activeElement")
            expect(control).to_be_in_viewport(ratio=0.95)
            expect(playground.pad).to_be_in_viewport(ratio=1)
            picture = playground.root.locator(".drawing").bounding_box()
            assert control.bounding_box()["y"] >= picture["y"] + picture["height"]
            assert playground.pad.bounding_box()["y"] >= header["height"]
        # The last one comes up as far as there, and what is above it goes behind.
        drawing = playground.root.locator(".drawing")
        below = header["height"] + drawing.bounding_box()["height"]
        top, behind = controls[-1].evaluate(
            """(last, below) => {
              scrollBy(0, last.getBoundingClientRect().top - below);
              const { top } = last.getBoundingClientRect();
              const above = document.elementFromPoint(200, top - 40);
              return [top, above.closest(".drawing")];
            }""",
            below,
        )
        assert top == pytest.approx(below, abs=1)
        assert behind is not None
        expect(playground.pad).to_be_in_viewport(ratio=1)
        color = drawing.evaluate("e => getComputedStyle(e).backgroundColor")
        assert color == page.evaluate("getComputedStyle(document.body).backgroundColor")


# Readers with other needs


def test_pictures_are_few_for_who_wants_little_motion(browser, unzipped):
    found = {}
    for motion in ("reduce", "no-preference"):
        with playing(browser, unzipped, motion=motion) as playground:
            playground.click("Train")
            playground.wait("iteration > 10")
            times = playground.page.evaluate(
                "spikeregTest.changes(['.pad .membrane', 'd', 5])"
            )
            found[motion] = np.diff(times).min()
    # A busy machine draws later, and never sooner.
    assert found["reduce"] > 490
    assert found["no-preference"] < 200


def test_the_loss_is_spoken_now_and_then(browser, unzipped):
    with playing(browser, unzipped, motion="no-preference") as playground:
        page = playground.page
        root = playground.root.element_handle()
        for what in ("listen", "watch"):
            page.evaluate(f"root => spikeregTest.{what}(root)", root)
        playground.click("Train")
        for count in (1, 2, 3):
            for _ in range(11):
                page.evaluate("spikeregTest.jump(1000)")
                playground.wait("iteration > value", playground.iteration())
            page.wait_for_function("n => spikeregTest.spoken.length >= n", arg=count)
        texts = page.evaluate("spikeregTest.spoken.map(({ text }) => text)")
        drawn = {n: time for n, _, time in page.evaluate("spikeregTest.shown")}
        times = []
        for text in texts:
            form = r"Iteration (\d+): mean squared error [\d.e-]+\."
            times.append(drawn[int(re.fullmatch(form, text)[1])])
        assert np.diff(times).min() > 9990
        playground.pause()
        last = (
            f"Iteration {playground.iteration()}: "
            f"mean squared error {playground.reading('mean squared error')}."
        )
        expect(playground.root.locator("> .summary")).to_have_text(last)


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
