"""Calls that release the GIL, run side by side.

PyTorch's threads stay awake for some milliseconds after each of its products. Threads
of our own would have to share the cores with them, so on Linux, where they are those of
GNU OpenMP, calls run in the very same ones. Elsewhere, and in a forked process, which
has none of them left, they run in a pool of our own.
"""

import ctypes
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import torch

Calls = Sequence[Callable[[], object]]


def run(calls: Calls) -> None:
    """Run calls side by side, and raise what one of them raises."""
    openmp = _openmp()
    if openmp is None:
        _run_in_pool(calls)
    else:
        _run_in_openmp(openmp, calls)


def _run_in_openmp(openmp: ctypes.CDLL, calls: Calls) -> None:
    raised: list[BaseException] = []

    def body(_: object) -> None:
        # In a program that is parallel already there may be fewer threads than asked.
        at, step = openmp.omp_get_thread_num(), openmp.omp_get_num_threads()
        try:
            for call in calls[at::step]:
                call()
        except BaseException as error:  # also Ctrl-C: OpenMP would swallow it
            raised.append(error)

    openmp.GOMP_parallel(_BODY(body), None, len(calls), 0)
    if raised:
        raise raised[0]


_BODY = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@cache
def _openmp() -> Any:
    """Find the OpenMP that PyTorch has loaded; ``None`` where it has another one."""
    maps, folder = Path("/proc/self/maps"), str(Path(torch.__file__).parent)
    lines = maps.read_text().splitlines() if maps.exists() else []
    paths = {line[line.index("/") :] for line in lines if "libgomp" in line}
    for path in sorted(paths):
        if path.startswith(folder):
            library = ctypes.CDLL(path)
            library.GOMP_parallel.argtypes = [
                *(_BODY, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)
            ]
            library.GOMP_parallel.restype = None
            return library
    return None


def _run_in_pool(calls: Calls) -> None:
    others = [_pool(len(calls) - 1).submit(call) for call in calls[1:]]
    calls[0]()
    for other in others:
        other.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Keep the threads: Numba's own pools do not survive a fork."""
    return ThreadPoolExecutor(threads, thread_name_prefix="spikereg")


def _in_child() -> None:
    """Forget threads that a forked process has not got."""
    global _openmp
    _openmp = cache(lambda: None)
    _pool.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
