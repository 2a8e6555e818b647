"""The book after `make publish`: its buttons lead to the repository."""

import pytest
from browser import opened
from test_page import AXE, THEMES_OWN
from test_tools import StubBook

ADDRESS = "https://github.com/you/spiking-course"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Build a small book that is published, and return the address of its page."""
    html = StubBook(tmp_path_factory.mktemp("published")).publish(ADDRESS)
    return (html / "book" / "index.html").as_uri()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_reader_reaches_the_source_the_edit_and_the_issues(browser, page, theme):
    with opened(browser, page, theme) as (shown, faults):
        links = shown.locator(".bd-header-article a").all()
        found = {link.get_attribute("href").partition("?")[0] for link in links}
        edit = f"{ADDRESS}/edit/main/book/index.ipynb"
        assert {ADDRESS, edit, f"{ADDRESS}/issues/new"} <= found
        assert faults == []
        shown.add_script_tag(path=AXE)
        assert shown.evaluate("spikeregTest.barriers", [THEMES_OWN, None]) == []
