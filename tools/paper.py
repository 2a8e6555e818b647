"""Print the built book: every page of _toc.yml as Chromium prints it, in one PDF.

It has an outline, and the links between pages lead from sheet to sheet.
"""

import io
import json
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


class BrowserError(Exception):
    """There is no browser that prints."""


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
            raise BrowserError(
                "There is no browser that prints the book: install Chromium, or run "
                f".venv/bin/playwright install chromium\n{error}"
            ) from error
        sheets = 0
        for chapter in tqdm([*chapters(root)], unit="page"):
            book.append(printed(browser, html, chapter, sheets))
            sheets += len(book[-1].pdf.pages)
        browser.close()
    return book


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
