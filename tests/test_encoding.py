import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from snntorch import spikegen

from spikereg import encoding

LOW, HIGH = -2.0, 3.0


def curves(low=LOW, high=HIGH):
    """Draw curves [T, B, F] within a range, their ends among their values."""
    return arrays(
        np.float64,
        array_shapes(min_dims=3, max_dims=3, max_side=7),
        elements=st.floats(low, high),
    ).map(torch.from_numpy)


def walk(steps=4000, size=0.03):
    """Make a curve that wanders through [0, 1] in small steps, as [T, 1, 1]."""
    generator = torch.Generator().manual_seed(0)
    there = (torch.randn(steps, 1, 1, generator=generator) * size).cumsum(dim=0) % 2
    return torch.minimum(there, 2 - there)  # folded back at the ends


# Rate


@pytest.mark.usefixtures("global_rng_stays")
def test_a_rate_is_drawn_from_a_generator_of_its_own():
    values = torch.rand(9, 2, 3, generator=torch.Generator().manual_seed(1))
    one, again, other = (encoding.rate_spikes(values, 5, seed=k) for k in (0, 0, 1))
    assert one.shape == (9, 2, 15)
    assert set(one.flatten().tolist()) == {0, 1}
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    first, second = (encoding.rate_spikes(values, 5) for _ in range(2))
    assert not torch.equal(first, second)


def test_each_neuron_fires_by_itself_with_the_probability_of_the_value():
    values = torch.tensor([-3.0, -2, -1, 0.5, 2, 3, 4]).expand(3000, 1, 7)
    spikes = encoding.rate_spikes(values, 4, low=LOW, high=HIGH, seed=0)
    fired = spikes.unflatten(-1, (7, 4))[:, 0]
    expected = ((values[0, 0] - LOW) / (HIGH - LOW)).clamp(0, 1)
    deviation = (expected * (1 - expected) / 3000).sqrt()
    assert (
        (fired.mean(dim=0) - expected[:, None]).abs() <= 4 * deviation[:, None]
    ).all()
    among = torch.corrcoef(fired[:, 2].T)  # of one feature's four neurons
    assert (among - torch.eye(4)).abs().max() < 4 / math.sqrt(3000)


def test_a_rate_is_read_in_the_curves_unit_with_the_deviation_of_a_count():
    values = torch.linspace(LOW, HIGH, 9).expand(2000, 1, 9)
    spikes = encoding.rate_spikes(values, 25, low=LOW, high=HIGH, seed=0)
    found = encoding.from_rate(spikes, 25, low=LOW, high=HIGH)
    share = torch.linspace(0, 1, 9)
    deviation = (HIGH - LOW) * (share * (1 - share) / 25).sqrt()
    assert found.shape == values.shape
    torch.testing.assert_close(found.mean(dim=0), values[0], atol=0.04, rtol=0)
    torch.testing.assert_close(found.std(dim=0)[0], deviation, atol=0.03, rtol=0)


def test_a_feature_is_read_from_its_own_neurons():
    spikes = torch.tensor([[[1.0, 1, 0, 1, 0, 0]]])
    assert encoding.from_rate(spikes, 2, low=1.0, high=3.0).tolist() == [[[3, 2, 1]]]


# Level crossings


@given(curves(), st.floats(0.05, HIGH - LOW))
def test_what_is_read_from_crossings_is_within_half_a_step(values, step):
    spikes = encoding.level_crossings(values, step, low=LOW, high=HIGH)
    found = encoding.from_crossings(spikes, step, low=LOW, high=HIGH)
    assert found.shape == values.shape
    assert (found - values).abs().max() <= step / 2 + 1e-9


@given(curves(), st.sampled_from([0.3, 1.0, 2.0, 5.0]))
def test_a_level_fires_when_it_is_passed(values, step):
    spikes = encoding.level_crossings(values, step, low=LOW, high=HIGH)
    count = math.ceil((HIGH - LOW) / step - 0.5)
    found = spikes.unflatten(-1, (-1, 2, count))
    expected = torch.zeros_like(found)
    for (t, b, f), value in np.ndenumerate(values.numpy()):
        before = values[t - 1, b, f].item() if t else LOW
        for k in range(count):
            level = LOW + step * (k + 0.5)
            expected[t, b, f, 0, k] = float(before < level <= value)
            expected[t, b, f, 1, k] = float(value < level <= before)
    assert torch.equal(found, expected)


