"""The same recursion as in reference.py, all time steps in one compiled loop."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import snntorch as snn
import torch
from jaxtyping import Float
from snntorch import surrogate
from torch import Tensor
from torch.autograd.function import once_differentiable

from spikereg.scan import kernels
from spikereg.scan.threads import run

# What makes up a step of snn.Leaky: a neuron that changes any of these is another one.
_UPDATE = ("forward", "fire", "mem_reset", "_base_state_function")
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
_FAST_SIGMOID, _ATAN = (
    make().__code__ for make in (surrogate.fast_sigmoid, surrogate.atan)
)
_STOCHASTIC = surrogate.SSO().__code__


class UnsupportedError(ValueError):
    """The neuron or its input has a feature that the compiled loop lacks."""


def scan_leaky(
    neuron: snn.Leaky,
    current: Float[Tensor, "T B N"],
    state: Float[Tensor, "B N"],
) -> tuple[Float[Tensor, "T B N"], Float[Tensor, "T B N"]]:
    """Step ``neuron`` through ``current`` from the membrane ``state``."""
    if feature := _unsupported(neuron, current, state):
        raise UnsupportedError(
            f'backend "cpu" cannot run a neuron with {feature}: use "auto" or '
            f'"reference"'
        )
    spike = neuron.spike_grad
    kind, slope = _surrogate(spike)
    spikes, membrane = _Leaky.apply(  # type: ignore[no-untyped-call]
        current,
        neuron.beta,
        neuron.threshold,
        state,
        int(neuron.reset_mechanism_val),
        kind,
        slope,
        spike,
    )
    if kind == kernels.GIVEN:
        _check_spikes(spike, spikes, membrane, state, neuron.threshold)
    return spikes, membrane


def _unsupported(neuron: snn.Leaky, current: Tensor, state: Tensor) -> str:
    """Name the first thing that the compiled loop cannot do, if there is one."""
    if neuron.inhibition:
        return "inhibition"
    if neuron.state_quant:
        return "state_quant"
    if not neuron.reset_delay:
        return "reset_delay=False"
    graded = neuron.graded_spikes_factor
    if graded.requires_grad or graded.numel() != 1 or graded.item() != 1:
        return "graded_spikes_factor"
    kind = type(neuron)
    step = neuron.state_function.__func__
    if (
        any(getattr(kind, name) is not getattr(snn.Leaky, name) for name in _UPDATE)
        or any(name in vars(neuron) for name in _UPDATE)
        or step is not getattr(snn.Leaky, step.__name__)
    ):
        return f"an update of its own ({kind.__name__})"
    if any(getattr(neuron, name) for name in _HOOKS):
        return "hooks"
    if getattr(neuron.spike_grad, "__code__", None) is _STOCHASTIC:
        return "a stochastic surrogate"
    for tensor in (current, state, neuron.beta, neuron.threshold):
        if tensor.device.type != "cpu":
            return f"tensors on {tensor.device}"
    if current.dtype not in (torch.float32, torch.float64):
        return f"data type {current.dtype}"
    if state.dtype != current.dtype:
        return f"a {state.dtype} state under a {current.dtype} current"
    # Times its float32 reset, snnTorch rounds such a threshold to float32.
    if neuron.threshold.dtype == torch.float64 and neuron.threshold.ndim == 0:
        return "a float64 threshold of shape []"
    return ""


def _surrogate(spike: Callable[[Tensor], Tensor]) -> tuple[int, float]:
    """Recognize the surrogates that the compiled loop knows, and their slope."""
    code = getattr(spike, "__code__", None)
    if code in (_FAST_SIGMOID, _ATAN):
        value = spike.__closure__[0].cell_contents  # type: ignore[index]
        if code is _FAST_SIGMOID and isinstance(value, int | float):
            return kernels.FAST_SIGMOID, float(value)
        if code is _ATAN and value == 2:
            return kernels.ATAN, math.pi
    return kernels.GIVEN, 0.0


def _check_spikes(
    spike: Callable[[Tensor], Tensor],
    spikes: Tensor,
    membrane: Tensor,
    state: Tensor,
    threshold: Tensor,
) -> None:
    """Refuse a spike function that is no step, or that is learned itself."""
    with torch.enable_grad():
        fired = spike(membrane.detach() - threshold.detach())
        fired_before = spike(state.detach() - threshold.detach())
    if fired.requires_grad:
        feature = "a surrogate that is learned"
    elif not (
        torch.equal(fired.to(spikes), spikes.detach())
        and torch.equal(fired_before > 0, state > threshold)
    ):
        feature = "a spike other than [U > θ]"
    else:
        return
    raise UnsupportedError(
        f'backend "cpu" cannot run a neuron with {feature}: use "auto" or "reference"'
    )


class _Leaky(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        current: Tensor,
        beta: Tensor,
        threshold: Tensor,
        state: Tensor,
        reset: int,
        kind: int,
        slope: float,
        spike: Callable[[Tensor], Tensor],
    ) -> tuple[Tensor, Tensor]:
        current = current.detach().contiguous()
        state = state.detach().contiguous()
        membrane, spikes = torch.empty_like(current), torch.empty_like(current)
        arrays = (
            _columns(current),
            _columns(state),
            _each(beta, current),
            _each(threshold, current),
            _columns(membrane),
            _columns(spikes),
        )
        run(lambda first, last: kernels.forward(reset, *arrays, first, last), current)
        ctx.save_for_backward(membrane, state, beta, threshold)
        ctx.reset, ctx.kind, ctx.slope, ctx.spike = reset, kind, slope, spike
        ctx.set_materialize_grads(False)
        return spikes, membrane

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_spikes: Any, to_membrane: Any) -> tuple[Any, ...]:
        membrane, state, beta, threshold = ctx.saved_tensors
        nothing = membrane[:0]
        if to_spikes is None:
            to_spikes = nothing
        elif ctx.kind == kernels.GIVEN:
            to_spikes = _through(ctx.spike, membrane - threshold, to_spikes)
        if to_membrane is None:
            to_membrane = nothing
        to_current, to_state = torch.empty_like(membrane), torch.empty_like(state)
        arrays = (
            _columns(membrane),
            _columns(state),
            _each(beta, membrane),
            _each(threshold, membrane),
            _columns(to_spikes.contiguous()),
            _columns(to_membrane.contiguous()),
            _columns(to_current),
            _columns(to_state),
        )
        wanted = [
            parameter.numel() if ctx.needs_input_grad[place] else 0
            for place, parameter in ((1, beta), (2, threshold))
        ]

        def work(first: int, last: int) -> list[npt.NDArray[np.float64]]:
            sums = [np.zeros(size) for size in wanted]
            kernels.backward(
                ctx.reset, ctx.kind, ctx.slope, *arrays, *sums, first, last
            )
            return sums

        parts = run(work, membrane)
        to_beta, to_threshold = (
            torch.from_numpy(sum(part)).to(parameter).view_as(parameter)
            if size
            else None
            for *part, parameter, size in zip(
                *parts, (beta, threshold), wanted, strict=True
            )
        )
        return to_current, to_beta, to_threshold, to_state, None, None, None, None


def _through(
    spike: Callable[[Tensor], Tensor], above: Tensor, to_spikes: Tensor
) -> Tensor:
    """Differentiate any surrogate, once for all steps.

    It gets the real gradient: a custom one need not be linear in it.
    """
    with torch.enable_grad():
        spikes = spike(above.requires_grad_())
        if not spikes.requires_grad:  # surrogate_disable=True
            return torch.zeros_like(above)
        (gradient,) = torch.autograd.grad(spikes, above, to_spikes.to(spikes))
    return gradient


def _columns(tensor: Tensor) -> npt.NDArray[np.floating]:
    """View a contiguous ``[…, B, N]`` as NumPy's ``[…, B·N]``."""
    *steps, batch, width = tensor.shape
    return tensor.numpy().reshape(*steps, batch * width)


def _each(parameter: Tensor, current: Tensor) -> npt.NDArray[np.floating]:
    """View β or θ as NumPy's ``[1]`` or ``[N]``."""
    return parameter.detach().to(current.dtype).reshape(-1).numpy()
