"""Make slides of the chapters: one file each, which needs no server and no network.

A slide holds what a section says in bold, and one of its figures. One explorer of each
chapter is alive. All of it comes from the chapters as the last build executed them.
"""

import argparse
import base64
import html
import json
import re
import string
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from jupyter_cache import get_cache
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
DECK = Path(__file__).with_name("deck.html")

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"

# Where book/_static/explorers.js draws the explorer, as in a page
LIVE = (
    '<div class="live"><div class="explorer-place"></div>'
    f'<script type="{VIEW}">{{"model_id": "explorer"}}</script></div>'
)

GREEK = {
    name: chr(code)
    for code, name in [(0x3B2, "beta"), (0x3B4, "delta"), (0x3B8, "theta")]
}


@dataclass
class Slide:
    """What is shown at once; all texts are HTML."""

    title: str
    said: list[str] = field(default_factory=list)
    shown: str = ""  # a picture, or the place of the explorer


def formula(tex: str) -> str:
    """Write a short formula of a sentence in HTML."""
    text = html.escape(tex, quote=False)
    text = re.sub(r"\\([a-z]+)", lambda found: GREEK.get(found[1], found[0]), text)
    if bad := re.search(r"\\[a-z]+|\\.|\$", text):
        raise ValueError(
            f"{bad[0]!r} in the formula {tex!r} has no place on a slide: add it to "
            "GREEK, or say it in words"
        )
    for mark, name in ("_", "sub"), ("^", "sup"):
        text = re.sub(rf"\{mark}(?:\{{(.+?)\}}|(\w))", rf"<{name}>\1\2</{name}>", text)
    # Letters are slanted, but not those of the marks.
    return re.sub(r"(?<![<\w/])([^\W\d_])(?!\w)", r"<i>\1</i>", text)


def inline(text: str) -> str:
    """Write a sentence of a chapter in HTML, without its links."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(text.split()))
    parts = re.split(r"(`[^`]+`|\$[^$]+\$)", text)
    for place, part in enumerate(parts):
        if part.startswith("`"):
            parts[place] = f"<code>{html.escape(part[1:-1], quote=False)}</code>"
        elif part.startswith("$"):
            parts[place] = formula(part[1:-1])
        else:
            part = html.escape(html.unescape(re.sub("<.+?>", "", part)), quote=False)
            part = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", part)
            parts[place] = re.sub(r"\*(.+?)\*", r"<em>\1</em>", part)
    return "".join(parts)


def claims(text: str) -> list[str]:
    """Return the sentences in bold; those of lists are names of their items."""
    lines = (line for line in text.splitlines() if not re.match(r"\s*[-|>\d]", line))
    found = (bold for line in lines for bold in re.findall(r"\*\*(.+?)\*\*", line))
    return [
        inline(re.sub(r"[:,]$", ".", bold)) for bold in found if bold[-1] in ".:,!?"
    ]


def items(text: str) -> list[str]:
    """Return the items of a list."""
    return [inline(item) for item in re.findall(r"(?ms)^- (.+?)(?=\n- |\Z)", text)]


def picture(data: bytes, kind: str, alt: str) -> str:
    """Put a picture into the page itself."""
    coded = base64.b64encode(data).decode()
    return f'<img src="data:image/{kind};base64,{coded}" alt="{html.escape(alt)}">'


def pictures(cell: NotebookNode) -> Iterator[str]:
    """Find the figures of a cell: those of a text, or those that its code drew."""
    if cell.cell_type == "markdown":
        for alt, name in re.findall(r"!\[([^\]]+)\]\((\w+\.svg)\)", cell.source):
            if name != "open-in-colab.svg":
                yield picture((BOOK / name).read_bytes(), "svg+xml", alt)
        return
    for output in cell.outputs:
        if coded := output.get("data", {}).get("image/png"):
            alt = cell.metadata.mystnb.image.alt
            yield picture(base64.b64decode(coded), "png", alt)


def states(chapter: NotebookNode) -> dict[str, Any]:
    """Return the models of a chapter's explorers and sliders."""
    found: dict[str, Any] = chapter.metadata.get("widgets", {}).get(STATE, {})
    return dict(found.get("state", {}))


def explorer_of(cell: NotebookNode, models: dict[str, Any]) -> dict[str, Any] | None:
    """Return the explorer that a cell shows, if it shows one, alone or in a box."""
    for output in cell.get("outputs", []):
        waiting = [output.get("data", {}).get(VIEW, {}).get("model_id", "")]
        while waiting:
            model = models.get(waiting.pop(), {"state": {}})
            if "_esm" in model["state"]:
                return dict(model)
            children = model["state"].get("children", [])
            waiting += [child.removeprefix("IPY_MODEL_") for child in children]
    return None


def choose(chapter: NotebookNode) -> tuple[int, dict[str, Any]] | None:
    """Choose the explorer of a deck, and say in which cell it stands.

    It is the first one, but a playground where there is one: it has a worker.
    """
    models = states(chapter)
    shown = ((n, explorer_of(cell, models)) for n, cell in enumerate(chapter.cells))
    found = [(n, explorer) for n, explorer in shown if explorer]
    workers = [each for each in found if "_worker" in each[1]["state"]]
    return next(iter(workers + found), None)


