"""What the rows of a layer read of its neurons, and where their gradients go."""

import math
from functools import partial
from typing import Any, Protocol, no_type_check, runtime_checkable

import numpy as np
from torch import Tensor, nn

from spikereg._compiled import Array, Call, compiled_without_allocation
from spikereg.neurons import Kind
from spikereg.scan.arrays import shared

#: Where each learned parameter's gradient goes, by the parameter's identity.
Gradients = dict[int, Tensor]


@runtime_checkable
class Parameters(Protocol):
    """What the rows of a layer read, and the gradients of what it is made of.

    Attributes:
        wanted: Of which rows the gradients matter.
    """

    wanted: Array

    def bind(self, p: Array, to_p: Array) -> tuple[list[Call], list[Call]]:
        """Give what fills in the rows, and what puts the gradients from theirs.

        Args:
            p: The rows, ``[P, B, N]``.
            to_p: Their gradients.
        """


class _AsTheyAre:
    """Parameters that the rows read in their order, clamped to their ranges."""

    def __init__(self, kind: Kind, neuron: nn.Module, to: Gradients) -> None:
        self._rows = []
        for name in kind.PARAMETERS:
            value, gradient = getattr(neuron, name), to.get(id(getattr(neuron, name)))
            number = value.detach().numpy().dtype.type
            low, high = map(number, kind.RANGES.get(name, (-math.inf, math.inf)))
            to_value = None if gradient is None else gradient.numpy().reshape(-1)
            plain = value.detach()
            self._rows.append((plain.numpy().reshape(-1), low, high, to_value, plain))
        self.wanted = np.array([gradient is not None for *_, gradient, _ in self._rows])

    def bind(self, p: Array, to_p: Array) -> tuple[list[Call], list[Call]]:
        reads: list[Call] = []
        writes: list[Call] = []
        for row, to_row, (value, low, high, gradient, plain) in zip(
            p, to_p, self._rows, strict=True
        ):
            reads.append(partial(_read, value, low, high, row))
            if gradient is None:
                continue
            if len(value) == to_row.shape[1]:
                writes.append(partial(_write, to_row, value, low, high, gradient))
            else:
                bounds = low, high
                writes.append(partial(_to_one, to_row, plain, value, bounds, gradient))
        return reads, writes


class _Derived:
    """Parameters of which the rows read what the kind derives from them."""

    def __init__(self, kind: Kind, neuron: nn.Module, to: Gradients) -> None:
        self._kind, self._neuron = kind, neuron
        self._raw = _AsTheyAre(kind, neuron, to)
        self.wanted = np.array([v.requires_grad for v in kind.parameters(neuron)])

    def bind(self, p: Array, to_p: Array) -> tuple[list[Call], list[Call]]:
        raw, to_raw = (np.empty_like(p[:, :1]) for _ in range(2))
        reads, writes = self._raw.bind(raw, to_raw)
        derive: Any = self._kind.derive
        there, back = derive(self._neuron, raw, p, to_p, to_raw)
        return [*reads, there], [back, *writes]


def _to_one(
    rows: Array, plain: Tensor, value: Array, bounds: tuple[Any, Any], gradient: Array
) -> None:
    """Put the gradient of one number for all neurons."""
    rows = shared(rows.sum(axis=0), plain).numpy().reshape(1, 1)
    _write(rows, value, *bounds, gradient)


@no_type_check
def _clamped_into(value, low, high, row):
    for b in range(len(row)):
        for n in range(row.shape[1]):
            x = value[n] if len(value) > 1 else value[0]
            if x < low:
                x = low
            elif x > high:
                x = high
            row[b, n] = x


@no_type_check
def _summed_into(rows, value, low, high, gradient):
    """Add up a batch; what is outside of its range is clamped and has no gradient."""
    gradient[:] = 0
    for b in range(len(rows)):
        for n in range(len(gradient)):
            gradient[n] += rows[b, n]
    for n in range(len(gradient)):
        if value[n] < low or value[n] > high:
            gradient[n] = 0


_read = compiled_without_allocation(_clamped_into, "_clamped_into")
_write = compiled_without_allocation(_summed_into, "_summed_into")


def parameters_of(kind: Kind, neuron: nn.Module, to: Gradients) -> Parameters:
    """Look at the parameters of a layer."""
    return (_Derived if kind.derive else _AsTheyAre)(kind, neuron, to)
