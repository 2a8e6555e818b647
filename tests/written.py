"""What a page written in Markdown says: its sections, its tables, its links."""

import re
from functools import cache
from pathlib import Path

import nbformat

BOOK = Path(__file__).parents[1] / "book"
CHAPTERS = {int(path.name[:2]): path for path in sorted(BOOK.glob("[0-9]*.ipynb"))}


@cache
def text_of(path):
    """Return the text of a page, or of a notebook's."""
    if path.suffix == ".md":
        return path.read_text()
    cells = nbformat.read(path, 4).cells
    return "\n\n".join(c.source for c in cells if c.cell_type == "markdown")


def cells_of(row):
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def tables(text):
    """Return each table of a text as a list of rows, by the names of its columns."""
    found = []
    for block in re.findall(r"(?m)(?:^\|.*\|\n?)+", text):
        head, _, *rows = map(cells_of, block.splitlines())
        found.append([dict(zip(head, row, strict=True)) for row in rows])
    return found


def section(text, heading):
    """Return what stands below a heading, down to the next one as high."""
    level, below = re.search(rf"(?ms)^(#+) {heading}\n(.*)", text).groups()
    return re.split(rf"(?m)^#{{1,{len(level)}}} ", below)[0]


def place_of(heading):
    """Return the address of a heading on its page, as Sphinx makes it."""
    words = re.sub(r"[^a-z0-9]+", "-", heading.lower())
    return re.sub(r"^[-0-9]+|-$", "", words)


def places(path):
    """Return the addresses of a page's headings."""
    text = re.sub(r"(?s)```.*?```", "", text_of(path))
    return {place_of(heading) for heading in re.findall(r"(?m)^#+ (.+)$", text)}


def lost_links(path):
    """Find the links of a page to pages, chapters and sections that there are not."""
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        name, _, place = link.partition("#")
        target = BOOK / name if name else path
        if "://" in link:
            continue
        if not target.exists():
            lost.append(link)
        elif place.startswith("term-"):
            term = place.removeprefix("term-").replace("-", " ")
            if not re.search(rf"(?m)^{term}$", target.read_text()):
                lost.append(link)
        elif place and "." not in place and place not in places(target):
            lost.append(link)
    return lost