def sections(chapter: NotebookNode, live: int | None) -> Iterator[Slide]:
    """Make the slides of the sections, one for each figure."""
    slide: Slide | None = None
    later: list[str] = []  # said, and not on a slide yet
    for place, cell in enumerate(chapter.cells):
        if cell.cell_type == "markdown":
            for part in re.split(r"(?m)^(?=###? )", cell.source):
                if heading := re.match(r"###? (.+)\n", part):
                    if slide:
                        slide.said += later
                        yield slide
                    if heading[1] == "Summary":
                        return
                    slide, later = Slide(inline(heading[1])), []
                if slide:
                    # The first paragraph after a figure reads it; the others lead on.
                    reads, leads = (
                        part.partition("\n\n")[::2] if slide.shown else (part, "")
                    )
                    slide.said += claims(reads)
                    later += claims(leads)
        if slide is None:
            continue
        if any(VIEW in output.get("data", {}) for output in cell.get("outputs", [])):
            drawn = [LIVE] if place == live else []
            later *= place == live  # what leads to another explorer leads nowhere
        else:
            drawn = [*pictures(cell)]
        for shown in drawn:
            if slide.shown:
                yield slide
                slide, later = Slide(slide.title, later), []
            slide.shown = shown


def slides_of(chapter: NotebookNode, live: int | None) -> list[Slide]:
    """Make the slides of a chapter, the first of which is its title."""
    texts = [c.source for c in chapter.cells if c.cell_type == "markdown"]
    opening, end = texts[0], "\n\n".join(texts).split("\n## Summary\n")[1]
    title = inline(opening.partition("\n")[0].removeprefix("# "))
    about = next(p for p in opening.split("\n\n")[1:] if not p.startswith("[!"))
    learn = opening.split("**You will learn**")[1].split("**You need**")[0]
    summary, _, rest = end.partition("\n## Test yourself")
    asked = re.findall(r"(?s)<summary>(.+?)</summary>", rest.split("\n## Exercises")[0])
    parts = [part for part in sections(chapter, live) if part.said or part.shown]
    return [
        Slide(title, [inline(about)]),
        Slide("You will learn", items(learn.strip())),
        *parts,
        Slide("Summary", items(summary.strip())),
        Slide("Test yourself", [inline(question) for question in asked]),
    ]


def written(slide: Slide) -> str:
    """Write a slide in HTML."""
    title, said = f"<h2>{slide.title}</h2>", slide.said
    if slide.title in ("You will learn", "Summary", "Test yourself"):
        body = "".join(f"<li>{each}</li>" for each in said)
        return f"<section>{title}<ul>{body}</ul></section>"
    lead = "".join(f"<p{' class=lead' * (n == 0)}>{s}</p>" for n, s in enumerate(said))
    return f"<section>{title}{lead}{slide.shown}</section>"


def scripts(explorer: dict[str, Any]) -> str:
    """Write what an explorer needs to live in a page, as tools/finish does."""
    state = dict(explorer["state"])
    name = state["_anywidget_id"].rpartition(".")[2]
    code = state.pop("_esm").replace("export default", "return")
    style = state.pop("_css")
    saved = explorer | {"state": state | {"_esm": name}}
    # Nothing in texts or code may end the script that holds them.
    data = json.dumps({"state": {"explorer": saved}}).replace("<", r"\u003c")
    own = f"(window.spikereg ??= {{}}).{name} = (() => {{\n{code}\n}})();"
    own = own.replace("</", r"<\/").replace("<!--", r"<\!--")
    loader = (BOOK / "_static" / "explorers.js").read_text()
    return (
        f'<style>{style}</style>\n<script type="{STATE}">{data}</script>\n'
        f"<script>{own}</script>\n<script>{loader}</script>"
    )


def deck(chapter: NotebookNode) -> str:
    """Write the slides of an executed chapter as one page."""
    place, explorer = choose(chapter) or (None, None)
    slides = slides_of(chapter, place)
    return string.Template(DECK.read_text()).substitute(
        title=re.sub("<.+?>", "", slides[0].title),
        slides="\n".join(map(written, slides)),
        explorer=scripts(explorer) if explorer else "",
    )


def main() -> None:
    """Write the decks of the named chapters, or of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapters", nargs="*", help="such as 01_background")
    names = parser.parse_args().chapters
    cache = get_cache(ROOT / "_build" / ".jupyter_cache")
    folder = ROOT / "_build" / "slides"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or sorted(path.stem for path in BOOK.glob("[0-9]*.ipynb")):
        notebook = nbformat.read(BOOK / f"{name}.ipynb", as_version=4)
        try:
            _, chapter = cache.merge_match_into_notebook(notebook)
        except KeyError:
            sys.exit(f"{name} was not executed as it is: run `make book` first")
        (folder / f"{name}.html").write_text(deck(chapter))
    print(f"The slides: {folder}")


if __name__ == "__main__":
    main()
