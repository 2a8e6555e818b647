"""Every explorer of the built book: traces, touch, contrast, legends."""

import pytest
from browser import LIVE, opened
from explorer import states


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


@pytest.mark.parametrize("width", [375, 320])
@pytest.mark.parametrize("name", LIVE)
def test_on_a_phone_nothing_sticks_out_and_a_finger_can_hit(
    browser, unzipped, name, width
):
    with opened(browser, f"{unzipped}/{name}", width=width) as (page, _):
        assert page.evaluate("spikeregTest.outside", ".spikereg *") == []
        controls = page.locator(".spikereg :is(button, select, input):visible").all()
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


@pytest.mark.parametrize("name", LIVE)
def test_a_legend_has_the_colours_of_what_it_names(browser, unzipped, name):
    with opened(browser, f"{unzipped}/{name}") as (page, _):
        found = page.evaluate("spikeregTest.legends()")
    names = [label for label, _, _ in found]
    network = ["target", "output membrane", "input"]
    playground = ["target: draw your own", "output membrane"]
    assert names == {
        "01": ["spike", "surrogate"],
        "04": network + playground,
        "08": ["the answer", "the label, if it is another", "other digits"],
        "09": ["what remembers", "adaptive membrane, amplitude, largest tap"],
        "10": [
            *("wanted time t*", "time t of the answer", "membrane"),
            *("spike", "0.1 × dt/dw: the gradient", "w + 0.1: in fact"),
        ],
        "11": [
            "stress: mean membrane",
            "stress by the exact law",
            "yield stress: threshold",
        ],
        "12": ["series", "read back from the spikes"],
        "13": 2
        * [
            *("arithmetic of inputs", "reading weights", "states"),
            "as much as the reference",
        ],
        "in": playground,
    }.get(name.split("/")[-1][:2], network)
    assert all(entry == mark for _, entry, mark in found)


# What JupyterLab and Notebook 7 say about lists of terms in a cell's output
JUPYTER = """
.jp-OutputArea-output :is(dl, dt, dd) { display: block; padding: 0; margin: 0; }
.jp-OutputArea-output dl { width: 100%; overflow: hidden; }
.jp-OutputArea-output dt { font-weight: bold; float: left; width: 20%; }
.jp-OutputArea-output dd { float: left; width: 80%; }
"""


@pytest.mark.parametrize("name", LIVE)
def test_in_jupyterlab_a_reading_stands_below_its_label(browser, unzipped, name):
    with opened(browser, f"{unzipped}/{name}") as (page, _):
        page.add_style_tag(content=JUPYTER)
        page.evaluate("document.body.classList.add('jp-OutputArea-output')")
        for pair in page.locator(".readings > div").all():
            label, reading = pair.locator("dt"), pair.locator("dd")
            # As wide as its text, at one line's height
            assert label.evaluate("(e) => e.scrollWidth <= e.clientWidth")
            above, below = label.bounding_box(), reading.bounding_box()
            assert above["y"] + above["height"] <= below["y"] + 0.5
            assert above["x"] == below["x"]
