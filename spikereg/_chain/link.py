"""A linear layer and its neurons, there and back on arrays, without autograd.

The mathematics is not here: PyTorch or :mod:`spikereg.events` multiply, and the walks
of :mod:`spikereg.scan` do all that a neuron does. Where a batch is small, a call takes
as long as what it does: so whatever can be prepared is, and a step makes few calls.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from spikereg import events
from spikereg._chain.parameters import Gradients, Parameters, parameters_of
from spikereg._chain.recurrence import Recurrence
from spikereg._compiled import Array, Call, flat
from spikereg.neurons import Kind
from spikereg.scan.arrays import Back, Walk
from spikereg.scan.layer import Layer, layer_of
from spikereg.scan.surrogates import OTHER


class Stage(NamedTuple):
    """A linear layer and its neurons, whatever the shape of a batch.

    Attributes:
        weight: ``[GATES·N, I]``.
        bias: ``[GATES·N]`` or ``None``.
        neuron: The neurons themselves.
        layer: What a walk has to know of them.
        back: The weight and bias of what they feed back.
        parameters: What their rows read.
        to: Where gradients go: of weight, bias, and of what weighs what is fed back.
        takes_spikes: Whether the signal is spikes, which may be added up by events.
    """

    weight: Tensor
    bias: Tensor | None
    neuron: Any
    layer: Layer
    back: tuple[Tensor | None, Tensor | None]
    parameters: Parameters
    to: tuple[Tensor | None, ...]
    takes_spikes: bool


def stage_of(
    linear: nn.Linear, neuron: nn.Module, kind: Kind, to: Gradients, takes_spikes: bool
) -> Stage:
    """Look at a linear layer and its neurons, which meet no obstacle."""
    source, weight, bias = kind.recurrence(neuron) or ("", None, None)
    return Stage(
        linear.weight.detach(),
        _plain(linear.bias),
        neuron,
        layer_of(kind, neuron, source),
        (_plain(weight), _plain(bias)),
        parameters_of(kind, neuron, to),
        tuple(to.get(id(p)) for p in (linear.weight, linear.bias, weight, bias)),
        takes_spikes,
    )


class Link:
    """A stage on the arrays of one shape of batch, used again in every step.

    Attributes:
        prediction: Membranes ``[T, B, N]``.
        to_outputs: Gradients of the spikes, of the last link of the membranes; to be
            filled in.
        rows: Both of them as flat arrays.
    """

    def __init__(self, stage: Stage, steps: int, batch: int, last: bool) -> None:
        T, B = steps, batch
        layer = stage.layer
        kind, rows = layer.kind, len(stage.weight)
        N = rows // kind.GATES
        self._stage = stage
        # By PyTorch, where its products read and write: they like it aligned.
        self._currents = stage.weight.new_empty(T * B, rows)
        self._outputs = stage.weight.new_empty(T * B, N)
        to_outputs = stage.weight.new_empty(T * B, N)
        dtype = self._currents.numpy().dtype

        def empty(*shape: int) -> Array:
            return np.empty(shape, dtype)

        spikes = self._outputs.numpy().reshape(T, -1)
        shape = (T, B, kind.INPUTS, N) if layer.source else (T, 1, 1, B * N)
        other = B * N if len(kind.STATES) > 1 and kind.STATES[0] != "spikes" else 0
        p = empty(len(kind.PARAMETERS), B, N)
        self._walk = Walk(
            *(layer, N, p.reshape(len(p), -1)),
            *(np.zeros((2, B * N), dtype), np.zeros(other, dtype)),
            empty(*shape) if layer.source else self._currents.numpy().reshape(shape),
            *(empty(T, B * N), empty(T, other), spikes),
        )
        to_rows = [to_outputs.numpy().reshape(T, -1), empty(T, 0)]
        to_spikes, to_membrane = reversed(to_rows) if last else to_rows
        to_currents = stage.weight.new_empty(shape)
        to_p = empty(*p.shape)
        self._back = Back(
            *(to_spikes, to_membrane, empty(T, 0)),
            *(empty(4, B * N), to_currents.numpy(), to_p.reshape(len(p), -1)),
        )
        self._to_currents = to_currents.view(T * B, -1)
        self._nothing = stage.weight.new_zeros(B, N)
        self._transposed = stage.weight.t(), self._to_currents.t()
        self._reads, self._writes = stage.parameters.bind(p, to_p)
        self._prepare()
        self.prediction = self._walk.of_neurons(self._walk.u)
        self.to_outputs = to_outputs
        self.rows = self._walk.u.reshape(-1), flat(to_outputs)

    def _prepare(self) -> None:
        """Settle how the neurons walk, there and back."""
        walk, wanted = self._walk, self._stage.parameters.wanted
        self._walk_there: Call = self._walk_fed_back
        self._walk_back: Call = partial(
            walk.backward, self._back, wanted, self._stage.back[0]
        )
        known = walk.layer.surrogate.code != OTHER
        weight, bias = self._stage.back
        if not walk.layer.source:
            self._walk_there = walk.straight()
            if known:
                self._walk_back = walk.straight_back(self._back, wanted)
        elif known and weight is not None and weight.ndim == 2:
            recurrence = Recurrence(
                *(walk, self._back, weight, bias, self._currents),
                *(wanted, self._stage.neuron),
            )
            self._fed = recurrence.first
            self._walk_there, self._walk_back = recurrence.there, recurrence.back

    def forward(self, signal: Tensor) -> Tensor:
        """Make spikes ``[T·B, N]`` out of a signal ``[T·B, I]``."""
        stage = self._stage
        self._signal, weight, bias = signal, stage.weight, stage.bias
        self._by_events = stage.takes_spikes and events.pays(signal, weight, bias)
        if self._by_events:
            events.add_columns(signal, weight, bias, self._currents)
        elif bias is None:
            torch.mm(signal, self._transposed[0], out=self._currents)
        else:
            torch.addmm(bias, signal, self._transposed[0], out=self._currents)
        for read in self._reads:
            read()
        self._walk_there()
        return self._outputs

    def _walk_fed_back(self) -> None:
        walk, (weight, bias) = self._walk, self._stage.back
        T, B, _, N = walk.inputs.shape
        gates = walk.layer.kind.GATES
        currents = self._currents.numpy().reshape(T, B, gates, N)
        walk.inputs[:, :, :gates] = currents
        self._fed = self._nothing
        if walk.layer.fires_twice:
            self._fed = self._stage.neuron.spikes(self._nothing).detach()
        walk.forward(self._fed, weight, bias)

    def backward(self, to_signal: Tensor | None) -> None:
        """Put the gradients of all that is learned here.

        Args:
            to_signal: To be filled in with that of the signal, if anything is learned
                before.
        """
        self._walk_back()
        for write in self._writes:
            write()
        to_weight, to_bias, *to_back = self._stage.to
        to_currents, transposed = self._to_currents, self._transposed[1]
        if self._walk.layer.source:
            to_currents = self._walk.to_current(self._back).flatten(0, 1)
            transposed = to_currents.t()
            self._write_back(*to_back)
        if to_bias is not None:
            torch.sum(to_currents, 0, out=to_bias)
        if to_weight is not None:
            if self._by_events:
                to_weight.copy_(events.add_rows(self._signal, to_currents))
            else:
                torch.mm(transposed, self._signal, out=to_weight)
        if to_signal is not None:
            torch.mm(to_currents, self._stage.weight, out=to_signal)

    def _write_back(self, *gradients: Tensor | None) -> None:
        """Put the gradients of what weighs what is fed back."""
        weight, bias = self._stage.back
        if weight is None or all(gradient is None for gradient in gradients):
            return
        found = self._walk.to_weights(self._back, self._fed, weight, bias)
        for gradient, each in zip(gradients, found, strict=True):
            if gradient is not None and each is not None:
                gradient.copy_(each)


def learns(stage: Stage) -> bool:
    """Say whether anything of a stage has a gradient."""
    return bool(stage.parameters.wanted.any()) or any(
        each is not None for each in stage.to
    )


def _plain(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.detach()
