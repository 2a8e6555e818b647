"""Which networks and figures EnergyExplorer takes, and which it refuses."""

import json
import re
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import traitlets
from test_numerics_energy import NETWORKS, counts, figures

from spikereg.widgets import EnergyExplorer
from spikereg.widgets.energy import COUNTS, FIGURES, PRESETS


def preset(*numbers):
    return SimpleNamespace(**figures(*numbers))


def test_a_network_is_one_object_or_one_for_each_layer():
    layers = {"in": counts(0, 30, 4, 5), "out": counts(20.5, 0, 1, 1)}
    whole = counts(20.5, 30, 5, 6)
    one, other = EnergyExplorer({"layers": layers, "whole": whole})._networks
    assert (one.pop("name"), other.pop("name")) == ("layers", "whole")
    assert one == {
        "accumulates": 20.5,
        "multiply_accumulates": 30.0,
        "spike_fetches": 20.5,
        "other_fetches": 30.0,
        "state_updates": 5.0,
        "state_multiplies": 6.0,
    }
    assert other == pytest.approx(one)


def test_fetches_that_are_no_more_than_one_for_each_operation_are_shared_out():
    layers = {"a": counts(30, 10, fetches=20), "b": counts(0, 5, fetches=3)}
    layers["c"] = counts(0, 0, 7, 7)
    (found,) = EnergyExplorer({"net": layers})._networks
    assert (found["spike_fetches"], found["other_fetches"]) == (15, 5 + 3)


def test_the_first_network_and_the_first_figures_are_those_at_the_start():
    explorer = EnergyExplorer(NETWORKS)
    assert explorer.reference == "LIF"
    first = next(iter(PRESETS.values()))
    for name in FIGURES:
        assert getattr(explorer, name) == pytest.approx(getattr(first, name), rel=1e-11)
    assert explorer.multiply_accumulate == 4.6  # 0.9 + 3.7 is a little more
    assert explorer.rate == 1
    assert [each["name"] for each in explorer._presets] == list(PRESETS)
    # As the page gets it
    state = explorer.get_state()
    assert state["_networks"][1]["name"] == "dendrites"
    json.dumps([state["_networks"], state["_presets"], explorer._controls])
    (words,) = [c["words"] for c in explorer._controls if c["name"] == "reference"]
    assert words == list(NETWORKS)


def test_what_is_said_comes_before_the_figures():
    own = {"mine": preset(1, 2, 3, 4, 5), "other": preset(0, 0, 0, 0, 1000)}
    explorer = EnergyExplorer(NETWORKS, own, reference="ReLU", weight_fetch=50)
    assert explorer._presets[1] == {"name": "other"} | figures(0, 0, 0, 0, 1000)
    shown = [getattr(explorer, name) for name in FIGURES]
    assert shown == [1, 2, 50, 4, 5]
    assert repr(explorer) == (
        "EnergyExplorer(reference='ReLU', accumulate=1.0, multiply_accumulate=2.0, "
        "weight_fetch=50.0, state_update=4.0, state_multiply=5.0, rate=1.0)"
    )


def test_every_preset_holds_figures_that_the_sliders_reach():
    explorer = EnergyExplorer(NETWORKS)
    sliders = {each["name"]: each for each in explorer._controls}
    for each in explorer._presets:
        for name in FIGURES:
            slider = sliders[name]
            assert each[name] == 0 or slider["least"] <= each[name] <= slider["max"]
    # What is often quoted leaves memory out.
    assert sum(each["weight_fetch"] == 0 for each in explorer._presets) == 1


@pytest.mark.parametrize("make", [np.float32, np.int64, Fraction])
def test_a_count_is_any_real_number(make):
    (found,) = EnergyExplorer({"net": counts(make(3), make(2))})._networks
    assert found["accumulates"] == 3
    assert type(found["accumulates"]) is float


def test_a_kernel_hears_what_is_chosen():
    explorer, heard = EnergyExplorer(NETWORKS), []
    explorer.observe(lambda c: heard.append(c["new"]), ["reference", "weight_fetch"])
    explorer.set_state({"reference": "LSTM"})
    explorer.set_state({"weight_fetch": 0})
    assert heard == ["LSTM", 0]


