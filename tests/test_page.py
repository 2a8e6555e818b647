"""Every page of the built book, as a reader without a network sees it."""

import pytest
from browser import LIVE, MISSING, PAGES, ROOT, VIEW, assert_only_ci_fails, opened
from explorer import states

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

# What the theme and its extensions do, and this book cannot change.
THEMES_OWN = [
    # Their label is another one than their text, which says "auto" ...
    ("label-content-name-mismatch", ".theme-switch-button"),
    # ... or which key opens the search.
    ("label-content-name-mismatch", ".search-button-field"),
    # Hidden code: "Toggle hidden content", whatever text a chapter gives it.
    ("label-content-name-mismatch", "summary[aria-label='Toggle hidden content']"),
    # A list of references, whose entries docutils gives roles of their own.
    ("aria-required-children", ".citation-list"),
]

each_page = pytest.mark.parametrize("name", PAGES)
each_theme = pytest.mark.parametrize("theme", ["light", "dark"])


@each_page
def test_a_page_is_whole_without_a_network(browser, unzipped, name):
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        formulas = page.locator(".math")
        drawn = page.locator(".math:has(mjx-container svg)")
        assert drawn.count() == formulas.count()
        assert page.locator("[data-mjx-error], mjx-merror").count() == 0
        undescribed = page.locator("img:not([alt]), img[alt='']").all()
        assert [image.get_attribute("src") for image in undescribed] == []
        blank = "[...document.images].filter((i) => !i.naturalWidth).map((i) => i.src)"
        page.evaluate("Promise.all([...document.images].map((i) => i.decode()))")
        assert page.evaluate(blank) == []
        assert faults == []


def test_the_books_own_address_leads_to_the_front_page(browser, unzipped):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{unzipped}/index.html")
        page.wait_for_url(f"{unzipped}/book/index.html")


@pytest.mark.parametrize("name", LIVE)
def test_a_live_page_is_alive_below_a_folder_of_a_server(browser, served, name):
    with opened(browser, f"{served}/{name}") as (page, faults):
        assert page.locator(".spikereg").count() > 0
        assert page.locator(".spikereg .curve").count() > 0
        assert faults == []


def test_the_pages_with_explorers_are_those_that_hold_views(browser, unzipped):
    pages = [name.split("/")[-1][:2] for name in LIVE]
    assert pages == ["01", "03", "04", "05", "08", "09", "10", "11", "12", "13", "in"]
    for name in LIVE:
        with opened(browser, f"{unzipped}/{name}") as (page, _):
            views = page.locator(f"script[type='{VIEW}']").count()
            assert page.locator(".spikereg[data-id]").count() == views
            assert len(states(name)) == views  # and none that nobody sees


@each_theme
@each_page
def test_a_page_has_no_serious_barrier(browser, unzipped, name, theme):
    with opened(browser, f"{unzipped}/{name}", theme) as (page, _):
        page.add_script_tag(path=AXE)
        # All but the colours is the same in both themes.
        rules = ["color-contrast", "link-in-text-block"] if theme == "dark" else None
        assert page.evaluate("spikeregTest.barriers", [THEMES_OWN, rules]) == []


@pytest.mark.parametrize("width", [375, 320])
@each_page
def test_a_page_fits_a_phone(browser, unzipped, name, width):
    with opened(browser, f"{unzipped}/{name}", width=width) as (page, _):
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = 1)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("spikeregTest.cut()") == []
        assert page.evaluate("spikeregTest.crowded()") == []


def test_paper_is_light_and_holds_the_text_alone(browser, unzipped):
    with opened(browser, f"{unzipped}/{LIVE[0]}", "dark") as (page, _):
        theme = "document.documentElement.dataset.theme"
        assert page.evaluate(theme) == "dark"
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(theme) == "light"
        asides = [".bd-sidebar-primary", ".copybtn", ".explorer-place button"]
        for aside in [*asides, ".tag_setup"]:
            assert page.locator(aside).count() > 0
            assert page.locator(f"{aside}:visible").count() == 0
        cut = "[...document.querySelectorAll('.bd-article pre')]"
        cut += ".filter((e) => e.scrollWidth > e.clientWidth).length"
        assert page.evaluate(cut) == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(theme) == "dark"


@pytest.mark.parametrize("ci", ["", "true"])
def test_without_a_browser_these_tests_skip_aloud_but_fail_in_ci(tmp_path, ci):
    test = f"{__file__}::test_the_books_own_address_leads_to_the_front_page"
    places = dict.fromkeys(["PATH", "PLAYWRIGHT_BROWSERS_PATH"], str(tmp_path))
    assert_only_ci_fails(test, MISSING, ci, places)
