"""The slides that are made from the chapters."""

import base64
import json
import re
from types import SimpleNamespace

import nbformat
import pytest
import slides
from browser import opened
from ipywidgets import Widget
from nbformat import NotebookNode
from playwright.sync_api import expect
from written import CHAPTERS

from spikereg.widgets import LIFExplorer

DOT = base64.b64encode(b"a picture").decode()


def text(source):
    return nbformat.v4.new_markdown_cell(source)


def figure(alt):
    output = nbformat.v4.new_output("display_data", {"image/png": DOT})
    metadata = NotebookNode(mystnb=NotebookNode(image=NotebookNode(alt=alt)))
    return nbformat.v4.new_code_cell("draw()", outputs=[output], metadata=metadata)


def view(explorer):
    output = nbformat.v4.new_output(
        "display_data", {slides.VIEW: {"model_id": explorer}}
    )
    return nbformat.v4.new_code_cell("show()", outputs=[output])


OPENING = """# Title

[![Open in Colab](open-in-colab.svg)](colab.md)

What it is *about*.

**You will learn**

- a thing;
- `another`.

**You need** nothing.
"""
END = """## Summary

- It was said.

## Test yourself

<details><summary>Is <code>a</code> right?</summary>Yes.</details>

## Exercises"""


def chapter(*cells, models=None):
    """Make a chapter of some cells, with the states of its explorers."""
    state = {"state": models or {}}
    return nbformat.v4.new_notebook(
        cells=[text(OPENING), *cells, text(END)],
        metadata={"widgets": {slides.STATE: state}},
    )


def made(*cells, models=None):
    """Make the slides of some cells, without those of the opening and the end."""
    whole = chapter(*cells, models=models)
    place, _ = slides.choose(whole) or (None, None)
    return slides.slides_of(whole, place)[2:-2]


def test_a_slide_has_a_section_what_it_claims_and_its_figure():
    (slide,) = made(text("## 1.1 A section\n\n**It holds.** More."), figure("a curve"))
    assert (slide.title, slide.said) == ("1.1 A section", ["It holds."])
    assert slide.shown == f'<img src="data:image/png;base64,{DOT}" alt="a curve">'


def test_what_reads_a_figure_stays_with_it_and_what_leads_on_goes_on():
    first, second = made(
        text("## 1.1 A section\n\n**First.**"),
        figure("one"),
        text("**Read.**\n\n**Second.**"),
        figure("two"),
    )
    assert first.said == ["First.", "Read."]
    assert second.said == ["Second."]
    assert 'alt="two"' in second.shown


def test_what_leads_to_nothing_ends_its_section():
    first, other = made(
        text("## 1.1 A section\n\n**First.**"),
        figure("one"),
        text("Read.\n\n**Last.**\n\n## 1.2 Another\n\n**Its own.**"),
    )
    assert (first.said, other.said) == (["First.", "Last."], ["Its own."])


def test_names_of_items_and_words_are_no_claims():
    assert slides.claims("- **An item.** text\n| **a cell.** |\n**a word** and") == []
    assert slides.claims("**It goes on:** so") == ["It goes on."]


def test_opening_summary_and_questions_have_slides_without_the_answers():
    about, learn, *_, end, asked = slides.slides_of(chapter(), None)
    assert (about.title, about.said) == ("Title", ["What it is <em>about</em>."])
    assert learn.said == ["a thing;", "<code>another</code>."]
    assert end.said == ["It was said."]
    assert asked.said == ["Is a right?"]


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\theta", "<i>θ</i>"),
        ("e_n", "<i>e</i><sub><i>n</i></sub>"),
        ("p^{2/3}", "<i>p</i><sup>2/3</sup>"),
        (r"I / (1 - \beta)", "<i>I</i> / (1 - <i>β</i>)"),
        ("k < 5", "<i>k</i> &lt; 5"),
    ],
)
def test_a_short_formula_is_html(tex, shown):
    assert slides.formula(tex) == shown


def test_a_formula_that_no_slide_can_show_is_refused():
    with pytest.raises(ValueError, match=r"sum' in the formula .*x_i"):
        slides.formula(r"\sum x_i")


def model(**state):
    known = {"_esm": "", "_css": "", "_anywidget_id": "widgets.Own"}
    return {"model_name": "AnyModel", "state": known | state}


def test_one_explorer_is_alive_the_first_or_the_playground():
    section = text("## 1.1 A section\n\n**It moves.**")
    models = {"a": model(), "b": model(), "c": model(_worker="")}
    (slide,) = made(section, view("a"), view("b"), models=models)
    assert slide.shown == slides.LIVE
    whole = chapter(section, view("a"), view("c"), models=models)
    assert slides.choose(whole) == (3, models["c"])


