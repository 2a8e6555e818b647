"""Where the links of a built book lead, and what its pages load.

Sphinx says which links lead nowhere while it reads a page, and takes those to a term of
the glossary for lost, because such places come into being later.  The written pages
tell better.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

#: Where an element says what it loads
LOADS = {"href", "xlink:href", "src", "poster", "data", "action"}
STATE = re.compile(
    r'<script type="application/vnd\.jupyter\.widget-state\+json">(.*?)</script>', re.S
)


class Page(HTMLParser):
    """The links of a page, and the places in it that links may lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places: set[str | None] = set()
        self.explorers = _explorers(text)
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element links to, and what it is called."""
        found = dict(attrs)
        self.places |= {found.get("id"), found.get("name")}
        if tag == "a" and (link := found.get("href")) is not None:
            self.links.append(link)
            return
        self.loads += [found[name] or "" for name in LOADS & found.keys()]
        several = found.get("srcset") or ""
        self.loads += [each.split()[0] for each in several.split(", ") if each]
        # The loader of explorers fetches others, from a folder beside it.
        beside = (found.get("src") or "").rpartition("/")[0]
        needs = (found.get("data-needs") or "").split()
        self.loads += [f"{beside}/explorers/{name}.js" for name in needs]


def _explorers(text: str) -> dict[str, set[str]]:
    """Find the explorers of a page, by the names in links, and what links set.

    A name is in the address at which an explorer is alone.
    """
    found: dict[str, set[str]] = {}
    for state in STATE.findall(text):
        for model in json.loads(state)["state"].values():
            values = model["state"]
            if alone := values.get("alone"):
                (name,) = parse_qs(urlsplit(alone).query)["name"]
                found[name] = {each["name"] for each in values["_controls"]} | {"start"}
    return found


@cache
def page_of(path: Path) -> Page:
    """Read a page, once."""
    return Page(path.read_text())


#: How a fragment begins that is no place: the settings of an explorer, or as the first
#: links to a playground had them.
SETTINGS = re.compile(r"[a-z][a-z0-9-]*\.(start$|\w+=)|target=")


def sets(fragment: str, page: Page) -> bool:
    """Tell whether a page has the explorers, and they the values, that a link sets."""
    for key, _ in parse_qsl(fragment, keep_blank_values=True):
        name, dot, value = key.partition(".")
        if not dot:  # as the first links had it
            name, value = "playground", key
        if value not in page.explorers.get(name, ()):
            return False
    return True


def lost_from(path: Path) -> Iterator[str]:
    """Find what a page links to or loads that is no file, or no place in it."""
    page = page_of(path)
    for link in page.links + page.loads:
        address = urlsplit(link)
        if address.scheme or address.netloc:
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
            if SETTINGS.match(address.fragment):
                lost = not sets(address.fragment, page_of(aim))
            else:
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
