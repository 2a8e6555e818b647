"""The loops over time, compiled around the rows of a kind.  Nothing here knows PyTorch.

Each equation is a loop of its own over rows that are contiguous. LLVM turns such loops
into vector instructions; in one loop with all equations it cannot prove that so many
arrays do not overlap. Nothing is fused or reordered: the results have snnTorch's bits.
"""

import inspect
import zlib
from functools import cache
from typing import Any, no_type_check

from spikereg._compiled import compiled_without_allocation, row
from spikereg.neurons import own
from spikereg.scan import surrogates
from spikereg.scan.surrogates import ATAN, FAST_SIGMOID

#: Columns that are walked through time together: their states stay in the cache.
TILE = 1024


# Slices cost time, so the loops make few of them: one a row and step.
@row
@no_type_check
def _one_row(some, at):
    return (some[0, at],)


@row
@no_type_check
def _two_rows(some, at):
    return some[0, at], some[1, at]


@row
@no_type_check
def _three_rows(some, at):
    return some[0, at], some[1, at], some[2, at]


@row
@no_type_check
def _four_rows(some, at):
    return some[0, at], some[1, at], some[2, at], some[3, at]


@row
@no_type_check
def _five_rows(some, at):
    return some[0, at], some[1, at], some[2, at], some[3, at], some[4, at]


_rows = {1: _one_row, 2: _two_rows, 3: _three_rows, 4: _four_rows, 5: _five_rows}


@cache
def walks(kind: Any) -> tuple[Any, Any]:
    """Compile the walks of a kind, around its rows.

    Args:
        kind: Its module.

    Returns:
        The walk through time from step ``t0`` to ``t1``, and the one back, over the
        columns from ``first`` to ``last``. Rows of length 0 are not there. Inputs are
        ``[T, B, INPUTS, N]``, so that a tile is a sample, or ``[T, 1, 1, M]``.
    """
    advance, retreat, keeps_inputs = kind.advance, kind.retreat, kind.KEEPS_INPUTS
    inputs_of, parameters_of = _rows[kind.INPUTS], _rows[len(kind.PARAMETERS)]

    @no_type_check
    def forward(reset, p, start, start_v, inputs, u, v, spikes, t0, t1, first, last):
        groups, width = inputs.shape[1], inputs.shape[3]
        tile = TILE if groups == 1 else width
        for column in range(first, last, tile):
            at = slice(column, min(column + tile, last))
            group = column // width if groups > 1 else 0
            of_group = at if groups == 1 else slice(0, width)
            parameters = parameters_of(p, at)
            theta, v0 = parameters[-1], start_v[at]
            v1 = v0
            if t0:
                u0, s0 = u[t0 - 1, at], spikes[t0 - 1, at]
                if len(v0):
                    v0 = v[t0 - 1, at]
            else:
                u0, s0 = start[0, at], start[1, at]
                _fire(u0, theta, s0)
            for t in range(t0, t1):
                u1, s1, x = (
                    u[t, at],
                    spikes[t, at],
                    inputs_of(inputs[t, group], of_group),
                )
                if len(v0):
                    v1 = v[t, at]
                advance(reset, parameters, u0, v0, s0, x, u1, v1)
                _fire(u1, theta, s1)
                u0, v0, s0 = u1, v1, s1

    @no_type_check
    def backward(
        surrogate,
        slope,
        wanted,
        spikes_matter,
        reset,
        p,
        start,
        start_v,
        inputs,
        u,
        v,
        spikes,
        to_spikes,
        to_membrane,
        to_other,
        carried,
        to_inputs,
        to_p,
        t0,
        t1,
        first,
        last,
    ):
        groups, width = to_inputs.shape[1], to_inputs.shape[3]
        tile = TILE if groups == 1 else width
        for column in range(first, last, tile):
            at = slice(column, min(column + tile, last))
            group = column // width if groups > 1 else 0
            of_group = at if groups == 1 else slice(0, width)
            parameters, to_parameters = parameters_of(p, at), parameters_of(to_p, at)
            theta, to_u, to_s = parameters[-1], carried[0, at], carried[2, at]
            v0 = start_v[at]
            to_v = carried[1, at][: len(v0)]
            d, u1, v1 = carried[3, at], u[t1 - 1, at], v0
            if len(v0):
                v1 = v[t1 - 1, at]
            for t in range(t1 - 1, t0 - 1, -1):
                if t:
                    u0, s0 = u[t - 1, at], spikes[t - 1, at]
                    if len(v0):
                        v0 = v[t - 1, at]
                else:
                    u0, v0, s0 = start[0, at], start_v[at], start[1, at]
                if to_spikes.shape[1] == 0:
                    _through(surrogate, slope, u1, theta, to_s, d)
                elif spikes_matter:
                    _add(to_spikes[t, at], to_s)
                    _through(surrogate, slope, u1, theta, to_s, d)
                else:
                    _through(surrogate, slope, u1, theta, to_spikes[t, at], d)
                if spikes_matter:
                    to_s[:] = 0
                if to_membrane.shape[1]:
                    _add(to_membrane[t, at], to_u)
                if to_other.shape[1]:
                    _add(to_other[t, at], to_v)
                to_x = inputs_of(to_inputs[t, group], of_group)
                x = inputs_of(inputs[t, group], of_group) if keeps_inputs else to_x
                retreat(
                    reset,
                    parameters,
                    wanted,
                    u0,
                    v0,
                    s0,
                    x,
                    u1,
                    v1,
                    d,
                    to_u,
                    to_v,
                    to_s,
                    to_x,
                    to_parameters,
                )
                u1, v1 = u0, v0

    # Numba keeps what it compiles by the file that this stands in and by its name:
    # without the text of the rows in it, it would not see a change in them.
    texts = map(inspect.getsource, (kind, own, surrogates))
    version = f"{kind.__name__}.{zlib.crc32(''.join(texts).encode()):08x}"
    return (
        compiled_without_allocation(forward, f"forward.{version}"),
        compiled_without_allocation(backward, f"backward.{version}"),
    )


@row
@no_type_check
def _fire(u, theta, s):
    one, zero = u.dtype.type(1), u.dtype.type(0)
    for m in range(len(u)):
        s[m] = one if u[m] - theta[m] > 0 else zero


@row
@no_type_check
def _add(some, total):
    for m in range(len(total)):
        total[m] += some[m]


@row
@no_type_check
def _through(surrogate, k, u, theta, to_s, d):
    """Go from the spikes to U − θ."""
    one = u.dtype.type(1)
    if surrogate == FAST_SIGMOID:
        for m in range(len(u)):
            x = one + k * abs(u[m] - theta[m])
            d[m] = to_s[m] / (x * x)
    elif surrogate == ATAN:
        for m in range(len(u)):
            x = k * (u[m] - theta[m])
            d[m] = to_s[m] / (one + x * x)
    else:  # it has been through already
        for m in range(len(u)):
            d[m] = to_s[m]
