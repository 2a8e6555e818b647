"""The committed chapters: executed, described, and true to their numbers."""

import base64
import io
import re
from pathlib import Path

import matplotlib.image
import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode

BOOK = Path(__file__).parent.parent / "book"
PAGES = {path.stem: nbformat.read(path, 4) for path in sorted(BOOK.glob("*.ipynb"))}
CHAPTERS = {name: page for name, page in PAGES.items() if name[0].isdigit()}
NAMES = list(PAGES)

# Numbers that a source states and that no cell can compute.
CITED = {
    "1.22e-02": "mean L1 loss that the tutorial prints",
    "2.84e-02": "mean relative error that the tutorial prints",
}

NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+(?:e-?\d+)?%?|%)(?![\d.]*\w)")


def code_cells(page: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in page.cells if cell.cell_type == "code"]


def markdown(page: NotebookNode) -> str:
    return "\n\n".join(c.source for c in page.cells if c.cell_type == "markdown")


def printed(page: NotebookNode) -> str:
    outputs = [output for cell in code_cells(page) for output in cell.outputs]
    return "\n".join(output.get("text", "") for output in outputs)


def pictures(cell: NotebookNode) -> list[bytes]:
    data = [output.get("data", {}) for output in cell.outputs]
    return [base64.b64decode(d["image/png"]) for d in data if "image/png" in d]


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


EQUATIONS = {
    tag for page in PAGES.values() for tag in re.findall(r"\\tag\{(.+?)\}", str(page))
}


def numbers(text: str) -> dict[tuple[float, bool], str]:
    """Return the decimals and percentages of a text by value and kind."""
    found = NUMBER.findall(text)
    return {(float(n.rstrip("%")), n.endswith("%")): n for n in found}


def prose(text: str) -> str:
    """Return a text without what only looks like a measured number."""
    text = re.sub(r"```.*?```", "", text, flags=re.S)  # code
    text = re.sub(r"`[^`\n]*`", "", text)
    text = re.sub(r"\[[^\]]*\]\([^)]*\)", "", text)  # links: DOIs
    text = re.sub(r"\\tag\{.+?\}", "", text)
    text = re.sub(r"(?m)^#+ .*$", "", text)  # numbered headings
    text = re.sub(r"[Ss]ection \d\.\d", "", text)
    for equation in EQUATIONS:
        text = text.replace(f"({equation})", "")
    return text.replace(r"\%", "%")


def unsupported(text: str, outputs: str) -> set[str]:
    """Return the numbers of a text that neither an output nor a source states."""
    known = numbers(outputs).keys() | numbers(" ".join(CITED)).keys()
    stated = numbers(prose(text))
    return {stated[number] for number in stated.keys() - known}


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_the_prose_is_printed_by_a_cell(name):
    page = PAGES[name]
    assert unsupported(markdown(page), printed(page)) == set()


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("It is 0.51.", {"0.51"}),
        ("An error of 44% remains", {"44%"}),
        (r"a factor of $\beta = 0.25$", {"0.25"}),
        ("1.5e-3 and 0.50", {"1.5e-3"}),
        ("see (1.3), section 3.5, `x = 0.7` and [0.9](a.b)", set()),
        ("50% is not 0.50", {"50%"}),
    ],
)
def test_a_number_that_no_cell_prints_is_found(text, missing):
    assert unsupported(text, "0.5 and 12%") == missing


def test_every_cited_value_is_used():
    text = " ".join(markdown(page) for page in PAGES.values())
    assert numbers(prose(text)).keys() >= numbers(" ".join(CITED)).keys()


@pytest.mark.parametrize("name", NAMES)
def test_the_cells_ran_in_order_without_error_or_warning(name):
    cells = code_cells(PAGES[name])
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    assert not [o for o in outputs if o.get("name") == "stderr"]


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_escapes_the_comparison(name):
    for cell in code_cells(PAGES[name]):
        assert not tags(cell) & {
            "nbval-ignore-output",
            "nbval-skip",
            "raises-exception",
        }


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_its_own_alternative_text_and_is_not_blank(name):
    texts = []
    for cell in code_cells(PAGES[name]):
        for picture in pictures(cell):
            texts.append(cell.metadata.mystnb.image.alt)
            pixels = matplotlib.image.imread(io.BytesIO(picture))[..., :3]
            background = pixels[0, 0]
            drawn = np.abs(pixels - background).max(axis=-1) > 0.2
            assert drawn.mean() > 0.005
    assert len(set(texts)) == len(texts) > 0
    assert all(len(text) > 40 for text in texts)


@pytest.mark.parametrize("name", NAMES)
def test_code_fits_a_narrow_page(name):
    for cell in code_cells(PAGES[name]):
        for line in cell.source.splitlines():
            assert len(line) <= 76, line


@pytest.mark.parametrize("name", list(CHAPTERS))
def test_a_chapter_opens_and_ends_as_all_do(name):
    page = CHAPTERS[name]
    opening = page.cells[0].source
    assert opening.startswith("# ")
    assert "**You will learn**" in opening
    assert re.search(r"\*\*It runs\*\* in (under|about) \d+ seconds", opening)
    headings = re.findall(r"(?m)^## (.+)$", markdown(page))
    assert headings[-2:] == ["Summary", "References"]
    assert "<summary>Solution</summary>" in markdown(page)


@pytest.mark.parametrize("name", list(CHAPTERS))
def test_equations_are_numbered_by_chapter_and_references_exist(name):
    text = markdown(CHAPTERS[name])
    chapter = int(name[:2])
    own = re.findall(r"\\tag\{(.+?)\}", text)
    assert own == [f"{chapter}.{n + 1}" for n in range(len(own))]
    assert set(re.findall(r"\((\d\.\d)\)", text)) <= EQUATIONS


def test_references_and_chapters_cite_the_same_dois():
    entries = re.findall(r"doi\s*=\s*\{(.+?)\}", (BOOK / "references.bib").read_text())
    text = " ".join(markdown(page) for page in CHAPTERS.values())
    assert set(re.findall(r"\[doi:(.+?)\]", text)) == set(entries)


def test_pages_hold_no_widget_state():
    for page in PAGES.values():
        assert set(page.metadata) == {"kernelspec", "language_info"}
