"""The kinds of neuron against their published equations, written out."""

import math

import pytest
import snntorch as snn
import torch
from hypothesis import given
from hypothesis import strategies as st
from snntorch import surrogate

from spikereg import AdaptiveLeaky, Resonator, SpikingLSTM, scan
from spikereg.scan import walk

each_backend = pytest.mark.parametrize("backend", ["reference", "cpu"])
seeds = st.integers(0, 2**31)


def normal(*shape, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64)


def close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-9)


def clear_of(membrane, threshold):
    """Say whether no membrane is so near to the threshold that rounding decides."""
    return bool(((membrane - threshold).abs() > 1e-9).all())


# SE-adLIF, in the order of its paper


def published(neuron, current):
    """Reset the membrane at the end of a step, then update the adaptation."""
    u = w = torch.zeros_like(current[0])
    spikes = torch.zeros_like(u)
    records = []
    for i in current:
        if neuron.recurrent is not None:
            i = i + spikes @ neuron.recurrent.weight.T
        before_reset = neuron.alpha * u + (1 - neuron.alpha) * (i - w)
        spikes = (before_reset > neuron.threshold).to(i)
        u = before_reset * (1 - spikes)
        used = w
        w = neuron.beta * w + (1 - neuron.beta) * neuron.scale * (
            neuron.a * u + neuron.b * spikes
        )
        records.append((spikes, used, before_reset))
    return [torch.stack(each) for each in zip(*records, strict=True)]


@each_backend
@pytest.mark.parametrize("recurrent", [False, True])
@given(seed=seeds)
def test_the_adaptive_neuron_is_the_published_one(backend, recurrent, seed):
    neuron = AdaptiveLeaky(4, recurrent=recurrent, scale=5.0, seed=seed % 1000).double()
    current = normal(30, 3, 4, seed=seed, scale=8)
    spikes, (adaptation, membrane) = walk(neuron, current, backend=backend)
    expected = published(neuron, current)
    if clear_of(expected[2], 1):
        for actual, wanted in zip(
            (spikes, adaptation, membrane), expected, strict=True
        ):
            close(actual, wanted)


def test_the_adaptive_neuron_slows_down_under_a_steady_current():
    neuron = AdaptiveLeaky(1, scale=4.0, seed=0)
    with torch.no_grad():
        neuron.a.zero_()
        neuron.b.fill_(2)
    (when,) = (
        scan(neuron, torch.full((400, 1, 1), 3.0))[0].flatten().nonzero(as_tuple=True)
    )
    assert len(when) > 5
    assert when.diff()[-1] > when.diff()[0]


# A complex number that turns


@each_backend
@given(seed=seeds)
def test_the_resonator_turns_a_complex_number(backend, seed):
    neuron = Resonator(4, seed=seed % 1000).double()
    current = normal(30, 3, 4, seed=seed)
    spikes, (quadrature, membrane) = walk(neuron, current, backend=backend)
    turn = torch.polar(neuron.beta, neuron.omega)
    z, fired = torch.zeros(3, 4).to(turn), torch.zeros(3, 4)
    all_z = []
    for i in current:
        z = turn * (z - neuron.threshold * fired) + i
        fired = (z.real > neuron.threshold).double()
        all_z.append(z)
    expected = torch.stack(all_z)
    if clear_of(expected.real, 1):
        close(torch.complex(membrane, quadrature), expected)
        assert torch.equal(spikes, (expected.real > 1).double())


@each_backend
def test_a_resonator_without_reset_rings_as_a_damped_cosine(backend):
    neuron = Resonator(1, reset_mechanism="none", seed=0).double()
    with torch.no_grad():
        neuron.beta.fill_(0.95)
        neuron.omega.fill_(math.pi / 10)
    current = torch.zeros(60, 1, 1).double()
    current[0] = 2
    _, (quadrature, membrane) = walk(neuron, current, backend=backend)
    t = torch.arange(60).double()
    close(membrane.flatten(), 2 * 0.95**t * torch.cos(math.pi / 10 * t))
    close(quadrature.flatten(), 2 * 0.95**t * torch.sin(math.pi / 10 * t))


