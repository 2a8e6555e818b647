"""The explorers in Python: what they accept, refuse and hand to the page."""

import functools
import json
import re

import anywidget
import ipywidgets
import pytest
import snntorch as snn
import torch
import traitlets

from spikereg import RegressionDataset, SpikingRegressor
from spikereg.widgets import LIFExplorer, NetworkExplorer, SurrogateExplorer
from spikereg.widgets._explorer import Choice, Range
from spikereg.widgets._source import FOLDER, joined

DATASET = RegressionDataset(seed=0)
MODEL = SpikingRegressor(16, seed=0)
EXPLORERS = [
    LIFExplorer,
    SurrogateExplorer,
    functools.partial(NetworkExplorer, MODEL, DATASET),
]
each_explorer = pytest.mark.parametrize("make", EXPLORERS)


def controls(explorer):
    return {control["name"]: control for control in explorer._controls}


# Values


@each_explorer
def test_an_explorer_is_an_ordinary_widget_with_synced_values(make):
    explorer = make()
    assert isinstance(explorer, anywidget.AnyWidget)
    assert isinstance(explorer, ipywidgets.DOMWidget)
    state = explorer.get_state()
    for name, control in controls(explorer).items():
        assert state[name] == getattr(explorer, name) == control["value"]


@each_explorer
def test_both_ends_of_a_range_are_allowed_and_what_lies_beyond_is_refused(make):
    for name, trait in make().traits().items():
        if not isinstance(trait, Range):
            continue
        for value in (trait.low, trait.high):
            assert getattr(make(**{name: value}), name) == value
        bad = [trait.low - 0.01, trait.high + 0.01, float("nan"), "1", None, True]
        for value in bad:
            with pytest.raises(traitlets.TraitError) as raised:
                make(**{name: value})
            assert str(raised.value) == (
                f"{name} must be between {trait.low:g} and {trait.high:g}, "
                f"not {value!r}"
            )


@each_explorer
def test_the_words_of_a_choice_are_allowed_and_others_refused(make):
    for name, trait in make().traits().items():
        if not isinstance(trait, Choice):
            continue
        for word in trait.words:
            assert getattr(make(**{name: word}), name) == word
        for bad in ("soft", 3, None):
            with pytest.raises(traitlets.TraitError) as raised:
                make(**{name: bad})
            assert str(raised.value) == (
                f"{name} must be one of {tuple(trait.words)}, not {bad!r}"
            )


def test_a_refused_value_leaves_the_explorer_as_it_was():
    explorer = LIFExplorer(beta=0.5)
    with pytest.raises(traitlets.TraitError, match=r"between 0 and 1, not 1\.2"):
        explorer.beta = 1.2
    assert explorer.beta == 0.5


@each_explorer
def test_an_unknown_name_is_refused_and_the_known_ones_are_said(make):
    with pytest.raises(TypeError, match=r"has no gamma, delta: it takes \w+, \w+"):
        make(gamma=1, delta=2)


@each_explorer
def test_what_every_widget_takes_is_taken(make):
    assert make(layout={"width": "50%"}).layout.width == "50%"


def test_a_kernel_hears_of_a_change_and_of_no_other():
    explorer, heard = LIFExplorer(), []
    explorer.observe(lambda change: heard.append(change["new"]), "beta")
    explorer.beta = 0.5
    explorer.threshold = 2
    # As the page sends it.
    explorer.set_state({"beta": 0.25})
    assert heard == [0.5, 0.25]


def test_a_slider_can_be_linked():
    explorer, slider = LIFExplorer(), ipywidgets.FloatSlider()
    link = ipywidgets.jslink((slider, "value"), (explorer, "beta"))
    assert link.get_state()["target"] == [f"IPY_MODEL_{explorer.model_id}", "beta"]


@pytest.mark.parametrize(
    "explorer",
    [LIFExplorer(beta=0.25, reset_mechanism="zero"), SurrogateExplorer(slope=3)],
    ids=lambda explorer: type(explorer).__name__,
)
def test_the_repr_is_the_call(explorer):
    again = eval(repr(explorer))
    assert repr(again) == repr(explorer)
    for name in controls(explorer):
        assert getattr(again, name) == getattr(explorer, name)


@each_explorer
def test_no_repr_holds_an_address(make):
    assert not re.search("0x|object at", repr(make()))


# The page


@each_explorer
def test_the_page_gets_one_script_without_imports_and_its_own_start(make):
    name, *others = controls(make())
    value = next(v for v in (0.5, "zero", "atan", 2.0) if _fits(make, name, v))
    explorer = make(**{name: value})
    source = explorer.get_state()["_esm"]
    assert not re.search(r"^(import|export (?!default))", source, re.MULTILINE)
    assert len(re.findall(r"^export default", source, re.MULTILINE)) == 1
    assert controls(explorer)[name]["value"] == value
    assert len(others) > 1
    json.dumps(explorer._controls)


