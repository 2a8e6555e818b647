"""The memories of a pulse in the built page, compared with the package's."""

import math
import re

import numpy as np
import pytest
from browser import opened
from explorer import Explorer, assert_curve, own_page
from playwright.sync_api import expect
from test_addresses import assert_led_to, copied
from test_numerics_pulse import DEFAULTS, LATER, START, reference

from spikereg.widgets import PulseExplorer

TITLE = "What is left of a pulse"
PANELS = {
    "decay": "Decay: membrane",
    "reset": "Reset: membrane",
    "adaptation": "Adaptation: current",
    "rotation": "Rotation: membrane",
    "gate": "Gate: cell",
    "taps": "Delay taps: last tap",
}
LABELS = {
    "length": "pulse length",
    "tau": "time constant τ",
    "threshold": "threshold θ",
    "tau_adaptation": "τ, adaptation",
    "period": "period",
    "forget": "forget gate f",
    "delay": "delay d",
}


@pytest.fixture
def explorer(browser, unzipped):
    name = own_page(unzipped, "pulse", PulseExplorer())
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        yield Explorer(page, TITLE)
        assert faults == []


def remark(explorer, kind):
    panel = explorer.root.locator(
        f"svg.panel:has(text.title:text-is('{PANELS[kind]}'))"
    )
    return panel.locator(".remark").text_content()


def assert_remembered(explorer, **values):
    """Compare all that is drawn with the package."""
    values = {
        name: type(start)(values.get(name, start)) for name, start in DEFAULTS.items()
    }
    step = START + values["length"] - 1 + LATER
    pulse = np.zeros(60)
    pulse[START : START + values["length"]] = 1
    assert_curve(explorer, "input x", ".curve.current", pulse)
    for kind, lines in reference(**values).items():
        title = PANELS[kind]
        size = np.asarray(lines.get("size", lines["state"]))
        assert_curve(explorer, title, ".curve.membrane", lines["state"])
        assert_curve(explorer, title, ".dots.membrane", [size[step]], [step])
        if "beside" in lines:
            assert_curve(explorer, title, ".curve.other", lines["beside"])
        else:
            assert explorer.path(title, ".curve.other") == ""
        theta = explorer.level(title, ".curve.threshold")
        if "spikes" in lines:
            assert theta == pytest.approx(values["threshold"], abs=0.02)
        else:
            assert theta is None
        ticks = re.findall(r"M[\d.]+,", explorer.path(title, ".raster"))
        assert len(ticks) == np.sum(lines.get("spikes", 0))
        share = abs(size[step]) / abs(size).max() if size.any() else None
        said = "nothing" if share is None else percent(share)
        assert remark(explorer, kind) == f"left after 30 steps: {said}"


def percent(share):
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def test_what_is_drawn_is_the_packages_from_the_start(explorer):
    assert_remembered(explorer)
    # A single number, without this file's own arithmetic
    assert remark(explorer, "decay") == "left after 30 steps: 5 %"
    assert math.exp(-3) == pytest.approx(0.05, abs=0.001)


def test_a_mouse_drags_every_slider(explorer):
    values = {}
    for share, (name, label) in zip(
        (12 / 14, 0.3, 0.1, 0.7, 0.6, 0.2, 0.8), LABELS.items(), strict=True
    ):
        values[name] = explorer.drag(label, share)
        assert values[name] != DEFAULTS[name]
        assert_remembered(explorer, **values)
    explorer.start_again()
    assert_remembered(explorer)


def test_keys_move_every_slider_and_its_value_stands_beside_it(explorer):
    shown = ["4", "9", "0.25", "55", "19", "0.975", "15"]
    for label, expected in zip(LABELS.values(), shown, strict=True):
        explorer.press(label, "ArrowLeft")
        assert explorer.shown(label) == expected
    values = dict(zip(LABELS, map(float, shown), strict=True))
    assert_remembered(explorer, **values)


def test_where_nothing_fires_nothing_is_kept(explorer):
    explorer.press("threshold θ", "End")
    assert remark(explorer, "adaptation") == "left after 30 steps: nothing"
    assert_remembered(explorer, threshold=1)


def test_what_is_left_can_be_heard(explorer):
    summary = explorer.root.locator("> .summary[role=status]")
    expect(summary).to_have_text(
        "Left 30 steps after the pulse. Decay: 5 %. Reset: 1 %. Adaptation: 61 %. "
        "Rotation: 5 %. Gate: 55 %. Delay taps: 0 %."
    )
    explorer.press("delay d", "End")
    expect(summary).to_have_text(re.compile(r"Delay taps: 100 %\.$"))


def test_a_link_holds_its_values_and_sets_them(browser, unzipped):
    name = own_page(unzipped, "linked-pulse", PulseExplorer(tau=30))
    address = f"{unzipped}/{name}#pulse.tau=20&pulse.length=3"
    with opened(browser, address) as (page, faults):
        explorer = Explorer(page, TITLE)
        assert_led_to(explorer)
        assert_remembered(explorer, tau=20, length=3)
        explorer.press("delay d", "Home")
        assert copied(explorer).endswith("#pulse.length=3&pulse.tau=20&pulse.delay=1")
        explorer.start_again()
        assert_remembered(explorer, tau=30)
        assert faults == []


@pytest.mark.parametrize(("width", "columns"), [(1280, 2), (390, 1)])
def test_the_panels_stand_side_by_side_or_below_each_other(
    browser, unzipped, width, columns
):
    name = own_page(unzipped, "columns", PulseExplorer())
    with opened(browser, f"{unzipped}/{name}", width=width) as (page, _):
        top, *boxes = [p.bounding_box() for p in page.locator(".panel").all()]
        assert len(boxes) == 6
        assert len({box["x"] for box in boxes}) == columns
        # All on the same axis, that of the input too
        assert {box["width"] for box in boxes} == {top["width"]}
        for title in page.locator(".panel:has(.remark)").all():
            said, left = (
                title.locator(name).bounding_box() for name in (".title", ".remark")
            )
            assert said["x"] + said["width"] < left["x"]
        assert page.evaluate("spikeregTest.outside", ".spikereg *") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_and_text_stand_out(browser, unzipped, theme):
    name = own_page(unzipped, "seen", PulseExplorer())
    with opened(browser, f"{unzipped}/{name}", theme) as (page, _):
        found = page.evaluate("spikeregTest.contrasts()")
        assert found["checked"] > 40
        assert found["low"] == []
        labels = page.evaluate("spikeregTest.legends()")
    assert len(labels) == 2
    assert all(entry == mark for _, entry, mark in labels)
