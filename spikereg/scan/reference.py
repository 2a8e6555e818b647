"""The neuron's own step, looped over time: slow, readable, the specification."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg.neurons import Kind

# snnTorch's neurons keep their state on themselves: one thread at a time.
_stepping = RLock()


def walk(
    kind: Kind,
    neuron: nn.Module,
    current: Float[Tensor, "T B M"],
    state: tuple[Float[Tensor, "B N"], ...],
) -> tuple[Float[Tensor, "T B N"], tuple[Float[Tensor, "T B N"], ...]]:
    """Step the neuron through the current.

    Returns:
        Its spikes, and each of its states after every step.
    """
    all_spikes, all_states = [], []
    with _stepping, _unchanged(neuron):
        for now in current:
            spikes, *rest = neuron(now, *state)
            state = tuple([spikes, *rest][-len(state) :])
            all_spikes.append(spikes)
            all_states.append(state)
    # snnTorch's surrogates return float32 spikes whatever they are given, and the
    # reset makes a half-precision membrane as wide.
    dtype = current.dtype
    states = zip(*all_states, strict=True)
    return (
        torch.stack(all_spikes).to(dtype),
        tuple(torch.stack(each).to(dtype) for each in states),
    )


@contextmanager
def _unchanged(neuron: nn.Module) -> Iterator[None]:
    """Undo what ``forward`` leaves on the neuron.

    A membrane left there holds the whole graph in memory and makes ``deepcopy`` fail.
    """
    attributes, buffers = dict(vars(neuron)), dict(neuron.named_buffers(recurse=False))
    try:
        yield
    finally:
        for name in vars(neuron).keys() - attributes.keys():
            delattr(neuron, name)
        for name, value in attributes.items():
            vars(neuron)[name] = value
        for name, buffer in buffers.items():
            setattr(neuron, name, buffer)
