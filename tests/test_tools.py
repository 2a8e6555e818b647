"""The tools that build the book: strict, never stale, and the same everywhere."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import publish
import pytest

import spikereg

ROOT = Path(__file__).parent.parent
HTML = ROOT / "_build" / "html"
BARE = ("index", "explorer")

PACKAGE = '''"""Stands in for the real package."""

__version__ = "0.1.0"


def answer():
    """Return the answer."""
    {body}
'''


class StubBook:
    """A book of two short pages about a package of one function."""

    def __init__(self, root):
        self.root = root
        for name in ("_config.yml", "requirements.txt", "pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, root)
        for name in ("LICENSE", "package.json", "package-lock.json", ".npmrc"):
            shutil.copy(ROOT / name, root)
        shutil.copytree(ROOT / "tools", root / "tools")
        shutil.copytree(ROOT / "book" / "_static", root / "book" / "_static")
        # Spares the test an install of scripts, if this book has been built.
        if (ROOT / "node_modules" / "installed.key").exists():
            (root / "node_modules").symlink_to(ROOT / "node_modules")
        (root / "_toc.yml").write_text(
            "format: jb-book\nroot: book/index\nchapters: [{file: book/colab}]\n"
        )
        for name in ("open-in-colab.svg", "references.bib"):
            shutil.copy(ROOT / "book" / name, root / "book")
        (root / "book" / "colab.md").write_text("# Running on Colab\n")
        # What finishes the pages names explorers as they name themselves.
        numerics = Path("spikereg", "widgets", "numerics")
        shutil.copytree(ROOT / numerics, root / numerics)
        self.write_package("return 6 * 7")
        self.write_page("A page.")
        publish.publish(root, publish.UNPUBLISHED)  # whatever this copy's address is

    def write_package(self, body):
        (self.root / "spikereg" / "__init__.py").write_text(PACKAGE.format(body=body))

    def write_page(self, text):
        badge = publish.badge(publish.UNPUBLISHED, "index.ipynb")
        notebook = nbformat.v4.new_notebook(
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            cells=[
                nbformat.v4.new_markdown_cell(f"# Title\n\n{badge}\n\n{text}", id="a"),
                nbformat.v4.new_code_cell(
                    publish.setup(publish.UNPUBLISHED),
                    metadata={"tags": ["setup", "hide-input"]},
                    id="b",
                ),
                nbformat.v4.new_code_cell(
                    'import spikereg\n\nprint("the answer is", spikereg.answer())',
                    id="c",
                ),
            ],
        )
        nbformat.write(notebook, self.root / "book" / "index.ipynb")

    def publish(self, address):
        """Build the book of a repository, and return the folder of its pages."""
        publish.publish(self.root, address)
        done = self.build()
        assert done.returncode == 0, done.stdout
        return self.root / "_build" / "html"

    def build(self):
        return subprocess.run(
            [sys.executable, ROOT / "tools" / "book.py", self.root],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )

    def page(self, name="index"):
        return (self.root / "_build" / "html" / "book" / f"{name}.html").read_text()


@pytest.fixture
def stub(tmp_path):
    return StubBook(tmp_path)


def test_a_change_of_the_package_reaches_the_page_and_a_fault_stops_the_build(stub):
    done = stub.build()
    assert done.returncode == 0, done.stdout
    assert "the answer is 42" in stub.page()

    done = stub.build()
    assert done.returncode == 0
    assert "Nothing changed" in done.stdout

    stub.write_package('raise RuntimeError("out of answers")')
    for _ in range(2):  # a second run does not pass over what the first one found
        done = stub.build()
        assert done.returncode != 0
        assert "out of answers" in done.stdout
        assert "Nothing changed" not in done.stdout

    stub.write_package("return 43")
    assert stub.build().returncode == 0
    assert "the answer is 43" in stub.page()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[A link](nowhere.md)", "nowhere.md"),
        ("![A picture](nowhere.png)", "nowhere.png"),
        ("{py:func}`spikereg.nowhere`", "reference target not found"),
    ],
)
def test_a_fault_of_a_page_stops_every_build(stub, text, complaint):
    stub.write_page(text)
    for _ in range(2):
        done = stub.build()
        assert done.returncode != 0
        assert complaint in done.stdout


def test_every_page_of_a_book_has_a_button_that_leads_to_colab(stub):
    assert stub.build().returncode == 0
    assert 'href="colab.html" target="_blank"' in button(stub.page())
    search = (stub.root / "_build" / "html" / "search.html").read_text()
    assert 'href="book/colab.html"' in button(search)
    for page in (stub.page(), stub.page("colab"), search):
        assert VERSION.findall(page) == ["0.1.0"]

    publish.publish(stub.root, "https://github.com/you/name")
    assert stub.build().returncode == 0
    colab = "https://colab.research.google.com/github/you/name/blob/main/book"
    assert f'href="{colab}/index.ipynb"' in button(stub.page())
    assert 'href="#"' in button(stub.page("colab"))


#: At the foot of a page
VERSION = re.compile(r'"extra_footer">\s*<p>spikereg ([\w.]+)</p>')


def button(page):
    (found,) = re.findall(r"<a [^>]*btn-launch-colab[^>]*>", page)
    return found


def pages():
    """Return the built pages; `make test` builds them before it runs the tests."""
    assert (ROOT / "_build" / "built").exists(), "run `make book` first"
    found = sorted(HTML.rglob("*.html"))
    return [path for path in found if "_static" not in path.parts]


def framed():
    """Return those pages that have the theme's header and foot."""
    # One leads on to the front page by itself, the other is for frames and slides.
    return [path for path in pages() if path.parent != HTML or path.stem not in BARE]


def test_no_page_loads_anything_from_another_server():
    tags = (
        r"<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)=\"(?:https?:)?//[^>]*>"
    )
    for page in pages():
        assert not re.findall(tags, page.read_text()), page.name
    for sheet in HTML.rglob("*.css"):
        assert not re.findall(r"(?:@import|url\()[^;)]*//", sheet.read_text()), sheet


def test_no_page_leads_to_the_placeholder():
    for page in pages():
        assert not re.findall(r"href=\"[^\"]*\.invalid", page.read_text()), page.name


def test_every_page_says_of_which_version_it_is():
    for page in framed():
        assert VERSION.findall(page.read_text()) == [spikereg.__version__], page.name


def test_every_page_has_the_launch_button():
    for page in framed():
        assert "Open in Colab" in page.read_text(), page.name
        assert button(page.read_text())


def committed():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines()]


def test_the_lock_file_works_with_every_registry():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = {name: entry for name, entry in packages.items() if name}
    assert all("integrity" in entry for entry in installed.values())
    assert not any("resolved" in entry for entry in installed.values())
    # What is left of addresses asks for donations.
    assert "://" not in str([{**e, "funding": ""} for e in installed.values()])


def test_no_committed_file_names_a_package_server_or_a_folder_of_one_machine():
    servers = r"registry\.npm|pypi\.org|pythonhosted\.|\bdebian\.org"
    folders = r"(?<![\w.])/(?:work|root|home)/\w"
    for path in committed():
        assert not path.is_symlink(), path  # where it leads is one machine's
        if path.is_file():
            text = path.read_text(errors="ignore")
            assert not re.findall(f"{servers}|{folders}", text), path.name


def test_every_pin_is_exact_and_installed():
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if pin := line.partition("#")[0].strip():
            name, version = pin.split("==")
            installed = importlib.metadata.version(name)
            assert installed.partition("+")[0] == version
