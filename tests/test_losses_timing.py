"""The loss on firing times: how they are read, and what can be learned from them."""

import math

import numpy as np
import pytest
import snntorch as snn
import torch
from hypothesis import given
from hypothesis import strategies as st

from spikereg.losses import FiringTimeLoss
from spikereg.losses.timing import BY

T, B, OUT = 12, 4, 3
each_way = pytest.mark.parametrize("by", BY)


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator)


def membranes(seed=0, size=0.5):
    """Draw membranes that go up and down; some reach 1 and some do not."""
    return (size * normal(T, B, OUT, seed=seed)).cumsum(dim=0)


def column(*values):
    return torch.tensor(values)[:, None, None]


def crossed(membrane, level):
    """Go step by step to the first crossing of a level; T if there is none."""
    for i, value in enumerate(membrane):
        if value >= level:
            if i == 0:
                return 0.0
            return i - (value - level) / (value - membrane[i - 1])
    return float(len(membrane))


def expected(membrane, level, threshold, steepness):
    """Add up what is likely not to have fired yet."""
    total, waits = 0.0, 1.0
    for value in membrane:
        above = steepness * (value - level) / threshold
        waits *= 1 - 1 / (1 + math.exp(-above))
        total += waits
    return total


def read_by_hand(by, output, threshold, steepness, spikes):
    """Read each time of each output, the way the docstring says."""
    rows = []
    for b in range(output.shape[1]):
        row = []
        for o in range(output.shape[2]):
            one = output[:, b, o].double().tolist()
            for n in range(1, spikes + 1):
                time = crossed(one, n * threshold)
                chance = expected(one, n * threshold, threshold, steepness)
                silent = max(one) < n * threshold
                hazard = by == "hazard" or (by == "both" and silent)
                row.append(chance if hazard else time)
        rows.append(row)
    return torch.tensor(rows)


# How times are read


def test_a_crossing_is_read_between_two_steps():
    output = column(0.0, 0.5, 1.5, 0.2, 9.0)
    assert FiringTimeLoss("crossing").read(output).item() == 1.5
    assert FiringTimeLoss("crossing", threshold=3.0).read(output).item() == (
        pytest.approx(3 + 2.8 / 8.8)
    )
    twice = FiringTimeLoss("crossing", threshold=0.25, spikes=3).read(output)
    assert twice.tolist() == [[0.5, 1.0, 1.25]]
    none = FiringTimeLoss("crossing", threshold=10.0).read(output)
    assert none.item() == 5


@each_way
@pytest.mark.parametrize("spikes", [1, 3])
@pytest.mark.parametrize("threshold", [1.0, 0.3])
@pytest.mark.parametrize("steepness", [10.0, 2.0])
def test_times_are_read_the_way_it_says(by, spikes, threshold, steepness):
    output = membranes()
    loss = FiringTimeLoss(by, threshold, steepness, spikes)
    read = loss.read(output)
    by_hand = read_by_hand(by, output, threshold, steepness, spikes)
    assert read.shape == (B, OUT * spikes)
    torch.testing.assert_close(read.double(), by_hand.double(), atol=1e-4, rtol=0)
    assert (output.amax(dim=0) < threshold).any()
    assert (output.amax(dim=0) >= threshold).any()


def test_both_takes_the_crossing_also_if_none_is_silent():
    output = membranes() + 2
    both, crossing = (FiringTimeLoss(by).read(output) for by in BY[:2])
    assert torch.equal(both, crossing)
    assert (crossing < T).all()


@each_way
@given(seed=st.integers(0, 1000), size=st.sampled_from([0.01, 5.0, 300.0]))
def test_only_the_ratio_to_the_threshold_counts(by, seed, size):
    output = membranes(seed)
    loss, scaled = (FiringTimeLoss(by, s, 4.0, 2) for s in (1.0, size))
    read = scaled.read(size * output)
    torch.testing.assert_close(read, loss.read(output), atol=1e-3, rtol=1e-3)


@given(st.integers(0, 10_000), st.sampled_from([0.7, 2.5]))
def test_several_times_are_those_of_a_neuron_without_leak_that_is_reset(seed, size):
    """snnTorch's neuron gets the increments of the membrane, each below θ."""
    generator = torch.Generator().manual_seed(seed)
    gains = size * (1.3 * torch.rand(40, B, OUT, generator=generator) - 0.3)
    neuron = snn.Leaky(beta=1.0, threshold=size, reset_mechanism="subtract")
    mem, spikes = neuron.reset_mem(), []
    for gain in gains:
        spike, mem = neuron(gain, mem)
        spikes.append(spike)
    spikes = torch.stack(spikes)
    loss = FiringTimeLoss("crossing", threshold=size, spikes=5)
    read = loss.read(gains.cumsum(dim=0)).view(B, OUT, 5)
    for b in range(B):
        for o in range(OUT):
            steps = spikes[:, b, o].nonzero().flatten().tolist()
            fires = [*steps, *[40] * 5][:5]
            assert read[b, o].ceil().tolist() == fires
            assert torch.equal(read[b, o], read[b, o].sort().values)


