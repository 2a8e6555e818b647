"""Networks that a page can run: which it refuses, and what it is told of them."""

import copy
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import snntorch as snn
import torch
from torch import Tensor, nn

from spikereg._check import has_hooks
from spikereg.models import SpikingRegressor
from spikereg.neurons import KINDS

LARGEST = 1e9

#: Which kinds of neurons may stand in a network, by the names of its layers.
Kinds = Mapping[str, tuple[type[nn.Module], ...]]


def read_by_membrane(model: object) -> SpikingRegressor:
    """Return a network, or raise unless it answers by its membrane."""
    if not isinstance(model, SpikingRegressor):
        raise TypeError(f"model must be a SpikingRegressor, not {type(model).__name__}")
    if model.readout != "membrane":
        raise ValueError(
            f'model must have the readout "membrane", not {model.readout!r}'
        )
    return model


def check_layers(name: str, model: SpikingRegressor, kinds: Kinds) -> list[nn.Linear]:
    """Raise unless a page can run each layer; return their weights.

    Args:
        name: What an error calls the network.
        model: The network.
        kinds: The neurons that the page knows.
    """
    for layer, allowed in kinds.items():
        _check_neuron(name, layer, getattr(model, layer), allowed)
    linears = [linear for linear, _ in model.layers()]
    for linear in linears:
        if type(linear) is not nn.Linear or has_hooks(linear):
            raise ValueError(
                f"{name} must have layers that are nn.Linear without hooks, not "
                f"{type(linear).__name__}"
            )
    for first, second in itertools.pairwise(linears):
        if first.out_features != second.in_features:
            raise ValueError(
                f"{name} must have layers that fit: {first.out_features} neurons "
                f"before {second.in_features} inputs"
            )
    return linears


def _check_neuron(
    name: str, layer: str, neuron: nn.Module, allowed: tuple[type[nn.Module], ...]
) -> None:
    own = type(neuron)
    if own not in allowed:
        *names, last = map(_called, allowed)
        known = f"{', '.join(names)} or {last}" if names else last
        raise ValueError(f"{name} must have {known} as {layer}, not {own.__name__}")
    kind = KINDS[own]
    kind.check(neuron)
    hooked = any(map(has_hooks, neuron.modules()))
    feature = "hooks" if hooked else kind.unsupported(neuron)
    if feature:
        raise ValueError(f"{name} must not have a neuron with {feature}")


def _called(kind: type[nn.Module]) -> str:
    own = kind.__module__.startswith("spikereg.")
    return f"an {kind.__name__}" if own else f"an snn.{kind.__name__}"


def check_width(name: str, linears: Sequence[nn.Linear], widest: int) -> None:
    """Raise if there are more neurons in a layer than a page can hold."""
    width = max(linear.out_features for linear in linears)
    if width > widest:
        raise ValueError(
            f"{name} must have at most {widest} neurons in a layer, not {width}: the "
            f"page holds all weights"
        )


def check_readout(name: str, model: SpikingRegressor) -> None:
    """Raise if the readout resets: its membrane would not be an integral."""
    reset = model.li_out.reset_mechanism
    if reset != "none":
        raise ValueError(
            f'{name} must have a readout with the reset "none", not {reset!r}'
        )


def leaky_layers(
    name: str, model: SpikingRegressor, widest: int, ends: tuple[int, int], called: str
) -> list[tuple[bytes, dict[str, Any]]]:
    """Return numbers and shape of each layer of a feed-forward network.

    Args:
        name: What an error calls the network.
        model: The network.
        widest: How many neurons there may be in a layer.
        ends: How many inputs and outputs there must be.
        called: These in words.
    """
    kinds = dict.fromkeys(("lif_in", "lif_hidden", "li_out"), (snn.Leaky,))
    linears = check_layers(name, model, kinds)
    own = (linears[0].in_features, linears[-1].out_features)
    if own != ends:
        raise ValueError(f"{name} must have {called}, not {own[0]} and {own[1]}")
    check_width(name, linears, widest)
    check_readout(name, model)
    copied = copy.deepcopy(model).to("cpu", torch.float32)
    # The page clamps decays itself: it may multiply them before.
    return [
        described(
            name, linear, neuron, {"beta": neuron.beta, "threshold": neuron.threshold}
        )
        for linear, neuron in copied.layers()
    ]


def described(
    name: str,
    linear: nn.Linear,
    neuron: Any,
    parameters: Mapping[str, Tensor],
) -> tuple[bytes, dict[str, Any]]:
    """Return a layer's numbers, and what they are.

    Args:
        name: What an error calls the network.
        linear: Its weights, in single precision, on the CPU.
        neuron: Its neurons.
        parameters: Theirs by name, each of size 1 or N.

    Returns:
        Weights ``[N, M]``, biases and parameters ``[N]``, one after another; M, N and
        the reset.
    """
    bias = _or_zeros(linear.bias, linear.out_features)
    step = neuron.spike_grad(torch.tensor([-1.0, 0.0, 1.0]))
    if step.tolist() != [0, 0, 1]:
        raise ValueError(f"{name} must have neurons that fire above their threshold")
    for kind, value in parameters.items():
        if value.ndim > 1 or value.numel() not in (1, linear.out_features):
            raise ValueError(
                f"{name} must have one {kind} or one for each of {linear.out_features} "
                f"neurons, not {list(value.shape)}"
            )
    each = [value.expand_as(bias) for value in parameters.values()]
    layer = {
        "inputs": linear.in_features,
        "width": linear.out_features,
        "reset": neuron.reset_mechanism,
    }
    return numbers(name, linear.weight, bias, *each), layer


def fed_back(name: str, neuron: Any, width: int) -> tuple[bytes, str]:
    """Return the numbers of a recurrence, and which way the spikes go back.

    Returns:
        Weights ``[N, N]`` and biases ``[N]``, and ``"all"``; or weights ``[N]``, and
        ``"own"`` where each neuron feeds back to itself; or nothing and ``""``.
    """
    recurrence = KINDS[type(neuron)].recurrence(neuron)
    if recurrence is None:
        return b"", ""
    _, weight, bias = recurrence
    assert weight is not None
    if weight.ndim < 2 and weight.numel() in (1, width):
        return numbers(name, weight.expand(width)), "own"
    if list(weight.shape) != [width, width]:
        raise ValueError(
            f"{name} must feed back to {width} neurons what {width} neurons fire, not "
            f"by weights {list(weight.shape)}"
        )
    return numbers(name, weight, _or_zeros(bias, width)), "all"


def _or_zeros(bias: Tensor | None, width: int) -> Tensor:
    return torch.zeros(width) if bias is None else bias


def numbers(name: str, *values: Tensor) -> bytes:
    """Return tensors as bytes; raise unless all that is in them can be drawn."""
    # A NaN fails this, too.
    if not all(bool((value.abs() <= LARGEST).all()) for value in values):
        raise ValueError(
            f"{name} must have finite weights, decays and thresholds of at most "
            f"{LARGEST:g}, or what they add up to cannot be drawn"
        )
    return b"".join(value.detach().numpy().astype("<f4").tobytes() for value in values)
