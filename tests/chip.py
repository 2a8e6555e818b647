"""Networks run by hand, one number after the other, with every operation tallied."""

import math
from collections import Counter, defaultdict

import snntorch as snn
import torch
from torch import nn

from spikereg import AdaptiveLeaky, Dendrites, PlasticPair, Resonator, SpikingLSTM
from spikereg.operations import Operations


class Chip:
    """Adds weights up, keeps states, and notes what it does, by layer."""

    def __init__(self, skip_zeros=True):
        self.skip_zeros = skip_zeros
        self.done = defaultdict(Counter)

    def counts(self, names):
        return {name: Operations(**self.done[name]) for name in names}

    def synapses(self, name, weights, inputs, *, real):
        """Add up the weights of each neuron, by the inputs."""
        kind = "multiply_accumulates" if real else "accumulates"
        sums = []
        for row in weights:
            total = 0.0
            for weight, x in zip(row, inputs, strict=True):
                if self.skip_zeros and (weight == 0 or x == 0):
                    continue
                assert real or x in (-1, 0, 1)
                self.done[name][kind] += 1
                self.done[name]["weight_fetches"] += 1
                total += weight * x
            sums.append(total)
        return sums

    def times(self, name, a, b):
        self.done[name]["state_multiplies"] += 1
        return a * b

    def exponential(self, name, function, x):
        self.done[name]["state_multiplies"] += 1
        return function(x)

    def keep(self, name, value):
        self.done[name]["state_updates"] += 1
        return value


def logistic(x):
    return 1 / (1 + math.exp(-x))


def numbers(values, width=None):
    """Give a parameter's numbers, one for each neuron."""
    values = values.detach()
    return (values if width is None else values.expand(width)).tolist()


def clamped(neuron, name, width, high=1.0):
    return numbers(getattr(neuron, name).clamp(0, high), width)


# One step of a neuron each: its current, its states so far, its states now.  What is
# constant for each neuron has been worked out before.


class Leaky:
    states, gates = 1, 1

    def __init__(self, neuron, width):
        self.beta = clamped(neuron, "beta", width)
        self.theta = numbers(neuron.threshold, width)
        self.reset = neuron.reset_mechanism
        self.gain = [1.0] * width

    def step(self, chip, name, n, current, u):
        fired = u > self.theta[n]
        if self.reset == "zero" and fired:
            u = 0.0
        left = self.theta[n] if self.reset == "subtract" and fired else 0.0
        if self.beta[n] == 0 and chip.skip_zeros:
            return (current - left,)
        return (chip.keep(name, chip.times(name, self.beta[n], u) + current - left),)


class Adaptive:
    states, gates = 2, 1

    def __init__(self, neuron, width):
        alpha, beta, a = (clamped(neuron, x, width) for x in ("alpha", "beta", "a"))
        b = clamped(neuron, "b", width, 2.0)
        self.alpha, self.beta = alpha, beta
        self.theta = numbers(neuron.threshold, width)
        # The weights, a and b hold what is constant: W is kept times 1 - alpha.
        self.gain = [1 - x for x in alpha]
        held = [
            g * (1 - x) * neuron.scale for g, x in zip(self.gain, beta, strict=True)
        ]
        self.a = [h * x for h, x in zip(held, a, strict=True)]
        self.b = [h * x for h, x in zip(held, b, strict=True)]

    def step(self, chip, name, n, current, w, u):
        fired = u > self.theta[n]
        u = 0.0 if fired else u
        drive = chip.times(name, self.a[n], u) + (self.b[n] if fired else 0.0)
        w = chip.keep(name, chip.times(name, self.beta[n], w) + drive)
        return w, chip.keep(name, chip.times(name, self.alpha[n], u) + current - w)


class Rotation:
    """A resonator, or with a gain of 1 - beta in its weights a dendrite."""

    states, gates = 2, 1

    def __init__(self, neuron, width, *, dendrite=False):
        beta = clamped(neuron, "beta", width)
        omega = clamped(neuron, "omega", width, math.pi)
        pairs = [*zip(beta, omega, strict=True)]
        self.cos = [b * math.cos(w) for b, w in pairs]
        self.sin = [b * math.sin(w) for b, w in pairs]
        self.theta = numbers(neuron.threshold, width)
        self.reset = neuron.reset_mechanism
        self.gain = [1 - b if dendrite else 1.0 for b in beta]

    def step(self, chip, name, n, current, q, u):
        if self.reset == "subtract" and u > self.theta[n]:
            u -= self.theta[n]
        cos, sin = self.cos[n], self.sin[n]
        turned = chip.times(name, sin, u) + chip.times(name, cos, q)
        u = chip.times(name, cos, u) - chip.times(name, sin, q) + current
        return chip.keep(name, turned), chip.keep(name, u)


