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

from spikereg._check import has_hooks
from spikereg._compiled import first_derivatives_only, share
from spikereg.neurons import Kind
from spikereg.neurons.own import Neuron
from spikereg.scan.loops import walks
from spikereg.scan.surrogates import OTHER, Surrogate, surrogate_of, through


class UnsupportedError(ValueError):
    """The neuron or its input has a feature that the compiled walk lacks."""

    def __init__(self, feature: str) -> None:
        super().__init__(
            f'backend "cpu" cannot run a neuron with {feature}: use "auto" or '
            f'"reference"'
        )


class _Layer(NamedTuple):
    """What a walk has to know beside tensors."""

    kind: Kind
    reset: int
    surrogate: Surrogate
    source: str  # of what is fed back, "" for nothing


def walk(
    kind: Kind,
    neuron: nn.Module,
    current: Float[Tensor, "T B M"],
    state: tuple[Float[Tensor, "B N"], ...],
    parameters: tuple[Tensor, ...],
) -> tuple[Float[Tensor, "T B N"], tuple[Float[Tensor, "T B N"], ...]]:
    """Do as the reference does; raise for what only that can do."""
    source, weight, bias = kind.recurrence(neuron) or ("", None, None)
    surrogate = surrogate_of(neuron.spike_grad)
    if feature := kind.unsupported(neuron) or _unsupported(
        current, *state, weight, *parameters
    ):
        raise UnsupportedError(feature)
    if has_hooks(neuron):
        raise UnsupportedError("hooks")
    if surrogate is None:
        raise UnsupportedError("a surrogate that is none of snnTorch's")
    # Of the states, the last is the membrane, and the first may be the spikes.
    membrane, other, fired = state[-1], None, None
    if kind.STATES[0] == "spikes":
        fired = state[0]
    elif len(state) > 1:
        other = state[0]
    if isinstance(neuron, Neuron):  # whose membrane tells its spikes
        fired = neuron.spikes(membrane)
    layer = _Layer(kind, kind.reset(neuron), surrogate, source)
    spikes, *states = _Walk.apply(  # type: ignore[no-untyped-call]
        layer, current, membrane, other, fired, weight, bias, *parameters
    )
    if kind.STATES[0] == "spikes":
        states = [spikes, *states]
    return spikes, tuple(states)


