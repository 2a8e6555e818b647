"""The numbers that a training changes: kept, brought back, clamped, looked through."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from spikereg import neurons
from spikereg._compiled import flat


class Weights:
    """The learned parameters of a model, and what a step changes beside them.

    Attributes:
        learned: The parameters, by name.
        parameters: The same in a list.
        clamped: Those that neurons clamp, with their ranges.
    """

    def __init__(self, model: nn.Module) -> None:
        self.learned = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self.parameters: list[nn.Parameter] = list(self.learned.values())
        self.clamped = _clamped(model)
        # Beside them such as the means of a BatchNorm
        self._changing: list[Tensor] = [*self.parameters, *_buffers(model)]
        self.kept = [each.detach().clone() for each in self._changing]

    @torch.no_grad()
    def keep(self) -> None:
        """Keep them as they are."""
        torch._foreach_copy_(self.kept, self._changing)

    @torch.no_grad()
    def bring_back(self) -> None:
        """Make them what they were when they were kept, or at first."""
        torch._foreach_copy_(self._changing, self.kept)

    @torch.no_grad()
    def clamp(self) -> None:
        """Put the parameters of neurons back into their ranges."""
        for parameter, low, high in self.clamped:
            parameter.clamp_(low, high)

    def finite(self) -> bool:
        """Say whether all learned numbers are finite."""
        return all_finite(self.parameters)


class Arrays:
    """The same for parameters that lie on the CPU, and where nothing else changes.

    Around things as small as these PyTorch takes longer than NumPy.
    """

    def __init__(self, weights: Weights) -> None:
        values = {id(p): flat(p) for p in weights.parameters}
        self._values = list(values.values())
        self._kept = [flat(each) for each in weights.kept[: len(values)]]
        self._clamped = [
            (values[id(parameter)], low, high)
            for parameter, low, high in weights.clamped
        ]

    def keep(self) -> None:
        """Keep them as they are."""
        for kept, value in zip(self._kept, self._values, strict=True):
            kept[:] = value

    def clamp(self) -> None:
        """Put the parameters of neurons back into their ranges."""
        for value, low, high in self._clamped:
            np.maximum(value, low, out=value)
            np.minimum(value, high, out=value)

    def finite(self) -> bool:
        """Say whether all learned numbers are finite."""
        return finite_arrays(self._values)


def finite_arrays(arrays: Sequence[npt.NDArray[np.floating]]) -> bool:
    """Say whether all numbers of flat arrays are finite."""
    # A product may overflow, so then each number is looked at.
    with np.errstate(over="ignore", invalid="ignore"):
        return all(
            math.isfinite(each.dot(each)) or np.isfinite(each).all() for each in arrays
        )


def all_finite(tensors: Sequence[Tensor]) -> bool:
    """Say whether all numbers are finite, by one call for all of them."""
    norms = torch.stack(torch._foreach_norm(list(tensors)))
    # A norm may overflow, so then each tensor is looked at.
    return math.isfinite(norms.sum().item()) or all(
        bool(each.isfinite().all()) for each in tensors
    )


def _buffers(model: nn.Module) -> list[Tensor]:
    """List the buffers that training may change; neurons keep theirs."""
    return [
        buffer
        for module in model.modules()
        if neurons.kind_of(module) is None
        for buffer in module.buffers(recurse=False)
    ]


def _clamped(model: nn.Module) -> list[tuple[nn.Parameter, float, float]]:
    """List the learned parameters that neurons clamp, with their ranges."""
    return [
        (parameter, *bounds)
        for module in model.modules()
        for name, bounds in neurons.ranges(module).items()
        if isinstance(parameter := getattr(module, name, None), nn.Parameter)
        and parameter.requires_grad
    ]
