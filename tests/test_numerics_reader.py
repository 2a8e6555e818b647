"""The digit reader's numerics in JavaScript against the package."""

import numpy as np
import pytest
import snntorch as snn
import torch
from node import javascript
from snntorch import surrogate

from spikereg import AdaptiveLeaky, SpikingRegressor, scan
from spikereg.widgets import DigitReader

RESETS = ["subtract", "zero", "none"]


def dyadic(tensor):
    return (tensor * 64).round() / 64


def floats(values):
    return torch.tensor(values, dtype=torch.float32)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# Neurons


def walked(kind, current, neurons, reset="zero"):
    """Run neurons in JavaScript, and return spikes and membranes, both ``[T, N]``."""
    found = javascript(
        f"((n) => {kind}(floats(given.current), {{...n, reset: given.reset, "
        "parameters: n.parameters.map(floats), fed: n.fed && "
        "{weight: floats(n.fed.weight), bias: floats(n.fed.bias)}}))(given.neurons)",
        current=current.flatten().tolist(),
        neurons=neurons,
        reset=reset,
    )
    shape = len(current), -1
    return [floats(found[name]).view(shape) for name in ("spikes", "membrane")]


def assert_same_bits(found, neuron, current, least=0.05):
    with torch.no_grad():
        expected = scan(neuron, current[:, None])
    for mine, theirs in zip(found, expected, strict=True):
        assert torch.equal(mine, theirs[:, 0])
    assert least < found[0].mean() < 0.9


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("everywhere", [True, False])
def test_recurrent_neurons_have_the_same_bits_as_scan(reset, everywhere):
    rng = generator()
    beta = torch.rand(40, generator=rng) * 1.4 - 0.2  # clamped to [0, 1]
    neuron = snn.RLeaky(
        beta=beta,
        # Some fire at the start, at a membrane of 0.
        threshold=torch.rand(40, generator=rng) - 0.1,
        all_to_all=everywhere,
        linear_features=40 if everywhere else None,
        V=torch.randn(40, generator=rng),
        reset_mechanism=reset,
    )
    if everywhere:
        with torch.no_grad():
            for parameter in neuron.recurrent.parameters():
                parameter.copy_(dyadic(parameter))
        weight, bias = neuron.recurrent.weight, neuron.recurrent.bias
        fed = {"weight": weight.T.flatten().tolist(), "bias": bias.tolist()}
    else:
        fed = {"weight": neuron.recurrent.V.tolist(), "bias": [0] * 40}
    parameters = [beta.clamp(0, 1).tolist(), neuron.threshold.tolist()]
    # Sums of numbers on a grid are exact, whatever their order.
    current = dyadic(torch.randn(60, 40, generator=rng) / 2)
    found = walked("recurrent", current, {"parameters": parameters, "fed": fed}, reset)
    assert_same_bits(found, neuron, current)


def adaptive(width, recurrent, seed=0, threshold=0.2):
    rng = generator(seed)
    neuron = AdaptiveLeaky(width, recurrent=recurrent, threshold=threshold, seed=seed)
    with torch.no_grad():
        neuron.threshold.copy_(torch.rand(width, generator=rng) * 0.3 - 0.02)
        if recurrent:
            weight = neuron.recurrent.weight
            weight.copy_(dyadic(10 * weight))
        for name in ("alpha", "beta", "a", "b"):
            parameter = getattr(neuron, name)
            # Cubes have more digits than what is drawn.
            parameter.copy_(torch.rand(width, generator=rng) ** 3)
            # Beyond what they are clamped to
            parameter[0], parameter[1] = -0.5, 3.0
    return neuron


@pytest.mark.parametrize("recurrent", [True, False])
def test_adaptive_neurons_have_the_same_bits_as_scan(recurrent):
    neuron = adaptive(40, recurrent)
    model = SpikingRegressor(40, 8, 10, seed=0, neuron="adaptive")
    model.lif_in = neuron
    reader = DigitReader(model, torch.zeros(1, 8, 8), [0])
    # The very numbers that the page gets
    numbers = torch.frombuffer(bytearray(reader._numbers), dtype=torch.float32)
    _, _, parameters, weight, _ = numbers.split(
        [8 * 40, 40, 5 * 40, 1600 * recurrent, len(numbers) - 560 - 1600 * recurrent]
    )
    fed = {"weight": weight.view(-1, 40).T.flatten().tolist(), "bias": [0] * 40}
    current = dyadic(2 * torch.randn(60, 40, generator=generator(1)))
    found = walked(
        "adaptive",
        current,
        {
            "parameters": parameters.view(5, 40).tolist(),
            "fed": fed if recurrent else None,
        },
    )
    assert_same_bits(found, neuron, current)


