"""Calls that run side by side."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from spikereg import _threads

ROOT = Path(__file__).parents[1]


@pytest.fixture(params=["openmp", "pool"])
def run(request, monkeypatch):
    if request.param == "pool":
        monkeypatch.setattr(_threads, "_openmp", lambda: None)
    elif sys.platform == "linux":
        assert _threads._openmp() is not None, "PyTorch's threads were not found"
    return _threads.run


def test_calls_run_side_by_side(run):
    meet = threading.Barrier(3, timeout=60)
    met = []
    run(3 * [lambda: met.append(meet.wait())])
    assert sorted(met) == [0, 1, 2]


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_one_raises_is_raised_and_the_others_end_first(run, which, error):
    done = threading.Event()

    def fail():
        raise error("here")

    calls = [done.set, done.set]
    calls[which] = fail
    with pytest.raises(error, match="here"):
        run(calls)
    assert done.wait(60)
    run(2 * [done.clear])
    assert not done.is_set()


def test_all_calls_run_where_there_are_fewer_threads_than_calls():
    code = (
        "import torch\n"
        "from spikereg import _threads\n"
        "done = []\n"
        "_threads.run([lambda n=n: done.append(n) for n in range(5)])\n"
        "assert sorted(done) == [0, 1, 2, 3, 4], done\n"
    )
    limited = os.environ | {"PYTHONPATH": str(ROOT), "OMP_THREAD_LIMIT": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=limited, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
