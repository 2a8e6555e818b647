"""snnTorch's own neuron, one step at a time: slow, readable, the specification."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import snntorch as snn
import torch
from jaxtyping import Float
from torch import Tensor

# A neuron keeps its state on itself while it steps: one thread at a time.
_stepping = RLock()


def scan_leaky(
    neuron: snn.Leaky,
    current: Float[Tensor, "T B N"],
    state: Float[Tensor, "B N"],
) -> tuple[Float[Tensor, "T B N"], Float[Tensor, "T B N"]]:
    """Step ``neuron`` through ``current`` from the membrane ``state``."""
    membrane = state
    all_spikes, all_membranes = [], []
    with _stepping, _unchanged(neuron):
        for step in current:
            spikes, membrane = neuron(step, membrane)
            all_spikes.append(spikes)
            all_membranes.append(membrane)
    # snnTorch's surrogates return float32 spikes whatever they are given, and the
    # reset makes a half-precision membrane as wide.
    dtype = current.dtype
    return torch.stack(all_spikes).to(dtype), torch.stack(all_membranes).to(dtype)


@contextmanager
def _unchanged(neuron: snn.Leaky) -> Iterator[None]:
    """Undo what ``forward`` leaves on the neuron.

    A membrane left there holds the whole graph in memory and makes ``deepcopy`` fail.
    """
    membrane, had_reset = neuron.mem, hasattr(neuron, "reset")
    reset = neuron.reset if had_reset else None
    try:
        yield
    finally:
        neuron.mem = membrane
        if had_reset:
            neuron.reset = reset
        else:
            neuron.__dict__.pop("reset", None)