# Networks


def network(kind, seed=0, hidden=32, loud=3.0):
    """Make a network with numbers such as training leaves."""
    model = SpikingRegressor(
        hidden, 8, 10, seed=seed, neuron=kind, spike_grad=surrogate.fast_sigmoid(3)
    )
    with torch.no_grad():
        for linear, _ in model.layers():
            linear.weight.mul_(loud)
    return model


def images(count, seed=0):
    """Make images as the data set has them: sixteenths, many of them 0."""
    grey = torch.randint(-12, 17, (count, 8, 8), generator=generator(seed))
    return grey.clamp(min=0) / 16


def shown(image, repeat, blank):
    rows = image.repeat_interleave(repeat, dim=0)
    return torch.cat([rows, torch.zeros(blank, 8)])[:, None]


UNPACKED = (
    "unpackReader(new DataView(Uint8Array.from(given.bytes).buffer), given.shapes, "
    "given.count)"
)


def read(reader, recurrence=1.0):
    """Let JavaScript read all samples as the page does."""
    task = reader._task
    return javascript(
        f"(({{stages, images}}) => {{const {{repeat, blank}} = given.task;"
        "const steps = 8 * repeat + blank;"
        "return images.map((image) => {"
        "const features = shownOver(image, repeat, blank);"
        "const runs = runStages(strengthened(stages, given.recurrence), features, "
        "steps); return {features, runs, "
        "said: decided(runs[2].membrane, blank ? 8 * repeat : 0)};"
        f"}})}})({UNPACKED})",
        bytes=list(reader._numbers),
        shapes=reader._shapes,
        count=len(task["labels"]),
        task=task,
        recurrence=recurrence,
    )


