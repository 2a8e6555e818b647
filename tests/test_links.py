"""Where the links of the built book lead."""

import json
import re
from pathlib import Path

import links
import nbformat
import pytest
from browser import HTML, PAGES

BOOK = Path(__file__).parents[1] / "book"
TERMS = re.findall(r"(?m)^(\w.*)\n  \S", (BOOK / "glossary.md").read_text())


def test_every_link_of_the_book_leads_somewhere():
    for name in PAGES:
        assert len(links.page_of(HTML / name).links) > 10, name
    assert links.lost_in(HTML) == {}


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    lost = ["there.html#b", "no.html", "#b", "../no.png", "#a.b", "#lif.starts"]
    # Explorers that are not there, or have no such value
    lost += ["there.html#target=sine", "#lif3.beta=1", "#lif.beta=1&lif.gamma=2"]
    lost += ["#my-net.beta=1"]
    found = ["there.html#a", "#a", "there.html", "https://a.org/b", "#target=sine"]
    found += ["#lif.beta=0.5&lif2.beta=1", "there.html#my-net.start"]
    explorers = {
        "here": [("lif", "beta"), ("lif2", "beta"), ("playground", "target")],
        "there": [("my-net", "hidden")],
    }
    for name, aims in [("here", lost + found), ("there", [])]:
        text = "".join(f'<p><a id="a" href="{link}"></a>' for link in aims or [""])
        (tmp_path / f"{name}.html").write_text(text + state(explorers[name]))
    assert links.lost_in(tmp_path) == {"here.html": lost}


def state(explorers):
    """Write what a page knows of its explorers."""
    models = {"layout": {"state": {}}}
    for name, value in explorers:
        alone = f"explorer.html?name={name}&page=here"
        values = {"alone": alone, "_controls": [{"name": value}]}
        models[name] = {"state": values}
    script = json.dumps({"state": models})
    return f'<script type="application/vnd.jupyter.widget-state+json">{script}</script>'


@pytest.mark.parametrize(
    "tag",
    [
        '<img src="{}">',
        '<img src="data:image/png;base64,AA==" srcset="there.png 1x, {} 2x">',
        '<source srcset="{} 300w">',
        '<script src="{}?digest=1"></script>',
        '<link rel="stylesheet" href="{}">',
        '<video poster="{}"></video>',
        '<object data="{}"></object>',
        '<svg><use xlink:href="{}#a"/><image href="there.png"/></svg>',
        '<form action="{}"></form>',
    ],
)
def test_a_file_that_a_page_loads_and_that_is_not_there_is_found(tmp_path, tag):
    (tmp_path / "there.png").touch()
    page = tmp_path / "page.html"
    page.write_text(tag.format("there.png"))
    assert links.lost_in(tmp_path) == {}
    page.write_text(tag.format("no.png"))
    links.page_of.cache_clear()
    ((name, (lost,)),) = links.lost_in(tmp_path).items()
    assert name == "page.html"
    assert lost.startswith("no.png")


def test_a_script_that_the_loader_of_explorers_needs_and_that_is_not_there_is_found(
    tmp_path,
):
    (tmp_path / "own" / "explorers").mkdir(parents=True)
    for name in ("loader.js", "explorers/A.js"):
        (tmp_path / "own" / name).touch()
    loader = '<script defer src="own/loader.js" data-needs="A B"></script>'
    (tmp_path / "page.html").write_text(loader)
    assert links.lost_in(tmp_path) == {"page.html": ["own/explorers/B.js"]}


def test_a_letter_of_a_formula_that_is_drawn_nowhere_is_found(tmp_path):
    (tmp_path / "page.html").write_text(
        '<svg><path id="a"></path><use xlink:href="#a"/><use xlink:href="#b"/></svg>'
    )
    assert links.lost_in(tmp_path) == {"page.html": ["#b"]}


def test_pages_link_to_what_only_scripts_know():
    """So these links are among those that are followed."""
    all_links = [link for name in PAGES for link in links.page_of(HTML / name).links]
    for part in ("#playground.", "glossary.html#term-", "api.html#spikereg."):
        assert any(part in link for link in all_links), part


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


@pytest.mark.parametrize(
    "path", sorted(BOOK.glob("[0-9]*.ipynb")), ids=lambda p: p.stem
)
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
