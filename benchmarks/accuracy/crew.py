"""The workers of a Dask cluster, each of which has one task at a time.

A task is sent to the address of its worker: Dask by itself would hand out several, and
blame all of them when their worker ends.
"""

import pickle
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple

from tqdm import tqdm

from accuracy.processes import Answer, Failed, Item, attempt
from accuracy.provenance import provenance, same_here

if TYPE_CHECKING:
    from distributed import Client, Future

#: Seconds between two looks at which workers are there.
PAUSE = 1.0

#: Seconds in which a finished answer arrives, unless its worker has ended meanwhile.
TRANSFER = 60.0


class ClusterError(Exception):
    """Why a cluster is of no use, in one line."""


class Task(NamedTuple, Generic[Item]):
    """An item, and the workers that ended with it."""

    item: Item
    ended: tuple[str, ...] = ()


class Unfit(NamedTuple):
    """Why a worker cannot be used."""

    why: str


class Crew(Generic[Item, Answer]):
    """The workers that are there, and what they are busy with.

    Args:
        client: Of Dask.
        address: The scheduler's.
        function: What workers call with an item.
    """

    def __init__(
        self, client: "Client", address: str, function: Callable[[Item], Answer]
    ) -> None:
        self.client, self.address, self.function = client, address, function
        self.busy: dict[str, tuple[Task[Item], Future[Answer | Failed | Unfit]]] = {}
        self.there: set[str] = set()
        self.unfit: set[str] = set()
        self.told, self.used = -1, False

    def look(self) -> Iterator[Task[Item]]:
        """Find out which workers are there, and return what others ended with."""
        self.there = set(self.client.nthreads())
        self.unfit &= self.there
        self._tell(len(self.there - self.unfit))
        for worker in self.busy.keys() - self.there:
            (item, ended), _ = self.busy.pop(worker)
            _say(f"{worker} ended while it ran {item}")
            yield Task(item, (*ended, worker))

    def _tell(self, number: int) -> None:
        if self.unfit and not number and not self.used:
            raise ClusterError(
                f"no worker at {self.address} can be used: give all machines the same "
                f"files and versions, and start the workers again"
            )
        if number != self.told:
            self.told = number
            start = f"dask worker {self.address} --nthreads 1 --no-nanny"
            hint = f", waiting for one (in a clone: PYTHONPATH=benchmarks {start})"
            _say(f"workers at {self.address}: {number}{'' if number else hint}")

    def idle(self) -> set[str]:
        """Return the workers that can be given a task."""
        return self.there - self.unfit - self.busy.keys()

    def give(self, worker: str, task: Task[Item]) -> None:
        """Send a task to a worker."""
        call = pickle.dumps(_Call(self.function, task.item))
        future = self.client.submit(pickle.loads, call, workers=[worker], pure=False)
        self.busy[worker] = task, future

    def answers(self) -> Iterator[tuple[Task[Item], Answer | Failed | Unfit]]:
        """Wait for answers, a moment at most, and return those that are there."""
        self._wait()
        for worker, (task, future) in list(self.busy.items()):
            if not future.done():
                continue
            try:
                answer = _answer(future)
            except TimeoutError:
                continue  # it has ended with its worker: look() will see
            del self.busy[worker]
            if isinstance(answer, Unfit):
                self.unfit.add(worker)
                _say(f"{worker} is not used: {answer.why}")
            else:
                self.used = True
            yield task, answer

    def _wait(self) -> None:
        from distributed import wait

        if self.busy:
            futures = [future for _, future in self.busy.values()]
            with suppress(TimeoutError):
                wait(futures, PAUSE, "FIRST_COMPLETED")
        else:
            time.sleep(PAUSE)


def _answer(future: "Future[Answer | Failed | Unfit]") -> Answer | Failed | Unfit:
    if future.status != "error":
        return future.result(TRANSFER)
    error = future.exception()  # of Dask, such as for want of our modules
    return Unfit(f"{type(error).__name__}: {error}")


@dataclass(frozen=True)
class _Call:
    """A call that is made where it is unpickled.

    A scheduler unpickles what it sends on, but this reaches it as bytes: it needs none
    of our modules, and cannot mix in those that it imported before they changed.
    """

    function: Callable[..., object]
    item: object

    def __reduce__(self) -> tuple[object, ...]:
        return _called, (self.function, self.item, provenance())


def _called(
    function: Callable[[Item], Answer], item: Item, asked: tuple[tuple[str, str], ...]
) -> Answer | Failed | Unfit:
    try:
        same_here(asked)
    except RuntimeError as error:
        return Unfit(str(error))
    return attempt(function, item)


def _say(line: str) -> None:
    tqdm.write(line, sys.stderr)
