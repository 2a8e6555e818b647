"""Networks in fixed point: whole numbers give the same spikes."""

import numpy as np
import pytest
import torch
from torch import nn

from spikereg import SpikingRegressor, evaluate, fit, initialize, make_loader
from spikereg._fixed import Fixed
from spikereg.baselines import Recurrent, ReLUNetwork, TapFilter
from spikereg.quantize import quantize
from spikereg.tanks import TankDataset

TANKS = TankDataset(50, 64, seed=0)


def network(seed=0, hidden=12, **options):
    return SpikingRegressor(hidden, seed=seed, **options)


def whole(values, part):
    """Return what a part has rounded as whole numbers; they are such."""
    numbers = part(values.detach()).double() * 2.0**part.shift
    assert (numbers == numbers.round()).all()
    assert part.low <= numbers.min() <= numbers.max() <= part.high
    return numbers.numpy().astype(np.int64)


def halves_to_even(numbers, shift):
    """Divide whole numbers by 2 ** shift, and round as IEEE does."""
    floor = numbers >> shift
    rest = numbers - (floor << shift)
    half = 1 << shift >> 1
    up = (rest > half) | ((rest == half) & (floor % 2 == 1)) if shift else rest > 0
    return floor + up


def in_integers(model, features):
    """Run a LIF network in 64-bit integers: add, shift, compare."""
    places = model.fc_in.inputs.shift
    signal = whole(features, model.fc_in.inputs)
    spikes, membranes = {}, {}
    names = ("lif_in", "lif_hidden", "li_out")
    for name, (fc, lif) in zip(names, model.layers(), strict=True):
        grid, bits = lif.membrane.shift, lif.decay.shift
        weight, bias = whole(fc.weight, fc.weights), whole(fc.bias, fc.biases)
        theta = whole(lif.threshold.expand(len(weight)), lif.membrane)
        decay = whole(lif.beta.detach().expand(len(weight)), lif.decay)
        fine = max(bits + grid, fc.weights.shift + places, fc.biases.shift, grid)
        u = np.zeros((*signal.shape[1:-1], len(weight)), np.int64)
        fired, potentials = [], []
        for x in signal:
            total = (u * decay) << fine - bits - grid
            total += (x @ weight.T) << fine - fc.weights.shift - places
            total += bias << fine - fc.biases.shift
            if lif.reset_mechanism == "subtract":
                total -= ((u > theta) * theta) << fine - grid
            u = halves_to_even(total, fine - grid)
            u = u.clip(lif.membrane.low, lif.membrane.high)
            fired.append(u > theta)
            potentials.append(u)
        signal, places = np.stack(fired).astype(np.int64), 0
        spikes[name] = signal
        membranes[name] = np.stack(potentials) * 2.0**-grid
    return spikes, membranes


