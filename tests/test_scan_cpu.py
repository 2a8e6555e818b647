"""What the compiled walk must survive, and that a wrong one is seen."""

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest
import snntorch as snn
import torch
from hypothesis import Phase, given, settings
from layers import MAKERS, gradients, layers, same_bits, step_by_step
from test_neurons import all_of, assert_as_stepped, assert_close, each_kind

from spikereg import AdaptiveLeaky, Resonator, SpikingLSTM, SpikingRegressor, scan
from spikereg._compiled import row
from spikereg.neurons import KINDS
from spikereg.scan import loops, walk

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


def wide(kind, width):
    """Make a layer of a kind, as it begins by itself, in which some neurons fire."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if kind in (snn.Leaky, snn.RLeaky):
            options = {"linear_features": width} if kind is snn.RLeaky else {}
            return kind(
                beta=torch.rand(width),
                threshold=torch.rand(width),
                learn_beta=True,
                learn_threshold=True,
                **options,
            )
        options = {} if kind is SpikingLSTM else {"recurrent": True}
        return kind(width, **options, seed=0)


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


# A wrong row is seen


def wrong(right, change):
    """Let a row do what it should, and then a little more."""
    change = row(change)

    @row
    def after(*arguments):
        right(*arguments)
        change(*arguments)

    return after


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
    *((kind, "advance", leaks) for kind in (AdaptiveLeaky, Resonator, SpikingLSTM)),
    *((kind, "retreat", loses_input) for kind in MAKERS),
    *((kind, "retreat", loses_membrane) for kind in (snn.Leaky, Resonator)),
    *((kind, "retreat", loses_other) for kind in (AdaptiveLeaky, SpikingLSTM)),
    (AdaptiveLeaky, "retreat", loses_spikes),
    *((kind, "retreat", loses_first_parameter) for kind in (snn.RLeaky, AdaptiveLeaky)),
    *((kind, "retreat", loses_threshold) for kind in (snn.RLeaky, SpikingLSTM)),
]


def check_some(kind):
    """Run the properties of test_neurons.py until one is broken."""
    steps, dtypes = (2, 12), [torch.float32]

    @settings(max_examples=100, phases=[Phase.generate], report_multiple_bugs=False)
    @given(layers(kind, steps=steps, dtypes=dtypes))
    def check(layer):
        assert_as_stepped(layer)

    check()


@pytest.fixture
def compiled_anew(monkeypatch):
    """Compile the walks again, and keep nothing of it."""

    def compiled(function, name):
        return numba.njit(nogil=True, error_model="numpy", _nrt=False)(function)

    monkeypatch.setattr(loops, "compiled_without_allocation", compiled)
    loops.walks.cache_clear()
    yield
    loops.walks.cache_clear()


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


@pytest.mark.usefixtures("compiled_anew")
def test_a_walk_that_fires_at_the_threshold_is_seen(monkeypatch):
    @row
    def fires_at_the_threshold(u, theta, s):
        for m in range(len(u)):
            s[m] = u.dtype.type(u[m] >= theta[m])

    monkeypatch.setattr(loops, "_fire", fires_at_the_threshold)
    with pytest.raises(AssertionError):
        check_some(snn.Leaky)


# The cache of compiled code

WITH_A_CACHE = """
import sys, torch, snntorch as snn, spikereg
from spikereg.scan import loops
assert spikereg.__file__.startswith(sys.argv[1]), spikereg.__file__
_, membrane = spikereg.scan(snn.Leaky(beta=0.5), torch.ones(2, 1, 1), backend="cpu")
(run, _), = [loops.walks(spikereg.neurons.leaky)]
print(membrane[-1].item(), sum(run.stats.cache_hits.values()))
"""


def run_in_another_process(code, *arguments, folder=None, **environment):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_a_change_in_a_neurons_file_is_never_served_from_an_old_cache(tmp_path):
    shutil.copytree(ROOT / "spikereg", tmp_path / "spikereg")
    rows = tmp_path / "spikereg" / "neurons" / "leaky.py"

    def run():
        cache = str(tmp_path / "cache")
        done = run_in_another_process(
            WITH_A_CACHE,
            str(tmp_path),
            folder=tmp_path,
            PYTHONPATH=str(tmp_path),
            NUMBA_CACHE_DIR=cache,
            PYTHONDONTWRITEBYTECODE="1",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert run() == ["1.5", "0"]
    assert run() == ["1.5", "1"]  # from the cache
    text, equation = rows.read_text(), "(beta[m] * u0[m] + i[m])"
    assert text.count(equation) == 1
    rows.write_text(text.replace(equation, "(beta[m] * u0[m] + 2 * i[m])"))
    assert run()[0] == "2.0"
    rows.write_text(text)
    assert run() == ["1.5", "1"]


WITHOUT_A_CACHE = """
import numba.core.caching as caching
for locator in caching.CacheImpl._locator_classes:
    locator.from_function = classmethod(lambda *_: None)
