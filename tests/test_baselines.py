import numpy as np
import pytest
import torch
from torch import nn

from spikereg import RegressionDataset, SpikingRegressor, evaluate, make_loader
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
each_solved = pytest.mark.parametrize("make", [RandomSpiking, TapFilter])


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


# The tap filter


def test_the_tap_filter_is_a_convolution():
    model = TapFilter(taps=5, num_inputs=2, num_outputs=3, seed=0).double()
    features = sequences(steps=30, features=2).double()
    # For each feature the taps in the order of time: the last is the present one
    taps = model.fc_out.weight.detach().reshape(3, 2, 5).flip(2).numpy()
    for b in range(3):
        for o in range(3):
            parts = [
                np.convolve(features[:, b, f].numpy(), taps[o, f])[:30]
                for f in range(2)
            ]
            expected = sum(parts) + model.fc_out.bias[o].item()
            found = model(features)[:, b, o].detach().numpy()
            np.testing.assert_allclose(found, expected, atol=1e-12)


def test_one_tap_sees_the_present_and_many_more_than_there_are_steps():
    now = TapFilter(taps=1, seed=0)
    features = sequences()
    torch.testing.assert_close(now(features), now.fc_out(features))
    assert TapFilter(taps=20, seed=0)(features).shape == (12, 3, 1)


@pytest.mark.parametrize("taps", [4, 6])
def test_solve_finds_the_filter_that_made_the_labels(taps):
    truth = TapFilter(taps=4, num_inputs=2, num_outputs=2, seed=1).double()
    features = [sequences(steps=40, features=2, seed=seed).double() for seed in (2, 3)]
    model = TapFilter(taps, num_inputs=2, num_outputs=2, seed=0).double()
    model.solve([(x, truth(x).detach()) for x in features])
    # The older taps, the first ones of each feature, were not there
    expected = nn.functional.pad(truth.fc_out.weight.reshape(2, 2, 4), (taps - 4, 0))
    found = model.fc_out.weight.reshape(2, 2, taps)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(model.fc_out.bias, truth.fc_out.bias, atol=1e-6, rtol=0)


def test_solve_with_a_mask_is_least_squares_over_the_steps_that_count():
    generator = torch.Generator().manual_seed(0)
    model = TapFilter(taps=3, num_inputs=2, num_outputs=2, seed=0).double()
    batches, rows, answers = [], [], []
    for seed in (1, 2):
        features = sequences(steps=20, features=2, seed=seed).double()
        labels = torch.rand(20, 3, 2, generator=generator).double()
        mask = torch.rand(20, 3, generator=generator) < 0.4
        labels[~mask] = float("nan")  # what does not count may be unknown
        batches.append((features, labels, mask))
        for t, b in mask.nonzero().tolist():
            past = [features[t - k, b] if t >= k else torch.zeros(2) for k in (2, 1, 0)]
            rows.append([*torch.stack(past).T.flatten().tolist(), 1])
            answers.append(labels[t, b].tolist())
    model.solve(batches)
    expected, *_ = np.linalg.lstsq(np.array(rows), np.array(answers), rcond=None)
    found = torch.cat([model.fc_out.weight, model.fc_out.bias[:, None]], dim=1)
    np.testing.assert_allclose(found.detach().numpy(), expected.T, atol=1e-6)


def test_a_mask_that_lets_all_steps_count_changes_nothing():
    features, labels = sequences(seed=1), sequences(seed=2)
    masked, plain = (TapFilter(taps=3, seed=0) for _ in range(2))
    masked.solve([(features, labels, torch.ones(12, 3, dtype=torch.bool))])
    plain.solve([(features, labels)])
    torch.testing.assert_close(masked.fc_out.weight, plain.fc_out.weight)
    torch.testing.assert_close(masked.fc_out.bias, plain.fc_out.bias)


def test_a_layer_that_is_solved_on_all_steps_takes_no_mask():
    batch = (sequences(), sequences(), torch.ones(12, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match="not a mask as well"):
        RandomSpiking(seed=0).solve([batch])


# The random spiking layer


def test_only_the_readout_of_the_random_layer_is_learned_and_counted():
    model = RandomSpiking(hidden=20, num_outputs=2, seed=0)
    assert learned(model) == 20 * 2 + 2


def test_rates_are_spikes_smoothed_by_the_filter():
    model = RandomSpiking(hidden=9, tau=3.0, seed=0)
    features = sequences(steps=20)
    u = r = torch.zeros(3, 9)
    for x, rate in zip(features, model.rates(features), strict=True):
        u = model.lif.beta * u + model.fc_in(x) - (u > 1).float()
        r = np.exp(-1 / 3) * r + (u > 1).float()
        torch.testing.assert_close(rate, r)


@pytest.mark.parametrize("ridge", [1e-6, 1e-1])
def test_solve_finds_the_ridge_solution_whatever_the_batches(ridge):
    data = RegressionDataset(num_samples=10, seed=0)
    model = RandomSpiking(hidden=30, ridge=ridge, seed=0)
    rates = model.rates(data.features).flatten(0, 1).double().numpy()
    labels = data.labels.flatten().double().numpy()
    # An independent solution: least squares with the penalty as further rows
    strength = np.sqrt(ridge * np.square(rates).sum(axis=0).mean())
    rows = np.block([[rates, np.ones((500, 1))], [strength * np.eye(30, 31)]])
    solution, *_ = np.linalg.lstsq(rows, np.append(labels, np.zeros(30)), rcond=None)
    expected = rates @ solution[:-1] + solution[-1]
    for batch_size in (3, 10):
        model.solve(make_loader(data, batch_size))
        found = model(data.features).detach().flatten().numpy()
        np.testing.assert_allclose(found, expected, atol=2e-4)


def test_the_random_layer_solves_one_ramp_exactly_and_many_approximately():
    one = make_loader(RegressionDataset(seed=0))
    model = RandomSpiking(ridge=1e-12, seed=0)
    model.solve(one)
    assert evaluate(model, one).l1 < 1e-4
    many = make_loader(RegressionDataset(num_samples=64, seed=0), 16)
    model.solve(many)
    assert 1e-3 < evaluate(model, many).l1 < 3e-2


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


@each_solved
@pytest.mark.parametrize("shape", [(3, 12, 1), (12, 3, 2)])
def test_labels_of_another_shape_are_named_and_change_nothing(make, shape):
    model = make(seed=0)
    before = model.fc_out.weight.clone()
    with pytest.raises(ValueError, match=r"labels must have the shape \[12, 3, 1\]"):
        model.solve([(sequences(), torch.zeros(shape))])
    assert torch.equal(model.fc_out.weight, before)


@each_solved
def test_solving_without_batches_says_so(make):
    with pytest.raises(ValueError, match="at least one batch"):
        make(seed=0).solve([])


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