def test_the_levels_of_a_curve_that_is_known():
    values = torch.tensor([0.3, 0.9, 0.9, 0.2, 0.8]).view(-1, 1, 1)
    spikes = encoding.level_crossings(values, 0.25)  # at 1/8, 3/8, 5/8 and 7/8
    up, down = spikes.view(5, 2, 4).unbind(dim=1)
    assert [step.nonzero().flatten().tolist() for step in up] == [
        *([0], [1, 2, 3], [], [], [1, 2]),
    ]
    assert [step.nonzero().flatten().tolist() for step in down] == [
        *([], [], [], [3, 2, 1][::-1], []),
    ]
    read = encoding.from_crossings(spikes, 0.25).flatten().tolist()
    assert read == [0.25, 1, 1, 0.25, 0.75]


def test_what_is_out_of_range_is_told_as_its_end():
    values = torch.tensor([-9.0, 9.0]).view(-1, 1, 1)
    spikes = encoding.level_crossings(values, 0.4)
    assert encoding.from_crossings(spikes, 0.4).flatten().tolist() == [
        *(0, pytest.approx(0.8)),
    ]


def test_a_lost_spike_is_mended_when_its_level_is_passed_again():
    values = torch.tensor([0.1, 0.9, 0.9, 0.1, 0.9]).view(-1, 1, 1)
    spikes = encoding.level_crossings(values, 0.25)
    whole = encoding.from_crossings(spikes, 0.25).flatten()
    spikes[1, 0, 2] = 0
    found = encoding.from_crossings(spikes, 0.25).flatten()
    assert (whole - found).tolist() == [0, 0.25, 0.25, 0, 0]


# Changes


@given(curves(), st.floats(0.01, 2.0))
def test_changes_are_snntorchs(values, threshold):
    found = encoding.delta_spikes(values, threshold).unflatten(-1, (-1, 2))
    peer = spikegen.delta(values, threshold, padding=False, off_spike=True)
    assert torch.equal(found[..., 0] - found[..., 1], peer)
    alone = spikegen.delta(values, threshold, padding=False)
    assert torch.equal(found[..., 0], alone)


def test_a_change_of_just_the_threshold_fires():
    values = torch.tensor([0.5, 0.75, 0.5, 0.5]).view(-1, 1, 1)
    spikes = encoding.delta_spikes(values, 0.25)
    assert spikes[:, 0].tolist() == [[1, 0], [1, 0], [0, 1], [0, 0]]


@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=30))
def test_a_curve_that_moves_by_whole_thresholds_is_read_exactly(moves):
    values = 0.25 * torch.tensor(moves, dtype=torch.float64).cumsum(0).view(-1, 1, 1)
    spikes = encoding.delta_spikes(values, 0.25)
    assert torch.equal(encoding.from_delta(spikes, 0.25), values)
    assert torch.equal(encoding.from_delta(spikes, 0.25, start=2.0), 2 + values)


def test_changes_drift_and_level_crossings_do_not():
    values = walk()
    crossed = encoding.level_crossings(values, 0.05)
    level_error = (encoding.from_crossings(crossed, 0.05) - values).abs().flatten()
    changed = encoding.delta_spikes(values, 0.05)
    delta_error = (encoding.from_delta(changed, 0.05) - values).abs().flatten()
    assert level_error.max() <= 0.025 + 1e-6
    assert delta_error[:10].max() < 0.2
    # And it goes on and on: the range is 1
    assert delta_error[1000:].mean() > 0.3
    small = torch.linspace(0, 1, 200).view(-1, 1, 1)  # in steps below the threshold
    assert not encoding.delta_spikes(small, 0.05).any()


# All of them

CODES = {
    "rate": (
        lambda x: encoding.rate_spikes(x, 3, low=LOW, high=HIGH, seed=0),
        lambda s: encoding.from_rate(s, 3, low=LOW, high=HIGH),
    ),
    "level": (
        lambda x: encoding.level_crossings(x, 0.5, low=LOW, high=HIGH),
        lambda s: encoding.from_crossings(s, 0.5, low=LOW, high=HIGH),
    ),
    "delta": (
        lambda x: encoding.delta_spikes(x, 0.5),
        lambda s: encoding.from_delta(s, 0.5),
    ),
}
each_code = pytest.mark.parametrize("name", sorted(CODES))


@pytest.mark.parametrize("name", ["delta", "level"])  # the rate is drawn anew
def test_each_curve_is_told_and_read_as_if_it_were_alone(name):
    tell, read = CODES[name]
    values = torch.rand(8, 2, 3, generator=torch.Generator().manual_seed(0)) * 4 - 2
    together = read(tell(values))
    for b in range(2):
        for f in range(3):
            alone = read(tell(values[:, b : b + 1, f : f + 1]))
            assert torch.equal(alone[:, 0, 0], together[:, b, f])


