"""Terms of the glossary, which explain themselves in the text of a page."""

import re
from pathlib import Path

import pytest
from browser import HTML, PAGES, opened
from playwright.sync_api import expect
from test_finish import finish, folder
from test_page import AXE

__all__ = ["folder"]  # a fixture

GLOSSARY = (Path(__file__).parents[1] / "book" / "glossary.md").read_text()
DEFINED = dict(re.findall(r"(?m)^(\w.*)\n  (\S.*?) →", GLOSSARY))
LINK = re.compile(r'<a\b([^>]*\bhref="glossary\.html#term-([^"]+)"[^>]*)>')
PAGE = "book/01_background.html"
# Pages whose text links to terms
TELLING = [name for name in PAGES if LINK.search((HTML / name).read_text())]

each_page = pytest.mark.parametrize("name", TELLING)


def plain(text):
    """Return the words of a text in Markdown, without its formulas."""
    return re.sub(r"\$[^$]*\$|[`*]", "", text).replace("'", "\u2019").split()


def words(html):
    """Return the words of a text in HTML, without its formulas."""
    html = re.sub(r'(?s)<span class="math.*?</mjx-container></span>', "", html)
    html = re.sub(r"<[^>]*>", "", html)
    return html.replace("&gt;", ">").replace("&lt;", "<").split()


def test_every_chapter_tells_of_terms():
    assert len([name for name in TELLING if re.match(r"book/\d", name)]) == 13
    assert len(DEFINED) > 50


@each_page
def test_a_link_to_the_glossary_has_what_it_says_there(name):
    text = (HTML / name).read_text()
    article = text[text.index("<article") : text.index("</article>")]
    found = LINK.findall(article)
    boxes = dict(
        re.findall(
            r'(?s)<div class="definition" role="tooltip" id="definition-([^"]+)"'
            r' hidden="">(.*?)</div>',
            text,
        )
    )
    defined = {term.replace(" ", "-"): says for term, says in DEFINED.items()}
    for attributes, term in found:
        assert f'aria-describedby="definition-{term}"' in attributes
        assert "term" in re.search(r'class="([^"]+)"', attributes)[1].split()
        assert words(boxes[term]) == plain(defined[term])
        assert boxes[term].count("<mjx-container") == defined[term].count("$") // 2
        assert "<a " not in boxes[term]
    assert boxes.keys() == {term for _, term in found}


ARTICLE = '<article class="bd-article"><a href="glossary.html#term-x">x</a></article>'


def test_a_term_without_a_definition_is_named(folder):
    (folder / "book").mkdir()
    glossary = '<dl class="glossary"><dt id="term-y">y</dt><dd><p>Why. →</p></dd></dl>'
    (folder / "book" / "glossary.html").write_text(glossary)
    done, _ = finish(folder, ARTICLE)
    assert done.returncode == 1
    assert "page.html: there is no definition of term-x" in done.stderr
    done, page = finish(folder, ARTICLE.replace("-x", "-y"))
    assert done.returncode == 0, done.stderr
    assert 'id="definition-y" hidden="">Why.</div>' in page


def shown(page):
    return page.get_by_role("tooltip")


@pytest.mark.parametrize("width", [1280, 375])
def test_a_definition_is_seen_with_a_pointer_and_with_keys(browser, unzipped, width):
    with opened(browser, f"{unzipped}/{PAGE}", width=width) as (page, faults):
        terms = page.locator("a.term:visible")  # not those of a closed hint
        assert terms.count() > 9
        height = page.evaluate("document.documentElement.scrollHeight")
        for term in terms.all():
            box = page.locator(f"#{term.get_attribute('aria-describedby')}")
            page.mouse.move(0, 0)
            term.hover(position={"x": 3, "y": 3})
            expect(box).to_be_visible()
            assert shown(page).count() == 1
            place, line = box.bounding_box(), term.bounding_box()
            assert 0 <= place["x"] <= place["x"] + place["width"] <= width
            assert 0 <= place["y"] <= place["y"] + place["height"] <= 900
            assert place["y"] + place["height"] <= line["y"] + 1 or (
                place["y"] >= line["y"] + 10
            )
            # It stays for who goes there, and goes when left.
            box.hover()
            page.wait_for_timeout(300)
            expect(box).to_be_visible()
            page.mouse.move(0, 0)
            expect(box).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollHeight") == height
        page.evaluate("document.activeElement.blur()")
        terms.first.focus()
        expect(shown(page)).to_have_count(1)
        page.keyboard.press("Escape")
        expect(shown(page)).to_have_count(0)
        assert terms.first.evaluate("(e) => e === document.activeElement")
        page.keyboard.press("Tab")
        terms.nth(1).focus()
        expect(shown(page)).to_have_count(1)
        # A pointer that passes by takes nothing away from the keys.
        page.mouse.move(1, 1)
        page.wait_for_timeout(300)
        expect(shown(page)).to_have_count(1)
        page.emulate_media(media="print")
        expect(shown(page)).to_have_count(0)
        page.emulate_media(media="screen")
        terms.nth(1).click()
        page.wait_for_url(re.compile(r"glossary\.html#term-"))
        assert faults == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_definition_that_is_seen_has_no_barrier(browser, unzipped, theme):
    with opened(browser, f"{unzipped}/{PAGE}", theme) as (page, _):
        page.locator("a.term").first.focus()
        expect(shown(page)).to_have_count(1)
        page.add_script_tag(path=AXE)
        found = page.evaluate("axe.run('.definition, a.term')")["violations"]
        assert [each["id"] for each in found] == []


def test_without_scripts_a_term_is_a_link(browser, unzipped):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{unzipped}/{PAGE}")
        page.locator("a.term").first.hover()
        expect(shown(page)).to_have_count(0)
        page.locator("a.term").first.click()
        page.wait_for_url(re.compile(r"glossary\.html#term-"))
