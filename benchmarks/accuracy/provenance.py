"""What a number depends on beside its trial: sources, versions, the machine's kind."""

import hashlib
import platform
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from modulefinder import Module, ModuleFinder
from pathlib import Path
from typing import Any

import torch

#: The packages whose files are hashed, and the module from which a training starts.
OURS = "accuracy", "spikereg"
ENTRY = "accuracy.work"


@cache
def provenance() -> tuple[tuple[str, str], ...]:
    """Return what this process computes with, by name.

    Asked for once, as early as possible: a file that is edited later is not the one
    that this process has imported.
    """
    python, _, _ = platform.python_version().rpartition(".")
    libraries = {
        name: version(name)
        for name in (
            *("torch", "snntorch", "numpy", "numba"),
            *("pandas", "scikit-learn", "statsmodels"),
        )
    }
    # PyTorch picks its kernels by what the processor can do.
    cpu = f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    found = {"python": python, **libraries, "cpu": cpu, "sources": sources()}
    return tuple(found.items())


def same_here(asked: tuple[tuple[str, str], ...]) -> None:
    """Raise unless this process computes with what was asked for."""
    own = dict(provenance())
    other = [f"{k} {own.get(k)}, not {v}" for k, v in asked if own.get(k) != v]
    if other:
        raise RuntimeError(
            f"{platform.node()} computes with {'; '.join(other)}: start the command "
            f"again if you have changed a file, or give all machines the same"
        )


def sources(path: Sequence[str] | None = None) -> str:
    """Hash the files that a training imports.

    Args:
        path: The folders in which to look for packages; ``sys.path`` if ``None``.

    Returns:
        The hash of their names as modules and their contents, wherever they lie.
    """
    digest = hashlib.sha256()
    for name, file in imported(path).items():
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()


def imported(path: Sequence[str] | None = None) -> dict[str, Path]:
    """Name the modules that a training imports, without importing them."""
    finder = _Finder(list(sys.path if path is None else path))
    finder.import_hook(ENTRY)
    missing = set(OURS) - finder.modules.keys()
    if missing:
        raise RuntimeError(f"no source of {sorted(missing)} was found in {path}")
    return {
        name: Path(module.__file__)  # type: ignore[attr-defined]
        for name, module in sorted(finder.modules.items())
    }


class _Finder(ModuleFinder):
    """Follows imports within our packages only: the others have versions."""

    def find_module(
        self, name: str, path: Any, parent: Module | None = None
    ) -> tuple[Any, ...]:
        full = f"{parent.__name__}.{name}" if parent else name  # type: ignore[attr-defined]
        if full.partition(".")[0] not in (*OURS, "__init__"):
            raise ImportError(name)
        return super().find_module(name, path, parent)
