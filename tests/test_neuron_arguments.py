"""What the neurons of our own refuse, and what they then say."""

import functools
import math
import re

import pytest
import torch
from snntorch import surrogate

from spikereg import (
    AdaptiveLeaky,
    Dendrites,
    Resonator,
    SpikingLSTM,
    SpikingRegressor,
    scan,
)

INF, NAN = math.inf, math.nan
OURS = [AdaptiveLeaky, Resonator, SpikingLSTM]
BAD_RANGES = [(0.0, 5.0), (-1.0, 5.0), (INF, INF), (5.0, INF), (NAN, 5.0), (5.0,), 5.0]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("kind", [*OURS, Dendrites])
@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("width", [0, -1, 2.0, "3", None, True])
def test_a_bad_width_is_named(kind, recurrent, width):
    options = {"recurrent": recurrent} if kind in OURS[:2] else {}
    with pytest.raises(ValueError, match=f"width must be .* not {width!r}"):
        kind(width, seed=0, **options)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("value", [INF, -INF, NAN, "1", None])
def test_a_threshold_that_is_no_number_is_named(kind, value):
    with pytest.raises(ValueError, match=f"threshold must be .* not {value!r}"):
        kind(3, threshold=value, seed=0)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (AdaptiveLeaky, "tau_membrane"),
        (AdaptiveLeaky, "tau_adaptation"),
        (Resonator, "tau"),
        (Resonator, "period"),
        (Dendrites, "tau"),
        (Dendrites, "period"),
    ],
)
@pytest.mark.parametrize("value", BAD_RANGES)
def test_a_range_that_is_none_is_named(kind, name, value):
    with pytest.raises(ValueError, match=re.escape(f"not {value!r}")) as raised:
        kind(3, **{name: value}, seed=0)
    assert str(raised.value).startswith(f"{name} must be two finite numbers")


@pytest.mark.parametrize("kind", [Resonator, Dendrites])
def test_a_period_of_less_than_two_steps_is_refused_and_two_steps_are_right(kind):
    for value in ((1.0, 1.0), (1.9, 50.0)):
        with pytest.raises(ValueError, match="at least 2"):
            kind(3, period=value, seed=0)
    neuron = Resonator(1, period=(2.0, 2.0), reset_mechanism="none", seed=0)
    neuron.beta.data.fill_(1)
    pulse = torch.zeros(5, 1, 1)
    pulse[0] = 0.5
    _, membrane = scan(neuron, pulse)
    expected = torch.tensor([0.5, -0.5, 0.5, -0.5, 0.5])
    torch.testing.assert_close(membrane[:, 0, 0].detach(), expected)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("value", [NAN, INF, "120"])
def test_a_scale_that_is_no_number_is_named(value):
    with pytest.raises(ValueError, match=f"scale must be .* not {value!r}"):
        AdaptiveLeaky(3, scale=value, seed=0)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    "make", [*(functools.partial(kind, 3) for kind in OURS), SpikingRegressor]
)
@pytest.mark.parametrize("spike", ["atan", 3])
def test_a_surrogate_that_cannot_be_called_is_named(make, spike):
    with pytest.raises(TypeError, match=f"must be a function, not {spike!r}"):
        make(spike_grad=spike)


@pytest.mark.parametrize(
    "make", [*(functools.partial(kind, 3) for kind in OURS), SpikingRegressor]
)
@pytest.mark.parametrize("spike", [surrogate.atan, surrogate.fast_sigmoid])
def test_a_surrogate_that_nobody_has_made_yet_is_named(make, spike):
    with pytest.raises(TypeError, match=rf"surrogate\.{spike.__name__}\(\), what"):
        make(spike_grad=spike)


@pytest.mark.parametrize("kind", OURS)
def test_a_reset_that_is_set_later_is_refused_as_for_snntorchs(kind):
    neuron = kind(3, seed=0)
    neuron.reset_mechanism = "subtract" if kind is not Resonator else "zero"
    gates = 4 if kind is SpikingLSTM else 1
    with pytest.raises(ValueError, match=r"reset_mechanism .* set to"):
        scan(neuron, torch.rand(4, 2, 3 * gates))


@pytest.mark.parametrize("width", [1, 5])
def test_dendrites_take_one_current_each(width):
    with pytest.raises(ValueError, match=rf"K = 4, not \[5, 2, {width}\]"):
        Dendrites(4, seed=0)(torch.rand(5, 2, width))
