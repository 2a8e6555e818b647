"""Readouts by linear least squares."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class Solution(NamedTuple):
    """Weights, and the squared error they leave."""

    weights: Float[Tensor, "K O"]
    error: float


@torch.no_grad()
def solve(
    pairs: Iterable[tuple[Tensor, Tensor]],
    ridge: float,
) -> Solution:
    """Find the weights of the least squared error, plus a penalty.

    Args:
        pairs: What the weights will be given, ``[T, B, K]`` with the last column for
            the offset, and what they should answer, ``[T, B, O]``.
        ridge: Weight of the squared weights, relative to the mean square of the
            inputs. The offset is free.
    """
    gram = moment = total = torch.zeros(()).double()
    for inputs, labels in pairs:
        rows, answers = inputs.flatten(0, 1).double(), labels.flatten(0, 1).double()
        gram = gram + rows.T @ rows
        moment = moment + rows.T @ answers
        total = total + answers.square().sum()
    penalty = torch.full_like(gram[0], float(ridge * gram.diagonal()[:-1].mean()))
    penalty[-1] = 0
    # Symmetric and perhaps singular: neurons that never fire, or always together.
    weights = torch.linalg.pinv(gram + penalty.diag(), hermitian=True) @ moment
    error = total - (weights * (2 * moment - gram @ weights)).sum()
    return Solution(weights, error.item())


def with_ones(inputs: Float[Tensor, "T B H"]) -> Float[Tensor, "T B K"]:
    """Append the column of the offset."""
    return torch.cat([inputs, torch.ones_like(inputs[..., :1])], dim=-1)


def counting(
    inputs: Float[Tensor, "T B K"],
    labels: Float[Tensor, "T B O"],
    mask: Bool[Tensor, "T B"] | None,
) -> tuple[Tensor, Tensor]:
    """Return the steps that count, all of one sequence then."""
    if mask is None:
        return inputs, labels
    return inputs[mask][:, None], labels[mask][:, None]


@torch.no_grad()
def set_readout(readout: nn.Linear, weights: Float[Tensor, "K O"]) -> None:
    """Give a linear layer its weights and, in the last row, its offset."""
    readout.weight.copy_(weights[:-1].T)
    readout.bias.copy_(weights[-1])


def solve_readout(
    readout: nn.Linear, pairs: Iterable[tuple[Tensor, Tensor]], ridge: float
) -> None:
    """Solve for the weights and the offset of a linear layer, and set them.

    Args:
        readout: The layer.
        pairs: What it is given, ``[T, B, K]``, and what it should answer.
        ridge: As for :func:`solve`.
    """
    solution = solve(((with_ones(inputs), labels) for inputs, labels in pairs), ridge)
    set_readout(readout, solution.weights)


@torch.no_grad()
def solve_precisely(
    readout: nn.Linear, pairs: Iterable[tuple[Tensor, Tensor]], ridge: float
) -> None:
    """Do the same without sums of squares, for inputs that nearly repeat each other.

    A square keeps half of the digits: inputs that differ in the others only would be
    the same.
    """
    # The triangle of a QR decomposition has all that least squares ask of the rows.
    triangle = torch.zeros((), dtype=torch.float64)
    for inputs, labels in pairs:
        rows = torch.cat([with_ones(inputs), labels], dim=-1).flatten(0, 1)
        rows = rows.cpu().double()
        above = triangle if triangle.ndim else rows[:0]
        triangle = torch.linalg.qr(torch.cat([above, rows]), mode="r").R
    width = readout.in_features + 1
    inputs, labels = triangle[:, :width], triangle[:, width:]
    # Further rows ask every weight but the offset to be 0.
    size = (ridge * inputs[:, :-1].square().sum(0).mean()).sqrt()
    asked = size * torch.eye(width, dtype=inputs.dtype)[:-1]
    rows = torch.cat([inputs, asked])
    answers = nn.functional.pad(labels, (0, 0, 0, len(asked)))
    set_readout(readout, torch.linalg.lstsq(rows, answers, driver="gelsd").solution)


def whitening(rows: Float[Tensor, "N K"], smallest: float) -> tuple[Tensor, Tensor]:
    """Find coordinates of variance 1 and without correlations, ``(rows - mean) @ mix``.

    Args:
        rows: The values.
        smallest: The least variance, as a part of the largest, that counts; directions
            that vary less give zeros.

    Returns:
        The mean ``[K]`` and the mix ``[K, K]``.
    """
    variances, axes = torch.linalg.eigh(torch.cov(rows.T, correction=0))
    kept = variances > smallest * variances[-1]
    scale = torch.where(kept, variances.clamp(min=1e-300).rsqrt(), 0)
    return rows.mean(dim=0), axes * scale
