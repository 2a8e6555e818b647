"""Pure functions that say how far a prediction is from its target."""

import torch
from jaxtyping import Float, Integer
from torch import Tensor
from torch.linalg import vector_norm
from torch.nn.functional import mse_loss

from spikereg._check import same_shape

Curves = Float[Tensor, "T B O"]


def l1(prediction: Curves, target: Curves) -> Float[Tensor, ""]:
    r"""Mean absolute error :math:`\frac1n \sum |\hat y - y|`.

    Args:
        prediction: Predicted curves :math:`\hat y`, ``[T, B, O]``.
        target: Target curves :math:`y`, ``[T, B, O]``, in the same unit.

    Returns:
        A scalar in that unit.

    Raises:
        ValueError: If the shapes differ. PyTorch would broadcast them.
    """
    same_shape(prediction, target)
    return (prediction - target).abs().mean()


def mse(prediction: Curves, target: Curves) -> Float[Tensor, ""]:
    r"""Mean squared error :math:`\frac1n \sum (\hat y - y)^2`.

    Args:
        prediction: Predicted curves :math:`\hat y`, ``[T, B, O]``.
        target: Target curves :math:`y`, ``[T, B, O]``, in the same unit.

    Returns:
        A scalar in that unit squared.

    Raises:
        ValueError: If the shapes differ. PyTorch would broadcast them.
    """
    same_shape(prediction, target)
    return mse_loss(prediction, target)


def relative_error(prediction: Curves, target: Curves) -> Float[Tensor, ""]:
    r"""Norm of the error over the norm of the target, :math:`\|\hat y-y\|_2/\|y\|_2`.

    Both norms run over all steps and samples, so a target near zero at some step
    does no harm. Infinite for a target that is zero everywhere, whatever is predicted.

    Args:
        prediction: Predicted curves :math:`\hat y`, ``[T, B, O]``.
        target: Target curves :math:`y`, ``[T, B, O]``, in the same unit.

    Returns:
        A scalar without unit.

    Raises:
        ValueError: If the shapes differ. PyTorch would broadcast them.
    """
    same_shape(prediction, target)
    return _relative(vector_norm(prediction - target), vector_norm(target))


def pointwise_relative_error(prediction: Curves, target: Curves) -> Float[Tensor, ""]:
    r"""Mean of :math:`|\hat y_t - y_t| / |y_t|` over samples and steps :math:`t \ge 1`.

    This is what the tutorial prints. It leaves out the first step, where its targets
    are zero, and gives the next few, where they are small, more weight than the others.
    Infinite if a later target is zero, whatever is predicted.

    Args:
        prediction: Predicted curves :math:`\hat y`, ``[T, B, O]``, at least 2 steps.
        target: Target curves :math:`y`, ``[T, B, O]``, in the same unit.

    Returns:
        A scalar without unit.

    Raises:
        ValueError: If the shapes differ or there is only one step.
    """
    same_shape(prediction, target)
    if len(target) < 2:
        raise ValueError(
            f"target must have at least 2 time steps, because the first is left out, "
            f"not the shape {list(target.shape)}"
        )
    return _relative((prediction - target).abs(), target.abs())[1:].mean()


def smape(prediction: Curves, target: Curves) -> Float[Tensor, ""]:
    r"""Symmetric mean absolute percentage error, in per cent, from 0 to 200.

    .. math:: \frac{200}{n} \sum \frac{|\hat y - y|}{|\hat y| + |y|}

    A prediction that is not finite counts 200, one of 0 for a target of 0 counts 0.

    Args:
        prediction: Predicted curves :math:`\hat y`, ``[T, B, O]``.
        target: Target curves :math:`y`, ``[T, B, O]``, in the same unit.

    Returns:
        A scalar in per cent.

    Raises:
        ValueError: If the shapes differ.
    """
    same_shape(prediction, target)
    error, size = (prediction - target).abs(), prediction.abs() + target.abs()
    parts = torch.where(size == 0, 0, 200 * (error / size))
    return torch.where(prediction.isfinite(), parts, 200).mean()


def accuracy(
    decided: Integer[Tensor, "B"], labels: Integer[Tensor, "B"]
) -> Float[Tensor, ""]:
    r"""Share of sequences that were put into their class, :math:`[\hat c = c]`.

    Args:
        decided: Classes :math:`\hat c` that were decided for, whole numbers.
        labels: True classes :math:`c`, as many.

    Returns:
        A scalar without unit, between 0 and 1.

    Raises:
        ValueError: If the shapes differ.
    """
    if decided.shape != labels.shape:
        raise ValueError(
            f"decided must have the labels' shape {list(labels.shape)}, not "
            f"{list(decided.shape)}"
        )
    return (decided == labels).float().mean()


def spike_rate(spikes: Float[Tensor, "..."]) -> Float[Tensor, ""]:
    r"""Mean number of spikes per neuron and step, :math:`\frac1n \sum S`.

    Args:
        spikes: Spikes (0 or 1, floating-point) of any shape.

    Returns:
        A scalar without unit, from 0 (silent) to 1 (fires at every step).
    """
    return spikes.mean()


def synaptic_operations(
    spikes: Float[Tensor, "*rows I"], weight: Float[Tensor, "O I"]
) -> int:
    r"""Count the weights that an input which is not 0 asks for.

    .. math:: \sum_{\text{rows}} \sum_j [x_j \ne 0] \sum_n [W_{nj} \ne 0]

    Of spikes it is their number times their fan-out: one addition each. Of real inputs
    it is one multiplication and one addition each.

    Args:
        spikes: Spikes or other inputs :math:`x`, ``[..., I]``.
        weight: :math:`W`, ``[O, I]``.

    Returns:
        The exact number.

    Raises:
        ValueError: If the weight is not ``[O, I]``.

    Source:
        The effective synaptic operations of J. Yik et al., *The NeuroBench framework
        for benchmarking neuromorphic computing algorithms and systems*, Nature
        Communications 16 (2025).
    """
    if not spikes.ndim or weight.ndim != 2 or weight.shape[1] != spikes.shape[-1]:
        raise ValueError(
            f"weight must have the shape [O, I] to fit spikes [..., I], not "
            f"{list(weight.shape)} for spikes {list(spikes.shape)}"
        )
    # Sums of whole numbers: in float32 they would end at 2**24.
    active = (spikes != 0).reshape(-1, spikes.shape[-1]).sum(dim=0)
    fan_out = (weight != 0).sum(dim=0)
    return int((active * fan_out).sum())


def _relative(error: Tensor, size: Tensor) -> Tensor:
    """Divide, where 0 / 0 is as infinite as any other error of a target of size 0."""
    return torch.where(size == 0, torch.inf, error / size)
