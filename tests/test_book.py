"""The committed chapters: executed, described, and true to their numbers."""

import ast
import base64
import configparser
import io
import re
from pathlib import Path

import matplotlib.image
import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode

from spikereg.exercises import ANSWERS

BOOK = Path(__file__).parent.parent / "book"
PAGES = {path.stem: nbformat.read(path, 4) for path in sorted(BOOK.glob("*.ipynb"))}
CHAPTERS = {name: page for name, page in PAGES.items() if name[0].isdigit()}
NAMES = list(PAGES)

# Numbers that a source states and that no cell can compute.
CITED = {
    "1.22e-02": "mean L1 loss that the tutorial prints",
    "2.84e-02": "mean relative error that the tutorial prints",
    "0.15": "spikes a synapse below which spiking networks compete, from ...",
    "1.38": "... to (Dampfhoffer et al., 2023)",
    "0.42": "mW that Speck takes at rest (Yao et al., 2024)",
    "95.0%": "accuracy of a graph in snnTorch (files of Pedersen et al., 2024), ...",
    "94.3%": "... in Norse, ...",
    "85.0%": "... on SpiNNaker2, ...",
    "84.3%": "... in Spyx, ...",
    "55.7%": "... in Nengo, ...",
    "48.6%": "... and in Lava",
}

# What stands in for the numbers after "≈", which differ between machines.
SETTINGS = configparser.RawConfigParser()
SETTINGS.read(Path(__file__).with_name("nbval.cfg"), encoding="utf-8")
ROUGH = SETTINGS["approximate"]

NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+(?:e-?\d+)?%?|%)(?![\d.]*\w)")


def code_cells(page: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in page.cells if cell.cell_type == "code"]


def markdown(page: NotebookNode) -> str:
    return "\n\n".join(c.source for c in page.cells if c.cell_type == "markdown")


def printed(page: NotebookNode) -> str:
    outputs = [output for cell in code_cells(page) for output in cell.outputs]
    return "\n".join(output.get("text", "") for output in outputs)


def shown(cell: NotebookNode) -> bool:
    """Say whether a reader sees the code of a cell without opening a fold."""
    return not tags(cell) & {"hide-input", "hide-cell", "remove-input"}


def asserted(page: NotebookNode) -> str:
    """Return the numbers that the assertions of a page hold, as percentages too."""
    found = []
    for cell in code_cells(page):
        source = re.sub(r"(?m)^(\s*)%.*$", r"\1pass", cell.source)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Assert):
                found += [
                    n.value
                    for n in ast.walk(node.test)
                    if isinstance(n, ast.Constant) and isinstance(n.value, int | float)
                ]
    return " ".join(f"{n} {100 * n:.12g}%" for n in found)


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


def certain(text: str) -> str:
    """Return a text without its numbers after "≈", which differ between machines."""
    return re.sub(f"(?:{ROUGH['regex']})%?", "", text)


def prose(text: str) -> str:
    """Return a text without what only looks like a measured number."""
    text = re.sub(r"```.*?```", "", text, flags=re.S)  # code
    text = re.sub(r"`[^`\n]*`", "", text)
    text = re.sub(r"\[[^\]]*\]\([^)]*\)", "", text)  # links: DOIs
    text = re.sub(r"\\tag\{.+?\}", "", text)
    text = re.sub(r"(?m)^#+ .*$", "", text)  # numbered headings
    text = re.sub(r"([Ss]ection|[Ee]xercise) \d+\.\d+", "", text)
    for equation in EQUATIONS:
        text = text.replace(f"({equation})", "")
    return text.replace(r"\%", "%")


def unsupported(text: str, outputs: str, bounds: str = "") -> set[str]:
    """Return the numbers of a text that no output, assertion or source states."""
    known = numbers(f"{certain(outputs)} {bounds} {' '.join(CITED)}").keys()
    stated = numbers(prose(text))
    return {stated[number] for number in stated.keys() - known}


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_the_prose_is_printed_or_asserted_by_a_cell(name):
    page = PAGES[name]
    assert unsupported(markdown(page), printed(page), asserted(page)) == set()


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


def test_a_number_is_known_by_a_bound_of_an_assertion_but_not_by_a_rough_output():
    page = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("x = 0.7\nassert 0.05 < error < 0.125")]
    )
    assert unsupported("5% to 0.125", "", asserted(page)) == set()
    assert unsupported("12.5% and 0.7", "", asserted(page)) == {"0.7"}
    assert unsupported("0.31, 7.3%", "error ≈ 0.31, share ≈ 7.3%") == {"0.31", "7.3%"}


@pytest.mark.parametrize("name", NAMES)
def test_no_number_after_the_sign_for_about_is_compared(name):
    compared = re.sub(ROUGH["regex"], ROUGH["replace"], printed(PAGES[name]))
    assert compared.count("≈") == compared.count(ROUGH["replace"])