def _fits(make, name, value):
    try:
        make(**{name: value})
    except traitlets.TraitError:
        return False
    return True


def test_a_file_comes_after_what_it_imports_and_only_once():
    source = joined("network.js")
    for path in ("figure.js", "numerics/neuron.js", "numerics/scale.js"):
        head = (FOLDER / path).read_text().splitlines()[0]
        assert source.count(head) == 1
        assert source.index(head) < source.index("export default")


# Networks


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
    assert explorer.end == DATASET.features[-1].item()
    assert NetworkExplorer(MODEL, DATASET, end=0.5).end == 0.5


def test_a_linear_data_set_has_no_slope():
    task = NetworkExplorer(MODEL, RegressionDataset(20, mode="linear"))._task
    assert task == {"timesteps": 20, "mode": "linear", "slope": None}


def test_the_model_is_left_alone_and_later_changes_stay_outside():
    model = SpikingRegressor(8, seed=0)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    numbers = NetworkExplorer(model, DATASET)._numbers
    for key, value in model.state_dict().items():
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


def hook_linear(model):
    model.fc_in.register_forward_hook(lambda *_: None)


def hook_model(model):
    model.register_forward_hook(lambda *_: None)


def replace_linear(model):
    model.fc_in = torch.nn.Sequential(torch.nn.Linear(1, 8))


def replace_neuron(model):
    model.lif_in = snn.Lapicque(beta=0.5)


def misfit(model):
    model.fc_hidden = torch.nn.Linear(9, 8)


def reset_readout(model):
    model.li_out = snn.Leaky(beta=0.5)


def reshape_beta(model):
    model.lif_in = snn.Leaky(beta=torch.rand(7))


def soften(model):
    model.lif_in = snn.Leaky(beta=0.5, spike_grad=torch.sigmoid)


class Twice(SpikingRegressor):
    def forward(self, features):
        return 2 * super().forward(features)


def hook(model):
    model.lif_in.register_forward_hook(lambda *_: None)


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (SpikingRegressor(8, num_inputs=2), "one input and one output, not 2 and 1"),
        (SpikingRegressor(8, num_outputs=3), "one input and one output, not 1 and 3"),
        (SpikingRegressor(513), "at most 512 neurons in a layer, not 513"),
        (broken(poison), "finite weights, decays and thresholds"),
        (broken(inflate), "finite weights, decays and thresholds of at most 1e.09"),
        (broken(blur), "finite weights, decays and thresholds"),
        (broken(hook_linear), "a plain nn.Linear as fc_in"),
        (broken(hook_model), "run as a SpikingRegressor does"),
        (Twice(8), "run as a SpikingRegressor does"),
        (broken(replace_neuron), "an snn.Leaky as lif_in, not Lapicque"),
        (broken(misfit), "layers that fit: 8 neurons before 9 inputs"),
        (broken(reset_readout), "a readout with the reset .none., not 'subtract'"),
        (broken(reshape_beta), r"one beta or one for each of 8 neurons, not \[7\]"),
        (broken(soften), "neurons that fire above their threshold"),
        (broken(replace_linear), "a plain nn.Linear as fc_in"),
        (broken(hook), "a neuron with hooks"),
    ],
)
def test_a_network_that_the_page_cannot_run_is_refused(model, complaint):
    with pytest.raises(ValueError, match=rf"^model must .*{complaint}"):
        NetworkExplorer(model, DATASET)


@pytest.mark.parametrize(
    ("dataset", "complaint"),
    [
        (RegressionDataset(1001), "between 2 and 1000 time steps, not 1001"),
        (RegressionDataset(20, slope=1e39), "finite labels"),
    ],
)
def test_a_data_set_that_cannot_be_drawn_is_refused(dataset, complaint):
    with pytest.raises(ValueError, match=f"^dataset must have {complaint}"):
        NetworkExplorer(MODEL, dataset)


@pytest.mark.usefixtures("unchecked")
def test_other_things_than_model_and_data_set_are_refused():
    with pytest.raises(TypeError, match=r"^model must be a SpikingRegressor, not str$"):
        NetworkExplorer("model", DATASET)
    complaint = "^dataset must be a RegressionDataset, not SpikingRegressor$"
    with pytest.raises(TypeError, match=complaint):
        NetworkExplorer(MODEL, MODEL)


def test_the_widest_network_is_accepted():
    assert len(NetworkExplorer(SpikingRegressor(512), DATASET)._numbers) < 1.2e6
