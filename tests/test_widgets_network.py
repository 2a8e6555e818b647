"""What NetworkExplorer takes of a network, and which it refuses."""

import re

import pytest
import snntorch as snn
import torch

from spikereg import RegressionDataset, SpikingRegressor
from spikereg.widgets import NetworkExplorer

DATASET = RegressionDataset(seed=0)
MODEL = SpikingRegressor(16, seed=0)


def test_the_layers_are_described():
    explorer = NetworkExplorer(MODEL, DATASET)
    assert explorer._layers == [
        {"inputs": 1, "width": 16, "reset": "subtract"},
        {"inputs": 16, "width": 16, "reset": "subtract"},
        {"inputs": 16, "width": 1, "reset": "none"},
    ]
    numbers = 16 * (1 + 3) + 16 * (16 + 3) + (16 + 3)
    assert len(explorer._numbers) == 4 * numbers
    assert explorer._task == {"timesteps": 50, "mode": "sqrt", "slope": DATASET.slope}
    several = RegressionDataset(num_samples=3, seed=0)
    assert NetworkExplorer(MODEL, several).end == several.features[-1, 0].item()
    assert NetworkExplorer(MODEL, DATASET, end=0.5).end == 0.5


def test_a_linear_data_set_has_no_slope():
    task = NetworkExplorer(MODEL, RegressionDataset(20, mode="linear"))._task
    assert task == {"timesteps": 20, "mode": "linear", "slope": None}


def test_the_model_is_left_alone_and_later_changes_stay_outside():
    model = SpikingRegressor(8, seed=0).double()  # so that it has to be converted
    before = {key: value.clone() for key, value in model.state_dict().items()}
    numbers = NetworkExplorer(model, DATASET)._numbers
    for key, value in model.state_dict().items():
        assert value.dtype == before[key].dtype
        assert torch.equal(value, before[key])
    explorer = NetworkExplorer(model, DATASET)
    with torch.no_grad():
        model.fc_in.weight.zero_()
    assert explorer._numbers == numbers
    assert NetworkExplorer(model, DATASET)._numbers != numbers


def test_precision_and_missing_biases_do_not_matter():
    model = SpikingRegressor(8, seed=0)
    numbers = NetworkExplorer(model, DATASET)._numbers
    assert NetworkExplorer(model.double(), DATASET)._numbers == numbers
    with torch.no_grad():
        model.fc_out.bias.zero_()
    numbers = NetworkExplorer(model, DATASET)._numbers
    model.fc_out.bias = None
    assert NetworkExplorer(model, DATASET)._numbers == numbers


def test_single_numbers_serve_all_neurons():
    model = SpikingRegressor(8, seed=0)
    model.lif_in = snn.Leaky(beta=0.5, threshold=2.0, reset_mechanism="zero")
    explorer = NetworkExplorer(model, DATASET)
    values = torch.frombuffer(bytearray(explorer._numbers), dtype=torch.float32)
    assert values[16:24].tolist() == [0.5] * 8
    assert values[24:32].tolist() == [2.0] * 8
    assert explorer._layers[0]["reset"] == "zero"


def broken(change):
    model = SpikingRegressor(8, seed=0)
    change(model)
    return model


@torch.no_grad()
def poison(model):
    model.fc_hidden.weight[3, 3] = torch.inf


@torch.no_grad()
def inflate(model):
    model.fc_out.bias.fill_(2e9)


@torch.no_grad()
def blur(model):
    model.lif_in.beta[0] = torch.nan


@torch.no_grad()
def lose_threshold(model):
    model.lif_hidden.threshold[0] = torch.inf


def widen(model):
    model.fc_hidden = torch.nn.Linear(8, 513)
    model.fc_out = torch.nn.Linear(513, 1)


def replace_neuron(model):
    model.lif_in = snn.Lapicque(beta=0.5)


def reset_at_once(model):
    model.lif_in = snn.Leaky(beta=0.5, reset_delay=False)


def inherit(model):
    model.lif_in = Inherits(beta=0.5)


class Inherits(snn.Leaky):
    pass


def misfit(model):
    model.fc_hidden = torch.nn.Linear(9, 8)


def reset_readout(model):
    model.li_out = snn.Leaky(beta=0.5)


def reshape_beta(model):
    model.lif_in = snn.Leaky(beta=torch.rand(7))


def soften(model):
    model.lif_in = snn.Leaky(beta=0.5, spike_grad=torch.sigmoid)


class Louder(torch.nn.Linear):
    def forward(self, signal):
        return 2 * super().forward(signal)


def replace_linear(model):
    model.fc_hidden = Louder(8, 8)


def stack_linears(model):
    model.fc_hidden = torch.nn.Sequential(torch.nn.Linear(8, 8))


def listen(model):
    model.fc_hidden.register_forward_hook(lambda *_: None)


def listen_to_neuron(model):
    model.lif_in.register_forward_hook(lambda *_: None)


def reset_later(model):
    model.lif_in.reset_mechanism = "zero"


