"""Strain paths of a bar of metal in a page, drawn by mouse, finger and keys."""

import numpy as np
import pytest
from browser import opened
from explorer import own_page
from test_plastic_explorer import (
    CYCLE,
    LABELS,
    STRAIN,
    Plastic,
    assert_strained,
    plastic,
)

from spikereg.widgets import PlasticExplorer

__all__ = ["plastic"]  # a fixture

pytestmark = pytest.mark.usefixtures("unchecked")  # as for the traces of the numerics


def test_a_path_is_drawn_by_mouse(plastic):
    plastic.sheet.scroll_into_view_if_needed()
    mouse = plastic.page.mouse
    turns = [(10, 0.4), (30, -0.9), (40, 0.2)]
    mouse.move(*plastic.place(*turns[0]))
    mouse.down()
    for turn in turns[1:]:
        mouse.move(*plastic.place(*turn), steps=4)
    mouse.up()
    mouse.move(*plastic.place(60, 0.9))
    plastic.settle()
    strain = plastic.strain()
    expected = np.append(0, CYCLE)
    expected[10:41] = np.interp(np.arange(10, 41), *np.array(turns).T)
    np.testing.assert_allclose(strain, expected, atol=0.06)
    np.testing.assert_allclose(strain[41:], CYCLE[40:], atol=0.01)
    assert plastic.control("strain path").input_value() == "drawn"
    assert "%" in plastic.reading("mean error")
    # A click draws nothing, and beyond the axes a stroke goes on at their edge.
    mouse.click(*plastic.place(60, 0.9))
    mouse.move(*plastic.place(60, -0.9))
    mouse.down()
    mouse.move(*plastic.place(120, -3), steps=3)
    mouse.up()
    plastic.settle()
    assert plastic.strain()[-1] == pytest.approx(-1, abs=0.01)
    np.testing.assert_allclose(plastic.strain()[:59], strain[:59], atol=0.01)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_path_is_drawn_by_a_finger_and_one_that_scrolls_draws_nothing(
    browser, unzipped, width
):
    name = own_page(unzipped, "finger", PlasticExplorer())
    with opened(browser, f"{unzipped}/{name}", width=width) as (page, faults):
        plastic = Plastic(page)
        plastic.sheet.scroll_into_view_if_needed()
        session = page.context.new_cdp_session(page)

        def touch(kind, *points):
            spots = [{"x": x, "y": y} for x, y in points]
            session.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots}
            )

        x, y = plastic.place(20, 0.5)
        touch("touchStart", (x, y))
        touch("touchMove", (x + 1, y - 50))
        touch("touchCancel")
        plastic.settle()
        assert plastic.control("strain path").input_value() == "cycle"
        touch("touchStart", (x, y))
        for place in ((x + 8, y), (x + 24, y), plastic.place(70, -0.5)):
            touch("touchMove", place)
        touch("touchEnd")
        plastic.settle()
        strain = plastic.strain()
        assert strain[70] == pytest.approx(-0.5, abs=0.1)
        np.testing.assert_allclose(strain[:19], [0, *CYCLE[:18]], atol=0.02)
        assert faults == []


def test_a_path_is_drawn_by_keys_and_the_pen_is_spoken(plastic):
    keys = plastic.page.keyboard
    spoken = plastic.root.locator(".drawing .summary")
    plastic.control(LABELS["substeps"]).focus()
    keys.press("Tab")
    assert plastic.sheet.evaluate("sheet => sheet === document.activeElement")
    assert spoken.inner_text() == "Step 1, strain 0.00 %, pen up."
    for key in ("ArrowRight", "ArrowDown", " ", "Shift+ArrowRight"):
        keys.press(key)
    assert spoken.inner_text() == "Step 7, strain −0.04 %, pen down."
    plastic.settle()
    assert plastic.path(STRAIN, ".dots.pen")
    for key in ("ArrowUp", " ", "End", "Shift+ArrowUp"):
        keys.press(key)
    plastic.settle()
    assert spoken.inner_text() == "Step 80, strain 0.20 %, pen up."
    expected = list(CYCLE)
    expected[1:7] = [-0.04] * 5 + [0.0]
    assert_strained(plastic, tuple(expected))
    keys.press("Tab")
    plastic.settle()
    assert not plastic.path(STRAIN, ".dots.pen")
