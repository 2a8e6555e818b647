"""A metal that yields little by little: the stress put back into the law."""

import math
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spikereg.materials import OFFSET, ramberg_osgood_stress

E = 210_000.0
F64 = torch.float64
each_exponent = pytest.mark.parametrize("exponent", [1.0, 1.5, 3.0, 10.0, 50.0])


def law(stress, stiffness, proof, exponent):
    """Give the strain of a stress."""
    plastic = 0.002 * (stress.abs() / proof) ** exponent
    return stress / stiffness + plastic * stress.sign()


def strains(low=-9, high=3, count=200):
    sizes = torch.logspace(low, high, count, dtype=F64)
    return torch.cat([-sizes.flip(0), torch.zeros(1, dtype=F64), sizes])


@each_exponent
@pytest.mark.parametrize("proof", [1e-200, 1e-6, 300.0, 1e6, 1e300])
@pytest.mark.parametrize("stiffness", [1.0, E, 1e12])
def test_the_stress_put_back_gives_the_strain(stiffness, proof, exponent):
    strain = strains()
    stress = ramberg_osgood_stress(strain, stiffness, proof, exponent)
    back = law(stress, stiffness, proof, exponent)
    torch.testing.assert_close(back, strain, rtol=1e-9, atol=0)


@given(
    st.floats(-1e3, 1e3),
    st.floats(1e-3, 1e9),
    st.floats(1e-3, 1e9),
    st.floats(1, 100),
)
def test_so_it_does_for_any_metal(strain, stiffness, proof, exponent):
    given_ = torch.tensor([strain], dtype=F64)
    stress = ramberg_osgood_stress(given_, stiffness, proof, exponent)
    back = law(stress, stiffness, proof, exponent)
    torch.testing.assert_close(back, given_, rtol=1e-9, atol=1e-300)


@each_exponent
def test_it_is_odd_and_rises_and_never_faster_than_a_spring(exponent):
    strain = strains()
    stress = ramberg_osgood_stress(strain, E, 300.0, exponent)
    assert torch.equal(stress, -stress.flip(0))
    assert (stress.diff() > 0).all()
    slope = stress.diff() / strain.diff()
    assert slope.max() <= E * (1 + 1e-9)
    if exponent > 1:  # ever slower; by itself a law of degree 1 is a spring
        half = slope[len(slope) // 2 :]
        assert (half.diff() <= 1e-9 * half[:-1]).all()


@pytest.mark.parametrize("exponent", [2.0, 10.0, 50.0])
def test_small_strains_are_elastic_and_large_ones_a_power(exponent):
    small = torch.tensor([1e-300, 1e-20, 1e-12, -1e-12], dtype=F64)
    found = ramberg_osgood_stress(small, E, 300.0, exponent)
    torch.testing.assert_close(found, E * small, rtol=1e-6, atol=0)
    large = torch.tensor([1e12, 1e15], dtype=F64)
    found = ramberg_osgood_stress(large, 1e30, 300.0, exponent)
    expected = 300 * (large / 0.002) ** (1 / exponent)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)


def test_at_the_proof_stress_two_thousandths_stay():
    for proof in (100.0, 300.0):
        for exponent in (1.0, 7.0):
            strain = torch.tensor([proof / E + OFFSET], dtype=F64)
            stress = ramberg_osgood_stress(strain, E, proof, exponent)
            assert stress.item() == pytest.approx(proof, rel=1e-9)
    assert OFFSET == 0.002


def test_an_exponent_of_one_is_two_springs_in_series():
    strain = strains()
    found = ramberg_osgood_stress(strain, E, 300.0, 1.0)
    expected = strain / (1 / E + 0.002 / 300)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


def test_a_large_exponent_is_a_bar_that_yields_at_the_proof_stress():
    strain = torch.linspace(0, 0.01, 51, dtype=F64)
    found = ramberg_osgood_stress(strain, E, 300.0, 1e6)
    torch.testing.assert_close(found, (E * strain).clamp(max=300), rtol=1e-4, atol=0)


