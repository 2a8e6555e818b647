"""The loops over spikes, compiled by Numba.  Nothing here knows of PyTorch.

Spikes are ``[R, I]``, 0 or 1, a row for each step of each sample.
"""

from typing import no_type_check

import numpy as np

from spikereg._compiled import compiled

__all__ = ["add_columns", "add_rows", "count"]

#: Rows whose gradients are summed up together, small enough to stay in the cache.
BLOCK = 256


@compiled
@no_type_check
def count(values):
    """Count the ones; −1 if there is anything but 0 and 1."""
    ones, zeros = 0, 0
    for i in range(len(values)):
        ones += values[i] == 1
        zeros += values[i] == 0
    return ones if ones + zeros == len(values) else -1


@compiled
@no_type_check
def _list(spikes, fired):
    """List which neurons fired, and return how many."""
    count = 0
    for j in range(len(spikes)):
        fired[count] = j  # stays only if it counts: cheaper than a branch
        count += spikes[j] == 1
    return count


@compiled
@no_type_check
def _add(rows, which, count, total):
    """Add up the listed rows, eight for each time that the total is written."""
    done = 0
    while done + 8 <= count:
        a, b = rows[which[done]], rows[which[done + 1]]
        c, d = rows[which[done + 2]], rows[which[done + 3]]
        e, f = rows[which[done + 4]], rows[which[done + 5]]
        g, h = rows[which[done + 6]], rows[which[done + 7]]
        for n in range(len(total)):
            total[n] += ((a[n] + b[n]) + (c[n] + d[n])) + (
                (e[n] + f[n]) + (g[n] + h[n])
            )
        done += 8
    while done < count:
        a = rows[which[done]]
        for n in range(len(total)):
            total[n] += a[n]
        done += 1


@compiled
@no_type_check
def add_columns(spikes, columns, currents, first, last):
    """Add to each row of currents the columns of the weights that it picks."""
    fired = np.empty(spikes.shape[1] + 1, np.int32)
    for row in range(first, last):
        _add(columns, fired, _list(spikes[row], fired), currents[row])


@compiled
@no_type_check
def add_rows(spikes, gradients, to_columns, first, last):
    """Add to each column's gradient those of the rows that picked it."""
    width = last - first
    fired, counts = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    rows = np.empty((width, BLOCK), np.int32)
    for start in range(0, len(spikes), BLOCK):
        counts[:] = 0
        for row in range(start, min(start + BLOCK, len(spikes))):
            for k in range(_list(spikes[row, first:last], fired)):
                j = fired[k]
                rows[j, counts[j]] = row
                counts[j] += 1
        for j in range(width):
            _add(gradients, rows[j], counts[j], to_columns[first + j])
