"""The explorers in Python: what they accept, refuse and hand to the page."""

import functools
import json
import re
from types import SimpleNamespace

import anywidget
import ipywidgets
import numpy as np
import pytest
import torch
import traitlets
from ipywidgets.embed import dependency_state

from spikereg import RegressionDataset, SpikingRegressor
from spikereg.widgets import (
    DigitReader,
    EncodingExplorer,
    EnergyExplorer,
    FiringTimeExplorer,
    LIFExplorer,
    NetworkExplorer,
    PlasticExplorer,
    Playground,
    PulseExplorer,
    SpikeTimeExplorer,
    SurrogateExplorer,
)
from spikereg.widgets._explorer import Choice, Range
from spikereg.widgets._source import FOLDER, joined

DATASET = RegressionDataset(seed=0)
MODEL = SpikingRegressor(16, seed=0)
STEP = SimpleNamespace(
    accumulates=9,
    multiply_accumulates=1,
    weight_fetches=10,
    state_updates=3,
    state_multiplies=3,
)
EXPLORERS = [
    LIFExplorer,
    SurrogateExplorer,
    functools.partial(NetworkExplorer, MODEL, DATASET),
    functools.partial(NetworkExplorer, {"one": MODEL, "other": MODEL}, DATASET),
    Playground,
    PulseExplorer,
    functools.partial(FiringTimeExplorer, SpikingRegressor(8, 22, seed=0)),
    SpikeTimeExplorer,
    PlasticExplorer,
    EncodingExplorer,
    functools.partial(EncodingExplorer, {"a wave": [1, 3, 2]}),
    functools.partial(EnergyExplorer, {"one": STEP, "zero": {"layer": STEP}}),
    functools.partial(
        DigitReader,
        SpikingRegressor(8, 8, 10, seed=0, neuron="adaptive"),
        torch.zeros(20, 8, 8),
        [7] * 20,
    ),
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
    assert state["id"] == explorer.id


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
                f"{name} must be {trait.kind}between {trait.low:g} and "
                f"{trait.high:g}, not {value!r}"
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
def test_an_id_is_what_an_address_can_hold_as_it_is(make):
    kinds = {"lif", "surrogate", "network", "playground", "pulse", "digits"}
    kinds |= {"firing", "exact", "plastic", "encoding", "energy"}
    assert make().id in kinds
    for name in ("a", "my-neuron", "n2", "a" * 24):
        assert make(id=name).id == name
    for bad in ("", "2", "-a", "A", "a.b", "a b", "ä", "a\n", "<b>", "a" * 25, None, 1):
        with pytest.raises(traitlets.TraitError) as raised:
            make(id=bad)
        assert str(raised.value) == (
            f"id must be 1 to 24 of a-z, 0-9 and -, a letter first, not {bad!r}"
        )


@each_explorer
def test_no_two_explorers_have_the_same_number(make):
    one, other = make(), make()
    assert 0 < one.get_state()["_number"] < other.get_state()["_number"]


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
    [
        LIFExplorer(beta=0.25, reset_mechanism="zero"),
        LIFExplorer(id="mine"),
        SurrogateExplorer(slope=3),
        PulseExplorer(length=3, tau=12.5),
        SpikeTimeExplorer(w2=-0.5, time=12, arrow="w2"),
        PlasticExplorer(path="growing", pairs=3),
        PlasticExplorer(path=[0.5] * 80, quantum=0.1),
        EncodingExplorer(curve="sawtooth", read_back="delta"),
        EncodingExplorer(curve=[0, 0.5, 1], neurons=3),
        Playground(target="sine", seed=3),
        Playground(target=[0, 0.5, 1], lr=0.01),
    ],
    ids=lambda explorer: type(explorer).__name__,
)
def test_the_repr_is_the_call(explorer):
    again = eval(repr(explorer))
    assert repr(again) == repr(explorer)
    for name in (*controls(explorer), "id"):
        assert getattr(again, name) == getattr(explorer, name)


@each_explorer
def test_no_repr_holds_an_address(make):
    assert not re.search("0x|object at", repr(make()))


