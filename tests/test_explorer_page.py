"""explorer.html: one explorer alone, for slides and other sites."""

import re
from contextlib import contextmanager
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from browser import HTML, LIVE, PAGES, opened
from explorer import Explorer
from playwright.sync_api import expect
from test_finish import finish, folder
from test_page import AXE

__all__ = ["folder"]  # a fixture

PAGE = "explorer.html"
LISTED = re.findall(
    r'<a href="(explorer\.html[^"]*)" data-name="([^"]+)" data-page="([^"]+)"'
    r' data-explorer="(\w+)">([^<]+)</a>',
    (HTML / PAGE).read_text() if PAGE in PAGES else "",  # there is no book yet
)
ADDRESSES = [unescape(address) for address, *_ in LISTED]

each_explorer = pytest.mark.parametrize("address", ADDRESSES)


@pytest.fixture(params=["unzipped", "served"])
def book(request):
    """Return the address of the book: of files, and below a folder of a server."""
    return request.getfixturevalue(request.param)


@contextmanager
def alone(browser, address, **settings):
    """Open an explorer alone, drawn."""
    with opened(browser, address, **settings) as (page, faults):
        page.locator(".live:not(.coming) .spikereg .panel[width]").first.wait_for()
        yield page, faults


def test_all_explorers_of_the_book_are_listed():
    pages = [name.removeprefix("book/").removesuffix(".html") for name in LIVE]
    assert {page for _, _, page, _, _ in LISTED} == set(pages)
    shown = sum(len(re.findall('"_esm":', (HTML / name).read_text())) for name in LIVE)
    assert len(LISTED) == shown > 10
    assert len(set(ADDRESSES)) == shown
    for address, name, page, _, title in LISTED:
        assert title.strip() not in ("", "null", "undefined")
        asked = parse_qs(urlsplit(unescape(address)).query)
        assert asked["name"] == [name]
        # The page is named where there are several.
        several = [n for _, n, *_ in LISTED].count(name) > 1
        assert asked.get("page") == ([page] if several else None)


def loaded(page):
    files = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
    return {urlsplit(file).path.rpartition("/")[2] for file in files}


@each_explorer
def test_an_explorer_stands_alone_is_moved_and_opened_again_as_it_was(
    browser, book, address
):
    name, chapter, script, title = next(
        rest for listed, *rest in LISTED if unescape(listed) == address
    )
    with alone(browser, f"{book}/{address}") as (page, faults):
        assert page.title() == title
        explorer = Explorer(page, title)
        assert page.locator("#known").is_hidden()
        back = page.locator("footer a").last
        assert back.get_attribute("href") == f"book/{chapter}.html#{name}"
        # It loads only what it uses.
        scripts = {file for file in loaded(page) if file.endswith(".js")}
        own = {f"{chapter}-{name}.js", f"{script}.js", "explorers.js", "alone.js"}
        assert scripts <= own

        slider = explorer.root.get_by_role("slider").last
        before = slider.input_value()
        slider.focus()
        page.keyboard.press("End" if before != slider.get_attribute("max") else "Home")
        moved = slider.input_value()
        assert moved != before
        explorer.root.get_by_role("button", name="Copy link", exact=True).click()
        link = explorer.root.locator(".offer").input_value()
        assert faults == []
    start, _, end = link.partition("#")
    assert start == f"{book}/{address}"
    assert end.startswith(f"{name}.")
    # On a phone, where nothing sticks out
    with alone(browser, link, width=343) as (page, faults):
        again = Explorer(page, title)
        assert again.root.get_by_role("slider").last.input_value() == moved
        assert page.evaluate("document.documentElement.scrollWidth") <= 343
        assert page.evaluate("spikeregTest.outside", "main *:not(.summary)") == []
        assert again.root.bounding_box()["width"] > 300
        again.root.locator(".head button").click()  # back to the start
        again.settle()
        assert again.root.get_by_role("slider").last.input_value() == before
        assert faults == []


def test_it_fills_the_width_of_a_frame_and_scrolls_nothing_around_it(browser, served):
    with opened(browser, f"{served}/{PAGE}") as (page, faults):
        page.evaluate(
            """() => {
              document.body.innerHTML = `<p style="height: 3000px">Above</p>
                <iframe width="900" height="700" style="border: 0"
                  src="explorer.html?name=lif#lif.beta=0.5"></iframe>`;
            }"""
        )
        frame = page.frame_locator("iframe")
        root = frame.locator(".spikereg")
        expect(root.get_by_role("slider", name="decay β")).to_have_value("0.5")
        root.locator(".panel[width]").first.wait_for()
        assert root.evaluate("(e) => e.clientWidth") > 850
        page.wait_for_timeout(200)
        assert page.evaluate("scrollY") == 0
        # What frames it stays where it is.
        assert frame.locator("footer a").last.get_attribute("target") == "_blank"
        assert faults == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_its_theme_is_the_systems_or_the_one_asked_for(browser, unzipped, theme):
    address = f"{unzipped}/{PAGE}?name=lif"
    other = {"light": "dark", "dark": "light"}[theme]
    # Not what a reader has chosen for the book.
    with alone(browser, address, theme=other) as (page, _):
        page.emulate_media(color_scheme=theme)
        dataset = "document.documentElement.dataset.theme"
        page.wait_for_function(f"{dataset} === '{theme}'")
        ground = page.evaluate("getComputedStyle(document.documentElement).background")
        assert ("255, 255, 255" in ground) == (theme == "light")
        low = page.evaluate("spikeregTest.contrasts()")["low"]
        assert low == []
        page.add_script_tag(path=AXE)
        found = page.evaluate("axe.run()")["violations"]
        assert [each["id"] for each in found] == []
    with alone(browser, f"{address}&theme={theme}") as (page, _):
        page.emulate_media(color_scheme=other)
        assert page.evaluate("document.documentElement.dataset.theme") == theme