def test_a_resonator_answers_most_to_its_own_frequency():
    neuron = Resonator(1, reset_mechanism="none", seed=0)
    with torch.no_grad():
        neuron.beta.fill_(0.97)
        neuron.omega.fill_(2 * math.pi / 20)
    t = torch.arange(400.0)
    waves = torch.stack([torch.sin(2 * math.pi * t / n) for n in (5, 10, 20, 40)], 1)
    _, membrane = scan(neuron, waves[..., None])
    assert membrane[200:].abs().amax(dim=0).argmax() == 2


def test_a_resonator_that_does_not_turn_is_a_leaky_integrator():
    neuron = Resonator(3, reset_mechanism="none", seed=0)
    with torch.no_grad():
        neuron.omega.zero_()
    current = normal(20, 2, 3).float()
    twin = snn.Leaky(beta=neuron.beta.detach(), reset_mechanism="none")
    assert torch.equal(scan(neuron, current)[1], scan(twin, current)[1])


# LSTM cells


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
@each_backend
def test_the_spiking_lstm_is_snntorchs_with_the_same_weights(reset, backend):
    N, B = 5, 4
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = snn.SLSTM(N, N, threshold=0.1, reset_mechanism=reset)
    ours = SpikingLSTM(N, reset_mechanism=reset, seed=0)
    cell = theirs.lstm_cell
    ours.recurrent.weight.data.copy_(cell.weight_hh)
    ours.recurrent.bias.data.copy_(cell.bias_hh)
    features = normal(25, B, N, scale=2).float()
    syn, mem = torch.zeros(B, N), torch.zeros(B, N)
    records = []
    with torch.no_grad():
        for x in features:
            spk, syn, mem = theirs(x, syn, mem)
            records.append((spk.clone(), syn.clone(), mem.clone()))
        current = features @ cell.weight_ih.T + cell.bias_ih
        spikes, states = walk(ours, current, backend=backend)
    expected = [torch.stack(each) for each in zip(*records, strict=True)]
    assert 0.1 < expected[0].mean() < 0.9
    for actual, wanted in zip((spikes, *states), expected, strict=True):
        torch.testing.assert_close(actual, wanted, rtol=0, atol=1e-5)


