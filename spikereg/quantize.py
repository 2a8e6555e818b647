"""Networks in fixed point, as chips calculate."""

import copy
import math
from collections.abc import Iterator

import snntorch as snn
import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg._check import whole_number
from spikereg._fixed import (
    BIAS_BITS,
    Fixed,
    FixedDendrites,
    FixedLeaky,
    FixedLinear,
    FixedLSTM,
    FixedResonator,
    FixedRLeaky,
    decay_of,
    turned,
)
from spikereg.baselines import Recurrent, ReLUNetwork
from spikereg.dendrites import Dendrites
from spikereg.models import SpikingRegressor
from spikereg.neurons import Resonator, leaky

def quantize(model, features, weight_bits=8, state_bits=8, *, input_bits=8, decay_bits=12):
    bits = _Bits(weight_bits, state_bits, input_bits, decay_bits, bool((features < 0).any()))
    made = _fixed(model, bits)
    _choose(made, model, features)
    return made

class _Bits:
    def __init__(s, w, st, i, d, signed): s.w, s.s, s.i, s.d, s.signed = w, st, i, d, signed
    def linear(s, fc, first=False):
        return turned(fc, FixedLinear, inputs=Fixed(s.i, signed=s.signed) if first else nn.Identity(), weights=Fixed(s.w), biases=Fixed(BIAS_BITS))
    def neuron(s, neuron):
        parts = {"membrane": Fixed(s.s), "decay": decay_of(s.d)}
        if isinstance(neuron, snn.RLeaky): return turned(neuron, FixedRLeaky, recurrent=s.linear(neuron.recurrent), **parts)
        if isinstance(neuron, snn.Leaky): return turned(neuron, FixedLeaky, **parts)
        if isinstance(neuron, Resonator):
            r = None if neuron.recurrent is None else s.linear(neuron.recurrent)
            return turned(neuron, FixedResonator, recurrent=r, **parts)
        if isinstance(neuron, Dendrites):
            return turned(neuron, FixedDendrites, poles=s.neuron(neuron.poles), fc=s.linear(neuron.fc), answer=Fixed(s.s))
        raise TypeError(type(neuron))

def _fixed(model, b):
    made = copy.deepcopy(model)
    if isinstance(model, SpikingRegressor):
        made.fc_in, made.lif_in = b.linear(model.fc_in, True), b.neuron(model.lif_in)
        made.fc_hidden, made.lif_hidden = b.linear(model.fc_hidden), b.neuron(model.lif_hidden)
        made.fc_out, made.li_out = b.linear(model.fc_out), b.neuron(model.li_out)
    elif isinstance(model, ReLUNetwork):
        parts = []
        for n, layer in enumerate(model.layers):
            if isinstance(layer, nn.Linear): parts.append(b.linear(layer, n == 0))
            else: parts += [nn.ReLU(), Fixed(b.s, signed=False)]
        made.layers = nn.Sequential(*parts, Fixed(b.s))
    elif isinstance(model, Recurrent):
        made.recurrent = turned(model.recurrent, FixedLSTM, inputs=Fixed(b.i, signed=b.signed), weights=Fixed(b.w), recurrent=Fixed(b.w), biases=Fixed(BIAS_BITS), cell=Fixed(b.s), output=Fixed(b.s))
        made.fc_out = nn.Sequential(b.linear(model.fc_out), Fixed(b.s))
    return made

@torch.no_grad()
def _choose(made, model, features):
    wanted = model(features)
    made(features)
    for name, part in made.named_modules():
        if not isinstance(part, Fixed) or part.shift is not None: continue
        cover = math.floor(math.log2(part.high / part.largest)) if part.largest else 0
        if part.bits == BIAS_BITS and name.endswith("biases"):
            part.shift = cover; continue
        changes = {}
        for shift in range(cover, cover + part.bits):
            part.shift = shift
            changes[shift] = (made(features) - wanted).norm().item()
        part.shift = min(changes, key=changes.__getitem__)
