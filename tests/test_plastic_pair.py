"""Pairs of plastic neurons, against two neurons with a membrane each."""

import copy
import functools
import math
import pickle

import pytest
import snntorch as snn
import torch
from hypothesis import given
from hypothesis import strategies as st
from layers import same_bits
from snntorch import surrogate

from spikereg import PlasticPair, scan
from spikereg.scan import walk

each_backend = pytest.mark.parametrize("backend", ["reference", "cpu"])


def eighths(low, high):
    """Numbers on a grid: float32 holds all that follows from them exactly."""
    return st.integers(8 * low, 8 * high).map(lambda count: count / 8)


def normal(*shape, seed=0, scale=1.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=dtype)


# Two neurons that mirror each other, one step after another


def two_neurons(currents, threshold, hardening, stress, count):
    """Give each neuron's spikes and membranes, and their threshold, by hand."""
    one, other = stress, -stress
    highest = threshold + hardening * count
    fired = (one > highest, other > highest)
    for current in currents:
        if fired[0]:
            one, other = one - 1, other + 1
        if fired[1]:
            one, other = one + 1, other - 1
        highest += hardening * sum(fired)
        one, other = one + current, other - current
        fired = (one > highest, other > highest)
        yield fired, (one, other), highest


@each_backend
@given(
    currents=st.lists(eighths(-3, 3), min_size=1, max_size=12),
    threshold=eighths(0, 2),
    hardening=eighths(0, 1),
    stress=eighths(-2, 2),
    count=st.integers(0, 3),
)
def test_a_pair_is_two_neurons_with_a_membrane_each_and_a_threshold_that_both_raise(
    backend, currents, threshold, hardening, stress, count
):
    expected = list(two_neurons(currents, threshold, hardening, stress, count))
    pair = PlasticPair(1, threshold=threshold, hardening=hardening)
    state = torch.tensor([[stress]]), torch.tensor([[abs(stress) - hardening * count]])
    spikes, (stresses, membranes) = walk(
        pair, torch.tensor(currents)[:, None, None], state, backend
    )
    for t, (fired, (one, other), highest) in enumerate(expected):
        assert not all(fired)
        assert spikes[t].item() == sum(fired)
        assert stresses[t].item() == one == -other
        # Both are as far from what makes them fire
        assert membranes[t].item() - threshold == max(one, other) - highest


@each_backend
def test_without_hardening_it_is_snntorchs_neurons_that_inhibit_each_other(backend):
    N, thetas = 5, torch.tensor([0.0, 0.25, 0.5, 1.0, 2.0])
    current = (8 * normal(40, 3, N)).round().float() / 8
    with torch.random.fork_rng():
        twins = snn.RLeaky(
            beta=1.0,
            threshold=thetas.repeat(2),
            linear_features=2 * N,
            reset_mechanism="none",
        )
    to_itself = torch.eye(N).repeat(2, 2)
    to_itself[:N, :N] *= -1
    to_itself[N:, N:] *= -1
    with torch.no_grad():
        twins.recurrent.weight.copy_(to_itself)
        twins.recurrent.bias.zero_()
        fired, membrane = scan(twins, torch.cat([current, -current], dim=-1))
    pair = PlasticPair(N, threshold=thetas)
    spikes, (stress, above) = walk(pair, current, backend=backend)
    assert torch.equal(spikes, fired[..., :N] + fired[..., N:])
    assert torch.equal(stress, membrane[..., :N])
    assert torch.equal(-stress, membrane[..., N:])
    assert torch.equal(above, stress.abs())
    assert fired[..., :N].any()
    assert fired[..., N:].any()


def random_pair(**options):
    generator = torch.Generator().manual_seed(1)
    theta, h = (torch.rand(4, generator=generator) for _ in range(2))
    return PlasticPair(4, threshold=theta, hardening=h, **options)


@each_backend
def test_the_mirrored_current_gives_the_mirrored_stress_and_the_same_spikes(backend):
    current = normal(50, 3, 4, dtype=torch.float32).requires_grad_()
    found = [
        walk(random_pair(), sign * current, backend=backend) for sign in (1.0, -1.0)
    ]
    (spikes, (stress, membrane)), (fired, (mirrored, same)) = found
    assert 0.1 < spikes.mean() < 0.9
    assert torch.equal(spikes, fired)
    assert torch.equal(stress, -mirrored)
    assert torch.equal(membrane, same)
    slopes = [
        torch.autograd.grad((s + u + v.square()).sum(), current)[0]
        for s, (v, u) in found
    ]
    assert same_bits(*slopes)


