"""One training, as a process does it that is told to."""

from typing import NamedTuple

import torch

from accuracy.measure import Outcome, run
from accuracy.provenance import same_here
from spikereg.results import Trial


class Job(NamedTuple):
    """What is trained.

    Attributes:
        trial: The trial.
        seed: Its seed.
        split: ``"test"`` or ``"validation"``.
        timed: Whether its seconds count, so that nothing else runs beside it.
    """

    trial: Trial
    seed: int
    split: str = "test"
    timed: bool = False

    def __str__(self) -> str:
        return f"{self.trial}, seed {self.seed}"


def work(job: Job, provenance: tuple[tuple[str, str], ...]) -> Outcome:
    """Train and test, unless the process computes with other files or versions."""
    same_here(provenance)
    # The networks are small, and sums must not depend on a machine's cores.
    torch.set_num_threads(1)
    return run(job.trial, job.seed, job.split)
