"""Layers on top of each other: one after another, or all in one node of the graph."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt
import snntorch as snn
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from spikereg import events
from spikereg._compiled import flat, share
from spikereg.scan import check_neuron, check_parameters, kernels, scan
from spikereg.scan.rules import Rule, has_hooks, rule_of, unsupported

__all__ = ["readout", "run"]

Layers = Sequence[tuple[nn.Module, snn.Leaky]]


def run(
    layers: Layers, features: Float[Tensor, "T B F"]
) -> Iterator[tuple[Float[Tensor, "T B _"], Float[Tensor, "T B _"]]]:
    """Run the layers one after another, each over all steps.

    Args:
        layers: Pairs of weights and neurons.
        features: What the first layer is given, ``[T, B, F]``; the others are given
            the spikes of the layer before.

    Yields:
        Spikes and membranes of a layer.
    """
    signal = features
    for n, (linear, neuron) in enumerate(layers):
        if n and _is_plain(linear):  # the features are no spikes
            current = events.linear(signal, linear.weight, linear.bias)
        else:
            current = linear(signal)
        signal, membrane = scan(neuron, current)
        yield signal, membrane


def readout(layers: Layers, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B _"]:
    """Run the layers and return the membrane of the last, the same as :func:`run`.

    Where the compiled loops can run them all, they make up one node in the graph of
    gradients, with first derivatives only. It remembers one array a layer: the
    membrane, which says where the spikes were.

    Args:
        layers: As for :func:`run`.
        features: As for :func:`run`.

    Returns:
        Membrane of the last layer, ``[T, B, O]``.
    """
    plan = _plan(layers, features)
    if plan is None:
        *_, (_, membrane) = run(layers, features)
        return membrane
    rules, parameters = plan
    output: Tensor = _Stack.apply(rules, features, *parameters)  # type: ignore[no-untyped-call]
    return output


def _is_plain(linear: nn.Module) -> TypeGuard[nn.Linear]:
    return (
        type(linear) is nn.Linear
        and "forward" not in vars(linear)
        and not has_hooks(linear)
    )


def _plan(
    layers: Layers, features: Tensor
) -> tuple[list[Rule], list[Tensor | None]] | None:
    """Collect what the compiled loops need; ``None`` if they cannot run all layers.

    Refuses what scan refuses.
    """
    if features.numel() == 0 or torch.is_autocast_enabled("cpu"):
        return None
    rules: list[Rule] = []
    parameters: list[Tensor | None] = []
    for linear, neuron in layers:
        if not _is_plain(linear):
            return None
        check_neuron(neuron)
        beta, threshold = neuron.beta, neuron.threshold
        check_parameters(beta, threshold, features, linear.out_features)
        rule = rule_of(neuron)
        of_layer = linear.weight, linear.bias, beta, threshold
        if (
            rule.surrogate == kernels.GIVEN
            or unsupported(neuron, features, features)
            or any(p.dtype != features.dtype for p in of_layer if p is not None)
        ):
            return None
        rules.append(rule)
        parameters += of_layer
    return rules, parameters


class _Stack(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, rules: list[Rule], features: Tensor, *parameters: Tensor | None
    ) -> Tensor:
        ctx.rules, ctx.by_events = rules, [False]
        layers = _by_layer(parameters)
        membranes: list[Tensor] = []
        for n, (weight, bias, beta, threshold) in enumerate(layers):
            if n:
                fired = _fired(membranes[n - 1], layers[n - 1])
                membrane = fired.multiply(weight, bias)
                ctx.by_events.append(fired.by_events)
            else:
                membrane = F.linear(features, weight, bias)
            u = flat(membrane)
            state = np.zeros(len(u) // features.shape[0], u.dtype)
            share(
                kernels.forward,
                (rules[n].reset, state, flat(beta), flat(threshold), u, u[:0]),
                parts=len(state),
                elements=len(u),
            )
            membranes.append(membrane)
        ctx.save_for_backward(features, *membranes, *parameters)
        return membrane

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_output: Tensor) -> tuple[Tensor | None, ...]:
        features, *saved = ctx.saved_tensors
        depth = len(ctx.rules)
        membranes, layers = saved[:depth], _by_layer(saved[depth:])
        _, for_features, *wanted = ctx.needs_input_grad
        wanted = _by_layer(wanted)
        found: list[Tensor | None] = []
        # Of the last layer the membrane is read, of the others the spikes.
        to_membrane, surrogate = flat(to_output), kernels.GIVEN
        to_current = torch.zeros_like(membranes[-1]).view(-1, to_output.shape[-1])
        for n in reversed(range(depth)):
            weight, _, beta, threshold = layers[n]
            for_weight, for_bias, for_beta, for_threshold = wanted[n]
            u = flat(membranes[n])
            state = np.zeros(len(u) // features.shape[0], u.dtype)
            to_state = np.empty(len(state), u.dtype)
            # A number for each column, as if it had a β and a θ of its own
            to_beta = np.empty(len(state) if for_beta else 0, u.dtype)
            to_threshold = np.empty(len(state) if for_threshold else 0, u.dtype)
            share(
                kernels.backward,
                (
                    ctx.rules[n].reset,
                    surrogate,
                    ctx.rules[n].slope,
                    state,
                    flat(beta),
                    flat(threshold),
                    u,
                    to_membrane,
                    flat(to_current),
                    to_state,
                    to_beta,
                    to_threshold,
                ),
                parts=len(state),
                elements=len(u),
            )
            to_weight = None
            if for_weight and n:
                fired = _fired(membranes[n - 1], layers[n - 1], ctx.by_events[n])
                to_weight = fired.gradient_for_weight(to_current)
            elif for_weight:
                to_weight = to_current.t() @ features.flatten(0, 1)
            found[:0] = (
                to_weight,
                to_current.sum(dim=0) if for_bias else None,
                _summed(to_beta, beta) if for_beta else None,
                _summed(to_threshold, threshold) if for_threshold else None,
            )
            if n or for_features:
                to_current = to_current @ weight
            if n:
                to_membrane, surrogate = to_membrane[:0], ctx.rules[n - 1].surrogate
        return None, to_current.view_as(features) if for_features else None, *found


def _by_layer(values: Sequence[Any]) -> list[Sequence[Any]]:
    """Cut a row of values into those of each layer: weight, bias, β and θ."""
    return [values[i : i + 4] for i in range(0, len(values), 4)]


def _fired(
    membrane: Tensor, layer: Sequence[Any], by_events: bool = False
) -> events.Fired:
    *_, threshold = layer
    return events.Fired(flat(membrane), flat(threshold), membrane.shape, by_events)


def _summed(of_columns: npt.NDArray[np.floating], parameter: Tensor) -> Tensor:
    """Add up what is for the same β or θ; columns are ``[B, N]``."""
    each = torch.from_numpy(of_columns)
    if parameter.numel() == 1:
        return each.sum().view_as(parameter)
    if parameter.numel() == len(of_columns):
        return each
    return each.view(-1, parameter.shape[0]).sum(dim=0)
