"""Strains that run to and fro, and three materials as data sets."""

import math

import pytest
import torch

from spikereg import MaterialDataset, MemoryDataset
from spikereg.material_data import LAWS, UNITS
from spikereg.materials import plastic_stress, ramberg_osgood_stress, random_strain

each_law = pytest.mark.parametrize("law", LAWS)

#: Other ways to load a plastic bar.
WAYS = [
    {},
    {"rates": (0.0025, 0.075), "turn": 32.0},
    {"largest": 2.0},
    {"rates": (0.2, 0.5), "turn": 1.0, "largest": 0.5},
    {"rates": (0.1, 0.1)},
]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# Random strains, one after another


def by_hand(steps, bars, seed, rates=(0.01, 0.3), turn=8.0, largest=1.0):
    """Draw as random_strain says, in Python's own numbers."""
    drawn = generator(seed)
    sizes, turns, ups = (
        torch.rand(steps, bars, generator=drawn).tolist() for _ in range(3)
    )
    slow, fast = rates
    paths = []
    for n in range(bars):
        strain, path = 0.0, []
        rate = slow * (fast / slow) ** sizes[0][n] * (1 if ups[0][n] < 0.5 else -1)
        for t in range(steps):
            new = slow * (fast / slow) ** sizes[t][n]
            if turns[t][n] < 1 / turn:
                rate = math.copysign(new, -rate)
            if abs(strain + rate) > largest:
                rate = math.copysign(new, -strain)
            strain += rate
            path.append(strain)
        paths.append(path)
    return torch.tensor(paths, dtype=torch.float64).T[:, :, None]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_strain_runs_on_until_it_turns_or_would_leave_its_range(way):
    found = random_strain(60, 50, generator(3), **way)
    assert found.dtype == torch.float64
    expected = by_hand(60, 50, 3, **way)
    together = (found - expected).abs().amax(dim=0) < 1e-12
    assert together.double().mean() > 0.9  # or rounding decides whether one leaves
    slow, fast = way.get("rates", (0.01, 0.3))
    steps = torch.cat([found[:1], found.diff(dim=0)]).abs()
    assert slow - 1e-9 <= steps.min() <= steps.max() <= fast + 1e-9
    assert found.abs().max() <= way.get("largest", 1.0)


def test_the_hysteresis_of_the_memory_tasks_is_drawn_in_the_same_way():
    data = MemoryDataset("hysteresis", 50, 200, seed=5)
    expected = by_hand(50, 200, 5)
    same = (data.features - expected).abs().amax(dim=0) < 1e-6
    assert same.double().mean() > 0.99
    assert torch.equal(data.features, random_strain(50, 200, generator(5)).float())
    stress = plastic_stress(data.features.double(), 7.0, 1.0, 0.07)
    torch.testing.assert_close(data.labels.double(), stress, rtol=0, atol=1e-5)


@pytest.mark.parametrize("largest", [0.4, 1.0, 3.0])
def test_how_far_a_strain_goes_is_used_up(largest):
    strain = random_strain(200, 500, generator(), largest=largest)
    assert 0.98 * largest < strain.max() <= largest
    assert -largest <= strain.min() < -0.98 * largest


@pytest.mark.parametrize("turn", [4.0, 32.0])
def test_so_many_steps_lie_between_two_turns_in_the_middle_of_the_range(turn):
    strain = random_strain(200, 500, generator(), turn=turn, largest=100.0)
    signs = strain.diff(dim=0).sign()
    turned = (signs[1:] != signs[:-1]).double().mean().item()
    assert turned == pytest.approx(1 / turn, rel=0.1)


# The data sets


@each_law
@pytest.mark.parametrize("timesteps", [2, 20, 50])
def test_strains_and_stresses_are_time_major_float32_and_begin_at_rest(law, timesteps):
    data = MaterialDataset(law, timesteps, 7, seed=0)
    for values in (data.features, data.labels, data.strain):
        assert values.shape == (timesteps, 7, 1)
        assert values.dtype == torch.float32
        assert values.isfinite().all()
    if law != "plastic":
        assert not data.strain[0].any()
        assert not data.labels[0].any()
    assert data.labels.abs().max() < 2
    assert data.features.abs().max() <= 1
    assert len(data) == 7
    features, labels = data[3]
    assert torch.equal(features, data.features[:, 3])
    assert torch.equal(labels, data.labels[:, 3])
    assert (data.law, data.unit) == (law, UNITS[law])


