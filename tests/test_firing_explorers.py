"""Explorers of firing times in the built page, compared with the package's."""

import base64
import functools
import re

import numpy as np
import pytest
import torch
from browser import opened
from explorer import Explorer, assert_curve, own_page, scale
from ipywidgets.embed import embed_data
from node import javascript
from playwright.sync_api import expect
from test_addresses import assert_led_to, copied
from test_numerics_firing import EVERY_X, MODEL, heard, sure
from test_page import AXE

from spikereg.decoding import crossing_time
from spikereg.spike_times import first_spike
from spikereg.widgets import FiringTimeExplorer, SpikeTimeExplorer

THRESHOLD = 30.0
INPUT = "input: x, 1 − x and 20 beats"
LAYERS = {
    name: f"layer {n} ({name}): spikes by neuron"
    for n, name in enumerate(("lif_in", "lif_hidden"), start=1)
}
OUTPUT = "answer: membrane of the output"
ALL = "time of the answer to every x"

STEMS = "input spikes, as high as their weights"
MEMBRANE = "membrane U"
BY_WEIGHT = "spike time, by one weight"
DEFAULTS = {"w1": 0.7, "w2": 0.7, "w3": 1.0, "w4": -0.7, "time": 28, "arrow": "w1"}
KINDS = {
    "firing": functools.partial(FiringTimeExplorer, MODEL),
    "exact": SpikeTimeExplorer,
}


class Timed(Explorer):
    """An explorer with panels over time, and one beside them."""

    def settle(self):
        """Wait until the picture is whole."""
        super().settle()
        self.page.wait_for_function(
            "(root) => root.querySelector('.drawing').ariaBusy !== 'true'",
            arg=self.root.element_handle(),
        )

    def _read_bottom_axis(self):
        return self.read(self.over_time, "path")["x"]

    def numbers(self, title, mark, form):
        """Return the numbers of a path that is written in a form."""
        found = re.fullmatch(form.replace("#", r"(-?[\d.]+)"), self.path(title, mark))
        return [float(number) for number in found.groups()]

    def across(self, title, place):
        """Return where a place along an axis is, and a pixel in its units."""
        axis = self.read(title, "path")["x"] or self._read_bottom_axis()
        found, pixel = scale(axis, np.array([place]))
        return found[0], pixel

    def upright(self, title, mark):
        """Return where an upright line is; None if it is not drawn."""
        if not self.path(title, mark):
            return None
        place, _, _ = self.numbers(title, mark, "M#,#V#")
        return self.across(title, place)[0]

    def box(self, title):
        return self._panel(title).bounding_box()


class Firing(Timed):
    over_time = OUTPUT

    def __init__(self, page):
        super().__init__(page, "When to fire")


class Exact(Timed):
    over_time = MEMBRANE

    def __init__(self, page):
        super().__init__(page, "An exact spike time")


@pytest.fixture
def firing(browser, unzipped):
    name = own_page(unzipped, "firing", KINDS["firing"]())
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        explorer = Firing(page)
        explorer.settle()
        yield explorer
        assert faults == []


@pytest.fixture
def exact(browser, unzipped):
    name = own_page(unzipped, "exact", KINDS["exact"]())
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        yield Exact(page)
        assert faults == []


# A network that answers by the time of a spike


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


# A neuron whose spike time is a formula


def neuron(w1, w2, w3, w4, time, arrow):
    """Return input times, weights, spike, gradient, and the spike for 0.1 more."""
    times = torch.tensor([[5, 15, 40, time]], dtype=torch.float64)
    weights = torch.tensor([[w1], [w2], [w3], [w4]], dtype=torch.float64)
    which = int(arrow[1]) - 1
    more = weights.clone()
    more[which] += 0.1
    weights.requires_grad_()
    spike = first_spike(times, weights)
    slope = None
    if spike.isfinite():
        (gradient,) = torch.autograd.grad(spike.sum(), weights)
        slope = gradient[which].item()
    later = first_spike(times, more).item()
    return times[0].numpy(), weights.detach(), spike.item(), slope, later


def fixed(value):
    return "never" if np.isinf(value) else re.sub("^-", "−", f"{value:.1f}")