def _unsupported(current: Tensor, *others: Tensor | None) -> str:
    """Name the first thing that compiled code cannot read, if there is one."""
    for tensor in (current, *others):
        if tensor is not None and not tensor.is_cpu:
            return f"tensors on {tensor.device}"
    if current.dtype not in (torch.float32, torch.float64):
        return f"data type {current.dtype}"
    return ""


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
            inputs = current.new_empty(T, kind.INPUTS, B, N)
            gates = current.view(T, B, kind.GATES, N).transpose(1, 2)
            inputs[:, : kind.GATES] = gates
        x = _array(inputs).reshape(T, kind.INPUTS, B * N)
        p = np.empty((len(parameters), B, N), x.dtype)
        for place, parameter in zip(p, parameters, strict=True):
            place[:] = _array(parameter)
        start = np.empty((2, B * N), x.dtype)  # membrane and spikes
        start[0] = _array(membrane).reshape(-1)
        ctx.arrays = (
            layer.reset,
            p.reshape(-1, B * N),
            start,
            x[0, 0, :0] if other is None else _array(other).reshape(-1),
        )
        # Allocated by NumPy, which takes less time than PyTorch.
        u, spikes = np.empty((T, B * N), x.dtype), np.empty((T, B * N), x.dtype)
        v = u[:, :0] if other is None else np.empty_like(u)
        run, _ = walks(kind)
        arrays = *ctx.arrays, x, u, v, spikes
        outputs = [torch.from_numpy(each).view(T, B, N) for each in (spikes, u)]
        if not layer.source:
            share(run, (*arrays, 0, T), parts=B * N, elements=u.size)
        else:
            fed = membrane if layer.source == "membrane" else fired
            for t in range(T):
                back = _times(fed, weight, bias).view(B, kind.GATES, N)
                kind.feed(inputs[t], back.transpose(0, 1))
                run(*arrays, t, t + 1, 0, B * N)
                fed = outputs[layer.source == "membrane"][t]
        if other is not None:
            outputs.insert(1, torch.from_numpy(v).view(T, B, N))
        ctx.layer = layer
        ctx.set_materialize_grads(False)
        kept = inputs if kind.KEEPS_INPUTS else None
        ctx.save_for_backward(
            kept, membrane, other, fired, weight, bias, *parameters, *outputs
        )
        return tuple(outputs)

    @staticmethod
    def backward(
        ctx: Any, to_spikes: Tensor | None, *to_states: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        first_derivatives_only('backend="reference"')
        layer, kind, surrogate = ctx.layer, ctx.layer.kind, ctx.layer.surrogate
        inputs, membrane, other, fired, weight, bias, *rest = ctx.saved_tensors
        wanted = ctx.needs_input_grad[7:]
        parameters, outputs = rest[: len(wanted)], rest[len(wanted) :]
        T, B, N = outputs[0].shape
        spikes, *v, u = (_array(each).reshape(T, B * N) for each in outputs)
        none = u[:, :0]
        other_surrogate = surrogate.code == OTHER
        through_spikes: Any = to_spikes
        if other_surrogate:
            through_spikes = torch.zeros_like(outputs[0])
        to_s, *to_v, to_u = (
            none if gradient is None else _array(gradient).reshape(T, B * N)
            for gradient in (through_spikes, *to_states)
        )
        to_x = np.empty((T, kind.INPUTS, B * N), u.dtype)
        x = none[:, None] if inputs is None else _array(inputs).reshape(to_x.shape)
        # The gradients of membrane, other state and spikes, from step to step, and of
        # the membrane through the spike
        carried = np.zeros((4, B * N), u.dtype)
        to_p = np.zeros((len(parameters), B * N), u.dtype)
        arrays = (
            *(surrogate.code, u.dtype.type(surrogate.slope), np.array(wanted)),
            *(fired is not None, *ctx.arrays, x, u, *(v or [none]), spikes),
            *(to_s, to_u, *(to_v or [none]), carried, to_x, to_p),
        )
        _, run = walks(kind)
        to_inputs = torch.from_numpy(to_x).view(T, kind.INPUTS, B, N)
        of_states = torch.from_numpy(carried).view(4, B, N)
        carried_u, carried_s = of_states[0], of_states[2]
        # One step at a time where the way back has to know what comes from the next one
        single = layer.source or (other_surrogate and fired is not None)
        for first in reversed(range(T)) if single else (0,):
            last = first + 1 if single else T
            if other_surrogate and (single or to_spikes is not None):
                to_now = carried_s
                if to_spikes is not None:
                    to_now = to_spikes[first:last] + carried_s
                above = outputs[-1][first:last] - parameters[-1].detach()
                through_spikes[first:last] = through(
                    surrogate.spike, above.view(-1, N), to_now.view(-1, N)
                ).view(-1, B, N)
                carried_s.zero_()
            share(run, (*arrays, first, last), parts=B * N, elements=u.size)
            if layer.source:
                back = to_inputs[first, -kind.GATES :].transpose(0, 1).reshape(B, -1)
                back = back @ weight if weight.ndim == 2 else back * weight
                (carried_u if layer.source == "membrane" else carried_s).add_(back)
        to_weight = to_bias = None
        if layer.source:
            source = outputs[-1] if layer.source == "membrane" else outputs[0]
            start = membrane if layer.source == "membrane" else fired
            fed = torch.cat([start[None], source[:-1]]).detach()
            back = to_inputs[:, -kind.GATES :].transpose(1, 2).reshape(T, B, -1)
            if weight.ndim == 2:
                to_weight = back.flatten(0, 1).t() @ fed.flatten(0, 1)
            else:
                to_weight = (back * fed).sum_to_size(weight.shape)
            to_bias = None if bias is None else back.sum(dim=(0, 1))
        return (
            None,
            to_inputs[:, : kind.GATES].transpose(1, 2).reshape(T, B, -1)
            if layer.source
            else to_inputs[:, 0],
            carried_u,
            None if other is None else of_states[1],
            None if fired is None else carried_s,
            to_weight,
            to_bias,
            *(
                _summed(gradient, parameter, B) if needed else None
                for gradient, parameter, needed in zip(
                    to_p, parameters, wanted, strict=True
                )
            ),
        )


def _array(tensor: Tensor) -> npt.NDArray[Any]:
    """View a tensor as an array: a copy if it is not contiguous."""
    array: npt.NDArray[Any] = tensor.detach().contiguous().numpy()
    return array


def _summed(gradient: npt.NDArray[Any], parameter: Tensor, batch: int) -> Tensor:
    """Add up the gradients of the columns that have a parameter in common."""
    if batch > 1:
        gradient = gradient.reshape(batch, -1).sum(axis=0)
    summed = torch.from_numpy(gradient)
    return (
        summed if summed.shape == parameter.shape else summed.sum().view_as(parameter)
    )


def _times(fed: Any, weight: Any, bias: Tensor | None) -> Tensor:
    """Weigh what is fed back: to all neurons, or to each its own."""
    return F.linear(fed, weight, bias) if weight.ndim == 2 else fed * weight
