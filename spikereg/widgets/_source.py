"""Join the explorers' JavaScript files to the one module that a page takes.

A page imports an explorer from an address of type ``blob:``, where a relative
``import`` leads nowhere. In the files the imports stand all the same, for editors and
the type checker.
"""

import functools
import re
from pathlib import Path

FOLDER = Path(__file__).parent

_IMPORT = re.compile(r'^import \{[^}]*\} from "(.+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@functools.cache
def joined(*names: str) -> str:
    """Return files of this folder behind all that they import, as one module."""
    seen: set[Path] = set()
    return "\n".join(part for name in names for part in _parts(FOLDER / name, seen))


def _parts(path: Path, seen: set[Path]) -> list[str]:
    if path in seen:
        return []
    seen.add(path)
    text = path.read_text(encoding="utf-8")
    before = [
        part
        for target in _IMPORT.findall(text)
        for part in _parts((path.parent / target).resolve(), seen)
    ]
    return [*before, _EXPORT.sub("", _IMPORT.sub("", text))]
