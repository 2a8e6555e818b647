"""Workers in processes of their own, and races between them."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

#: Seconds that a peer trains on end, as it would alone, before it is another's turn.
BLOCK = 0.05


class Process:
    """A worker that runs elsewhere; use it in a ``with`` statement."""

    def __init__(self, threads: int, **environment: str):
        limits = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        with _on(threads):
            self.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("worker.py"))],
                env={
                    **os.environ,
                    **dict.fromkeys(limits, str(threads)),
                    **environment,
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )

    def ask(self, name: str, *arguments: Any) -> Any:
        """Call a method of the worker."""
        self.send(name, *arguments)
        return self.receive()

    def send(self, name: str, *arguments: Any) -> None:
        """Start a call."""
        self.process.stdin.write(json.dumps([name, arguments]) + "\n")
        self.process.stdin.flush()

    def receive(self) -> Any:
        """Wait for the result of a call."""
        line = self.process.stdout.readline()
        if not line:
            sys.exit("The benchmark stops here: see above.")
        return json.loads(line)

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@contextmanager
def _on(threads: int) -> Iterator[None]:
    """Let processes that start here have one core only, if they get one thread.

    JAX has no setting for its threads, but starts no more than it has cores.
    """
    if threads > 1 or not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def environment(peer: str, before: Path | None) -> dict[str, str]:
    """Give what lets the peer "before" import an earlier version of the package."""
    if peer.split()[-1] != "before":
        return {}
    others = os.environ.get("PYTHONPATH", "")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(before), others]))}


@contextmanager
def processes(
    peers: Sequence[str], threads: int, before: Path | None = None
) -> Iterator[list[Process]]:
    """Start a worker for each of several peers.

    Args:
        peers: Their names; the worker of one that ends in "before" imports another
            version of the package.
        threads: Of each worker.
        before: The folder of that version.
    """
    with ExitStack() as stack:
        yield [
            stack.enter_context(Process(threads, **environment(peer, before)))
            for peer in peers
        ]


def race(
    racers: list[Process],
    cases: Sequence[tuple[Any, ...]],
    seconds: float,
    rounds: int,
    label: str,
) -> list[float]:
    """Let each racer build its case, and time their steps by turns.

    Args:
        racers: The workers.
        cases: What each of them is to build: the arguments of ``Worker.build``.
        seconds: Time to fill.
        rounds: To run at least, after one that compiles.
        label: Of the progress bar.

    Returns:
        The median time of a step of each, in milliseconds.
    """
    for racer, case in zip(racers, cases, strict=True):
        racer.send("build", *case)
    for racer in racers:
        racer.receive()
    for racer in racers:
        racer.ask("block", 0)
    times: list[list[float]] = [[] for _ in racers]
    start = time.perf_counter()
    with tqdm(desc=label, unit="round", leave=False) as bar:
        while bar.n < rounds or time.perf_counter() < start + seconds:
            for racer, taken in zip(racers, times, strict=True):
                taken += racer.ask("block", BLOCK)
            bar.update()
    return [statistics.median(taken) * 1e3 for taken in times]
