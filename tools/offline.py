"""Make what readers take with them: the built book as a PDF, and as a zip file.

The PDF is every page of _toc.yml as Chromium prints it, joined, with an outline and the
links between pages.  The zip file holds the pages, the notebooks, the wheel and the
PDF.  Both are offered on the front page, from where they were made: a book without them
offers nothing.
"""

import argparse
import io
import json
import os
import re
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urldefrag

from playwright.sync_api import Browser, Error, ViewportSize, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.generic import (
    Destination,
    Fit,
    NameObject,
    NullObject,
    RectangleObject,
    TextStringObject,
)
from screenshots import FLAGS, find_browser, show
from sphinx_external_toc.parsing import parse_toc_yaml
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
FRONT = "book/index"

# Paper, and how much smaller than on a screen it shows a page: 10-point text, and as
# much room as the pages' own column has, so that tables and explorers fit.
PAPER = "A4"
SCALE = 0.85
# Pixels between the margins of book/_static/book.css, at that scale
COLUMN: ViewportSize = {"width": 774, "height": 1000}

FOOTER = """
html { counter-reset: page %(before)d }
@page {
  font: 9pt sans-serif;
  @bottom-left { content: %(title)s }
  @bottom-right { content: counter(page) }
}"""

# Milliseconds until a page that does not draw itself is given up, on a busy machine too
PATIENCE = 300_000

# Chromium makes places of those ids alone to which a link of the page leads.
LINK_ALL = """() => {
  const links = [...document.querySelectorAll("[id]")].map(({ id }) => {
    const link = document.createElement("a");
    link.href = `#${encodeURIComponent(id)}`;
    return link;
  });
  const all = document.createElement("div");
  all.hidden = true;
  all.append(...links);
  document.body.append(all);
}"""
CONTENTS = """() => [...document.querySelectorAll("#jb-print-toc .toc-h2 > a")].map(
  (link) => [decodeURIComponent(link.hash.slice(1)), link.textContent.trim()],
)"""

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


class Chapter(NamedTuple):
    """A page of the book, and where it stands in it."""

    page: str  # such as book/01_background
    part: str | None
    number: int | None


class Sheets(NamedTuple):
    """A chapter on paper."""

    chapter: Chapter
    title: str
    sections: list[tuple[str, str]]  # their places and headings
    pdf: PdfReader


def chapters(root: Path) -> Iterator[Chapter]:
    """Return the pages of the book in order."""
    toc = parse_toc_yaml(root / "_toc.yml").root
    yield Chapter(toc.docname, None, None)
    number = 0
    for part in toc.subtrees:
        for page in part.items:
            number += bool(part.numbered)
            yield Chapter(str(page), part.caption, number if part.numbered else None)


def printed(browser: Browser, html: Path, chapter: Chapter, before: int) -> Sheets:
    """Print a page that comes after a number of sheets."""
    page = browser.new_page(viewport=COLUMN, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE)
    page.emulate_media(media="print")
    show(page, (html / f"{chapter.page}.html").as_uri(), "light")
    title = (page.locator("#jb-print-docs-body h1").text_content() or "").strip()
    quoted = json.dumps(title, ensure_ascii=False)
    page.add_style_tag(content=FOOTER % {"title": quoted, "before": before})
    page.evaluate(LINK_ALL)
    sections = page.evaluate(CONTENTS)
    made = page.pdf(
        format=PAPER, scale=SCALE, prefer_css_page_size=True, print_background=True
    )
    page.close()
    return Sheets(chapter, title, sections, PdfReader(io.BytesIO(made)))


def print_book(root: Path, html: Path) -> list[Sheets]:
    """Print every page of the book, in order."""
    book: list[Sheets] = []
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=find_browser(), args=FLAGS
            )
        except Error as error:
            raise OfflineError(
                "There is no browser that prints the book: install Chromium, or run "
                f".venv/bin/playwright install chromium\n{error}"
            ) from error
        sheets = 0
        for chapter in tqdm([*chapters(root)], unit="page"):
            book.append(printed(browser, html, chapter, sheets))
            sheets += len(book[-1].pdf.pages)
        browser.close()
    return book


