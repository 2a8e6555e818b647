"""Networks of any kind of neuron and readout."""

import pytest
import snntorch as snn
import torch
from small import ramps
from snntorch import surrogate
from torch import nn

from spikereg import (
    AdaptiveLeaky,
    Dendrites,
    Resonator,
    SpikingLSTM,
    SpikingRegressor,
    scan,
)
from spikereg.models import READOUTS

NEURONS = {
    "lif": snn.Leaky,
    "recurrent": snn.RLeaky,
    "adaptive": AdaptiveLeaky,
    "resonator": Resonator,
    "lstm": SpikingLSTM,
}
each_neuron = pytest.mark.parametrize("neuron", NEURONS)
each_readout = pytest.mark.parametrize("readout", READOUTS)


def test_layers_are_weights_and_neurons_in_the_order_of_the_signal():
    model = SpikingRegressor(8, seed=0)
    assert model.layers() == (
        (model.fc_in, model.lif_in),
        (model.fc_hidden, model.lif_hidden),
        (model.fc_out, model.li_out),
    )
    model.lif_in = Resonator(8, seed=0)
    assert model.layers()[0][1] is model.lif_in


@each_neuron
@each_readout
def test_any_neuron_and_readout_is_run_layer_by_layer(neuron, readout):
    model = SpikingRegressor(
        6, 2, 3, seed=0, neuron=neuron, readout=readout, dendrites=5
    )
    (fc_in, first), (fc_hidden, second), (fc_out, last) = model.layers()
    assert type(first) is type(second) is NEURONS[neuron]
    assert type(last) is (Dendrites if readout == "dendrites" else snn.Leaky)
    features = ramps(30, 4, 2)
    spikes_in, membrane_in = scan(first, fc_in(features))
    spikes_hidden, membrane_hidden = scan(second, fc_hidden(spikes_in))
    current = fc_out(spikes_hidden)
    if readout == "dendrites":
        expected = membrane = last(current)
    else:
        spikes, membrane = scan(last, current)
        expected = spikes if readout == "spikes" else membrane
    trace = model.trace(features)
    assert torch.equal(trace.prediction, expected)
    assert torch.equal(model(features), expected)
    assert expected.shape == (30, 4, 3)
    assert torch.equal(trace.membrane["li_out"], membrane)
    for name, spikes, membrane in (
        ("lif_in", spikes_in, membrane_in),
        ("lif_hidden", spikes_hidden, membrane_hidden),
    ):
        assert torch.equal(trace.spikes[name], spikes)
        assert torch.equal(trace.membrane[name], membrane)


def test_a_readout_of_spikes_fires_and_resets():
    model = SpikingRegressor(16, seed=0, readout="spikes")
    with torch.no_grad():
        model.fc_out.bias.fill_(1.5)
    trace = model.trace(ramps())
    membrane = trace.membrane["li_out"]
    assert torch.equal(trace.prediction, (membrane > 1).float())
    assert trace.prediction.any()
    assert model.li_out.reset_mechanism == "subtract"
    assert SpikingRegressor(4, seed=0).li_out.reset_mechanism == "none"


@each_neuron
@each_readout
def test_every_parameter_of_every_kind_can_learn(neuron, readout):
    model = SpikingRegressor(16, seed=0, neuron=neuron, readout=readout)
    model.trace(40 * ramps()).prediction.square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@each_neuron
@each_readout
@pytest.mark.usefixtures("global_rng_stays")
def test_a_seed_reproduces_every_kind_and_the_world_is_not_moved(neuron, readout):
    def drawn(seed):
        model = SpikingRegressor(4, seed=seed, neuron=neuron, readout=readout)
        return nn.utils.parameters_to_vector(model.parameters())

    assert torch.equal(drawn(0), drawn(0))
    assert not torch.equal(drawn(0), drawn(1))
    assert not torch.equal(drawn(None), drawn(None))


@each_neuron
def test_the_surrogate_is_the_callers_or_the_fast_sigmoid(neuron):
    mine = surrogate.sigmoid(5)
    model = SpikingRegressor(4, seed=0, neuron=neuron, spike_grad=mine)
    for layer in (model.lif_in, model.lif_hidden):
        assert repr(layer.spike_grad) == "sigmoid(slope=5)"
    default = SpikingRegressor(4, seed=0, neuron=neuron).lif_in.spike_grad
    assert repr(default) == "fast_sigmoid(slope=25)"


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(
            ({"recipe": "accurate", "neuron": name}, f'"tutorial" for .*"{name}"')
            for name in NEURONS
            if name != "lif"
        ),
        ({"recipe": "accurate", "readout": "dendrites"}, 'readout="dendrites"'),
        ({"neuron": "izhikevich"}, "neuron must be .* not 'izhikevich'"),
        ({"recipe": "accurate", "readout": "spikes"}, 'readout="spikes"'),
        ({"readout": "counts"}, "readout must be .* not 'counts'"),
        ({"dendrites": 0}, "dendrites must be .* not 0"),
        ({"memory": 10}, "memory must be 0 for the recipe"),
    ],
)
def test_what_does_not_fit_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        SpikingRegressor(4, **options)
