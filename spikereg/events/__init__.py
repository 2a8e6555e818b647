"""A linear layer driven by events: a neuron that is silent costs nothing."""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import _get_current_dispatch_mode

from spikereg._check import one_of, tensor
from spikereg._compiled import first_derivatives_only, flat, share
from spikereg.events import kernels

__all__ = ["BACKENDS", "linear"]

BACKENDS = ("auto", "dense", "events")

# Where events win, beside the products of a processor with AVX-512: copying the weights
# needs many rows to pay, and a spike many weights, the more the more neurons fire.
_FEWEST_ROWS, _FEWEST_OUTPUTS = 256, 128


def _most_spikes(outputs: int) -> float:
    return min(outputs / 2560, 0.3)


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
            faster: for at least 128 outputs and 256 rows, where few are spikes: at
            most 5 % for 128 outputs, 20 % for 512, 30 % for 768 and more. All else,
            other numbers too, it leaves to ``"dense"``.

    Returns:
        Currents ``[..., O]``, in the data type of the spikes.

    Raises:
        TypeError: If spikes, weight or bias is no tensor.
        ValueError: If the weight is not ``[O, I]``, the bias not ``[O]`` or the backend
            unknown. Under ``"events"`` also if a spike is neither 0 nor 1, a tensor not
            on the CPU, or not all of them float32 or all float64.
        RuntimeError: For a second derivative through ``"events"``.
    """
    one_of("backend", backend, BACKENDS)
    _check_shapes(spikes, weight, bias)
    if backend == "auto":
        backend = "events" if pays(spikes, weight, bias) else "dense"
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
    if not obstacle and kernels.count(flat(spikes)) < 0:
        obstacle = "numbers other than 0 and 1"
    if obstacle:
        raise ValueError(
            f'backend "events" cannot multiply {obstacle}: use "auto" or "dense"'
        )


def pays(spikes: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Say whether to add up events is right, and faster than the dense product."""
    outputs, inputs = weight.shape
    return (
        spikes.numel() >= _FEWEST_ROWS * max(inputs, 1)
        and outputs >= _FEWEST_OUTPUTS
        and not torch.is_autocast_enabled("cpu")
        and _get_current_dispatch_mode() is None  # it sees PyTorch's products only
        and not _obstacle(spikes, weight, bias)
        and 0 <= kernels.count(flat(spikes)) <= _most_spikes(outputs) * spikes.numel()
    )


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, spikes: Tensor, weight: Tensor, bias: Tensor | None
    ) -> Tensor:
        ctx.save_for_backward(spikes, weight)
        currents = weight.new_empty(math.prod(spikes.shape[:-1]), len(weight))
        add_columns(spikes, weight, bias, currents)
        return currents.view(*spikes.shape[:-1], len(weight))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        first_derivatives_only('backend="dense"')
        spikes, weight = ctx.saved_tensors
        for_spikes, for_weight, for_bias = ctx.needs_input_grad
        rows = gradient.reshape(math.prod(gradient.shape[:-1]), len(weight))
        return (
            gradient @ weight if for_spikes else None,
            add_rows(spikes, rows) if for_weight else None,
            rows.sum(dim=0) if for_bias else None,
        )


def add_columns(
    spikes: Tensor, weight: Tensor, bias: Tensor | None, currents: Tensor
) -> None:
    """Fill in the currents, ``[rows, O]``, of spikes ``[..., I]``."""
    currents.zero_() if bias is None else currents.copy_(bias)
    fired = flat(spikes).reshape(len(currents), weight.shape[1])
    columns = weight.detach().t().contiguous().numpy()
    share(
        kernels.add_columns,
        (fired, columns, currents.numpy()),
        parts=len(currents),
        elements=fired.size,
    )


def add_rows(spikes: Tensor, rows: Tensor) -> Tensor:
    """Give the gradient ``[O, I]`` of the weights from that of the currents."""
    fired = flat(spikes).reshape(len(rows), spikes.shape[-1])
    to_columns = rows.new_zeros(spikes.shape[-1], rows.shape[1])
    share(
        kernels.add_rows,
        (fired, rows.contiguous().numpy(), to_columns.numpy()),
        parts=len(to_columns),
        elements=fired.size,
    )
    return to_columns.t()
