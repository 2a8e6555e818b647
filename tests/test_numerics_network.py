"""Networks in JavaScript against the package."""

import numpy as np
import pytest
import torch
from node import javascript

from spikereg import RegressionDataset, SpikingRegressor, metrics
from spikereg.widgets import NetworkExplorer


def described(model):
    return [
        {
            "weight": linear.weight.T.flatten().tolist(),
            "bias": linear.bias.tolist(),
            "beta": neuron.beta.tolist(),
            "threshold": torch.as_tensor(neuron.threshold).flatten().tolist(),
            "reset": neuron.reset_mechanism,
        }
        for linear, neuron in (
            (model.fc_in, model.lif_in),
            (model.fc_hidden, model.lif_hidden),
            (model.fc_out, model.li_out),
        )
    ]


LAYERS = (
    "given.layers.map((layer) => ({...layer, weight: floats(layer.weight), "
    "bias: floats(layer.bias), beta: floats(layer.beta), "
    "threshold: floats(layer.threshold)}))"
)


def run(model, features, change="layers"):
    found = javascript(
        f"((layers) => run({change}, floats(given.features), given.features.length))"
        f"({LAYERS})",
        layers=described(model),
        features=features.flatten().tolist(),
    )
    return [
        {
            name: torch.tensor(values).view(len(features), -1)
            for name, values in layer.items()
        }
        for layer in found
    ]


def test_a_network_of_dyadic_numbers_has_the_same_bits():
    model = SpikingRegressor(48, seed=0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_((parameter * 64).round() / 64)
        for neuron in (model.lif_in, model.lif_hidden):
            neuron.threshold.copy_((neuron.threshold * 64).round() / 64)
    features = (torch.linspace(0, 1, 50) * 64).round().view(50, 1, 1) / 64
    trace = model.trace(features)
    for layer, name in zip(
        run(model, features), ("lif_in", "lif_hidden", "li_out"), strict=True
    ):
        assert torch.equal(layer["membrane"], trace.membrane[name][:, 0])
        if name in trace.spikes:
            assert torch.equal(layer["spikes"], trace.spikes[name][:, 0])
            assert layer["spikes"].any()


@pytest.mark.parametrize("seed", range(5))
def test_any_network_agrees_until_a_membrane_comes_near_its_threshold(seed):
    model = SpikingRegressor(128, seed=seed)
    features = RegressionDataset(seed=seed).features
    trace = model.trace(features)
    found = run(model, features)
    near = [
        (trace.membrane[name][:, 0] - neuron.threshold).abs().amin(dim=1) < 1e-4
        for name, neuron in (("lif_in", model.lif_in), ("lif_hidden", model.lif_hidden))
    ]
    close = torch.stack(near).any(dim=0)
    until = int(close.int().argmax()) if close.any() else len(close)
    for layer, name in zip(found, ("lif_in", "lif_hidden", "li_out"), strict=True):
        torch.testing.assert_close(
            layer["membrane"][:until],
            trace.membrane[name][:until, 0].detach(),
            atol=1e-5,
            rtol=1e-5,
        )


def test_factors_scale_decays_within_their_range_and_thresholds():
    model = SpikingRegressor(16, seed=0)
    features = RegressionDataset(seed=0).features
    found = run(model, features, "scaled(layers, [1.5, 0.5, 1], [0.5, 2, 1])")
    with torch.no_grad():
        for neuron, decay, threshold in (
            (model.lif_in, 1.5, 0.5),
            (model.lif_hidden, 0.5, 2),
        ):
            neuron.beta.mul_(decay).clamp_(0, 1)
            neuron.threshold.mul_(threshold)
    for layer, other in zip(found, run(model, features), strict=True):
        assert torch.equal(layer["membrane"], other["membrane"])


def test_the_relative_error_is_the_packages():
    prediction, target = torch.rand(
        2, 9, 1, 1, generator=torch.Generator().manual_seed(0)
    )
    found = javascript(
        "relativeError(given.prediction, given.target)",
        prediction=prediction.flatten().tolist(),
        target=target.flatten().tolist(),
    )
    expected = metrics.relative_error(prediction, target).item()
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("mode", "slope"), [("linear", None), ("sqrt", 0.3)])
@pytest.mark.parametrize("steps", [3, 50])
def test_the_error_of_a_straight_line_is_that_of_least_squares(mode, slope, steps):
    dataset = RegressionDataset(steps, mode=mode, slope=slope, seed=1)
    x, y = dataset.features.flatten(), dataset.labels.flatten()
    found = javascript(
        "lineError(given.x, given.y)",
        x=x.tolist(),
        y=y.tolist(),
    )
    columns = torch.stack([x, torch.ones(steps)], dim=1).double()
    line = columns @ torch.linalg.lstsq(columns, y.double()).solution
    expected = ((line - y).norm() / y.double().norm()).item()
    assert found == pytest.approx(expected, abs=1e-6)
    if mode == "sqrt" and steps == 50:
        assert found == pytest.approx(0.0796, abs=5e-5)


