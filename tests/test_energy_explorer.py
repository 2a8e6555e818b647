"""What networks cost, in a page."""

import re

import numpy as np
import pytest
from browser import opened
from explorer import Explorer, own_page, scale
from node import javascript
from playwright.sync_api import expect
from test_addresses import assert_led_to, copied
from test_numerics_energy import FIGURES, NETWORKS, cost, counts, figures

from spikereg.energy import Figures
from spikereg.widgets import EnergyExplorer
from spikereg.widgets.energy import PRESETS

TITLE = "energy of a step"
PARTS = ("arithmetic", "weights", "states")
LABELS = {
    "accumulate": "addition",
    "multiply_accumulate": "multiply-accumulate",
    "weight_fetch": "reading a weight",
    "state_update": "updating a state",
    "state_multiply": "multiplying in a state",
}
START = {name: getattr(PRESETS[next(iter(PRESETS))], name) for name in FIGURES}
PICOJOULES = {"pJ": 1, "nJ": 1e3, "µJ": 1e6, "mJ": 1e9}
# As long as names may be, beside the longest remarks
LONG = {
    "recurrent, 128 neurons": counts(9000, 128, 129, 129),
    "dendrites of 300 neurons": NETWORKS["dendrites"],
    "LSTM, one past step only": counts(0, 4600, 64, 260),
    "nothing at all": counts(0, 0),
}


class Energy(Explorer):
    def __init__(self, page):
        super().__init__(page, "What a step costs")

    def bars(self, part):
        """Return both ends of a part of each bar, in pJ, and a pixel in pJ."""
        found = re.findall(
            r"M([\d.]+),[\d.]+H([\d.]+)", self.path(TITLE, f".curve.{part}")
        )
        ticks = self.read(TITLE, "path")["x"]
        ends, pixel = scale(ticks, np.array(found, float))
        unit = self.root.locator("svg .label").text_content().split()[0]
        return ends * PICOJOULES[unit], pixel * PICOJOULES[unit]

    def texts(self, kind):
        return self.root.locator(f"svg .{kind}").all_text_contents()

    def verdict(self):
        return self.root.locator(".verdict").inner_text()

    def list(self, label):
        return self.control(label).input_value()


@pytest.fixture
def explorer(browser, unzipped):
    widget = EnergyExplorer(NETWORKS, reference="ReLU")
    name = own_page(unzipped, "energy", widget)
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        yield Energy(page)
        assert faults == []


def assert_priced(explorer, networks=NETWORKS, reference="ReLU", rate=1.0, **prices):
    """Compare bars, numbers and words with Python."""
    prices = START | prices
    parts = np.array([cost(net, prices, rate) for net in networks.values()])
    ends = np.cumsum(parts, axis=1)
    for n, part in enumerate(PARTS):
        drawn, pixel = explorer.bars(part)
        expected = np.stack([ends[:, n] - parts[:, n], ends[:, n]], axis=1)
        np.testing.assert_allclose(drawn, expected, atol=pixel / 4)
    totals = ends[:, -1]
    own = list(networks).index(reference)
    marks = explorer.path(TITLE, ".curve.reference")
    places = np.array(re.findall(r"M([\d.]+),", marks), float)
    marked, _ = scale(explorer.read(TITLE, "path")["x"], places)
    unit = explorer.texts("label")[0].split()[0]
    size = PICOJOULES[unit]
    np.testing.assert_allclose(marked * size, totals[own], atol=pixel / 4)

    assert explorer.texts("name") == list(networks)
    shown = [text.split() for text in explorer.texts("energy")]
    assert {each for _, each in shown} == {unit}
    np.testing.assert_allclose(
        [float(value) * size for value, _ in shown], totals, rtol=5.1e-3
    )
    times = [float(text.removesuffix(" ×")) for text in explorer.texts("times")]
    np.testing.assert_allclose(times, totals / totals[own], rtol=5.1e-2)
    assert explorer.texts("times")[own] == "1 ×"


def assert_said(explorer, networks=NETWORKS, reference="ReLU", rate=1.0, **prices):
    """Compare all words with those that the numbers give outside of a page."""
    own = list(networks).index(reference)
    said = javascript(
        "[verdictOf(given.nets, given.reference, given.prices, given.rate), "
        "given.nets.map((net) => noteOf(compared(net, given.nets[given.own], "
        "given.prices, given.rate)))]",
        nets=EnergyExplorer(networks)._networks,
        prices=START | prices,
        **{"reference": reference, "rate": rate, "own": own},
    )
    said[1][own] = "the reference"
    assert [explorer.verdict(), explorer.texts("note")] == said


def test_from_the_start_it_is_what_python_says(explorer):
    assert_priced(explorer)
    assert_said(explorer)
    assert explorer.list("figures") == next(iter(PRESETS))
    assert explorer.list("compared with") == "ReLU"
    assert explorer.shown("addition") == "0.9 pJ"
    assert explorer.shown("firing rate") == "× 1.00"


def test_a_mouse_drags_every_figure_and_the_verdict_changes(explorer):
    verdicts = {explorer.verdict()}
    prices = {}
    for name, label in LABELS.items():
        at = explorer.drag(label, 0.7 if name == "state_update" else 0.2)
        prices[name] = float(f"{10**at:.2g}")
        assert explorer.shown(label) == f"{prices[name]:g} pJ"
        assert_priced(explorer, **prices)
        assert explorer.list("figures") == "own figures"
        verdicts.add(explorer.verdict())
    assert len(verdicts) == 6
    explorer.start_again()
    assert_priced(explorer)
    assert explorer.list("figures") == next(iter(PRESETS))