# The page


@each_explorer
def test_the_page_gets_one_script_without_imports_and_its_own_start(make):
    name, *others = controls(make())
    values = (0.5, "zero", "atan", 2.0, 16, (0.0, 1.0), (0.5,) * 80)
    value = next(v for v in values if _fits(make, name, v))
    explorer = make(**{name: value})
    source = explorer.get_state()["_esm"]
    assert not re.search(r"^(import|export (?!default))", source, re.MULTILINE)
    assert len(re.findall(r"^export default", source, re.MULTILINE)) == 1
    assert controls(explorer)[name]["value"] == value
    assert others
    json.dumps(explorer._controls)


def _fits(make, name, value):
    try:
        make(**{name: value})
    except traitlets.TraitError:
        return False
    return True


@each_explorer
def test_a_page_that_ipywidgets_writes_has_all_that_an_explorer_needs(make):
    explorer = make()
    told = dependency_state(explorer, drop_defaults=True)[explorer.model_id]
    assert "export default" in told["state"]["_esm"]
    buffers = {part["path"][0] for part in told.get("buffers", [])}
    assert buffers | {*told["state"]} == {*explorer.keys}


def test_a_file_comes_after_what_it_imports_and_only_once():
    source = joined("network.js")
    for path in ("figure.js", "numerics/neuron.js", "numerics/scale.js"):
        head = (FOLDER / path).read_text().splitlines()[0]
        assert source.count(head) == 1
        assert source.index(head) < source.index("export default")


# The playground


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("cosine", "target must be one of ('sqrt', 'linear', 'sine', 'step', 'bumps')"),
        (
            None,
            "target must be the name of a preset or a sequence of numbers, not None",
        ),
        (0.5, "target must be the name of a preset or a sequence of numbers, not 0.5"),
        ({0.5: 1}, "or a sequence of numbers, not {0.5: 1}"),
        (b"sqrt", "or a sequence of numbers, not b'sqrt'"),
        ([0.5], "target must have between 2 and 200 time steps, not 1"),
        ([0.5] * 201, "target must have between 2 and 200 time steps, not 201"),
        ([0.5, 1.5], "target must have values between 0 and 1, not 1.5"),
        ([0.5, float("nan")], "target must have values between 0 and 1, not nan"),
        ([0.5, 10**400], "target must have values between 0 and 1, not 1000"),
        ([0.5, "1"], "target must have values between 0 and 1, not '1'"),
        ([0.5, True], "target must have values between 0 and 1, not True"),
        ([[0.5], [1]], "target must have values between 0 and 1, not [0.5]"),
        (np.ones((3, 1)), "target must have values between 0 and 1, not [1.0]"),
        (
            [np.ones(2), np.ones(2)],
            "target must have values between 0 and 1, not array",
        ),
        (torch.tensor([0.1, 2]), "target must have values between 0 and 1, not 2.0"),
    ],
)
def test_a_target_that_is_none_is_refused_with_its_value(target, message):
    with pytest.raises(traitlets.TraitError, match=re.escape(message)):
        Playground(target=target)
    playground = Playground(target="sine")
    with pytest.raises(traitlets.TraitError, match=re.escape(message)):
        playground.target = target
    assert repr(playground).startswith("Playground(target='sine', ")


@pytest.mark.parametrize(
    "make", [list, tuple, np.array, torch.tensor, lambda values: np.array(values, "f4")]
)
def test_a_target_is_any_sequence_of_heights(make):
    found = Playground(target=make([0.1, 0.25, 1.0])).target
    assert found == (0.1, 0.25, 1.0)


@pytest.mark.parametrize("value", [10**400, np.array([8, 9]), "8", None, 8.5, True])
def test_a_whole_number_is_one(value):
    with pytest.raises(traitlets.TraitError, match="hidden must be a whole number"):
        Playground(hidden=value)


@pytest.mark.parametrize("value", [np.array(["zero", "none"]), None, 0])
def test_a_word_is_one(value):
    with pytest.raises(traitlets.TraitError, match="reset must be one of"):
        Playground(reset=value)
