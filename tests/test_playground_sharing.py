"""The playground of the built book: links, and lines of Python."""

import re

import pytest
from playground import FRONT, LAYER_2, TOP, playing
from playwright.sync_api import expect
from test_numerics_links import OLD, hostile

REFUSED = (
    "Object.defineProperty(Clipboard.prototype, 'writeText', "
    "{ value: () => Promise.reject(new Error('refused')) });"
)
TAKEN = (
    "Object.defineProperty(Clipboard.prototype, 'writeText', "
    "{ value: async (text) => { window.taken = text; } });"
)


def offered(playground, button, note):
    """Click, wait for a note that begins so, and return its place and the text's."""
    playground.click(button)
    field = playground.root.locator(".offer")
    field.wait_for()
    place = playground.root.locator(".note:has(+ .offer)")
    expect(place).to_have_text(re.compile(f"^{note}"))
    return field, place


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
        refused = "Link: the browser lets this page copy"
        field, _ = offered(playground, "Copy link", refused)
        link = field.input_value()
        assert playground.page.evaluate("getSelection().toString()") == link
        assert playground.page.evaluate("location.hash") == ""
    start, end = link.split("#")
    assert start == f"{unzipped}/{FRONT}"
    with playing(browser, unzipped, f"#{end}") as again:
        assert again.iteration() == 0
        assert again.value("seed") == 4
        again.step(5)
        assert kept == [again.path(TOP, f".curve.{n}") for n in ("target", "membrane")]
        assert again.path(LAYER_2, ".raster") == spikes


def test_an_old_link_still_sets_its_playground(browser, unzipped):
    with playing(browser, unzipped, OLD) as playground:
        expect(playground.pad).to_be_in_viewport(ratio=1)
        assert playground.control("target").input_value() == "bumps"
        assert playground.control("reset after a spike").input_value() == "zero"
        values = {"neurons per layer": 8, "steepness k": 1, "β to": 1, "seed": 99}
        for label, value in values.items():
            assert playground.value(label) == value
        assert playground.shown("learning rate") == "0.1"


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
        page.evaluate("location.hash = '#playground.seed=1'")
        playground.wait("iteration === 0")
        playground.step(3)
        page.get_by_role("link", name="How to run it").first.click()
        page.wait_for_function("location.hash === '#how-to-run-it'")
        playground.step()
        page.go_back()
        page.wait_for_function("location.hash === '#playground.seed=1'")
        playground.step()
        assert playground.iteration() == 5
        page.go_forward()
        playground.step()
        assert playground.iteration() == 6


def test_what_is_copied_is_the_link_or_the_lines_of_python(browser, unzipped):
    with playing(browser, unzipped, script=TAKEN) as playground:
        playground.step(2)
        offered(playground, "Copy link", "Link copied.")
        assert playground.page.evaluate("taken").endswith("#playground.start")
        field, note = offered(playground, "Take it to Python", "Python copied.")
        playground.page.wait_for_function("taken.startsWith('import')")
        lines = playground.page.evaluate("taken")
        assert field.input_value() == lines
        assert "epochs=2" in lines
        # What makes them untrue takes them away.
        playground.step()
        assert not field.is_visible()
        assert not note.is_visible()
        offered(playground, "Copy link", "Link copied.")
        playground.press("seed", "ArrowRight")
        assert not field.is_visible()


def test_a_thousand_hostile_addresses_harm_nothing(browser, unzipped):
    with playing(browser, unzipped) as playground:
        page = playground.page
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        plain = page.evaluate("document.querySelectorAll('*').length")
        for end in hostile(1000):
            page.goto(f"{unzipped}/{FRONT}{end}", wait_until="commit")
        page.goto(f"{unzipped}/{FRONT}#target=sqrt")
        playground.settle()
        assert playground.iteration() == 0
        playground.step(2)
        assert playground.control("target").input_value() == "sqrt"
        now = page.evaluate("document.querySelectorAll('*').length")
        assert now == pytest.approx(plain, abs=10)  # numbers at the axes