def test_the_spiking_lstm_keeps_what_snntorchs_forgets():
    """Where input and output differ in size, snnTorch's begins again at every step."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = snn.SLSTM(1, 8)
    syn, mem = torch.zeros(1, 8), torch.zeros(1, 8)
    kept, forgotten = [], []
    ours = SpikingLSTM(8, seed=0)
    for first in (0.0, 1.0):
        syn, mem = torch.zeros(1, 8), torch.zeros(1, 8)
        features = torch.tensor([first, 0.0, 0.0])[:, None, None]
        for x in features:
            _, syn, mem = theirs(x, syn, mem)
        forgotten.append(mem.detach())
        kept.append(scan(ours, features.expand(3, 1, 32))[1][-1].detach())
    assert torch.equal(*forgotten)
    assert (kept[0] - kept[1]).abs().max() > 1e-3


def test_the_spiking_lstm_spikes_by_default_and_snntorchs_threshold_would_not():
    ramp = torch.linspace(-1, 1, 50)[:, None, None].expand(50, 1, 64)
    spikes, membrane = scan(SpikingLSTM(16, seed=0), ramp)
    assert 0 < spikes.mean() < 1
    assert membrane.abs().max() < 1
    assert scan(SpikingLSTM(16, threshold=1.0, seed=0), ramp)[0].sum() == 0


# Recurrent neurons


def recurrent(**options):
    with torch.random.fork_rng():
        return snn.RLeaky(0.5, learn_recurrent=False, **options)


@each_backend
@pytest.mark.parametrize(
    ("reset", "expected"),
    # 0.5 U + I + F, with F = -0.25 one step after each spike
    [
        ("subtract", [2.0, 0.75, 1.375]),
        ("zero", [2.0, 0.0, 1.0]),
        ("none", [2.0, 1.75, 1.625]),
    ],
)
def test_a_spike_comes_back_one_step_later_and_is_reset_with_the_rest(
    backend, reset, expected
):
    neuron = recurrent(V=-0.25, all_to_all=False, reset_mechanism=reset)
    current = torch.tensor([2.0, 1.0, 1.0])[:, None, None]
    spikes, membrane = scan(neuron, current, backend=backend)
    assert membrane.flatten().tolist() == expected
    assert spikes.flatten().tolist() == [float(u > 1) for u in expected]


@each_backend
def test_all_neurons_are_fed_back_to_all_by_the_rows_of_the_weights(backend):
    neuron = recurrent(linear_features=2, reset_mechanism="none")
    with torch.no_grad():
        neuron.recurrent.weight.copy_(torch.tensor([[0.0, 0.0], [4.0, 0.0]]))
        neuron.recurrent.bias.copy_(torch.tensor([0.0, 0.125]))
    current = torch.zeros(2, 1, 2)
    current[0, 0, 0] = 2
    _, membrane = scan(neuron, current, backend=backend)
    assert membrane[:, 0].tolist() == [[2, 0.125], [1, 4 + 0.125 + 0.0625]]


@each_backend
def test_the_state_of_a_recurrent_layer_is_its_spikes_and_its_membrane(backend):
    neuron = recurrent(V=1.0, all_to_all=False, reset_mechanism="none")
    state = torch.ones(1, 1), torch.full((1, 1), 0.5)  # spikes that it did not fire
    _, membrane, last = scan(
        neuron, torch.zeros(1, 1, 1), state, backend=backend, return_state=True
    )
    assert membrane.item() == 1.25
    assert [each.item() for each in last] == [1, 1.25]


# Numbers that they begin with


@pytest.mark.parametrize("make", [AdaptiveLeaky, Resonator, SpikingLSTM])
@pytest.mark.usefixtures("global_rng_stays")
def test_a_seed_reproduces_a_layer_and_the_world_is_not_moved(make):
    def drawn(seed):
        return [p.detach() for p in make(6, seed=seed).parameters()]

    assert all(map(torch.equal, drawn(1), drawn(1)))
    assert not all(map(torch.equal, drawn(1), drawn(2)))
    assert not all(map(torch.equal, drawn(None), drawn(None)))


def test_time_constants_and_periods_are_drawn_from_their_ranges():
    adaptive, resonator = AdaptiveLeaky(3000, seed=0), Resonator(3000, seed=0)
    for decay, low, high in (
        (adaptive.alpha, 5, 25),
        (adaptive.beta, 60, 300),
        (resonator.beta, 3, 40),
        (torch.exp(-resonator.omega / (2 * math.pi)), 6, 100),
    ):
        tau = -1 / decay.detach().log()
        quantiles = tau.log().quantile(torch.tensor([0.0, 0.5, 1.0])).exp()
        expected = torch.tensor([low, math.sqrt(low * high), high])
        torch.testing.assert_close(quantiles, expected, rtol=0.05, atol=0)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (AdaptiveLeaky, {"width": 0}, "width must be .* not 0"),
        (Resonator, {"width": 2.0}, r"width must be .* not 2\.0"),
        (SpikingLSTM, {"width": True}, "width must be .* not True"),
        (AdaptiveLeaky, {"width": 2, "seed": -1}, "seed must be .* not -1"),
        (Resonator, {"width": 2, "reset_mechanism": "zero"}, "not 'zero'"),
        (SpikingLSTM, {"width": 2, "reset_mechanism": "late"}, "not 'late'"),
        (SpikingLSTM, {"width": 2, "feedback": "cell"}, "not 'cell'"),
    ],
)
def test_bad_settings_are_named_with_what_was_passed(make, options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


@pytest.mark.parametrize("make", [AdaptiveLeaky, Resonator, SpikingLSTM])
def test_the_spikes_are_differentiated_as_the_caller_says(make):
    slopes = []
    for spike_grad in (None, surrogate.atan(), surrogate.fast_sigmoid(25)):
        neuron = make(2, threshold=0.3, spike_grad=spike_grad, seed=0)
        membrane = torch.zeros(1, 2, requires_grad=True)
        neuron.spikes(membrane).sum().backward()
        slopes.append(membrane.grad)
    assert torch.equal(slopes[0], slopes[1])
    assert not torch.equal(slopes[1], slopes[2])
