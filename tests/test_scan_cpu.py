"""The compiled walk is that of the specification, and a wrong one is seen."""

import functools
from pathlib import Path

import numba
import pytest
import snntorch as snn
import torch
from hypothesis import Phase, given, settings
from layers import DTYPES, MAKERS, gradients, layers, same_bits, step_by_step, wide
from test_neurons import all_of, assert_as_stepped, assert_close, each_kind

from spikereg import AdaptiveLeaky, PlasticPair, Resonator, SpikingLSTM, scan
from spikereg._compiled import row
from spikereg.neurons import KINDS
from spikereg.scan import arrays, loops, walk

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan, 3e38, 1e-45])
@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_overflow_and_underflow_have_snntorchs_bits(reset, value):
    current = torch.full((6, 2, 3), value)
    current[3:] = -value
    neuron = snn.Leaky(beta=torch.tensor([0.9, 1.0, 1.5]), reset_mechanism=reset)
    state = torch.zeros(2, 3)
    ours = scan(neuron, current, state, backend="cpu")
    assert all(map(same_bits, ours, step_by_step(neuron, current, state)))


@each_kind
@pytest.mark.parametrize("width", [1, 70])
def test_a_batch_wider_than_a_tile_runs_as_it_is_stepped(kind, width):
    generator = torch.Generator().manual_seed(0)
    neuron = wide(kind, width)
    batch, gates = 2 * loops.TILE // width + 3, KINDS[kind].GATES
    current = torch.rand(5, batch, gates * width, generator=generator)
    current = (current * (8 if kind is AdaptiveLeaky else 2)).requires_grad_()
    ours, theirs = (
        all_of(walk(neuron, current, backend=backend))
        for backend in ("cpu", "reference")
    )
    if kind is SpikingLSTM:
        assert (ours[0] != theirs[0]).float().mean() < 1e-3
        torch.testing.assert_close(ours[-1], theirs[-1], rtol=0, atol=1e-5)
    else:
        assert 0 < ours[0].mean() < 1
        assert all(map(same_bits, ours, theirs))
    inputs = [current, *neuron.parameters()]
    # What a spike adds is left out: an LSTM's may differ.
    pairs = (gradients(each[1:], inputs) for each in (ours, theirs))
    for actual, expected in zip(*pairs, strict=True):
        assert_close(actual, expected, 1e-4)


@pytest.mark.parametrize(("dtype", "units"), [(torch.float32, 8), (torch.float64, 8)])
def test_a_spiking_lstms_membrane_is_right_however_small_it_is(dtype, units):
    """Not only near 1: of a tanh by exp alone nothing would be left at 1e-8."""
    small = torch.logspace(-30, 1.5, 400, dtype=dtype)
    neuron = SpikingLSTM(800, threshold=0.0, seed=0).to(dtype)
    torch.nn.init.zeros_(neuron.recurrent.weight)
    torch.nn.init.zeros_(neuron.recurrent.bias)
    gates = torch.zeros(1, 1, 4, 800, dtype=dtype)
    gates[0, 0, 2] = torch.cat([small, -small])
    gates.requires_grad_()
    both = []
    for backend in ("cpu", "reference"):
        spikes, membrane = scan(neuron, gates.flatten(2), backend=backend)
        (slope,) = torch.autograd.grad(membrane.sum(), gates)
        both.append((spikes.detach(), membrane.detach(), *slope[0, 0, 2:]))
    (spikes, membrane, to_g, to_o), (fired, expected, to_g_, to_o_) = both
    assert torch.equal(spikes, fired)
    precision = units * torch.finfo(dtype).eps
    for some, others in ((membrane, expected), (to_o, to_o_)):
        torch.testing.assert_close(some, others, rtol=precision, atol=0)
    # Where the gate is as good as 1, 1 - tanh² has no digits left in either.
    torch.testing.assert_close(to_g, to_g_, rtol=precision, atol=precision)


# A wrong row is seen


def wrong(right, change):
    """Let a row do what it should, and then a little more."""
    change = row(change)

    def after(*arguments):
        right(*arguments)
        change(*arguments)

    after.__qualname__ = f"{right.__module__}_{right.__name__}_{change.__name__}"
    return row(after)


# Arguments as in spikereg.neurons.Kind; each of these is off by one part in 1024.


def kicks(reset, p, u0, v0, s0, x, u, v):
    for m in range(len(u)):
        u[m] += s0[m] / 1024


def leaks(reset, p, u0, v0, s0, x, u, v):
    for m in range(len(v)):
        v[m] += v0[m] / 1024