@pytest.mark.parametrize("name", NAMES)
def test_checks_stand_in_folded_cells_and_print_as_people_do(name):
    for cell in code_cells(PAGES[name]):
        if shown(cell):
            assert not re.search(r"(?m)^\s*assert\b", cell.source), cell.source
        text = "".join(output.get("text", "") for output in cell.outputs)
        assert not re.search(r"\b(True|False)\b|lies between", text), text


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


def minutes_to_read(page: NotebookNode) -> int:
    """Estimate how long a page takes to read, to the next 5 minutes.

    150 words or 10 lines of code a minute, a minute for an equation, half a one for a
    figure: what a reader of the first edition took, within a few minutes a chapter.
    What is folded and the exercises are not counted.
    """
    text = re.split(r"(?m)^## Test yourself", markdown(page))[0]
    equations = text.count(r"\tag{")
    text = re.sub(r"<details>.*?</details>|\$\$.*?\$\$", "", text, flags=re.S)
    words = len(re.sub(r"\]\([^)]*\)", "]", text).split())
    cells = [cell for cell in code_cells(page) if shown(cell)]
    lines = sum(len(cell.source.splitlines()) for cell in cells)
    figures = sum(len(pictures(cell)) for cell in code_cells(page))
    minutes = words / 150 + lines / 10 + equations + figures / 2
    return 5 * max(1, round(minutes / 5))


@pytest.mark.parametrize("name", list(CHAPTERS))
def test_a_chapter_opens_and_ends_as_all_do(name):
    page = CHAPTERS[name]
    opening = page.cells[0].source
    assert opening.startswith("# ")
    assert "**You will learn**" in opening
    (minutes,) = re.findall(
        r"\*\*It takes\*\* about (\d+) minutes to read and (?:under|about) \d+ "
        r"seconds to run",
        opening,
    )
    assert int(minutes) == minutes_to_read(page) <= 40
    headings = re.findall(r"(?m)^## (.+)$", markdown(page))
    assert headings[-4:] == ["Summary", "Test yourself", "Exercises", "References"]


def test_the_front_page_says_how_long_each_chapter_takes():
    table = re.findall(r"\((\w+)\.ipynb\) \|.*\| (\d+) \|", markdown(PAGES["index"]))
    assert {name: int(minutes) for name, minutes in table} == {
        name: minutes_to_read(page) for name, page in CHAPTERS.items()
    }


@pytest.mark.parametrize("name", list(CHAPTERS))
def test_a_chapter_has_questions_and_exercises_with_hint_and_solution(name):
    page, chapter = CHAPTERS[name], int(name[:2])
    _, end = markdown(page).split("## Test yourself")
    questions, exercises = end.split("## Exercises")
    assert questions.count("<details>") >= 3
    numbers = re.findall(r"\*\*Exercise (\d+\.\d)\*\*", exercises)
    assert numbers == [f"{chapter}.{n + 1}" for n in range(len(numbers))]
    assert len(numbers) >= 4
    assert exercises.count("<summary>Hint</summary>") == len(numbers)
    solutions = [
        cell.metadata.mystnb.code_prompt_show
        for cell in code_cells(page)
        if "solution" in tags(cell)
    ]
    assert solutions == [f"Solution {number}" for number in numbers]


@pytest.mark.parametrize("name", list(CHAPTERS))
def test_solutions_are_folded_and_right(name):
    page = CHAPTERS[name]
    solved = [cell for cell in code_cells(page) if "solution" in tags(cell)]
    assert all("hide-cell" in tags(cell) for cell in solved)
    assert all(cell.metadata.jupyter.source_hidden for cell in solved)
    said = re.findall(r"Exercise (\d+\.\d): (\w+)", printed(page))
    # Each answer that the package knows is found by a solution.
    assert {number for number, _ in said} == {
        number for number in ANSWERS if number.startswith(f"{int(name[:2])}.")
    }
    assert {word for _, word in said} == {"right"}


@pytest.mark.parametrize("name", list(CHAPTERS))
def test_equations_are_numbered_by_chapter_and_references_exist(name):
    text = markdown(CHAPTERS[name])
    chapter = int(name[:2])
    own = re.findall(r"\\tag\{(.+?)\}", text)
    assert own == [f"{chapter}.{n + 1}" for n in range(len(own))]
    assert set(re.findall(r"\((\d+\.\d)\)", text)) <= EQUATIONS


def test_references_and_chapters_cite_the_same_dois():
    entries = re.findall(r"doi\s*=\s*\{(.+?)\}", (BOOK / "references.bib").read_text())
    text = " ".join(markdown(page) for page in CHAPTERS.values())
    assert set(re.findall(r"\[doi:(.+?)\]", text)) == set(entries)


def test_pages_hold_no_widget_state():
    for page in PAGES.values():
        assert set(page.metadata) == {"kernelspec", "language_info"}
