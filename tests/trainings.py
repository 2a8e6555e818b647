"""The command with small tables, for tests that run it and kill it.

``python trainings.py WORD…`` takes the command's words, and workers of a cluster import
it for its tasks. Each training appends a line to the file $STARTED; a gated one with a
seed above 1 computes until $GATE is there.
"""

import os
import signal
import time
from pathlib import Path

import torch
from accuracy.command import main
from accuracy.datasets import TASKS, Task
from accuracy.tables import Table

from spikereg import RegressionDataset
from spikereg.results import Trial


def small(trial, seed, split):
    with Path(os.environ["STARTED"]).open("a") as file:
        file.write(f"{os.getpid()} {trial}, seed {seed}\n")
    return RegressionDataset(12, 8, seed=seed), RegressionDataset(12, 8, seed=seed + 9)


def gated(trial, seed, split):
    made = small(trial, seed, split)
    while seed > 1 and not Path(os.environ["GATE"]).exists():
        torch.rand(1000).sum()
        time.sleep(0.01)  # which leaves the machine to what the test waits for
    return made


def killed(trial, seed, split):
    made = small(trial, seed, split)
    if seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return made


def wrong(trial, seed, split):
    if seed == 2:
        raise ValueError("there is no seed 2")
    return small(trial, seed, split)


TASKS |= {made.__name__: Task(made) for made in (small, gated, killed, wrong)}


def trials(*tasks, methods=("lstm", "relu")):
    return [
        Trial(method, task, hidden=8, epochs=3, lr=0.01)
        for task in tasks
        for method in methods
    ]


TABLES = {
    "gated": Table("waits", trials("gated", methods=("accurate", "relu")), 4, ("l1",)),
    # Of no row all trainings end, so that none has what is to be printed.
    "broken": Table("is killed and fails", trials("killed", "wrong"), 3, ("counts",)),
    "deadly": Table(
        "ends workers", trials("killed", "wrong", methods=("relu",)), 3, ("l1",)
    ),
    "timed": Table("one at a time", trials("small"), 1, ("l1",), timed=True),
    "untimed": Table("two at a time", trials("small"), 1, ("l1",)),
}

if __name__ == "__main__":
    # Whoever runs the tests may ignore Ctrl-C, as nohup does, and hand that on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main(tables=TABLES)