def loses_membrane(reset, p, w, u0, v0, s0, x, u, v, d, tu, tv, ts, tx, tp):
    for m in range(len(u)):
        tu[m] += tu[m] / 1024


def loses_other(reset, p, w, u0, v0, s0, x, u, v, d, tu, tv, ts, tx, tp):
    for m in range(len(tv)):
        tv[m] += tv[m] / 1024


def loses_spikes(reset, p, w, u0, v0, s0, x, u, v, d, tu, tv, ts, tx, tp):
    for m in range(len(u)):
        ts[m] += ts[m] / 1024


def loses_input(reset, p, w, u0, v0, s0, x, u, v, d, tu, tv, ts, tx, tp):
    for m in range(len(u)):
        tx[0][m] += tx[0][m] / 1024


def loses_first_parameter(reset, p, w, u0, v0, s0, x, u, v, d, tu, tv, ts, tx, tp):
    for m in range(len(u)):
        tp[0][m] += tp[0][m] / 1024


def loses_threshold(reset, p, w, u0, v0, s0, x, u, v, d, tu, tv, ts, tx, tp):
    for m in range(len(u)):
        tp[-1][m] += tp[-1][m] / 1024


WRONG = [
    *((kind, "advance", kicks) for kind in MAKERS),
    *((kind, "advance", leaks) for kind in list(MAKERS)[2:]),
    *((kind, "retreat", loses_input) for kind in MAKERS),
    *((kind, "retreat", loses_membrane) for kind in (snn.Leaky, Resonator)),
    *((kind, "retreat", loses_other) for kind in (AdaptiveLeaky, SpikingLSTM)),
    (AdaptiveLeaky, "retreat", loses_spikes),
    *((kind, "retreat", loses_first_parameter) for kind in (snn.RLeaky, AdaptiveLeaky)),
    *((kind, "retreat", loses_threshold) for kind in (snn.RLeaky, SpikingLSTM)),
    (PlasticPair, "retreat", loses_membrane),
    (PlasticPair, "retreat", loses_other),
    (PlasticPair, "retreat", loses_spikes),
    (PlasticPair, "retreat", loses_first_parameter),
    (PlasticPair, "retreat", loses_threshold),
]


def check_some(kind):
    """Run the properties of test_neurons.py until one is broken."""
    steps, dtypes = (2, 12), [torch.float32]

    @settings(max_examples=100, phases=[Phase.generate], report_multiple_bugs=False)
    @given(layers(kind, steps=steps, dtypes=dtypes))
    def check(layer):
        assert_as_stepped(layer)

    check()


# What a test has compiled is kept: nothing says that its code may be given up.
KEPT = []


@pytest.fixture
def compiled_anew(monkeypatch):
    """Compile the walks again, for this test alone."""
    # Numba crashes when it loads a walk from disk after this process has compiled it
    # with other rows.  So whatever a later test may need is loaded before.
    for kind, rows in KINDS.items():
        for dtype in DTYPES:
            current = torch.rand(2, 1, 2 * rows.GATES, dtype=dtype)
            current.requires_grad_()
            walked = scan(wide(kind, 2).to(dtype), current, backend="cpu")
            (walked[0].sum() + walked[1].sum()).backward()

    def compiled(function, name):
        return numba.njit(nogil=True, error_model="numpy", _nrt=False)(function)

    monkeypatch.setattr(loops, "compiled_without_allocation", compiled)
    KEPT.append(functools.cache(loops.walks.__wrapped__))
    monkeypatch.setattr(arrays, "walks", KEPT[-1])


@pytest.mark.usefixtures("compiled_anew")
@pytest.mark.parametrize(
    ("kind", "name", "change"),
    WRONG,
    ids=[f"{kind.__name__} {change.__name__}" for kind, _, change in WRONG],
)
def test_a_wrong_row_is_seen(kind, name, change, monkeypatch):
    rows = KINDS[kind]
    monkeypatch.setattr(rows, name, wrong(getattr(rows, name), change))
    with pytest.raises(AssertionError):
        check_some(kind)


@row
def fires_at_the_threshold(u, theta, s):
    for m in range(len(u)):
        s[m] = u.dtype.type(u[m] >= theta[m])


@pytest.mark.usefixtures("compiled_anew")
def test_a_walk_that_fires_at_the_threshold_is_seen(monkeypatch):
    monkeypatch.setattr(loops, "_fire", fires_at_the_threshold)
    with pytest.raises(AssertionError):
        check_some(snn.Leaky)
