"""Readers with keys alone: what they reach has a ring, what opens can be closed."""

import pytest
from browser import LIVE, PAGES, opened

DESK, PHONE = ({"width": width, "height": 900} for width in (1280, 375))
ACTIVE = "document.activeElement"


@pytest.mark.parametrize("name", PAGES)
def test_all_that_keys_reach_has_a_ring(browser, unzipped, name):
    with opened(browser, f"{unzipped}/{name}") as (page, _):
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = 1)")
        page.keyboard.press("Tab")  # so that the browser shows where it is
        # What cuts a ring does so in both themes.
        for size, theme in ((DESK, "light"), (PHONE, "light"), (PHONE, "dark")):
            page.set_viewport_size(size)
            page.evaluate(
                "(t) => { document.documentElement.dataset.theme = t }", theme
            )
            found = page.evaluate("spikeregTest.rings()")
            assert found["stops"] > 5
            assert found["faults"] == []


@pytest.mark.parametrize("name", ["book/09_memory.html", "book/notation.html"])
def test_the_keys_go_through_a_page_in_its_order(browser, unzipped, name):
    with opened(browser, f"{unzipped}/{name}") as (page, _):
        page.evaluate("window.stops = spikeregTest.stops()")
        reached = []
        while True:
            page.keyboard.press("Tab")
            if page.evaluate(f"{ACTIVE} === document.body"):
                break
            assert page.evaluate(f"!{ACTIVE}.closest('.math, svg')")
            reached.append(page.evaluate(f"stops.indexOf({ACTIVE})"))
        assert reached == list(range(page.evaluate("stops.length")))


def test_a_formula_is_a_stop_only_where_it_scrolls(browser, unzipped):
    for name in PAGES:
        with opened(browser, f"{unzipped}/{name}", width=320) as (page, _):
            inside = ".math :is([tabindex], a, [focusable=true])"
            assert page.locator(inside).count() == 0
            short = """(all) => all.filter((e) => spikeregTest.isSeen(e)
                && e.scrollWidth > e.clientWidth
                && e.querySelector("svg").getBoundingClientRect().width
                  <= e.clientWidth + 1).length"""
            assert page.locator(".math:has(svg)").evaluate_all(short) == 0


def test_what_scrolls_is_a_stop_also_when_it_is_opened_later(browser, unzipped):
    # Chromium would make it one by itself, so that the mark is looked at.
    # Deferred scripts, which come next, see what this one writes.
    script = """document.addEventListener("readystatechange", () => {
      const long = "<pre style='width: 90px; overflow: auto'>" + "x".repeat(99);
      document.querySelector("article").innerHTML =
        `${long}</pre><pre>x</pre><details>${long}</pre></details>`;
    }, { once: true });"""
    with opened(browser, f"{unzipped}/book/references.html", script=script) as (
        page,
        _,
    ):
        marks = "[...document.querySelectorAll('article pre')].map((e) => e.tabIndex)"
        page.wait_for_function(f"`${{{marks}}}` === '0,-1,-1'")
        page.locator("article details").evaluate("(e) => { e.open = true; }")
        page.wait_for_function(f"`${{{marks}}}` === '0,-1,0'")


def test_the_first_stop_leads_past_the_contents(browser, unzipped):
    with opened(browser, f"{unzipped}/{LIVE[0]}") as (page, _):
        page.keyboard.press("Tab")
        link = page.get_by_role("link", name="Skip to main content")
        assert link.evaluate(f"link => link === {ACTIVE}")
        page.wait_for_function(
            f"{ACTIVE}.getBoundingClientRect().top >= 0"  # it slides in
        )
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate(f"!!{ACTIVE}.closest('#main-content')")


@pytest.mark.parametrize(
    ("size", "button", "opened_by_it"),
    [
        (PHONE, ".primary-toggle", "#pst-primary-sidebar-modal"),
        (PHONE, ".secondary-toggle", "#pst-secondary-sidebar-modal"),
        (DESK, ".search-button-field", "#pst-search-dialog"),
        (PHONE, ".search-button", "#pst-search-dialog"),
        (DESK, ".dropdown-download-buttons > button", ".dropdown-menu"),
    ],
)
def test_what_a_key_opens_escape_closes(browser, unzipped, size, button, opened_by_it):
    with opened(browser, f"{unzipped}/{LIVE[0]}", width=size["width"]) as (page, _):
        what = page.locator(opened_by_it).first
        assert not what.is_visible()
        page.locator(f"{button}:visible").first.focus()
        page.keyboard.press("Enter")
        what.wait_for()
        # The keys are inside of it, in a menu with the next one.
        if "menu" in opened_by_it:
            page.keyboard.press("Tab")
        page.wait_for_function(
            f"what => what.contains({ACTIVE})", arg=what.element_handle()
        )
        found = page.evaluate("part => spikeregTest.rings(part)", opened_by_it)
        assert found["stops"] > 0
        assert found["faults"] == []
        page.keyboard.press("Escape")
        what.wait_for(state="hidden")


def test_folded_contents_are_no_stops(browser, unzipped):
    with opened(browser, f"{unzipped}/{LIVE[0]}") as (page, _):
        page.locator(".primary-toggle").focus()
        page.keyboard.press("Enter")
        page.locator("#pst-primary-sidebar").wait_for(state="hidden")
        page.keyboard.press("Tab")
        assert page.evaluate(f"!{ACTIVE}.closest('#pst-primary-sidebar')")
