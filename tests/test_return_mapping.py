"""The plastic law as a model: the spikes' stress against the exact one."""

import functools
import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_materials import E, H, Y, flown_of, straight

from spikereg import ReturnMapping, SpikingReturnMapping
from spikereg.materials import plastic_stress, random_strain

KAPPA = 0.05


def strains(steps=60, bars=8, seed=0):
    drawn = torch.Generator().manual_seed(seed)
    return random_strain(steps, bars, drawn)


def model(pairs=16, quantum=KAPPA, substeps=None, **options):
    return SpikingReturnMapping(pairs, quantum, substeps, **options).double()


@functools.cache
def exact():
    return ReturnMapping().double()


def error(found, strain):
    return (found - exact()(strain)).detach()


# The exact one


@given(st.floats(0.1, 100), st.floats(0.1, 10), st.floats(1e-3, 10))
def test_the_exact_model_is_the_law_with_the_constants_that_it_was_made_with(e, y, h):
    made = ReturnMapping(e, y, h)
    found = [constant.item() for constant in made.constants]
    assert found == pytest.approx([e, y, h], rel=1e-5)
    strain = strains()
    torch.testing.assert_close(made(strain), plastic_stress(strain, *made.constants))
    logs = torch.tensor([math.log(each) for each in (e, y, h)])
    torch.testing.assert_close(made.logarithms.detach(), logs)
    assert [name for name, _ in made.named_parameters()] == ["logarithms"]


def test_both_begin_alike_and_learn_the_same_three_numbers():
    some, others = ReturnMapping(), SpikingReturnMapping()
    assert some.logarithms.tolist() == others.logarithms.tolist()
    found = [constant.item() for constant in some.constants]
    assert found == pytest.approx([E, Y, H], rel=1e-6)
    others.load_state_dict(ReturnMapping(4.0, 0.6, 0.2).state_dict())
    found = [constant.item() for constant in others.constants]
    assert found == pytest.approx([4, 0.6, 0.2], rel=1e-6)


# From spikes to the law


def test_as_the_quantum_goes_to_zero_the_stress_becomes_the_exact_one():
    strain = strains()
    quanta, errors = [0.2, 0.1, 0.05, 0.025, 0.0125], []
    for quantum in quanta:
        off = error(model(quantum=quantum)(strain), strain)
        assert off.abs().max() < quantum
        errors.append(off.square().mean().sqrt().item())
    for one, half in itertools.pairwise(errors):
        assert 0.3 < half / one < 0.75
    # An order of one, over all
    assert math.log(errors[0] / errors[-1], 16) == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("pairs", [1, 3, 16])
