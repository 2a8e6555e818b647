"""Layers of neurons by a short name, as a network begins with them."""

from collections.abc import Callable

import snntorch as snn
import torch
from torch import nn

from spikereg._draw import linear
from spikereg.neurons.adaptive import AdaptiveLeaky
from spikereg.neurons.lstm import SpikingLSTM
from spikereg.neurons.own import Spike
from spikereg.neurons.resonator import Resonator


def _leaky(width: int, generator: torch.Generator, spike_grad: Spike) -> snn.Leaky:
    return snn.Leaky(
        beta=torch.rand(width, generator=generator),
        threshold=torch.rand(width, generator=generator),
        learn_beta=True,
        spike_grad=spike_grad,
    )


def _recurrent(width: int, generator: torch.Generator, spike_grad: Spike) -> snn.RLeaky:
    with torch.random.fork_rng(
        devices=[]
    ):  # its weights come from the global generator
        neuron = snn.RLeaky(
            beta=torch.rand(width, generator=generator),
            threshold=torch.rand(width, generator=generator),
            learn_beta=True,
            spike_grad=spike_grad,
            linear_features=width,
        )
    neuron.recurrent = linear(width, width, generator)
    return neuron


def seed_from(generator: torch.Generator) -> int:
    """Draw a seed for what has a generator of its own."""
    return int(torch.randint(2**31, (), generator=generator))


_MAKE: dict[str, Callable[[int, torch.Generator, Spike], nn.Module]] = {
    "lif": _leaky,
    "recurrent": _recurrent,
    "adaptive": lambda width, generator, spike: AdaptiveLeaky(
        width,
        recurrent=True,
        threshold=0.1,  # its membrane is a mean of the currents: at 1 it hardly fires
        spike_grad=spike,
        seed=seed_from(generator),
    ),
    "resonator": lambda width, generator, spike: Resonator(
        width, recurrent=True, spike_grad=spike, seed=seed_from(generator)
    ),
    "lstm": lambda width, generator, spike: SpikingLSTM(
        width, spike_grad=spike, seed=seed_from(generator)
    ),
}

NAMES = tuple(_MAKE)


def layer_of(
    name: str, width: int, generator: torch.Generator, spike_grad: Spike
) -> nn.Module:
    """Make a layer of neurons, with recurrence where the kind has one."""
    return _MAKE[name](width, generator, spike_grad)