@each_code
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_spikes_have_the_curves_type_and_are_read_in_float32_at_least(name, dtype):
    tell, read = CODES[name]
    spikes = tell(torch.ones(300, 1, 1, dtype=dtype))
    assert spikes.dtype == dtype
    assert read(spikes).dtype == torch.promote_types(dtype, torch.float32)


@pytest.mark.usefixtures("unchecked")
@each_code
@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([1.0], TypeError, r"must be a torch\.Tensor, not list"),
        (torch.zeros(4), ValueError, r"\[T, B, features\], not torch\.float32 \[4\]"),
        (torch.zeros(3, 1, 2, dtype=torch.long), ValueError, "not torch.int64 "),
        (torch.zeros(0, 1, 1), ValueError, r"filled .* \[0, 1, 1\]"),
        (
            torch.tensor([0.0, torch.nan, 1]).view(1, 3, 1),
            *(ValueError, r"must be finite, not nan at \[0, 1, 0\]"),
        ),
        (
            torch.tensor([0.0, 1, -torch.inf]).view(3, 1, 1),
            *(ValueError, r"must be finite, not -inf at \[2, 0, 0\]"),
        ),
    ],
)
def test_bad_curves_and_spikes_are_refused(name, values, error, message):
    for call, argument in zip(CODES[name], ("values", "spikes"), strict=True):
        with pytest.raises(error, match=f"^{argument} .*{message}"):
            call(values)


@pytest.mark.usefixtures("unchecked")
@each_code
def test_spikes_that_are_none_of_a_code_are_refused(name):
    count = {"rate": 3, "level": 20, "delta": 2}[name]
    with pytest.raises(ValueError, match=f"a multiple of {count} neurons, not 7"):
        CODES[name][1](torch.zeros(5, 1, 7))
    with pytest.raises(ValueError, match="spikes must lie between 0 and 1, not at 2"):
        CODES[name][1](torch.full((5, 1, count), 2.0))


X = torch.zeros(2, 1, 60)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("tell", [True, False])
@pytest.mark.parametrize(
    ("code", "options", "message"),
    [
        ("rate", {"neurons": 0}, "neurons must be an integer of at least 1, not 0"),
        ("rate", {"neurons": 2.0}, r"neurons must be an integer .* not 2\.0"),
        ("rate", {"low": 1}, r"low must be less than high = 1\.0, not 1"),
        ("rate", {"high": torch.inf}, "high must be a finite number, not inf"),
        ("level", {"step": 0.1, "low": 2, "high": 1}, "low must be less than high = 1"),
        ("level", {"step": 0.1, "low": "a"}, "low must be a finite number, not 'a'"),
        ("level", {"step": 0.1, "low": -1e308, "high": 1e308}, "low must be less than"),
        ("level", {"step": 0}, "step must be a positive finite number, not 0"),
        ("level", {"step": -0.1}, r"step must be a positive finite number, not -0\.1"),
        ("level", {"step": 1.01}, r"step must divide the range 1\.0 .* not 1\.01"),
        ("level", {"step": 9e-5}, "step .* range 1.0 into 1 to 10000 parts, not 9e-05"),
        ("delta", {"threshold": 0}, "threshold must be a positive finite number, not"),
        ("delta", {"threshold": None}, "threshold must be a positive .* not None"),
    ],
)
def test_bad_options_are_repeated(tell, code, options, message):
    function = {
        "rate": (encoding.from_rate, encoding.rate_spikes),
        "level": (encoding.from_crossings, encoding.level_crossings),
        "delta": (encoding.from_delta, encoding.delta_spikes),
    }[code][tell]
    with pytest.raises(ValueError, match=f"^{message}"):
        function(X, **options)


@pytest.mark.usefixtures("unchecked")
def test_a_bad_seed_or_start_is_repeated():
    with pytest.raises(ValueError, match="seed must be an integer of at least 0, not"):
        encoding.rate_spikes(X, seed=-1)
    with pytest.raises(ValueError, match="start must be a finite number, not nan"):
        encoding.from_delta(X, 0.1, start=math.nan)


def test_ten_thousand_levels_are_allowed_and_one_of_the_whole_range():
    values = torch.tensor([0.0, 1, 0.4999, 0.5]).view(-1, 1, 1)
    assert encoding.level_crossings(values, 1e-4).shape[-1] == 20_000
    spikes = encoding.level_crossings(values, 1.0)
    assert spikes[:, 0].tolist() == [[0, 0], [1, 0], [0, 1], [1, 0]]
