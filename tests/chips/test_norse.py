"""A network that is written to NIR fires in Norse as it does here."""

import warnings

import nir
import pytest
import snntorch as snn
import torch
from exportable import HIDDEN, dyadic

from spikereg import (
    MemoryDataset,
    SpikingRegressor,
    evaluate,
    fit,
    initialize,
    make_loader,
)
from spikereg.interchange import from_nir, to_nir

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it uses what PyTorch will drop
    import norse.torch as norse


def in_norse(graph, features, dt=1e-3):
    """Run a graph in Norse; return each layer's spikes and the readout's membrane."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it reads graphs by what nirtorch will drop
        network = norse.from_nir(graph, dt=dt)
    # Norse 1.1 passes over an LI without a word, and so gives the current into it.
    assert not hasattr(network, "li_out")
    readout = norse.LIBoxCell(
        norse.LIBoxParameters(
            tau_mem_inv=torch.from_numpy(1 / graph.nodes["li_out"].tau).float(),
            v_leak=torch.from_numpy(graph.nodes["li_out"].v_leak).float(),
        ),
        dt=dt,
    )
    spikes = {name: [] for name in HIDDEN}
    for name in HIDDEN:
        getattr(network, name).register_forward_hook(
            lambda _, __, out, kept=spikes[name]: kept.append(out[0])
        )
    state = readout_state = None
    membrane = []
    with torch.no_grad():
        for step in features:
            current, state = network(step, state)
            potential, readout_state = readout(current, readout_state)
            membrane.append(potential)
    fired = {name: torch.stack(each) for name, each in spikes.items()}
    return fired, torch.stack(membrane)


def here(model, features):
    with torch.no_grad():
        run = model.trace(features)
    return run.spikes, run.prediction


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("options", [{}, {"threshold": 0.5}, {"reset_delay": False}])
def test_every_spike_is_the_same(tmp_path, seed, options):
    model, features = dyadic(seed, hidden=32, **options)
    nir.write(tmp_path / "network.nir", to_nir(model))
    graph = nir.read(tmp_path / "network.nir")
    spikes, membrane = in_norse(graph, features)
    expected, prediction = here(model, features)
    for name in HIDDEN:
        assert 0.02 < expected[name].mean() < 0.6
        assert torch.equal(spikes[name], expected[name])
    # Both round, and not alike.
    size = prediction.abs().max()
    assert (membrane - prediction).abs().max() < 1e-6 * size
    back, _ = here(from_nir(graph), features)
    assert all(torch.equal(spikes[name], back[name]) for name in HIDDEN)


@pytest.mark.parametrize("dt", [2e-3, 1e-4])
def test_a_step_of_another_length_is_another_network(dt):
    model, features = dyadic(0)
    spikes, _ = in_norse(to_nir(model, dt=1e-3), features, dt)
    expected, _ = here(model, features)
    assert (spikes["lif_in"] != expected["lif_in"]).float().mean() > 0.01
    spikes, _ = in_norse(to_nir(model, dt=dt), features, dt)
    assert torch.equal(spikes["lif_hidden"], expected["lif_hidden"])


def test_a_membrane_at_its_threshold_does_not_fire_in_either():
    model = SpikingRegressor(3, 1, 1, seed=0)
    model.lif_in = snn.Leaky(0.5, reset_mechanism="zero")
    model.lif_hidden = snn.Leaky(0.5, reset_mechanism="zero")
    model.fc_in.weight.data[:] = 1
    model.fc_in.bias.data = torch.tensor([-(2.0**-20), 0.0, 2.0**-20])
    features = torch.zeros(4, 1, 1)
    features[0] = 1
    expected, _ = here(model, features)
    spikes, _ = in_norse(to_nir(model), features)
    assert expected["lif_in"][0, 0].tolist() == [0, 0, 1]
    assert torch.equal(spikes["lif_in"], expected["lif_in"])


def test_of_a_trained_network_nearly_all_spikes_are_the_same():
    loader = make_loader(MemoryDataset("mean", 50, 64, seed=1), 16)
    model = SpikingRegressor(64, seed=0, recipe="accurate", memory=10.0)
    for name in HIDDEN:
        beta, threshold = getattr(model, name).beta, getattr(model, name).threshold
        neuron = snn.Leaky(beta.detach(), threshold, reset_mechanism="zero")
        setattr(model, name, neuron)
    initialize(model, loader, labels=True, seed=0)
    fit(model, loader, 40, recipe="accurate", progress=False)
    held_out = MemoryDataset("mean", 200, 64, seed=2)
    assert evaluate(model, make_loader(held_out, 64)).relative_error < 0.1
    spikes, membrane = in_norse(to_nir(model), held_out.features)
    expected, prediction = here(model, held_out.features)
    for name in HIDDEN:
        assert 0.02 < expected[name].mean() < 0.6
        # Sums in another order may lie on the two sides of a threshold: then the
        # neuron's later spikes move too, and some of those that it drives.
        assert (spikes[name] != expected[name]).float().mean() < 1e-3
    assert (membrane - prediction).norm() < 0.01 * prediction.norm()
