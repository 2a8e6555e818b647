"""What explorers say in a page's address, and what they make of one."""

import random
import string
from urllib.parse import quote

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from node import javascript
from test_numerics_energy import counts

from spikereg import RegressionDataset, SpikingRegressor
from spikereg.widgets import (
    DigitReader,
    EncodingExplorer,
    EnergyExplorer,
    LIFExplorer,
    NetworkExplorer,
    PlasticExplorer,
    Playground,
    PulseExplorer,
    SurrogateExplorer,
)
from spikereg.widgets.playground import PRESETS

STEP = counts(9, 1, 3, 3)
EXPLORERS = [
    LIFExplorer(beta=0.5, reset_mechanism="zero"),
    SurrogateExplorer(),
    PulseExplorer(length=3),
    NetworkExplorer(SpikingRegressor(8, seed=0), RegressionDataset(seed=0)),
    DigitReader(
        SpikingRegressor(8, 8, 10, seed=0, neuron="recurrent"),
        torch.zeros(3, 8, 8),
        [7, 1, 0],
        drawing=range(32),
    ),
    PlasticExplorer(path="growing"),
    EncodingExplorer({"spots": range(9)}, curve="sawtooth"),
    EnergyExplorer({"LIF": STEP, "ReLU": STEP}, rate=0.5),
    Playground(target="sine"),
]
each_explorer = pytest.mark.parametrize("explorer", EXPLORERS, ids=lambda e: e.id)

VALUES = "given.hashes.map((hash) => valuesIn(hash, given.name, given.controls))"


def starts(explorer):
    values = {each["name"]: each["value"] for each in explorer._controls}
    drawn = {"target", "path", "curve", "drawing"} & values.keys()
    return values | {name: list(values[name]) for name in drawn}


def values_in(explorer, *hashes, name=None):
    return javascript(
        VALUES,
        hashes=hashes,
        name=name or explorer.id,
        controls=explorer._controls,
    )


def allowed(control):
    """Draw from what a control may be set to."""
    if presets := control.get("presets"):
        low, high, size = map(control.get, ("min", "max", "steps"))
        longest = control.get("longest", 200)
        heights = st.sampled_from(np.linspace(low or 0, high or 1, 1001).round(9))
        fewest, most = (size, size) if size else (2, longest)
        drawn = st.lists(heights.map(float), min_size=fewest, max_size=most)
        return st.sampled_from([list(curve) for curve in presets.values()]) | drawn
    if control.get("pixels"):
        return st.lists(st.integers(0, 2**32 - 1), min_size=32, max_size=32)
    if words := control.get("words"):
        # The page says "0" for the image that Python calls 0.
        return st.sampled_from([w for w in words if w != str(control["value"])])
    low, high = control["min"], control["max"]
    whole = st.integers(int(low), int(high))
    return whole if control.get("whole") else st.floats(low, high)


@st.composite
def settings_of(draw, explorer):
    """Draw values for some of the controls; the others are as at the start."""
    return starts(explorer) | {
        each["name"]: draw(allowed(each))
        for each in explorer._controls
        if draw(st.booleans())
    }


@each_explorer
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_what_is_set_comes_back_from_the_address(explorer, data):
    values = data.draw(settings_of(explorer))
    part, found = javascript(
        "((part) => [part, valuesIn('#' + part, 'it2', given.controls)])"
        "(partOf('it2', given.controls, given.values))",
        controls=explorer._controls,
        values=values,
    )
    assert found == values
    assert set(part) <= set(string.ascii_letters + string.digits + "=&.-_")
    # Only what differs stands there, each behind the explorer's name.
    keys = [pair.split("=")[0] for pair in part.split("&") if pair]
    start = starts(explorer)
    assert keys == [f"it2.{n}" for n in start if values[n] != start[n]]