@pytest.mark.parametrize("quantum", [0.02, 0.3])
def test_below_the_yield_stress_it_is_elastic_and_nobody_fires(pairs, quantum):
    strain = strains()
    strain = 0.999 * Y / E * strain / strain.abs().max()
    trace = model(pairs, quantum).trace(strain)
    assert not trace.spikes["pairs"].any()
    torch.testing.assert_close(trace.prediction, E * strain, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_pair_alone_yields_a_half_of_a_quantum_late_and_the_others_around_it(sign):
    """The j-th of J fires beyond the yield stress and (j − 1/2) / J of a quantum.

    When it is pushed the last is the first: their elastic ranges are as wide.
    """
    pairs, quantum = 4, 0.25
    ramp = sign * straight(1.0, pieces=4000)
    fired = model(pairs, quantum, hardening=1e-9).trace(ramp).spikes["pairs"][:, 0]
    M = len(fired) // len(ramp)
    first = (fired != 0).double().argmax(dim=0).double() + 1
    stress = E * first / (len(ramp) * M)
    expected = Y + quantum * (torch.arange(pairs).double() + 0.5) / pairs
    expected = expected if sign > 0 else expected.flip(0)
    torch.testing.assert_close(stress, expected, rtol=0, atol=2 * E / 4000)


def test_more_pairs_share_the_rounding_also_after_each_turn():
    strain = strains()
    size = exact()(strain).detach().norm()
    errors = [
        error(model(pairs, 0.2)(strain), strain).norm() / size for pairs in (1, 16)
    ]
    assert errors[1] < errors[0] / 8


@pytest.mark.parametrize("hardening", [1e-6, H, 3.0])
@pytest.mark.parametrize("pairs", [1, 4, 16])
def test_while_a_bar_yields_the_mean_stress_is_the_exact_one(pairs, hardening):
    ramp = straight(1.0, pieces=5000)
    made = model(pairs, 0.1, hardening=hardening)
    law = ReturnMapping(hardening=hardening).double()
    late = ramp.flatten() > 1.5 * Y / E
    off = (made(ramp) - law(ramp)).flatten()[late].mean().item()
    # The middle of a quantum; by a shift of κ / 2 the rise of the threshold while
    # that flows is left out
    h = hardening / E
    assert off == pytest.approx(-0.1 * h / (2 * (1 + h)), abs=2e-3)


def test_more_pairs_are_smoother():
    ramp = straight(1.0, pieces=2000)
    late = ramp.flatten() > 2 * Y / E
    spread = [
        error(model(pairs, 0.1)(ramp), ramp).flatten()[late].std().item()
        for pairs in (1, 4, 16)
    ]
    # A saw tooth as high as a quantum, and then as a quarter of one, and so on
    assert spread[0] == pytest.approx(0.1 / math.sqrt(12), rel=0.1)
    assert spread[1] < 0.4 * spread[0]
    assert spread[2] < 0.4 * spread[1]


def test_the_answer_is_odd():
    strain = strains()
    one, other = model().trace(strain), model().trace(-strain)
    torch.testing.assert_close(one.prediction, -other.prediction)
    # What the first pair does when it is pulled the last does when it is pushed.
    assert torch.equal(one.spikes["pairs"], other.spikes["pairs"].flip(-1))


# Substeps


def needed(strain, quantum):
    steps = torch.cat([strain[:1], strain.diff(dim=0)])
    return max(1, math.ceil(model().constants[0].item() * steps.abs().max() / quantum))


@pytest.mark.parametrize("quantum", [0.02, 0.05, 0.7])
def test_by_itself_it_takes_as_many_substeps_as_the_largest_step_needs(quantum):
    strain, T = strains(), 60
    many = needed(strain, quantum)
    trace = model(quantum=quantum).trace(strain)
    assert trace.spikes["pairs"].shape == (T * many, 8, 16)
    same = model(quantum=quantum, substeps=many).trace(strain)
    assert torch.equal(trace.prediction, same.prediction)
    assert torch.equal(trace.spikes["pairs"], same.spikes["pairs"])
    still = model(quantum=quantum).trace(0 * strain)
    assert still.spikes["pairs"].shape == (T, 8, 16)
    # Twice as many take the stress no further than a quantum
    finer = model(quantum=quantum, substeps=2 * many)(strain)
    assert (finer - same.prediction).abs().max() < quantum


@pytest.mark.parametrize("speed", [2.0, 3.0, 5.0])
def test_a_strain_too_fast_for_its_substeps_leaves_the_yield_stress_behind(speed):
    """Of so many quanta a step a pair lets one go."""
    quantum, steps = 0.1, 12
    rate = speed * quantum / E
    ramp = straight(rate * steps, pieces=steps)
    off = error(model(quantum=quantum, substeps=1)(ramp), ramp).flatten()
    lag = (speed - 1) * quantum  # a step, but for what hardening takes
    torch.testing.assert_close(
        off[-5:].diff(), torch.full((4,), lag).double(), rtol=0, atol=0.2 * lag
    )
    enough = model(quantum=quantum, substeps=math.ceil(speed) + 1)(ramp)
    assert error(enough, ramp).abs().max() < quantum


@pytest.mark.parametrize("others", [1, 7])
def test_those_beside_a_strain_move_its_stress_by_less_than_a_quantum(others):
    strain = strains(bars=8)
    slow, fast = strain[:, :1] / 20, strain[:, 1 : 1 + others]
    together = model()(torch.cat([slow, fast], dim=1))[:, :1]
    alone = model()(slow)
    assert (together - alone).abs().max() < KAPPA
    known = model(substeps=50)
    torch.testing.assert_close(
        known(torch.cat([slow, fast], dim=1))[:, :1], known(slow), rtol=0, atol=1e-12
    )


# The trace


def test_membranes_and_spikes_of_the_trace_are_those_of_the_equations():
    strain, pairs, quantum = strains(20, 3), 4, 0.1
    made = model(pairs, quantum)
    trace = made.trace(strain)
    fired, before = trace.spikes["pairs"], trace.membrane["pairs"]
    M = len(fired) // 20
    assert fired.any()
    assert set(fired.unique().tolist()) == {0, 1}
    stiffness, limit, hardening = (each.item() for each in made.constants)
    places = 0.5 - (torch.arange(1, pairs + 1).double() - 0.5) / pairs
    u, alpha = quantum * places.expand(3, pairs), torch.zeros(3, pairs).double()
    steps = torch.cat([strain[:1], strain.diff(dim=0)])
    for t in range(20 * M):
        u = u + stiffness * steps[t // M] / M
        torch.testing.assert_close(quantum * before[t], u, rtol=0, atol=1e-9)
        theta = limit + hardening / stiffness * alpha + quantum / 2
        assert ((u.abs() > theta) == (fired[t] != 0)).all()
        u = u - quantum * fired[t] * u.sign()
        alpha = alpha + quantum * fired[t]
        if t % M == M - 1:
            mean = u.mean(dim=1, keepdim=True)
            torch.testing.assert_close(trace.prediction[t // M], mean)
    assert torch.equal(trace.prediction, made(strain))


def test_a_spike_is_a_quantum_of_flow():
    strain, quantum = strains(), 0.02
    trace = model(quantum=quantum).trace(strain)
    fired, membrane = trace.spikes["pairs"], trace.membrane["pairs"]
    flow = quantum * (fired * membrane.sign()).mean(-1).cumsum(dim=0)
    M = len(fired) // len(strain)
    plastic = (E * strain - trace.prediction)[..., 0]
    torch.testing.assert_close(flow[M - 1 :: M], plastic, rtol=1e-5, atol=1e-5)
    count = quantum * fired.mean(-1).sum(dim=0)
    flown = E * flown_of(strain, exact()(strain))[-1, :, 0]
    torch.testing.assert_close(count, flown, rtol=0.1, atol=2 * quantum)
