"""What a walk has to know of a layer beside arrays."""

from typing import NamedTuple

from torch import nn

from spikereg.neurons import Kind
from spikereg.neurons.own import Neuron
from spikereg.scan.surrogates import Surrogate, surrogate_of
from spikereg.scan.unsupported import UnsupportedError


class Layer(NamedTuple):
    """Kind, reset, surrogate and recurrence of some neurons.

    Attributes:
        kind: The neuron's module.
        reset: Code of its reset mechanism.
        surrogate: How its spikes are differentiated.
        source: What is fed back, ``""`` for nothing.
        fires_twice: Whether a step's spikes are made again by the next one.
        reads_spikes: Whether a step differentiates the spikes before it.
    """

    kind: Kind
    reset: int
    surrogate: Surrogate
    source: str
    fires_twice: bool
    reads_spikes: bool


def layer_of(kind: Kind, neuron: nn.Module, source: str) -> Layer:
    """Look at a neuron; raise if its surrogate is not one that can be walked back."""
    surrogate = surrogate_of(neuron.spike_grad)
    if surrogate is None:
        raise UnsupportedError("a surrogate that is none of snnTorch's")
    # The membrane of ours tells their spikes, where these are more than a reset.
    twice = source == "spikes" or kind.READS_SPIKES
    twice = twice and isinstance(neuron, Neuron)
    reads = twice or kind.STATES[0] == "spikes"
    return Layer(kind, kind.reset(neuron), surrogate, source, twice, reads)