def notice(page):
    return page.get_by_role("alert")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", None),
        ("?name=", "There is no explorer “”."),
        ("?name=nosuch", "There is no explorer “nosuch”."),
        ("?name=LIF", "There is no explorer “LIF”."),
        ("?name=lif&page=03_model", "The page “03_model” has no explorer “lif”."),
        ("?name=network", "Several pages have an explorer “network”"),
        ("?name=__proto__", "There is no explorer “__proto__”."),
        ("?name=../../x", "There is no explorer “../../x”."),
        ("?name=" + quote("<img src=x onerror=alert(1)>"), "<img src=x onerror="),
        ("?name=" + quote('"><script>alert(1)</script>'), "<script>alert(1)</script>"),
        ("?name=" + "x" * 3000, "x" * 60 + "…”"),
        ("?name=%E0%A4%A&page=%", "There is no explorer"),
    ],
)
def test_an_unknown_name_is_repeated_beside_those_that_are_known(
    browser, book, query, said
):
    with opened(browser, f"{book}/{PAGE}{query}") as (page, faults):
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        if said is None:
            expect(notice(page)).to_be_hidden()
        else:
            expect(notice(page)).to_contain_text(said)
        links = page.locator("#known a[data-name]:visible")
        assert links.count() == len(ADDRESSES)
        assert page.locator("img, .spikereg").count() == 0
        assert page.locator("script").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        assert faults == []
        page.add_script_tag(path=AXE)
        found = page.evaluate("axe.run()")["violations"]
        assert [each["id"] for each in found] == []
        links.nth(1).click()
        page.locator(".spikereg .panel[width]").first.wait_for()
        assert page.locator("#known").is_hidden()


def test_an_unknown_theme_is_repeated_and_the_explorer_shown(browser, unzipped):
    query = "?name=lif&theme=" + quote("<b>")
    with alone(browser, f"{unzipped}/{PAGE}{query}") as (page, faults):
        expect(notice(page)).to_have_text("The theme is light or dark, not “<b>”.")
        assert faults == []


@pytest.mark.parametrize(
    "end",
    [
        "lif.beta=NaN&lif.threshold=1e999",
        "lif.__proto__=1&__proto__.beta=1",
        "lif.beta=%E0%A4%A&%&lif.stimulus=<img src=x onerror=alert(1)>",
        "surrogate.slope=3",
        "lif.beta=" + "9" * 100_000,
    ],
)
def test_a_hostile_address_leaves_it_as_it_is(browser, unzipped, end):
    with alone(browser, f"{unzipped}/{PAGE}?name=lif#{end}") as (page, faults):
        explorer = Explorer(page, "One neuron")
        assert explorer.value("decay β") == 0.9
        assert explorer.value("threshold θ") in (1, 2)  # cut to its range
        assert faults == []


def test_an_explorer_of_a_chapter_leads_to_itself_alone_as_it_is_set(browser, book):
    with opened(browser, f"{book}/book/01_background.html") as (page, faults):
        second = Explorer(page, "One neuron", 1)
        beta = second.press("decay β", "ArrowRight", 3)
        second.root.get_by_role("link", name="Open alone").click()
        page.wait_for_url(f"{book}/{PAGE}?name=lif2&page=01_background#lif2.beta=*")
        page.locator(".spikereg .panel[width]").first.wait_for()
        explorer = Explorer(page, "One neuron")
        assert explorer.value("decay β") == beta
        assert explorer.value("its amplitude") == 0.05
        assert page.get_by_role("link", name="Open alone").count() == 0
        assert faults == []


def test_without_scripts_the_page_lists_them(browser, unzipped):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{unzipped}/{PAGE}?name=lif")
        assert page.get_by_text("in a browser that runs scripts").is_visible()
        assert page.locator("#known a[data-name]:visible").count() == len(ADDRESSES)


def test_a_file_that_is_missing_is_named(browser, unzipped, served):
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/01_background-lif.js", lambda route: route.abort())
        page.goto(f"{served}/{PAGE}?name=lif")
        expect(notice(page)).to_contain_text("01_background-lif.js is missing.")
        assert page.locator("#known").is_visible()


def test_a_book_without_explorers_has_no_page_of_them(folder):
    done, _ = finish(folder, "<p>Nothing</p>")
    assert done.returncode == 0, done.stderr
    assert not (folder / PAGE).exists()
