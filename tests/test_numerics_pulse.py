"""What is kept of a pulse, in JavaScript against the package."""

import functools
import math

import numpy as np
import pytest
import snntorch as snn
import torch
from node import javascript

from spikereg import AdaptiveLeaky, Resonator, scan
from spikereg.widgets import PulseExplorer

START, LATER = 5, 30


def settings(seed):
    """Draw values as the sliders can have them."""
    rng = np.random.default_rng(seed)
    traits = PulseExplorer().traits()
    return {
        control["name"]: type(traits[control["name"]].default_value)(
            control["min"]
            + control["step"]
            * rng.integers((control["max"] - control["min"]) / control["step"] + 1)
        )
        for control in PulseExplorer()._controls
    }


DEFAULTS = {each["name"]: each["value"] for each in PulseExplorer()._controls}
DRAWN = [DEFAULTS, *map(settings, range(6))]


@functools.cache
def reference(length, tau, threshold, tau_adaptation, period, forget, delay):
    """Run each kind of memory in Python."""
    x = torch.zeros(60)
    x[START : START + length] = 1
    beta = math.exp(-1 / tau)
    current = ((1 - beta) * x).view(60, 1, 1)

    integrator = snn.Leaky(beta=beta, reset_mechanism="none")
    leaky = snn.Leaky(beta=beta, threshold=threshold)
    adaptive = AdaptiveLeaky(
        1,
        threshold=threshold,
        tau_membrane=(tau, tau),
        tau_adaptation=(tau_adaptation, tau_adaptation),
    )
    adaptive.scale = 0.5 / (1 - adaptive.beta.item())
    adaptive.a.data.fill_(0)
    adaptive.b.data.fill_(1)
    resonator = Resonator(
        1,
        threshold=threshold,
        reset_mechanism="none",
        tau=(tau, tau),
        period=(period, period),
    )
    reset, turned = (walk(neuron, current) for neuron in (leaky, resonator))
    tired = walk(adaptive, x.view(60, 1, 1))
    amplitude = np.hypot(turned["membrane"], turned["hidden"])
    x = x.numpy()
    cell = [0.0]
    for value in x:
        cell.append(1 if value else forget * cell[-1])
    held = [x[max(0, t - delay) : t].max(initial=0) for t in range(60)]
    return {
        "decay": {"state": walk(integrator, current)["membrane"]},
        "reset": {"state": reset["membrane"], "spikes": reset["spikes"]},
        "adaptation": {
            "state": tired["hidden"],
            "beside": tired["membrane"],
            "spikes": tired["spikes"],
        },
        "rotation": {
            "state": turned["membrane"],
            "beside": amplitude,
            "size": amplitude,
            "spikes": turned["spikes"],
        },
        "gate": {"state": cell[1:]},
        "taps": {
            "state": np.concatenate([np.zeros(delay), x])[:60],
            "beside": held,
            "size": held,
        },
    }


def walk(neuron, current):
    """Return spikes and membrane, and the other state of those that have one."""
    with torch.no_grad():
        found = [line.flatten().numpy() for line in scan(neuron, current)]
        if type(neuron) is snn.Leaky:
            return dict(zip(("spikes", "membrane"), found, strict=True))
        hidden, membrane, others = *torch.zeros(2, 1, 1), []
        for step in current:
            _, hidden, membrane = neuron(step, hidden, membrane)
            others.append(hidden.item())
    return {"spikes": found[0], "membrane": found[1], "hidden": np.array(others)}


def left(**values):
    """Return what JavaScript finds left of each kind."""
    return javascript(
        "Object.fromEntries(Object.entries(memories(given.values)).map("
        "([kind, memory]) => [kind, leftAt(memory, readAt(given.values.length))]))",
        values=DEFAULTS | values,
    )


@pytest.mark.parametrize("values", DRAWN, ids=str)
def test_every_memory_is_that_of_the_package(values):
    found = javascript("memories(given.values)", values=values)
    expected = reference(**values)
    assert found.keys() == expected.keys()
    for kind, lines in expected.items():
        assert found[kind].keys() == lines.keys()
        for name, line in lines.items():
            np.testing.assert_allclose(found[kind][name], line, atol=1e-6, err_msg=kind)


def test_the_drawn_settings_make_all_kinds_fire():
    for kind in ("reset", "adaptation", "rotation"):
        counts = [reference(**values)[kind]["spikes"].sum() for values in DRAWN]
        assert max(counts) > 1
        assert min(counts) == 0


@pytest.mark.parametrize("values", DRAWN, ids=str)
def test_what_is_left_is_a_share_of_the_largest(values):
    step = START + values["length"] - 1 + LATER
    for kind, share in left(**values).items():
        lines = reference(**values)[kind]
        size = np.abs(lines.get("size", lines["state"]))
        expected = size[step] / size.max() if size.any() else None
        assert share == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("tau", [1, 10, 20, 100])
def test_a_decay_and_a_rotation_leave_a_power_of_beta(tau):
    found = left(tau=tau, length=1)
    expected = math.exp(-LATER / tau)
    assert found["decay"] == pytest.approx(expected, rel=1e-5)
    assert found["rotation"] == pytest.approx(expected, rel=1e-5)
    assert left(tau=tau, length=15)["decay"] == pytest.approx(expected, rel=1e-5)
    # Without a spike a reset takes nothing.
    assert left(tau=tau, threshold=1)["reset"] == pytest.approx(expected, rel=1e-5)


def test_a_reset_takes_the_threshold():
    beta, threshold = math.exp(-1 / 10), DEFAULTS["threshold"]
    largest = 1 - beta**4  # the first above the threshold
    assert largest > threshold > 1 - beta**3
    final = beta * largest + (1 - beta) - threshold
    assert left()["reset"] == pytest.approx(final * beta**LATER / largest, rel=1e-5)


def test_a_single_spike_leaves_the_decay_of_the_adaptation():
    # It comes in the pulse's last step but one, and is heard one step later.
    for tau in (5, 60, 200):
        found = left(tau_adaptation=tau)["adaptation"]
        assert found == pytest.approx(math.exp(-LATER / tau), rel=1e-5)
    assert left(threshold=1)["adaptation"] is None


def test_a_gate_leaves_a_power_of_itself():
    for forget in (0.8, 0.98, 1):
        for length in (1, 15):
            found = left(forget=forget, length=length)["gate"]
            assert found == pytest.approx(forget**LATER, rel=1e-5)


def test_a_delay_line_holds_all_until_it_holds_nothing():
    for length in (1, 5, 15):
        shares = [
            left(delay=delay, length=length)["taps"] for delay in (1, 29, 30, 31, 40)
        ]
        assert shares == [0, 0, 1, 1, 1]
