"""The search: which sections it finds, what it shows of them, and where it leads."""

import gzip
import json
import re
import urllib.parse

import pytest
from browser import HTML, opened
from test_page import AXE, THEMES_OWN

FRONT = "book/index.html"
CHAPTER = "book/01_background.html"
MARKED = "[...(CSS.highlights.get('found') ?? [])].map((range) => range.toString())"


@pytest.fixture(scope="session", params=["file", "http"])
def address(request):
    """Return the book's address: in a folder, and on a server."""
    return request.getfixturevalue(
        {"file": "unzipped", "http": "served"}[request.param]
    )


def query(words):
    return f"search.html?q={urllib.parse.quote_plus(words)}"


def found(page):
    """Return title and chapter of each result."""
    page.wait_for_function("document.querySelector('#search-status').textContent")
    return [
        (item.locator("a").inner_text(), item.locator("span").all_inner_texts())
        for item in page.locator("#search-results li").all()
    ]


@pytest.mark.parametrize(
    ("words", "first", "among"),
    [
        ("membrane potential", ("membrane potential", "Glossary"), 1),
        ("return mapping", ("return mapping", "Glossary"), 1),
        ("return mapping", ("11.2 A bar that remembers", "11. Materials"), 5),
        ("snnTorch", ("snnTorch", "API reference"), 1),
        ("β", ("snnTorch", "API reference"), 3),
        ("memory", ("9. Memory: how a spiking network catches up", None), 1),
        ("Memory capacity", ("memory capacity", "Glossary"), 1),
        ("energy", ("13. Energy and hardware", None), 1),
        ("surrogate by hand", ("6.1 A surrogate by hand", "6. Gradients and speed"), 1),
        ("spikereg.make_loader", ("spikereg.make_loader", "API reference"), 1),
        ("section 10.3", ("10.3 Three losses", "10. Learning when to fire"), 3),
        ("teachers", ("For teachers", None), 1),
        ("spike price", ("13.6 When does a spike pay?", "13. Energy and hardware"), 3),
        ("surrogat", ("surrogate gradient", "Glossary"), 2),  # not yet typed
        ("membrain", ("membrane potential", "Glossary"), 3),  # misspelt
    ],
)
def test_what_is_asked_for_comes_first(browser, unzipped, words, first, among):
    title, chapter = first
    with opened(browser, f"{unzipped}/{query(words)}") as (page, faults):
        shown = found(page)[:among]
        assert any(
            name.startswith(title)
            and (where == [] if chapter is None else where[0].startswith(chapter))
            for name, where in shown
        ), shown
        assert faults == []


@pytest.mark.parametrize(
    "words", ["membrane potential", "snnTorch", "β", "return mapping"]
)
def test_a_result_leads_to_the_section_that_has_the_words(browser, address, words):
    with opened(browser, f"{address}/{query(words)}") as (page, faults):
        links = page.locator("#search-results a")
        texts = page.locator("#search-results p").all_inner_texts()
        hrefs = [link.get_attribute("href") for link in links.all()]
        assert len(hrefs) == len(set(hrefs)) > 3
        assert len(texts) == len(hrefs)
        for code in ("import ", "\n", "%pip", "def "):
            assert not any(code in text for text in texts)
        links.nth(1).click()
        page.wait_for_url(re.compile(r"/book/\w+\.html#"))  # without the words
        where = urllib.parse.unquote(page.url.partition("#")[2])
        assert page.locator(f"[id='{where}']").count() == 1
        marked = {text.lower().removesuffix("s") for text in page.evaluate(MARKED)}
        formulas = page.locator("mjx-container.found").count()
        assert marked or formulas
        assert marked <= {word.lower() for word in words.split()}
        assert faults == []


def test_every_result_is_a_place_in_its_page():
    text = (HTML / "_static" / "sections.js").read_text()
    sections = json.loads(text.partition("=")[2].strip().removesuffix(";"))
    assert len(sections) > 400
    pages = {section["page"] for section in sections}
    assert {CHAPTER, FRONT, "book/glossary.html", "book/api.html"} <= pages
    for page in pages:
        html = (HTML / page).read_text()
        for section in sections:
            assert section["page"] != page or f'id="{section["id"]}"' in html
    for section in sections:
        assert section["title"]
        assert section["chapter"]
        assert not re.search(r"import spikereg|In \[|%pip|\\\(|>>>", section["text"])


def test_what_the_search_loads_is_small():
    scripts = [HTML / "_static" / name for name in ("sections.js", "minisearch.js")]
    sizes = [len(gzip.compress(script.read_bytes())) for script in scripts]
    assert sum(sizes) < 2.5e5, sizes
    assert "Permission is hereby granted" in scripts[1].read_text()  # its licence


