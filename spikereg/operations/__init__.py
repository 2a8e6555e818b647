"""How many operations a network takes, by what they cost on a chip."""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg._check import positive
from spikereg.baselines import (
    LinearFilter,
    RateNetwork,
    Recurrent,
    ReLUNetwork,
    ResonantFilter,
    TapFilter,
)
from spikereg.delayed_spikes import DelayedSpikes
from spikereg.metrics import synaptic_operations
from spikereg.models import SpikingRegressor
from spikereg.operations import networks, rivals
from spikereg.operations.layers import Layer
from spikereg.spiking_filter import SpikingFilter

__all__ = ["Operations", "count"]


Number = int | float


@dataclass(frozen=True)
class Operations:
    """Operations of a layer, or of a network: whole numbers as they are counted.

    They can be added, as in ``sum(counts.values(), Operations())``, and divided by a
    number: of steps, or of answers.

    Args:
        accumulates: Weights added because of an input of 1 or -1.
        multiply_accumulates: Weights multiplied by another input, and added.
        weight_fetches: Weights read from memory: one for each of these.
        state_updates: Numbers of a neuron's state that were read, changed and written.
        state_multiplies: Multiplications in these updates.

    Raises:
        ValueError: If divided by what is no positive, finite number.
    """

    accumulates: Number = 0
    multiply_accumulates: Number = 0
    weight_fetches: Number = 0
    state_updates: Number = 0
    state_multiplies: Number = 0

    def __add__(self, other: "Operations") -> "Operations":
        if not isinstance(other, Operations):
            return NotImplemented
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Operations(*(mine + theirs for mine, theirs in pairs))

    def __truediv__(self, number: Number) -> "Operations":
        positive("number", number)
        return Operations(*(value / number for value in astuple(self)))


#: What takes the models apart into layers, by their class.
_LAYERS: dict[type[nn.Module], Callable[[Any, Tensor], dict[str, Layer]]] = {
    SpikingRegressor: networks.spiking_regressor,
    SpikingFilter: networks.spiking_filter,
    DelayedSpikes: networks.delayed_spikes,
    ReLUNetwork: rivals.plain,
    Recurrent: rivals.recurrent,
    RateNetwork: rivals.rate_network,
    LinearFilter: rivals.linear_filter,
    ResonantFilter: rivals.resonant_filter,
    TapFilter: rivals.tap_filter,
    nn.Sequential: rivals.plain,
    nn.Linear: rivals.plain,
}


@torch.no_grad()
def count(
    model: nn.Module, features: Float[Tensor, "*rows F"], *, skip_zeros: bool = True
) -> dict[str, Operations]:
    r"""Run a network and count its operations, exactly, layer by layer.

    An input :math:`x_j` and a weight :math:`W_{nj}` that are both not 0 meet in one
    operation: an accumulate if all inputs of the layer during the run are -1, 0 or 1,
    as spikes are, and a multiply-accumulate otherwise. What a layer feeds back to
    itself is an input of its own: spikes, or an LSTM's real output. Each operation
    fetches its weight anew: nothing is kept between two steps or sequences.

    A state update is one number that a neuron keeps from step to step: of a leaky
    neuron 1, with recurrence or without spikes too; of an adaptive one, a resonator, a
    dendrite and the cell of an LSTM 2, of a GRU 1, of a rectified unit 0.
    Multiplications in it are, by the equations of each neuron, less those that weights
    can hold: of a leaky neuron 1 (:math:`\beta U`), an adaptive one 3, a resonator and
    a dendrite 4 (a rotation), a cell of an LSTM 8 and of a GRU 5, each exponential
    function in them taken for one. A leaky neuron with :math:`\beta = 0` has no memory
    and updates none. A delay line takes a number in for another, and multiplies none.

    Not counted are biases, thresholds and other constants, comparisons, the way of
    inputs and spikes from layer to layer, and what a chip needs while it rests.

    Args:
        model: :class:`~spikereg.SpikingRegressor` with any neurons and readout,
            :class:`~spikereg.SpikingFilter`, :class:`~spikereg.DelayedSpikes`,
            ``ReLUNetwork``, ``Recurrent``, ``RateNetwork``, ``LinearFilter``,
            ``ResonantFilter`` or ``TapFilter`` of :mod:`spikereg.baselines`,
            ``nn.Linear``, or ``nn.Sequential`` of that and ``nn.ReLU``.
        features: What it is given, ``[T, B, F]``. All steps of all sequences are
            counted together.
        skip_zeros: Whether zeros cost nothing: inputs, weights, and the decay of a
            leaky neuron. ``False`` counts what hardware does that cannot leave them
            out.

    Returns:
        The operations of each layer, in the order of the signal, by the name of its
        neurons (``lif_in``, ``lif_hidden``, ``li_out``), or where there are none by
        that of the linear layer.

    Raises:
        TypeError: For another model, or a part of it that cannot be counted.

    Source:
        Synaptic operations as J. Yik et al., *The NeuroBench framework for benchmarking
        neuromorphic computing algorithms and systems*, Nature Communications 16
        (2025), count them. State updates and their multiplications are ours.
    """
    if type(model) not in _LAYERS:
        names = ", ".join(each.__name__ for each in _LAYERS)
        raise TypeError(f"model must be one of {names}, not {type(model).__name__}")
    layers = _LAYERS[type(model)](model, features)
    return {name: _count(layer, skip_zeros) for name, layer in layers.items()}


def _count(layer: Layer, skip_zeros: bool) -> Operations:
    accumulates = multiply_accumulates = 0
    for signal, weight in layer.products:
        number = signal.numel() * len(weight)
        if skip_zeros:
            number = synaptic_operations(signal, weight)
        if bool(((signal == 0) | (signal.abs() == 1)).all()):
            accumulates += number
        else:
            multiply_accumulates += number
    neurons = layer.rows * (layer.kept if skip_zeros else layer.width)
    return Operations(
        accumulates,
        multiply_accumulates,
        accumulates + multiply_accumulates,
        neurons * layer.states,
        neurons * layer.multiplies,
    )