class LSTM:
    states, gates = 2, 4

    def __init__(self, neuron=None, width=0):
        self.theta = numbers(neuron.threshold, width) if neuron else None
        self.gain = [1.0] * 4 * width

    def step(self, chip, name, n, current, c, u):
        i, f, o = (chip.exponential(name, logistic, current[k]) for k in (0, 1, 3))
        g = chip.exponential(name, math.tanh, current[2])
        c = chip.keep(name, chip.times(name, f, c) + chip.times(name, i, g))
        squashed = chip.exponential(name, math.tanh, c)
        return c, chip.keep(name, chip.times(name, o, squashed))


class Plastic:
    states, gates = 2, 1

    def __init__(self, neuron, width):
        self.theta = numbers(neuron.threshold, width)
        self.h = numbers(neuron.hardening, width)
        self.gain = [1.0] * width

    def step(self, chip, name, n, current, v, u):
        fired = u > self.theta[n]
        flowed = v - math.copysign(1.0, v) if fired and v else v
        moved = chip.keep(name, flowed + current)
        u += abs(moved) - abs(v) - (self.h[n] if fired else 0.0)
        return moved, chip.keep(name, u)


class Population:
    """Neurons of one layer at work, with a recurrence or without one."""

    def __init__(self, chip, name, neurons, width):
        self.chip, self.name, self.neurons, self.width = chip, name, neurons, width
        self.state = [(0.0,) * neurons.states] * width
        self.spikes, self.membrane = [0.0] * width, [0.0] * width

    def advance(self, currents):
        if self.neurons.gates == 1:
            each = currents
        else:
            each = [currents[n :: self.width] for n in range(self.width)]
        self.state = [
            self.neurons.step(self.chip, self.name, n, current, *self.state[n])
            for n, current in enumerate(each)
        ]
        self.membrane = [state[-1] for state in self.state]
        if theta := self.neurons.theta:
            pairs = zip(self.membrane, theta, strict=True)
            self.spikes = [float(u > level) for u, level in pairs]


def scaled(linear, gain):
    """Give weights and biases that hold a factor for each neuron."""
    weight = [
        [g * w for w in row]
        for g, row in zip(gain, numbers(linear.weight), strict=True)
    ]
    bias = [0.0] * len(gain) if linear.bias is None else numbers(linear.bias)
    return weight, [g * b for g, b in zip(gain, bias, strict=True)]


_BY_HAND = {
    snn.Leaky: Leaky,
    snn.RLeaky: Leaky,
    AdaptiveLeaky: Adaptive,
    Resonator: Rotation,
    SpikingLSTM: LSTM,
    PlasticPair: Plastic,
}


def feedback(neuron):
    """Say what comes back, if anything does, and by which weights and bias."""
    linear = getattr(neuron, "recurrent", None)
    if linear is None:
        return None
    real = getattr(neuron, "feedback", "spikes") == "membrane"
    if isinstance(linear, nn.Linear):
        return real, linear
    own = nn.Linear(*2 * [len(linear.V)], bias=False)
    own.weight = nn.Parameter(torch.diag(linear.V.detach()))
    return real, own


def run_by_hand(model, x, *, skip_zeros=True, real=True):
    """Step the whole network, and give its counts, spikes and predictions."""
    chip, names = Chip(skip_zeros), ("lif_in", "lif_hidden", "li_out")
    fired = {name: [] for name in names[:2]}
    said = []
    for b in range(x.shape[1]):
        layers = []
        for name, (linear, neuron) in zip(names, model.layers(), strict=True):
            if isinstance(neuron, Dendrites):
                own = Rotation(neuron.poles, linear.out_features, dendrite=True)
            else:
                kind = _BY_HAND[type(neuron)]
                own = kind(neuron, linear.out_features // kind.gates)
            width = linear.out_features // own.gates
            layers.append((Population(chip, name, own, width), linear, neuron))
        for row in x[:, b].tolist():
            signal, numeric = row, real
            for layer, linear, neuron in layers:
                weight, bias = scaled(linear, layer.neurons.gain)
                currents = chip.synapses(layer.name, weight, signal, real=numeric)
                currents = [i + c for i, c in zip(currents, bias, strict=True)]
                if back := feedback(neuron):
                    weight, bias = scaled(back[1], layer.neurons.gain)
                    fed = layer.membrane if back[0] else layer.spikes
                    fed = chip.synapses(layer.name, weight, fed, real=back[0])
                    each = zip(currents, fed, bias, strict=True)
                    currents = [i + v + c for i, v, c in each]
                layer.advance(currents)
                signal, numeric = layer.spikes, False
                if layer.name in fired:
                    fired[layer.name].append(signal)
            if isinstance(neuron, Dendrites):
                filtered = [s[1] for s in layer.state] + [s[0] for s in layer.state]
                fc = numbers(neuron.fc.weight)
                sums = chip.synapses(layer.name, fc, filtered, real=True)
                bias = numbers(neuron.fc.bias)
                said.append([s + c for s, c in zip(sums, bias, strict=True)])
            else:
                spiking = model.readout == "spikes"
                said.append(layer.spikes if spiking else layer.membrane)
    shape = (x.shape[1], len(x), -1)
    found = {
        name: torch.tensor(each).reshape(shape).transpose(0, 1).double()
        for name, each in [*fired.items(), ("prediction", said)]
    }
    return chip.counts(names), found
