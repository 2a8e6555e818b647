"""The same recursion as in reference.py, all time steps in one compiled loop."""

from collections.abc import Callable
from typing import Any

import snntorch as snn
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from spikereg._compiled import flat, share
from spikereg.scan import kernels
from spikereg.scan.rules import Rule, UnsupportedError, rule_of, unsupported


def scan_leaky(
    neuron: snn.Leaky,
    current: Float[Tensor, "T B N"],
    state: Float[Tensor, "B N"],
) -> tuple[Float[Tensor, "T B N"], Float[Tensor, "T B N"]]:
    """Step ``neuron`` through ``current`` from the membrane ``state``."""
    if feature := unsupported(neuron, current, state):
        raise UnsupportedError(feature)
    rule = rule_of(neuron)
    spikes, membrane = _Leaky.apply(  # type: ignore[no-untyped-call]
        current, neuron.beta, neuron.threshold, state, rule
    )
    if rule.surrogate == kernels.GIVEN:
        _check_spikes(neuron, spikes, membrane, state)
    return spikes, membrane


def _check_spikes(
    neuron: snn.Leaky, spikes: Tensor, membrane: Tensor, state: Tensor
) -> None:
    """Refuse a spike function that is no step, or that is learned itself."""
    threshold = neuron.threshold.detach()
    with torch.enable_grad():
        # Two axes, as in snnTorch's steps
        above = (membrane.detach() - threshold).flatten(0, 1)
        fired = neuron.spike_grad(above).view_as(membrane)
        fired_before = neuron.spike_grad(state.detach() - threshold)
    if fired.requires_grad:
        raise UnsupportedError("a surrogate that is learned")
    if not (
        torch.equal(fired.to(spikes), spikes.detach())
        and torch.equal(fired_before > 0, state > threshold)
    ):
        raise UnsupportedError("a spike other than [U > θ]")


class _Leaky(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        current: Tensor,
        beta: Tensor,
        threshold: Tensor,
        state: Tensor,
        rule: Rule,
    ) -> tuple[Tensor, Tensor]:
        membrane = current.clone(memory_format=torch.contiguous_format)
        spikes = torch.empty_like(membrane)
        share(
            kernels.forward,
            (
                rule.reset,
                flat(state),
                flat(beta, membrane),
                flat(threshold, membrane),
                flat(membrane),
                flat(spikes),
            ),
            parts=state.numel(),
            elements=membrane.numel(),
        )
        ctx.save_for_backward(membrane, state, beta, threshold)
        ctx.rule = rule
        ctx.set_materialize_grads(False)
        return spikes, membrane

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, to_spikes: Tensor | None, to_membrane: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        membrane, state, beta, threshold = ctx.saved_tensors
        _, for_beta, for_threshold, _, _ = ctx.needs_input_grad
        rule, surrogate = ctx.rule, ctx.rule.surrogate
        if to_spikes is None:
            to_current, surrogate = torch.zeros_like(membrane), kernels.GIVEN
        else:
            if surrogate == kernels.GIVEN:
                to_spikes = _through(rule.spike, membrane - threshold, to_spikes)
            to_current = to_spikes.clone(memory_format=torch.contiguous_format)
        to_state = state.new_empty(state.shape)
        # One for each column, as if it had a β and a θ of its own
        to_beta = torch.empty_like(to_state if for_beta else to_state[:0])
        to_threshold = torch.empty_like(to_state if for_threshold else to_state[:0])
        share(
            kernels.backward,
            (
                rule.reset,
                surrogate,
                rule.slope,
                flat(state),
                flat(beta, membrane),
                flat(threshold, membrane),
                flat(membrane),
                flat(membrane[:0] if to_membrane is None else to_membrane),
                flat(to_current),
                flat(to_state),
                flat(to_beta),
                flat(to_threshold),
            ),
            parts=state.numel(),
            elements=membrane.numel(),
        )
        return (
            to_current,
            to_beta.sum_to_size(beta.shape) if for_beta else None,
            to_threshold.sum_to_size(threshold.shape) if for_threshold else None,
            to_state,
            None,
        )


def _through(
    spike: Callable[[Tensor], Tensor], above: Tensor, to_spikes: Tensor
) -> Tensor:
    """Differentiate any surrogate, once for all steps.

    It gets the real gradient: a custom one need not be linear in it.
    """
    rows, to_rows = above.flatten(0, 1), to_spikes.flatten(0, 1)
    with torch.enable_grad():
        spikes = spike(rows.requires_grad_())
        if not spikes.requires_grad:  # surrogate_disable=True
            return torch.zeros_like(above)
        (gradient,) = torch.autograd.grad(spikes, rows, to_rows.to(spikes))
    return gradient.view_as(above)
