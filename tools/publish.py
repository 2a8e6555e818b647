"""Write the repository's address into every place that holds it.

_config.yml is the one place that the rest follows: the badge of each chapter and its
setup cell, whose text stands here alone, the buttons that lead readers to the
repository, the place of the published pages, and CITATION.cff, which has the package's
version too.  The page about Colab has the version in the name of the wheel that it
offers.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent

# The top-level name .invalid is reserved: nobody can ever register this address.
UNPUBLISHED = "https://unpublished.invalid/spikereg"

BADGE = "[![Open in Colab](open-in-colab.svg)]({target})"

# Each chapter's first code cell.  It does nothing where spikereg is installed.  A wheel
# beside the notebook comes before the published address.  The bare name is never
# installed: a stranger may own it on a package index.
SETUP = """\
# Installs spikereg where it is missing, as on Colab.
import importlib.util
import pathlib

if importlib.util.find_spec("spikereg") is None:
    repository = "{address}"
    sources = sorted(map(str, pathlib.Path().glob("spikereg-*.whl")))
    if not repository.startswith("https://unpublished.invalid/"):
        sources = ["git+" + repository, *sources]
    if not sources:
        raise SystemExit(
            "spikereg is missing: put its wheel beside this notebook "
            "(the page 'Running on Colab' offers it) and run again."
        )
    %pip install --quiet {{sources[-1]}}
"""

CONFIG_ADDRESS = re.compile(r"(?m)^(repository:\n(?:[ #].*\n)*?  url: *)(\S+)")

# They lead nowhere before there is a repository.
BUTTONS = re.compile(
    r"(?m)^(  use_(?:repository|edit_page|issues)_button: *)(?:true|false)$"
)

# Where the book's pages stand, unless somebody has written an address of their own.
PAGES = re.compile(r'(?m)^(  baseurl: *)(""|https://\S+\.github\.io/\S*)$')
OWN_PAGES = re.compile(r"(?m)^  baseurl: *https://\S+$")

WHEEL = re.compile(r"(?<=spikereg-)[\w.+]+(?=-py3-none-any\.whl)")

VERSION = re.compile(r'(?m)^__version__ = "(.+)"$')


class PublishError(Exception):
    """Something that the person who publishes must put right."""


def normalized(value: str) -> str:
    """Return the plain form of a GitHub repository's address."""
    address = value.strip().removesuffix("/").removesuffix(".git")
    if re.fullmatch(r"https://github\.com/[A-Za-z0-9-]+/[A-Za-z0-9._-]+", address):
        return address
    raise PublishError(
        f"REPOSITORY must be like https://github.com/OWNER/NAME, not {value!r}"
    )


def is_published(address: str) -> bool:
    """Tell whether readers can fetch anything from an address."""
    return address != UNPUBLISHED


def colab(address: str, path: str) -> str:
    """Return where Colab opens a notebook of a published repository's branch main."""
    place = address.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{place}/blob/main/{path}"


def pages(address: str) -> str:
    """Return where GitHub Pages shows the book of a published repository."""
    owner, name = address.removeprefix("https://github.com/").split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def badge(address: str, page: str) -> str:
    """Return the Markdown of a chapter's badge."""
    published = is_published(address)
    return BADGE.format(
        target=colab(address, f"book/{page}") if published else "colab.md"
    )


def setup(address: str) -> str:
    """Return the source of a chapter's setup cell."""
    return SETUP.format(address=address).rstrip("\n")


def read_address(root: Path) -> str:
    """Return the address that _config.yml holds."""
    found = CONFIG_ADDRESS.findall((root / "_config.yml").read_text())
    if len(found) != 1:
        raise PublishError("_config.yml must hold one url, first under repository:")
    return str(found[0][1])


def chapters(root: Path) -> list[Path]:
    """Return the notebooks that run code."""
    pages = sorted((root / "book").glob("*.ipynb"))
    return [page for page in pages if '"cell_type": "code"' in page.read_text()]