@each_backend
def test_the_membrane_is_what_the_stress_leaves_above_the_hardening(backend):
    pair = random_pair().double()
    spikes, (stress, membrane) = walk(pair, normal(60, 3, 4), backend=backend)
    count = spikes.cumsum(dim=0) - spikes  # before each step
    expected = stress.abs() - pair.hardening * count
    torch.testing.assert_close(membrane, expected, rtol=0, atol=1e-12)
    assert count[-1].min() >= 5


@each_backend
@pytest.mark.parametrize("hardening", [0.0, 0.25, 1.0, 3.0])
@pytest.mark.parametrize("current", [0.5, -0.75])
def test_under_a_steady_current_spikes_and_stress_share_it_as_two_springs(
    backend, hardening, current
):
    T, pair = 4000, PlasticPair(1, threshold=2.0, hardening=hardening)
    spikes, (stress, _) = walk(pair, torch.full((T, 1, 1), current), backend=backend)
    late = slice(T // 2, None)
    rate, rise = spikes[late].mean(), stress[late].diff(dim=0).mean()
    assert rate.item() == pytest.approx(abs(current) / (1 + hardening), rel=2e-3)
    shared = current * hardening / (1 + hardening)
    assert rise.item() == pytest.approx(shared, rel=2e-3, abs=1e-3)


@each_backend
@pytest.mark.parametrize("size", [(), (1,), (3,)])
def test_gradients_reach_the_tensors_that_a_pair_was_made_with(backend, size):
    numbers = [torch.full(size, value).requires_grad_() for value in (0.5, 0.25)]
    threshold, hardening = numbers
    pair = PlasticPair(3, threshold=threshold, hardening=hardening)
    spread = [value.detach().expand(3).clone().requires_grad_() for value in numbers]
    each = PlasticPair(3, threshold=spread[0], hardening=spread[1])
    current = normal(20, 2, 3, dtype=torch.float32)
    for neuron, given_ in ((pair, numbers), (each, spread)):
        spikes, (stress, membrane) = walk(neuron, current, backend=backend)
        loss = spikes.sum() + stress.square().sum() + membrane.sum()
        loss.backward()
        assert all(value.grad.any() for value in given_)
    for value, wide in zip(numbers, spread, strict=True):
        torch.testing.assert_close(value.grad, wide.grad.sum_to_size(size))


@each_backend
def test_a_spike_is_differentiated_in_all_that_it_does(backend):
    """One step after it the stress has lost it, and the membrane h beside."""
    slope, h = 0.25, 0.5
    pair = PlasticPair(
        1, threshold=1.0, hardening=h, spike_grad=surrogate.fast_sigmoid(1.0)
    )
    current = torch.tensor([-2.0, 0.0])[:, None, None].requires_grad_()  # 1 beyond
    spikes, (stress, membrane) = walk(pair, current, backend=backend)
    assert spikes.flatten().tolist() == [1, 0]
    assert stress.flatten().tolist() == [-2, -1]
    assert membrane.flatten().tolist() == [2, 0.5]
    for out, at_once, later in (
        (spikes[0], -slope, 0.0),
        (stress[1], 1 - slope, 1.0),
        (membrane[1], -1 + slope + h * slope, -1.0),
    ):
        (found,) = torch.autograd.grad(out.sum(), current, retain_graph=True)
        assert found.flatten().tolist() == [at_once, later]


# What it refuses, and how it is kept


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("width", [0, -1, 2.0, "3", None, True])
def test_a_bad_width_is_named(width):
    with pytest.raises(ValueError, match=f"width must be .* not {width!r}"):
        PlasticPair(width)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", ["threshold", "hardening"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        *((bad, repr(bad)) for bad in (math.inf, -math.inf, math.nan, "1", None, True)),
        (torch.tensor([1.0, math.nan, 1.0]), "nan"),
        (torch.tensor(math.inf), "inf"),
    ],
)
def test_a_number_that_is_none_is_named(name, value, told):
    with pytest.raises(ValueError, match=f"{name} must be .*finite.* not .*{told}"):
        PlasticPair(3, **{name: value})


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", ["threshold", "hardening"])
@pytest.mark.parametrize("shape", [(2,), (4,), (1, 3), (3, 1), (0,)])
def test_a_tensor_of_another_size_is_named(name, shape):
    message = rf"{name} must have size 1 or N = 3, not \[{', '.join(map(str, shape))}\]"
    with pytest.raises(ValueError, match=message):
        PlasticPair(3, **{name: torch.zeros(shape)})


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("spike", ["atan", 3])
def test_a_surrogate_that_cannot_be_called_is_named(spike):
    with pytest.raises(TypeError, match=f"must be a function, not {spike!r}"):
        PlasticPair(3, spike_grad=spike)
    with pytest.raises(TypeError, match=r"surrogate\.atan\(\), what"):
        PlasticPair(3, spike_grad=surrogate.atan)