import torch, snntorch as snn
from spikereg import scan
print(scan(snn.Leaky(beta=0.5), torch.ones(3, 1, 1), backend="cpu")[0].sum().item())
"""


def test_an_install_that_nobody_can_write_to_works():
    done = run_in_another_process(WITHOUT_A_CACHE, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1.0\n"


# What it must survive


@each_kind
def test_a_second_derivative_is_refused(kind):
    current = torch.rand(5, 1, 2 * KINDS[kind].GATES, requires_grad=True)
    out = scan(wide(kind, 2), current, backend="cpu")[1].square().sum()
    message = 'first derivatives only.*use backend="reference"'
    with pytest.raises(RuntimeError, match=message):
        torch.autograd.grad(out, current, create_graph=True)
    (slope,) = torch.autograd.grad(
        scan(wide(kind, 2), current, backend="reference")[1].square().sum(),
        current,
        create_graph=True,
    )
    slope.sum().backward()
    assert current.grad.abs().sum() > 0


def network_gradients(model, features):
    model(features).square().mean().backward()
    return [p.grad.clone() for p in model.parameters()]


def test_a_model_can_be_copied_after_a_forward_pass_and_trained_twice_in_one_graph():
    model, features = SpikingRegressor(8, seed=0), torch.rand(20, 3, 1)
    loss = model(features).square().mean()
    twin = copy.deepcopy(model)
    twin.load_state_dict(model.state_dict())
    (loss + model(features).square().mean()).backward()
    for p, single in zip(
        model.parameters(), network_gradients(twin, features), strict=True
    ):
        torch.testing.assert_close(p.grad, 2 * single)


@each_kind
def test_neither_the_current_nor_the_gradient_from_outside_is_changed(kind):
    current = torch.rand(20, 3, 4 * KINDS[kind].GATES, requires_grad=True)
    before = current.detach().clone()
    outputs = scan(wide(kind, 4), current, backend="cpu")
    from_outside = torch.ones(20, 3, 4), torch.ones(20, 3, 4)
    torch.autograd.grad(outputs, current, from_outside)
    assert torch.equal(current, before)
    assert all(torch.equal(each, torch.ones(20, 3, 4)) for each in from_outside)


def test_without_gradients_nothing_is_kept():
    with torch.no_grad():
        spikes, membrane = scan(snn.Leaky(beta=0.5), torch.rand(5, 2, 3), backend="cpu")
    assert not spikes.requires_grad
    assert not membrane.requires_grad


@each_kind
def test_a_graph_can_be_gone_back_through_twice_and_then_gives_the_same(kind):
    current = torch.rand(9, 3, 4 * KINDS[kind].GATES, requires_grad=True)
    neuron = wide(kind, 4)
    inputs = [current, *neuron.parameters()]
    outputs = scan(neuron, current, backend="cpu")
    loss = sum(out.square().sum() for out in outputs)
    first = torch.autograd.grad(loss, inputs, retain_graph=True, allow_unused=True)
    again = torch.autograd.grad(loss, inputs, allow_unused=True)
    assert all(map(torch.equal, first, again))
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


@pytest.mark.parametrize("kind", [snn.RLeaky, AdaptiveLeaky, Resonator, SpikingLSTM])
def test_a_weight_changed_before_the_backward_pass_is_seen(kind):
    neuron = wide(kind, 4)
    current = torch.rand(9, 3, 4 * KINDS[kind].GATES)
    loss = scan(neuron, current, backend="cpu")[1].sum()
    with torch.no_grad():
        neuron.recurrent.weight.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


IN_ANOTHER_PROCESS = """
import os, sys, torch, snntorch as snn
from spikereg import SpikingRegressor, _compiled, scan
# Only ours: PyTorch's own threads, once started, do not survive a fork.
torch.set_num_threads(1)
_compiled.torch.get_num_threads = lambda: 3
_compiled._SMALLEST_TASK = 100_000
neuron, model = snn.Leaky(beta=0.9), SpikingRegressor(65, seed=0)
generator = torch.Generator().manual_seed(0)
current = torch.rand(100, 37, 101, generator=generator).requires_grad_()
features = torch.rand(100, 80, 1, generator=generator)
def run():
    spikes, membrane = scan(neuron, current, backend="cpu")
    (gradient,) = torch.autograd.grad(spikes.sum() + membrane.sum(), current)
    output = model(features)
    weights = [model.fc_in.weight, model.fc_hidden.weight, model.lif_in.beta]
    return spikes, membrane, gradient, output, *torch.autograd.grad(
        output.square().sum(), weights
    )
many = run()
assert _compiled._pool.cache_info().currsize == 1, "no threads were used"
_compiled.torch.get_num_threads = lambda: 1
same = lambda: all(torch.equal(a, b) for a, b in zip(run(), many))
assert same(), "the number of threads changes the result"
_compiled.torch.get_num_threads = lambda: 3
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os._exit(0 if same() else 1)
"""


def test_threads_do_not_change_the_result_and_a_fork_after_first_use_works():
    done = run_in_another_process(IN_ANOTHER_PROCESS, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