@each_exponent
@pytest.mark.parametrize("proof", [1e-308, 1e-300, 1.0, 1e300, 1.7e308])
@pytest.mark.parametrize("stiffness", [1e-300, 1.0, 1e300])
def test_it_ends_and_is_no_more_than_a_spring_whatever_the_numbers(
    stiffness, proof, exponent
):
    sizes = torch.tensor([0.0, 5e-324, 1e-300, 1e-9, 1e-3, 1.0, 1e3], dtype=F64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stress = ramberg_osgood_stress(sizes, stiffness, proof, exponent)
    assert not stress.isnan().any()
    assert stress[0] == 0
    assert (stress >= 0).all()
    assert (stress <= stiffness * sizes).all()


@each_exponent
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_stress_is_of_the_strains_shape_and_kind(dtype, exponent):
    strain = strains(-6, -1, 12)[:24].reshape(2, 3, 4).to(dtype)
    before = strain.clone()
    stress = ramberg_osgood_stress(strain, E, 300.0, exponent)
    assert stress.dtype == dtype
    assert stress.shape == (2, 3, 4)
    alone = [ramberg_osgood_stress(x, E, 300.0, exponent) for x in strain.flatten()]
    torch.testing.assert_close(stress.flatten(), torch.stack(alone))
    assert torch.equal(strain, before)
    assert ramberg_osgood_stress(strain[:, :0], E, 300.0).shape == (2, 0, 4)
    wide = ramberg_osgood_stress(strain.double(), E, 300.0, exponent)
    torch.testing.assert_close(stress, wide.to(dtype), rtol=1e-6, atol=0)


def test_each_strain_may_have_a_proof_stress_of_its_own():
    strain = torch.linspace(-0.01, 0.01, 7, dtype=F64)
    proof = torch.linspace(100, 500, 7, dtype=F64)
    found = ramberg_osgood_stress(strain, E, proof)
    for x, limit, stress in zip(strain, proof, found, strict=True):
        alone = ramberg_osgood_stress(x, E, limit.item())
        torch.testing.assert_close(stress, alone)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"strain": [0.1]}, TypeError, r"strain must be a torch\.Tensor, not list"),
        ({"strain": torch.ones(2).int()}, ValueError, "strain must be floating-point"),
        ({"strain": torch.tensor(math.nan)}, ValueError, r"finite, not tensor\(nan"),
        ({"strain": torch.tensor(math.inf)}, ValueError, r"finite, not tensor\(inf"),
        *(
            ({"stiffness": bad}, ValueError, f"stiffness must be .* not {bad!r}")
            for bad in (0.0, -1.0, math.inf, math.nan, "1", None)
        ),
        *(
            ({"exponent": bad}, ValueError, f"exponent must be .* not {bad!r}")
            for bad in (0.5, 0, -3, math.inf, math.nan, "1", None, True)
        ),
        *(
            ({"proof_stress": bad}, ValueError, f"proof_stress must be .* not {bad!r}")
            for bad in (0.0, -1.0, math.inf, math.nan, "300", None, True)
        ),
        (
            {"proof_stress": torch.tensor([300.0, -1.0])},
            ValueError,
            r"must be positive and finite, not tensor\(\[ *300\., *-1\.\]\)",
        ),
        *(
            (
                {"proof_stress": torch.ones(shape)},
                ValueError,
                rf"must fit a strain \[2\], not be \{list(shape)}",
            )
            for shape in ((3,), (2, 1))
        ),
    ],
)
def test_bad_arguments_are_named_with_what_was_passed(changed, error, message):
    arguments = {"strain": torch.tensor([0.1, 0.2]), "stiffness": E}
    arguments["proof_stress"] = 300.0
    ramberg_osgood_stress(**arguments)
    with pytest.raises(error, match=message):
        ramberg_osgood_stress(**arguments | changed)