def test_the_elastic_stress_in_megapascals_is_hookes():
    data = MaterialDataset("elastic", 50, 1000, seed=0)
    assert torch.equal(data.features, data.strain)
    stress = data.unit * data.labels
    torch.testing.assert_close(stress, 210_000 * data.strain / 100)
    steps = data.strain.diff(dim=0)
    torch.testing.assert_close(steps, (data.strain[-1:] / 49).expand_as(steps))
    ends = data.strain[-1].flatten().sort().values
    torch.testing.assert_close(ends, torch.linspace(0, 1, 1000), rtol=0, atol=0.06)


def test_the_metal_that_yields_little_by_little_obeys_its_law():
    data = MaterialDataset("ramberg-osgood", 20, 1000, seed=0)
    assert (data.features == data.features[0]).all()
    proof = 500 * data.features[0].double()
    assert 100 <= proof.min() < 102
    assert 498 < proof.max() <= 500
    assert proof.mean().item() == pytest.approx(300, abs=15)
    percent = torch.linspace(0, 1, 20)[:, None, None].expand(20, 1000, 1)
    torch.testing.assert_close(data.strain, percent)
    stress = data.unit * data.labels.double()
    back = stress / 210_000 + 0.002 * (stress / proof) ** 10
    torch.testing.assert_close(100 * back, percent.double(), rtol=1e-4, atol=1e-5)
    each = proof.expand(20, 1000, 1)
    exact = ramberg_osgood_stress(data.strain.double() / 100, 210_000.0, each)
    torch.testing.assert_close(stress, exact, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_plastic_stress_in_megapascals_is_that_of_steel(way):
    data = MaterialDataset("plastic", 100, 200, seed=7, **way)
    assert torch.equal(data.features, data.strain)
    expected = random_strain(100, 200, generator(7), **way)
    assert torch.equal(data.strain, expected.float())
    stress = plastic_stress(data.strain.double() / 100, 210_000.0, 300.0, 2_100.0)
    torch.testing.assert_close(
        data.unit * data.labels.double(), stress, atol=5e-3, rtol=0
    )
    assert (data.labels.abs() > 1).any()


@each_law
@pytest.mark.usefixtures("global_rng_stays")
def test_a_seed_gives_the_same_bars_and_leaves_the_global_generator_alone(law):
    first, again, other, *fresh = (
        MaterialDataset(law, 30, 5, seed) for seed in (1, 1, 2, None, None)
    )
    for name in ("features", "labels", "strain"):
        assert torch.equal(getattr(first, name), getattr(again, name))
    for some, others in ((first, other), fresh):
        assert not torch.equal(some.features, others.features)
        assert not torch.equal(some.labels, others.labels)


@each_law
def test_bars_are_made_on_the_cpu_whatever_the_default_is(law):
    with torch.device("meta"):
        data = MaterialDataset(law, 10, 3, seed=0)
    assert data.features.device.type == data.labels.device.type == "cpu"
    assert torch.equal(data.labels, MaterialDataset(law, 10, 3, seed=0).labels)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"law": "steel"}, r"law must be one of \('elastic', .* not 'steel'"),
        ({"law": None}, "law must be one of .* not None"),
        *(
            ({"timesteps": bad}, f"timesteps must be .* at least 2, not {bad!r}")
            for bad in (1, 0, -3, 2.0, True, None)
        ),
        ({"num_samples": 0}, "num_samples must be .* not 0"),
        ({"num_samples": 1.5}, r"num_samples must be .* not 1\.5"),
        ({"seed": -1}, "seed must be .* not -1"),
        ({"seed": 2**32}, f"seed must be .* not {2**32}"),
        *(
            ({name: bad}, f"{name} must be .*positive .* not {bad!r}")
            for name in ("turn", "largest")
            for bad in (0.0, -1.0, math.inf, math.nan, "1", None)
        ),
        *(
            ({"rates": (bad, 0.3)}, f"rates must be .*positive .* not {bad!r}")
            for bad in (0.0, -1.0, math.inf, math.nan, "1", None)
        ),
        ({"rates": (0.1, 0.0)}, r"rates must be .*positive .* not 0\.0"),
        ({"rates": 0.1}, r"rates must be two positive numbers, not 0\.1"),
        ({"rates": (0.1,)}, r"rates must be two positive numbers, not \(0\.1,\)"),
        ({"rates": (0.1, 0.2, 0.3)}, r"two positive numbers, not \(0\.1, 0\.2, 0\.3\)"),
        ({"largest": 0.2}, r"largest must be .* \(0\.01, 0\.3\), not 0\.2"),
        ({"rates": (0.1, 1.5)}, r"largest must be .* \(0\.1, 1\.5\), not 1\.0"),
    ],
)
def test_bad_arguments_are_named_with_what_was_passed(changed, message):
    with pytest.raises(ValueError, match=message):
        MaterialDataset(**{"law": "plastic"} | changed)
