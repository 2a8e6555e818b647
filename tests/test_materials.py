"""The stress in a bar of metal, against the textbook and a search for the yield."""

import math

import pytest
import torch

from spikereg.materials import plastic_stress

#: Stiffness, yield stress and hardening.
E, Y, H = 7.0, 1.0, 0.07


def paths(steps=60, batch=3, features=2, seed=0):
    """Random walks that yield again and again."""
    generator = torch.Generator().manual_seed(seed)
    shape = (steps, batch, features)
    walk = torch.randn(shape, generator=generator, dtype=torch.float64)
    return 0.2 * walk.cumsum(dim=0)


def straight(*corners, pieces=1):
    """Run through the corners, from 0 on, in so many steps from one to the next."""
    path, before = [], 0.0
    for corner in corners:
        path += [before + (corner - before) * (n + 1) / pieces for n in range(pieces)]
        before = corner
    return torch.tensor(path, dtype=torch.float64)[:, None, None]


def by_search(strain, stiffness=E, yield_stress=Y, hardening=H):
    """Follow one bar: halve, until the stress is the yield stress, where it flows."""
    plastic = flown = 0.0
    stresses = []
    for now in strain:
        towards = math.copysign(1, now - plastic)

        def beyond(flow, now=now, plastic=plastic, flown=flown, towards=towards):
            stress = stiffness * (now - plastic - flow * towards)
            return stress * towards - yield_stress - hardening * (flown + flow)

        low, high = 0.0, abs(now - plastic)
        for _ in range(80 if beyond(0.0) > 0 else 0):
            middle = (low + high) / 2
            low, high = (middle, high) if beyond(middle) > 0 else (low, middle)
        plastic, flown = plastic + low * towards, flown + low
        stresses.append(stiffness * (now - plastic))
    return stresses


def flown_of(strain, stress, stiffness=E):
    """Add up what is not elastic."""
    plastic = strain - stress / stiffness
    return torch.cat([plastic[:1], plastic.diff(dim=0)]).abs().cumsum(dim=0)


def test_below_the_yield_stress_a_bar_is_elastic():
    strain = paths()
    strain = 0.99 * Y / E * strain / strain.abs().max()
    torch.testing.assert_close(plastic_stress(strain), E * strain, rtol=1e-12, atol=0)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("hardening", [0.0, H, 3.0])
def test_beyond_it_the_stress_rises_by_the_tangent_of_two_springs_in_series(
    sign, hardening
):
    strain = torch.linspace(0, 2, 41, dtype=torch.float64)[:, None, None]
    tangent = E * hardening / (E + hardening)
    expected = torch.where(strain < Y / E, E * strain, Y + tangent * (strain - Y / E))
    found = plastic_stress(sign * strain, E, Y, hardening)
    torch.testing.assert_close(found, sign * expected, rtol=1e-12, atol=1e-12)


def test_the_length_of_the_steps_does_not_matter_on_a_straight_path():
    corners = 0.5, -0.3, 0.05, -0.9, 1.0, 0.7
    fine = plastic_stress(straight(*corners, pieces=250))[249::250]
    torch.testing.assert_close(plastic_stress(straight(*corners)), fine)


@pytest.mark.parametrize("material", [(E, Y, H), (2.0, 0.3, 0.0), (1.0, 0.5, 4.0)])
def test_the_stress_is_the_one_that_a_search_for_the_yield_finds(material):
    strain = paths()
    found = plastic_stress(strain, *material)
    for b in range(3):
        for n in range(2):
            expected = by_search(strain[:, b, n].tolist(), *material)
            assert found[:, b, n].tolist() == pytest.approx(expected, abs=1e-11)


def test_no_stress_lies_beyond_the_yield_stress_and_many_lie_on_it():
    strain = paths(steps=500)
    stress = plastic_stress(strain)
    flown = flown_of(strain, stress)
    allowed = Y + H * flown
    assert (stress.abs() <= allowed + 1e-9).all()
    flows = torch.cat([flown[:1], flown.diff(dim=0)]) > 1e-9
    torch.testing.assert_close(stress.abs()[flows], allowed[flows])
    assert 0.1 < flows.double().mean() < 0.9


def test_what_was_stretched_yields_as_much_later_when_it_is_pushed():
    """Isotropic: both yield stresses rise, by what the stretching has left."""
    stretched = plastic_stress(straight(2.0))[-1].item()
    assert stretched > Y + 0.1
    # Back through the whole elastic range, from one yield stress to the other
    elastic = 2 * stretched / E
    for much, expected in ((0.999, -0.998), (1.0, -1.0)):
        stress = plastic_stress(straight(2.0, 2.0 - much * elastic))[-1].item()
        assert stress == pytest.approx(expected * stretched, rel=1e-9)
    beyond = plastic_stress(straight(2.0, 1.0 - elastic))[-1].item()
    assert beyond == pytest.approx(-stretched - E * H / (E + H), rel=1e-9)


def test_a_bar_is_followed_without_the_others():
    strain = paths()
    together = plastic_stress(strain)
    alone = [plastic_stress(strain[:, b : b + 1, 1:]) for b in range(3)]
    assert torch.equal(together[..., 1:], torch.cat(alone, dim=1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_stress_is_of_the_strains_kind(dtype):
    strain = paths().to(dtype)
    stress = plastic_stress(strain)
    assert stress.dtype == dtype
    expected = plastic_stress(strain.double())
    torch.testing.assert_close(stress.double(), expected, atol=1e-5, rtol=0)


def test_it_leaves_the_strain_alone_and_takes_a_path_without_steps():
    strain = paths()
    before = strain.clone()
    plastic_stress(strain)
    assert torch.equal(strain, before)
    assert plastic_stress(strain[:0]).shape == (0, 3, 2)


def test_the_gradient_is_the_stiffness_in_the_elastic_range_and_the_tangent_beyond():
    strain = straight(0.1, 0.5).requires_grad_()
    stress = plastic_stress(strain)
    slopes = [
        torch.autograd.grad(s, strain, retain_graph=True)[0][n].item()
        for n, s in enumerate(stress.flatten())
    ]
    assert slopes == pytest.approx([E, E * H / (E + H)])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan, "7", True])
@pytest.mark.parametrize("name", ["stiffness", "yield_stress"])
def test_a_constant_that_is_not_positive_is_named_with_its_value(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a positive .*not {value!r}"):
        plastic_stress(paths(), **{name: value})


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("value", [-0.1, math.inf, math.nan, None])
def test_a_bad_hardening_is_named_with_its_value(value):
    with pytest.raises(ValueError, match=f"hardening must be .* not {value!r}"):
        plastic_stress(paths(), hardening=value)


@pytest.mark.usefixtures("unchecked")
def test_a_strain_that_is_none_is_named():
    with pytest.raises(TypeError, match=r"strain must be a torch\.Tensor, not list"):
        plastic_stress([0.0])
    with pytest.raises(ValueError, match=r"\[T, B, F\], not torch\.float32 \[4, 2\]"):
        plastic_stress(torch.zeros(4, 2))
    with pytest.raises(ValueError, match=r"not torch\.int64 \[4, 2, 1\]"):
        plastic_stress(torch.zeros(4, 2, 1, dtype=torch.int64))