def rewritten(path: Path, address: str) -> str:
    """Return a chapter's file with an address in its badge and its setup cell."""
    notebook = nbformat.read(path, as_version=4)
    head = notebook.cells[0]
    paragraphs = head.source.split("\n\n")
    has_badge = len(paragraphs) > 1 and paragraphs[1].startswith("[![Open in Colab]")
    if head.cell_type != "markdown" or not has_badge:
        raise PublishError(f"{path.name}: the badge must follow the title")
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    if not {"setup", "hide-input"} <= set(code.metadata.get("tags", [])):
        raise PublishError(
            f"{path.name}: the first code cell must have the tags setup and hide-input"
        )
    paragraphs[1] = badge(address, path.name)
    head.source = "\n\n".join(paragraphs)
    code.source = setup(address)
    return f"{nbformat.writes(notebook)}\n"


def settings(text: str, address: str) -> str:
    """Return the text of _config.yml with an address, and buttons that lead there."""
    shown = "true" if is_published(address) else "false"
    switched, count = BUTTONS.subn(rf"\g<1>{shown}", text)
    if count != 3:
        raise PublishError(
            "_config.yml must hold use_repository_button, use_edit_page_button and "
            "use_issues_button once, each true or false"
        )
    base = pages(address) if is_published(address) else '""'
    placed, count = PAGES.subn(rf"\g<1>{base}", switched)
    if count != 1 and not OWN_PAGES.search(text):
        raise PublishError('_config.yml must hold one baseurl, "" or an address')
    return CONFIG_ADDRESS.sub(rf"\g<1>{address}", placed)


def citation(text: str, address: str, version: str) -> str:
    """Return the text of CITATION.cff with a version, and an address if it has one."""
    code = f"repository-code: {address}\n" if is_published(address) else ""
    bare = re.sub(r"(?m)^repository-code: .*\n", "", text)
    cited, count = re.subn(r"(?m)^version: .*\n", f"version: {version}\n{code}", bare)
    if count != 1:
        raise PublishError("CITATION.cff must hold one version")
    return cited


def read_version(root: Path) -> str:
    """Return the package's version, from the one place that states it."""
    found = VERSION.findall((root / "spikereg" / "__init__.py").read_text())
    if len(found) != 1:
        raise PublishError('spikereg/__init__.py must hold one __version__ = "..."')
    return str(found[0])


def replacements(root: Path, address: str) -> dict[Path, str]:
    """Return the files that an address changes, with their new text."""
    read_address(root)  # there is one place for it
    config, cited = root / "_config.yml", root / "CITATION.cff"
    colab_page = root / "book" / "colab.md"
    texts = {config: settings(config.read_text(), address)}
    if cited.exists():
        texts[cited] = citation(cited.read_text(), address, read_version(root))
    if colab_page.exists():
        texts[colab_page] = WHEEL.sub(read_version(root), colab_page.read_text())
    for path in chapters(root):
        texts[path] = rewritten(path, address)
    return {path: text for path, text in texts.items() if path.read_text() != text}


def publish(root: Path, address: str) -> list[Path]:
    """Write an address everywhere, after all files have shown that they can take it."""
    changed = replacements(root, address)
    for path, text in changed.items():
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text(text)
        os.replace(temporary, path)  # whole or not at all
    return list(changed)


def check(root: Path) -> None:
    """Complain unless every place holds the address of _config.yml."""
    address = read_address(root)
    if is_published(address) and address != normalized(address):
        raise PublishError(f"_config.yml: write {normalized(address)}, not {address}")
    if stale := replacements(root, address):
        names = ", ".join(str(path.relative_to(root)) for path in stale)
        raise PublishError(
            f"not as the address {address} or the package's version asks "
            f"(--refresh puts it right): {names}"
        )


def main() -> None:
    """Read the command line and publish, refresh or check."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("repository", nargs="?", help="https://github.com/OWNER/NAME")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help="only compare all places")
    parser.add_argument(
        "--refresh", action="store_true", help="write _config.yml's address again"
    )
    given = parser.parse_args()
    if given.check:
        check(given.root)
        return
    if given.refresh:
        address = read_address(given.root)
    elif given.repository:
        address = normalized(given.repository)
    else:
        raise PublishError("usage: make publish REPOSITORY=https://github.com/you/name")
    changed = publish(given.root, address)
    for path in changed:
        print(f"{path.relative_to(given.root)}: {address}")
    if not changed:
        print(f"Every place already holds {address}")
    elif is_published(address):
        print(
            f"Commit this. For the book's pages choose GitHub Actions in {address}"
            "/settings/pages"
        )


if __name__ == "__main__":
    try:
        main()
    except PublishError as error:
        sys.exit(str(error))
