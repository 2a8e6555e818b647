"""Series in a page, drawn by mouse, finger and keys."""

import numpy as np
import pytest
from browser import opened
from explorer import own_page
from test_encoding_explorer import (
    LABELS,
    OWN,
    SERIES,
    SPOTS,
    Encoding,
    assert_told,
    explorer,
    parts_of,
)

from spikereg.widgets import EncodingExplorer

__all__ = ["explorer"]  # a fixture


def test_a_series_is_drawn_by_mouse_in_its_unit(explorer):
    explorer.sheet.scroll_into_view_if_needed()
    mouse = explorer.page.mouse
    turns = [(20, 50.0), (60, 180.0), (80, 20.0)]
    mouse.move(*explorer.place(*turns[0]))
    mouse.down()
    for turn in turns[1:]:
        mouse.move(*explorer.place(*turn), steps=4)
    mouse.up()
    mouse.move(*explorer.place(100, 20.0))
    explorer.settle()
    drawn = explorer.series()
    expected = SPOTS.copy()
    expected[20:81] = np.interp(np.arange(20, 81), *np.array(turns).T)
    np.testing.assert_allclose(drawn, expected, atol=4)
    np.testing.assert_allclose(drawn[82:], SPOTS[82:], atol=1)
    assert explorer.control("series").input_value() == "drawn"
    # Beyond the axes a stroke goes on at their edge: a drawing has the series' range.
    mouse.move(*explorer.place(120, 100.0))
    mouse.down()
    mouse.move(*explorer.place(160, 400.0), steps=3)
    mouse.up()
    explorer.settle()
    assert explorer.series()[-1] == pytest.approx(SPOTS.max(), abs=1)
    explorer.choose("series", "spots a year")
    assert_told(explorer)


def test_the_axis_stays_while_the_pen_is_down(explorer):
    explorer.choose("read back from", "delta")
    explorer.sheet.scroll_into_view_if_needed()
    mouse = explorer.page.mouse

    def ends():
        return explorer.read(SERIES, "path")["y"]

    before = ends()
    # It begins high up, which one spike cannot tell, and then each step down is heard.
    mouse.move(*explorer.place(0, SPOTS.max()))
    mouse.down()
    mouse.move(*explorer.place(20, SPOTS.min()), steps=5)
    explorer.settle()
    assert explorer.series()[20] == pytest.approx(SPOTS.min(), abs=5)
    assert ends() == before
    mouse.up()
    explorer.settle()
    assert ends() != before


@pytest.mark.parametrize("width", [1280, 390])
def test_a_series_is_drawn_by_a_finger_and_one_that_scrolls_draws_nothing(
    browser, unzipped, width
):
    name = own_page(unzipped, "finger-encoding", EncodingExplorer(OWN))
    with opened(browser, f"{unzipped}/{name}", width=width) as (page, faults):
        explorer = Encoding(page)
        explorer.sheet.scroll_into_view_if_needed()
        session = page.context.new_cdp_session(page)

        def touch(kind, *points):
            spots = [{"x": x, "y": y} for x, y in points]
            session.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots}
            )

        x, y = explorer.place(40, 150.0)
        touch("touchStart", (x, y))
        touch("touchMove", (x + 1, y - 50))
        touch("touchCancel")
        explorer.settle()
        assert explorer.control("series").input_value() == "spots a year"
        touch("touchStart", (x, y))
        for place in ((x + 8, y), (x + 24, y), explorer.place(130, 40.0)):
            touch("touchMove", place)
        touch("touchEnd")
        explorer.settle()
        drawn = explorer.series()
        assert drawn[130] == pytest.approx(40, abs=15)
        np.testing.assert_allclose(drawn[:38], SPOTS[:38], atol=2)
        assert explorer.control("series").input_value() == "drawn"
        assert faults == []


def test_a_series_is_drawn_by_keys_and_the_pen_is_spoken(explorer):
    keys = explorer.page.keyboard
    spoken = explorer.root.locator(".drawing .summary")
    low, high = SPOTS.min(), SPOTS.max()

    def value(part):
        return f"{float(f'{low + part * (high - low):.2e}'):g}"

    explorer.control(LABELS["seed"]).focus()
    keys.press("Tab")
    assert explorer.sheet.evaluate("sheet => sheet === document.activeElement")
    assert spoken.inner_text() == f"Step 0, value {value(0.5)}, pen up."
    for key in ("ArrowRight", "ArrowDown", " ", "Shift+ArrowRight"):
        keys.press(key)
    assert spoken.inner_text() == f"Step 6, value {value(0.48)}, pen down."
    explorer.settle()
    assert explorer.path(SERIES, ".dots.pen")
    for key in ("ArrowUp", " ", "End", "Shift+ArrowUp"):
        keys.press(key)
    explorer.settle()
    assert spoken.inner_text() == f"Step 149, value {value(0.6)}, pen up."
    expected = parts_of(SPOTS)
    expected[1:7] = [0.48] * 5 + [0.5]
    assert_told(explorer, expected, low, high)
    keys.press("Tab")
    explorer.settle()
    assert not explorer.path(SERIES, ".dots.pen")
