"""A neuron whose spike time is a formula, in a page."""

import re

import numpy as np
import pytest
import torch
from browser import opened
from explorer import assert_curve, own_page, scale
from playwright.sync_api import expect
from test_addresses import copied
from timed import BY_WEIGHT, DEFAULTS, KINDS, MEMBRANE, STEMS, Exact

from spikereg.spike_times import first_spike
from spikereg.widgets import SpikeTimeExplorer


@pytest.fixture
def exact(browser, unzipped):
    name = own_page(unzipped, "exact", KINDS["exact"]())
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        yield Exact(page)
        assert faults == []


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
