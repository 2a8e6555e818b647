"""A training step of a plain chain of layers, without autograd.

A chain is a :class:`~spikereg.SpikingRegressor`, or a class that inherits from it and
calculates no otherwise: linear layers and neurons whose walks are compiled. What a step
computes is what PyTorch would, by the same products and the same walks; only the graph
is not made, nor is any array twice. :mod:`spikereg._chain.obstacles` names what is no
chain.
"""

from collections.abc import Sequence
from typing import no_type_check

import torch
from torch import Tensor, nn

from spikereg._chain.link import Link, learns, stage_of
from spikereg._check import same_shape
from spikereg._compiled import compiled_without_allocation, flat
from spikereg.models import SpikingRegressor
from spikereg.neurons import KINDS

#: Shapes of batches whose arrays are kept: enough for the last, smaller one.
_KEPT = 4

# Gradients begin where a cache line does: products may depend on it in the last bit.
_ALIGNED = 16


class Chain:
    """The squared error of a chain, and its gradients.

    Attributes:
        gradients: Of each learned parameter, and nothing else but zeros, in one tensor.
        of_each: The same, a view for each, in the order of the parameters.
    """

    def __init__(
        self, model: SpikingRegressor, learned: Sequence[nn.Parameter]
    ) -> None:
        self._model = model
        sizes = [-(-p.numel() // _ALIGNED) * _ALIGNED for p in learned]
        self.gradients = learned[0].new_zeros(sum(sizes))
        self.of_each = [
            part[: p.numel()].view(p.shape)
            for part, p in zip(torch.split(self.gradients, sizes), learned, strict=True)
        ]
        to = {id(p): g for p, g in zip(learned, self.of_each, strict=True)}
        self._stages = [
            stage_of(linear, neuron, KINDS[type(neuron)], to, takes_spikes=n > 0)
            for n, (linear, neuron) in enumerate(model.layers())
        ]
        learning = [n for n, stage in enumerate(self._stages) if learns(stage)]
        self._lowest = learning[0]
        self._links: dict[tuple[int, int], list[Link]] = {}

    def error(self, features: Tensor, labels: Tensor) -> float:
        """Go through all layers, and compare the prediction with the labels."""
        self._model.check_features(features)
        T, B, _ = features.shape
        self._now = links = self._on(T, B)
        signal = features.reshape(T * B, -1)
        for link in links:
            signal = link.forward(signal)
        same_shape(links[-1].prediction, labels)
        error: float = _error(flat(labels), *links[-1].rows)
        return error

    def backward(self) -> None:
        """Go back, and put the gradients."""
        links = self._now
        for n in reversed(range(self._lowest, len(links))):
            before = links[n - 1].to_outputs if n > self._lowest else None
            links[n].backward(before)

    def _on(self, steps: int, batch: int) -> list[Link]:
        """Give the links for a shape of batch."""
        links = self._links.pop((steps, batch), None)
        if links is None:
            last = len(self._stages) - 1
            links = [
                Link(stage, steps, batch, last=n == last)
                for n, stage in enumerate(self._stages)
            ]
        self._links[steps, batch] = links  # the last one used stands last
        if len(self._links) > _KEPT:
            del self._links[next(iter(self._links))]
        return links


@no_type_check
def _sum_of_squares(labels, prediction, to_prediction):
    number = prediction.dtype.type
    total, scale = 0.0, number(2 / len(prediction))
    for n in range(len(prediction)):
        difference = prediction[n] - labels[n]
        total += difference * difference
        to_prediction[n] = scale * difference
    return number(total) / len(prediction)


_error = compiled_without_allocation(_sum_of_squares, "_sum_of_squares")