def test_explorers_share_an_address():
    address = "#lif.beta=0.25&surrogate.slope=3&lif2.beta=0.75&network.end=0.5"
    lif, surrogate, pulse, network, digits, *_, playground = EXPLORERS
    assert values_in(lif, address) == [starts(lif) | {"beta": 0.25}]
    assert values_in(lif, address, name="lif2") == [starts(lif) | {"beta": 0.75}]
    assert values_in(surrogate, address) == [starts(surrogate) | {"slope": 3}]
    assert values_in(pulse, address) == [starts(pulse)]
    assert values_in(network, address) == [starts(network) | {"end": 0.5}]
    assert values_in(digits, address) == [starts(digits)]
    assert values_in(playground, address) == [starts(playground)]


NAMED = "given.hashes.map((hash) => named(hash, given.names))"
NAMES = ["lif", "lif2", "playground"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("#lif2.beta=0.5&lif.beta=1&lif2.threshold=1", ["lif2", "lif"]),
        ("#who.knows=1&lif.start", ["lif"]),
        ("lif.start=", ["lif"]),
        # Places of the page
        ("", []),
        ("#", []),
        ("#lif", []),
        ("#lif=1", []),
        ("#what-is-in-it", []),
        ("#spikereg.scan", []),
        # Playgrounds, as they were linked to before explorers had names
        ("#target=sine&hidden=8", ["playground"]),
        ("#seed=1&target=sine&lif.beta=1", ["playground", "lif"]),
        ("#seed=1", []),
        # Nothing of ours
        ("#lif.beta=" + "9" * 10_000, []),
        ("#.beta=1&..=1&__proto__.beta=1&constructor.x=1", []),
    ],
)
def test_an_address_names_the_explorers_that_it_is_for(address, expected):
    assert javascript(NAMED, hashes=[address], names=NAMES) == [expected]


def test_of_two_with_one_id_the_second_has_a_number():
    found = javascript(
        "given.all.map(distinct)",
        all=[
            ["lif", "surrogate", "lif", "lif"],
            ["lif", "lif", "lif2"],
            ["lif2", "lif", "lif"],
            [],
        ],
    )
    assert found == [
        ["lif", "surrogate", "lif2", "lif3"],
        ["lif", "lif2", "lif22"],
        ["lif2", "lif", "lif3"],
        [],
    ]


OLD = "#target=bumps&hidden=8&lr=0.1&slope=1&beta_from=0&beta_to=1&reset=zero&seed=99"


def test_an_old_link_is_a_playgrounds():
    playground = EXPLORERS[-1]
    start = starts(playground)
    changed = {"hidden": 8, "lr": 0.1, "slope": 1, "reset": "zero", "seed": 99}
    bumps = {"target": list(PRESETS["bumps"])}
    drawn = {"target": [0.5, 1, 0]}
    assert values_in(playground, OLD, "#target=drawn", "#target=dwrs00&from=you") == [
        start | changed | bumps,
        start,
        start | drawn,
    ]


# Addresses may come from anybody.

LIF = EXPLORERS[0]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("lif.beta=0.25", 0.25),
        ("lif.beta=7", 1),
        ("lif.beta=-7", 0),
        ("lif.beta=1e-3", 0.001),
        ("lif.beta=1e999", 0.5),
        ("lif.beta=-1e999", 0.5),
        ("lif.beta=Infinity", 0.5),
        ("lif.beta=NaN", 0.5),
        ("lif.beta=", 0.5),
        ("lif.beta", 0.5),
        ("lif.beta=%20", 0.5),
        ("lif.beta=null", 0.5),
        ("lif.beta=1,2", 0.5),
        ("lif.beta=[0]", 0.5),
        ("lif.beta=<img src=x onerror=alert(1)>", 0.5),
        ("lif.beta=%E0%A4%A", 0.5),
        ("lif.beta=%", 0.5),
        ("lif.beta=1&lif.beta=0", 1),
        ("lif.beta=no&lif.beta=0", 0.5),
        ("lif.gamma=1", 0.5),
        ("lif.__proto__=1&lif.constructor=1&__proto__.beta=1", 0.5),
        ("LIF.beta=1", 0.5),
        ("lif.beta.x=1", 0.5),
        ("beta=1", 0.5),
        ("lif.beta=" + "1" * 10_000, 0.5),
        ("x=" + "&" * 20_000 + "lif.beta=1", 0.5),
    ],
)
def test_what_no_control_can_be_set_to_is_passed_over_or_cut(said, expected):
    assert values_in(LIF, f"#{said}") == [starts(LIF) | {"beta": expected}]


