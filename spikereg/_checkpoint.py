"""Files of tensors and settings, without code (safetensors)."""

import json
import os
import secrets
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor


class Kind(NamedTuple):
    """A kind of files.

    Attributes:
        mark: Stands in every file; a change of the layout changes it.
        meant: What one must be, for errors.
    """

    mark: str
    meant: str


#: What a training goes on from.
FIT = Kind("spikereg.fit 1", "checkpoint must be a file that fit has written")


def write(
    path: Path, tensors: Mapping[str, Tensor], settings: dict[str, Any], kind: Kind
) -> None:
    """Write a file; one that is there is replaced as a whole or not at all.

    Raises:
        ValueError: If what is there is no such file, but perhaps somebody's table.
    """
    if path.exists() and not _may_be_replaced(path):
        raise ValueError(f"{_wrong(path, kind)}: what is there would be lost")
    kept = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    about = json.dumps(settings)
    data = save(
        {name: value.clone() for name, value in kept.items()},  # none may share memory
        {"format": kind.mark, "settings": about, "sum": _sum(kept, about)},
    )
    written = path.with_name(f".{secrets.token_hex(8)}.part")  # nobody else's
    try:
        with written.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # before the name: or a power cut may empty it
        written.replace(path)
    except BaseException as error:
        written.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is not None:
            raise type(error)(error.errno, error.strerror, str(path)) from error
        raise


def _may_be_replaced(path: Path) -> bool:
    """Say whether a file is empty, or begins as all of safetensors do."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(9)
    return not head or (head[8:] == b"{" and head[6:8] == bytes(2))  # no header of 2^48


def read(path: Path, kind: Kind) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a file; raise for one that is damaged or of another kind."""
    if not path.is_file():
        raise ValueError(f"{_wrong(path, kind)}: it is no file")
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{_wrong(path, kind)}: {error}") from error
    if about.get("format") != kind.mark:
        raise ValueError(f"{_wrong(path, kind)}: its format is {about.get('format')!r}")
    if about.get("sum") != _sum(tensors, about.get("settings", "")):
        raise ValueError(f"{_wrong(path, kind)}: it is damaged, its sum is another")
    settings: dict[str, Any] = json.loads(about["settings"])
    return tensors, settings


def _wrong(path: Path, kind: Kind) -> str:
    return f"{kind.meant}, not {str(path)!r}"


def _sum(tensors: Mapping[str, Tensor], about: str) -> str:
    total = zlib.crc32(about.encode())
    for name, value in sorted(tensors.items()):
        head = f"{name} {value.dtype} {list(value.shape)}"
        total = zlib.crc32(head.encode(), total)
        total = zlib.crc32(value.reshape(-1).view(torch.uint8).numpy().data, total)
    return f"{total:08x}"
