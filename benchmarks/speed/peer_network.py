"""A training step of whole networks with neurons of several kinds."""

from collections.abc import Callable
from functools import partial

from job import SLOPE
from peers import TorchPeer, fastest
from snntorch import surrogate
from torch import Tensor, nn

import spikereg


def network(kind: str, weights: dict[str, Tensor]) -> nn.Module:
    """Build a network as it begins by itself."""
    width = len(weights["fc_in.bias"])
    return spikereg.SpikingRegressor(width, seed=0, neuron=kind)


def without_recurrence(kind: str, weights: dict[str, Tensor]) -> nn.Module:
    """Build a network whose neurons do not feed back to themselves."""
    model = spikereg.SpikingRegressor(len(weights["fc_in.bias"]), seed=0)
    for n, layer in enumerate(("lif_in", "lif_hidden")):
        width = len(weights[f"{layer}.beta"])
        spike = surrogate.fast_sigmoid(SLOPE)
        neuron = getattr(spikereg, kind)(width, spike_grad=spike, seed=n)
        setattr(model, layer, neuron)
    return model


_NETWORKS: dict[str, Callable[[dict[str, Tensor]], nn.Module]] = {
    "lif": partial(network, "lif"),
    "recurrent": partial(network, "recurrent"),
    "adaptive": partial(without_recurrence, "AdaptiveLeaky"),
    "adaptive, recurrent": partial(network, "adaptive"),
    "resonator": partial(without_recurrence, "Resonator"),
    "resonator, recurrent": partial(network, "resonator"),
    "lstm": partial(network, "lstm"),
}
PEERS = {name: partial(fastest, build) for name, build in _NETWORKS.items()}
PEERS |= {
    f"{name}, autograd": partial(TorchPeer, build) for name, build in _NETWORKS.items()
}
