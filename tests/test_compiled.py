"""Compiled code on disk, in threads and in several processes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spikereg import _compiled

ROOT = Path(__file__).parents[1]

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


AT_THE_SAME_MOMENT = """
import pathlib, sys, time, torch, snntorch as snn
from numba.core import caching
from spikereg import scan
me, dtype, folder = sys.argv[1], getattr(torch, sys.argv[2]), pathlib.Path(sys.argv[3])
files = caching.IndexDataCacheFile
save_index, save_data = files._save_index, files._save_data

def say_and_wait(word, other):
    (folder / word).touch()
    until = time.monotonic() + 3  # in vain if the other one is kept out, as it should
    while not (folder / other).exists() and time.monotonic() < until:
        time.sleep(0.01)

def index(self, *arguments):
    if me == "first":
        say_and_wait("first has looked", "second has looked")
    else:
        say_and_wait("second has looked", "first has kept the index")
    save_index(self, *arguments)
    (folder / (me + " has kept the index")).touch()

def data(self, *arguments):
    if me == "first":
        say_and_wait("first has kept the index", "second has kept all")
    save_data(self, *arguments)
    (folder / (me + " has kept all")).touch()

if me != "third":
    files._save_index, files._save_data = index, data
half = torch.full((5,), 0.5, dtype=dtype)
neuron = snn.Leaky(beta=half, threshold=2 * half)
_, membrane = scan(neuron, torch.ones(3, 2, 5, dtype=dtype), backend="cpu")
print(membrane[-1, -1, -1].item(), membrane.dtype)
"""


def test_two_processes_that_compile_for_two_types_do_not_mix_them_up(tmp_path):
    """Interleaved as badly as can be: each keeps its loop under the other's number."""

    def start(name, dtype):
        return subprocess.Popen(
            [sys.executable, "-c", AT_THE_SAME_MOMENT, name, dtype, tmp_path],
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
            stdout=subprocess.PIPE,
            text=True,
        )

    both = [start("first", "float32"), start("second", "float64")]
    said = [process.communicate()[0] for process in both]
    for dtype in ("float32", "float64"):
        with start("third", dtype) as process:
            said.append(process.communicate()[0])
    assert said == 2 * ["0.75 torch.float32\n", "0.75 torch.float64\n"]


EACH_IN_TURN = """
import sys, torch
from snntorch import surrogate
from spikereg import scan
from spikereg.neurons.named import layer_of
for kind in sys.argv[1:]:
    neuron = layer_of(
        kind, 16, torch.Generator().manual_seed(0), surrogate.fast_sigmoid()
    )
    current = torch.rand(6, 3, 16, requires_grad=True)
    spikes, membrane = scan(neuron, current, backend="cpu")
    (spikes.sum() + membrane.sum()).backward()
    expected = scan(neuron, current.detach(), backend="reference")
    torch.testing.assert_close((spikes.detach(), membrane.detach()), expected)
"""


def test_a_loop_that_another_process_has_kept_calls_the_rows_of_its_own_kind(tmp_path):
    """The second process counts its functions anew, and in another order."""
    for kinds in (["adaptive"], ["recurrent", "adaptive"]):
        cache = str(tmp_path / "cache")
        done = run_in_another_process(
            EACH_IN_TURN, *kinds, PYTHONPATH=str(ROOT), NUMBA_CACHE_DIR=cache
        )
        assert done.returncode == 0, done.stderr


IN_ANOTHER_PROCESS = """
import os, sys, torch, snntorch as snn
from spikereg import SpikingRegressor, _compiled, _threads, scan
# Only ours: PyTorch's own threads, once started, do not survive a fork.
torch.set_num_threads(1)
_compiled.torch.get_num_threads = lambda: 3
_compiled._SMALLEST_TASK = 100_000
ran, run_in = [], _threads.run
_threads.run = lambda calls: ran.append(len(calls)) or run_in(calls)
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
assert set(ran) == {3}, "no threads were used"
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


def test_functions_of_rows_must_have_names_of_their_own():
    def own(some):
        return some

    def another(some):
        return some

    with pytest.raises(ValueError, match=r"name of its own, not .*<lambda>"):
        _compiled.row(lambda some: some)
    own.__qualname__ = another.__qualname__ = "test_rows.same"
    _compiled.row(own)
    _compiled.row(own)  # again, as when its module is loaded anew
    with pytest.raises(ValueError, match=r"name of its own, not .*test_rows.same"):
        _compiled.row(another)
