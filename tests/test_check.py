"""`make check`: which chapter is meant, what is run, and what it says of a fault."""

import os
import re
import subprocess
import sys
from pathlib import Path

import check_chapter as check
import nbformat
import publish
import pytest

ROOT = Path(__file__).parent.parent
CHAPTERS = [path.stem for path in publish.chapters(ROOT)]


# Which chapter is meant


@pytest.mark.parametrize(
    ("value", "chapter"),
    [
        ("3", "03_model"),
        ("03", "03_model"),
        ("03_model", "03_model"),
        ("03_model.ipynb", "03_model"),
        ("book/03_model.ipynb", "03_model"),
        ("13", "13_energy"),
        ("index", "index"),
    ],
)
def test_a_chapter_has_a_number_a_name_and_a_path(value, chapter):
    assert check.named(value, CHAPTERS) == chapter


@pytest.mark.parametrize("value", ["0", "99", "model", "03_", "-3", "3.0", "03 04"])
def test_an_unknown_chapter_is_named_with_those_that_there_are(value):
    with pytest.raises(check.CheckError) as raised:
        check.named(value, CHAPTERS)
    assert str(raised.value).endswith(f", not {value!r}")
    assert all(chapter in str(raised.value) for chapter in CHAPTERS)


def make_check(*variables):
    here = ["-o", "environment", f"BIN={check.BIN}"]  # whatever runs this test
    return subprocess.run(
        ["make", "--no-print-directory", *here, "check", *variables],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_make_hands_the_chapter_on():
    assert "not '99'" in make_check("CHAPTER=99").stderr
    assert make_check("CHAPTER=99").returncode != 0


def test_without_a_chapter_it_says_how_to_name_one():
    done = make_check()
    assert done.returncode != 0
    assert "usage: make check CHAPTER=03" in done.stderr
    assert "13_energy" in done.stderr


# What is run


@pytest.mark.parametrize("chapter", ["03_model", "index"])
def test_each_check_is_of_this_chapter_and_says_what_to_do_next(chapter):
    page = f"book/{chapter}.ipynb"
    found = check.checks(chapter, CHAPTERS)
    assert len({each.name for each in found}) == len(found) >= 6
    for each in found:
        # A test of one chapter has its name; that of the address looks at all of them.
        assert {page, "--check", "-k"} & set(each.command), each.name
        assert ".venv/bin/" in each.then
        assert not {f"book/{other}.ipynb" for other in CHAPTERS if other != chapter} & {
            *each.command,
            *each.then.split(),
        }


def words(name):
    """Return the command of a check, without the folder of its program."""
    found = {each.name: each.command for each in check.checks("03_model", CHAPTERS)}
    return [word.removeprefix(f"{check.BIN}/") for word in found[name]]


def test_the_commands_are_those_of_make_test_for_one_file():
    makefile = (ROOT / "Makefile").read_text()
    assert words("lint") == ["ruff", "check", "book/03_model.ipynb"]
    assert words("format") == ["ruff", "format", "--check", "book/03_model.ipynb"]
    compared = words("what the cells print")
    assert "--nbval" in compared  # strictly, and with the same sanitizer
    sanitizer = compared[compared.index("--nbval-sanitize-with") + 1]
    assert f"--nbval --nbval-sanitize-with {sanitizer} book" in re.sub(
        r"\s*\\\s*", " ", makefile
    )
    assert (ROOT / sanitizer).exists()
    for test in check.TESTS:
        path, _, function = test.partition("::")
        assert f"def {function or 'test_'}" in (ROOT / path).read_text()


STAND_IN = """
import pytest

@pytest.mark.parametrize("name", {chapters})
def test_one(name):
    pass

@pytest.mark.parametrize("number", ["3.1", "4.1"])
def test_index(number):
    pass

def test_all():
    pass
"""


def test_of_the_tests_of_chapters_those_of_this_one_are_chosen_and_the_common_ones(
    tmp_path,
):
    *_, keyword, chosen = words("text, figures and exercises")
    assert keyword == "-k"
    (tmp_path / "test_pages.py").write_text(STAND_IN.format(chapters=CHAPTERS))
    collect = [sys.executable, "-m", "pytest", "-n0", "-q", "--collect-only"]
    collected = subprocess.run(
        [*collect, "-p", "no:cacheprovider", "-k", chosen, "test_pages.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_ADDOPTS": ""},  # which may ask for another form
        capture_output=True,
        text=True,
        timeout=300,
    ).stdout
    assert re.findall(r"::(.+)", collected) == [
        *("test_one[03_model]", "test_index[3.1]", "test_index[4.1]", "test_all")
    ]


# What it says of a fault


@pytest.fixture
def root(tmp_path):
    """Make a book of one chapter that has run."""
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "glossary.md").write_text(
        "# Glossary\n\nspike\n  A one.\n\ntime step\n  A moment.\n"
    )
    write(tmp_path)
    return tmp_path


