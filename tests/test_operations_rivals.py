"""Operations of networks without spiking layers, and of solved ones, against loops."""

import math

import pytest
import torch
from chip import LSTM, Chip, Leaky, Population, Rotation, logistic, numbers, scaled
from torch import nn

from spikereg import DelayedSpikes, RegressionDataset, SpikingFilter, make_loader
from spikereg.baselines import (
    LinearFilter,
    RateNetwork,
    Recurrent,
    ReLUNetwork,
    ResonantFilter,
    TapFilter,
)
from spikereg.operations import Operations, count

# Steps, sequences, features, units, outputs
T, B, F, H, OUT = 9, 2, 2, 5, 2

both = pytest.mark.parametrize("skip_zeros", [True, False])


@torch.no_grad()
def thinned(model):
    """Set some weights to 0."""
    generator = torch.Generator().manual_seed(0)
    for parameter in model.double().parameters():
        if parameter.ndim == 2:
            parameter[torch.rand(parameter.shape, generator=generator) < 0.3] = 0
    return model


def features(width=F):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(T, B, width, generator=generator, dtype=torch.float64)


def check(model, x, start, skip_zeros, names):
    """Run a model by hand, sequence by sequence, and compare counts and predictions.

    ``start(chip)`` begins a sequence: it gives a function of the inputs of a step.
    """
    chip, said = Chip(skip_zeros), []
    for b in range(x.shape[1]):
        step = start(chip)
        said.append([step(row) for row in x[:, b].tolist()])
    prediction = torch.tensor(said).transpose(0, 1).double()
    torch.testing.assert_close(prediction, model(x))
    counts = count(model, x, skip_zeros=skip_zeros)
    assert [*counts] == names
    assert counts == chip.counts(names)


def through(chip, name, linear, inputs, gain=None, *, real=True):
    """Let inputs through a linear layer whose weights hold factors for its outputs."""
    weight, bias = scaled(linear, gain or [1.0] * linear.out_features)
    sums = chip.synapses(name, weight, inputs, real=real)
    return [s + b for s, b in zip(sums, bias, strict=True)]


@both
@pytest.mark.parametrize("whole", [True, False])
def test_rectified_units(skip_zeros, whole):
    network = thinned(ReLUNetwork(H, F, OUT, seed=0))
    model = network if whole else network.layers
    names = [f"{'layers.' * whole}{n}" for n in (0, 2, 4)]

    def start(chip):
        def step(x):
            for n, name in zip((0, 2, 4), names, strict=True):
                x = through(chip, name, network.layers[n], x)
                x = [max(u, 0.0) for u in x] if n < 4 else x
            return x

        return step

    check(model, features(), start, skip_zeros, names)


def test_a_linear_layer_alone_and_one_that_is_used_twice():
    one, x = nn.Linear(2, 2), torch.ones(3, 4, 2)
    assert count(one, 0.5 * x) == {"linear": Operations(0, 48, 48)}
    twice = nn.Sequential(one, nn.Sequential(nn.ReLU(), one))
    nn.init.ones_(one.weight)
    assert count(twice, 0.5 * x) == {"0": Operations(0, 96, 96)}


class GRU:
    """A step of a unit; its currents come apart, from inputs and from itself."""

    states, gates, theta = 1, 6, None

    def step(self, chip, name, n, current, h):
        r, z, n_in, r_own, z_own, n_own = current
        r = chip.exponential(name, logistic, r + r_own)
        z = chip.exponential(name, logistic, z + z_own)
        new = chip.exponential(name, math.tanh, n_in + chip.times(name, r, n_own))
        return (chip.keep(name, new + chip.times(name, z, h - new)),)


def matrix(weight, bias):
    linear = nn.Linear(weight.shape[1], weight.shape[0])
    linear.weight, linear.bias = weight, bias
    return linear


