"""Spiking networks taken apart into layers, with the signals of one run."""

from collections.abc import Mapping, Sequence
from typing import Any

import snntorch as snn
import torch
from torch import Tensor

from spikereg.delayed_spikes import DelayedSpikes
from spikereg.dendrites import Dendrites
from spikereg.models import SpikingRegressor
from spikereg.neurons import kind_of, resonator
from spikereg.operations.layers import (
    Layer,
    Product,
    direct,
    late,
    rows,
    run,
    weight,
)
from spikereg.spiking_filter import SpikingFilter


def spiking_regressor(model: SpikingRegressor, features: Tensor) -> dict[str, Layer]:
    """Take its layers apart, each named as its neurons."""
    readout = model.li_out
    linears = [readout.fc] if isinstance(readout, Dendrites) else []
    trace, summed = run(lambda: model.trace(features), linears)
    signals, layers = [features, *trace.spikes.values()], {}
    for (linear, neuron), signal, name in zip(
        model.layers(), signals, trace.membrane, strict=True
    ):
        products = [(signal, weight(linear))]
        if isinstance(neuron, Dendrites):
            layers[name] = oscillators(neuron.poles.width, [*products, *summed[0]])
        else:
            own = {"spikes": trace.spikes.get(name), "membrane": trace.membrane[name]}
            layers[name] = neurons(neuron, products, own)
    return layers


def neurons(
    neuron: Any, products: Sequence[Product], own: Mapping[str, Tensor | None]
) -> Layer:
    """Describe neurons by what they are given, and their own spikes and membrane."""
    kind = kind_of(neuron)
    assert kind is not None  # whatever has run is of one
    (signal, matrix), *_ = products
    width = len(matrix) // kind.GATES
    back = kind.recurrence(neuron)
    if back is not None and back.weight is not None:
        fed = own[back.source]
        assert fed is not None  # a readout without spikes has no recurrence
        products = [*products, (late(fed), _square(back.weight, width))]
    kept = width
    if isinstance(neuron, snn.Leaky | snn.RLeaky):
        kept = int((neuron.beta.clamp(0, 1).expand(width) != 0).sum())
    # Spikes are sent: what of them comes back is an input.
    states = sum(state != "spikes" for state in kind.STATES)
    return Layer(products, rows(signal), width, kept, states, kind.MULTIPLIES)


def _square(recurrent: Tensor, width: int) -> Tensor:
    """Give the matrix of a recurrence, from each neuron to itself too."""
    if recurrent.ndim < 2:
        return torch.diag(recurrent.expand(width))
    return recurrent


def oscillators(width: int, products: Sequence[Product]) -> Layer:
    """Describe damped oscillators, whose factor 1 - |pole| other weights can hold."""
    (signal, _), *_ = products
    states, multiplies = len(resonator.STATES), resonator.MULTIPLIES
    return Layer(products, rows(signal), width, width, states, multiplies)


def delay_line(width: int, products: Sequence[Product]) -> Layer:
    """Describe delay lines, each of which takes in a number for another."""
    (signal, _), *_ = products
    return Layer(products, rows(signal), width, width, states=1)


def spiking_filter(model: SpikingFilter, features: Tensor) -> dict[str, Layer]:
    """Take apart neurons, decoders with oscillators and delays, and readout."""
    spikes = model.spikes(features)
    decoded = model.decoded(spikes)
    each = model.decoders[:, :-1, None].mT  # [F, 1, H]
    decoders: Tensor = torch.block_diag(*each)  # type: ignore[no-untyped-call]
    # The change of coordinates is one product with the readout, made once.
    readout = model.fc_out.weight @ model.mix.T
    return {
        "lif": neurons(model.lif, [(features, model.fc_in.weight)], {}),
        "filter": oscillators(model.filter.width, [(spikes, decoders)]),
        "delays": delay_line(len(each) * min(model.taps, 1), [direct(decoded)]),
        "fc_out": Layer([(model.memory(decoded), readout)]),
    }


def delayed_spikes(model: DelayedSpikes, features: Tensor) -> dict[str, Layer]:
    """Take apart neurons, polynomials with their delays, and readout."""
    polynomials = model.polynomials.T
    _, (summed,) = run(lambda: model(features), [model.fc_out])
    spikes = model.spikes(features)
    return {
        "lif": neurons(model.lif, [(features, model.fc_in.weight)], {}),
        "delays": delay_line(len(polynomials), [(spikes, polynomials)]),
        "fc_out": Layer(summed),
    }