def keep_state(model):
    model.lif_in = snn.Leaky(beta=0.5, init_hidden=True)


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (broken(replace_linear), "nn.Linear without hooks, not Louder"),
        (broken(stack_linears), "nn.Linear without hooks, not Sequential"),
        (broken(listen), "nn.Linear without hooks"),
        (broken(listen_to_neuron), "a neuron with hooks"),
        (broken(reset_later), "made with its reset_mechanism"),
        (broken(keep_state), "init_hidden=False"),
        (SpikingRegressor(8, num_inputs=2), "one input and one output, not 2 and 1"),
        (SpikingRegressor(8, num_outputs=3), "one input and one output, not 1 and 3"),
        (SpikingRegressor(513), "at most 512 neurons in a layer, not 513"),
        (broken(widen), "at most 512 neurons in a layer, not 513"),
        (broken(lose_threshold), "finite weights, decays and thresholds"),
        (broken(poison), "finite weights, decays and thresholds"),
        (broken(inflate), "finite weights, decays and thresholds of at most 1e.09"),
        (broken(blur), "finite weights, decays and thresholds"),
        (broken(replace_neuron), "an snn.Leaky as lif_in, not Lapicque"),
        (broken(inherit), "an snn.Leaky as lif_in, not Inherits"),
        (broken(reset_at_once), "a neuron with reset_delay=False"),
        (SpikingRegressor(8, neuron="resonator"), "as lif_in, not Resonator"),
        (SpikingRegressor(8, readout="dendrites"), "as li_out, not Dendrites"),
        (broken(misfit), "layers that fit: 8 neurons before 9 inputs"),
        (broken(reset_readout), "a readout with the reset .none., not 'subtract'"),
        (broken(reshape_beta), r"one beta or one for each of 8 neurons, not \[7\]"),
        (broken(soften), "neurons that fire above their threshold"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_network_that_the_page_cannot_run_is_refused(model, complaint):
    with pytest.raises(ValueError, match=rf"^(model|neuron) must .*{complaint}"):
        NetworkExplorer(model, DATASET)


def infinite_labels():
    data = RegressionDataset(20, seed=0)
    data.labels[-1] = torch.inf
    return data


@pytest.mark.parametrize(
    ("dataset", "complaint"),
    [
        (RegressionDataset(1001), "between 2 and 1000 time steps, not 1001"),
        (infinite_labels(), "finite labels"),
    ],
)
def test_a_data_set_that_cannot_be_drawn_is_refused(dataset, complaint):
    with pytest.raises(ValueError, match=f"^dataset must have {complaint}"):
        NetworkExplorer(MODEL, dataset)


# Two networks


def test_two_networks_are_described_one_after_the_other():
    other = SpikingRegressor(8, seed=1)
    one, two = (NetworkExplorer(m, DATASET) for m in (MODEL, other))
    both = NetworkExplorer({"tutorial": MODEL, "accurate": other}, DATASET, beta_in=0.5)
    assert both._networks == ["tutorial", "accurate"]
    assert both._numbers == one._numbers + two._numbers
    assert both._layers == one._layers + two._layers
    assert (both._task, both.end, both.beta_in) == (one._task, one.end, 0.5)
    assert one._networks == []


@pytest.mark.parametrize(
    ("networks", "complaint"),
    [
        ({}, "model must be one network or two, not 0"),
        ({"a": MODEL}, "model must be one network or two, not 1"),
        (dict.fromkeys("abc", MODEL), "model must be one network or two, not 3"),
        (
            {"a": MODEL, "": MODEL},
            "model must have names of 1 to 24 letters, not ''",
        ),
        (
            {"a": MODEL, " ": MODEL},
            "model must have names of 1 to 24 letters, not ' '",
        ),
        (
            {"b" * 25: MODEL, "a": MODEL},
            f"model must have names of 1 to 24 letters, not '{'b' * 25}'",
        ),
        (
            {"a": MODEL, 2: MODEL},
            "model must have names of 1 to 24 letters, not 2",
        ),
        (
            {"a": MODEL, "b": SpikingRegressor(8, num_inputs=2)},
            "model['b'] must have one input and one output, not 2 and 1",
        ),
        (
            {"a": SpikingRegressor(513), "b": MODEL},
            "model['a'] must have at most 512 neurons in a layer, not 513: the page "
            "holds all weights",
        ),
        (
            {"a": MODEL, "b": broken(reset_readout)},
            "model['b'] must have a readout with the reset \"none\", not 'subtract'",
        ),
        (
            {"a": MODEL, "b": broken(soften)},
            "model['b'] must have neurons that fire above their threshold",
        ),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_two_networks_that_the_page_cannot_run_are_refused(networks, complaint):
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}$"):
        NetworkExplorer(networks, DATASET)


@pytest.mark.usefixtures("unchecked")
def test_two_things_of_which_one_is_no_network_are_refused():
    complaint = r"^model\['b'\] must be a SpikingRegressor, not Linear$"
    with pytest.raises(TypeError, match=complaint):
        NetworkExplorer({"a": MODEL, "b": torch.nn.Linear(1, 1)}, DATASET)


@pytest.mark.usefixtures("unchecked")
def test_other_things_than_model_and_data_set_are_refused():
    complaint = (
        "^model must be a SpikingRegressor, or two of them by their names, not str$"
    )
    with pytest.raises(TypeError, match=complaint):
        NetworkExplorer("model", DATASET)
    complaint = "^dataset must be a RegressionDataset, not SpikingRegressor$"
    with pytest.raises(TypeError, match=complaint):
        NetworkExplorer(MODEL, MODEL)


def test_the_widest_network_is_accepted():
    assert len(NetworkExplorer(SpikingRegressor(512), DATASET)._numbers) < 1.2e6
