"""The command on a cluster: workers come late, are killed, or have other files.

Scheduler and workers are processes of this machine, with ports that the system chooses.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import dask
import distributed  # noqa: F401  # which brings its settings
import pytest
from accuracy.command import main
from commands import (
    GATED,
    PATIENCE,
    ROOT,
    TESTS,
    environment,
    errors,
    lines,
    numbers,
    ran,
    started,
    trained,
    wait_at_gate,
    wait_for,
)


class Cluster:
    """A scheduler, and workers that know the tasks of the tests."""

    def __init__(self, folder, stack):
        self.folder, self.stack, self.started = folder, stack, 0
        file = folder / "scheduler.json"
        words = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", file]
        # It cannot import what the trainings are made of.
        self.scheduler = self.run("scheduler", *words, path=[folder])
        end = time.monotonic() + PATIENCE
        while not file.exists() or not file.read_text().endswith("}"):
            assert self.scheduler.poll() is None, "the scheduler has ended"
            assert time.monotonic() < end, "the scheduler never came"
            time.sleep(0.05)
        self.address = json.loads(file.read_text())["address"]

    def run(self, *words, path):
        self.started += 1
        folder = self.folder / f"dask {self.started}"
        folder.mkdir()
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words, "--dashboard-address", ":0"],
                stderr=log,
                cwd=folder,
                env=environment(self.folder, *path),
                start_new_session=True,
            )
        self.stack.callback(process.wait)
        self.stack.callback(os.killpg, process.pid, signal.SIGKILL)
        return process

    def worker(self, *words, path=(ROOT, ROOT / "benchmarks", TESTS)):
        return self.run("worker", self.address, "--nthreads", "1", *words, path=path)


#: For one process that knows the tasks of the tests, which may be killed for good.
ALONE = "--no-nanny", "--preload", "trainings"


@pytest.fixture
def cluster(tmp_path):
    with ExitStack() as stack:  # whatever is left is killed
        yield Cluster(tmp_path, stack)


def trained_by(worker, folder):
    """Return what a worker has begun."""
    begun = [line.split(" ", 1) for line in lines(folder / "started")]
    return [training for number, training in begun if number == str(worker.pid)]


def test_the_training_of_a_killed_worker_runs_again_and_the_table_is_the_same(
    cluster, tmp_path
):
    here = tmp_path / "here"
    here.mkdir()
    (here / "gate").touch()
    code, _, err = ran(here, "gated", "--jobs", "1")
    assert code == 0, err

    first, second = cluster.worker(*ALONE), cluster.worker(*ALONE)
    with started(tmp_path, "gated", "--cluster", cluster.address) as process:
        wait_at_gate(process, tmp_path)
        (*_, lost), (*_, other) = (trained_by(w, tmp_path) for w in (first, second))
        assert {lost, other} == set(GATED[2:4])
        first.kill()
        late = cluster.worker(*ALONE)
        wait_for(process, tmp_path, lambda: trained_by(late, tmp_path) == [lost])
        (tmp_path / "gate").touch()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors(tmp_path)
    assert f"ended while it ran {lost}" in errors(tmp_path)
    assert trained(tmp_path) == Counter([*GATED, lost])
    made = Path("made", "gated.json")
    assert numbers(tmp_path / made) == numbers(here / made)

    code, _, err = ran(tmp_path, "gated", "--cluster", cluster.address)
    assert code == 0, err
    assert "8/8" in err
    assert len(lines(tmp_path / "started")) == 9


def test_what_fails_or_ends_every_worker_is_named_and_the_others_go_on(
    cluster, tmp_path
):
    cluster.worker("--nworkers", "2", "--preload", "trainings")  # they come back
    deadly = "killed, relu, hidden 8, epochs 3, lr 0.01, seed 1"
    with started(tmp_path, "deadly", "--cluster", cluster.address) as process:
        for times in (1, 2, 3):
            wait_for(process, tmp_path, lambda n=times: trained(tmp_path)[deadly] >= n)
        out, _ = process.communicate(timeout=PATIENCE)
    err = errors(tmp_path)
    assert process.returncode == 1
    killed, wrong = sorted(err.partition("trainings failed;")[2].splitlines()[1:])
    address = r"tcp://127\.0\.0\.1:\d+"
    assert re.fullmatch(rf"{deadly}: .* ended: {', '.join([address] * 3)}", killed)
    assert wrong.endswith("seed 2: ValueError: there is no seed 2")
    assert 'raise ValueError("there is no seed 2")' in err
    assert "deadly is not stored: 2 trainings failed" in out
    assert len(lines(tmp_path / "runs.jsonl")) == 4
    assert trained(tmp_path)[deadly] == 3
    assert trained(tmp_path).total() == 4 + 3


def test_it_waits_for_workers_and_names_those_that_it_cannot_use(cluster, tmp_path):
    changed = tmp_path / "changed"
    shutil.copytree(ROOT / "spikereg", changed / "spikereg")
    shutil.copytree(ROOT / "benchmarks" / "accuracy", changed / "accuracy")
    with (changed / "spikereg" / "metrics.py").open("a") as file:
        file.write("# changed\n")

    def unused():
        return [line for line in lines(tmp_path / "err") if " is not used: " in line]

    with started(tmp_path, "gated", "--cluster", cluster.address) as process:
        wait_for(process, tmp_path, lambda: "waiting for one" in errors(tmp_path))
        ours = cluster.worker(*ALONE)
        wait_for(process, tmp_path, lambda: len(trained_by(ours, tmp_path)) == 3)
        cluster.worker("--no-nanny", path=[changed])
        cluster.worker("--no-nanny", path=[tmp_path])
        wait_for(process, tmp_path, lambda: len(unused()) == 2)
        (tmp_path / "gate").touch()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors(tmp_path)
    assert trained(tmp_path) == Counter(trained_by(ours, tmp_path)) == Counter(GATED)
    bare, other = sorted(unused(), key=len)
    assert bare.endswith("ModuleNotFoundError: No module named 'accuracy'")
    assert re.search(r"computes with sources \w{64}, not \w{64}: start", other)

    ours.kill()
    code, _, err = ran(tmp_path, "untimed", "--cluster", cluster.address)
    assert code == 1
    assert len(unused()) == 2
    assert f"no worker at {cluster.address} can be used: give all machines" in err
    assert "Traceback" not in err


def test_ctrl_c_keeps_what_is_finished_and_workers_get_no_more(cluster, tmp_path):
    cluster.worker("--nworkers", "2", "--preload", "trainings")
    with started(tmp_path, "gated", "--cluster", cluster.address) as process:
        wait_at_gate(process, tmp_path)
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "the same command goes on" in errors(tmp_path)
    assert "Traceback" not in errors(tmp_path)
    (tmp_path / "gate").touch()
    code, _, err = ran(tmp_path, "gated", "--cluster", cluster.address)
    assert code == 0, err
    assert "2/8" in err  # where the bar begins
    assert trained(tmp_path) == Counter(GATED + GATED[2:4])


def test_a_scheduler_that_goes_away_ends_the_command(cluster, tmp_path):
    cluster.worker(*ALONE)
    with started(tmp_path, "gated", "--cluster", cluster.address) as process:
        wait_for(process, tmp_path, lambda: len(lines(tmp_path / "started")) == 3)
        cluster.scheduler.kill()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert f"the scheduler at {cluster.address} went away" in errors(tmp_path)
    assert f"kept in {tmp_path / 'runs.jsonl'}: the same" in errors(tmp_path)
    assert "Traceback" not in errors(tmp_path)


# Words that are refused


def refused(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    return capsys.readouterr().err


def test_where_no_scheduler_answers_it_says_how_to_start_one(capsys):
    with socket.socket() as nobody, socket.create_server(("127.0.0.1", 0)) as stranger:
        nobody.bind(("127.0.0.1", 0))
        for there in (nobody, stranger):
            address = f"tcp://127.0.0.1:{there.getsockname()[1]}"
            with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
                err = refused(capsys, "p2", "--cluster", address)
            assert f"but at {address!r} answers nothing: start one with `dask" in err


@pytest.mark.parametrize("address", ["", "host", "8786", "tcp:/host:8786", "a://b:1"])
def test_a_wrong_address_is_named(address, capsys):
    err = refused(capsys, "p2", "--cluster", address)
    assert f"an address such as tcp://host:8786, not {address!r}" in err


def test_without_dask_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    err = refused(capsys, "p2", "--cluster", "tcp://host:8786")
    assert "--cluster 'tcp://host:8786' needs Dask" in err
    assert 'pip install -e ".[cluster]"' in err


def test_a_table_that_compares_times_is_refused(capsys):
    err = refused(capsys, "p2", "p1", "--cluster", "tcp://host:8786")
    assert "p1 compares times" in err
    assert "choice p2 ablation" in err


def test_without_a_cluster_dask_is_not_imported(tmp_path):
    code = "import sys, accuracy.command; sys.exit('distributed' in sys.modules)"
    command = [sys.executable, "-c", code]
    subprocess.run(command, env=environment(tmp_path), check=True, timeout=PATIENCE)
