"""The loops over spikes, compiled by Numba.  Nothing here knows of PyTorch.

Neurons are given by their membranes ``[R, I]``, a row for each step of each sample, and
thresholds ``[I]``: a neuron has fired where its membrane is above its threshold.
"""

from typing import no_type_check

import numpy as np

from spikereg._compiled import compiled

__all__ = ["add_columns", "add_rows", "compare", "count", "is_binary"]

#: Rows whose gradients are summed up together, small enough to stay in the cache.
BLOCK = 256


@compiled
@no_type_check
def is_binary(values):
    """Say whether all values are 0 or 1."""
    ones, zeros = 0, 0
    for i in range(len(values)):
        ones += values[i] == 1
        zeros += values[i] == 0
    return ones + zeros == len(values)


@compiled
@no_type_check
def count(membrane, threshold):
    """Count the spikes."""
    spikes = 0
    for row in range(len(membrane)):
        u = membrane[row]
        for j in range(len(u)):
            spikes += u[j] - threshold[j] > 0
    return spikes


@compiled
@no_type_check
def compare(membrane, threshold, spikes):
    """Fill in the spikes, 0 or 1."""
    one, zero = membrane.dtype.type(1), membrane.dtype.type(0)
    for row in range(len(membrane)):
        u, s = membrane[row], spikes[row]
        for j in range(len(u)):
            s[j] = one if u[j] - threshold[j] > 0 else zero


@compiled
@no_type_check
def _list(membrane, threshold, fired):
    """List which neurons fired, and return how many."""
    spikes = 0
    for j in range(len(membrane)):
        fired[spikes] = j  # stays only if it counts: cheaper than a branch
        spikes += membrane[j] - threshold[j] > 0
    return spikes


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
def add_columns(membrane, threshold, columns, currents, first, last):
    """Add to each row of currents the columns of the weights that it picks."""
    fired = np.empty(membrane.shape[1] + 1, np.int32)
    for row in range(first, last):
        spikes = _list(membrane[row], threshold, fired)
        _add(columns, fired, spikes, currents[row])


@compiled
@no_type_check
def add_rows(membrane, threshold, gradients, to_columns, first, last):
    """Add to each column's gradient those of the rows that picked it."""
    width = last - first
    fired, spikes = np.empty(width + 1, np.int32), np.empty(width, np.int32)
    rows = np.empty((width, BLOCK), np.int32)
    for start in range(0, len(membrane), BLOCK):
        spikes[:] = 0
        for row in range(start, min(start + BLOCK, len(membrane))):
            u = membrane[row, first:last]
            for k in range(_list(u, threshold[first:last], fired)):
                j = fired[k]
                rows[j, spikes[j]] = row
                spikes[j] += 1
        for j in range(width):
            _add(gradients, rows[j], spikes[j], to_columns[first + j])
