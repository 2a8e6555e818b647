"""Two tanks, against their equations."""

import math

import numpy as np
import pytest
import torch

from spikereg import make_loader, metrics
from spikereg.baselines import TapFilter
from spikereg.tanks import DWELL, INFLOW, OUTFLOW, TankDataset, lower_level


def test_features_and_labels_are_time_major_float32_between_0_and_1():
    data = TankDataset(50, 1000, seed=0)
    for values in (data.features, data.labels):
        assert values.shape == (50, 1000, 1)
        assert values.dtype == torch.float32
        assert values.min() >= 0
        assert values.max() <= 1
    assert len(TankDataset()) == 1


def test_a_seed_gives_the_same_sequences_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    first, again, other = (TankDataset(50, 5, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.features, again.features)
    assert torch.equal(first.labels, again.labels)
    assert not torch.equal(first.features, other.features)


def test_the_pump_jumps_in_one_of_twelve_steps():
    power = TankDataset(100, 2000, seed=0).features
    jumps = (power[1:] != power[:-1]).float().mean()
    assert jumps == pytest.approx(1 / DWELL, rel=0.03)
    assert power.mean() == pytest.approx(0.5, abs=0.01)


def test_as_much_runs_out_in_the_end_as_is_pumped_in_unless_the_tank_overflows():
    power = torch.tensor([0.0, 0.2, 0.5, 0.8, 0.9, 1.0], dtype=torch.float64)
    level = lower_level(power.expand(400, -1))[-1]
    expected = ((INFLOW / OUTFLOW * power) ** 2).clamp(max=1)
    torch.testing.assert_close(level, expected, atol=1e-6, rtol=0)
    assert level[-2:].tolist() == pytest.approx([1.0, 1.0])


def slow(power, parts=400):
    """Follow the water in so small parts of a step that Euler's rule is exact."""
    upper, lower, levels = np.zeros(power.shape[1]), np.zeros(power.shape[1]), []
    for pumped in power:
        for _ in range(parts):
            through = 0.15 * np.sqrt(upper)
            out = 0.15 * np.sqrt(lower)
            upper = np.minimum(upper + (0.18 * pumped - through) / parts, 1)
            lower = lower + (through - out) / parts
        levels.append(lower)
    return np.stack(levels)


def test_the_level_is_that_of_the_differential_equation():
    data = TankDataset(100, 50, seed=3)
    expected = slow(data.features[..., 0].double().numpy())
    assert np.abs(data.labels[..., 0].numpy() - expected).max() < 0.01


def test_neither_the_present_nor_a_linear_filter_explains_the_level():
    data, other = TankDataset(50, 512, seed=0), TankDataset(50, 512, seed=1)
    error = {}
    for taps in (1, 50):
        model = TapFilter(taps, seed=0)
        model.solve(make_loader(data, 512))
        error[taps] = metrics.relative_error(model(other.features), other.labels)
    assert error[1] > 0.4
    assert 0.1 < error[50] < 0.2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1,), "timesteps must be .* not 1"),
        ((50, 0), "num_samples must be .* not 0"),
        ((50, 1, -1), "seed must be .* not -1"),
        ((50, 1, math.nan), "seed must be .* not nan"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_wrong_argument_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TankDataset(*arguments)
