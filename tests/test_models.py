import copy
import itertools

import numpy as np
import pytest
import snntorch as snn
import torch
from small import ramps
from snntorch import surrogate
from torch import nn

from spikereg import (
    SpikingRegressor,
)

LAYERS = {
    "fc_in": nn.Linear,
    "lif_in": snn.Leaky,
    "fc_hidden": nn.Linear,
    "lif_hidden": snn.Leaky,
    "fc_out": nn.Linear,
    "li_out": snn.Leaky,
}


class StepByStep(nn.Module):
    """The tutorial's network as snnTorch's users write it: one step after another."""

    def __init__(self, hidden, num_inputs=1, num_outputs=1, miswired=False):
        super().__init__()

        def neurons(width):
            return snn.Leaky(
                torch.rand(width),
                torch.rand(width),
                spike_grad=surrogate.fast_sigmoid(25),
                learn_beta=True,
            )

        self.fc_in = nn.Linear(num_inputs, hidden)
        self.lif_in = neurons(hidden)
        self.fc_hidden = nn.Linear(hidden, hidden)
        self.lif_hidden = neurons(hidden)
        self.fc_out = nn.Linear(hidden, num_outputs)
        self.li_out = snn.Leaky(
            torch.rand(num_outputs), learn_beta=True, reset_mechanism="none"
        )
        self.miswired = miswired

    def forward(self, features):
        second = self.li_out if self.miswired else self.lif_hidden
        mem_in, mem_hidden, mem_out = (torch.zeros(0) for _ in range(3))
        record = []
        for x in features:
            spk_in, mem_in = self.lif_in(self.fc_in(x), mem_in)
            spk_hidden, mem_hidden = second(self.fc_hidden(spk_in), mem_hidden)
            _, mem_out = self.li_out(self.fc_out(spk_hidden), mem_out)
            record.append((spk_in, mem_in, spk_hidden, mem_hidden, mem_out))
        return [torch.stack(steps) for steps in zip(*record, strict=True)]


def twin_of(model, miswired=False):
    """Build the step-by-step network with the weights of ``model``."""
    hidden, num_inputs = model.fc_in.weight.shape
    twin = StepByStep(hidden, num_inputs, model.fc_out.out_features, miswired)
    twin.load_state_dict(model.state_dict())
    return twin


def dyadic(model):
    """Round to multiples of 1/64: the currents are exact in any order of summing."""
    with torch.no_grad():
        for value in itertools.chain(model.parameters(), model.buffers()):
            if value.is_floating_point():
                value.copy_((value * 64).round() / 64)
    return model


@pytest.mark.parametrize("seed", range(5))
def test_the_prediction_is_that_of_the_network_stepped_by_hand(seed):
    model = SpikingRegressor(seed=seed)
    *_, expected = twin_of(model)(ramps())
    torch.testing.assert_close(model(ramps()), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("num_inputs", "num_outputs"), [(1, 1), (3, 2)])
