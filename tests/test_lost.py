"""Addresses without a page, and what a published book tells of its own addresses."""

import functools
import http.server
import re
import subprocess
import threading
from xml.etree import ElementTree

import publish
import pytest
from browser import HTML, PAGES, ROOT, opened
from node import NODE
from test_finish import folder
from test_page import AXE, THEMES_OWN
from test_tools import StubBook

__all__ = ["folder"]  # a fixture

ADDRESS = "https://github.com/You/spiking-course"
SITE = "https://you.github.io/spiking-course/"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Build a small book that is published, and return the folder of its pages."""
    return StubBook(tmp_path_factory.mktemp("published")).publish(ADDRESS)


class Pages(http.server.SimpleHTTPRequestHandler):
    """Shows 404.html for what it lacks, as GitHub Pages does."""

    def log_message(self, *_):
        pass

    def send_error(self, code, *_):
        text = (self.lost / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture(scope="module")
def site(published, tmp_path_factory):
    """Serve the published book below a folder with the repository's name."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "spiking-course").symlink_to(published)
    handler = functools.partial(
        type("Here", (Pages,), {"lost": published}), directory=folder
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/spiking-course"
        server.shutdown()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "lost", ["lost.html", "book/lost.html", "a/b/c/", "book/x?y=1"]
)
def test_a_lost_link_of_any_depth_leads_to_search_and_contents(
    browser, site, lost, theme
):
    local = site.rpartition("/")[0] + "/courses/"  # what `opened` takes for its own
    with opened(browser, local, theme) as (page, _):
        page.goto(f"{site}/{lost}")
        assert page.locator("article h1").inner_text() == "Page not found"
        # The theme's frame has found its styles and scripts.
        assert page.locator("[data-bs-toggle]").count() > 0
        sheets = "[...document.styleSheets].filter((s) => s.href).length"
        links = page.locator("link[rel=stylesheet]").count()
        assert page.evaluate(sheets) == links > 3
        family = "getComputedStyle(document.querySelector('h1')).fontWeight"
        assert page.evaluate(family) == "650"  # book.css
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        page.add_script_tag(path=AXE)
        assert page.evaluate("spikeregTest.barriers", [THEMES_OWN, None]) == []
        pages = page.locator(".pages a")
        assert [link.evaluate("(a) => a.href") for link in pages.all()] == [
            f"{site}/book/colab.html"
        ]
        page.locator("article .bd-search input").fill("Colab")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site}/search.html?q=Colab")
        page.locator("#search-results a").first.wait_for()
        # Its own places stay its own.
        page.goto(f"{site}/{lost}")
        skip = page.locator(".skip-link a").evaluate("(a) => a.href")
        assert skip == f"{site}/{lost}#main-content"


def test_a_published_book_names_its_addresses(published):
    listed = ElementTree.parse(published / "sitemap.xml")
    places = [place.text for place in listed.iter() if place.tag.endswith("}loc")]
    assert sorted(places) == [f"{SITE}book/colab.html", f"{SITE}book/index.html"]
    assert not (published / "robots.txt").exists()  # read at a server's root alone
    page = (published / "book" / "colab.html").read_text()
    assert f'<link rel="canonical" href="{SITE}book/colab.html">' in page
    found = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)"', page))
    assert found["url"] == f"{SITE}book/colab.html"
    assert found["title"] == "Running on Colab"
    assert found["site_name"] == "Regression with Spiking Neural Networks"
    assert found["description"]
    picture = found["image"].removeprefix(SITE)
    assert (published / picture).read_bytes().startswith(b"\x89PNG")
    lost = (published / "404.html").read_text()
    assert "canonical" not in lost
    assert '<meta name="robots" content="noindex">' in lost


def test_a_site_at_a_server_s_root_has_robots(folder):
    (folder / "book").mkdir()
    link = '<link rel="canonical" href="https://you.github.io/book/a.html">'
    page = f"<!DOCTYPE html><html><head><title>A</title>{link}</head><body></body>"
    (folder / "book" / "a.html").write_text(page)
    tool = ROOT / "tools" / "finish.mjs"
    subprocess.run([NODE, tool, folder], check=True, timeout=300)
    robots = (folder / "robots.txt").read_text()
    assert "Sitemap: https://you.github.io/sitemap.xml\n" in robots
    assert "Disallow: /" not in robots


def test_an_unpublished_book_names_none():
    address = publish.read_address(ROOT)
    assert (HTML / "sitemap.xml").exists() == publish.is_published(address)
    if publish.is_published(address):
        return
    for name in PAGES:
        page = (HTML / name).read_text()
        assert 'rel="canonical"' not in page
        assert 'property="og:' not in page


def test_the_page_for_lost_links_lists_every_page(browser, unzipped):
    with opened(browser, f"{unzipped}/404.html", width=375) as (page, faults):
        links = [
            link.get_attribute("href")
            for link in page.locator(".pages a:visible").all()
        ]
        own = {name for name in PAGES if name.startswith("book/")}
        assert {*links, "book/index.html"} == own
        assert faults == []


@pytest.mark.parametrize("name", [name for name in PAGES if name != "explorer.html"])
def test_a_reader_sees_one_button_for_colab(browser, unzipped, name):
    with opened(browser, f"{unzipped}/{name}") as (page, _):
        text = page.get_by_text("Open in Colab", exact=True)
        links = page.locator("a:visible").filter(has=text)
        images = page.locator("a:visible img[alt='Open in Colab']")
        assert links.count() + images.count() == 1