def test_a_straight_line_over_a_ramp_that_does_not_rise_has_no_error():
    assert javascript("lineError([0, 0], [0, 0])") is None  # nothing over nothing


def test_the_firing_rates_are_the_packages():
    trace = SpikingRegressor(16, seed=0).trace(RegressionDataset(seed=0).features)
    spikes = trace.spikes["lif_in"][:, 0]
    found = javascript(
        "rates(floats(given.spikes), 16)", spikes=spikes.flatten().tolist()
    )
    np.testing.assert_allclose(found, spikes.detach().mean(dim=0), rtol=1e-6)


@pytest.mark.parametrize(("mode", "slope"), [("linear", None), ("sqrt", 0.3)])
@pytest.mark.parametrize("steps", [2, 50, 333])
def test_ramp_and_curve_are_the_data_sets(mode, slope, steps):
    dataset = RegressionDataset(steps, mode=mode, slope=slope, seed=1)
    ramp, label = javascript(
        "[curve('linear', null, given.end, given.steps), "
        "curve(given.mode, given.slope, given.end, given.steps)]",
        mode=mode,
        slope=slope,
        end=dataset.features[-1].item(),
        steps=steps,
    )
    np.testing.assert_allclose(ramp, dataset.features.flatten(), rtol=1e-6)
    np.testing.assert_allclose(label, dataset.labels.flatten(), rtol=1e-6)


def test_each_of_two_networks_runs_as_in_the_package_under_the_same_factors():
    pair = {"tutorial": SpikingRegressor(32, seed=0), "other": SpikingRegressor(9)}
    dataset = RegressionDataset(seed=0)
    explorer = NetworkExplorer(pair, dataset)
    decays, thresholds = [1.4, 0.3, 0.8], [0.5, 1.7, 1]
    found = javascript(
        "((all) => [all.slice(0, 3), all.slice(3)].map((layers) => "
        "run(scaled(layers, given.decays, given.thresholds), "
        "floats(given.x), given.x.length)))"
        "(unpack(new DataView(Uint8Array.from(given.bytes).buffer), given.layers))",
        bytes=list(explorer._numbers),
        layers=explorer._layers,
        decays=decays,
        thresholds=thresholds,
        x=dataset.features.flatten().tolist(),
    )
    for model, runs in zip(pair.values(), found, strict=True):
        near = []
        with torch.no_grad():
            for (_, neuron), decay, threshold in zip(
                model.layers(), decays, thresholds, strict=True
            ):
                neuron.beta.mul_(decay).clamp_(0, 1)
                neuron.threshold.mul_(threshold)
            trace = model.trace(dataset.features)
        for name in ("lif_in", "lif_hidden"):
            gap = trace.membrane[name][:, 0] - getattr(model, name).threshold
            near.append((gap.abs() < 1e-4).any(dim=1))
        close = torch.stack(near).any(dim=0)
        until = int(close.int().argmax()) if close.any() else len(close)
        assert until > 10
        for name, layer in zip(("lif_in", "lif_hidden", "li_out"), runs, strict=True):
            shown = torch.tensor(layer["membrane"]).view(len(close), -1)[:until]
            expected = trace.membrane[name][:until, 0]
            torch.testing.assert_close(shown, expected, atol=1e-5, rtol=1e-5)


def test_layers_are_read_as_they_were_written():
    model = SpikingRegressor(8, seed=0)
    explorer = NetworkExplorer(model, RegressionDataset(seed=0))
    found = javascript(
        "unpack(new DataView(Uint8Array.from(given.bytes).buffer), given.layers)",
        bytes=list(explorer._numbers),
        layers=explorer._layers,
    )
    assert found == described(model)
