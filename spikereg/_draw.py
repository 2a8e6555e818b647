"""PyTorch's default initialization, from a generator of one's own."""

import math
from typing import TypeVar

import torch
from torch import nn

Layer = TypeVar("Layer", bound=nn.Linear | nn.RNNBase)


@torch.no_grad()
def drawn(layer: Layer, generator: torch.Generator) -> Layer:
    """Move a layer made on the device "meta" to the CPU and draw its parameters.

    On "meta" PyTorch's own initialization leaves the global generator alone.
    """
    width = layer.in_features if isinstance(layer, nn.Linear) else layer.hidden_size
    bound = 1 / math.sqrt(width)
    layer.to_empty(device="cpu")
    for parameter in layer.parameters():
        parameter.uniform_(-bound, bound, generator=generator)
    return layer


def linear(
    num_inputs: int,
    num_outputs: int,
    generator: torch.Generator,
    *,
    bias: bool = True,
) -> nn.Linear:
    """Make a linear layer."""
    layer = nn.Linear(num_inputs, num_outputs, bias, device="meta")
    return drawn(layer, generator)
