"""What a layer is given, and what its neurons keep: all there is to count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

#: A signal ``[..., I]`` and the weights ``[O, I]`` that it meets.
Product = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Layer:
    """A layer during one run.

    Attributes:
        products: Signals with their weights.
        rows: Number of steps, those of all sequences together.
        width: Number of neurons.
        kept: How many of them read what they held a step before.
        states: Numbers that a neuron keeps.
        multiplies: Multiplications when it updates them.
    """

    products: Sequence[Product] = ()
    rows: int = 0
    width: int = 0
    kept: int = 0
    states: int = 0
    multiplies: int = 0


def rows(signal: Tensor) -> int:
    """Count the steps of a signal ``[..., I]``, those of all sequences together."""
    return signal[..., 0].numel()


def direct(signal: Tensor) -> Product:
    """Let a signal through without weights."""
    return signal, signal.new_zeros(0, signal.shape[-1])


def late(signal: Tensor) -> Tensor:
    """Return a signal ``[T, ...]`` as it comes back a step later; zeros at first."""
    return torch.cat([torch.zeros_like(signal[:1]), signal[:-1]])


def run(
    call: Callable[[], Any], linears: Sequence[nn.Linear]
) -> tuple[Any, list[list[Product]]]:
    """Make a call, and return also the products of each linear layer in it."""
    found: dict[nn.Module, list[Product]] = {linear: [] for linear in linears}

    def note(linear: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        found[linear].append((arguments[0], weight(linear)))

    hooks = [linear.register_forward_pre_hook(note) for linear in found]
    try:
        result = call()
    finally:
        for hook in hooks:
            hook.remove()
    return result, list(found.values())


def weight(linear: nn.Module) -> Tensor:
    """Return the weights of a linear layer; raise if it multiplies by others."""
    own = type(linear).forward
    if not isinstance(linear, nn.Linear) or own is not nn.Linear.forward:
        raise TypeError(
            f"weights must be those of nn.Linear to be counted, not of "
            f"{type(linear).__name__}"
        )
    return linear.weight