@both
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_recurrent_cells(skip_zeros, kind):
    model = thinned(Recurrent(kind, H, F, OUT, seed=0))
    layer = model.recurrent
    into = matrix(layer.weight_ih_l0, layer.bias_ih_l0)
    back = matrix(layer.weight_hh_l0, layer.bias_hh_l0)

    def start(chip):
        cells = Population(chip, "recurrent", LSTM() if kind == "lstm" else GRU(), H)

        def step(x):
            currents = through(chip, "recurrent", into, x)
            own = through(chip, "recurrent", back, cells.membrane)
            if kind == "lstm":
                currents = [i + v for i, v in zip(currents, own, strict=True)]
            else:
                currents = currents + own
            cells.advance(currents)
            return through(chip, "fc_out", model.fc_out, cells.membrane)

        return step

    check(model, features(), start, skip_zeros, ["recurrent", "fc_out"])


@both
@pytest.mark.parametrize("dendrites", [0, 3])
def test_rate_neurons(skip_zeros, dendrites):
    model = thinned(RateNetwork(H, F, OUT, seed=0, dendrites=dendrites))
    names = ["li_in", "li_hidden", "li_out"]

    def start(chip):
        neurons = [Leaky(each, H) for each in (model.li_in, model.li_hidden)]
        if dendrites:
            poles = model.li_out.poles
            neurons.append(Rotation(poles, dendrites, dendrite=True))
        else:
            neurons.append(Leaky(model.li_out, OUT))
        linears = model.fc_in, model.fc_hidden, model.fc_out
        layers = [
            Population(chip, name, each, linear.out_features)
            for name, each, linear in zip(names, neurons, linears, strict=True)
        ]

        def step(x):
            for layer, linear in zip(layers, linears, strict=True):
                x = through(chip, layer.name, linear, x, layer.neurons.gain)
                layer.advance(x)
                x = [max(u, 0.0) for u in layer.membrane]
            if not dendrites:
                return layer.membrane
            real, imaginary = ([s[k] for s in layer.state] for k in (1, 0))
            return through(chip, "li_out", model.li_out.fc, [*real, *imaginary])

        return step

    check(model, features(), start, skip_zeros, names)


@both
def test_linear_filter(skip_zeros):
    model = thinned(LinearFilter(H, F, OUT, seed=0))

    def start(chip):
        neurons = Leaky(model.filter, H)
        gain = [1 - b for b in neurons.beta]
        layer = Population(chip, "filter", neurons, H)

        def step(x):
            layer.advance(through(chip, "filter", model.fc_in, x, gain))
            return through(chip, "fc_out", model.fc_out, layer.membrane)

        return step

    check(model, features(), start, skip_zeros, ["filter", "fc_out"])


def oscillating(chip, poles, linear):
    """Start oscillators without a gain, whose readout holds it."""
    layer = Population(chip, "filter", Rotation(poles, poles.width), poles.width)
    gain = (1 - poles.beta).repeat(2)[None]
    extra = linear.in_features - gain.shape[1]
    gain = torch.cat([gain, torch.ones(1, extra).double()], dim=1)
    readout = matrix(nn.Parameter(linear.weight * gain), linear.bias)

    def step(driven, late=()):
        layer.advance(driven)
        real, imaginary = ([s[k] for s in layer.state] for k in (1, 0))
        return through(chip, "fc_out", readout, [*real, *imaginary, *late])

    return step


@both
def test_resonant_filter(skip_zeros):
    model = thinned(ResonantFilter(3, F, OUT, seed=0))

    def start(chip):
        step = oscillating(chip, model.filter.poles, model.filter.fc)
        return lambda x: step([value for value in x for _ in range(3)])

    check(model, features(), start, skip_zeros, ["filter", "fc_out"])


class Line:
    """A delay line, which holds the last values."""

    def __init__(self, chip, width, length):
        self.chip, self.held = chip, [[0.0] * width] * length

    def push(self, values):
        """Take values in, and give all that are held."""
        if self.held:
            values = [self.chip.keep("delays", value) for value in values]
        self.held = [values, *self.held][: len(self.held)]
        return self.held


