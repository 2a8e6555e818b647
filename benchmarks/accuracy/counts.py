"""What a step of a network costs, in operations."""

from dataclasses import asdict

import torch
from jaxtyping import Float
from torch import Tensor, nn

from accuracy.classifiers import Classical
from accuracy.tanks import Mean, Windowed
from spikereg import SpikingRegressor
from spikereg.operations import Operations, count


def costs(model: nn.Module, features: Float[Tensor, "T B F"]) -> dict[str, float]:
    """Count what a step of a sequence takes, on average over all of them.

    Returns:
        The fields of :class:`~spikereg.operations.Operations`, all layers together;
        ``products_with_zeros``, accumulates and multiply-accumulates where none is
        left out; and of a spiking network ``products_of_inputs``, the
        multiply-accumulates of the first layer, whose inputs are real, and the share
        of each layer's neurons that fire in a step.
    """
    layers = counted(model, features)
    found = asdict(sum(layers.values(), Operations()))
    full = sum(counted(model, features, skip_zeros=False).values(), Operations())
    found["products_with_zeros"] = full.accumulates + full.multiply_accumulates
    if isinstance(model, SpikingRegressor):
        found["products_of_inputs"] = layers["lif_in"].multiply_accumulates
        with torch.no_grad():
            spikes = model.trace(features).spikes
        found |= {f"{k}_rate": each.mean().item() for k, each in spikes.items()}
    return found


def counted(
    model: nn.Module, features: Float[Tensor, "T B F"], *, skip_zeros: bool = True
) -> dict[str, Operations]:
    """Count the operations of each layer in a step.

    A window takes a number in at each step, and is counted from where it is full on, as
    in a stream that has no beginning.
    """
    if isinstance(model, Mean | Classical):  # no layers, or no steps
        return {}
    taken = {}
    if isinstance(model, Windowed):
        features = model.seen(features)[model.window - 1 :]
        if model.window > 1:
            taken["window"] = Operations(state_updates=1)
        model = model.network
    steps = features[..., 0].numel()
    layers = count(model, features, skip_zeros=skip_zeros)
    return taken | {name: layer / steps for name, layer in layers.items()}
