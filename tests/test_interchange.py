"""Networks leave as NIR graphs and come back; what cannot is refused by name."""

import subprocess
import sys
from itertools import pairwise

import nir
import numpy as np
import pytest
import snntorch as snn
import torch
from exportable import HIDDEN, dyadic, leaky, network, waves
from layers import same
from torch import nn

from spikereg import (
    MemoryDataset,
    SpikingRegressor,
    evaluate,
    fit,
    initialize,
    make_loader,
)
from spikereg.interchange import LAYERS, from_nir, to_nir


def traced(model, features):
    with torch.no_grad():
        run = model.trace(features)
    return run.spikes, run.membrane, run.prediction


# There and back


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dt", [1e-3, 1e-4, 1])
@pytest.mark.parametrize("reset_delay", [False, True])
def test_a_network_comes_back_to_the_last_bit(tmp_path, seed, dt, reset_delay):
    model, features = network(seed, reset_delay=reset_delay), waves(seed=seed)
    graph = to_nir(model, dt=dt)
    nir.write(tmp_path / "network.nir", graph)
    expected = traced(model, features)
    assert all(0.02 < spikes.mean() < 0.6 for spikes in expected[0].values())
    for again in (graph, nir.read(tmp_path / "network.nir")):
        back = from_nir(again, dt=dt, reset_delay=reset_delay)
        assert back.state_dict().keys() == model.state_dict().keys()
        assert same(back.state_dict().values(), model.state_dict().values())
        *layers, prediction = traced(back, features)
        for found, wanted in zip(layers, expected, strict=False):
            assert same(found.values(), wanted.values())
        assert torch.equal(prediction, expected[-1])


def test_layers_of_any_width_without_a_bias_and_with_one_decay_come_back():
    model = network(num_inputs=3, num_outputs=1)
    model.fc_hidden = nn.Linear(8, 5, bias=False)
    model.lif_hidden = snn.Leaky(0.5, threshold=0.1, reset_mechanism="zero")
    model.fc_out = nn.Linear(5, 1)
    features = waves(num_inputs=3)
    back = from_nir(to_nir(model), reset_delay=True)
    assert back.fc_hidden.bias is None
    assert torch.equal(back(features), model(features))


def test_a_readout_that_sends_its_spikes_comes_back():
    model = network()
    model.readout = "spikes"
    model.li_out = leaky(2, torch.Generator().manual_seed(3), threshold=0.1)
    features = waves()
    back = from_nir(to_nir(model))
    assert back.readout == "spikes"
    assert 0.02 < model(features).mean() < 0.6
    assert torch.equal(back(features), model(features))


