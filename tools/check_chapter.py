"""Check what a change of one chapter needs: the quick checks first, up to a failure.

Each check is a command, and says what to do when it fails.  What is asked of pages
without running or importing anything stands here; pre-commit asks for that alone.
"""

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import publish

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# As `make test` compares what a chapter prints.
NBVAL = [
    *("--nbval", "--nbval-current-env", "--nbval-cell-timeout", "300"),
    *("--nbval-sanitize-with", "tests/nbval.cfg"),
]
# The tests that look at chapters: all of a file, or one of them.
TESTS = [
    "tests/test_book.py",
    "tests/test_exercises.py",
    "tests/test_links.py::"
    "test_a_chapter_links_a_term_of_the_glossary_where_it_uses_it_first",
]


class CheckError(Exception):
    """Something that whoever changes a chapter must put right."""


class Check(NamedTuple):
    """A command, and what to do when it fails."""

    name: str
    command: list[str]
    then: str


def named(value: str, chapters: list[str]) -> str:
    """Return the chapter that is meant by a number, a name or a path."""
    name = Path(value).name.removesuffix(".ipynb")
    for chapter in chapters:
        number = chapter.partition("_")[0]
        if name == chapter:
            return chapter
        if name.isdecimal() and number.isdecimal() and int(name) == int(number):
            return chapter
    raise CheckError(
        f"CHAPTER must be one of {', '.join(chapters)}, or a number of these, "
        f"not {value!r}"
    )


def checks(chapter: str, chapters: list[str], root: Path = ROOT) -> list[Check]:
    """Return what a change of a chapter needs, the quickest first."""
    page = f"book/{chapter}.ipynb"
    # Of the tests with a chapter in their names this one's, and all of the others.
    others = " or ".join(f"[{other}]" for other in chapters if other != chapter)
    only = ["-k", f"not ({others})"] if others else []
    python, ruff = sys.executable, str(BIN / "ruff")
    pytest = [python, "-m", "pytest", "-n0", "-q", "-x"]
    tools = str(ROOT / "tools")
    run_again = f".venv/bin/python tools/notebooks.py {page}"
    return [
        Check(
            "lint",
            [ruff, "check", page],
            f"change the lines named above, or let .venv/bin/ruff check --fix {page} "
            f"do it; then run the chapter again: {run_again}",
        ),
        Check(
            "format",
            [ruff, "format", "--check", page],
            f"let .venv/bin/ruff format {page} do it",
        ),
        Check(
            "address in badge and setup cell",
            [python, f"{tools}/publish.py", "--root", str(root), "--check"],
            "let .venv/bin/python tools/publish.py --refresh write it",
        ),
        Check(
            "outputs and links",
            [python, f"{tools}/check_chapter.py", "--pages", page],
            f"mend the links; if a cell has not run, run the chapter: {run_again}",
        ),
        Check(
            "text, figures and exercises",
            [*pytest, *TESTS, *only],
            "the name of the test says what all chapters do; if it is about what a "
            f"cell prints, change the cell and run the chapter again: {run_again}",
        ),
        Check(
            "what the cells print",
            [*pytest, *NBVAL, page],
            f"mend the cell; or, if what it prints now is right, keep it: {run_again}",
        ),
    ]


def faults(path: Path) -> Iterator[str]:
    """Say which cells of a chapter have not run, and which links lead nowhere."""
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        yield "its cells have not run from the first to the last"
    if any(output.output_type == "error" for cell in code for output in cell.outputs):
        yield "a cell ended with an error"
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for link in lost(path.parent, text):
        yield f"its link {link} leads nowhere"


def lost(book: Path, text: str) -> list[str]:
    """Return the links of a text to no file beside it, or to no term of the glossary.

    Other places within pages exist in the built book only, where `make book` looks.
    """
    glossary = book / "glossary.md"
    terms = re.findall(r"(?m)^(\w.*)\n  \S", glossary.read_text())
    places = {"", *("#term-" + term.replace(" ", "-") for term in terms)}
    found = dict.fromkeys(re.findall(r"\]\(([^)\s:#]+)(#[^)\s]*)?\)", text))
    return [
        file + place
        for file, place in found
        if not (book / file).exists() or (file == glossary.name and place not in places)
    ]


def run(check: Check, root: Path) -> bool:
    """Run a check, print how long it took, and tell whether it went well."""
    print(f"{check.name} ...", flush=True)
    start = time.perf_counter()
    done = subprocess.run(check.command, cwd=root)
    print(f"... {time.perf_counter() - start:.0f} s", flush=True)
    return done.returncode == 0


def check_chapter(value: str, root: Path) -> None:
    """Run all checks of a chapter, up to the first that fails."""
    chapters = [path.stem for path in publish.chapters(root)]
    if not value:
        raise CheckError(
            f"usage: make check CHAPTER=03, or another of {', '.join(chapters)}"
        )
    chapter = named(value, chapters)
    start = time.perf_counter()
    for check in checks(chapter, chapters, root):
        if not run(check, root):
            raise CheckError(f"{chapter}: {check.name}: NOT WELL. Next: {check.then}")
    seconds = time.perf_counter() - start
    print(f"{chapter} is well ({seconds:.0f} s). Before you share it: make test")


def check_pages(pages: list[Path]) -> None:
    """Complain of pages that have not run, or whose links lead nowhere."""
    if found := [f"{page}: {fault}" for page in pages for fault in faults(page)]:
        raise CheckError("\n".join(found))


def main() -> None:
    """Read the command line and check a chapter, or pages."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapter", nargs="?", default="", help="3, 03 or 03_model")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    parser.add_argument(
        "--pages",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="only see whether these have run, and where their links lead",
    )
    given = parser.parse_args()
    if given.pages:
        check_pages(given.pages)
    else:
        check_chapter(given.chapter, given.root)


if __name__ == "__main__":
    try:
        main()
    except CheckError as error:
        sys.exit(str(error))