def write(root, code="print(1)", text="A spike.", counts=(1, 2), outputs=()):
    cells = [
        nbformat.v4.new_markdown_cell(f"# One\n\n{text}"),
        *(nbformat.v4.new_code_cell(code, execution_count=n) for n in counts),
    ]
    cells[-1].outputs = list(outputs)
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(notebook, root / "book" / "01_one.ipynb")


def run(root, *arguments):
    tool = [
        sys.executable,
        ROOT / "tools" / "check_chapter.py",
        "--root",
        root,
        *arguments,
    ]
    return subprocess.run(tool, capture_output=True, text=True, timeout=300)


def test_a_broken_chapter_fails_at_the_first_check_that_sees_it(root):
    write(root, "import os\nprint(1)")
    done = run(root, "1")
    assert done.returncode == 1
    assert "`os` imported but unused" in done.stdout
    assert "format ..." not in done.stdout
    assert done.stderr.startswith("01_one: lint: NOT WELL. Next: ")
    assert "ruff check --fix book/01_one.ipynb" in done.stderr


def test_what_the_first_check_passes_goes_on_to_the_next(root):
    write(root, "print( 1 )")
    done = run(root, "01_one")
    assert done.returncode == 1
    assert "01_one: format: NOT WELL. Next: let .venv/bin/ruff format" in done.stderr


@pytest.mark.parametrize("counts", [(None, None), (1, None), (2, 1), (1, 3), (1, 1)])
def test_a_chapter_that_has_not_run_in_order_is_found(root, counts):
    write(root, counts=counts)
    done = run(root, "--pages", root / "book" / "01_one.ipynb")
    assert done.returncode == 1
    assert "01_one.ipynb: its cells have not run from the first to the" in done.stderr


def test_a_cell_that_ended_with_an_error_is_found(root):
    error = nbformat.v4.new_output("error", ename="E", evalue="e", traceback=[])
    write(root, outputs=[error])
    assert [*check.faults(root / "book" / "01_one.ipynb")] == [
        "a cell ended with an error"
    ]


@pytest.mark.parametrize(
    "link",
    [
        "02_two.ipynb",
        "picture.png",
        "../elsewhere.md#part",
        "glossary.md#term-neuron",
        "glossary.md#spike",
    ],
)
def test_a_link_that_leads_nowhere_is_found(root, link):
    write(root, text=f"[a link]({link}), ![a picture]({link})")
    assert [*check.faults(root / "book" / "01_one.ipynb")] == [
        f"its link {link} leads nowhere"
    ]


def test_a_chapter_as_it_should_be_has_no_fault(root):
    links = ["01_one.ipynb", "glossary.md", "glossary.md#term-time-step", "#one"]
    links += ["https://a.org/b.c", "01_one.ipynb#part-1"]
    write(root, text=" ".join(f"[a link]({link})" for link in links))
    done = run(root, "--pages", root / "book" / "01_one.ipynb")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_all_chapters_have_run_and_their_links_lead_somewhere():
    for path in publish.chapters(ROOT):
        assert [*check.faults(path)] == []
