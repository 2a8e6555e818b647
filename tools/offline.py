"""Make what readers take with them: the built book as a PDF, and as a zip file.

The zip file holds the pages, the notebooks, the wheel and the PDF.  Both are offered on
the front page, from where they were made: a book without them offers nothing.
"""

import argparse
import os
import re
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from paper import BrowserError, joined, print_book

ROOT = Path(__file__).resolve().parent.parent
FRONT = "book/index"

# The place of the offer in book/index.ipynb
OFFER = re.compile(r'(?s)(<div id="take-it-with-you">).*?(</div>)')

README = """\
{title}, version {version}

index.html        the book: open it in a browser; it needs no network
downloads/        the same as a PDF
notebooks/        the chapters to run, and the package spikereg that they import

To run them, you need Python 3.11 or newer with Jupyter. The first cell of a chapter
installs spikereg from the file beside it; what spikereg itself needs, PyTorch among it,
pip fetches from the network unless it is there already.

Code is free under the MIT licence, text and figures under CC BY 4.0.
"""


class OfflineError(Exception):
    """Something that whoever runs this must put right."""


def author(root: Path) -> str:
    """Return who _config.yml says wrote the book."""
    (found,) = re.findall(r"(?m)^author: (.+)$", (root / "_config.yml").read_text())
    return str(found)


def offer(page: str, *files: Path) -> str:
    """Write into the front page what of it there is to take."""
    kinds = {".pdf": "a PDF", ".zip": "a zip file, with its notebooks"}
    said = " or ".join(
        f'<a href="../downloads/{file.name}"{" download" * (file.suffix == ".zip")}>'
        f"{kinds[file.suffix]}</a> ({file.stat().st_size / 1e6:.0f} MB)"
        for file in files
    )
    text = f"<p><strong>Take it with you:</strong> the whole book as {said}.</p>"
    return OFFER.sub(rf"\g<1>{text}\g<2>", page)


def pack(target: Path, contents: dict[str, bytes]) -> None:
    """Write a zip file of one folder; the same contents make the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(f"{target.stem}/{name}")  # of 1980
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, contents[name], zipfile.ZIP_DEFLATED)


def below(folder: Path, left_out: Path) -> dict[str, bytes]:
    """Read the files below a folder, but for those below another."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and left_out not in path.parents
    }


def make(root: Path) -> list[Path]:
    """Make both files, offer them on the front page, and return them."""
    html = root / "_build" / "html"
    front = html / f"{FRONT}.html"
    if not (root / "_build" / "built").exists() or not front.exists():
        raise OfflineError(f"There is no book in {html}: run `make book` first")
    page = front.read_text()
    if not OFFER.search(page):
        raise OfflineError(f"{front} has no place for the offer: {OFFER.pattern!r}")
    (wheel,) = (root / "_build" / "wheel").glob("*.whl")
    version = wheel.name.split("-")[1]
    notebooks = [
        path
        for path in root.glob("book/*")
        if path.suffix in (".ipynb", ".md", ".svg")  # and what they lead to
    ]
    downloads = html / "downloads"
    with tempfile.TemporaryDirectory(dir=root / "_build") as made:
        pdf, packed = (
            Path(made) / f"spikereg-book-{version}{end}" for end in (".pdf", ".zip")
        )
        book = print_book(root, html)
        joined(book, html, author(root)).write(pdf)
        contents = below(html, downloads)
        contents[f"{FRONT}.html"] = offer(page, pdf).encode()
        contents[f"downloads/{pdf.name}"] = pdf.read_bytes()
        for path in [*notebooks, wheel]:
            contents[f"notebooks/{path.name}"] = path.read_bytes()
        about = README.format(title=book[0].title, version=version)
        contents["README.txt"] = about.encode()
        pack(packed, contents)
        # Nothing half-written: files come whole, and the offer comes last.
        downloads.mkdir(exist_ok=True)
        for path in (pdf, packed):
            os.replace(path, downloads / path.name)
    files = [downloads / pdf.name, downloads / packed.name]
    offered = front.with_name(f".{front.name}.new")
    offered.write_text(offer(page, *files))
    os.replace(offered, front)
    return files


def main() -> None:
    """Make what readers take with them, and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("root", nargs="?", type=Path, default=ROOT)
    start = time.monotonic()
    try:
        files = make(parser.parse_args().root.resolve())
    except (BrowserError, OfflineError) as error:
        sys.exit(str(error))
    for path in files:
        print(f"{path} ({path.stat().st_size / 1e6:.0f} MB)")
    print(f"in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
