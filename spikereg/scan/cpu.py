"""The compiled walk through time as a node of PyTorch's graph."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg._compiled import first_derivatives_only
from spikereg.neurons import Kind
from spikereg.scan.arrays import Back, Walk, array, shared
from spikereg.scan.layer import Layer, layer_of
from spikereg.scan.unsupported import check, check_tensors


def walk(
    kind: Kind,
    neuron: nn.Module,
    current: Float[Tensor, "T B M"],
    state: tuple[Float[Tensor, "B N"], ...],
    parameters: tuple[Tensor, ...],
) -> tuple[Float[Tensor, "T B N"], tuple[Float[Tensor, "T B N"], ...]]:
    """Do as the reference does; raise for what only that can do."""
    check_tensors(current, *state, *parameters)
    check(kind, neuron)
    source, weight, bias = kind.recurrence(neuron) or ("", None, None)
    layer = layer_of(kind, neuron, source)
    # Of the states, the last is the membrane, and the first may be the spikes.
    membrane, other, fired = state[-1], None, None
    if kind.STATES[0] == "spikes":
        fired = state[0]
    elif len(state) > 1:
        other = state[0]
    if layer.fires_twice:
        fired = neuron.spikes(membrane)  # type: ignore[operator]
    spikes, *states = _Walk.apply(  # type: ignore[no-untyped-call]
        layer, current, membrane, other, fired, weight, bias, *parameters
    )
    if kind.STATES[0] == "spikes":
        states = [spikes, *states]
    return spikes, tuple(states)


class _Walk(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        layer: Layer,
        current: Tensor,
        membrane: Tensor,
        other: Tensor | None,
        fired: Tensor | None,
        weight: Tensor | None,
        bias: Tensor | None,
        *parameters: Tensor,
    ) -> tuple[Tensor, ...]:
        kind, (T, *_), (B, N) = layer.kind, current.shape, membrane.shape
        inputs = current
        if layer.source:
            inputs = current.new_empty(T, B, kind.INPUTS, N)
            inputs[:, :, : kind.GATES] = current.reshape(T, B, kind.GATES, N)
        x = array(inputs)
        x = x.reshape(x.shape if layer.source else (T, 1, 1, B * N))
        p = np.empty((len(parameters), B, N), x.dtype)
        for place, parameter in zip(p, parameters, strict=True):
            place[:] = array(parameter)
        start = np.empty((2, B, N), x.dtype)
        start[0] = array(membrane)
        none = start[0, :0]
        start_v = none if other is None else array(other.to(current.dtype))
        # Allocated by NumPy, which takes less time than PyTorch.
        u, spikes = np.empty((T, B, N), x.dtype), np.empty((T, B, N), x.dtype)
        v = u[..., :0] if other is None else np.empty_like(u)
        rows = [each.reshape(T, -1) for each in (u, v, spikes)]
        starts = start.reshape(2, -1), start_v.reshape(-1)
        way = Walk(layer, N, p.reshape(len(p), -1), *starts, x, *rows)
        ctx.beginning = way._replace(inputs=none, u=none, v=none, spikes=none)
        way.forward(membrane if layer.source == "membrane" else fired, weight, bias)
        arrays = (spikes, u) if other is None else (spikes, v, u)
        outputs = tuple(torch.from_numpy(each) for each in arrays)
        ctx.set_materialize_grads(False)
        kept = inputs if kind.KEEPS_INPUTS else None
        ctx.save_for_backward(
            kept, membrane, other, fired, weight, bias, *parameters, *outputs
        )
        return outputs

    @staticmethod
    def backward(
        ctx: Any, to_spikes: Tensor | None, *to_states: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        first_derivatives_only('backend="reference"')
        layer = ctx.beginning.layer
        inputs, membrane, _, fired, weight, bias, *rest = ctx.saved_tensors
        _, _, for_membrane, for_other, for_fired, *_ = needed = ctx.needs_input_grad
        parameters, outputs = rest[: len(needed) - 7], rest[len(needed) - 7 :]
        T, B, N = outputs[0].shape
        spikes, *v, u = (array(each).reshape(T, -1) for each in outputs)
        none: Any = u[:, :0]
        to_s, *to_v, to_u = (
            none if gradient is None else array(gradient).reshape(T, -1)
            for gradient in (to_spikes, *to_states)
        )
        shape = (T, B, layer.kind.INPUTS, N) if layer.source else (T, 1, 1, B * N)
        to_x = np.empty(shape, u.dtype)
        x = to_x if inputs is None else array(inputs).reshape(shape)
        other, to_other = (v[0], to_v[0]) if v else (none, none)
        way = ctx.beginning._replace(inputs=x, u=u, v=other, spikes=spikes)
        carried = np.empty((4, B * N), u.dtype)
        to_p = np.empty((len(parameters), B * N), u.dtype)
        back = Back(to_s, to_u, to_other, carried, to_x, to_p)
        way.backward(back, np.array(needed[7:]), weight)
        to_start = way.of_neurons(back.carried)
        to_weight = to_bias = None
        if layer.source:
            first = membrane if layer.source == "membrane" else fired
            to_weight, to_bias = way.to_weights(back, first.detach(), weight, bias)
        return (
            None,
            way.to_current(back),
            to_start[0] if for_membrane else None,
            to_start[1] if for_other else None,
            to_start[2] if for_fired else None,
            to_weight,
            to_bias,
            *(
                shared(each, parameter) if wanted else None
                for each, parameter, wanted in zip(
                    way.to_parameters(back), parameters, needed[7:], strict=True
                )
            ),
        )
