"""A network that answers by the time of a spike, in a page."""

import functools
import re

import numpy as np
import pytest
import torch
from browser import opened
from explorer import assert_curve, own_page, scale
from node import javascript
from playwright.sync_api import expect
from test_addresses import assert_led_to, copied
from test_numerics_firing import EVERY_X, MODEL, heard, sure
from timed import ALL, INPUT, KINDS, LAYERS, OUTPUT, THRESHOLD, Firing

from spikereg.decoding import crossing_time
from spikereg.widgets import FiringTimeExplorer


@pytest.fixture
def firing(browser, unzipped):
    name = own_page(unzipped, "firing", KINDS["firing"]())
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        explorer = Firing(page)
        explorer.settle()
        yield explorer
        assert faults == []


@functools.cache
def offsets():
    return torch.tensor(javascript("OFFSETS"))


@functools.cache
@torch.no_grad()
def answers(jitter):
    """Run the network for every x; say which runs no rounding can change."""
    features = heard(EVERY_X, offsets=offsets(), jitter=jitter)
    return features, MODEL.trace(features), sure(MODEL, features).numpy()


def due(x):
    return 100 * (0.2 + 0.6 * (x + 0.15 * np.sin(2 * np.pi * x)))


def stepped(time):
    return "never" if np.isinf(time) else f"step {time:.1f}"


def assert_answered(explorer, x=0.25, jitter=0.0, factor=1.0):
    """Compare all that is drawn with the package."""
    _, trace, same = answers(jitter)
    n = round(100 * x)
    assert same[n], "a value at which rounding decides over a spike"
    threshold = factor * THRESHOLD
    times = crossing_time(trace.prediction[:, :, 0], threshold).numpy()
    time, wanted = times[n], due(x)

    told = 0.4 * np.array([x, 1 - x, *np.arange(20) / 20]) * 100
    told = np.clip(told + jitter * offsets().numpy(), 0, 99)
    beats = ".raster.spikes:not(.told)"
    for mark, expected in ((beats, told[2:]), (".told", told[:2])):
        path = explorer.path(INPUT, mark)
        places = np.array(re.findall(r"M(-?[\d.]+),", path), float)
        drawn, pixel = scale(explorer._read_bottom_axis(), places)
        np.testing.assert_allclose(np.sort(drawn), np.sort(expected), atol=pixel / 2)
    other, one = re.findall(r"M[\d.]+,([\d.]+)", explorer.path(INPUT, ".told"))
    assert float(one) < float(other)  # x above 1 - x
    for name, title in LAYERS.items():
        t, neuron, _ = explorer.points(title, ".raster")
        drawn = {(round(a), round(b - 1)) for a, b in zip(t, neuron, strict=True)}
        steps, neurons = trace.spikes[name][:, n].nonzero().T.tolist()
        assert drawn == set(zip(steps, neurons, strict=True))

    assert_curve(explorer, OUTPUT, ".curve.membrane", trace.prediction[:, n])
    assert explorer.level(OUTPUT, ".curve.threshold") == pytest.approx(
        threshold, abs=0.2
    )
    _, pixel = explorer.across(OUTPUT, 0)
    assert explorer.upright(OUTPUT, ".curve.target") == pytest.approx(
        wanted, abs=pixel / 2
    )
    if np.isinf(time):
        for mark in (".curve.spikes", ".dots.spikes", ".shade"):
            assert explorer.path(OUTPUT, mark) == ""
        assert explorer.path(ALL, ".dots.spikes") == ""
        assert explorer.reading("error") == "no answer"
    else:
        spike = explorer.upright(OUTPUT, ".curve.spikes")
        assert spike == pytest.approx(time, abs=pixel / 2)
        assert_curve(explorer, OUTPUT, ".dots.spikes", [threshold], [time])
        assert_curve(explorer, ALL, ".dots.spikes", [time], [x])
        late = time - wanted
        said = f"{abs(late):.1f} steps {'late' if late > 0 else 'early'}"
        assert explorer.reading("error") == ("none" if abs(late) < 0.05 else said)
    assert explorer.reading("wanted at t*") == stepped(wanted)
    assert explorer.reading("fires at t") == stepped(time)

    assert_curve(explorer, ALL, ".curve.target", due(EVERY_X.numpy()), EVERY_X)
    at, drawn, (_, pixel) = explorer.points(ALL, ".curve.spikes")
    at = np.round(100 * at).astype(int)
    assert len(set(at)) == len(at)
    assert set(np.flatnonzero(same & np.isfinite(times))) <= set(at)
    assert same[at].sum() > 30
    np.testing.assert_allclose(drawn[same[at]], times[at][same[at]], atol=pixel / 2)
    assert not set(np.flatnonzero(same & np.isinf(times))) & set(at)
    if same.all():
        error = np.abs(np.minimum(times, 100) - due(EVERY_X.numpy())).mean()
        mean = float(explorer.reading("mean error, all x").removesuffix(" steps"))
        assert mean == pytest.approx(error, abs=0.051)


def test_a_network_answers_from_the_start_as_in_python(firing):
    assert_answered(firing)


