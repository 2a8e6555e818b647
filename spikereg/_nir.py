"""What NIR cannot say of a layer, and what a network here cannot be of a graph."""

import importlib
from typing import Any

import numpy as np
import numpy.typing as npt
import snntorch as snn
from torch import Tensor, nn

from spikereg.dendrites import Dendrites
from spikereg.neurons import AdaptiveLeaky, PlasticPair, Resonator, SpikingLSTM, leaky
from spikereg.scan.surrogates import surrogate_of

Numbers = npt.NDArray[np.float64]

_LACKS: dict[type[nn.Module], str] = {
    snn.RLeaky: "NIR does not say that what is fed back comes one step later",
    snn.Synaptic: "NIR has it as CubaLIF, which to_nir does not write",
    AdaptiveLeaky: "NIR has no neuron with a current of adaptation",
    Resonator: "NIR has no neuron whose membrane swings",
    SpikingLSTM: "NIR has no gates",
    PlasticPair: "NIR has no neurons that move each other's threshold",
    Dendrites: "NIR has no filter that swings",
}
_RESETS = {
    "subtract": "NIR's LIF sets its membrane to v_reset, wherever it was",
    "none": "NIR's LIF always resets (without, it would be an LI and a Threshold, "
    "which to_nir does not write)",
}
_KINDS = ("Input", "Affine", "Linear", "LIF", "LI", "Output")
_ORDER = ["Input", *["Affine", "LIF"] * 3, "Output"]


def library() -> Any:
    """Return nir; raise with what to do if it is not there."""
    try:
        return importlib.import_module("nir")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "graphs are made by nir: pip install nir", name="nir"
        ) from error


# From a model


def numbers(values: Tensor, *width: int) -> Numbers:
    """Give a parameter in float64, one for each neuron if there is one for all."""
    exact = values.detach().cpu().double()
    return np.asarray(exact.expand(*width) if width else exact)


def fault(neuron: Any, width: int, fires: bool) -> str:
    """Say what a layer has or does that NIR cannot express, or nothing.

    Args:
        neuron: The layer.
        width: How many neurons it has.
        fires: Whether its spikes are what is read; else it is its membrane.
    """
    if type(neuron) is not snn.Leaky:
        reasons = (why for kind, why in _LACKS.items() if isinstance(neuron, kind))
        other = "to_nir writes snn.Leaky only"
        return f"is of {type(neuron).__name__}: {next(reasons, other)}"
    leaky.check(neuron)
    if what := _unusual(neuron):
        return what
    reset = neuron.reset_mechanism
    if fires and reset in _RESETS:
        return f'has reset_mechanism="{reset}": {_RESETS[reset]}'
    if not fires and reset != "none":
        return (
            f'is read by its membrane and has reset_mechanism="{reset}": NIR\'s LIF '
            f"gives its spikes; what gives a membrane is an LI, which does not reset"
        )
    for name in ("beta", "threshold"):
        shape = getattr(neuron, name).shape
        if shape not in ((), (1,), (width,)):
            return f"has {name} of the shape {list(shape)} for {width} neurons"
    for n, beta in enumerate(numbers(neuron.beta, width)):
        if not 0 < beta < 1:
            return (
                f"has beta = {beta:g} (neuron {n}): NIR's time constant must be finite "
                f"and longer than a step, which dt / (1 − beta) is for 0 < beta < 1"
            )
    least = neuron.threshold.min().item()
    if fires and least < 0 and not neuron.reset_delay:
        return (
            f"has reset_delay=False and a threshold of {least:g}: snnTorch doubles a "
            f"membrane that is below a negative threshold, and NIR does not"
        )
    return ""


def _unusual(neuron: Any) -> str:
    """Name the first of snnTorch's options that NIR lacks."""
    if neuron.inhibition:
        return "has inhibition=True: NIR's neurons do not see each other"
    if neuron.state_quant:
        return "has state_quant: NIR's membranes are not rounded"
    factor = neuron.graded_spikes_factor
    if factor.numel() != 1 or factor.item() != 1:
        return f"has graded_spikes_factor = {factor.tolist()}: NIR's LIF sends 0 or 1"
    if surrogate_of(neuron.spike_grad) is None:
        return (
            f"has spike_grad = {neuron.spike_grad!r}, which is none of snnTorch's: "
            f"NIR's LIF fires above its threshold and nowhere else"
        )
    return ""


# From a graph


def chain(graph: Any) -> list[str]:
    """Give the names of the nodes from the input to the output, if these are a chain.

    Raises:
        ValueError: If they are none, or not one that a network here can be.
    """
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    for name, kind in kinds.items():
        if kind not in _KINDS:
            raise ValueError(
                f"node {name!r} must be one of {_KINDS}, not of {kind}: from_nir makes "
                f"linear layers, leaky neurons and a readout"
            )
    after: dict[str, list[str]] = {name: [] for name in kinds}
    for here, there in graph.edges:
        if missing := {here, there} - kinds.keys():
            raise ValueError(f"an edge has node {missing.pop()!r}, which is not there")
        after[here].append(there)
    names = [name for name, kind in kinds.items() if kind == "Input"]
    if len(names) != 1:
        raise ValueError(f"graph must have one Input, not {names}")
    while following := after[names[-1]]:
        if len(following) > 1 or following[0] in names:
            raise ValueError(
                f"node {names[-1]!r} must lead to one that follows, not to {following}:"
                f" from_nir makes neither branches nor recurrence"
            )
        names += following
    found = [kinds[name] for name in names]
    alike = ["Affine" if kind == "Linear" else kind for kind in found]
    if alike not in (_ORDER, [*_ORDER[:-2], "LI", "Output"]):
        raise ValueError(
            f"graph must be {' → '.join(_ORDER)}, with Linear for Affine and LI for "
            f"the last LIF at will, not {' → '.join(found)}"
        )
    if apart := kinds.keys() - set(names):
        raise ValueError(f"node {sorted(apart)[0]!r} must lie behind the Input")
    return names


def array(
    graph: Any,
    name: str,
    field: str,
    shape: tuple[int, ...],
    *,
    only: float | None = None,
) -> Numbers:
    """Read an array of a node.

    Args:
        graph: The graph.
        name: Of the node.
        field: Of the array.
        shape: What its shape must be; -1 for any size.
        only: What all its numbers must be, if anything.

    Raises:
        ValueError: If it has another shape or other numbers, or not only numbers.
    """
    values = np.asarray(getattr(graph.nodes[name], field), dtype=np.float64)
    fits = len(values.shape) == len(shape) and all(
        wanted in (-1, size) for size, wanted in zip(values.shape, shape, strict=True)
    )
    if not fits:
        size = ["any" if wanted < 0 else wanted for wanted in shape]
        raise ValueError(
            f"node {name!r} must have {field} of the shape {size}, not "
            f"{list(values.shape)}"
        )
    infinite = field == "v_threshold"  # which is never reached
    bad = np.isnan(values) if infinite else ~np.isfinite(values)
    if only is not None:
        bad |= values != only
    if bad.any():
        allowed = "finite numbers" if only is None else f"{only:g}"
        raise ValueError(
            f"node {name!r} must have {field} of {allowed} to become snn.Leaky, not "
            f"{values[bad][0]:g}"
        )
    return values
