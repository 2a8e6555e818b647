"""Models saved whole, copied, and sent to another process."""

import copy
import functools
import io
import pickle
import subprocess
import sys
from multiprocessing import get_context

import pytest
import snntorch as snn
import torch
from small import ragged
from snntorch import surrogate

from spikereg import (
    AdaptiveLeaky,
    Dendrites,
    Resonator,
    ReturnMapping,
    SpikingLSTM,
    SpikingRegressor,
    SpikingReturnMapping,
)
from spikereg.baselines import (
    LinearFilter,
    RandomSpiking,
    RateNetwork,
    Recurrent,
    ReLUNetwork,
    ResonantFilter,
)
from spikereg.neurons.named import NAMES
from spikereg.neurons.saved import savable
from spikereg.scan import scan
from spikereg.scan.surrogates import surrogate_of

MODELS = {
    **{
        f"{neuron}, {readout}": functools.partial(
            SpikingRegressor, 8, seed=0, neuron=neuron, readout=readout
        )
        for neuron in NAMES
        for readout in ("membrane", "dendrites")
    },
    "accurate": functools.partial(SpikingRegressor, 8, seed=0, recipe="accurate"),
    "filter": functools.partial(LinearFilter, seed=0),
    "resonant filter": functools.partial(ResonantFilter, seed=0),
    "random": functools.partial(RandomSpiking, 8, seed=0),
    "rate": functools.partial(RateNetwork, 8, seed=0),
    "rate, dendrites": functools.partial(RateNetwork, 8, seed=0, dendrites=4),
    "relu": functools.partial(ReLUNetwork, 8, seed=0),
    "lstm": functools.partial(Recurrent, "lstm", 8, seed=0),
    "return mapping": ReturnMapping,
    "spiking return mapping": SpikingReturnMapping,
}

MAKERS = [
    surrogate.fast_sigmoid,
    functools.partial(surrogate.fast_sigmoid, slope=7),
    surrogate.atan,
    functools.partial(surrogate.atan, alpha=3.0),
    functools.partial(surrogate.sigmoid, slope=5),
    surrogate.triangular,
    surrogate.straight_through_estimator,
    functools.partial(surrogate.spike_rate_escape, beta=2),
]


def gradients(model):
    features = torch.linspace(0, 1, 12)[:, None, None].repeat(1, 3, 1)
    model.zero_grad()
    prediction = model(features)
    prediction.square().sum().backward()
    return [
        prediction.detach(),
        *(p.grad for p in model.parameters() if p.requires_grad),
    ]


def assert_same(one, other):
    for ours, theirs in zip(gradients(one), gradients(other), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_saved_whole_comes_back_the_same(name):
    model, file = MODELS[name](), io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    assert_same(torch.load(file, weights_only=False), model)


def made(make):
    return make()


def test_a_process_may_return_a_model():
    with get_context("spawn").Pool(1) as pool:
        model = pool.apply(made, [MODELS["lif, membrane"]])
    assert_same(model, MODELS["lif, membrane"]())


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "move", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_any_surrogate_of_snntorchs_moves_with_its_model(make, move):
    model = SpikingRegressor(8, seed=0, spike_grad=make())
    moved = move(model)
    assert_same(moved, model)
    x = torch.linspace(-2, 2, 9)
    for spike in (moved.lif_in.spike_grad, moved.li_out.spike_grad):
        ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
        spike(ours).sum().backward()
        make()(theirs).sum().backward()
        assert torch.equal(ours.grad, theirs.grad)
        assert surrogate_of(spike)[:2] == surrogate_of(make())[:2]


@pytest.mark.parametrize("kind", [AdaptiveLeaky, Resonator, SpikingLSTM, Dendrites])
def test_a_layer_may_be_saved_alone(kind):
    layer = kind(4, seed=0)
    copied = pickled(layer)
    for name, value in layer.state_dict().items():
        assert torch.equal(copied.state_dict()[name], value)


def test_a_surrogate_that_says_how_it_was_made_is_compiled_as_before():
    neuron = savable(snn.Leaky(beta=0.5, spike_grad=surrogate.fast_sigmoid(7)))
    assert repr(neuron.spike_grad) == "fast_sigmoid(slope=7)"
    scan(neuron, torch.rand(4, 2, 3), backend="cpu")


@pytest.mark.parametrize(
    "mine", [torch.sigmoid, lambda x: (x > 0).float(), surrogate.SSO()]
)
def test_a_surrogate_of_ones_own_stays_as_it_is(mine):
    model = SpikingRegressor(4, seed=0, spike_grad=mine)
    if mine is torch.sigmoid or getattr(mine, "__name__", "") == "<lambda>":
        assert model.lif_in.spike_grad is mine
    model(next(iter(ragged()))[0])


# A later snnTorch

NEXT = """
import snntorch.surrogate as surrogate
import torch

class Arctangent:
    def __call__(self, x):
        return surrogate.ATan.apply(x, 2.0)

surrogate.atan = surrogate.fast_sigmoid = lambda *_, **__: Arctangent()
import spikereg
model = spikereg.SpikingRegressor(8, seed=0)
model(torch.rand(12, 3, 1)).sum().backward()
"""


def test_a_snntorch_whose_surrogates_are_classes_is_used_as_it_is():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", NEXT], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
