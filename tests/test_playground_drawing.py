"""The playground of the built book: curves drawn by mouse, finger and keys."""

import numpy as np
import pytest
from explorer import assert_curve
from playground import TOP, playing

from spikereg.widgets.playground import PRESETS


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
        playground.settle()
        assert not playground.path(TOP, ".dots.pen")
        assert playground.page.evaluate("scrollY") == pytest.approx(before, abs=700)