def test_keys_move_a_figure_to_nothing_and_back(explorer):
    label = LABELS["weight_fetch"]
    explorer.press(label, "Home")
    assert explorer.shown(label) == "0 pJ"
    assert explorer.control(label).get_attribute("aria-valuetext") == "0 pJ"
    assert_priced(explorer, weight_fetch=0)
    explorer.press(label, "ArrowRight")
    assert explorer.shown(label) == "0.01 pJ"
    assert_priced(explorer, weight_fetch=0.01)
    explorer.press(label, "ArrowLeft")
    assert explorer.shown(label) == "0 pJ"
    explorer.press(label, "End")
    assert explorer.shown(label) == "1000 pJ"
    assert_priced(explorer, weight_fetch=1000)


def test_the_firing_rate_moves_spiking_networks_only(explorer):
    explorer.press("firing rate", "Home")
    assert_priced(explorer, rate=0)
    explorer.press("firing rate", "ArrowRight", 7)
    assert explorer.shown("firing rate") == "× 0.35"
    assert_priced(explorer, rate=0.35)
    assert_said(explorer, rate=0.35)
    explorer.press("firing rate", "End")
    assert_priced(explorer, rate=4)


def test_at_the_factor_that_is_said_a_bar_ends_at_the_mark(browser, unzipped):
    """At half of its spikes this network costs what the other does."""
    networks = {"LIF": counts(10, 2), "ReLU": counts(0, 7)}
    prices = {"additions only": Figures(1, 1, 0, 0, 0)}
    widget = EnergyExplorer(networks, prices, reference="ReLU")
    name = own_page(unzipped, "even", widget)
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        explorer = Energy(page)
        assert explorer.texts("note")[0] == "as cheap at 0.50 × its spikes"
        explorer.press("firing rate", "ArrowLeft", 10)
        assert explorer.texts("note")[0] == "as much as the reference"
        assert explorer.verdict() == "Cheapest: ReLU and LIF, which cost the same."
        assert faults == []


def test_figures_and_the_reference_are_chosen_from_lists(explorer):
    for title, preset in PRESETS.items():
        explorer.choose("figures", title)
        prices = {name: getattr(preset, name) for name in FIGURES}
        assert_priced(explorer, **prices)
        assert explorer.list("figures") == title
    assert_said(explorer, **prices)
    explorer.start_again()
    for name in NETWORKS:
        explorer.choose("compared with", name)
        assert_priced(explorer, reference=name)
    assert_said(explorer, reference=name)


def test_the_verdict_can_be_heard(explorer):
    summary = explorer.root.locator("> .summary[role=status]")
    for _ in range(2):
        energies = map(" ".join, zip(NETWORKS, explorer.texts("energy"), strict=True))
        said = f"{explorer.verdict()} A step costs: {'; '.join(energies)}."
        expect(summary).to_have_text(said)
        explorer.press(LABELS["weight_fetch"], "Home")


def test_a_link_holds_figures_and_the_reference(browser, unzipped):
    widget = EnergyExplorer(LONG, {"own": Figures(1, 2, 3, 4, 5)})
    name = own_page(unzipped, "linked-energy", widget)
    end = (
        "energy.reference=LSTM%2C%20one%20past%20step%20only"
        "&energy.weight_fetch=0&energy.rate=0.5"
    )
    with opened(browser, f"{unzipped}/{name}#{end}") as (page, faults):
        explorer = Energy(page)
        assert_led_to(explorer)
        prices = figures(1, 2, 0, 4, 5)
        assert_priced(explorer, LONG, "LSTM, one past step only", 0.5, **prices)
        assert explorer.list("figures") == "own figures"
        assert copied(explorer).endswith(f"#{end}")
        assert faults == []
    with opened(browser, f"{unzipped}/{name}#energy.reference=GRU") as (page, _):
        assert Energy(page).list("compared with") == next(iter(LONG))


OVERLAPS = """(root) => {
  const texts = [...root.querySelectorAll("svg text")].filter((t) => t.textContent);
  const boxes = texts.map((text) => text.getBoundingClientRect());
  const found = [];
  boxes.forEach((a, n) => boxes.slice(0, n).forEach((b, m) => {
    const apart = a.right <= b.left || b.right <= a.left ||
      a.bottom <= b.top + 2 || b.bottom <= a.top + 2;
    if (!apart) found.push([texts[n].textContent, texts[m].textContent]);
  }));
  return found;
}"""


@pytest.mark.parametrize(
    ("theme", "width"), [("light", 320), ("dark", 600), ("light", 768), ("dark", 1280)]
)
def test_lines_and_text_stand_out_and_nothing_overlaps(browser, unzipped, theme, width):
    names = list(LONG)
    name = own_page(unzipped, "seen-energy", EnergyExplorer(LONG, reference=names[2]))
    with opened(browser, f"{unzipped}/{name}", theme, width) as (page, _):
        explorer = Energy(page)
        for label in LABELS.values():
            explorer.press(label, "End")  # the longest values
        found = page.evaluate("spikeregTest.contrasts()")
        assert found["checked"] > 40
        assert found["low"] == []
        for reference in names:
            explorer.choose("compared with", reference)
            assert page.evaluate("spikeregTest.outside", ".spikereg *") == []
            root = explorer.root.element_handle()
            assert page.evaluate(OVERLAPS, root) == []
            assert (
                page.evaluate("(root) => root.scrollWidth - root.clientWidth", root)
                == 0
            )
        labels = page.evaluate("spikeregTest.legends()")
    assert len(labels) == 4
    assert all(entry == mark for _, entry, mark in labels)
