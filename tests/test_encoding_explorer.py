"""A series told by spikes in three ways, in a page."""

import re

import numpy as np
import pytest
import torch
from browser import opened
from explorer import assert_curve, own_page, scale
from playwright.sync_api import expect
from test_addresses import assert_led_to, copied
from timed import Timed

from spikereg import encoding
from spikereg.widgets import EncodingExplorer
from spikereg.widgets.encoding import BUILT_IN

SERIES = "series: draw your own"
RATE = "rate: spikes by neuron"
LEVELS = "level crossings: up ▲, down ▼"
DELTA = "delta: a step up or down"
LABELS = {
    "level_step": "level step / range",
    "threshold": "threshold / range",
    "neurons": "rate neurons N",
    "seed": "rate seed",
}
DEFAULTS = {
    control["name"]: control["value"]
    for control in EncodingExplorer()._controls
    if control["name"] != "curve"
}
# Spots of a sun that is not ours; in kelvins of another, far from 0
SPOTS = np.round(90 + 80 * np.sin(np.arange(150) / 4) + np.arange(150) % 7 * 3, 1)
KELVIN = 288.0 + np.cos(np.arange(40) / 5)
OWN = {"spots a year": SPOTS, "kelvin": KELVIN}


class Encoding(Timed):
    over_time = DELTA

    def __init__(self, page):
        super().__init__(page, "A series in spikes")
        self.sheet = self.root.locator(".sheet")

    def place(self, t, value):
        """Return where a time step and a value of the series are on the screen."""
        box = self.box(SERIES)
        places = []
        for ticks, at in (
            (self._read_bottom_axis(), t),
            (self.read(SERIES, "path")["y"], value),
        ):
            slope, offset = np.polyfit(*np.array(ticks, float).T, 1)
            places.append(slope * at + offset)
        return box["x"] + places[0], box["y"] + places[1]

    def series(self):
        return self.points(SERIES, ".curve.series")[1]

    def ticks(self, title, mark, count):
        """Return steps and rows, from below, of the ticks of a raster."""
        found = re.findall(r"M([\d.]+),([\d.]+)v([\d.]+)", self.path(title, mark))
        x, top, size = np.array(found, float).reshape(-1, 3).T
        bottom = float(re.search(r",([\d.]+)H", self.path(title, ".axis"))[1])
        rows = np.round((bottom - top) / size - 1).astype(int)
        assert ((rows >= 0) & (rows < count)).all()
        return self.steps(x), rows

    def steps(self, x):
        t = scale(self._read_bottom_axis(), x)[0]
        assert abs(t - t.round()).max(initial=0) < 0.2
        return t.round().astype(int)

    def wedges(self, way):
        """Return steps and heights, in the unit of the series, of triangles."""
        path = self.path(LEVELS, f".wedges.{way}")
        found = re.findall(r"M([\d.-]+),([\d.-]+)h5l-2.5,(-?4)z", path)
        x, y, height = np.array(found, float).reshape(-1, 3).T
        assert set(height) <= {-4.0 if way == "up" else 4.0}
        heights = scale(self.read(LEVELS, "path")["y"], y + height / 2)[0]
        return self.steps(x + 2.5), heights


@pytest.fixture
def explorer(browser, unzipped):
    name = own_page(unzipped, "encoding", EncodingExplorer(OWN))
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        yield Encoding(page)
        assert faults == []


def parts_of(values):
    low, high = min(values), max(values)
    return np.round((np.asarray(values) - low) / (high - low), 3)


def three_digits(value):
    return f"{float(f'{value:.2e}'):g}"


def at(steps, rows):
    return sorted(zip(steps.tolist(), rows.tolist(), strict=True))


def assert_told(explorer, curve=None, low=0.0, high=1.0, **values):
    """Compare all that is drawn with the package; by default the spots."""
    if curve is None:
        curve, low, high = parts_of(SPOTS), SPOTS.min(), SPOTS.max()
    values = DEFAULTS | values
    neurons, step = int(values["neurons"]), float(values["level_step"])
    threshold, seed = float(values["threshold"]), int(values["seed"])
    told = torch.tensor(np.asarray(curve), dtype=torch.float64)[:, None, None]
    spikes = {
        "rate": encoding.rate_spikes(told, neurons, seed=seed),
        "level_crossings": encoding.level_crossings(told, step),
        "delta": encoding.delta_spikes(told, threshold),
    }
    back = {
        "rate": encoding.from_rate(spikes["rate"], neurons),
        "level_crossings": encoding.from_crossings(spikes["level_crossings"], step),
        "delta": encoding.from_delta(spikes["delta"], threshold),
    }
    span = high - low
    assert_curve(explorer, SERIES, ".curve.series", low + span * np.asarray(curve))
    read = back[values["read_back"]].flatten().numpy()
    assert_curve(explorer, SERIES, ".curve.membrane", low + span * read)

    drawn = explorer.ticks(RATE, ".raster.spikes", neurons)
    assert at(*drawn) == at(*spikes["rate"][:, 0].nonzero().T)
    up, down = spikes["level_crossings"].view(len(told), 2, -1).unbind(dim=1)
    _, pixel = scale(explorer.read(LEVELS, "path")["y"], np.array([0.0]))
    for way, fired in (("up", up), ("down", down)):
        t, heights = explorer.wedges(way)
        expected, level = fired.nonzero().T.numpy()
        np.testing.assert_array_equal(t, expected)
        levels = low + span * step * (level + 0.5)
        np.testing.assert_allclose(heights, levels, atol=pixel)
    for way, row in (("up", 1), ("down", 0)):
        t, rows = explorer.ticks(DELTA, f".raster.{way}", 2)
        np.testing.assert_array_equal(t, spikes["delta"][:, 0, 1 - row].nonzero()[:, 0])
        assert set(rows) <= {row}

    for name, label in (("rate",) * 2, ("level_crossings", "levels"), ("delta",) * 2):
        count = f"{spikes[name].sum():.0f}"
        assert explorer.reading(f"{label}: spikes") == count
        error = (back[name] - told).square().mean().sqrt().item()
        percent = f"{100 * error:.1f} %"
        own = f"{three_digits(span * error)} ({percent})"
        shown = explorer.reading(f"{label}: RMS error")
        assert shown == (percent if (low, high) == (0, 1) else own)


