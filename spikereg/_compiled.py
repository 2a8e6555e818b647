"""Loops compiled by Numba, the arrays they take, and how threads share them."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, no_type_check

import numba
import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from numba.extending import register_jitable
from torch import Tensor

from spikereg import _threads as threads

Array = npt.NDArray[Any]
#: A call that is prepared, to be made again and again.
Call = Callable[[], object]

# The C library of Linux gives large arrays back to the system when they are freed, and
# fetches their pages again, one fault each, for the next: in a training step that took
# more time than the loops.  It keeps arrays as large as it has once seen freed, so free
# one of 31 MiB.  Whoever sets MALLOC_MMAP_THRESHOLD_ decides otherwise.
np.empty(31 * 2**20, np.uint8)

#: The names of the functions that are compiled into loops, and where they stand.
_ROWS: dict[str, tuple[str, int]] = {}

# Elements of one task below which a second thread brings nothing in a training step.
_SMALLEST_TASK = 200_000


@no_type_check
def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Compile at the first call and keep the result on disk where that is allowed.

    Nothing is fused or reordered (no fast-math), and the GIL is released.
    """
    options |= {"nogil": True, "error_model": "numpy"}
    try:
        dispatcher = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # Numba found no folder to write to
        return numba.njit(**options)(function)
    dispatcher.compile = _one_at_a_time(dispatcher.compile, dispatcher)
    return dispatcher


def _one_at_a_time(
    compile_: Callable[[Any], Any], dispatcher: Any
) -> Callable[[Any], Any]:
    """Let only one process at a time look up, compile and keep.

    Numba numbers what it keeps of a function, one file for each data type. Of two
    processes that do this at the same moment, each for another type, both may take the
    same number, and a later one would run the loop of the wrong type.
    """

    def locked(signature: Any) -> Any:
        folder = dispatcher.stats.cache_path
        os.makedirs(folder, exist_ok=True)
        # One for all of a thread: a loop may call another that is to be compiled.
        with FileLock(os.path.join(folder, "spikereg.lock"), is_singleton=True):
            return compile_(signature)

    return locked


def compiled_without_allocation(function: Callable[..., Any], name: str) -> Any:
    """Compile a loop that makes slices but no arrays.

    The result is kept under a name of its own: two processes that compile other loops
    under the same one may each overwrite what the other has kept.

    Numba counts the references to every slice, atomically. In loops over short rows
    this took most of the time; without its run-time library it counts nothing.
    """
    function.__qualname__ = name
    return compiled(function, _nrt=False)


def row(function: Callable[..., Any]) -> Any:
    """Let a function of rows be compiled into the loops that call it.

    Compiled by itself it would be compiled again in each process.

    In compiled code a function is known by its name and a number that each process
    counts anew. Where two functions share a name, such as that of all lambdas, a loop
    that another process has compiled and kept may call the other one: so none may.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    code = function.__code__
    place = code.co_filename, code.co_firstlineno
    if "<" in name or _ROWS.setdefault(name, place) != place:
        raise ValueError(f"a function of rows must have a name of its own, not {name}")
    return register_jitable(error_model="numpy")(function)


def first_derivatives_only(instead: str) -> None:
    """Raise where the way back is to be differentiated: compiled code has no graph."""
    if torch.is_grad_enabled():
        raise RuntimeError(
            f"compiled code has first derivatives only: for second ones, as with "
            f"create_graph=True, use {instead}"
        )


def flat(tensor: Tensor) -> npt.NDArray[np.floating]:
    """View a tensor on the CPU as a flat array: a copy if it is not contiguous."""
    return tensor.detach().contiguous().numpy().reshape(-1)


def share(
    loop: Callable[..., object], arrays: Sequence[Any], *, parts: int, elements: int
) -> None:
    """Run a compiled loop over all parts, shared among threads where that pays.

    Args:
        loop: Called as ``loop(*arrays, first, last)`` with the bounds of some parts;
            what it writes must not depend on them.
        arrays: Its other arguments.
        parts: Into how many parts the work can be cut.
        elements: Size of the whole work.
    """
    sharing(loop, arrays, parts=parts, elements=elements)()


def sharing(
    loop: Callable[..., object], arrays: Sequence[Any], *, parts: int, elements: int
) -> Call:
    """Give what does as :func:`share`, to be called again and again."""
    whole = partial(loop, *arrays, 0, parts)
    if elements < 2 * _SMALLEST_TASK:
        return whole

    def call() -> None:
        tasks = min(torch.get_num_threads(), elements // _SMALLEST_TASK, parts)
        if tasks < 2:
            whole()
            return
        bounds = [parts * task // tasks for task in range(tasks + 1)]
        threads.run([partial(loop, *arrays, *pair) for pair in pairwise(bounds)])

    return call
