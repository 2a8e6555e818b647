"""A graph that is no network here is refused by its node: one sentence each."""

import re

import nir
import numpy as np
import pytest
from exportable import network

from spikereg.interchange import from_nir, to_nir


def put(name, field, value):
    """Set an array, or one number of it, in a node."""

    def change(nodes, edges):
        if isinstance(value, np.ndarray):
            setattr(nodes[name], field, value)
        else:
            getattr(nodes[name], field)[1] = value

    return change


def in_place_of(name, node):
    return lambda nodes, edges: nodes.update({name: node})


def edge(*pair):
    return lambda nodes, edges: edges.append(pair)


def two_inputs(nodes, edges):
    nodes["another"] = nir.Input({"input": np.array([2])})


def apart(nodes, edges):
    nodes["idle"] = nir.LIF(*np.ones((4, 2)))


def shorter(nodes, edges):
    edges[:] = [("input", "fc_out"), ("fc_out", "li_out"), ("li_out", "output")]


def image(nodes, edges):
    nodes["input"] = nir.Input({"input": np.array([2, 4, 4])})


ones = np.ones(8)
UNFIT = {
    "CubaLIF": (
        in_place_of("lif_in", nir.CubaLIF(ones, ones, ones, ones, ones)),
        "node 'lif_in' must be one of",
    ),
    "Threshold": (
        in_place_of("lif_in", nir.Threshold(ones)),
        "node 'lif_in' must be one of",
    ),
    "recurrence": (
        edge("lif_in", "fc_hidden_2"),
        "an edge has node 'fc_hidden_2', which is not there",
    ),
    "a branch": (
        edge("lif_in", "fc_out"),
        "node 'lif_in' must lead to one that follows, not to ['fc_hidden', 'fc_out']: "
        "from_nir makes neither branches nor recurrence",
    ),
    "back": (
        edge("output", "fc_in"),
        "node 'output' must lead to one that follows, not to ['fc_in']",
    ),
    "two inputs": (two_inputs, "graph must have one Input, not ['input', 'another']"),
    "apart": (apart, "node 'idle' must lie behind the Input"),
    "too short": (
        shorter,
        "graph must be Input → Affine → LIF → Affine → LIF → Affine → LIF → Output, "
        "with Linear for Affine and LI for the last LIF at will, not "
        "Input → Affine → LI → Output",
    ),
    "an image": (image, "node 'input' must have one axis, not [2, 4, 4]"),
    "leak": (
        put("lif_in", "v_leak", 0.5),
        "node 'lif_in' must have v_leak of 0 to become snn.Leaky, not 0.5",
    ),
    "reset": (
        put("lif_hidden", "v_reset", -0.25),
        "node 'lif_hidden' must have v_reset of 0 to become snn.Leaky, not -0.25",
    ),
    "not a number": (
        put("fc_in", "bias", np.nan),
        "node 'fc_in' must have bias of finite numbers to become snn.Leaky, not nan",
    ),
    "no threshold": (
        put("lif_in", "v_threshold", np.nan),
        "node 'lif_in' must have v_threshold of finite numbers",
    ),
    "no leak": (put("lif_in", "tau", np.inf), "node 'lif_in' must have tau of finite"),
    "below rest": (
        put("lif_in", "v_threshold", -0.5),
        "node 'lif_in' cannot become snn.Leaky: it has reset_delay=False and a "
        "threshold of -0.5",
    ),
    "too slow": (
        put("lif_in", "tau", 1e6),
        "node 'lif_in' cannot become snn.Leaky: it has beta = 1 (neuron 1)",
    ),
    "too fast": (
        put("li_out", "tau", 1e-3),
        "node 'li_out' must have tau above dt = 0.001, not 0.001: dt must be the step "
        "that the graph was made for",
    ),
    "one tau": (
        put("lif_in", "tau", np.array([0.01])),
        "node 'lif_in' must have tau of the shape [8], not [1]",
    ),
    "other inputs": (
        put("fc_out", "weight", np.zeros((2, 9))),
        "node 'fc_out' must have weight of the shape ['any', 8], not [2, 9]",
    ),
    "too large": (
        put("fc_out", "weight", np.full((2, 8), 1e300)),
        "model must have finite weights, not fc_out.weight = inf at [0, 0]",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_graph_that_is_no_network_here_is_refused_by_its_node(case):
    change, message = UNFIT[case]
    graph = to_nir(network())
    nodes, edges = dict(graph.nodes), list(graph.edges)
    change(nodes, edges)
    unfit = nir.NIRGraph(nodes, edges, type_check=False)
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        from_nir(unfit)


def test_what_is_no_graph_is_refused():
    with pytest.raises(TypeError, match=r"must be a nir\.NIRGraph, not LIF"):
        from_nir(to_nir(network()).nodes["lif_in"])
