"""Which neurons the compiled loop can run, and by which rule."""

import math
from collections.abc import Callable
from typing import NamedTuple

import snntorch as snn
import torch
from snntorch import surrogate
from torch import Tensor, nn
from torch.nn.modules import module as every

from spikereg.scan import kernels

# What makes up a step of snn.Leaky: a neuron that changes any of these is another one.
_UPDATE = ("forward", "fire", "mem_reset", "_base_state_function")
_RESETS = {
    "_base_sub": kernels.SUBTRACT,
    "_base_zero": kernels.ZERO,
    "_base_int": kernels.NONE,
}
_FAST_SIGMOID, _ATAN = (
    make().__code__ for make in (surrogate.fast_sigmoid, surrogate.atan)
)
_STOCHASTIC = surrogate.SSO().__code__


class UnsupportedError(ValueError):
    """The neuron or its input has a feature that the compiled loop lacks."""

    def __init__(self, feature: str) -> None:
        super().__init__(
            f'backend "cpu" cannot run a neuron with {feature}: use "auto" or '
            f'"reference"'
        )


class Rule(NamedTuple):
    """How a neuron resets and how its spikes are differentiated, for the kernels."""

    reset: int
    surrogate: int
    slope: float
    spike: Callable[[Tensor], Tensor]


def unsupported(neuron: snn.Leaky, current: Tensor, state: Tensor) -> str:
    """Name the first thing that the compiled loop cannot do, if there is one."""
    if neuron.inhibition:
        return "inhibition"
    if neuron.state_quant:
        return "state_quant"
    if not neuron.reset_delay:
        return "reset_delay=False"
    threshold = neuron.threshold
    for tensor in (current, state, neuron.beta, threshold):
        if not tensor.is_cpu:
            return f"tensors on {tensor.device}"
    graded = neuron.graded_spikes_factor
    if graded.requires_grad or graded.numel() != 1 or graded.item() != 1:
        return "graded_spikes_factor"
    kind = type(neuron)
    step = neuron.state_function.__func__
    if (
        step is not getattr(snn.Leaky, step.__name__)
        or not vars(neuron).keys().isdisjoint(_UPDATE)
        or (
            kind is not snn.Leaky
            and any(getattr(kind, n) is not getattr(snn.Leaky, n) for n in _UPDATE)
        )
    ):
        return f"an update of its own ({kind.__name__})"
    if has_hooks(neuron):
        return "hooks"
    if getattr(neuron.spike_grad, "__code__", None) is _STOCHASTIC:
        return "a stochastic surrogate"
    if current.dtype not in (torch.float32, torch.float64):
        return f"data type {current.dtype}"
    if state.dtype != current.dtype:
        return f"a {state.dtype} state under a {current.dtype} current"
    # Times its float32 reset, snnTorch rounds such a threshold to float32.
    if (
        threshold.dtype == torch.float64
        and threshold.ndim == 0
        and step.__name__ == "_base_sub"
    ):
        return "a float64 threshold of shape []"
    return ""


def rule_of(neuron: snn.Leaky) -> Rule:
    """Read a neuron's rule, and recognize the surrogates that the kernel knows."""
    spike = neuron.spike_grad
    known, slope = kernels.GIVEN, 0.0
    code = getattr(spike, "__code__", None)
    if code in (_FAST_SIGMOID, _ATAN):
        value = spike.__closure__[0].cell_contents
        if code is _FAST_SIGMOID and isinstance(value, int | float):
            known, slope = kernels.FAST_SIGMOID, float(value)
        if code is _ATAN and isinstance(value, int | float) and value == 2:
            known, slope = kernels.ATAN, math.pi
    return Rule(_RESETS[neuron.state_function.__name__], known, slope, spike)


def has_hooks(module: nn.Module) -> bool:
    """Say whether calling the module would call something else too."""
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or every._global_forward_hooks
        or every._global_forward_pre_hooks
        or every._global_backward_hooks
        or every._global_backward_pre_hooks
    )
