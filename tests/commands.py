"""Starts the command for tests that kill it, interrupt it and start it again.

It writes into a folder: ``runs.jsonl``, its errors to ``err``, tables to ``made``, and
``trainings.py`` what was begun to ``started``. Gated trainings wait for ``gate``.

No test says how long anything takes: each waits for what is written. A command and all
its processes have ended when nobody holds the pipe of their output any more.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
PATIENCE = 300  # seconds after which a test gives up

GATED = [
    f"gated, {method}, hidden 8, epochs 3, lr 0.01, seed {seed}"
    for method in ("accurate", "relu")
    for seed in range(4)
]


@contextmanager
def started(folder, *words):
    """Start the command; whatever is left of it is killed in the end."""
    folder.mkdir(exist_ok=True)
    script = [sys.executable, TESTS / "trainings.py", *words]
    with (folder / "err").open("w") as err:
        process = subprocess.Popen(
            [*script, "--runs", folder, "--store", folder / "made"],
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
            cwd=ROOT,
            env=environment(folder),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def environment(folder, *path):
    """Return the environment of a process that trains, with folders to import from."""
    return {
        **os.environ,
        "PYTHONPATH": ":".join(map(str, path or (ROOT, ROOT / "benchmarks"))),
        "STARTED": str(folder / "started"),
        "GATE": str(folder / "gate"),
    }


def ran(folder, *words):
    """Run the command, and return its exit code, its output and its errors."""
    with started(folder, *words) as process:
        out, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, out, errors(folder)


def errors(folder):
    return (folder / "err").read_text()


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def trained(folder):
    """Count how often each training was begun."""
    return Counter(line.partition(" ")[2] for line in lines(folder / "started"))


def numbers(path):
    """Read a stored table without its seconds."""
    rows = json.loads(path.read_text())
    for row in rows:
        del row["values"]["seconds"]
    return rows


def wait_for(process, folder, condition):
    """Wait until a condition holds, unless the command ends before."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, errors(folder)
        assert time.monotonic() < end, f"it never came: {errors(folder)}"
        time.sleep(0.05)


def wait_at_gate(process, folder):
    """Wait until two gated trainings are finished, and two more cannot end."""
    wait_for(
        process,
        folder,
        lambda: (
            len(lines(folder / "runs.jsonl")) == 2
            and trained(folder) == Counter(GATED[:4])
        ),
    )
