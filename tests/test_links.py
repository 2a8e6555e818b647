"""Where the links of the built book lead."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from browser import HTML, PAGES

BOOK = Path(__file__).parents[1] / "book"
TERMS = re.findall(r"(?m)^(\w.*)\n  \S", (BOOK / "glossary.md").read_text())


class Page(HTMLParser):
    """The links of a page, and the places in it that links may lead to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places = [], {""}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.places |= {found.get("id"), found.get("name")}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])


@cache
def page_of(name):
    return Page((HTML / name).read_text())


def lost(name, settings=("target=",)):
    """Return the links of a page that lead to no file, or to no place in it."""
    found = []
    for link in page_of(name).links:
        address = urlsplit(link)
        if address.scheme or address.netloc or address.fragment.startswith(settings):
            continue
        path = (
            (HTML / name).parent / unquote(address.path)
            if address.path
            else HTML / name
        )
        if not path.is_file():
            found.append(link)
        elif path.suffix == ".html":
            aim = page_of(path.resolve().relative_to(HTML.resolve()).as_posix())
            found += [link] * (unquote(address.fragment) not in aim.places)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name):
    assert len(page_of(name).links) > 10
    assert lost(name) == []


def test_a_link_that_leads_nowhere_is_found(monkeypatch):
    page = Page('<a href="glossary.html#term-x"></a><a href="no.html"></a>')
    monkeypatch.setitem(globals(), "page_of", lambda name: page)
    assert lost("book/index.html") == ["glossary.html#term-x", "no.html"]


LINK = "glossary.md#term-"

#: What is no running text: code, formulas, headings, tables, tags, and other links.
OTHER = re.compile(
    r"```.*?```|\$\$.*?\$\$|\$[^$\n]*\$|`[^`\n]*`|^#+ .*?$|^\|.*?$"
    r"|<summary>.*?</summary>|<[^>]*>|\[[^\]]*\]\((?!glossary)[^)]*\)",
    re.S | re.M,
)


def running(text):
    """Blank what is no running text of a page, and all before its first section."""
    begin = text.index("\n## ")
    end = text.index("\n## References")
    text = " " * begin + text[begin:end]
    return OTHER.sub(lambda found: " " * len(found.group()), text)


def first_use(term, text):
    """Find the first use of a term, or of its plural."""
    word = re.escape(term).replace(r"\ ", r"\s+")
    return re.search(rf"(?i)(?<![\w-])(?:{word}|{word}s)(?![\w-])", text)


def is_linked(term, text):
    """Say whether the first use of a term is a link to it; None without a use."""
    if (found := first_use(term, text)) is None:
        return None
    link = f"]({LINK}{term.replace(' ', '-')})"
    return text[found.start() - 1] == "[" and text[found.end() :].startswith(link)


@pytest.mark.parametrize("path", sorted(BOOK.glob("0*.ipynb")), ids=lambda p: p.stem)
def test_a_chapter_links_a_term_of_the_glossary_where_it_uses_it_first(path):
    cells = nbformat.read(path, 4).cells
    text = running("\n\n".join(c.source for c in cells if c.cell_type == "markdown"))
    found = {term: is_linked(term, text) for term in TERMS}
    assert [term for term, linked in found.items() if linked is False] == []
    assert sum(map(bool, found.values())) >= 10


def test_an_unlinked_first_use_is_found():
    text = f"Decays fade. A [decay]({LINK}decay) and a [time step]({LINK}time-step)."
    assert not is_linked("decay", text)
    assert is_linked("time step", text)
    assert is_linked("seed", text) is None
