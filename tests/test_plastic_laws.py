"""Plastic bars in closed form: cycles, energy, and constants that are learned."""

import math

import pytest
import torch
from test_materials import E, H, Y, flown_of, paths, straight

from spikereg.materials import plastic_stress

TANGENT = E * H / (E + H)


# Cycles between two strains


def peaks(amplitude, cycles, hardening=H):
    """Give the stress at each turn of a strain that runs between its two ends."""
    turns = [amplitude * (-1) ** n for n in range(2 * cycles)]
    return plastic_stress(straight(*turns), E, Y, hardening).flatten()


def test_the_peak_stress_after_each_turn_is_a_geometric_series():
    """From turn to turn the elastic strain eats up less of the way that is given."""
    amplitude = 0.5
    found = peaks(amplitude, 40)
    tangent, expected = E * H / (E + H), []
    stress = Y + tangent * (amplitude - Y / E)
    for n in range(80):
        expected.append(stress * (-1) ** n)
        # Of the way back 2A, twice the elastic strain is no flow
        stress += tangent * (2 * amplitude - 2 * stress / E)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))
    # In closed form: the distance to E A, where all is elastic, shrinks by a factor
    left = (E * amplitude - found.abs()) / (E * amplitude)
    factor = 1 - 2 * tangent / E
    powers = factor ** torch.arange(80, dtype=torch.float64)
    torch.testing.assert_close(left, left[0] * powers)


def test_a_bar_that_hardens_ends_in_elastic_cycles():
    stress = peaks(0.5, 2000)
    torch.testing.assert_close(stress[-2:].abs(), torch.full((2,), 0.5 * E).double())
    assert stress[0].abs() < 0.5 * E - 1


def test_without_hardening_a_cycle_closes_at_once_and_encloses_a_parallelogram():
    A, pieces = 0.5, 4000
    strain = straight(A, *([-A, A] * 3), pieces=pieces)
    stress = plastic_stress(strain, E, Y, 0.0).flatten()
    loops = stress[pieces - 1 :].unfold(0, 2 * pieces + 1, 2 * pieces)
    assert len(loops) == 3
    for loop in loops:
        torch.testing.assert_close(loop, loops[0])
        assert loop[0] == loop[-1] == Y
    area = torch.trapezoid(loops[0], strain.flatten()[pieces - 1 : 3 * pieces])
    # Width in strain times height in stress
    assert area.item() == pytest.approx(2 * Y * (2 * A - 2 * Y / E), rel=1e-3)


def test_unloading_runs_along_the_stiffness_and_leaves_a_plastic_strain():
    stress = plastic_stress(straight(0.6))
    left = 0.6 - stress.item() / E
    back = plastic_stress(straight(0.6, left))[-1].item()
    assert back == pytest.approx(0, abs=1e-12)
    between = plastic_stress(straight(0.6, left, pieces=10)).flatten()[9:]
    slope = between.diff() / ((left - 0.6) / 10)
    torch.testing.assert_close(slope, torch.full((10,), E, dtype=torch.float64))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_bar_mirrored_is_a_bar(sign):
    assert torch.equal(plastic_stress(-paths()), -plastic_stress(paths()))
    scaled = plastic_stress(sign * paths(), 3 * E, 3 * Y, 3 * H)
    torch.testing.assert_close(scaled, 3 * sign * plastic_stress(paths()))


# Energy


def fine(seed=0, pieces=400):
    """Run through some corners in steps that are short."""
    generator = torch.Generator().manual_seed(seed)
    corners = 2 * torch.rand(8, generator=generator, dtype=torch.float64) - 1
    return straight(*corners.tolist(), pieces=pieces)


@pytest.mark.parametrize("hardening", [0.0, H, 2.0])
def test_no_plastic_step_gives_work_back(hardening):
    strain = paths(steps=500)
    stress = plastic_stress(strain, E, Y, hardening)
    plastic = strain - stress / E
    steps = torch.cat([plastic[:1], plastic.diff(dim=0)])
    dissipated = stress * steps
    assert dissipated.min() > -1e-9
    flows = steps.abs() > 1e-9
    assert flows.double().mean() > 0.1
    # At no less than the first yield stress
    assert (dissipated[flows] >= (Y - 1e-9) * steps[flows].abs()).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("hardening", [0.0, H, 2.0])
