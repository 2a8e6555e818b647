"""What FiringTimeExplorer takes of a network, and which it refuses."""

import re

import pytest
import snntorch as snn
import torch
from traitlets import TraitError

from spikereg import SpikingRegressor
from spikereg.widgets import FiringTimeExplorer, SpikeTimeExplorer


def network(hidden=8, inputs=22, outputs=1, **options):
    return SpikingRegressor(hidden, inputs, outputs, seed=0, **options)


def changed(change):
    model = network()
    change(model)
    return model


def reset_readout(model):
    model.li_out = snn.Leaky(beta=0.5)


@torch.no_grad()
def poison(model):
    model.fc_in.weight[3, 3] = torch.nan


def test_the_page_gets_layers_task_and_threshold():
    explorer = FiringTimeExplorer(network(), "wave", 12.0, timesteps=50, x=0.5)
    assert explorer._layers == [
        {"inputs": 22, "width": 8, "reset": "subtract"},
        {"inputs": 8, "width": 8, "reset": "subtract"},
        {"inputs": 8, "width": 1, "reset": "none"},
    ]
    assert len(explorer._numbers) == 4 * (8 * (22 + 3) + 8 * (8 + 3) + (8 + 3))
    assert explorer._task == {"task": "wave", "timesteps": 50, "threshold": 12.0}
    assert explorer.x == 0.5
    usual = FiringTimeExplorer(network())._task
    assert usual == {"task": "curve", "timesteps": 100, "threshold": 30.0}


def test_the_model_is_left_alone():
    model = network().double()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    explorer = FiringTimeExplorer(model)
    assert explorer._numbers == FiringTimeExplorer(network())._numbers
    for name, value in model.state_dict().items():
        assert value.dtype == before[name].dtype
        assert torch.equal(value, before[name])


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (network(inputs=1), "22 inputs and one output, not 1 and 1"),
        (network(inputs=23), "22 inputs and one output, not 23 and 1"),
        (network(outputs=2), "22 inputs and one output, not 22 and 2"),
        (network(readout="spikes"), "the readout \"membrane\", not 'spikes'"),
        (network(readout="dendrites"), "the readout \"membrane\", not 'dendrites'"),
        (network(neuron="recurrent"), "an snn.Leaky as lif_in, not RLeaky"),
        (network(neuron="lstm"), "an snn.Leaky as lif_in, not SpikingLSTM"),
        (changed(reset_readout), "a readout with the reset \"none\", not 'subtract'"),
        (changed(poison), "finite weights, decays and thresholds of at most 1e+09"),
        (network(257), "at most 256 neurons in a layer, not 257"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_network_that_the_page_cannot_run_is_refused(model, complaint):
    with pytest.raises(ValueError, match=f"^model must have {re.escape(complaint)}"):
        FiringTimeExplorer(model)


@pytest.mark.usefixtures("unchecked")
def test_what_is_no_network_is_refused():
    with pytest.raises(
        TypeError, match=r"^model must be a SpikingRegressor, not Linear$"
    ):
        FiringTimeExplorer(torch.nn.Linear(22, 1))


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"task": "gap"}, "task must be one of ('curve', 'wave'), not 'gap'"),
        ({"task": None}, "task must be one of ('curve', 'wave'), not None"),
        ({"threshold": 0}, "threshold must be a positive finite number, not 0"),
        ({"threshold": "1"}, "threshold must be a positive finite number, not '1'"),
        ({"threshold": 1e10}, "threshold must be at most 1e+09, not 10000000000.0"),
        ({"timesteps": 24}, "timesteps must be an integer between 25 and 200, not 24"),
        ({"timesteps": 201}, "must be an integer between 25 and 200, not 201"),
        ({"timesteps": 50.0}, "must be an integer between 25 and 200, not 50.0"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_is_asked_of_it_is_checked(values, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        FiringTimeExplorer(network(), **values)


def test_an_arrow_is_for_a_weight():
    assert SpikeTimeExplorer(arrow="w3").arrow == "w3"
    with pytest.raises(TraitError, match="arrow must be one of"):
        SpikeTimeExplorer(arrow="w5")
