"""Files to take away: every link to one saves it, as it is in the repository."""

from pathlib import Path

import pytest
from browser import HTML, PAGES, ROOT, opened

# The link of the header, behind a button, and all links of the page on Colab
SAVING = "a[download]:not(.dropdown-item)"
HEADER = ".dropdown-download-buttons"
CHAPTERS = [page for page in PAGES if (ROOT / page).with_suffix(".ipynb").exists()]
WHEEL = next((ROOT / "_build" / "wheel").glob("*.whl"))


@pytest.fixture(scope="session", params=["file", "http"])
def address(request):
    """Return the book's address: in a folder, and on a server."""
    return request.getfixturevalue(
        {"file": "unzipped", "http": "served"}[request.param]
    )


def saved(page, link):
    """Return name and bytes of the file that a click saves."""
    with page.expect_download() as download:
        link.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def same(page, link, original):
    """Tell whether a click saves a file with its name and all its bytes."""
    return saved(page, link) == (original.name, original.read_bytes())


# A browser asks before it saves an eleventh file of one page in a row.
@pytest.mark.parametrize("part", [slice(0, 7), slice(7, None)])
def test_the_page_on_colab_saves_the_wheel_and_every_chapter(browser, address, part):
    with opened(browser, f"{address}/book/colab.html") as (page, faults):
        links = page.locator(SAVING).all()
        assert len(links) == 1 + len(CHAPTERS)
        for link in links[part]:
            name = link.get_attribute("href").rpartition("/")[2]
            folder = WHEEL.parent if name == WHEEL.name else ROOT / "book"
            assert same(page, link, folder / name)
        assert page.url == f"{address}/book/colab.html"
        assert faults == []


@pytest.mark.parametrize("name", [CHAPTERS[0], CHAPTERS[-1], "book/glossary.html"])
def test_the_header_saves_a_page_s_own_file(browser, address, name):
    source = (ROOT / name).with_suffix(".ipynb" if name in CHAPTERS else ".md")
    with opened(browser, f"{address}/{name}") as (page, faults):
        page.locator(f"{HEADER} > button").click()
        (link,) = page.locator(f"{HEADER} a").all()
        assert same(page, link, source)
        assert faults == []


@pytest.mark.parametrize("name", PAGES)
def test_no_link_shows_a_notebook_or_a_wheel_instead(name):
    page = (HTML / name).read_text()
    links = [tag.partition(">")[0] for tag in page.split("<a ")[1:]]
    files = [
        link
        for link in links
        if ".ipynb" in link or ".whl" in link or "_sources" in link
    ]
    own = [link for link in files if "://" not in link]
    assert all('download=""' in link for link in own)
    assert all("data-script=" in link for link in own if ".whl" not in link)
    assert all('target="_blank"' not in link for link in own)
    assert ("save.js" in page) == ("data-script=" in page)


def test_nothing_of_a_file_is_loaded_before_a_click(browser, unzipped):
    with browser.new_context() as context:
        page = context.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{unzipped}/book/colab.html")
        assert len(asked) > 5
        assert not [url for url in asked if "/files/" in url]
        with page.expect_download():
            page.get_by_role("link", name="1. Background").last.click()
        assert [url for url in asked if url.endswith("/files/01_background.ipynb.js")]
