"""Which series EncodingExplorer takes, and which it refuses."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
import traitlets

from spikereg.widgets import EncodingExplorer
from spikereg.widgets.encoding import BUILT_IN

SPOTS = [5.0, 11, 16, 23, 36, 58, 29, 20, 10, 8, 3, 0]


def control(explorer):
    return next(each for each in explorer._controls if each["name"] == "curve")


def test_a_series_is_scaled_to_its_own_range_and_stands_first():
    explorer = EncodingExplorer({"spots": SPOTS, "cold": [-3.0, -1, -2]})
    assert explorer.curve == tuple(round(value / 58, 3) for value in SPOTS)
    assert list(control(explorer)["presets"]) == ["spots", "cold", *BUILT_IN]
    assert control(explorer)["presets"]["cold"] == (0, 1, 0.5)
    assert control(explorer)["scales"] == {"spots": (0, 58), "cold": (-3, -1)}
    explorer.curve = "cold"
    assert explorer.curve == (0, 1, 0.5)
    # As the page gets it
    state = explorer.get_state()
    assert state["_controls"] == explorer._controls


def test_explorers_do_not_share_their_series():
    one, other = EncodingExplorer({"spots": SPOTS}), EncodingExplorer()
    assert one.curve != other.curve == BUILT_IN["jump"]
    assert control(other)["scales"] == {}
    assert list(control(other)["presets"]) == list(BUILT_IN) == ["jump", "sawtooth"]
    with pytest.raises(traitlets.TraitError, match=r"one of \('jump', 'sawtooth'\) or"):
        other.curve = "spots"
    assert repr(one).startswith("EncodingExplorer(curve='spots', read_back='level_c")
    one.curve = [0, 0.5]
    assert repr(one).startswith("EncodingExplorer(curve=[0.0, 0.5], read_back=")


@pytest.mark.parametrize("make", [np.array, torch.tensor, pd.Series, tuple, list])
def test_a_series_is_any_row_of_numbers(make):
    assert EncodingExplorer({"s": make(SPOTS)}).curve[5] == 1
    whole = EncodingExplorer({"s": make([int(value) for value in SPOTS])})
    assert whole.curve[-1] == 0


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_what_is_built_in_has_its_jumps_and_lies_in_the_range(name):
    curve = np.array(BUILT_IN[name])
    assert ((curve >= 0) & (curve <= 1)).all()
    assert len(curve) == 120
    assert abs(np.diff(curve)).max() > 0.4
    assert np.sort(abs(np.diff(curve)))[-4] < 0.06
    np.testing.assert_array_equal(curve, curve.round(3))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("series", "message"),
    [
        (SPOTS, "series must be a mapping from names to numbers, not [5.0, 11"),
        ("spots", "series must be a mapping from names to numbers, not 'spots'"),
        ({"": SPOTS}, "a name of series must have 1 to 40 letters, not be ''"),
        ({"s" * 41: SPOTS}, "a name of series must have 1 to 40 letters, not be 'sss"),
        ({7: SPOTS}, "a name of series must have 1 to 40 letters, not be 7"),
        ({"jump": SPOTS}, "a name of series must be none of ('jump', 'sawtooth', 'dra"),
        ({"drawn": SPOTS}, "'drawn'), not 'drawn'"),
        ({"s": 3}, "series['s'] must be numbers, not 3"),
        ({"s": "123"}, "series['s'] must be numbers, not '123'"),
        ({"s": [1]}, "series['s'] must have between 2 and 400 values, not 1"),
        ({"s": range(401)}, "series['s'] must have between 2 and 400 values, not 401"),
        ({"s": [0, 1, np.nan]}, "series['s'] must be finite numbers, not nan at 2"),
        ({"s": [0, -np.inf]}, "series['s'] must be finite numbers, not -inf at 1"),
        ({"s": ["a", "b"]}, "series['s'] must be finite numbers, not 'a' at 0"),
        ({"s": np.ones((3, 2))}, "series['s'] must be finite numbers, not [1.0, 1.0]"),
        (
            {"s": [2.0] * 9},
            "series['s'] must change, by a finite number, not be 2 to 2",
        ),
        ({"s": [-1e308, 1e308]}, "series['s'] must change, by a finite number, not be"),
    ],
)
def test_a_series_that_is_none_is_refused_with_its_value(series, message):
    with pytest.raises(traitlets.TraitError, match=re.escape(message)):
        EncodingExplorer(series)


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        ("ramp", "curve must be one of ('spots', 'jump', 'sawtooth') or a sequence of"),
        (None, "curve must be the name of a preset or a sequence of numbers, not None"),
        ([0.5], "curve must have between 2 and 400 time steps, not 1"),
        ([0.5] * 401, "curve must have between 2 and 400 time steps, not 401"),
        ([0.5, 1.01], "curve must have values between 0 and 1, not 1.01"),
    ],
)
def test_a_curve_that_is_none_is_refused_with_its_value(curve, message):
    with pytest.raises(traitlets.TraitError, match=re.escape(message)):
        EncodingExplorer({"spots": SPOTS}, curve=curve)
    explorer = EncodingExplorer({"spots": SPOTS})
    with pytest.raises(traitlets.TraitError, match=re.escape(message)):
        explorer.curve = curve
    assert repr(explorer).startswith("EncodingExplorer(curve='spots', ")


def test_a_kernel_hears_what_is_drawn_and_chosen():
    explorer, heard = EncodingExplorer({"spots": SPOTS}), []
    explorer.observe(lambda change: heard.append(change["new"]), ["curve", "read_back"])
    explorer.set_state({"curve": [0.25] * 12})
    explorer.set_state({"read_back": "delta"})
    assert heard == [(0.25,) * 12, "delta"]