def test_an_explorer_in_a_box_is_found():
    box = {
        "model_name": "VBoxModel",
        "state": {"children": ["IPY_MODEL_s", "IPY_MODEL_a"]},
    }
    models = {"box": box, "s": {"state": {}}, "a": model()}
    assert slides.choose(chapter(view("box"), models=models)) == (1, models["a"])


def test_what_an_explorer_says_cannot_end_its_script():
    end = "</script><!--"
    models = {"a": model(_esm=f"'{end}'", title=end)}
    page = slides.deck(chapter(view("a"), models=models))
    without = slides.deck(chapter(view("a"), models={"a": model()}))
    assert page.count("</script>") == without.count("</script>")
    assert page.count("<!--") == without.count("<!--")
    held = re.search(f'<script type="{re.escape(slides.STATE)}">(.*)</script>', page)
    state = json.loads(held[1])["state"]["explorer"]["state"]
    assert (state["title"], state["_esm"]) == (end, "Own")


@pytest.mark.parametrize("path", CHAPTERS.values(), ids=lambda path: path.stem)
def test_each_chapter_has_a_deck_of_all_its_sections_and_figures(path):
    notebook = nbformat.read(path, 4)
    page = slides.deck(notebook)
    shown = page.partition("</main>")[0]
    sources = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    for number in re.findall(r"(?m)^## (\d+\.\d+) ", "\n".join(sources)):
        assert f"<h2>{number} " in shown
    before = notebook.cells[: next(
        n for n, c in enumerate(notebook.cells) if "## Summary" in c.source
    )]  # fmt: skip
    drawn = [each for cell in before for each in slides.pictures(cell)]
    assert drawn
    assert all(each in shown for each in drawn)
    words = re.sub(r"data:[^\"]+|<code>.+?</code>", "", shown.partition("<main>")[2])
    assert not re.search(r"\$|\*\*|\]\(|`|\\", words)
    assert not re.search(r"(src|href)=\"(?!data:)", page)


def test_a_deck_of_a_chapter_that_was_not_executed_is_refused(monkeypatch, tmp_path):
    (tmp_path / "book").mkdir()
    nbformat.write(chapter(), tmp_path / "book" / "01_new.ipynb")
    monkeypatch.setattr(slides, "ROOT", tmp_path)
    monkeypatch.setattr(slides, "BOOK", tmp_path / "book")
    monkeypatch.setattr("sys.argv", ["slides.py"])
    with pytest.raises(SystemExit, match="01_new was not executed as it is: run `make"):
        slides.main()


@pytest.fixture
def deck(tmp_path):
    """Write a deck of three sections, with a neuron in the second."""
    explorer = LIFExplorer(beta=0.9, threshold=1.0, amplitude=0.3)
    state = Widget.get_manager_state(widgets=[explorer])["state"]
    cells = [
        text("## 1.1 One\n\n**First.**"),
        text("## 1.2 Two\n\n**It moves.**"),
        view(explorer.model_id),
        text("## 1.3 Three\n\n**Last.**"),
    ]
    page = tmp_path / "deck.html"
    page.write_text(slides.deck(chapter(*cells, models=state)))
    return SimpleNamespace(address=page.as_uri(), explorer=explorer)


def seen(page):
    return page.locator("section:visible h2").all_inner_texts()


def test_keys_and_buttons_walk_through_a_deck(browser, deck):
    with opened(browser, deck.address) as (page, faults):
        assert seen(page) == ["Title"]
        page.keyboard.press("ArrowRight")
        page.get_by_label("Next slide").click()
        assert seen(page) == ["1.1 One"]
        page.keyboard.press("ArrowLeft")
        assert seen(page) == ["You will learn"]
        page.keyboard.press("End")
        page.keyboard.press("ArrowRight")
        assert seen(page) == ["Test yourself"]
        assert page.url.endswith("#7")
        page.reload()
        assert seen(page) == ["Test yourself"]
        assert faults == []


def test_the_explorer_of_a_deck_is_alive(browser, deck):
    with opened(browser, deck.address + "#4") as (page, faults):
        slider = page.get_by_role("slider", name="decay")
        said = page.locator(".live .summary")
        before = said.text_content()
        slider.focus()
        page.keyboard.press("ArrowLeft")
        assert seen(page) == ["1.2 Two"]  # the key was the slider's
        expect(said).not_to_have_text(before)
        assert faults == []


def test_an_address_that_sets_the_explorer_opens_its_slide(browser, deck):
    with opened(browser, deck.address + "#lif.beta=0.5") as (page, faults):
        assert seen(page) == ["1.2 Two"]
        slider = page.get_by_role("slider", name="decay")
        assert float(slider.input_value()) == 0.5
        assert faults == []


def test_a_deck_prints_every_slide(browser, deck):
    with opened(browser, deck.address) as (page, _):
        page.emulate_media(media="print")
        assert len(seen(page)) == 7
