"""Work shared among the workers of a Dask cluster, which come and go.

What :mod:`accuracy.processes` does on one machine. Dask is imported where it is used.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError

from accuracy.crew import ClusterError, Crew, Task, Unfit
from accuracy.processes import Answer, Failed, Item

#: An item with which so many workers have ended has failed.
TRIES = 3


def answers(
    address: str,
    function: Callable[[Item], Answer],
    items: Iterable[Item],
    processes: int,
) -> Generator[tuple[Item, Answer | Failed], None, None]:
    """Call a function with each item on the workers of a cluster.

    Args:
        address: The scheduler's.
        function: What to call; each worker imports its module.
        items: What to call it with.
        processes: How many workers have an item at a time, at most.

    Yields:
        An item and its answer, or why there is none, as they come. An item whose worker
        ended goes to another; when three have ended with it, it has failed.

    Raises:
        ClusterError: If the scheduler went away, or if no worker can import the
            function and computes with the files and versions of this process.
    """
    from distributed import Client

    todo = deque(Task(item) for item in items)
    # What it would say at length, a ClusterError says in one line.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        with Client(address) as client:  # when it closes, Dask drops what is under way
            crew = Crew(client, address, function)
            while todo or crew.busy:
                for task in crew.look():
                    if len(task.ended) < TRIES:
                        todo.appendleft(task)
                    else:
                        named = ", ".join(task.ended)
                        yield task.item, Failed(f"each of its workers ended: {named}")
                for worker in crew.idle():
                    if todo and len(crew.busy) < processes:
                        crew.give(worker, todo.popleft())
                for task, answer in crew.answers():
                    if isinstance(answer, Unfit):
                        todo.appendleft(task)
                    else:
                        yield task.item, answer
    except (OSError, CancelledError) as error:
        lost = f"the scheduler at {address} went away ({type(error).__name__})"
        raise ClusterError(lost) from error


def reach(address: str) -> None:
    """Make sure that a scheduler answers.

    Args:
        address: Where, such as ``tcp://host:8786``.

    Raises:
        ValueError: If Dask is missing, if this is no address, or if no scheduler
            answers there.
    """
    try:
        found = asyncio.run(_kind(address))
    except ImportError as error:
        raise ValueError(
            f"--cluster {address!r} needs Dask ({error}): in your clone, "
            f'pip install -e ".[cluster]"'
        ) from None
    except OSError:
        found = "nothing"
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"--cluster must be an address such as tcp://host:8786, not {address!r} "
            f"({error})"
        ) from None
    if found != "Scheduler":
        raise ValueError(
            f"--cluster must be the address of a scheduler, but at {address!r} answers "
            f"{found}: start one with `dask scheduler`, which prints its address"
        )


async def _kind(address: str) -> str:
    from dask import config
    from dask.utils import parse_timedelta
    from distributed import Security, rpc

    # Dask waits that long for a connection, and for ever for a stranger to answer.
    patience = parse_timedelta(config.get("distributed.comm.timeouts.connect"))
    security = Security().get_connection_args("client")
    async with asyncio.timeout(patience):
        async with rpc(address, connection_args=security) as there:
            return str((await there.identity())["type"])