@pytest.mark.parametrize("key", [False, True])
def test_the_sidebar_and_a_key_lead_to_the_search(browser, address, key):
    with opened(browser, f"{address}/{CHAPTER}") as (page, faults):
        if key:
            page.keyboard.press("Control+k")
        else:
            page.locator(".bd-sidebar-primary .search-button-field").click()
        field = page.locator("#pst-search-dialog input")
        field.fill("surrogate gradient")
        field.press("Enter")
        page.wait_for_url("**/search.html?q=surrogate+gradient")
        assert found(page)[0] == ("surrogate gradient", ["Glossary"])
        assert faults == []


def test_results_follow_what_is_typed_and_are_announced(browser, unzipped):
    with opened(browser, f"{unzipped}/search.html") as (page, faults):
        status = page.get_by_role("status")
        assert status.inner_text() == ""
        assert page.locator("#search-results li").count() == 0
        page.keyboard.type("hysteresis")  # the field has the focus
        page.wait_for_function(
            "/^\\d+ sections for “hysteresis”/.test("
            "document.querySelector('#search-status').textContent)"
        )
        assert found(page)[0] == ("hysteresis", ["Glossary"])
        assert page.url.endswith("?q=hysteresis")  # a link to the results
        page.locator("article .bd-search input").fill("")
        page.wait_for_function("!document.querySelector('#search-results li')")
        assert status.inner_text() == ""
        assert page.url.endswith("search.html")
        assert faults == []


@pytest.mark.parametrize(
    "words",
    [
        "qqqzzz",
        "<img src=x onerror=alert(1)>",
        "(?:[*+\\",
        "'\"&%00#?/../",
        "__proto__",
        "constructor",
        "a" * 5000,
        "?!…",
        "\0\U0001f600",
    ],
)
def test_any_query_is_only_a_query(browser, unzipped, words):
    with opened(browser, f"{unzipped}/search.html") as (page, faults):
        field = page.locator("article .bd-search input")
        field.fill(words)
        field.press("Enter")
        page.wait_for_function(
            "document.querySelector('#search-status').textContent"
            "|| !document.querySelector('#search-results li')"
        )
        assert page.locator("#search-results :is(img, script)").count() == 0
        if words == "qqqzzz":
            said = page.get_by_role("status").inner_text()
            assert said.startswith("No section has “qqqzzz”. Try ")
            assert page.get_by_role("link", name="glossary", exact=True).is_visible()
            assert page.locator("#search-results li").count() == 0
        # Nor does it harm the page that a result leads to.
        there = f"{unzipped}/{CHAPTER}?highlight={urllib.parse.quote(words[:500])}"
        page.goto(there)
        page.locator("article h1").wait_for()
        assert page.locator("article img[src='x']").count() == 0
        assert faults == []


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_a_reader_takes_the_marks_away(browser, unzipped, way):
    words = "?highlight=membrane+%CE%B2#the-spike-crossing-a-threshold"
    with opened(browser, f"{unzipped}/{CHAPTER}{words}") as (page, faults):
        assert page.url.endswith(f"{CHAPTER}#the-spike-crossing-a-threshold")
        assert len(page.evaluate(MARKED)) > 10
        assert page.locator("mjx-container.found").count() > 3
        button = page.get_by_role("button", name="Remove highlights")
        assert button.is_visible()
        if way == "button":
            button.click()
        else:
            page.keyboard.press("Escape")
        assert page.evaluate(MARKED) == []
        assert page.locator(".found").count() == 0
        assert button.count() == 0
        assert faults == []


def test_a_page_that_no_search_led_to_has_no_marks(browser, unzipped):
    with opened(browser, f"{unzipped}/{CHAPTER}") as (page, _):
        assert page.evaluate(MARKED) == []
        assert page.locator(".found-bar").count() == 0


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "name",
    [
        query("membrane potential"),
        query("qqqzzz"),
        f"{CHAPTER}?highlight=membrane+%CE%B2#the-spike-crossing-a-threshold",
    ],
)
def test_results_and_marks_have_no_barrier(browser, unzipped, name, theme, width):
    # What is wide scrolls on a phone, and the browser's keys reach it by themselves.
    wide = [("scrollable-region-focusable", ".math, .cell_output")]
    with opened(browser, f"{unzipped}/{name}", theme, width) as (page, _):
        page.add_script_tag(path=AXE)
        assert page.evaluate("spikeregTest.barriers", [THEMES_OWN + wide, None]) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
