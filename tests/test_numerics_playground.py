"""The playground's curves, history and Python lines."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from node import javascript
from test_numerics_training import SETTINGS

from spikereg import SpikingRegressor
from spikereg.widgets import Playground
from spikereg.widgets._source import joined
from spikereg.widgets.playground import PRESETS

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

CONTROLS = {each["name"]: each["value"] for each in Playground()._controls}
DEFAULTS = {name: value for name, value in CONTROLS.items() if name != "target"}
WAYS = [
    {"target": "sqrt", "values": DEFAULTS},
    {
        "target": "bumps",
        "values": DEFAULTS | {"hidden": 8, "lr": 0.1, "seed": 99, "slope": 1.0},
    },
    {
        "target": [round(0.5 + 0.5 * np.sin(t / 7), 3) for t in range(50)],
        "values": DEFAULTS
        | {
            "reset": "zero",
            "beta_from": 0.25,
            "beta_to": 0.75,
            "threshold_from": 0.5,
            "threshold_to": 0.5,
            "lr": 1e-4,
        },
    },
    {"target": "linear", "values": DEFAULTS | {"reset": "none"}},
    {"target": [0, 1], "values": DEFAULTS | {"beta_to": 1 / 3}},
    {
        "target": [1] * 200,
        "values": DEFAULTS | {"lr": 0.00123456789012, "threshold_from": 1e-7},
    },
    {"target": "linear", "values": DEFAULTS | {"beta_from": 0.5}},
    {"target": "linear", "values": DEFAULTS | {"threshold_to": 2.0}},
]
WAYS = [way | {"target": Playground(target=way["target"]).target} for way in WAYS]
each_way = pytest.mark.parametrize("way", WAYS, ids=range(len(WAYS)))

# Curves


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.floats(-3, 22), st.floats(-1, 2)),
    st.tuples(st.floats(-3, 22), st.floats(-1, 2)),
)
def test_a_stroke_is_a_straight_line_and_touches_nothing_else(start, end):
    curve = [0.123] * 20
    there, back = javascript(
        "[stroke(given.curve, given.start, given.end),"
        " stroke(given.curve, given.end, given.start)]",
        curve=curve,
        start=start,
        end=end,
    )
    (left, low), (right, high) = sorted([start, end], key=lambda point: point[0])
    first, last = (int(np.clip(np.floor(t + 0.5), 0, 19)) for t in (left, right))
    expected = np.array(curve)
    if right > left:
        inside = np.arange(first, last + 1)
        line = np.interp(inside, [left, right], [low, high])
        expected[inside] = np.clip(line, 0, 1)
        np.testing.assert_allclose(there, expected, atol=5.1e-4)
        assert there == back
    assert all(round(y, 3) == y for y in there)
    assert there[:first] == curve[:first]
    assert there[last + 1 :] == curve[last + 1 :]


def test_a_preset_that_was_drawn_on_comes_back_from_its_text():
    for curve in PRESETS.values():
        drawn, back = javascript(
            "((drawn) => [drawn, read(written(drawn))])"
            "(stroke(given.curve, [3, 0.2], [7, 0.4]))",
            curve=curve,
        )
        assert back == drawn
        np.testing.assert_allclose(drawn[8:], curve[8:], atol=5.1e-4)


def test_a_stroke_straight_up_ends_where_the_pen_is():
    found = javascript("stroke([0, 0, 0], [1, 0.2], [1, 0.7])")
    assert found == [0, 0.7, 0]


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=60))
@settings(max_examples=25, deadline=None)
def test_a_curve_comes_back_from_its_text(heights):
    curve = [height / 1000 for height in heights]
    text, back = javascript(
        "[written(given.curve), read(written(given.curve))]",
        curve=curve,
    )
    assert back == curve
    assert len(text) == 2 * len(curve)


def test_a_curve_is_named_if_it_is_a_preset():
    for name, curve in PRESETS.items():
        assert javascript("nameOf(given.curve, given.presets)", **_named(curve)) == name
    other = [*PRESETS["sqrt"][:-1], 0.5]
    assert javascript("nameOf(given.curve, given.presets)", **_named(other)) == "drawn"


def _named(curve):
    return {"curve": curve, "presets": PRESETS}


# History


@pytest.mark.parametrize("count", [1, 399, 400, 401, 5000, 12_345])
def test_a_history_is_bounded_and_keeps_the_mean(count):
    found = javascript(
        """((losses) => {
          for (let n = 0; n < given.count; n++) losses.add(n);
          return losses.get();
        })(record())""",
        count=count,
    )
    points, size = np.array(found["points"]), found["size"]
    assert len(points) < 400
    assert count - size < size * len(points) <= count
    np.testing.assert_allclose(points, np.arange(len(points)) * size + (size - 1) / 2)


@given(st.lists(st.floats(0, 1), min_size=1))
@settings(max_examples=25, deadline=None)
def test_the_columns_are_a_histogram(values):
    found = javascript("counts(given.values, 8)", values=values)
    assert found == np.histogram(values, 8, (0, 1))[0].tolist()


# The worker


def test_a_small_network_trains_no_faster_than_can_be_watched():
    """In a world whose clock is a number: a real one says how busy a machine is."""
    values = {name: DEFAULTS[name] for name in SETTINGS} | {"hidden": 8}
    shown = javascript(
        """await (async () => {
          let clock = 0; // milliseconds; looking at it takes some
          const jobs = [];
          const later = (wait) => (job) => jobs.push(() => ((clock += wait), job()));
          const shown = [];
          class Channel {
            port1 = { onmessage: null };
            port2 = { postMessage: () => later(0.05)(() => this.port1.onmessage()) };
          }
          const world = {
            self: globalThis,
            performance: { now: () => (clock += 0.05) },
            setTimeout: later(4), // browsers wait no less
            MessageChannel: Channel,
            postMessage: ({ iteration }) => shown.push([clock, iteration]),
          };
          for (const [name, value] of Object.entries(world)) {
            Object.defineProperty(globalThis, name, { value });
          }
          const source = encodeURIComponent(given.source);
          await import("data:text/javascript," + source);
          const { settings, target } = given;
          onmessage({ data: { begin: 1, settings, target, go: 9999, turn: 1 } });
          while (clock < 4000) {
            jobs.shift()();
            onmessage({ data: { drawn: true } });
          }
          return shown;
        })()""",
        source=joined("worker.js"),
        settings=values,
        target=PRESETS["sqrt"],
    )
    times, iterations = np.array(shown).T
    assert iterations[-1] == pytest.approx(500 * times[-1] / 1000, rel=0.01)
    # At every moment, not only on average
    assert np.abs(iterations - 500 * times / 1000).max() < 10


# Python


@pytest.mark.parametrize("iterations", [0, 30])
@each_way
def test_the_lines_of_python_train_the_same_network(monkeypatch, way, iterations):
    lines = javascript(
        "python(given.way, given.presets, given.iterations)",
        way=way,
        presets=PRESETS,
        iterations=iterations,
    )
    calls = []
    monkeypatch.setattr(
        "spikereg.fit", lambda *args, **named: calls.append((args, named))
    )
    exec(lines, {})
    (((model, ((features, target),)), named),) = calls
    playground = Playground(target=way["target"], **way["values"])
    assert named == {"epochs": iterations or 100, "lr": pytest.approx(playground.lr)}
    assert features.flatten().equal(torch.linspace(0, 1, len(playground.target)))
    np.testing.assert_allclose(target.flatten(), playground.target, atol=1e-6)
    assert target.dtype == torch.float32
    expected = playground.model()
    assert isinstance(model, SpikingRegressor)
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value)
    for name in ("lif_in", "lif_hidden"):
        theirs, ours = getattr(expected, name), getattr(model, name)
        assert theirs.reset_mechanism == ours.reset_mechanism
        distance = torch.tensor([-0.3, 0.2], requires_grad=True)
        (wanted,) = torch.autograd.grad(theirs.spike_grad(distance).sum(), distance)
        (given_,) = torch.autograd.grad(ours.spike_grad(distance).sum(), distance)
        torch.testing.assert_close(given_, wanted)


@pytest.mark.parametrize("name", PRESETS)
def test_the_lines_say_a_preset_as_a_formula(monkeypatch, name):
    lines = javascript(
        "python(given.way, given.presets, 1)",
        way={"target": PRESETS[name], "values": DEFAULTS},
        presets=PRESETS,
    )
    monkeypatch.setattr("spikereg.fit", lambda *args, **_: found.append(args[1][0][1]))
    found = []
    exec(lines, {})
    assert "tensor([" not in lines
    np.testing.assert_allclose(found[0].flatten(), PRESETS[name], atol=1e-6)
    assert max(map(len, lines.splitlines())) <= 88