def test_work_is_what_is_stored_in_the_spring_lost_and_kept_by_the_hardening(
    seed, hardening
):
    strain = fine(seed)
    stress = plastic_stress(strain, E, Y, hardening)
    steps = torch.cat([strain[:1], strain.diff(dim=0)])
    before = torch.cat([torch.zeros_like(stress[:1]), stress[:-1]])
    work = ((stress + before) / 2 * steps).sum()
    flown = flown_of(strain, stress)[-1]
    stored = (stress[-1] ** 2 / (2 * E)).sum()
    lost, kept = (Y * flown).sum(), (hardening * flown**2 / 2).sum()
    assert lost > 1
    assert work.item() == pytest.approx((stored + lost + kept).item(), rel=1e-3)


# Constants that are learned


def constants(**changed):
    values = {"stiffness": E, "yield_stress": Y, "hardening": H} | changed
    return {
        name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for name, value in values.items()
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_constant_may_be_a_tensor_with_one_number(dtype, shape):
    strain = paths().to(dtype)
    given = [torch.full(shape, value, dtype=dtype) for value in (E, Y, H)]
    expected = plastic_stress(strain, *(value.flatten()[0].item() for value in given))
    found = plastic_stress(strain, *given)
    assert found.dtype == dtype
    torch.testing.assert_close(found, expected)


def test_a_stress_is_differentiated_by_the_constants_as_differences_say():
    strain, made = paths(), constants(hardening=0.5)
    weights = torch.randn(
        strain.shape, generator=torch.Generator().manual_seed(1), dtype=strain.dtype
    )

    def loss(**changed):
        numbers = {name: value.item() for name, value in made.items()} | changed
        return (weights * plastic_stress(strain, **numbers)).sum().item()

    (weights * plastic_stress(strain, **made)).sum().backward()
    for name, value in made.items():
        step, at = 1e-7 * value.item(), value.item()
        ends = loss(**{name: at + step}), loss(**{name: at - step})
        difference = (ends[0] - ends[1]) / (2 * step)
        assert value.grad.item() == pytest.approx(difference, rel=1e-5)
        assert value.grad.item() != 0


def test_on_one_straight_line_the_slopes_by_the_constants_are_known():
    """A spring below the yield stress, and beyond it two in series."""
    below, beyond = 0.1, 0.6
    for strain, expected in (
        (below, (below, 0, 0)),
        (
            beyond,
            (
                beyond * (H / (E + H)) ** 2 + Y * H / (E + H) ** 2,
                E / (E + H),
                (beyond * E - Y) * E / (E + H) ** 2,
            ),
        ),
    ):
        made = constants()
        plastic_stress(straight(strain), **made).sum().backward()
        assert [v.grad.item() for v in made.values()] == pytest.approx(list(expected))


def test_below_the_yield_stress_only_the_stiffness_is_seen():
    made = constants()
    strain = 0.9 * Y / E * paths() / paths().abs().max()
    plastic_stress(strain, **made).square().sum().backward()
    assert made["stiffness"].grad > 0
    assert made["yield_stress"].grad == made["hardening"].grad == 0


@pytest.mark.usefixtures("unchecked")
def test_a_tensor_with_one_number_changes_neither_shape_nor_kind_of_the_stress():
    strain = paths().float()
    for shape in ((), (1,), (1, 1, 1, 1)):
        wide = torch.full(shape, 7.0, dtype=torch.float64)
        found = plastic_stress(strain, wide)
        assert torch.equal(found, plastic_stress(strain))
        assert found.dtype == torch.float32


@pytest.mark.parametrize("name", ["stiffness", "yield_stress", "hardening"])
@pytest.mark.parametrize(
    "value", [torch.ones(2), torch.ones(0), torch.ones(2, 2)], ids=lambda v: v.shape
)
def test_a_tensor_with_several_numbers_is_refused(name, value):
    with pytest.raises(ValueError, match=rf"{name} must be .*number, not tensor\("):
        plastic_stress(paths(), **{name: value})


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", ["stiffness", "yield_stress", "hardening"])
@pytest.mark.parametrize("value", [-1.5, math.inf, -math.inf, math.nan])
def test_a_bad_number_in_a_tensor_is_named_with_its_value(name, value):
    with pytest.raises(ValueError, match=rf"{name} must be .* not (tensor\()?{value}"):
        plastic_stress(paths(), **{name: torch.tensor(value)})


@pytest.mark.parametrize("value", [0.0, 1e-30])
def test_only_the_hardening_may_be_none(value):
    found = plastic_stress(paths(), hardening=torch.tensor(value))
    assert found.abs().max() <= Y + 1e-9
    if not value:
        for name in ("stiffness", "yield_stress"):
            with pytest.raises(ValueError, match=rf"{name} must be .* not 0\.0"):
                plastic_stress(paths(), **{name: torch.tensor(value)})
