"""What a package index shows of spikereg, beside what pyproject.toml says.

Hatchling calls this when it builds.  An index shows README.md without the files beside
it, so links to them lead to the repository.  Before there is one their text stands
alone, and a picture goes.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: Where `make publish` has written an address; any other is the placeholder.
PUBLISHED = re.compile(r"(?m)^  url: *(https://github\.com/\S+)")

#: Markdown's links, pictures with the line that they stand on.
RELATIVE = r"\]\((?!https?:|#)(?P<aim>[^)]*)\)"
LINK = re.compile(rf"\[(?P<text>[^\]]*){RELATIVE}")
PICTURE = re.compile(rf"(?m)^!\[(?P<text>[^\]]*){RELATIVE}\n\n")


def described(readme: str, address: str) -> str:
    """Return README.md's text with links to a repository, or without them."""
    if not address:
        return LINK.sub(r"\g<text>", PICTURE.sub("", readme))

    def absolute(link: re.Match[str]) -> str:
        text, aim = link.group("text", "aim")
        kind = "raw" if readme[link.start() - 1] == "!" else "blob"
        return f"[{text}]({address}/{kind}/main/{aim})"

    return LINK.sub(absolute, readme)


class PackageIndex(MetadataHookInterface):
    """Describes the package by README.md, and names the repository if there is one."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the description and the addresses."""
        root = Path(self.root)
        found = PUBLISHED.search((root / "_config.yml").read_text())
        address = found[1] if found else ""
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": described((root / "README.md").read_text(), address),
        }
        if address:
            metadata["urls"] = {
                "Source": address,
                "Issues": f"{address}/issues",
                "Changelog": f"{address}/blob/main/CHANGELOG.md",
            }