def author(root: Path) -> str:
    """Return who _config.yml says wrote the book."""
    (found,) = re.findall(r"(?m)^author: (.+)$", (root / "_config.yml").read_text())
    return str(found)


#: A place in the whole: the index of its sheet, and where on it.
Place = tuple[int, Fit]
#: Where on a sheet links are, and where they lead: to a place or an address
Links = list[tuple[RectangleObject, Place | str]]


def places(book: list[Sheets]) -> dict[str, Place]:
    """Return where the pages and their ids are, such as book/03_model#the-wiring."""
    found: dict[str, Place] = {}
    first = 0
    for chapter, _, _, pdf in book:
        found[chapter.page] = first, Fit.fit_horizontally()
        for name, there in pdf.named_destinations.items():
            sheet = pdf.get_destination_page_number(there)
            if sheet is not None:
                place = f"{chapter.page}#{unquote(name.removeprefix('/'))}"
                found[place] = first + sheet, Fit.xyz(top=there.top)
        first += len(pdf.pages)
    return found


def links(sheets: Sheets, html: Path, known: dict[str, Place]) -> Iterator[Links]:
    """Return the links of each sheet, those to other pages of the book in the whole.

    A link to a file that is not in the whole, such as a download, is left out.
    """
    here = unquote(f"{html.as_uri()}/")  # Chromium escapes less than Python
    for sheet in sheets.pdf.pages:
        found: Links = []
        for each in sheet.get("/Annots", []):
            link = each.get_object()
            if "/Dest" in link:
                aim = f"{here}{sheets.chapter.page}.html#{link['/Dest'][1:]}"
            else:
                aim = link["/A"]["/URI"]
            if unquote(aim).startswith(here):
                page, place = urldefrag(unquote(aim).removeprefix(here))
                page = page.removesuffix(".html")
                if page in known:
                    target = known.get(f"{page}#{place}", known[page])
                    found.append((link["/Rect"], target))
            else:
                found.append((link["/Rect"], aim))
        yield found


def joined(book: list[Sheets], html: Path, author: str) -> PdfWriter:
    """Join what was printed to one PDF, with links and an outline."""
    whole = PdfWriter()
    known = places(book)
    for sheets in book:
        for sheet in sheets.pdf.pages:
            whole.add_page(sheet, excluded_keys=["/Annots"])
    every = (found for sheets in book for found in links(sheets, html, known))
    for sheet, found in zip(whole.pages, every, strict=True):
        for rect, aim in found:
            if isinstance(aim, str):
                whole.add_annotation(sheet, Link(rect=rect, url=aim))
                continue
            index, fit = aim
            link = Link(rect=rect, target_page_index=index, fit=fit)
            added = whole.add_annotation(sheet, link)
            # pypdf has the number of a sheet there, where readers expect the sheet.
            to = whole.pages[index].indirect_reference or NullObject()
            there = Destination("sheet", to, fit)
            added[NameObject("/Dest")] = there.dest_array
    parts = {}
    for (page, part, number), title, sections, _ in book:
        index, fit = known[page]
        if part and part not in parts:
            parts[part] = whole.add_outline_item(title=part, page_number=index, fit=fit)
        chapter = whole.add_outline_item(
            title=f"{number}. {title}" if number else title,
            page_number=index,
            fit=fit,
            parent=parts[part] if part else None,
            is_open=False,
        )
        for place, heading in sections:
            index, fit = known[f"{page}#{place}"]
            whole.add_outline_item(
                title=heading, page_number=index, fit=fit, parent=chapter
            )
    whole.add_metadata({"/Title": book[0].title, "/Author": author})
    whole.root_object[NameObject("/Lang")] = TextStringObject("en")
    whole.page_mode = "/UseOutlines"
    return whole


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
    except OfflineError as error:
        sys.exit(str(error))
    for path in files:
        print(f"{path} ({path.stat().st_size / 1e6:.0f} MB)")
    print(f"in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
