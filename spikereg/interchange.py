"""Networks for other simulators and for chips: NIR, out and in again."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import snntorch as snn
import torch
from torch import Tensor, nn

from spikereg._check import finite_weights, has_hooks, positive
from spikereg._nir import Numbers, array, chain, fault, library, numbers
from spikereg.models import SpikingRegressor

if TYPE_CHECKING:
    from nir import NIRGraph

#: The layers of a network by name, in the order of the signal.
LAYERS = (("fc_in", "lif_in"), ("fc_hidden", "lif_hidden"), ("fc_out", "li_out"))


def to_nir(model: nn.Module, *, dt: int | float = 1e-3) -> "NIRGraph":
    r"""Write a network as a graph of the Neuromorphic Intermediate Representation.

    NIR's neuron lives in continuous time, and is reset at once,

    .. math:: \tau \dot v = (v_\mathrm{leak} - v) + R I , \qquad
              v > v_\mathrm{threshold}: \text{a spike, and } v := v_\mathrm{reset} .

    A simulator that takes Euler's steps of :math:`\Delta t`, as Norse does, has

    .. math:: v_t = \Bigl(1 - \frac{\Delta t}{\tau}\Bigr)\, v_{t-1}
              + \frac{\Delta t}{\tau}\, R I_t ,

    which is ``snntorch.Leaky`` with reset to zero, for

    .. math:: \tau = \frac{\Delta t}{1 - \beta} , \qquad R = 1 , \qquad
              W_\mathrm{NIR} = \frac{W}{1 - \beta} , \qquad
              b_\mathrm{NIR} = \frac{b}{1 - \beta}

    and :math:`v_\mathrm{leak} = v_\mathrm{reset} = 0`. The scale is in the weights,
    since not all simulators read :math:`R`. A simulator with exact exponentials has the
    decay :math:`e^{-\Delta t / \tau}` in the place of :math:`\beta`.

    It does not matter whether snnTorch resets to zero at once (``reset_delay=False``)
    or one step later: that is before the decay, so that all spikes are the same. Only
    the membrane that it shows at a spike differs: after its reset, or before.

    Args:
        model: A :class:`~spikereg.SpikingRegressor` of ``nn.Linear`` and
            ``snntorch.Leaky``, with ``reset_mechanism="zero"`` in the hidden layers,
            a readout with ``"none"`` whose membrane is read (an ``LI``), or with
            ``"zero"`` whose spikes are (an ``LIF``), and :math:`0 < \beta < 1`
            everywhere. Each neuron may have its own :math:`\beta` and :math:`\theta`.
        dt: Seconds a step :math:`\Delta t`, positive. NIR's graphs do not hold it: who
            runs one has to know.

    Returns:
        ``nir.NIRGraph``, one node a layer of weights and of neurons, by the names that
        the model has for them, from ``"input"`` to ``"output"``; arrays in float64.
        ``nir.write("network.nir", graph)`` keeps it.

    Raises:
        ModuleNotFoundError: Without nir, which is not installed with spikereg:
            ``pip install nir``.
        TypeError: If the model is no such network.
        ValueError: If a layer does what NIR cannot express, both of which are named, or
            for weights that are not finite or a bad ``dt``.

    Source:
        J. E. Pedersen et al., *Neuromorphic intermediate representation: a unified
        instruction set for interoperable brain-inspired computing*, Nature
        Communications 15 (2024); https://neuroir.org.
    """
    nir = library()
    positive("dt", dt)
    if not isinstance(model, SpikingRegressor) or any(
        getattr(type(model), name) is not getattr(SpikingRegressor, name)
        for name in ("forward", "layers", "_run")
    ):
        raise TypeError(f"model must be a SpikingRegressor, not {type(model).__name__}")
    finite_weights(model)
    nodes = {"input": nir.Input({"input": np.array([model.fc_in.in_features])})}
    for (fc, lif), (linear, neuron) in zip(LAYERS, model.layers(), strict=True):
        fires = lif != "li_out" or model.readout == "spikes"
        for name, layer in ((fc, linear), (lif, neuron)):
            if has_hooks(layer):
                raise ValueError(f"{name} must have no hooks to be written to NIR")
        if type(linear) is not nn.Linear:
            raise ValueError(
                f"{fc} must be nn.Linear to be written to NIR, not "
                f"{type(linear).__name__}"
            )
        N = linear.out_features
        if wrong := fault(neuron, N, fires):
            raise ValueError(f"{lif} cannot be written to NIR: it {wrong}")
        rest = 1 - numbers(neuron.beta, N)
        weight = numbers(linear.weight) / rest[:, None]
        if linear.bias is None:
            nodes[fc] = nir.Linear(weight)
        else:
            nodes[fc] = nir.Affine(weight, numbers(linear.bias) / rest)
        leak = {"tau": dt / rest, "r": np.ones(N), "v_leak": np.zeros(N)}
        if fires:
            threshold = numbers(neuron.threshold, N).copy()
            nodes[lif] = nir.LIF(**leak, v_threshold=threshold, v_reset=np.zeros(N))
        else:
            nodes[lif] = nir.LI(**leak)
    nodes["output"] = nir.Output({"output": np.array([N])})
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)))


def from_nir(
    graph: Any, *, dt: int | float = 1e-3, reset_delay: bool = False
) -> SpikingRegressor:
    r"""Make a network of a graph of the Neuromorphic Intermediate Representation.

    The way back from :func:`to_nir`, with :math:`\beta = 1 - \Delta t / \tau` and
    :math:`R\, (1 - \beta)` multiplied into the weights. To a model in float32 with
    decays above 1e-8 it leads back to the last bit, by way of a file too.

    Args:
        graph: ``nir.NIRGraph``, such as ``nir.read("network.nir")`` gives: a chain of
            ``Input``, three times ``Affine`` or ``Linear`` followed by ``LIF``, the
            last time by ``LI`` or ``LIF``, and ``Output``; of any width and by any
            names.
        dt: Seconds a step :math:`\Delta t`, with which the graph was made; shorter than
            each :math:`\tau`.
        reset_delay: How snnTorch's neurons show their membrane at a spike: after the
            reset, as NIR has it, or before, by ``True``. The spikes are the same, and
            :func:`~spikereg.scan` and :func:`~spikereg.fit` are compiled for ``True``
            only.

    Returns:
        The network, all of it to be learned but the thresholds, in float32.

    Raises:
        ModuleNotFoundError: Without nir, which is not installed with spikereg:
            ``pip install nir``.
        TypeError: If it is no ``nir.NIRGraph``.
        ValueError: If the graph is another chain, or none, or a node is not what
            ``snntorch.Leaky`` can be: the node is named.
    """
    nir = library()
    positive("dt", dt)
    if not isinstance(graph, nir.NIRGraph):
        raise TypeError(f"graph must be a nir.NIRGraph, not {type(graph).__name__}")
    names = chain(graph)
    first, last = graph.nodes[names[0]], graph.nodes[names[-2]]
    shape = np.asarray(first.input_type["input"])
    if shape.shape != (1,):
        raise ValueError(f"node {names[0]!r} must have one axis, not {shape.tolist()}")
    width = int(shape[0])
    readout = "spikes" if isinstance(last, nir.LIF) else "membrane"
    model = SpikingRegressor(1, width, 1, seed=0, readout=readout)
    for (fc, lif), weights, name in zip(
        LAYERS, names[1:-1:2], names[2:-1:2], strict=True
    ):
        weight = array(graph, weights, "weight", (-1, width))
        width = len(weight)
        tau = array(graph, name, "tau", (width,))
        if not (tau > dt).all():
            raise ValueError(
                f"node {name!r} must have tau above dt = {dt:g}, not {tau.min():g}: dt "
                f"must be the step that the graph was made for"
            )
        rest = dt / tau
        scale = rest * array(graph, name, "r", (width,))
        array(graph, name, "v_leak", (width,), only=0.0)
        bias = None
        if isinstance(graph.nodes[weights], nir.Affine):
            bias = scale * array(graph, weights, "bias", (width,))
        options: dict[str, Any] = {"reset_mechanism": "none"}
        if isinstance(graph.nodes[name], nir.LIF):
            array(graph, name, "v_reset", (width,), only=0.0)
            threshold = _tensor(array(graph, name, "v_threshold", (width,)))
            options = {
                "reset_mechanism": "zero",
                "reset_delay": reset_delay,
                "threshold": threshold,
            }
        spike = model.li_out.spike_grad
        beta = _tensor(1 - rest)
        neuron = snn.Leaky(beta, spike_grad=spike, learn_beta=True, **options)
        if wrong := fault(neuron, width, readout == "spikes" or lif != "li_out"):
            raise ValueError(f"node {name!r} cannot become snn.Leaky: it {wrong}")
        setattr(model, fc, _linear(scale[:, None] * weight, bias))
        setattr(model, lif, neuron)
    finite_weights(model)  # float32 ends earlier than float64
    return model


def _tensor(values: Numbers) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def _linear(weight: Numbers, bias: Numbers | None) -> nn.Linear:
    outputs, inputs = weight.shape
    layer = nn.Linear(inputs, outputs, bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(_tensor(weight))
    if bias is not None:
        layer.bias = nn.Parameter(_tensor(bias))
    return layer