def test_sliders_move_value_jitter_and_threshold(firing):
    x = firing.drag("value x", 0.7)
    assert_answered(firing, x)
    jitter = firing.drag("jitter in steps", 0.3)
    assert jitter > 1
    assert_answered(firing, x, jitter)
    factor = firing.drag("threshold θ", 0.2)
    assert_answered(firing, x, jitter, factor)
    firing.press("jitter in steps", "Home")
    assert firing.press("value x", "ArrowRight", 2) == pytest.approx(x + 0.02)
    assert firing.shown("threshold θ") == f"× {factor:.2f}"
    assert_answered(firing, round(x + 0.02, 2), 0.0, factor)
    firing.start_again()
    assert_answered(firing)


def test_an_answer_that_does_not_come_is_said_and_leaves_a_gap(browser, unzipped):
    silent = FiringTimeExplorer(MODEL, "curve", 2 * THRESHOLD)
    name = own_page(unzipped, "silent", silent)
    with opened(browser, f"{unzipped}/{name}#firing.factor=1.5") as (page, faults):
        explorer = Firing(page)
        explorer.settle()
        assert explorer.reading("fires at t") == "never"
        assert explorer.reading("error") == "no answer"
        for title in (OUTPUT, ALL):
            for mark in (".curve.spikes", ".dots.spikes"):
                assert explorer.path(title, mark) == ""
        summary = explorer.root.locator("> .summary[role=status]")
        expect(summary).to_have_text(
            re.compile(r"^Wanted at step 44\.0, fires never\. Mean error over all x: ")
        )
        assert faults == []


def test_another_task_has_another_wanted_time(browser, unzipped):
    name = own_page(unzipped, "wave", FiringTimeExplorer(MODEL, "wave", x=0.5))
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        explorer = Firing(page)
        explorer.settle()
        wave = 50 + 30 * np.sin(2 * np.pi * EVERY_X.numpy())
        assert_curve(explorer, ALL, ".curve.target", wave, EVERY_X)
        assert explorer.reading("wanted at t*") == "step 50.0"
        assert faults == []


def test_a_click_or_a_drag_beside_chooses_the_value(firing):
    box, mouse = firing.box(ALL), firing.page.mouse
    ticks = dict(firing.read(ALL, "path")["x"])

    def place(x):
        return box["x"] + ticks[0] + x * (ticks[1] - ticks[0]), box["y"] + 100

    firing.root.locator(".drag").scroll_into_view_if_needed()
    box = firing.box(ALL)
    mouse.click(*place(0.6))
    firing.settle()
    assert firing.value("value x") == 0.6
    assert_answered(firing, 0.6)
    mouse.move(*place(0.6))
    mouse.down()
    mouse.move(*place(0.7), steps=3)
    firing.settle()
    assert firing.value("value x") == pytest.approx(0.7, abs=0.011)
    mouse.move(*place(1.4), steps=3)
    mouse.up()
    mouse.move(*place(0.1))
    firing.settle()
    assert firing.value("value x") == 1
    # Another button chooses nothing.
    mouse.click(*place(0.5), button="right")
    firing.settle()
    assert firing.value("value x") == 1


def test_a_finger_that_scrolls_chooses_nothing_and_one_that_drags_does(firing):
    firing.root.locator(".drag").scroll_into_view_if_needed()
    box = firing.box(ALL)
    session = firing.page.context.new_cdp_session(firing.page)
    at = box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"]

    def touch(kind, *points):
        spots = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    touch("touchStart", at)
    touch("touchMove", (at[0] + 1, at[1] - 60))
    touch("touchCancel")
    firing.settle()
    assert firing.value("value x") == 0.25
    touch("touchStart", at)
    touch("touchMove", (at[0] + 10, at[1]))
    touch("touchMove", (at[0] + 30, at[1]))
    touch("touchEnd")
    firing.settle()
    assert firing.value("value x") > 0.5


def test_nothing_jumps_while_a_slider_moves(firing):
    def places():
        axes = [firing.read(title, "path")["y"] for title in (OUTPUT, ALL)]
        boxes = firing.root.locator(".panel, dd").evaluate_all(
            """(all) => all.map((element) => {
              const { x, y } = element.getBoundingClientRect();
              return [x, y + scrollY];
            })"""
        )
        return axes, boxes

    before = places()
    for label in ("value x", "jitter in steps", "threshold θ"):
        for key in ("Home", "End"):
            firing.press(label, key)
            assert places() == before


def test_a_link_holds_what_a_network_is_asked(browser, unzipped):
    name = own_page(unzipped, "linked-firing", KINDS["firing"](x=0.4))
    address = f"{unzipped}/{name}#firing.x=0.6&firing.factor=0.8"
    with opened(browser, address) as (page, faults):
        explorer = Firing(page)
        assert_led_to(explorer)
        explorer.settle()
        assert_answered(explorer, 0.6, factor=0.8)
        explorer.press("jitter in steps", "ArrowRight", 2)
        assert copied(explorer).endswith(
            "#firing.x=0.6&firing.jitter=0.2&firing.factor=0.8"
        )
        explorer.start_again()
        assert_answered(explorer, 0.4)
        assert faults == []
