"""Threads for work that releases the GIL."""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

# Elements of one task below which a second thread costs more than it brings.
_SMALLEST_TASK = 100_000


def run(work: Callable[[int, int], Any], whole: Tensor) -> list[Any]:
    """Do the work on all columns, shared among threads where that pays.

    Args:
        work: Called as ``work(first, last)`` with the bounds of some columns.
        whole: Has the size of the work, ``[T, B, N]``: B times N columns.

    Returns:
        What the calls returned.
    """
    columns = math.prod(whole.shape[1:])
    tasks = min(torch.get_num_threads(), whole.numel() // _SMALLEST_TASK, columns)
    if tasks < 2:
        return [work(0, columns)]
    bounds = [columns * task // tasks for task in range(tasks + 1)]
    pool = _pool(tasks)
    others = [pool.submit(work, *pair) for pair in pairwise(bounds[1:])]
    return [work(0, bounds[1]), *(other.result() for other in others)]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Keep the threads: Numba's own pools do not survive a fork."""
    return ThreadPoolExecutor(threads - 1, thread_name_prefix="spikereg")


# A forked child has the pools but not their threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)
