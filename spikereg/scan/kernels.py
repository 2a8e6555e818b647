"""The loops over time, compiled by Numba.  Nothing here knows of PyTorch.

A layer of N neurons on a batch of B is a row of M = B·N columns that never meet.  All
arrays come flat, as ``[T·M]``, ``[M]`` or, for β and θ, ``[N]`` or ``[1]``.  The order
of the operations is snnTorch's, and nothing is fused or reordered: the results have the
same bits.

Each equation is a loop of its own, over slices that start at 0.  LLVM turns such loops
into vector instructions; one loop with all equations has too many arrays for it to
prove that they do not overlap, and runs eight times slower.
"""

from typing import no_type_check

import numpy as np

from spikereg._compiled import compiled

SUBTRACT, ZERO, NONE = 0, 1, 2  # resets
FAST_SIGMOID, ATAN, GIVEN = 0, 1, 2  # surrogates

#: Columns that are walked through time together: their state stays in the cache.
TILE = 1024


@compiled
@no_type_check
def _spread(values, start, width, like):
    """Give each column from ``start`` on its own β or θ."""
    spread = np.empty(width, like.dtype)
    for m in range(width):
        spread[m] = values[(start + m) % len(values)]
    return spread


@compiled
@no_type_check
def _clamp(beta):
    decay = np.empty_like(beta)
    for m in range(len(beta)):
        decay[m] = 0 if beta[m] < 0 else 1 if beta[m] > 1 else beta[m]
    return decay


@compiled
@no_type_check
def forward(reset, state, beta, threshold, membrane, spikes, first, last):
    """Turn currents into membranes, and fill in the spikes.

    ``membrane`` holds the current when it comes.  ``spikes`` of length 0 are not
    wanted.  Only the columns from ``first`` to ``last`` are touched.
    """
    if first == last:  # an empty batch
        return
    membrane = membrane.reshape(-1, len(state))
    spikes = spikes.reshape(-1, len(state))
    one, zero = membrane.dtype.type(1), membrane.dtype.type(0)
    for start in range(first, last, TILE):
        stop = min(start + TILE, last)
        width = stop - start
        decay = _clamp(_spread(beta, start, width, membrane))
        theta = _spread(threshold, start, width, membrane)
        for t in range(len(membrane)):
            before = membrane[t - 1, start:stop] if t else state[start:stop]
            u = membrane[t, start:stop]
            if reset == SUBTRACT:
                for m in range(width):
                    r = one if before[m] - theta[m] > 0 else zero
                    u[m] = (decay[m] * before[m] + u[m]) - r * theta[m]
            elif reset == ZERO:
                for m in range(width):
                    r = one if before[m] - theta[m] > 0 else zero
                    u[m] = decay[m] * ((one - r) * before[m]) + u[m]
            else:
                for m in range(width):
                    u[m] = decay[m] * before[m] + u[m]
            if len(spikes):
                s = spikes[t, start:stop]
                for m in range(width):
                    s[m] = one if u[m] - theta[m] > 0 else zero


@compiled
@no_type_check
def backward(
    reset,
    surrogate,
    slope,
    state,
    beta,
    threshold,
    membrane,
    to_membrane,
    to_current,
    to_state,
    to_beta,
    to_threshold,
    first,
    last,
):
    """Walk back through time, from the gradients of the outputs to those of the inputs.

    ``to_current`` holds the gradient of the spikes when it comes, under ``GIVEN`` times
    that of the surrogate.  ``to_membrane`` of length 0 is zero.  ``to_beta`` and
    ``to_threshold`` are filled with a number for each column, as if it had a β and a θ
    of its own; those of length 0 are not wanted.
    """
    if first == last:
        return
    membrane = membrane.reshape(-1, len(state))
    to_current = to_current.reshape(-1, len(state))
    to_membrane = to_membrane.reshape(-1, len(state))
    one, zero = membrane.dtype.type(1), membrane.dtype.type(0)
    k = membrane.dtype.type(slope)
    for start in range(first, last, TILE):
        stop = min(start + TILE, last)
        width = stop - start
        raw = _spread(beta, start, width, membrane)
        decay = _clamp(raw)
        theta = _spread(threshold, start, width, membrane)
        dbeta, dtheta = to_beta[start:stop], to_threshold[start:stop]
        carried = to_state[start:stop]
        for gradient in (dbeta, dtheta, carried):
            gradient[:] = 0
        later = np.zeros_like(carried) if len(dtheta) else carried
        for t in range(len(membrane) - 1, -1, -1):
            before = membrane[t - 1, start:stop] if t else state[start:stop]
            u, delta = membrane[t, start:stop], to_current[t, start:stop]
            # What comes through the spike, its gradient times the surrogate's, and
            # what comes from the step after, unless θ wants to see the former alone
            if surrogate == FAST_SIGMOID:
                for m in range(width):
                    x = one + k * abs(u[m] - theta[m])
                    delta[m] = delta[m] / (x * x) + later[m]
            elif surrogate == ATAN:
                for m in range(width):
                    x = k * (u[m] - theta[m])
                    delta[m] = delta[m] / (one + x * x) + later[m]
            else:  # GIVEN: it has been multiplied already
                for m in range(width):
                    delta[m] += later[m]
            if len(dtheta):
                for m in range(width):
                    dtheta[m] -= delta[m]
                for m in range(width):
                    delta[m] += carried[m]
            # With what reaches the membrane itself, delta is whole
            if len(to_membrane):
                gu = to_membrane[t, start:stop]
                for m in range(width):
                    delta[m] += gu[m]
            if reset == SUBTRACT:
                for m in range(len(dtheta)):
                    r = one if before[m] - theta[m] > 0 else zero
                    dtheta[m] -= delta[m] * r
            if reset == ZERO:
                for m in range(len(dbeta)):
                    kept = zero if before[m] - theta[m] > 0 else one
                    dbeta[m] += delta[m] * (kept * before[m])
                for m in range(width):
                    kept = zero if before[m] - theta[m] > 0 else one
                    carried[m] = decay[m] * delta[m] * kept
            else:
                for m in range(len(dbeta)):
                    dbeta[m] += delta[m] * before[m]
                for m in range(width):
                    carried[m] = decay[m] * delta[m]
        for m in range(len(dbeta)):
            if not 0 <= raw[m] <= 1:  # the clamp lets nothing through
                dbeta[m] = 0
