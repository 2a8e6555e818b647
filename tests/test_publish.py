"""The repository's address: in one place, and everywhere else what that place says."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import publish
import pytest

import spikereg

ROOT = Path(__file__).parent.parent
CHAPTERS = [path.name for path in publish.chapters(ROOT)]
OTHERS = ["_config.yml", "CITATION.cff", "spikereg/__init__.py"]
ADDRESS = "https://github.com/you/spiking-course"
BUTTONS = ["use_repository_button", "use_edit_page_button", "use_issues_button"]


@pytest.fixture
def book(tmp_path):
    """Copy what holds the address, and take it back to the unpublished state."""
    (tmp_path / "book").mkdir()
    (tmp_path / "spikereg").mkdir()
    others = [ROOT / name for name in OTHERS]
    for path in [*others, *publish.chapters(ROOT)]:
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    publish.publish(tmp_path, publish.UNPUBLISHED)
    return tmp_path


def contents(root):
    return {path.name: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def run(root, *arguments):
    command = [sys.executable, ROOT / "tools" / "publish.py", "--root", root]
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=300
    )


def read(root, name):
    return nbformat.read(root / "book" / name, as_version=4)


def setup_cell(notebook):
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def test_every_place_here_holds_the_same_address():
    publish.check(ROOT)


def test_the_front_page_and_the_chapters_are_all_looked_at():
    assert CHAPTERS[:8] == [
        "01_background.ipynb",
        "02_dataset.ipynb",
        "03_model.ipynb",
        "04_training.ipynb",
        "05_evaluation.ipynb",
        "06_gradients.ipynb",
        "07_recipe.ipynb",
        "08_classification.ipynb",
    ]
    assert "index.ipynb" in CHAPTERS


def test_an_unpublished_book_leads_to_its_own_page_and_to_no_stranger(book):
    assert publish.read_address(book) == "https://unpublished.invalid/spikereg"
    for name in CHAPTERS:
        notebook = read(book, name)
        assert "[![Open in Colab](open-in-colab.svg)](colab.md)" in str(notebook)
        assert "github.com" not in setup_cell(notebook).source


def test_publishing_writes_every_place(book):
    done = run(book, ADDRESS)
    assert done.returncode == 0, done.stderr
    assert f"  url: {ADDRESS}\n" in (book / "_config.yml").read_text()
    assert f"repository-code: {ADDRESS}\n" in (book / "CITATION.cff").read_text()
    assert f"{ADDRESS}/settings/pages" in done.stdout
    for name in CHAPTERS:
        notebook = read(book, name)
        colab = "https://colab.research.google.com/github/you/spiking-course/blob/main"
        badge = f"[![Open in Colab](open-in-colab.svg)]({colab}/book/{name})"
        assert notebook.cells[0].source.split("\n\n")[1] == badge
        assert f'    repository = "{ADDRESS}"\n' in setup_cell(notebook).source
        assert f"book/{name}: {ADDRESS}" in done.stdout
    assert run(book, "--check").returncode == 0


def test_publishing_changes_nothing_else(book):
    before = contents(book)
    publish.publish(book, ADDRESS)
    after = contents(book)
    assert before.keys() == after.keys()
    del before["__init__.py"]
    # It has no line for an address that there is not.
    code = f"repository-code: {ADDRESS}\n".encode()
    assert after["CITATION.cff"].replace(code, b"") == before.pop("CITATION.cff")
    for name in before:
        old, new = (text[name].decode().splitlines() for text in (before, after))
        changed = [line for line, was in zip(new, old, strict=True) if line != was]
        buttons = [f"  {button}: true" for button in BUTTONS]
        if name == "_config.yml":
            pages = f"  baseurl: {publish.pages(ADDRESS)}"
            assert changed == [f"  url: {ADDRESS}", pages, *buttons]
        else:
            assert len(changed) == 2
            assert all("/you/spiking-course" in line for line in changed)


def test_buttons_lead_to_the_repository_once_there_is_one(book):
    config = book / "_config.yml"
    assert [f"  {button}: false\n" in config.read_text() for button in BUTTONS] == [
        *(True, True, True)
    ]
    edit(config, "use_issues_button: false", "use_issues_button: true")
    assert "_config.yml" in run(book, "--check").stderr
    edit(config, "  use_edit_page_button: false\n", "")
    done = run(book, ADDRESS)
    assert done.returncode != 0
    assert "_config.yml must hold use_repository_button" in done.stderr


def test_the_citation_has_the_version_of_the_package(book):
    package, citation = book / "spikereg" / "__init__.py", book / "CITATION.cff"
    assert f"\nversion: {spikereg.__version__}\n" in citation.read_text()
    edit(package, f'"{spikereg.__version__}"', '"7.8.9"')
    done = run(book, "--check")
    assert done.returncode != 0
    assert "the package's version asks" in done.stderr
    assert done.stderr.endswith(": CITATION.cff\n")
    assert run(book, "--refresh").returncode == 0
    assert "\nversion: 7.8.9\n" in citation.read_text()
    edit(package, "__version__", "version")
    assert "must hold one __version__" in run(book, "--check").stderr
    edit(citation, "\nversion: 7.8.9", "")
    edit(package, "version =", "__version__ =")
    assert "CITATION.cff must hold one version" in run(book, "--check").stderr


def test_the_page_about_colab_offers_the_wheel_of_the_packages_version(book):
    page = book / "book" / "colab.md"
    shutil.copy(ROOT / "book" / "colab.md", page)
    edit(book / "spikereg" / "__init__.py", f'"{spikereg.__version__}"', '"7.8.9rc1"')
    assert "book/colab.md" in run(book, "--check").stderr
    assert run(book, "--refresh").returncode == 0
    assert page.read_text().count("spikereg-7.8.9rc1-py3-none-any.whl") == 2
    assert spikereg.__version__ not in page.read_text()


def test_publishing_again_changes_nothing(book):
    publish.publish(book, ADDRESS)
    before = contents(book)
    assert f"Every place already holds {ADDRESS}" in run(book, ADDRESS).stdout
    assert contents(book) == before


def test_a_book_can_move(book):
    publish.publish(book, "https://github.com/them/first-home")
    publish.publish(book, ADDRESS)
    moved = contents(book)
    publish.publish(book, publish.UNPUBLISHED)
    publish.publish(book, ADDRESS)
    assert contents(book) == moved
    assert not any(b"first-home" in text for text in moved.values())


@pytest.mark.parametrize("written", [ADDRESS + "/", ADDRESS + ".git", f" {ADDRESS} "])
def test_a_loosely_written_address_is_put_right(book, written):
    assert run(book, written).returncode == 0
    assert publish.read_address(book) == ADDRESS


@pytest.mark.parametrize(
    "value",
    [
        "you/spiking-course",
        "http://github.com/you/spiking-course",
        "https://gitlab.com/you/spiking-course",
        "https://github.com/you",
        "https://github.com/you/spiking-course/tree/main",
        "https://github.com/you/spiking course",
        'https://github.com/you/"+evil+"',
        "git@github.com:you/spiking-course.git",
        "https://unpublished.invalid/spikereg",
    ],
)
def test_anything_but_a_github_repository_is_refused(book, value):
    before = contents(book)
    done = run(book, value)
    assert done.returncode != 0
    assert done.stderr == (
        f"REPOSITORY must be like https://github.com/OWNER/NAME, not {value!r}\n"
    )
    assert contents(book) == before


@pytest.mark.parametrize("arguments", [[], [""]])
def test_without_an_address_it_says_how_to_give_one(book, arguments):
    done = run(book, *arguments)
    assert done.returncode != 0
    assert done.stderr == (
        "usage: make publish REPOSITORY=https://github.com/you/name\n"
    )


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[![Open in Colab]", "[![Open]", "the badge must follow the title"),
        ('"setup"', '"set-up"', "must have the tags setup and hide-input"),
        ('"hide-input"', '"show-input"', "must have the tags setup and hide-input"),
    ],
)
def test_nothing_is_written_if_one_chapter_has_no_place_for_it(
    book, old, new, complaint
):
    edit(book / "book" / CHAPTERS[-1], old, new)
    before = contents(book)
    done = run(book, ADDRESS)
    assert done.returncode != 0
    assert CHAPTERS[-1] in done.stderr
    assert complaint in done.stderr
    assert contents(book) == before


def test_an_address_that_cannot_be_found_in_the_settings_is_a_clear_error(book):
    edit(book / "_config.yml", "  url:", "  link:")
    done = run(book, ADDRESS)
    assert done.returncode != 0
    assert done.stderr.startswith("_config.yml must hold one url")


@pytest.mark.parametrize("address", [publish.UNPUBLISHED, ADDRESS])
@pytest.mark.parametrize("stray", ["badge", "setup cell"])
def test_the_check_finds_a_place_that_says_something_else(book, address, stray):
    publish.publish(book, address)
    chapter = book / "book" / CHAPTERS[2]
    if stray == "badge":
        edit(chapter, "(open-in-colab.svg)](", "(open-in-colab.svg)](other-")
    else:
        edit(chapter, "beside this notebook", "next to this notebook")
    done = run(book, "--check")
    assert done.returncode != 0
    assert f"book/{CHAPTERS[2]}" in done.stderr
    assert run(book, "--refresh").returncode == 0
    assert run(book, "--check").returncode == 0


def test_the_check_finds_an_address_changed_in_the_settings_alone(book):
    edit(book / "_config.yml", publish.UNPUBLISHED, ADDRESS)
    done = run(book, "--check")
    assert done.returncode != 0
    assert all(name in done.stderr for name in CHAPTERS)


def test_the_setup_cell_fits_a_page():
    assert max(map(len, publish.setup(publish.UNPUBLISHED).splitlines())) <= 76


@pytest.mark.parametrize(
    ("address", "pages"),
    [
        ("https://github.com/You/name", "https://you.github.io/name/"),
        ("https://github.com/You/you.github.io", "https://you.github.io/"),
    ],
)
def test_the_settings_name_the_place_of_the_pages(book, address, pages):
    settings = book / "_config.yml"
    publish.publish(book, address)
    assert f"\n  baseurl: {pages}\n" in settings.read_text()
    publish.publish(book, ADDRESS)
    assert f"\n  baseurl: {publish.pages(ADDRESS)}\n" in settings.read_text()
    publish.publish(book, publish.UNPUBLISHED)
    assert '\n  baseurl: ""\n' in settings.read_text()


def test_a_place_of_one_s_own_stays(book):
    edit(book / "_config.yml", 'baseurl: ""', "baseurl: https://spikes.example/")
    publish.publish(book, ADDRESS)
    assert "baseurl: https://spikes.example/\n" in (book / "_config.yml").read_text()
    assert run(book, "--check").returncode == 0


def test_a_place_that_cannot_be_read_is_a_clear_error(book):
    edit(book / "_config.yml", 'baseurl: ""', "baseurl: here")
    done = run(book, ADDRESS)
    assert done.returncode != 0
    assert done.stderr.startswith("_config.yml must hold one baseurl")
