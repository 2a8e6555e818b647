"""A Sphinx extension: the foot of every page says of which version the book is."""

from pathlib import Path

from publish import read_version
from sphinx.application import Sphinx
from sphinx.config import Config


def add_version(app: Sphinx, config: Config) -> None:
    """Tell Sphinx and the theme the version, from the one place that states it."""
    config.version = config.release = read_version(Path(app.srcdir))
    config.html_theme_options["extra_footer"] = f"<p>spikereg {config.release}</p>"


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it to the reading of _config.yml."""
    app.connect("config-inited", add_version)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
