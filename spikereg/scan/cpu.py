"""The same walk through time, compiled, for any kind of neuron.

A layer of N neurons on a batch of B is a row of M = B·N columns that never meet, except
by the recurrence. Without one, all steps are one call, which walks some columns at a
time through all of them, so that their states stay in the cache. With one, each step is
a call, and between two of them PyTorch multiplies what is fed back by its weights.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from spikereg._compiled import first_derivatives_only, share
from spikereg.neurons import Kind
from spikereg.neurons.own import Neuron
from spikereg.scan.loops import walks
from spikereg.scan.surrogates import OTHER, Surrogate, surrogate_of, through
from spikereg.scan.unsupported import UnsupportedError, check, check_tensors


class _Layer(NamedTuple):
    """What a walk has to know beside tensors."""

    kind: Kind
    reset: int
    surrogate: Surrogate
    source: str  # of what is fed back, "" for nothing
    fires_twice: bool  # a step's spikes are made again by the next one


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
    surrogate = surrogate_of(neuron.spike_grad)
    if surrogate is None:
        raise UnsupportedError("a surrogate that is none of snnTorch's")
    source, weight, bias = kind.recurrence(neuron) or ("", None, None)
    # Of the states, the last is the membrane, and the first may be the spikes.
    membrane, other, fired = state[-1], None, None
    if kind.STATES[0] == "spikes":
        fired = state[0]
    elif len(state) > 1:
        other = state[0]
    # The membrane of ours tells their spikes, where these are more than a reset.
    twice = False
    if isinstance(neuron, Neuron) and (source == "spikes" or kind.READS_SPIKES):
        twice, fired = True, neuron.spikes(membrane)
    layer = _Layer(kind, kind.reset(neuron), surrogate, source, twice)
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
        layer: _Layer,
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
        x = _array(inputs)
        x = x.reshape(x.shape if layer.source else (T, 1, 1, B * N))
        p = np.empty((len(parameters), B, N), x.dtype)
        for place, parameter in zip(p, parameters, strict=True):
            place[:] = _array(parameter)
        start = np.empty((2, B, N), x.dtype)  # membrane and spikes
        start[0] = _array(membrane)
        start_v = start[0, :0] if other is None else _array(other.to(current.dtype))
        # Allocated by NumPy, which takes less time than PyTorch.
        u, spikes = np.empty((T, B, N), x.dtype), np.empty((T, B, N), x.dtype)
        v = u[..., :0] if other is None else np.empty_like(u)
        arrays = (spikes, u) if other is None else (spikes, v, u)
        outputs = tuple(torch.from_numpy(each) for each in arrays)
        starts = start.reshape(2, -1), start_v.reshape(-1)
        ctx.arrays = layer.reset, p.reshape(len(p), -1), *starts
        rows = [each.reshape(T, -1) for each in (u, v, spikes)]
        run, _ = walks(kind)
        if not layer.source:
            share(run, (*ctx.arrays, x, *rows, 0, T), parts=B * N, elements=u.size)
        else:
            fed = membrane if layer.source == "membrane" else fired
            for t in range(T):
                back = _times(fed, weight, bias)
                kind.feed(inputs[t], back.view(B, kind.GATES, N))
                run(*ctx.arrays, x, *rows, t, t + 1, 0, B * N)
                fed = outputs[-1 if layer.source == "membrane" else 0][t]
        ctx.layer = layer
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
        layer, kind, surrogate = ctx.layer, ctx.layer.kind, ctx.layer.surrogate
        inputs, membrane, _, fired, weight, bias, *rest = ctx.saved_tensors
        _, _, for_membrane, for_other, for_fired, *_ = needed = ctx.needs_input_grad
        parameters, outputs = rest[: len(needed) - 7], rest[len(needed) - 7 :]
        T, B, N = outputs[0].shape
        spikes, *v, u = (_array(each).reshape(T, -1) for each in outputs)
        none: Any = u[:, :0]
        to_outputs: list[Any] = [to_spikes, *to_states]
        if surrogate.code == OTHER:
            to_outputs[0] = torch.zeros_like(outputs[0])
        to_s, *to_v, to_u = (
            none if gradient is None else _array(gradient).reshape(T, -1)
            for gradient in to_outputs
        )
        shape = (T, B, kind.INPUTS, N) if layer.source else (T, 1, 1, B * N)
        to_x = np.empty(shape, u.dtype)
        x = to_x if inputs is None else _array(inputs).reshape(shape)
        # The gradients of membrane, other state and spikes, from step to step, and of
        # the membrane through the spike
        carried = np.zeros((4, B * N), u.dtype)
        to_p = np.zeros((len(parameters), B * N), u.dtype)
        arrays = (
            *(surrogate.code, u.dtype.type(surrogate.slope), np.array(needed[7:])),
            *(fired is not None, *ctx.arrays, x, u, *(v or [none]), spikes),
            *(to_s, to_u, *(to_v or [none]), carried, to_x, to_p),
        )
        _, run = walks(kind)
        to_inputs = torch.from_numpy(to_x)
        to_start = torch.from_numpy(carried.reshape(4, B, N))

        def through_spikes(first: int, last: int) -> None:
            """Do for other surrogates what the walk does for those that it knows."""
            above = outputs[-1][first:last] - parameters[-1].detach()
            parts = [] if last == T else [to_start[2].expand_as(above)]
            if to_spikes is not None:
                parts.append(to_spikes[first:last])
            if len(parts) > 1 and not layer.fires_twice:
                parts = [parts[0] + parts[1]]
            to_outputs[0][first:last] = 0
            for part in parts:
                to_outputs[0][first:last] += through(surrogate.spike, above, part)
            to_start[2].zero_()

        if not layer.source and (surrogate.code != OTHER or fired is None):
            if surrogate.code == OTHER and to_spikes is not None:
                through_spikes(0, T)
            share(run, (*arrays, 0, T), parts=B * N, elements=u.size)
        else:  # the way back has to know what comes from the next step
            for t in reversed(range(T)):
                if surrogate.code == OTHER:
                    through_spikes(t, t + 1)
                run(*arrays, t, t + 1, 0, B * N)
                if layer.source:
                    to_fed = to_inputs[t, :, -kind.GATES :].flatten(1)
                    to_last = to_fed @ weight if weight.ndim == 2 else to_fed * weight
                    to_start[0 if layer.source == "membrane" else 2] += to_last
        to_weight = to_bias = None
        to_current = to_inputs[:, :, : kind.GATES].reshape(T, B, kind.GATES * N)
        if layer.source:
            to_fed = to_inputs[:, :, -kind.GATES :].flatten(2)
            start, later = fired, outputs[0]
            if layer.source == "membrane":
                start, later = membrane, outputs[-1]
            fed = torch.cat([start[None], later[:-1]]).detach()
            to_weight, to_bias = _to_weights(to_fed, fed, weight, bias)
        return (
            None,
            to_current,
            to_start[0] if for_membrane else None,
            to_start[1] if for_other else None,
            to_start[2] if for_fired else None,
            to_weight,
            to_bias,
            *(
                _shared(each, parameter) if wanted else None
                for each, parameter, wanted in zip(
                    to_p if B == 1 else to_p.reshape(len(to_p), B, N).sum(axis=1),
                    parameters,
                    needed[7:],
                    strict=True,
                )
            ),
        )


def _array(tensor: Tensor) -> npt.NDArray[Any]:
    """View a tensor as an array: a copy if it is not contiguous."""
    return np.ascontiguousarray(tensor.numpy(force=True))  # without its graph


def _shared(each: npt.NDArray[Any], parameter: Tensor) -> Tensor:
    """Add up what is for the same parameter."""
    gradient = torch.from_numpy(each)
    if gradient.shape == parameter.shape:
        return gradient
    return gradient.sum().view_as(parameter)


def _times(fed: Any, weight: Any, bias: Tensor | None) -> Tensor:
    """Weigh what is fed back: to all neurons, or to each its own."""
    return F.linear(fed, weight, bias) if weight.ndim == 2 else fed * weight


def _to_weights(
    to_fed: Tensor, fed: Tensor, weight: Tensor, bias: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Differentiate all the products of :func:`_times` at once."""
    if weight.ndim < 2:
        return (to_fed * fed).sum_to_size(weight.shape), None
    to_weight = to_fed.flatten(0, 1).t() @ fed.flatten(0, 1)
    return to_weight, None if bias is None else to_fed.sum(dim=(0, 1))
