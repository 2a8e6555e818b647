"""A bar of metal that its reader strains, in a page."""

import re

import numpy as np
import pytest
from browser import opened
from explorer import assert_curve, own_page, scale
from playwright.sync_api import expect
from test_addresses import assert_led_to, copied
from test_numerics_plastic import DEFAULTS, law, traced
from timed import Timed

from spikereg.widgets import PlasticExplorer
from spikereg.widgets.plastic import PATHS

STRAIN = "strain in %: draw your own"
STRESS = "stress in MPa"
SPIKES = "spikes: tension +, compression −"
LOOP = "stress in MPa, by strain"
LABELS = {
    "pairs": "pairs J",
    "quantum": "quantum / yield stress",
    "hardening": "hardening H / E",
    "substeps": "substeps M",
}
CYCLE = PATHS["cycle"]
pytestmark = pytest.mark.usefixtures("unchecked")  # as for the traces of the numerics


class Plastic(Timed):
    over_time = SPIKES

    def __init__(self, page):
        super().__init__(page, "A bar that flows by spikes")
        self.sheet = self.root.locator(".sheet")

    def strain(self):
        return self.points(STRAIN, ".curve.current")[1]

    def place(self, t, strain):
        """Return where a time step and a strain are on the screen."""
        box = self.box(STRAIN)
        places = []
        for ticks, value in (
            (self._read_bottom_axis(), t),
            (self.read(STRAIN, "path")["y"], strain),
        ):
            slope, offset = np.polyfit(*np.array(ticks, float).T, 1)
            places.append(slope * value + offset)
        return box["x"] + places[0], box["y"] + places[1]

    def spikes(self):
        """Return times and rows, from 0 up in tension and from -1 down."""
        found = re.findall(
            r"M([\d.]+),([\d.]+)v([\d.]+)", self.path(SPIKES, ".raster.spikes")
        )
        x, top, size = np.array(found, float).reshape(-1, 3).T
        middle = float(re.search(r",([\d.]+)H", self.path(SPIKES, ".axis"))[1])
        rows = np.floor((middle - top - size / 2) / size).astype(int)
        return scale(self._read_bottom_axis(), x)[0], rows


@pytest.fixture
def plastic(browser, unzipped):
    name = own_page(unzipped, "plastic", PlasticExplorer())
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        yield Plastic(page)
        assert faults == []


