"""A linear layer driven by events: a neuron that is silent costs nothing."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from spikereg._check import one_of, tensor
from spikereg._compiled import share
from spikereg.events import kernels

__all__ = ["BACKENDS", "linear"]

BACKENDS = ("auto", "dense", "events")

# Where events win, as the benchmark measures it: the weights are copied once, which
# needs many rows to pay, and a spike must be worth looking up by many weights.
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
            spikes. All else it leaves to ``"dense"``, numbers that are not 0 or 1 too.

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
    rows = spikes.reshape(-1, spikes.shape[-1])
    product: Tensor = _Linear.apply(rows, weight, bias)  # type: ignore[no-untyped-call]
    return product.view(*spikes.shape[:-1], len(weight))


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
    rows = spikes.reshape(-1, max(spikes.shape[-1], 1))
    return (
        _is_large(rows, len(weight))
        and not _obstacle(spikes, weight, bias)
        and _is_binary(rows)
        and _are_few(rows, _nothing(rows))
    )


def _is_binary(spikes: Tensor) -> bool:
    return bool(kernels.is_binary(spikes.detach().reshape(-1).numpy()))


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, spikes: Tensor, weight: Tensor, bias: Tensor | None
    ) -> Tensor:
        spikes = spikes.contiguous()
        ctx.save_for_backward(spikes, weight)
        return _add_up(spikes, _nothing(spikes), weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        spikes, weight = ctx.saved_tensors
        for_spikes, for_weight, for_bias = ctx.needs_input_grad
        return (
            gradient @ weight if for_spikes else None,
            _add_up_for_weight(spikes, _nothing(spikes), gradient)
            if for_weight
            else None,
            gradient.sum(dim=0) if for_bias else None,
        )


def multiply(
    membrane: Float[Tensor, "T B I"],
    threshold: Float[Tensor, "I"],
    weight: Float[Tensor, "O I"],
    bias: Float[Tensor, "O"] | None,
) -> tuple[Float[Tensor, "T B O"], bool]:
    """Do as :func:`linear` does, for spikes where membranes are above thresholds.

    It leaves no graph, and asks for contiguous tensors of one data type on the CPU.

    Returns:
        Currents, and whether they were added up by events.
    """
    rows = membrane.view(-1, threshold.shape[0])
    if _is_large(rows, weight.shape[0]) and _are_few(rows, threshold):
        currents = _add_up(rows, threshold, weight, bias)
        return currents.view(*membrane.shape[:-1], -1), True
    return F.linear(_spikes(membrane, threshold), weight, bias), False


def gradient_for_weight(
    membrane: Float[Tensor, "T B I"],
    threshold: Float[Tensor, "I"],
    to_currents: Float[Tensor, "R O"],
    by_events: bool,
) -> Float[Tensor, "O I"]:
    """Differentiate :func:`multiply`, in the same manner as it multiplied."""
    rows = membrane.flatten(0, 1)
    if by_events:
        return _add_up_for_weight(rows, threshold, to_currents)
    return to_currents.t() @ _spikes(rows, threshold)


def _is_large(rows: Tensor, outputs: int) -> bool:
    return rows.shape[0] >= _FEWEST_ROWS and outputs >= _FEWEST_OUTPUTS


def _are_few(rows: Tensor, threshold: Tensor) -> bool:
    spikes = kernels.count(rows.detach().numpy(), threshold.detach().numpy())
    return bool(spikes <= _MOST_SPIKES * rows.numel())


def _spikes(membrane: Tensor, threshold: Tensor) -> Tensor:
    spikes = torch.empty_like(membrane)
    rows = (each.view(-1, threshold.shape[0]) for each in (membrane, spikes))
    kernels.compare(*_arrays(*rows, threshold))
    return spikes


def _nothing(spikes: Tensor) -> Tensor:
    """Give the threshold above which a 1 is, and a 0 is not."""
    return spikes.new_zeros(spikes.shape[-1])


def _add_up(
    rows: Tensor, threshold: Tensor, weight: Tensor, bias: Tensor | None
) -> Tensor:
    currents = rows.new_zeros(len(rows), len(weight))
    if bias is not None:
        currents += bias
    share(
        kernels.add_columns,
        _arrays(rows, threshold, weight.t().contiguous(), currents),
        parts=len(rows),
        elements=rows.numel(),
    )
    return currents


def _add_up_for_weight(rows: Tensor, threshold: Tensor, to_currents: Tensor) -> Tensor:
    to_columns = rows.new_zeros(rows.shape[1], to_currents.shape[1])
    share(
        kernels.add_rows,
        _arrays(rows, threshold, to_currents.contiguous(), to_columns),
        parts=len(to_columns),
        elements=rows.numel(),
    )
    return to_columns.t()


def _arrays(*tensors: Tensor) -> list[npt.NDArray[np.floating]]:
    return [tensor.detach().numpy() for tensor in tensors]