def test_words_and_curves_are_those_that_are_known():
    words = ["subtract", "soft", "", "__proto__", "ZERO", "<b>zero</b>"]
    found = values_in(LIF, *(f"#lif.reset_mechanism={word}" for word in words))
    assert [values["reset_mechanism"] for values in found] == ["subtract"] + 5 * [
        "zero"
    ]
    playground = EXPLORERS[-1]
    curves = ["__proto__", "constructor", "SINE", "00", "0" * 99, "zz" * 50]
    curves += ["00" * 201, "0-" * 50, "", "drawn"]
    found = values_in(playground, *(f"#playground.target={each}" for each in curves))
    assert found == [starts(playground)] * len(curves)


def hostile(number):
    """Return that many addresses, from noise to almost right."""
    draw = random.Random(0)
    words = ["sine", "00" * 50, "", "1", "-1", "1e9", "1e999", "NaN", "zero", "<b>"]
    words += ["%", "%E0%A4%A", "9" * 50, "-".join("z" * 32), "2", "drawing"]
    names = [*(each.id for each in EXPLORERS), "__proto__", "<i>", ""]
    keys = [*{name for each in EXPLORERS for name in starts(each)}, "__proto__", "x"]
    keys = [f"{name}.{key}" for name in names for key in sorted(keys)]
    keys += 5 * [f"{each.id}.{key}" for each in EXPLORERS for key in starts(each)]
    keys += sorted(starts(EXPLORERS[-1]))
    for _ in range(number):
        if draw.random() < 0.3:
            text = "".join(
                map(chr, draw.choices(range(32, 0x2FF), k=draw.randrange(80)))
            )
            yield "#" + quote(text) if draw.random() < 0.5 else "#" + text
        else:
            pairs = [
                f"{draw.choice(keys)}={draw.choice(words)}"
                for _ in range(draw.randrange(1, 20))
            ]
            yield "#" + "&".join(
                ["target=sine", *pairs] if draw.random() < 0.3 else pairs
            )


@each_explorer
def test_a_thousand_random_addresses_give_what_python_allows(explorer):
    found = values_in(explorer, *hostile(1000))
    start = starts(explorer)
    assert sum(values != start for values in found) > 20
    for values in found:
        assert values.keys() == start.keys()
        for name, value in values.items():
            setattr(explorer, name, value)  # or it raises
    for name, value in start.items():
        setattr(explorer, name, value)


# In words


def test_what_is_set_is_said_in_words():
    lif, _, _, network, digits, _, _, energy, playground = EXPLORERS

    def said(explorer, **changes):
        values = starts(explorer) | changes
        return javascript(
            "described(given.controls, given.values)",
            controls=explorer._controls,
            values=values,
        )

    assert said(lif) == "set back to the start"
    assert said(lif, beta=0.25, reset_mechanism="none") == (
        "set to decay β 0.25; reset none"
    )
    assert said(network, beta_in=0.5) == "set to β, layer 1 × 0.5"
    assert said(playground, target=list(PRESETS["step"]), seed=3) == (
        "set to target step; seed 3"
    )
    assert said(playground, target=[0, 1]) == "set to target drawn"
    assert said(digits, sample="1", recurrence=0.5) == (
        "set to image 1 (label 1); recurrence strength × 0.5"
    )
    assert said(digits, drawing=[1] * 32) == "set to pixels as drawn"
    assert said(energy, reference="ReLU", weight_fetch=0.3) == (
        "set to compared with ReLU; reading a weight 0.3 pJ"
    )