ALL = ", ".join(COUNTS)


def bad(**values):
    return SimpleNamespace(**(vars(counts(1, 2, 3, 4)) | values))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("networks", "error", "message"),
    [
        ([counts(1, 2)], TypeError, "networks must be a mapping from names, not [name"),
        (None, TypeError, "networks must be a mapping from names, not None"),
        ({}, ValueError, "networks must be between 1 and 12, not 0"),
        (
            {f"net {n}": counts(1, 2) for n in range(13)},
            ValueError,
            "networks must be between 1 and 12, not 13",
        ),
        ({"": counts(1, 2)}, ValueError, "networks must have 1 to 24 letters, not be"),
        ({" ": counts(1, 2)}, ValueError, "must have 1 to 24 letters, not be ' '"),
        ({"n" * 25: counts(1, 2)}, ValueError, "must have 1 to 24 letters, not be 'n"),
        ({7: counts(1, 2)}, ValueError, "must have 1 to 24 letters, not be 7"),
        ({"a": 3}, TypeError, f"networks['a'] must have {ALL}, not be 3"),
        ({"a": {}}, ValueError, "networks['a'] must have a layer, not be {}"),
        ({"a": {"in": 3}}, TypeError, f"networks['a']['in'] must have {ALL}, not be 3"),
        (
            {"a": bad(accumulates=-1)},
            ValueError,
            "networks['a'].accumulates must be a number between 0 and 1e+15, not -1",
        ),
        (
            {"a": {"in": bad(weight_fetches=float("nan"))}},
            ValueError,
            "networks['a']['in'].weight_fetches must be a number between 0 and 1e+15, "
            "not nan",
        ),
        ({"a": bad(state_updates=float("inf"))}, ValueError, "1e+15, not inf"),
        ({"a": bad(state_updates=10**400)}, ValueError, "1e+15, not 1000"),
        ({"a": bad(state_multiplies="9")}, ValueError, "1e+15, not '9'"),
        ({"a": bad(state_multiplies=True)}, ValueError, "1e+15, not True"),
        ({"a": bad(accumulates=None)}, ValueError, "1e+15, not None"),
        ({"a": bad(accumulates=torch.ones(2))}, ValueError, "1e+15, not tensor("),
    ],
)
def test_networks_that_cannot_be_counted_are_refused(networks, error, message):
    with pytest.raises(error, match=re.escape(message)):
        EnergyExplorer(networks)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("presets", "error", "message"),
    [
        (3, TypeError, "presets must be a mapping from names, not 3"),
        ({}, ValueError, "presets must be between 1 and 12, not 0"),
        ({"p" * 61: preset(*range(5))}, ValueError, "1 to 60 letters, not be 'ppp"),
        ({"p": 0.9}, TypeError, "presets['p'] must have accumulate, multiply_accumul"),
        (
            {"p": preset(1, 1, -0.1, 1, 1)},
            ValueError,
            "presets['p'].weight_fetch must be a number between 0 and 1000, not -0.1",
        ),
        ({"p": preset(1, 1, 1, 1, 1e4)}, ValueError, "0 and 1000, not 10000.0"),
    ],
)
def test_figures_that_no_slider_has_are_refused(presets, error, message):
    with pytest.raises(error, match=re.escape(message)):
        EnergyExplorer(NETWORKS, presets)


@pytest.mark.parametrize("name", ["GRU", "relu", "", None, 0])
def test_an_unknown_reference_is_refused_with_those_there_are(name):
    message = re.escape(
        f"reference must be one of ('LIF', 'dendrites', 'ReLU', 'LSTM'), not {name!r}"
    )
    with pytest.raises(traitlets.TraitError, match=message):
        EnergyExplorer(NETWORKS, reference=name)
    explorer = EnergyExplorer(NETWORKS, reference="ReLU")
    with pytest.raises(traitlets.TraitError, match=message):
        explorer.reference = name
    assert explorer.reference == "ReLU"