@pytest.mark.parametrize(
    ("bits", "dtype"),
    [
        ((8, 8), torch.float32),
        ((6, 6), torch.float32),
        ((4, 4), torch.float32),
        ((4, 16), torch.float32),
        ((16, 4), torch.float64),
        ((16, 16), torch.float64),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_whole_numbers_give_the_same_spikes_and_membranes(bits, dtype, seed):
    features = TANKS.features.to(dtype)
    model = quantize(network(seed).to(dtype), features, *bits)
    with torch.no_grad():
        trace = model.trace(features)
    spikes, membranes = in_integers(model, features)
    for name, each in trace.spikes.items():
        assert 0.02 < each.mean() < 0.98
        assert (each.numpy() == spikes[name]).all()
    for name, each in trace.membrane.items():
        assert (each.double().numpy() == membranes[name]).all()


def test_a_number_becomes_the_nearest_on_the_grid_and_saturates():
    fixed = Fixed(4)
    fixed.shift = 2
    values = torch.tensor([0.3, 0.124, 0.375, -0.625, 1.7, 1.9, 50.0, -2.0, -2.3])
    expected = torch.tensor([0.25, 0.0, 0.5, -0.5, 1.75, 1.75, 1.75, -2.0, -2.0])
    assert torch.equal(fixed(values), expected)


def test_gradients_pass_the_rounding_but_not_a_saturated_number():
    fixed = Fixed(4)
    fixed.shift = 2
    values = torch.tensor([0.3, -1.1, 3.0, -3.0], requires_grad=True)
    fixed(values).sum().backward()
    assert values.grad.tolist() == [1, 1, 0, 0]


MODELS = {
    "lif": network,
    "spikes": lambda: network(readout="spikes"),
    "dendrites": lambda: network(readout="dendrites"),
    "recurrent": lambda: network(neuron="recurrent"),
    "resonator": lambda: network(neuron="resonator"),
    "relu": lambda: ReLUNetwork(12, seed=0),
    "lstm": lambda: Recurrent("lstm", 6, seed=0),
}
each_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


@each_model
def test_the_model_stays_as_it_was_and_the_copy_is_on_the_grid(make):
    model, features = make(), TANKS.features
    before = {name: each.clone() for name, each in model.state_dict().items()}
    drawn = torch.random.get_rng_state()
    with torch.no_grad():
        answer = model(features)
        made = quantize(model, features)
        rounded = made(features)
        assert torch.equal(model(features), answer)
    assert torch.equal(torch.random.get_rng_state(), drawn)
    assert all(torch.equal(each, before[n]) for n, each in model.state_dict().items())
    assert not torch.equal(rounded, answer)
    values = rounded.unique()
    assert len(values) <= 256


@pytest.mark.parametrize("make", [MODELS["lif"], MODELS["relu"], MODELS["lstm"]])
def test_more_bits_are_nearer(make):
    model, features = make(), TANKS.features
    with torch.no_grad():
        answer = model(features)
        changes = [
            (quantize(model, features, bits, bits)(features) - answer).norm()
            for bits in (4, 8, 16)
        ]
    assert changes[0] > 2 * changes[1] > 4 * changes[2] > 0


def test_a_copy_can_be_trained_on_and_kept():
    loader = make_loader(TANKS, 16, seed=0)
    model = network(recipe="accurate", memory=30.0)
    initialize(model, loader, seed=0)
    fit(model, loader, 20, 1e-2, recipe="accurate", progress=False)
    made = quantize(model, TANKS.features, 4, 6)
    before = evaluate(made, loader).mse
    fit(made, loader, 10, 1e-3, recipe="accurate", progress=False)
    assert evaluate(made, loader).mse < 0.9 * before
    again = quantize(model, TANKS.features, 4, 6)
    again.load_state_dict(made.state_dict())
    assert torch.equal(again(TANKS.features), made(TANKS.features))


def test_a_layer_of_zeros_stays_one():
    model = network()
    nn.init.zeros_(model.fc_hidden.weight)
    made = quantize(model, TANKS.features)
    assert not made.fc_hidden.weights(made.fc_hidden.weight).any()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (TapFilter(4), "not TapFilter"),
        (nn.Linear(1, 1), "not Linear"),
        (Recurrent("gru", 4, seed=0), "not Recurrent"),
        (network(neuron="adaptive"), "not AdaptiveLeaky"),
        (network(neuron="lstm"), "not SpikingLSTM"),
        (quantize(network(), TANKS.features), "not of FixedLinear"),
    ],
)
def test_what_has_no_fixed_point_is_refused_by_name(model, message):
    with pytest.raises(TypeError, match=message):
        quantize(model, TANKS.features)


@pytest.mark.parametrize("bits", [1, 0, -8, 17])
@pytest.mark.parametrize("name", ["weight_bits", "state_bits", "input_bits"])
def test_bits_are_between_2_and_16(name, bits):
    with pytest.raises(ValueError, match=rf"{name}.* not {bits}"):
        quantize(network(), TANKS.features, **{name: bits})


def test_bad_weights_and_features_are_refused():
    model = network()
    with pytest.raises(ValueError, match=r"\[T, B, F\]"):
        quantize(model, torch.ones(3, 2, 5))
    nn.init.constant_(model.fc_in.weight, float("nan"))
    with pytest.raises(ValueError, match="finite"):
        quantize(model, TANKS.features)