@pytest.mark.parametrize("seed", range(3))
def test_with_dyadic_weights_every_layer_is_equal_to_the_last_bit(
    seed, num_inputs, num_outputs
):
    model = dyadic(SpikingRegressor(32, num_inputs, num_outputs, seed))
    features = (ramps(num_inputs=num_inputs) * 64).round() / 64
    trace = model.trace(features)
    actual = [
        trace.spikes["lif_in"],
        trace.membrane["lif_in"],
        trace.spikes["lif_hidden"],
        trace.membrane["lif_hidden"],
        trace.prediction,
    ]
    for ours, theirs in zip(actual, twin_of(model)(features), strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(trace.membrane["li_out"], trace.prediction)
    assert torch.equal(model(features), trace.prediction)


@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_of_the_network_stepped_by_hand(seed):
    model = dyadic(SpikingRegressor(16, seed=seed))
    twin, features = twin_of(model), (ramps() * 64).round() / 64
    model(features).square().sum().backward()
    twin(features)[-1].square().sum().backward()
    expected = {name: p.grad for name, p in twin.named_parameters()}
    for name, parameter in model.named_parameters():
        error = (parameter.grad - expected[name]).abs().max()
        assert error <= 1e-5 * expected[name].abs().max(), name


@pytest.mark.parametrize("seed", range(5))
def test_a_hidden_layer_run_through_the_output_neuron_predicts_something_else(seed):
    model = SpikingRegressor(seed=seed)
    *_, miswired = twin_of(model, miswired=True)(ramps())
    assert (model(ramps()) - miswired).abs().max() > 1e-2


def test_a_trace_holds_spikes_and_membrane_of_every_layer():
    trace = SpikingRegressor(8, num_inputs=3, num_outputs=2, seed=0).trace(
        ramps(20, 5, 3)
    )
    wide, out = (20, 5, 8), (20, 5, 2)
    assert trace.prediction.shape == out
    shapes = {name: values.shape for name, values in trace.membrane.items()}
    assert shapes == {"lif_in": wide, "lif_hidden": wide, "li_out": out}
    shapes = {name: values.shape for name, values in trace.spikes.items()}
    assert shapes == {"lif_in": wide, "lif_hidden": wide}
    for spikes in trace.spikes.values():
        assert set(spikes.unique().tolist()) == {0, 1}


def test_samples_of_a_batch_do_not_mix():
    model, features = dyadic(SpikingRegressor(16, seed=0)), ramps()
    features = (features * 64).round() / 64
    alone = torch.cat([model(features[:, [i]]) for i in range(3)], dim=1)
    assert torch.equal(model(features), alone)


def test_the_layers_are_pytorchs_and_snntorchs():
    model = SpikingRegressor(8, seed=0)
    assert {name: type(layer) for name, layer in model.named_children()} == LAYERS
    resets = [model.get_submodule(n).reset_mechanism for n in LAYERS if "li" in n]
    assert resets == ["subtract", "subtract", "none"]


def test_weights_and_decays_are_learned_and_thresholds_are_not():
    model = SpikingRegressor(8, seed=0)
    learned = {name for name, _ in model.named_parameters()}
    linear = {f"{fc}.{p}" for fc in LAYERS if "fc" in fc for p in ("weight", "bias")}
    assert learned == linear | {"lif_in.beta", "lif_hidden.beta", "li_out.beta"}
    model(ramps()).sum().backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    assert all(gradient.abs().sum() > 0 for gradient in gradients.values())


@pytest.mark.parametrize("values", ["lif_in.beta", "lif_hidden.threshold"])
@pytest.mark.parametrize("seed", [0, 1])
def test_decays_and_thresholds_are_drawn_uniformly_one_for_each_neuron(values, seed):
    model = SpikingRegressor(2000, seed=seed)
    assert model.state_dict()[values].shape == (2000,)
    quantiles = torch.linspace(0, 1, 11)
    drawn = model.state_dict()[values].quantile(quantiles)
    torch.testing.assert_close(drawn, quantiles, atol=0.04, rtol=0)


def test_no_two_layers_share_their_draws():
    state = SpikingRegressor(50, num_outputs=50, seed=0).state_dict()
    drawn = [state[f"{layer}.beta"] for layer in ("lif_in", "lif_hidden", "li_out")]
    drawn += [state[f"{layer}.threshold"] for layer in ("lif_in", "lif_hidden")]
    assert len(torch.cat(drawn).unique()) == 250


def test_weights_and_biases_are_drawn_as_pytorch_draws_them():
    ours = SpikingRegressor(500, num_inputs=9, num_outputs=400, seed=0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pytorchs = nn.Linear(9, 500)
    for layer in (ours.fc_in, ours.fc_hidden, ours.fc_out, pytorchs):
        for parameter in (layer.weight, layer.bias):
            drawn = parameter.detach().flatten() * layer.in_features**0.5
            assert -1 <= drawn.min() < drawn.max() <= 1
            quantiles = drawn.quantile(torch.linspace(0, 1, 11))
            uniform = torch.linspace(-1, 1, 11)
            torch.testing.assert_close(quantiles, uniform, atol=0.15, rtol=0)


def test_a_model_is_reproduced_by_its_seed_alone():
    def weights(seed, of_the_world):
        torch.manual_seed(of_the_world)
        return nn.utils.parameters_to_vector(
            SpikingRegressor(4, seed=seed).parameters()
        )

    assert torch.equal(weights(0, of_the_world=1), weights(0, of_the_world=2))
    assert not torch.equal(weights(0, of_the_world=1), weights(1, of_the_world=1))
    assert not torch.equal(weights(None, of_the_world=1), weights(None, of_the_world=1))


@pytest.mark.usefixtures("global_rng_stays")
@pytest.mark.parametrize("seed", [None, 0])
def test_the_global_generators_are_not_moved(seed):
    SpikingRegressor(4, seed=seed)(ramps())


def test_a_model_can_be_copied_and_restored_while_its_graph_lives():
    model = SpikingRegressor(8, seed=0)
    expected = model(ramps())
    restored = SpikingRegressor(8, seed=1)
    restored.load_state_dict(model.state_dict())
    for twin in (copy.deepcopy(model), restored):
        assert torch.equal(twin(ramps()), expected)


def test_the_state_dict_survives_a_file(tmp_path):
    model = SpikingRegressor(8, seed=0)
    torch.save(model.state_dict(), tmp_path / "model.pt")
    restored = SpikingRegressor(8, seed=1)
    restored.load_state_dict(torch.load(tmp_path / "model.pt"))
    assert torch.equal(restored(ramps()), model(ramps()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_a_converted_model_predicts_in_its_data_type(dtype):
    model = SpikingRegressor(8, seed=0).to(dtype)
    assert model(ramps().to(dtype)).dtype == dtype


def test_hooks_of_a_linear_layer_are_called():
    model, seen = SpikingRegressor(8, seed=0), []
    expected, plain = model(ramps()), model.fc_hidden
    plain.register_forward_hook(lambda *_: seen.append("called"))
    torch.testing.assert_close(model(ramps()), expected)
    assert seen == ["called"]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("width", ["hidden", "num_inputs", "num_outputs"])
@pytest.mark.parametrize("value", [0, -1, 2.0, True, "8", None])
def test_a_bad_width_is_named_with_its_value(width, value):
    with pytest.raises(ValueError, match=f"{width} must be .* not {value!r}"):
        SpikingRegressor(**{width: value})


@pytest.mark.usefixtures("unchecked")
def test_widths_may_be_numpys():
    assert SpikingRegressor(np.int64(4)).fc_hidden.weight.shape == (4, 4)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("seed", [0.5, -1, True, "now"])
def test_a_bad_seed_is_named_with_its_value(seed):
    with pytest.raises(ValueError, match=f"seed must be .* not {seed!r}"):
        SpikingRegressor(4, seed=seed)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        (torch.zeros(50), ValueError, r"F = 2, not \[50\]"),
        (torch.zeros(50, 2), ValueError, r"F = 2, not \[50, 2\]"),
        (torch.zeros(50, 3, 1), ValueError, r"F = 2, not \[50, 3, 1\]"),
        (torch.zeros(50, 3, 2, 2), ValueError, r"F = 2, not \[50, 3, 2, 2\]"),
        (torch.zeros(0, 3, 2), ValueError, r"one time step, not \[0, 3, 8\]"),
        (np.zeros((50, 3, 2)), TypeError, "torch.Tensor, not ndarray"),
        ([[[0.0, 0.0]]], TypeError, "torch.Tensor, not list"),
    ],
)
def test_bad_features_are_named_with_what_was_passed(features, error, message):
    model = SpikingRegressor(8, num_inputs=2, seed=0)
    for run in (model, model.trace):
        with pytest.raises(error, match=message):
            run(features)