def test_a_network_in_float64_comes_back_in_float32():
    model = network().double()
    back = from_nir(to_nir(model))
    for found, wanted in zip(back.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(found, wanted.float())


def test_what_comes_back_can_be_trained_and_kept(tmp_path):
    model = from_nir(to_nir(network(num_inputs=1, num_outputs=1)), reset_delay=True)
    loader = make_loader(MemoryDataset("mean", 20, 8, seed=0), 4)
    history = fit(model, loader, 10, backend="compiled", progress=False)
    assert history.loss[-1] < history.loss[0]
    torch.save(model, tmp_path / "model.pt")
    again = torch.load(tmp_path / "model.pt", weights_only=False)
    assert same(again.parameters(), model.parameters())


@pytest.mark.usefixtures("global_rng_stays")
def test_neither_way_draws_a_global_random_number():
    from_nir(to_nir(network()))


# What the graph says


def by_euler(graph, features, dt):
    """Run a graph by NIR's equations, in float64, a step at a time."""
    spikes, v = {}, dict.fromkeys(graph.nodes, 0.0)
    order = [name for pair in LAYERS for name in pair]
    for signal in features.double().numpy():
        for name in order:
            node = graph.nodes[name]
            if isinstance(node, nir.Affine):
                signal = signal @ node.weight.T + node.bias
                continue
            leak = node.v_leak - v[name] + node.r * signal
            v[name] = signal = v[name] + dt / node.tau * leak
            if isinstance(node, nir.LIF):
                signal = np.where(v[name] > node.v_threshold, 1.0, 0.0)
                v[name] = np.where(signal == 1, node.v_reset, v[name])
            spikes.setdefault(name, []).append(signal)
    return {name: np.stack(each) for name, each in spikes.items()}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dt", [1e-3, 2**-7])
def test_euler_steps_of_nirs_equations_are_the_network(seed, dt):
    model, features = dyadic(seed)
    found = by_euler(to_nir(model, dt=dt), features, dt)
    spikes, _, prediction = traced(model, features)
    for name in HIDDEN:
        assert 0.02 < spikes[name].mean() < 0.6
        assert (found[name] == spikes[name].numpy()).all()
    np.testing.assert_allclose(found["li_out"], prediction, rtol=0, atol=1e-6)


def test_the_graph_has_the_layers_by_name_and_the_scale_in_its_weights():
    model = network(decays=(0.75,))
    graph = to_nir(model, dt=0.5)
    names = ["input", *(name for pair in LAYERS for name in pair), "output"]
    assert list(graph.nodes) == names
    assert graph.edges == list(pairwise(names))
    lif = graph.nodes["lif_hidden"]
    assert type(lif) is nir.LIF
    assert type(graph.nodes["li_out"]) is nir.LI
    assert (lif.tau == 2).all()
    assert (lif.r == 1).all()
    assert not lif.v_leak.any()
    assert not lif.v_reset.any()
    assert (lif.v_threshold == model.lif_hidden.threshold.numpy()).all()
    weight = graph.nodes["fc_hidden"].weight
    assert (weight == 4 * model.fc_hidden.weight.detach().numpy()).all()


def test_a_resistance_is_multiplied_into_the_weights():
    model, features = network(), waves()
    graph = to_nir(model)
    for node in graph.nodes.values():
        if isinstance(node, nir.LIF | nir.LI):
            node.r = 4 * node.r
        elif isinstance(node, nir.Affine):
            node.weight, node.bias = node.weight / 4, node.bias / 4
    assert torch.equal(from_nir(graph, reset_delay=True)(features), model(features))


def test_a_reset_to_zero_one_step_later_sends_the_same_spikes():
    features = waves(400)
    at_once, later = (network(reset_delay=delay) for delay in (False, True))
    spikes, membrane, prediction = traced(at_once, features)
    others, before, same_prediction = traced(later, features)
    assert torch.equal(prediction, same_prediction)
    for name in HIDDEN:
        assert torch.equal(spikes[name], others[name])
        fired = spikes[name] == 1
        assert fired.any()
        assert (membrane[name][fired] == 0).all()
        assert torch.equal(membrane[name][~fired], before[name][~fired])


def test_what_can_leave_is_trained_by_the_compiled_walk():
    loader = make_loader(MemoryDataset("mean", 50, 64, seed=0), 16, True, seed=0)
    model = SpikingRegressor(32, recipe="accurate", memory=10.0, seed=0)
    for name in HIDDEN:
        beta, threshold = getattr(model, name).beta, getattr(model, name).threshold
        neuron = snn.Leaky(beta.detach(), threshold, reset_mechanism="zero")
        setattr(model, name, neuron)
    initialize(model, loader, labels=True, seed=0)
    fit(model, loader, 30, recipe="accurate", backend="compiled", progress=False)
    held_out = make_loader(MemoryDataset("mean", 50, 32, seed=1), 32)
    report = evaluate(model, held_out)
    assert report.relative_error < 0.15
    assert evaluate(from_nir(to_nir(model)), held_out) == report


# Without nir


def test_nir_is_imported_by_neither_the_package_nor_the_module():
    code = "import spikereg.interchange, sys; assert 'nir' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("call", [to_nir, from_nir])
def test_without_nir_it_says_what_to_install(monkeypatch, call):
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install nir$"):
        call(network())