KINDS = ["lif", "recurrent", "adaptive"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_on_a_grid_has_the_same_spikes_and_membranes(kind):
    model, samples = network(kind), images(3)
    with torch.no_grad():
        for linear, neuron in model.layers():
            for parameter in (linear.weight, linear.bias, neuron.threshold):
                parameter.copy_(dyadic(parameter))
        if kind != "lif":
            for neuron in (model.lif_in, model.lif_hidden):
                for parameter in neuron.recurrent.parameters():
                    parameter.copy_(dyadic(4 * parameter))
    reader = DigitReader(model, samples, [0, 1, 2], repeat=3, blank=5)
    found = read(reader)[2]
    features = shown(samples[2], 3, 5)
    assert found["features"] == features.flatten().tolist()
    with torch.no_grad():
        trace = model.trace(features)
    for run, name in zip(found["runs"], trace.membrane, strict=True):
        membrane = floats(run["membrane"]).view(29, -1)
        assert torch.equal(membrane, trace.membrane[name][:, 0])
        if name in trace.spikes:
            spikes = floats(run["spikes"]).view(29, -1)
            assert torch.equal(spikes, trace.spikes[name][:, 0])
            assert 0.02 < spikes.mean() < 0.9
    means = trace.prediction[-5:, 0].mean(dim=0)
    np.testing.assert_allclose(found["said"]["means"], means, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("recurrence", [0.0, 0.35, 1.0, 2.0])
@pytest.mark.parametrize("kind", KINDS)
def test_any_network_decides_as_the_packages(kind, recurrence):
    samples = images(6, seed=3)
    for seed in range(2):
        model = network(kind, seed, hidden=64)
        reader = DigitReader(model, samples, range(6))
        if kind != "lif":
            with torch.no_grad():
                for neuron in (model.lif_in, model.lif_hidden):
                    neuron.recurrent.weight.mul_(recurrence)
        found = read(reader, recurrence)
        for image, run in zip(samples, found, strict=True):
            with torch.no_grad():
                means = model(shown(image, 2, 8))[-8:, 0].mean(dim=0)
            said = run["said"]
            (first, second), order = means.topk(2)
            assert first - second > 1e-4, "choose another seed"
            assert [said["first"], said["second"]] == order.tolist()
            assert said["margin"] == pytest.approx((first - second).item(), abs=1e-3)
            np.testing.assert_allclose(said["means"], means, atol=1e-3)


def test_one_to_one_and_missing_biases_reach_the_page():
    model = network("recurrent")
    for name in ("lif_in", "lif_hidden"):
        beta = getattr(model, name).beta.detach()
        V = torch.linspace(-1, 1, 32)
        neuron = snn.RLeaky(beta=beta, threshold=0.5, all_to_all=False, V=V)
        setattr(model, name, neuron)
    model.lif_hidden.recurrent.V = torch.nn.Parameter(torch.tensor(0.5))
    model.fc_in.bias = None
    reader = DigitReader(model, images(1), [4])
    assert [layer["fed"] for layer in reader._shapes] == ["own", "own", ""]
    with torch.no_grad():
        trace = model.trace(shown(images(1)[0], 2, 8))
    (found,) = read(reader)
    assert found["said"]["first"] == trace.prediction[-8:, 0].mean(dim=0).argmax()
    rates = [s.mean().item() for s in trace.spikes.values()]
    expected = [np.mean(run["spikes"]) for run in found["runs"][:2]]
    assert rates == pytest.approx(expected, abs=2e-3)
    # A page that left the recurrence out would say something else.
    (without,) = read(reader, recurrence=0.0)
    assert without["runs"][0]["spikes"] != found["runs"][0]["spikes"]


def test_layers_and_images_are_read_as_they_were_written():
    model, samples = network("recurrent", hidden=9), images(2)
    reader = DigitReader(model, samples, [3, 4])
    found = javascript(
        UNPACKED, bytes=list(reader._numbers), shapes=reader._shapes, count=2
    )
    assert found["images"] == samples.flatten(1).tolist()
    for stage, (linear, neuron) in zip(found["stages"], model.layers(), strict=True):
        assert stage["weight"] == linear.weight.T.flatten().tolist()
        assert stage["bias"] == linear.bias.tolist()
        threshold = torch.as_tensor(neuron.threshold).expand(linear.out_features)
        assert stage["parameters"] == [neuron.beta.tolist(), threshold.tolist()]
        if isinstance(neuron, snn.RLeaky):
            recurrent = neuron.recurrent
            assert stage["fed"] == {
                "weight": recurrent.weight.T.flatten().tolist(),
                "bias": recurrent.bias.tolist(),
            }
        else:
            assert stage["fed"] is None


# What is decided


def test_the_answer_is_the_largest_mean_of_the_steps_that_count():
    membrane = torch.zeros(6, 10)
    membrane[:4, 2] = 9.0  # before the blank steps
    membrane[4:, 7] = torch.tensor([0.5, 1.0])
    membrane[4:, 3] = 0.5
    membrane[4:, 1] = -1.0
    values = membrane.flatten().tolist()
    found = javascript("[4, 0].map((t) => decided(floats(given.v), t))", v=values)
    late, all_steps = found
    assert late["means"] == [0, -1, 0, 0.5, 0, 0, 0, 0.75, 0, 0]
    assert (late["first"], late["second"], late["margin"]) == (7, 3, 0.25)
    assert (all_steps["first"], all_steps["second"]) == (2, 7)
    assert all_steps["margin"] == pytest.approx(6 - 0.25)


def test_a_rate_is_spikes_per_neuron_and_step():
    assert javascript("rateOf(floats([1, 0, 0, 1, 1, 0, 0, 0]))") == 3 / 8


# Axes


def test_an_axis_has_room_for_all_values_and_for_0_and_1():
    cases = [
        (["0.2", "0.4"], [-0.5, 1]),
        (["-0.6", "2.03"], [-1, 2.5]),
        (["-0.5", "1.5"], [-0.5, 1.5]),
        (["NaN", "3", "Infinity"], [-0.5, 3]),
    ]
    found = javascript(
        "given.all.map((values) => roomAround(values.map(Number), 0.5))",
        all=[values for values, _ in cases],
    )
    assert found == [expected for _, expected in cases]