def test_a_series_is_told_from_the_start_as_in_python(explorer):
    assert_told(explorer)
    assert explorer.control("series").input_value() == "spots a year"


def test_a_mouse_drags_every_slider(explorer):
    values = {}
    shares = {"level_step": 0.5, "threshold": 0.2, "neurons": 0.8, "seed": 0.4}
    for name, share in shares.items():
        values[name] = explorer.drag(LABELS[name], share)
        assert values[name] != DEFAULTS[name]
        assert_told(explorer, **values)
    explorer.start_again()
    assert_told(explorer)


@pytest.mark.parametrize("word", ["rate", "delta"])
def test_what_is_read_back_is_chosen_from_a_list(explorer, word):
    explorer.choose("read back from", word)
    remark = explorer._panel(SERIES).locator(":scope > .remark")
    assert remark.text_content() == ""
    explorer.press(LABELS["threshold"], "ArrowRight", 2)
    assert_told(explorer, read_back=word, threshold=0.06)


def test_a_series_is_chosen_from_a_list_and_stays_when_it_starts_again(explorer):
    explorer.choose("series", "kelvin")
    assert_told(explorer, parts_of(KELVIN), KELVIN.min(), KELVIN.max())
    # Its axis is at the bottom, though 0 is far below.
    bottom = re.search(r",([\d.]+)H", explorer.path(SERIES, ".axis"))[1]
    assert 150 < float(bottom) < 210
    for name, curve in BUILT_IN.items():
        explorer.choose("series", name)
        assert_told(explorer, curve)
    explorer.start_again()
    assert_told(explorer, BUILT_IN["sawtooth"])


def test_what_drifts_far_away_is_followed_and_then_said_to_be_gone(browser, unzipped):
    fall = np.concatenate([np.tile([0.1, 0.0], 30), np.linspace(0, 1, 60)])
    series = {"near": fall, "far": np.tile([0.0, 0.06, 0.12, 0.19, 0.0], 50)}
    series["far"][-1] = 1.0
    name = own_page(
        unzipped, "drift", EncodingExplorer(series, read_back="delta", threshold=0.1)
    )
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        explorer = Encoding(page)
        assert_told(explorer, parts_of(fall), read_back="delta", threshold=0.1)
        explorer.choose("series", "far")
        remark = explorer._panel(SERIES).locator(":scope > .remark")
        assert remark.text_content() == "drifts out of sight"
        ticks = np.array(explorer.read(SERIES, "path")["y"])[:, 0]
        assert ticks.min() == -1
        explorer.choose("read back from", "level_crossings")
        assert remark.text_content() == ""
        assert np.array(explorer.read(SERIES, "path")["y"])[:, 0].min() == 0
        assert faults == []


def test_what_the_codes_make_of_it_can_be_heard(explorer):
    summary = explorer.root.locator("> .summary[role=status]")
    said = [
        f"{code}: {explorer.reading(f'{label}: spikes')} spikes, error "
        f"{explorer.reading(f'{label}: RMS error').split('(')[1][:-1]} of the range"
        for code, label in (
            ("the rate", "rate"),
            ("level crossings", "levels"),
            ("delta", "delta"),
        )
    ]
    expect(summary).to_have_text(f"Read back from {'; '.join(said)}.")


def test_a_link_holds_a_series_and_sets_it(browser, unzipped):
    name = own_page(unzipped, "linked-encoding", EncodingExplorer(OWN))
    curve = parts_of(SPOTS)
    curve[20:60] = 0.5
    text = "".join(
        np.base_repr(round(1000 * y), 36).lower().rjust(2, "0") for y in curve
    )
    scales = (SPOTS.min(), SPOTS.max())
    for said, shown in (
        ("kelvin", (parts_of(KELVIN), KELVIN.min(), KELVIN.max())),
        (text, (curve, *scales)),  # drawn on the spots, and in their unit
        ("00" * 250 + "rs", ([0.0] * 250 + [1.0],)),  # on none of them
    ):
        address = f"{unzipped}/{name}#encoding.curve={said}&encoding.neurons=3"
        with opened(browser, address) as (page, faults):
            explorer = Encoding(page)
            assert_led_to(explorer)
            assert_told(explorer, *shown, neurons=3)
            assert copied(explorer).endswith(address.split("#")[1])
            assert faults == []


@pytest.mark.parametrize(("theme", "width"), [("light", 320), ("dark", 1280)])
def test_lines_and_text_stand_out_and_nothing_sticks_out(
    browser, unzipped, theme, width
):
    series = {"a rather long name of a series": 1e6 * SPOTS}
    widget = EncodingExplorer(series, read_back="delta", level_step=0.02, neurons=50)
    name = own_page(unzipped, "seen-encoding", widget)
    with opened(browser, f"{unzipped}/{name}", theme, width) as (page, _):
        found = page.evaluate("spikeregTest.contrasts()")
        assert found["checked"] > 40
        assert found["low"] == []
        assert page.evaluate("spikeregTest.outside", ".spikereg *") == []
        labels = page.evaluate("spikeregTest.legends()")
    assert [label for label, _, _ in labels] == ["series", "read back from the spikes"]
    assert all(entry == mark for _, entry, mark in labels)