def short(value):
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def assert_strained(explorer, path=CYCLE, **values):
    """Compare all that is drawn with the package."""
    values = {
        name: type(start)(values.get(name, start)) for name, start in DEFAULTS.items()
    }
    pairs, quantum, substeps = (values[n] for n in ("pairs", "quantum", "substeps"))
    spikes, membrane, ends = traced(path, **values)
    signed = np.sign(membrane) * spikes
    stress = 300 * np.append(0, quantum * (membrane - signed).mean(axis=1))
    flown = quantum * np.append(0, spikes.cumsum(axis=0).mean(axis=1))
    threshold = 300 * (1 + values["hardening"] * flown)
    strain = np.append(0, path)
    apart = -(-substeps // 8)
    within = [*range(apart, substeps, apart), substeps]
    seen = np.append(0, np.add.outer(substeps * np.arange(80), within))
    moments = seen / substeps
    parts = np.arange(8 * 80 + 1) / 8
    fine = np.interp(parts, np.arange(81), strain)
    exact = 300 * law(fine, values["hardening"]).numpy()

    assert_curve(explorer, STRAIN, ".curve.current", strain)
    assert_curve(explorer, STRESS, ".curve.membrane", stress[seen], moments)
    assert_curve(explorer, STRESS, ".curve.target", exact, parts)
    assert_curve(explorer, STRESS, ".threshold:not(.lower)", threshold[seen], moments)
    assert_curve(explorer, STRESS, ".threshold.lower", -threshold[seen], moments)
    along = np.interp(moments, np.arange(81), strain)
    assert_curve(explorer, LOOP, ".curve.membrane", stress[seen], along)
    assert_curve(explorer, LOOP, ".curve.target", exact, fine)

    # Those too near to each other to be told apart stand for each other.
    times, rows = explorer.spikes()
    _, pixel = explorer.across(SPIKES, 0)
    for row in range(-pairs, pairs):
        pair, sign = (row, 1) if row >= 0 else (-1 - row, -1)
        fired = ((signed[:, pair] == sign).nonzero()[0] + 1) / substeps
        drawn = times[rows == row]
        assert len(drawn) <= len(fired)
        apart = abs(fired[:, None] - drawn)
        assert (apart.min(axis=0, initial=99) < pixel / 2).all()
        assert (apart.min(axis=1, initial=99) < 3 * pixel).all()

    wanted = exact[8::8]
    off = 300 * ends - wanted
    share = 100 * np.linalg.norm(off) / np.linalg.norm(wanted)
    mean = np.abs(off).mean()
    assert explorer.reading("mean error") == f"{short(mean)} MPa, {short(share)} %"
    assert explorer.reading("quanta of flow") == f"{spikes.sum():.0f}"
    assert explorer.reading("yield stress") == f"{threshold[-1]:.0f} MPa"
    needed = len(traced(path, 1, quantum, None, 0.01)[0]) // 80
    assert explorer.reading("substeps needed") == str(needed)
    few = f"too few substeps: {needed} needed" if substeps < needed else ""
    remark = explorer._panel(STRESS).locator(":scope > .remark")
    assert remark.text_content() == few


def test_a_bar_is_strained_from_the_start_as_in_python(plastic):
    assert_strained(plastic)
    # Loaded, unloaded, yielding the other way and once more
    assert [CYCLE[t] for t in (0, 19, 49, 79)] == [0.03, 0.6, -0.6, 0.6]
    assert plastic.control("strain path").input_value() == "cycle"


def test_a_mouse_drags_every_slider(plastic):
    values = {}
    shares = {"pairs": 7 / 31, "hardening": 0.4, "substeps": 0.15, "quantum": 0.5}
    for name, share in shares.items():
        place = plastic.drag(LABELS[name], share)
        values[name] = float(f"{10**place:.2g}") if name == "quantum" else place
        assert values[name] != DEFAULTS[name]
        assert_strained(plastic, **values)
    plastic.start_again()
    assert_strained(plastic)


def test_with_too_few_substeps_it_says_so_and_leaves_the_yield_stress(plastic):
    plastic.choose("strain path", "growing")
    place = plastic.press(LABELS["quantum"], "ArrowLeft", 9)
    quantum = float(f"{10**place:.2g}")
    plastic.press(LABELS["substeps"], "Home")
    values = {"path": PATHS["growing"], "quantum": quantum}
    assert_strained(plastic, **values, substeps=1)
    _, stress, _ = plastic.points(STRESS, ".curve.membrane")
    _, exact, _ = plastic.points(STRESS, ".curve.target")
    assert abs(stress).max() > 2 * abs(exact).max()
    plastic.press(LABELS["substeps"], "ArrowRight", 14)
    assert plastic.value(LABELS["substeps"]) == 15
    assert_strained(plastic, **values, substeps=15)
    _, stress, _ = plastic.points(STRESS, ".curve.membrane")
    assert abs(stress).max() < 1.1 * abs(exact).max()


def test_paths_are_chosen_from_a_list_and_stay_when_it_starts_again(plastic):
    for name, path in PATHS.items():
        plastic.choose("strain path", name)
        assert_strained(plastic, path)
    plastic.start_again()
    assert_strained(plastic, PATHS["irregular"])


def test_what_the_pairs_do_can_be_heard(plastic):
    summary = plastic.root.locator("> .summary[role=status]")
    error = plastic.reading("mean error")
    expect(summary).to_have_text(
        f"The stress of the pairs is {error} from the exact law's on average. "
        "Spikes: 79. The yield stress rises from 300 to 347 MPa."
    )
    plastic.press(LABELS["quantum"], "Home")
    expect(summary).to_have_text(
        re.compile(r"The path needs 15 substeps a step, and has 4: the flow falls beh")
    )


def test_a_link_holds_a_path_and_sets_it(browser, unzipped):
    drawn = tuple(np.round(np.linspace(0, 0.79, 80), 2))
    name = own_page(unzipped, "linked-plastic", PlasticExplorer(path="growing"))
    address = f"{unzipped}/{name}#plastic.path=irregular&plastic.pairs=3"
    with opened(browser, address) as (page, faults):
        plastic = Plastic(page)
        assert_led_to(plastic)
        assert_strained(plastic, PATHS["irregular"], pairs=3)
        plastic.press(LABELS["pairs"], "ArrowRight")
        assert copied(plastic).endswith("#plastic.path=irregular&plastic.pairs=4")
        assert faults == []
    text = "".join(np.base_repr(round(500 + 500 * y), 36).lower() for y in drawn)
    for path, shown in ((text, drawn), (text[:-2], PATHS["growing"])):
        address = f"{unzipped}/{name}#plastic.path={path}"
        with opened(browser, address) as (page, faults):
            plastic = Plastic(page)
            assert_strained(plastic, shown)
            if path == text:
                assert copied(plastic).endswith(f"#plastic.path={text}")
            assert faults == []


@pytest.mark.parametrize(("theme", "width"), [("light", 320), ("dark", 1280)])
def test_lines_and_text_stand_out_and_nothing_sticks_out(
    browser, unzipped, theme, width
):
    widget = PlasticExplorer(path="growing", quantum=0.02, substeps=1)
    name = own_page(unzipped, "seen-plastic", widget)
    with opened(browser, f"{unzipped}/{name}", theme, width) as (page, _):
        found = page.evaluate("spikeregTest.contrasts()")
        assert found["checked"] > 40
        assert found["low"] == []
        assert page.evaluate("spikeregTest.outside", ".spikereg *") == []
        labels = page.evaluate("spikeregTest.legends()")
        panel = Plastic(page)._panel(STRESS)
        said, left = (
            panel.locator(each).bounding_box() for each in (".title", ".remark")
        )
        assert said["x"] + said["width"] < left["x"]
    assert len(labels) == 3
    assert all(entry == mark for _, entry, mark in labels)
