"""Every page in a browser that runs no scripts: all that is to be read is there."""

from contextlib import contextmanager

import pytest
from browser import LIVE, PAGES, PATIENCE, ROOT

NEED_SCRIPTS = (
    ".sidebar-toggle, .copybtn, .theme-switch-button, .search-button__button, "
    ".btn-fullscreen-button, .dropdown-download-buttons, form.bd-search"
)


@contextmanager
def silent(browser, address, width=1280, scheme="light"):
    """Open a page without scripts; those of a test run all the same."""
    with browser.new_context(
        java_script_enabled=False,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
    ) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.evaluate((ROOT / "tests" / "page.js").read_text())
        yield page


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_without_scripts(browser, unzipped, name, width, scheme):
    with silent(browser, f"{unzipped}/{name}", width, scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("spikeregTest.cut()") == []
        assert page.locator(f":is({NEED_SCRIPTS}):visible").count() == 0
        # Colours are those of the light theme.
        paper = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(paper) == "rgb(255, 255, 255)"
        found = page.evaluate("spikeregTest.faint()")
        assert found["checked"] > 5
        assert found["faint"] == []
        undrawn = """(all) => all.filter((e) => spikeregTest.isSeen(e) &&
            !(e.querySelector("svg")?.getBoundingClientRect().width > 0)).length"""
        assert page.locator(".math").evaluate_all(undrawn) == 0


def test_what_is_folded_opens_without_scripts(browser, unzipped):
    with silent(browser, f"{unzipped}/{LIVE[0]}") as page:
        folded = page.locator(".bd-article details:not([open])")
        before = folded.count()
        assert before > 5
        for summary in folded.locator("> summary").all()[::-1]:
            if summary.is_visible():
                summary.click()
        assert folded.count() < before / 2


def test_links_lead_on_without_scripts(browser, unzipped):
    with silent(browser, f"{unzipped}/{LIVE[0]}") as page:
        page.locator("a.right-next").click()
        page.wait_for_url("**/02_dataset.html")
        page.locator("#pst-page-toc-nav a").last.click()
        section = page.locator("section:target")
        assert section.bounding_box()["y"] < 900
