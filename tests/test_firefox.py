"""Every page in Firefox, beside Chromium: whole, alive and not too wide."""

import pytest
from browser import HTML, LIVE, PAGES, ROOT, assert_only_ci_fails, none
from firefox import FIREFOX, started

MISSING = "NO FIREFOX, SO NO PAGE IS TESTED IN IT: install firefox-esr, or Firefox"

ALIVE = """async () => {
  const end = performance.now() + 60000;
  while (document.querySelector(".explorer-place > .still, .coming")) {
    if (performance.now() > end) throw new Error("explorers do not come alive");
    await new Promise((done) => setTimeout(done, 20));
  }
}"""
# Every formula is a drawing, and MathML that can be read
FORMULAS = """() => {
  const two = ":is(msub, msup, munder, mover, mfrac, mroot):not(:has(> :nth-child(2)))";
  const three = ":is(msubsup, munderover):not(:has(> :nth-child(3)))";
  const wrong = document.querySelectorAll(`${two}, ${three}`);
  const undrawn = [...document.querySelectorAll(".math")].filter(
    (e) => spikeregTest.isSeen(e) && !(e.querySelector("svg")?.clientWidth > 0),
  );
  return [...wrong, ...undrawn].map((e) => e.outerHTML);
}"""
# Explorers that have drawn nothing
EMPTY = """() => [...document.querySelectorAll(".spikereg[data-id]")]
  .filter((e) => !e.querySelector(".drawing path:is([d^=M], [d^=m])"))
  .map((e) => e.dataset.id)"""
SLIDERS = """() => {
  const groups = [...document.querySelectorAll(".spikereg")];
  window.sliders = groups.flatMap((e) => e.querySelector("input[type=range]") ?? []);
  return sliders.length;
}"""
FOCUS = "(n) => { sliders[n].focus(); return sliders[n].value; }"
# A slider, and what is written beside it, once it says something else
MOVED = """async (n, before) => {
  const slider = sliders[n];
  const said = () => slider.closest(".control").querySelector(".value").textContent;
  const end = performance.now() + 60000;
  while (said() === before && performance.now() < end)
    await new Promise(requestAnimationFrame);
  return [slider.value, said()];
}"""
# What folds away when the window becomes narrow has done so.
CALM = """async () => {
  await new Promise(requestAnimationFrame);
  await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
}"""
SAID = "(n) => sliders[n].closest('.control').querySelector('.value').textContent"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    """Start Firefox, without which tests skip or fail."""
    if FIREFOX is None:
        none(MISSING)
    with started(tmp_path_factory.mktemp("profile")) as firefox:
        yield firefox


def opened(firefox, address):
    """Open a page, alive, and see that it lacks nothing."""
    firefox.resize(1280, 900)
    firefox.open(address)
    firefox.evaluate(ALIVE)
    firefox.evaluate(f"() => {{ {(ROOT / 'tests' / 'page.js').read_text()} }}")
    assert firefox.evaluate("() => lacking") == []
    assert firefox.faults == []


def assert_it_fits(firefox):
    """See that nothing is too wide, cut off or one above the other."""
    firefox.evaluate(CALM)
    over = "() => { const e = document.documentElement;"
    assert firefox.evaluate(f"{over} return e.scrollWidth - e.clientWidth; }}") == 0
    assert firefox.evaluate("() => spikeregTest.cut()") == []
    assert firefox.evaluate("() => spikeregTest.crowded()") == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_alive_in_firefox(firefox, unzipped, name):
    opened(firefox, f"{unzipped}/{name}")
    assert firefox.evaluate(FORMULAS) == []
    assert firefox.evaluate(EMPTY) == []
    assert_it_fits(firefox)
    count = firefox.evaluate(SLIDERS)
    assert count >= (HTML / name).read_text().count("widget-view+json")
    for n in range(count):
        before = [firefox.evaluate(FOCUS, n), firefox.evaluate(SAID, n)]
        firefox.press("ArrowRight")
        after = firefox.evaluate(MOVED, n, before[1])
        assert after[0] != before[0]
        assert after[1] != before[1]
    firefox.resize(375, 900)
    assert_it_fits(firefox)
    assert firefox.faults == []


def test_a_served_page_is_whole_and_alive_in_firefox(firefox, served):
    opened(firefox, f"{served}/{LIVE[0]}")
    assert firefox.evaluate(EMPTY) == []


@pytest.mark.parametrize("ci", ["", "true"])
def test_without_firefox_this_is_skipped_aloud_but_fails_in_ci(tmp_path, ci):
    test = f"{__file__}::test_a_served_page_is_whole_and_alive_in_firefox"
    assert_only_ci_fails(test, MISSING, ci, {"PATH": str(tmp_path)})
