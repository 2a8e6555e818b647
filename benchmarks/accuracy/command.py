"""Run the trials and print their tables: ``make accuracy ACCURACY=--help``."""

import json
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tqdm.auto import tqdm

from accuracy import cluster, processes
from accuracy.arguments import arguments
from accuracy.crew import ClusterError
from accuracy.measure import Outcome, summed
from accuracy.processes import Failed
from accuracy.provenance import provenance
from accuracy.runs import Runs
from accuracy.tables import TABLES, Table
from accuracy.work import Job, work
from spikereg.results import Row, table

#: Shares trainings out, so many at a time: :func:`accuracy.processes.answers`.
Answers = Callable[
    [Callable[[Job], Outcome], Iterable[Job], int],
    Generator[tuple[Job, Outcome | Failed], None, None],
]


def main(
    words: Sequence[str] | None = None, tables: Mapping[str, Table] = TABLES
) -> None:
    """Run the tables that are asked for, one after another.

    Args:
        words: The words of the command line; those of this process if ``None``.
        tables: Which tables there are.

    Raises:
        SystemExit: With 1 if a training or the cluster failed, 2 for wrong words, and
            130 if Ctrl-C ended the command.
    """
    asked = arguments(words, tables)
    runs: Runs = asked.runs
    for line in runs.damaged:
        tqdm.write(line)
    at = asked.cluster
    answers = partial(cluster.answers, at) if at is not None else processes.answers
    failures = []
    try:
        for name in asked.tables or tables:
            chosen = tables[name]
            rows, failed = run_table(
                chosen, asked.seeds or chosen.seeds, asked.jobs, runs, answers
            )
            failures += failed
            if rows:
                made = table(rows, chosen.measures)
                tqdm.write(f"\n{name}: {chosen.title}\n\n{made}")
            if asked.store is not None and failed:
                tqdm.write(f"\n{name} is not stored: {len(failed)} trainings failed")
            elif asked.store is not None:
                tqdm.write(f"\nstored in {store(name, rows, asked.store)}")
    except (KeyboardInterrupt, ClusterError) as end:
        print(
            f"\n{str(end) or 'Stopped'}. What is finished is kept in {runs.path}: the "
            f"same command goes on from there.",
            file=sys.stderr,
        )
        sys.exit(130 if isinstance(end, KeyboardInterrupt) else 1)
    if failures:
        print(
            f"\n{len(failures)} trainings failed; the same command tries them again:",
            *failures,
            sep="\n",
            file=sys.stderr,
        )
        sys.exit(1)


def run_table(
    chosen: Table,
    seeds: int,
    at_a_time: int,
    runs: Runs,
    answers: Answers = processes.answers,
) -> tuple[list[Row], list[str]]:
    """Run what is not finished of a table, with the seeds 0, 1, ….

    Args:
        chosen: The table.
        seeds: How many seeds each trial takes.
        at_a_time: How many trainings run at a time, unless times are compared.
        runs: Finished trainings; new ones are added as soon as they are there.
        answers: Where they run: in processes of this machine, or on a cluster.

    Returns:
        The rows of the trials none of whose trainings failed, and why others did.
    """
    jobs = [
        Job(trial, seed, chosen.split, chosen.timed)
        for trial in chosen.trials
        for seed in range(seeds)
    ]
    left = [job for job in jobs if runs.get(job) is None]
    failures = []
    with (
        tqdm(total=len(jobs), initial=len(jobs) - len(left), unit="training") as bar,
        closing(
            answers(
                partial(work, provenance=provenance()),
                left,
                1 if chosen.timed else at_a_time,
            )
        ) as finished,
    ):
        for job, answer in finished:
            if isinstance(answer, Failed):
                failures.append(f"{job}: {answer.why}")
                tqdm.write(f"\nfailed: {failures[-1]}\n{answer.where}", sys.stderr)
            else:
                runs.add(job, answer)
                bar.update()
    rows = []
    for n, trial in enumerate(chosen.trials):
        given = [runs.get(job) for job in jobs[n * seeds : (n + 1) * seeds]]
        outcomes = [outcome for outcome in given if outcome is not None]
        if len(outcomes) == seeds:
            rows.append(summed(trial, outcomes, range(seeds)))
    return rows, failures


def store(name: str, rows: Sequence[Row], folder: Path) -> Path:
    """Write a table; a file that is there is replaced as a whole or not at all."""
    path = folder / f"{name}.json"
    written = path.with_suffix(".part")
    lines = ",\n".join(json.dumps(asdict(row)) for row in rows)
    written.write_text(f"[\n{lines}\n]\n")
    return written.replace(path)