def test_a_membrane_that_gains_more_in_a_step_has_two_times_in_it():
    read = FiringTimeLoss("crossing", spikes=2).read(column(0.5, 2.5, 2.5))
    assert read.tolist() == [[0.25, 0.75]]


# The loss


@each_way
def test_it_is_the_huber_loss_of_the_times_in_steps(by):
    output, loss = membranes(), FiringTimeLoss(by, spikes=2)
    read = loss.read(output)
    labels = read + 1.5 * normal(*read.shape, seed=2)
    off = (read - labels).abs()
    assert (off < 1).any()
    assert (off > 1).any()
    by_hand = torch.where(off <= 1, off**2 / 2, off - 0.5).mean()
    torch.testing.assert_close(loss(output, labels), by_hand)
    assert loss(output, read) == 0
    compared = loss.compared(output, labels)
    assert torch.equal(compared[0], read)
    assert torch.equal(compared[1], labels)


def test_times_that_are_known_are_read_as_they_are():
    times = 9 * normal(B, OUT).abs()
    for by in BY:
        loss = FiringTimeLoss(by, threshold=30.0)
        assert torch.equal(loss.read(times), times)
        assert loss(times, times + 3) == 2.5


# Gradients


def gradient(loss, output):
    """Return how much later each output fires for what is added at each step."""
    output = output.clone().requires_grad_()
    (found,) = torch.autograd.grad(loss.read(output).sum(), output)
    return found


def test_a_lifted_membrane_crosses_earlier_by_the_lift_over_the_rise():
    output = membranes().double()
    crossing = FiringTimeLoss("crossing")
    found, at = gradient(crossing, output), crossing.read(output)
    for b in range(B):
        for o in range(OUT):
            one, time = found[:, b, o], at[b, o].item()
            if time in (0, T):
                assert not one.any()
                continue
            i = math.ceil(time)
            rise = (output[i, b, o] - output[i - 1, b, o]).item()
            assert one.sum().item() == pytest.approx(-1 / rise)
            assert one.nonzero().flatten().tolist() == [i - 1, i]


@each_way
def test_gradients_are_those_of_finite_differences(by):
    loss = FiringTimeLoss(by, 0.7, 4.0, 2)
    output = membranes()[:, :2, :2].double().requires_grad_()
    assert torch.autograd.gradcheck(loss.read, output)
    labels = 6 * normal(2, 4, seed=3).abs().double()
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), output)


def test_only_by_the_crossing_a_silent_output_learns_nothing():
    output = membranes()
    silent = output.amax(dim=0) < 1
    found = {by: gradient(FiringTimeLoss(by), output) for by in BY}
    assert silent.any()
    assert not silent.all()
    assert not found["crossing"][:, silent].any()
    for by in ("both", "hazard"):  # to be lifted at any step makes it fire earlier
        assert (found[by][:, silent] < 0).all()
    torch.testing.assert_close(found["both"][:, silent], found["hazard"][:, silent])
    torch.testing.assert_close(found["both"][:, ~silent], found["crossing"][:, ~silent])


EXTREME = {
    "huge": column(-1e30, 1e30, -1e30, 1e30),
    "deep": column(-1e30, -1e30, -1e30, -1e30),
    "at the threshold": column(1.0, 1.0, 1.0, 1.0),
    "flat": column(0.0, 0.0, 0.0, 0.0),
    "reaches it exactly": column(0.0, 1.0, 1.0, 1.0),
    "one step": column(2.0),
    "one silent step": column(0.5),
    "a hair below": column(0.0, float(np.nextafter(np.float32(1), 0)), 0.0, 1.0),
}


@each_way
@pytest.mark.parametrize("output", EXTREME.values(), ids=EXTREME.keys())
def test_no_gradient_is_ever_no_number(by, output):
    loss = FiringTimeLoss(by, spikes=2)
    beside = torch.cat([output, column(*[0.7] * len(output))], dim=1)
    read = loss.read(beside)
    assert (read >= 0).all()
    assert (read <= len(output)).all()
    assert gradient(loss, beside).isfinite().all()
