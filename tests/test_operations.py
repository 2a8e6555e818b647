"""Operations of spiking networks, against loops over steps, neurons and synapses."""

import pytest
import snntorch as snn
import torch
from chip import run_by_hand
from torch import nn

from spikereg import AdaptiveLeaky, PlasticPair, SpikingLSTM, SpikingRegressor
from spikereg.baselines import RandomSpiking
from spikereg.metrics import synaptic_operations
from spikereg.operations import Operations, count

NEURONS = ("lif", "recurrent", "adaptive", "resonator", "lstm")
READOUTS = ("membrane", "spikes", "dendrites")
# Steps, sequences, features, neurons, outputs, dendrites
T, B, F, H, OUT, K = 9, 2, 2, 5, 2, 3

each_neuron = pytest.mark.parametrize("neuron", NEURONS)
each_readout = pytest.mark.parametrize("readout", READOUTS)


def network(neuron="lif", readout="membrane", seed=0):
    """Make a network some of whose weights, and of its leaky neurons' decays, are 0."""
    model = SpikingRegressor(
        H, F, OUT, seed=seed, neuron=neuron, readout=readout, dendrites=K
    ).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for linear in [m for m in model.modules() if isinstance(m, nn.Linear)]:
            linear.weight.mul_(4)
            linear.weight[
                torch.rand(linear.weight.shape, generator=generator) < 0.3
            ] = 0
        for leaky in (model.lif_in, model.lif_hidden):
            if neuron in ("lif", "recurrent"):
                leaky.beta[0], leaky.beta[1] = 0, -0.5
    return model


def features(seed=0, steps=T):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(steps, B, F, generator=generator, dtype=torch.float64)


def check(model, x, *, real=True):
    """Compare counts, and that what was counted is what the network does."""
    trace = model.trace(x)
    for skip_zeros in (True, False):
        counts, found = run_by_hand(model, x, skip_zeros=skip_zeros, real=real)
        for name, spikes in trace.spikes.items():
            assert torch.equal(found[name], spikes)
        torch.testing.assert_close(found["prediction"], trace.prediction)
        assert count(model, x, skip_zeros=skip_zeros) == counts
    return trace


# Against the loop


@each_readout
@each_neuron
@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_a_loop_over_steps_neurons_and_synapses(
    neuron, readout, seed
):
    trace = check(network(neuron, readout, seed), features(seed))
    assert 0 < sum(spikes.mean() for spikes in trace.spikes.values()) < 2


def one_to_one():
    return snn.RLeaky(
        beta=torch.full((H,), 0.5).double(),
        threshold=torch.full((H,), 0.5).double(),
        V=torch.tensor([0.5, 0, -0.5, 0, 1]).double(),
        all_to_all=False,
    )


OTHERS = {
    "to themselves": one_to_one,
    "zero": lambda: snn.Leaky(beta=0.9, threshold=0.5, reset_mechanism="zero"),
    "none": lambda: snn.Leaky(beta=0.9, threshold=0.5, reset_mechanism="none"),
    "alone": lambda: AdaptiveLeaky(H, threshold=0.1, seed=0),
    "plastic": lambda: PlasticPair(H, threshold=0.5, hardening=0.1),
}


@pytest.mark.parametrize("other", OTHERS)
def test_neurons_may_be_replaced_by_others(other):
    model = network()
    model.lif_hidden = OTHERS[other]().double()
    trace = check(model, features())
    assert trace.spikes["lif_hidden"].any()


def test_an_lstm_that_feeds_spikes_back_accumulates():
    model = network("lstm")
    model.lif_hidden = SpikingLSTM(H, feedback="spikes", seed=0).double()
    check(model, features())
    assert count(model, features())["lif_hidden"].multiply_accumulates == 0


def test_features_that_are_spikes_accumulate_until_one_of_them_is_not():
    model, x = network(), features().sign()
    check(model, x, real=False)
    assert count(model, x)["lif_in"].accumulates > 0
    x[-1, -1, -1] = 0.5
    check(model, x)
    assert count(model, x)["lif_in"].accumulates == 0


# What holds of every network