def assert_exact(explorer, **values):
    """Compare all that is drawn with the package."""
    values = DEFAULTS | values
    arrow = values["arrow"]
    times, weights, spike, slope, later = neuron(**values)
    which = int(arrow[1]) - 1
    own = weights[:, 0].numpy()

    stems = re.findall(
        r"M([\d.]+),([\d.]+)V([\d.]+)", explorer.path(STEMS, ".curve.current")
    )
    at, _, ends = np.array(stems, float).T
    drawn, pixel = scale(explorer._read_bottom_axis(), at)
    np.testing.assert_allclose(drawn, times, atol=pixel / 2)
    heights, pixel = scale(explorer.read(STEMS, "path")["y"], ends)
    np.testing.assert_allclose(heights, own, atol=pixel / 2)
    assert_curve(explorer, STEMS, ".dots.current", [own[which]], [times[which]])

    t = np.linspace(0, 80, 401)
    potential = np.array(
        [sum(own * -np.expm1(-np.maximum(0, now - times) / 20)) for now in t]
    )
    assert_curve(explorer, MEMBRANE, ".curve.other", potential, t)
    at, _, (pixel, _) = explorer.points(MEMBRANE, ".curve.membrane")
    assert at[-1] == pytest.approx(min(spike, 80), abs=pixel / 2)
    assert explorer.level(MEMBRANE, ".curve.threshold") == pytest.approx(1, abs=0.02)
    seen = spike <= 80
    for mark, time in ((".curve.spikes", spike), (".curve.later", later)):
        expected = None if time > 80 else pytest.approx(time, abs=pixel / 2)
        assert explorer.upright(MEMBRANE, mark) == expected

    arrowed = bool(slope) and seen
    if arrowed:
        start, _, end = explorer.numbers(MEMBRANE, ".curve.gradient", "M#,#H#.*")
        assert explorer.across(MEMBRANE, start)[0] == pytest.approx(spike, abs=0.2)
        expected = np.clip(spike + 0.1 * slope, 0, 80)
        assert explorer.across(MEMBRANE, end)[0] == pytest.approx(expected, abs=0.2)
        head = explorer.path(MEMBRANE, ".curve.gradient").count("L")
        assert head == (2 if 0 <= spike + 0.1 * slope <= 80 else 0)
    else:
        assert explorer.path(MEMBRANE, ".curve.gradient") == ""

    at, drawn, (_, pixel) = explorer.points(BY_WEIGHT, ".curve.spikes")
    inside = drawn < 80
    for weight, time in list(zip(at[inside], drawn[inside], strict=True))[::7]:
        near = [
            neuron(**values | {arrow: weight + shift})[2] for shift in (-0.01, 0, 0.01)
        ]
        assert min(near) - pixel <= time <= max(near) + pixel
    if slope is None:
        assert explorer.path(BY_WEIGHT, ".curve.gradient") == ""
    else:
        ends = [spike + slope * (end - values[arrow]) for end in (-1, 2)]
        assert_curve(explorer, BY_WEIGHT, ".curve.gradient", ends, [-1, 2])
    if seen:
        assert_curve(explorer, BY_WEIGHT, ".dots.spikes", [spike], [values[arrow]])
    label = explorer._panel(BY_WEIGHT).locator(".label").text_content()
    assert label == f"weight {arrow}: click or drag"

    assert explorer.reading("spike time t") == fixed(spike)
    shown = "none" if slope is None else f"{fixed(slope)} ({arrow})"
    assert explorer.reading("dt/dw") == shown.replace("−0.0 ", "0.0 ")
    before = [str(n + 1) for n in range(4) if times[n] <= spike < np.inf]
    assert explorer.reading("inputs before it") == (", ".join(before) or "none")
    assert explorer.reading("t if w grows by 0.1") == fixed(later)


def remark(explorer):
    panel = explorer._panel(MEMBRANE)
    assert panel.locator("[clip-path] .remark").count() == 0  # or it is not seen
    return panel.locator(".remark").text_content()


def test_a_neuron_fires_from_the_start_as_in_python(exact):
    assert_exact(exact)
    assert remark(exact) == ""


def test_the_arrow_is_for_the_weight_that_was_moved_last(exact):
    values = {}
    for name, share in {"w2": 0.55, "w3": 0.6, "w1": 0.7, "w4": 0.35}.items():
        values[name] = exact.drag(f"weight {name}", share)
        assert exact.control("gradient for").input_value() == name
        assert_exact(exact, **values, arrow=name)
    values["time"] = exact.press("time of input 4", "ArrowLeft", 9)
    assert_exact(exact, **values, arrow="w4")
    exact.choose("gradient for", "w2")
    assert_exact(exact, **values, arrow="w2")
    exact.start_again()
    assert_exact(exact)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        # The spike jumps before the inhibition, and no gradient knows.
        ({"w1": 0.95}, ""),
        ({"w1": 0.05, "arrow": "w1"}, "it fires beyond this picture"),
        ({"w1": 0.0, "w4": -1.0, "arrow": "w3"}, "silent: no gradient"),
        ({"w2": 1.5, "time": 60, "arrow": "w4"}, "input 4 comes after the spike"),
        # Two inputs at the same time
        ({"time": 15, "w4": 0.5, "arrow": "w2"}, ""),
    ],
    ids=str,
)
def test_where_the_gradient_is_blind(browser, unzipped, values, said):
    name = own_page(unzipped, "blind", SpikeTimeExplorer(**values))
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        explorer = Exact(page)
        assert_exact(explorer, **values)
        assert remark(explorer) == said
        if "w1" in values and len(values) == 1:
            *_, spike, slope, later = neuron(**DEFAULTS | values)
            assert spike + 0.1 * slope > later + 10
        assert faults == []


def test_a_drag_beside_moves_the_weight_and_a_link_holds_it(exact):
    exact.choose("gradient for", "w2")
    exact.root.locator(".drag").scroll_into_view_if_needed()
    box = exact.box(BY_WEIGHT)
    ticks = dict(exact.read(BY_WEIGHT, "path")["x"])
    at = box["x"] + ticks[1], box["y"] + 100
    exact.page.mouse.click(*at)
    exact.settle()
    assert exact.value("weight w2") == 1
    assert_exact(exact, w2=1.0, arrow="w2")
    exact.press("weight w4", "ArrowLeft")
    link = copied(exact)
    assert link.endswith("#exact.w2=1&exact.w4=-0.75&exact.arrow=w4")
    exact.start_again()
    exact.page.evaluate("end => { location.hash = end; }", link.partition("#")[2])
    exact.settle()
    # A link moves weights too, and says itself what the arrow is for.
    assert_exact(exact, w2=1.0, w4=-0.75, arrow="w4")


def test_what_the_gradient_says_can_be_heard(exact):
    summary = exact.root.locator("> .summary[role=status]")
    expect(summary).to_have_text(
        "Spike at 45.9, after inputs 1, 2, 3, 4. The gradient for w1 is −24.9: if it "
        "grows by 0.1, a spike at 43.4. Really at 43.6."
    )
    exact.press("weight w3", "Home")
    expect(summary).to_have_text(
        "The neuron is silent: no gradient. If w3 grows by 0.1, it fires at: never."
    )


# Both of them


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