def test_a_reset_that_is_set_later_is_refused():
    pair = PlasticPair(3)
    pair.reset_mechanism = "zero"
    with pytest.raises(ValueError, match=r"'subtract' that .* not be set to 'zero'"):
        scan(pair, torch.zeros(4, 2, 3))


def test_it_does_not_share_its_numbers_with_the_tensors_that_it_was_given():
    theta = torch.ones(3)
    pair = PlasticPair(3, threshold=theta, hardening=theta)
    theta.zero_()
    assert pair.threshold.tolist() == pair.hardening.tolist() == [1, 1, 1]
    assert not list(pair.parameters())
    assert pair.state_dict().keys() == {"threshold", "hardening"}


def moved_by_state(pair):
    other = PlasticPair(4, spike_grad=surrogate.atan(3.0))
    other.load_state_dict(pair.state_dict())
    return other


@pytest.mark.parametrize(
    "move",
    [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair)), moved_by_state],
)
@each_backend
def test_a_pair_that_is_copied_or_saved_is_the_same(move, backend):
    pair = random_pair(spike_grad=surrogate.atan(3.0))
    current = normal(20, 2, 4, dtype=torch.float32).requires_grad_()
    found = []
    for each in (pair, move(pair)):
        spikes, membrane = scan(each, current, backend=backend)
        loss = spikes.sum() + membrane.square().sum()
        found.append((spikes, membrane, *torch.autograd.grad(loss, current)))
    assert all(map(torch.equal, *found))


def test_a_copy_has_the_numbers_and_not_the_tensors_that_gradients_flow_to():
    threshold, hardening = torch.tensor([0.5, 1.5]), torch.tensor(0.25)
    for given_ in (threshold, hardening):
        given_.requires_grad_()
    pair = PlasticPair(2, threshold=threshold, hardening=hardening)
    parts = torch.nn.ModuleList([pair, pair])
    copied, again = copy.deepcopy(parts)
    assert copied is again is not pair
    assert type(copied) is PlasticPair
    assert copied.threshold.tolist() == [0.5, 1.5]
    assert copied.hardening.tolist() == [0.25, 0.25]
    assert not copied.threshold.requires_grad
    assert not copied.hardening.requires_grad
    copied.threshold.zero_()
    assert pair.threshold.tolist() == [0.5, 1.5]
    # The layer itself still leads to them.
    spikes, _ = scan(pair, normal(20, 3, 2, dtype=torch.float32))
    spikes.sum().backward()
    assert threshold.grad.any()
    assert hardening.grad.any()


@pytest.mark.parametrize("slope", [2, 25])
def test_spikes_are_differentiated_as_the_caller_says(slope):
    make = functools.partial(PlasticPair, 1, threshold=0.5)
    slopes = []
    for spike_grad in (None, surrogate.atan(), surrogate.fast_sigmoid(slope)):
        membrane = torch.zeros(1, 1, requires_grad=True)
        make(spike_grad=spike_grad).spikes(membrane).sum().backward()
        slopes.append(membrane.grad.item())
    expected = 1 / (1 + (math.pi / 2) ** 2), (1 + slope / 2) ** -2
    assert slopes == pytest.approx([expected[0], *expected])