def dense(neuron, readout):
    """Give the numbers of a step of one sequence, nothing left out."""
    gates = 4 if neuron == "lstm" else 1
    back = gates * H * H if neuron != "lif" else 0
    states, multiplies = {
        "lif": (1, 1),
        "recurrent": (1, 1),
        "adaptive": (2, 3),
        "resonator": (2, 4),
        "lstm": (2, 8),
    }[neuron]
    first, second = gates * F * H, gates * H * H
    spikes, real = (0, back) if neuron == "lstm" else (back, 0)
    hidden = (states * H, multiplies * H)
    last = (H * OUT, 0, H * OUT, OUT, OUT)
    if readout == "dendrites":
        last = (H * K, 2 * K * OUT, H * K + 2 * K * OUT, 2 * K, 4 * K)
    return {
        "lif_in": (spikes, first + real, first + back, *hidden),
        "lif_hidden": (second + spikes, real, second + back, *hidden),
        "li_out": last,
    }


@each_readout
@each_neuron
def test_with_zeros_there_is_a_closed_form_and_it_is_the_most(neuron, readout):
    model, x = network(neuron, readout), features()
    every, some = count(model, x, skip_zeros=False), count(model, x)
    steps = T * B
    for name, numbers_ in dense(neuron, readout).items():
        assert every[name] / steps == Operations(*map(float, numbers_))
        pairs = zip(vars(some[name]).values(), vars(every[name]).values(), strict=True)
        assert all(least <= most for least, most in pairs)
        assert some[name].weight_fetches < every[name].weight_fetches


@each_neuron
def test_sequences_add_up(neuron):
    model, x = network(neuron, "dendrites"), features()
    alone = [count(model, x[:, b : b + 1]) for b in range(B)]
    for name, both in count(model, x).items():
        assert sum((each[name] for each in alone), Operations()) == both


@each_neuron
def test_steps_add_up(neuron):
    model, x = network(neuron), features()
    so_far = [count(model, x[: t + 1]) for t in range(T)]
    spikes = model.trace(x).spikes
    for t in range(1, T):
        for name in ("lif_in", "lif_hidden", "li_out"):
            new, old = vars(so_far[t][name]), vars(so_far[t - 1][name])
            step = {kind: new[kind] - old[kind] for kind in new}
            assert min(step.values()) >= 0
            assert step["state_updates"] * (t + 1) == new["state_updates"]
        sent = synaptic_operations(spikes["lif_hidden"][t], model.fc_out.weight)
        assert step["accumulates"] == sent


@each_readout
@each_neuron
def test_silence_costs_no_accumulates_in_hidden_layer_and_output(neuron, readout):
    model = network(neuron, readout)
    for layer in (model.lif_in, model.lif_hidden):
        layer.threshold.fill_(1e9)
    counts = count(model, features())
    assert [each.accumulates for each in counts.values()] == [0, 0, 0]
    assert counts["lif_in"].multiply_accumulates > 0
    assert counts["lif_hidden"].state_updates > 0


def test_counting_leaves_no_trace(global_rng_stays):
    model, x = network("lstm", "dendrites"), features().requires_grad_()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    learns = []
    hook = model.lif_in.register_forward_hook(
        lambda *_: learns.append(torch.is_grad_enabled())
    )
    count(model, x)
    hook.remove()
    assert {*learns} == {False}
    assert all(torch.equal(model.state_dict()[name], v) for name, v in before.items())
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


# What cannot be counted


def test_another_model_is_refused_by_name():
    message = "^model must be one of SpikingRegressor, .* Linear, not RandomSpiking$"
    with pytest.raises(TypeError, match=message):
        count(RandomSpiking(4, seed=0), features().float())


def test_a_model_that_may_do_something_else_is_refused():
    class Own(SpikingRegressor):
        pass

    with pytest.raises(TypeError, match=r"not Own$"):
        count(Own(4, seed=0), torch.rand(3, 1, 1))


class Rounded(nn.Linear):
    def forward(self, x):
        return nn.functional.linear(x, self.weight.round(), self.bias)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", ["Sequential", "Rounded"])
def test_weights_that_are_not_linear_are_refused(name):
    model = network()
    other = {"Sequential": nn.Sequential(nn.Linear(H, H)), "Rounded": Rounded(H, H)}
    model.fc_hidden = other[name].double()
    with pytest.raises(TypeError, match=rf"nn\.Linear to be counted, not of {name}$"):
        count(model, features())


def test_operations_add_up_and_are_divided():
    one = Operations(2, 4, 6, 8, 10)
    assert sum([one, one], Operations()) == Operations(4, 8, 12, 16, 20)
    assert one / 2 == Operations(1, 2, 3, 4, 5)
    with pytest.raises(ValueError, match=r"^number must be a positive .* not 0$"):
        one / 0
    with pytest.raises(TypeError, match="unsupported operand"):
        one + 1
