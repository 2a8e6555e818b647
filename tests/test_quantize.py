"""Copies in fixed point: what they keep, how they train, and what has none."""

import math

import pytest
import snntorch as snn
import torch
from torch import nn

from spikereg import SpikingRegressor, evaluate, fit, initialize, make_loader
from spikereg.baselines import RateNetwork, Recurrent, ReLUNetwork, TapFilter
from spikereg.quantize import quantize
from spikereg.tanks import TankDataset

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

TANKS = TankDataset(30, 48, seed=0)


def network(seed=0, hidden=12, **options):
    return SpikingRegressor(hidden, seed=seed, **options)


MODELS = {
    "lif": network,
    "spikes": lambda: network(readout="spikes"),
    "dendrites": lambda: network(readout="dendrites"),
    "recurrent": lambda: network(neuron="recurrent"),
    "resonator": lambda: network(neuron="resonator"),
    "rate": lambda: RateNetwork(12, seed=0),
    "rate, dendrites": lambda: RateNetwork(12, seed=0, dendrites=4),
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


@pytest.mark.parametrize("name", ["lif", "rate", "relu", "lstm"])
def test_more_bits_are_nearer(name):
    model, features = MODELS[name](), TANKS.features
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
    again = quantize(model, TANKS.features / 9, 4, 6)  # with other places
    assert again.fc_in.inputs.shift != made.fc_in.inputs.shift
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
@pytest.mark.parametrize(
    "name", ["weight_bits", "state_bits", "input_bits", "decay_bits"]
)
def test_bits_are_between_2_and_16(name, bits):
    with pytest.raises(ValueError, match=rf"{name}.* not {bits}"):
        quantize(network(), TANKS.features, **{name: bits})


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"reset_delay": False}, "reset_delay=False"),
        ({"state_quant": torch.round}, "state_quant"),
        ({"graded_spikes_factor": 2.0}, "graded_spikes_factor"),
    ],
)
def test_options_that_a_step_does_not_have_are_refused_by_name(options, name):
    model = network()
    model.lif_hidden = snn.Leaky(0.5, **options)
    with pytest.raises(ValueError, match=f"without {name}"):
        quantize(model, TANKS.features)


def test_bad_weights_and_features_are_refused():
    model = network()
    with pytest.raises(ValueError, match=r"empty, as \[3, 0, 1\] is"):
        quantize(model, torch.ones(3, 0, 1))
    with pytest.raises(ValueError, match="features must be finite, not nan"):
        quantize(model, torch.full((3, 2, 1), math.nan))
    with pytest.raises(ValueError, match=r"\[T, B, F\]"):
        quantize(model, torch.ones(3, 2, 5))
    nn.init.constant_(model.fc_in.weight, float("nan"))
    with pytest.raises(ValueError, match="finite"):
        quantize(model, TANKS.features)