@both
@pytest.mark.parametrize("taps", [1, 4])
def test_tap_filter(skip_zeros, taps):
    model = thinned(TapFilter(taps, F, OUT, seed=0))

    def start(chip):
        line = Line(chip, F, taps - 1)

        def step(x):
            seen = [x, *line.held][::-1]  # of each feature the oldest comes first
            line.push(x)
            seen = [value for one in zip(*seen, strict=True) for value in one]
            return through(chip, "fc_out", model.fc_out, seen)

        return step

    check(model, features(), start, skip_zeros, ["delays", "fc_out"])


def measuring(chip, model):
    """Start neurons that have no memory."""
    width = model.fc_in.out_features
    layer = Population(chip, "lif", Leaky(model.lif, width), width)

    def step(x):
        layer.advance(through(chip, "lif", model.fc_in, x))
        return layer.spikes

    return step


def solved(model):
    data = make_loader(RegressionDataset(30, 4, seed=0), batch_size=2)
    if isinstance(model, SpikingFilter):
        model.measure(data)
    model.solve(data)
    return model.double()


@both
@pytest.mark.parametrize("taps", [0, 2])
def test_spiking_filter(skip_zeros, taps):
    model = solved(
        SpikingFilter(6, taps=taps, taus=(2.0, 5.0), periods=(math.inf, 8.0))
    )
    folded = nn.Linear(len(model.mix), 1)
    folded.weight = nn.Parameter(model.fc_out.weight @ model.mix.T)
    folded.bias = nn.Parameter(model.fc_out.bias - folded.weight @ model.mean)
    *decoder, offset = model.decoders[0].tolist()

    def start(chip):
        measure = measuring(chip, model)
        step_on = oscillating(chip, model.filter, folded)
        line = Line(chip, 1, taps)

        def step(x):
            (said,) = chip.synapses("filter", [decoder], measure(x), real=False)
            said += offset
            held = [value for (value,) in line.push([said])]
            return step_on([said] * model.filter.width, held)

        return step

    x = RegressionDataset(T, B, seed=1).features.double()
    check(model, x, start, skip_zeros, ["lif", "filter", "delays", "fc_out"])
    assert model.spikes(x).any()


@both
def test_delayed_spikes(skip_zeros):
    model = solved(DelayedSpikes(8, delays=3, degree=2))
    polynomials = numbers(model.polynomials.T)

    def start(chip):
        measure, line = measuring(chip, model), Line(chip, 2, 3)

        def step(x):
            sent = chip.synapses("delays", polynomials, measure(x), real=False)
            late = [value for values in line.push(sent) for value in values]
            return through(chip, "fc_out", model.fc_out, late)

        return step

    x = RegressionDataset(T, B, seed=1).features.double()
    check(model, x, start, skip_zeros, ["lif", "delays", "fc_out"])
    assert model.spikes(x).any()


@pytest.mark.parametrize("between", [nn.Tanh(), nn.Dropout(), nn.Identity()])
def test_other_parts_of_a_plain_network_are_refused_by_name(between):
    model = nn.Sequential(nn.Linear(2, 2), between)
    message = rf"nn\.Linear and nn\.ReLU to be counted, not of {type(between).__name__}"
    with pytest.raises(TypeError, match=message):
        count(model, torch.ones(3, 2))


def test_units_that_are_all_off_pass_nothing_on():
    model = ReLUNetwork(H, F, OUT, seed=0)
    with torch.no_grad():
        model.layers[0].bias.fill_(-100)
        model.layers[2].bias.fill_(-1)
    counts = count(model, features().float())
    assert counts["layers.0"].multiply_accumulates == T * B * F * H
    assert counts["layers.2"] == counts["layers.4"] == Operations()
