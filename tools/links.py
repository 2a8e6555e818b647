"""Where the links of a built book lead.

Sphinx says which links lead nowhere while it reads a page, and takes those to a term of
the glossary for lost, because such places come into being later.  The written pages
tell better.
"""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links of a page, and the places in it that links may lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str | None] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element links to, and what it is called."""
        found = dict(attrs)
        self.places |= {found.get("id"), found.get("name")}
        if tag == "a" and (link := found.get("href")) is not None:
            self.links.append(link)


@cache
def page_of(path: Path) -> Page:
    """Read a page, once."""
    return Page(path.read_text())


#: How a fragment begins that is no place: the settings of an explorer, or as the first
#: links to a playground had them.
SETTINGS = re.compile(r"[a-z][a-z0-9-]*\.(start$|\w+=)|target=")


def lost_from(path: Path) -> Iterator[str]:
    """Find the links of a page that lead to no file, or to no place in it."""
    for link in page_of(path).links:
        address = urlsplit(link)
        if address.scheme or address.netloc or SETTINGS.match(address.fragment):
            continue
        # Its links start at a server's root, and are those of every page's sidebar.
        if path.name == "404.html" and address.path.startswith("/"):
            continue
        aim = path
        if address.path:
            aim = (path.parent / unquote(address.path)).resolve()
        place = unquote(address.fragment)
        lost = not aim.is_file()
        if not lost and place and aim.suffix == ".html":
            lost = place not in page_of(aim).places
        if lost:
            yield link


def lost_in(html: Path) -> dict[str, list[str]]:
    """Find the lost links of all pages of a built book, by page."""
    html = html.resolve()
    pages = {path.relative_to(html).as_posix(): path for path in html.rglob("*.html")}
    found = {
        name: [*lost_from(path)]
        for name, path in sorted(pages.items())
        if not name.startswith("_")  # not what Sphinx and the theme bring along
    }
    return {name: links for name, links in found.items() if links}
