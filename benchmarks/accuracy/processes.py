"""Work shared among processes, one of which may be killed.

``multiprocessing.Pool`` would wait for a killed process for ever, and an executor of
``concurrent.futures`` would give up all that was still to be done.
"""

import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Generic, NamedTuple, TypeVar, cast

from tqdm import tqdm

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Failed(NamedTuple):
    """Why there is no answer: in one line, and where it happened."""

    why: str
    where: str = ""


def answers(
    function: Callable[[Item], Answer], items: Iterable[Item], processes: int
) -> Generator[tuple[Item, Answer | Failed], None, None]:
    """Call a function with each item in processes of their own.

    Args:
        function: What to call; its module is imported by each process.
        items: What to call it with.
        processes: How many run at a time.

    Yields:
        An item and its answer, or why there is none, as they come. An item whose
        process was killed has failed; another process takes its place.
    """
    todo = iter(items)
    busy: dict[Connection, _Worker[Item, Answer]] = {}

    def give(worker: _Worker[Item, Answer] | None) -> None:
        for item in todo:
            worker = worker or _Worker(function)
            worker.take(item)
            busy[worker.connection] = worker
            return
        if worker:
            worker.end()  # it is idle

    try:
        for _ in range(processes):
            give(None)
        while busy:
            for connection in wait(list(busy)):
                worker = busy.pop(cast(Connection, connection))
                item = worker.item
                answer, alive = worker.answer()
                give(worker if alive else None)  # it works while the answer is kept
                yield item, answer
    finally:
        for worker in busy.values():
            worker.end(patience=0)


def attempt(function: Callable[[Item], Answer], item: Item) -> Answer | Failed:
    """Call a function with an item, and return its answer or why there is none."""
    try:
        return function(item)
    except Exception as error:
        return Failed(f"{type(error).__name__}: {error}", traceback.format_exc())


class _Worker(Generic[Item, Answer]):
    """A process and what it is busy with."""

    item: Item

    def __init__(self, function: Callable[[Item], Answer]) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_serve, args=(theirs, function), daemon=True
        )
        self.process.start()
        theirs.close()  # so that the end of the process is the end of the pipe

    def take(self, item: Item) -> None:
        self.item = item
        with suppress(OSError):  # killed while it had nothing to do: answer() says so
            self.connection.send(item)

    def answer(self) -> tuple[Answer | Failed, bool]:
        """Return the answer, and whether the process is still there."""
        try:
            return self.connection.recv(), True
        except (EOFError, OSError):
            self.end()
            return Failed(
                f"its process was ended: {_how(self.process.exitcode)}"
            ), False

    def end(self, patience: float = 10) -> None:
        self.connection.close()  # an idle process takes this for the end
        self.process.join(patience)
        self.process.kill()
        self.process.join()


def _how(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"{signal.Signals(-exitcode).name}, from outside or for want of memory"
    return f"exit code {exitcode}"


def _serve(connection: Connection, function: Callable[[Item], Answer]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    tqdm.set_lock(threading.RLock())  # its own would outlive a process that is killed
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            item = connection.recv()
        except EOFError:
            return
        connection.send(attempt(function, item))


def _end_with_parent() -> None:
    """End this process in the midst of its work when the parent was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
