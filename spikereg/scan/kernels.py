"""The loops over time, compiled by Numba.  Nothing here knows of PyTorch.

A layer of N neurons on a batch of B is a row of M = B·N columns that never meet, so
every array is ``[T, M]`` or ``[M]``.  The order of the operations is snnTorch's, and
nothing is fused or reordered: the results have the same bits.

Each equation is a loop of its own, over slices that start at 0.  LLVM turns such loops
into vector instructions; one loop with all equations has too many arrays for it to
prove that they do not overlap, and runs eight times slower.
"""

from typing import Any, no_type_check

import numba
import numpy as np

__all__ = ["ATAN", "FAST_SIGMOID", "GIVEN", "backward", "forward"]

SUBTRACT, ZERO = 0, 1  # as snnTorch numbers them; any other number is no reset
FAST_SIGMOID, ATAN, GIVEN = 0, 1, 2

#: Columns that are walked through time together: their state stays in the cache.
TILE = 2048


@no_type_check
def _compiled(function) -> Any:
    """Compile at the first call and keep the result on disk where that is allowed."""
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # Numba found no folder to write to
        return numba.njit(**options)(function)


@_compiled
@no_type_check
def _spread(values, start, decay):
    """Give each column from ``start`` on its own β or θ."""
    for m in range(len(decay)):
        decay[m] = values[(start + m) % len(values)]


@_compiled
@no_type_check
def _clamp(decay):
    for m in range(len(decay)):
        decay[m] = 0 if decay[m] < 0 else 1 if decay[m] > 1 else decay[m]


@_compiled
@no_type_check
def forward(reset, current, state, beta, threshold, membrane, spikes, first, last):
    """Fill ``membrane`` and ``spikes`` in the columns from ``first`` to ``last``."""
    one, zero = current.dtype.type(1), current.dtype.type(0)
    for start in range(first, last, TILE):
        stop = min(start + TILE, last)
        width = stop - start
        decay, theta = np.empty(width, current.dtype), np.empty(width, current.dtype)
        _spread(beta, start, decay)
        _clamp(decay)
        _spread(threshold, start, theta)
        for t in range(len(current)):
            before = membrane[t - 1, start:stop] if t else state[start:stop]
            i, u = current[t, start:stop], membrane[t, start:stop]
            s = spikes[t, start:stop]
            if reset == SUBTRACT:
                for m in range(width):
                    r = one if before[m] - theta[m] > 0 else zero
                    u[m] = (decay[m] * before[m] + i[m]) - r * theta[m]
            elif reset == ZERO:
                for m in range(width):
                    r = one if before[m] - theta[m] > 0 else zero
                    u[m] = decay[m] * ((one - r) * before[m]) + i[m]
            else:
                for m in range(width):
                    u[m] = decay[m] * before[m] + i[m]
            for m in range(width):
                s[m] = one if u[m] - theta[m] > 0 else zero


@_compiled
@no_type_check
def backward(
    reset,
    surrogate,
    slope,
    membrane,
    state,
    beta,
    threshold,
    to_spikes,
    to_membrane,
    to_current,
    to_state,
    to_beta,
    to_threshold,
    first,
    last,
):
    """Walk back through time and fill the four gradients ``to_...`` of the inputs.

    ``to_spikes`` and ``to_membrane`` are the gradients of the outputs; one of length 0
    is zero.  ``to_beta`` and ``to_threshold`` are added to, in float64; one of length 0
    is not wanted.
    """
    one, zero = membrane.dtype.type(1), membrane.dtype.type(0)
    k = membrane.dtype.type(slope)
    for start in range(first, last, TILE):
        stop = min(start + TILE, last)
        width = stop - start
        decay, theta = np.empty(width, membrane.dtype), np.empty(width, membrane.dtype)
        _spread(beta, start, decay)
        _clamp(decay)
        _spread(threshold, start, theta)
        carried = to_state[start:stop]
        carried[:] = 0
        dbeta, dtheta = np.zeros(width, membrane.dtype), np.zeros(width, membrane.dtype)
        for t in range(len(membrane) - 1, -1, -1):
            before = membrane[t - 1, start:stop] if t else state[start:stop]
            u, delta = membrane[t, start:stop], to_current[t, start:stop]
            # What comes through the spike: its gradient times the surrogate's
            if len(to_spikes) == 0:
                for m in range(width):
                    delta[m] = carried[m]
            else:
                gs = to_spikes[t, start:stop]
                if surrogate == FAST_SIGMOID:
                    for m in range(width):
                        x = one + k * abs(u[m] - theta[m])
                        delta[m] = gs[m] / (x * x)
                elif surrogate == ATAN:
                    for m in range(width):
                        x = k * (u[m] - theta[m])
                        delta[m] = gs[m] / (one + x * x)
                else:  # GIVEN: it has been multiplied already
                    for m in range(width):
                        delta[m] = gs[m]
                if len(to_threshold):
                    for m in range(width):
                        dtheta[m] -= delta[m]
                for m in range(width):
                    delta[m] += carried[m]
            # With what reaches the membrane itself, delta is whole
            if len(to_membrane):
                gu = to_membrane[t, start:stop]
                for m in range(width):
                    delta[m] += gu[m]
            if len(to_threshold) and reset == SUBTRACT:
                for m in range(width):
                    r = one if before[m] - theta[m] > 0 else zero
                    dtheta[m] -= delta[m] * r
            if reset == ZERO:
                for m in range(width):
                    kept = zero if before[m] - theta[m] > 0 else one
                    dbeta[m] += delta[m] * (kept * before[m])
                for m in range(width):
                    kept = zero if before[m] - theta[m] > 0 else one
                    carried[m] = decay[m] * delta[m] * kept
            else:
                for m in range(width):
                    dbeta[m] += delta[m] * before[m]
                for m in range(width):
                    carried[m] = decay[m] * delta[m]
        if len(to_beta):
            for m in range(width):
                n = (start + m) % len(beta)
                if 0 <= beta[n] <= 1:  # the clamp lets nothing else through
                    to_beta[n] += dbeta[m]
        if len(to_threshold):
            for m in range(width):
                to_threshold[(start + m) % len(threshold)] += dtheta[m]
