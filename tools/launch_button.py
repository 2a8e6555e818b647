"""A Sphinx extension: the header of every page gets a button 'Open in Colab'.

A chapter of a published book opens on Colab itself.  Any other page, and every page of
an unpublished book, leads to the book's own page 'Running on Colab'.  A page needs no
second one: the badge that a chapter has below its title is for readers of the notebook.
"""

from pathlib import Path
from typing import Any

from docutils.nodes import document, image, paragraph
from publish import colab, is_published
from sphinx.application import Sphinx

HELP_PAGE = "book/colab"
TEXT = "Open in Colab"


def add_button(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: document | None,
) -> None:
    """Put the button before those that the theme adds."""
    options = app.config.html_theme_options
    url, tooltip = context["pathto"](HELP_PAGE), "How to run a chapter on Colab"
    if doctree and is_published(options["repository_url"]):
        path = Path(app.env.doc2path(pagename, base=False))
        if path.suffix == ".ipynb":
            url = colab(options["repository_url"], str(path))
            tooltip = "Run this chapter"
    context["header_buttons"].insert(
        0,
        {
            "type": "link",
            "url": url,
            "text": TEXT,
            "tooltip": tooltip,
            "icon": "fas fa-play",
            "label": "launch-colab",
        },
    )


def remove_badge(_app: Sphinx, doctree: document) -> None:
    """Leave out the paragraph that is a badge."""
    for found in list(doctree.findall(paragraph)):
        if any(inner.get("alt") == TEXT for inner in found.findall(image)):
            found.parent.remove(found)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the button, later than the theme's own (priority 501)."""
    app.connect("html-page-context", add_button, priority=502)
    # and before the images are gathered (priority 500)
    app.connect("doctree-read", remove_badge, priority=499)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
