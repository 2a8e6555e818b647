"""What both explorers of chapter 10 share."""

import base64

import pytest
from browser import opened
from explorer import own_page
from ipywidgets.embed import embed_data
from test_page import AXE
from timed import KINDS


@pytest.mark.parametrize(("width", "columns"), [(1280, 2), (600, 2), (390, 1)])
@pytest.mark.parametrize("kind", KINDS)
def test_panels_stand_beside_each_other_or_below_on_a_phone(
    browser, unzipped, kind, width, columns
):
    name = own_page(unzipped, "columns", KINDS[kind]())
    with opened(browser, f"{unzipped}/{name}", width=width) as (page, faults):
        panels = page.locator(".spikereg .panel")
        *main, side = [panel.bounding_box() for panel in panels.all()]
        assert len({box["width"] for box in main}) == 1  # on the same axis
        bottom = side["y"] + side["height"]
        assert (bottom == main[-1]["y"] + main[-1]["height"]) == (columns == 2)
        # Large letters leave them side by side.
        page.add_style_tag(content=".spikereg .legend { font-size: 1.3em }")
        places = {panel.bounding_box()["x"] for panel in panels.all()}
        assert len(places) == columns
        assert page.evaluate("spikeregTest.outside", ".spikereg *") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for control in page.locator(".spikereg :is(button, select, input)").all():
            if control.is_visible():
                box = control.bounding_box()
                assert min(box["height"], box["width"]) >= 24
        assert faults == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_lines_and_text_stand_out_and_there_is_no_barrier(
    browser, unzipped, kind, theme
):
    name = own_page(unzipped, "seen", KINDS[kind]())
    with opened(browser, f"{unzipped}/{name}", theme) as (page, _):
        found = page.evaluate("spikeregTest.contrasts()")
        assert found["checked"] > 40
        assert found["low"] == []
        labels = page.evaluate("spikeregTest.legends()")
        page.add_script_tag(path=AXE)
        violations = page.evaluate("axe.run('.spikereg')")["violations"]
    assert len(labels) == 3
    assert all(entry == mark for _, entry, mark in labels)
    assert [each["id"] for each in violations] == []


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_behind(browser, unzipped, kind):
    widget = KINDS[kind]()
    name = own_page(unzipped, "left", widget)
    (state,) = [
        each["state"]
        for each in embed_data(views=[widget], drop_defaults=False)["manager_state"][
            "state"
        ].values()
        if "_esm" in each["state"] and each["state"]["_number"] == widget._number
    ]
    numbers = base64.b64encode(getattr(widget, "_numbers", b"")).decode()
    what = {"source": state["_esm"], "state": state, "numbers": numbers}
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        found = page.evaluate("what => spikeregTest.leaks(what)", what)
        assert found["most"] >= 3
        assert set(found["rest"].values()) == {0}, found
        assert faults == []
