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
            spikes = spikes.to(current.dtype)  # float32, whatever it was given
            state = tuple([spikes, *rest][-len(state) :])
            all_spikes.append(spikes)
            all_states.append(state)
    # The reset makes a half-precision membrane as wide as the spikes.
    dtype = current.dtype
    states = zip(*all_states, strict=True)
    return (
        torch.stack(all_spikes).to(dtype),
        tuple(torch.stack(each).to(dtype) for each in states),
    )


@contextmanager
def _unchanged(neuron: nn.Module) -> Iterator[None]:
    """Undo what ``forward`` leaves of its state on the neuron.

    A membrane left there holds the whole graph in memory and makes ``deepcopy`` fail.
    What is no tensor, such as a count of a subclass, stays.
    """
    attributes, buffers = dict(vars(neuron)), dict(neuron.named_buffers(recurse=False))
    try:
        yield
    finally:
        for name, value in list(vars(neuron).items()):
            before = attributes.get(name)
            if not isinstance(value, Tensor) and not isinstance(before, Tensor):
                continue
            if name in attributes:
                vars(neuron)[name] = before
            else:
                delattr(neuron, name)
        for name, buffer in buffers.items():
            setattr(neuron, name, buffer)
