"""A linear layer driven by events: a neuron that is silent costs nothing."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from spikereg._check import one_of, tensor
from spikereg._compiled import flat, share
from spikereg.events import kernels

__all__ = ["BACKENDS", "Fired", "linear"]

BACKENDS = ("auto", "dense", "events")

# Where events win: copying the weights needs many rows to pay, a spike many weights.
_MOST_SPIKES = 0.3
_FEWEST_ROWS, _FEWEST_OUTPUTS = 256, 64


def linear(
    spikes: Float[Tensor, "*rows I"],
    weight: Float[Tensor, "O I"],
    bias: Float[Tensor, "O"] | None = None,
    *,
    backend: str = "auto",
) -> Float[Tensor, "*rows O"]:
    r"""Multiply spikes by weights, as ``torch.nn.functional.linear`` does.

    A spike is 0 or 1, so it picks a column of the weights instead of multiplying it:

    .. math::

        I_n = b_n + \sum_{j:\, S_j = 1} W_{nj} , \qquad
        \frac{\partial L}{\partial W_{nj}}
            = \sum_{\text{rows}:\, S_j = 1} \frac{\partial L}{\partial I_n}

    Neurons that are silent cost nothing in either sum. The gradient for the spikes has
    no zeros to leave out and stays a dense product.

    Args:
        spikes: ``[..., I]``, 0 or 1.
        weight: ``[O, I]``, finite: one that no spike picks is never looked at.
        bias: ``[O]``; zeros if ``None``.
        backend: ``"dense"`` is PyTorch's product. ``"events"`` adds up what the spikes
            pick: on the CPU, in float32 and float64, with first derivatives only; it
            differs from the dense product by the order of the sums, thus in the last
            bits. ``"auto"`` counts the spikes and takes ``"events"`` where it is the
            faster: for at least 64 outputs and 256 rows, of which at most 30 % are
            spikes. All else, other numbers too, it leaves to ``"dense"``.

    Returns:
        Currents ``[..., O]``, in the data type of the spikes.

    Raises:
        TypeError: If spikes, weight or bias is no tensor.
        ValueError: If the weight is not ``[O, I]``, the bias not ``[O]`` or the backend
            unknown. Under ``"events"`` also if a spike is neither 0 nor 1, a tensor not
            on the CPU, or not all of them float32 or all float64.
    """
    one_of("backend", backend, BACKENDS)
    _check_shapes(spikes, weight, bias)
    if backend == "auto":
        backend = "events" if _pays(spikes, weight, bias) else "dense"
    elif backend == "events":
        _check_events(spikes, weight, bias)
    if backend == "dense":
        return F.linear(spikes, weight, bias)
    product: Tensor = _Linear.apply(spikes, weight, bias)  # type: ignore[no-untyped-call]
    return product


def _check_shapes(spikes: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    tensor("spikes", spikes)
    tensor("weight", weight)
    if not spikes.ndim or weight.ndim != 2 or weight.shape[1] != spikes.shape[-1]:
        raise ValueError(
            f"weight must have the shape [O, I] to fit spikes [..., I], not "
            f"{list(weight.shape)} for spikes {list(spikes.shape)}"
        )
    if bias is not None:
        tensor("bias", bias)
        if bias.shape != weight.shape[:1]:
            raise ValueError(
                f"bias must have the shape [O] = {list(weight.shape[:1])}, not "
                f"{list(bias.shape)}"
            )


def _obstacle(spikes: Tensor, weight: Tensor, bias: Tensor | None) -> str:
    """Name the first thing that the compiled loops cannot add up, if there is one."""
    for one in (spikes, weight) if bias is None else (spikes, weight, bias):
        if one.device.type != "cpu":
            return f"tensors on {one.device}"
        if one.dtype not in (torch.float32, torch.float64):
            return f"data type {one.dtype}"
        if one.dtype != spikes.dtype:
            return f"spikes of {spikes.dtype} by {one.dtype}"
    return ""


def _check_events(spikes: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    obstacle = _obstacle(spikes, weight, bias)
    if not obstacle and not _is_binary(spikes):
        obstacle = "numbers other than 0 and 1"
    if obstacle:
        raise ValueError(
            f'backend "events" cannot multiply {obstacle}: use "auto" or "dense"'
        )


def _pays(spikes: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    outputs, inputs = weight.shape
    return (
        _is_large(spikes.numel() // max(inputs, 1), outputs)
        and not torch.is_autocast_enabled("cpu")
        and not _obstacle(spikes, weight, bias)
        and _is_binary(spikes)
        and _of(spikes).are_few()
    )


def _is_large(rows: int, outputs: int) -> bool:
    return rows >= _FEWEST_ROWS and outputs >= _FEWEST_OUTPUTS


def _is_binary(spikes: Tensor) -> bool:
    return bool(kernels.is_binary(flat(spikes)))


def _of(spikes: Tensor) -> "Fired":
    values = flat(spikes)
    return Fired(values, np.zeros(1, values.dtype), spikes.shape)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, spikes: Tensor, weight: Tensor, bias: Tensor | None
    ) -> Tensor:
        ctx.save_for_backward(spikes, weight)
        return _of(spikes).add_up(weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        spikes, weight = ctx.saved_tensors
        for_spikes, for_weight, for_bias = ctx.needs_input_grad
        rows = gradient.flatten(0, -2) if gradient.ndim > 1 else gradient[None]
        return (
            gradient @ weight if for_spikes else None,
            _of(spikes).add_up_for_weight(rows) if for_weight else None,
            rows.sum(dim=0) if for_bias else None,
        )


class Fired:
    """Spikes of a layer, told by where its membrane is above its threshold.

    Args:
        membrane: Flat, of the shape ``[..., I]``.
        threshold: ``[I]`` or ``[1]``.
        shape: That of the membrane.
        by_events: Whether the product was added up by events.
    """

    def __init__(
        self,
        membrane: npt.NDArray[np.floating],
        threshold: npt.NDArray[np.floating],
        shape: Sequence[int],
        by_events: bool = False,
    ) -> None:
        *self._shape, inputs = shape
        self._membrane = membrane.reshape(math.prod(self._shape), inputs)
        if len(threshold) != inputs:
            threshold = np.full(inputs, threshold)
        self._threshold = threshold
        self.by_events = by_events

    def multiply(
        self, weight: Float[Tensor, "O I"], bias: Float[Tensor, "O"] | None
    ) -> Float[Tensor, "*rows O"]:
        """Do as :func:`linear` does by ``"auto"``, without a graph."""
        if _is_large(len(self._membrane), weight.shape[0]) and self.are_few():
            return self.add_up(weight, bias)
        spikes = self._dense(weight).view(*self._shape, weight.shape[1])
        return F.linear(spikes, weight, bias)

    def gradient_for_weight(
        self, to_currents: Float[Tensor, "rows O"]
    ) -> Float[Tensor, "O I"]:
        """Differentiate the product, in the manner in which it was multiplied."""
        if self.by_events:
            return self.add_up_for_weight(to_currents)
        return to_currents.t() @ self._dense(to_currents)

    def are_few(self) -> bool:
        """Say whether there are few enough spikes to be looked at one by one."""
        spikes = kernels.count(self._membrane, self._threshold)
        return bool(spikes <= _MOST_SPIKES * self._membrane.size)

    def add_up(
        self, weight: Float[Tensor, "O I"], bias: Float[Tensor, "O"] | None
    ) -> Float[Tensor, "*rows O"]:
        """Add up the columns of the weights that the spikes pick."""
        outputs, rows = weight.shape[0], len(self._membrane)
        currents = weight.new_zeros(*self._shape, outputs)
        if bias is not None:
            currents += bias
        columns = weight.detach().t().contiguous().numpy()
        share(
            kernels.add_columns,
            (
                self._membrane,
                self._threshold,
                columns,
                currents.numpy().reshape(rows, outputs),
            ),
            parts=rows,
            elements=self._membrane.size,
        )
        self.by_events = True
        return currents

    def add_up_for_weight(
        self, to_currents: Float[Tensor, "rows O"]
    ) -> Float[Tensor, "O I"]:
        """Add up, for each column of the weights, the gradients of what it went to."""
        to_columns = to_currents.new_zeros(len(self._threshold), to_currents.shape[1])
        gradients = to_currents.contiguous().numpy()
        share(
            kernels.add_rows,
            (self._membrane, self._threshold, gradients, to_columns.numpy()),
            parts=len(self._threshold),
            elements=self._membrane.size,
        )
        return to_columns.t()

    def _dense(self, like: Tensor) -> Tensor:
        spikes = like.new_empty(self._membrane.shape)
        kernels.compare(self._membrane, self._threshold, spikes.numpy())
        return spikes
