import pytest
import torch

from spikereg import SpikingRegressor
from spikereg.baselines import (
    LinearFilter,
    RandomSpiking,
    RateNetwork,
    Recurrent,
    ReLUNetwork,
    ResonantFilter,
    TapFilter,
)

MAKE = {
    "lstm": lambda **kw: Recurrent("lstm", **kw),
    "gru": lambda **kw: Recurrent("gru", **kw),
    "relu": ReLUNetwork,
    "rate": RateNetwork,
    "rate, dendrites": lambda **kw: RateNetwork(dendrites=4, **kw),
    "filter": LinearFilter,
    "resonant filter": ResonantFilter,
    "tap filter": TapFilter,
    "random": RandomSpiking,
}
each_baseline = pytest.mark.parametrize("name", MAKE)


def sequences(steps=12, features=1, seed=0):
    return torch.rand(steps, 3, features, generator=torch.Generator().manual_seed(seed))


def learned(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@each_baseline
def test_a_baseline_maps_features_to_outputs_step_by_step(name):
    model = MAKE[name](num_inputs=2, num_outputs=3, seed=0)
    assert model(sequences(features=2)).shape == (12, 3, 3)


@each_baseline
def test_a_seed_draws_the_same_model_and_leaves_the_global_generator_alone(name):
    before = torch.get_rng_state()
    features = sequences()
    first, again, other = (MAKE[name](seed=seed)(features) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@each_baseline
def test_a_prediction_does_not_depend_on_the_future(name):
    model = MAKE[name](seed=0)
    features = sequences()
    changed = features.clone()
    changed[7:] += 1
    same = model(features)[:7] == model(changed)[:7]
    assert same.all()
    assert not torch.equal(model(features)[7:], model(changed)[7:])


def test_the_relu_network_has_no_memory_and_the_others_have():
    features = sequences()
    changed = features.clone()
    changed[2] += 1
    for name, make in MAKE.items():
        model = make(seed=0)
        later = torch.equal(model(features)[3:], model(changed)[3:])
        assert later is (name == "relu")


def test_pytorchs_default_initialization_is_drawn():
    """Uniform, with the bound that each kind of layer has."""
    lstm = Recurrent("lstm", hidden=100, seed=0)
    for weights in lstm.parameters():
        assert weights.abs().max() <= 0.1
    assert lstm.recurrent.weight_hh_l0.abs().max() > 0.099
    relu = ReLUNetwork(hidden=25, seed=0).layers
    assert 0.19 < relu[2].weight.abs().max() <= 0.2
    assert 0.8 < relu[0].weight.abs().max() <= 1


# Rate neurons


@torch.no_grad()
@pytest.mark.parametrize("dendrites", [0, 4])
def test_rate_neurons_are_leaky_neurons_that_send_what_is_positive(dendrites):
    model = RateNetwork(6, 2, 3, seed=0, dendrites=dendrites)
    features = sequences(steps=30, features=2) - 0.5
    first, second = torch.zeros(2, 3, 6)
    readout, currents, expected = torch.zeros(3, 3), [], []
    for x in features:
        first = model.li_in.beta * first + model.fc_in(x)
        second = model.li_hidden.beta * second + model.fc_hidden(first.clamp(min=0))
        currents.append(model.fc_out(second.clamp(min=0)))
        if not dendrites:
            readout = model.li_out.beta * readout + currents[-1]
            expected.append(readout)
    if dendrites:
        expected = model.li_out(torch.stack(currents))
    else:
        expected = torch.stack(expected)
    torch.testing.assert_close(model(features), expected)


def test_all_that_is_in_a_rate_network_learns():
    for dendrites in (0, 4):
        model = RateNetwork(6, seed=0, dendrites=dendrites)
        model(sequences()).square().sum().backward()
        learning = {n: p for n, p in model.named_parameters() if p.requires_grad}
        assert {"li_in.beta", "li_hidden.beta"} <= learning.keys()
        for name, parameter in learning.items():
            assert parameter.grad.any(), name


# The linear filter


def test_the_step_response_of_a_filter_is_that_of_leaky_integrators():
    model = LinearFilter(filters=5, seed=0)
    beta = model.filter.beta.detach()
    steps = torch.arange(1, 31)[:, None]
    current = model.fc_in(torch.tensor([[0.7]]))
    expected = model.fc_out((1 - beta**steps) * current)[:, None]
    torch.testing.assert_close(model(torch.full((30, 1, 1), 0.7)), expected)


def test_a_filter_is_linear_and_its_decays_learn():
    model = LinearFilter(seed=0)
    a, b, nothing = sequences(seed=1), sequences(seed=2), torch.zeros(12, 3, 1)
    sums = model(a) + model(b) - model(nothing)
    torch.testing.assert_close(model(a + b), sums)
    model(a).square().sum().backward()
    assert (model.filter.beta.grad != 0).all()


def test_the_resonant_filter_is_a_sum_of_complex_poles():
    model = ResonantFilter(filters=5, num_inputs=2, num_outputs=3, seed=0).double()
    poles, fc = model.filter.poles, model.filter.fc
    features = sequences(steps=30, features=2).double()
    pole = torch.polar(poles.beta, poles.omega)
    driven = features.repeat_interleave(5, dim=2) * (1 - poles.beta)
    z = torch.zeros(3, 10, dtype=torch.complex128)
    for drive, found in zip(driven, model(features), strict=True):
        z = pole * z + drive
        torch.testing.assert_close(found, fc(torch.cat([z.real, z.imag], dim=1)))


def test_sixteen_poles_for_one_feature_are_65_numbers():
    assert learned(ResonantFilter(seed=0)) == 65


# Sizes and errors


@pytest.mark.parametrize(("name", "hidden"), [("lstm", 64), ("gru", 74), ("relu", 128)])
def test_default_sizes_learn_as_many_numbers_as_the_spiking_network(name, hidden):
    ours = learned(SpikingRegressor(128, seed=0))
    assert learned(MAKE[name](hidden=hidden, seed=0)) == pytest.approx(ours, rel=0.02)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (Recurrent, {"kind": "rnn"}, r"kind must be .*'lstm', 'gru'\), not 'rnn'"),
        (Recurrent, {"hidden": 0}, "hidden must be .* not 0"),
        (ReLUNetwork, {"num_inputs": 1.5}, r"num_inputs must be .* not 1\.5"),
        (RateNetwork, {"hidden": 0}, "hidden must be .* not 0"),
        (RateNetwork, {"dendrites": -1}, "dendrites must be .* not -1"),
        (RateNetwork, {"dendrites": True}, "dendrites must be .* not True"),
        (LinearFilter, {"filters": 0}, "filters must be .* not 0"),
        (ResonantFilter, {"filters": 0}, "filters must be .* not 0"),
        (TapFilter, {"taps": 0}, "taps must be .* not 0"),
        (TapFilter, {"num_inputs": True}, "num_inputs must be .* not True"),
        (TapFilter, {"seed": 1.5}, r"seed must be .* not 1\.5"),
        (LinearFilter, {"num_outputs": -1}, "num_outputs must be .* not -1"),
        (RandomSpiking, {"tau": 0.0}, r"tau must be a positive .* not 0\.0"),
        (RandomSpiking, {"ridge": -1.0}, r"ridge must be a positive .* not -1\.0"),
        (RandomSpiking, {"seed": -1}, "seed must be .* not -1"),
    ],
)
def test_bad_arguments_are_named_with_what_was_passed(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    "make",
    [Recurrent, ReLUNetwork, RateNetwork, LinearFilter, TapFilter, RandomSpiking],
    ids=lambda m: m.__name__,
)
@pytest.mark.parametrize("shape", [(12, 3, 2), (12, 1), (12,)])
def test_features_of_another_shape_are_refused(make, shape):
    with pytest.raises(
        ValueError, match=rf"\[T, B, F\] with F = 1, not \{list(shape)}"
    ):
        make(seed=0)(torch.rand(shape))
