"""Run the trials and print their tables: ``make accuracy ACCURACY=--help``."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tqdm.auto import tqdm

from accuracy.measure import summed
from accuracy.processes import Failed, answers
from accuracy.provenance import provenance
from accuracy.runs import Runs
from accuracy.tables import TABLES, Table
from accuracy.work import Job, work
from spikereg._check import one_of, whole_number
from spikereg.results import Row, table

#: Where finished trainings are kept if no other folder is named.
RUNS = Path(__file__).parents[2] / "_build" / "accuracy"


def main(
    words: Sequence[str] | None = None, tables: Mapping[str, Table] = TABLES
) -> None:
    """Run the tables that are asked for, one after another.

    Args:
        words: The words of the command line; those of this process if ``None``.
        tables: Which tables there are.

    Raises:
        SystemExit: With 1 if a training failed, 2 for wrong words, and 130 if Ctrl-C
            ended the command.
    """
    asked = _arguments(words, tables)
    runs: Runs = asked.runs
    for line in runs.damaged:
        tqdm.write(line)
    failures = []
    try:
        for name in asked.tables or tables:
            chosen = tables[name]
            rows, failed = run_table(
                chosen, asked.seeds or chosen.seeds, asked.jobs, runs
            )
            failures += failed
            tqdm.write(f"\n{name}: {chosen.title}\n\n{table(rows, chosen.measures)}")
            if asked.store is not None and failed:
                tqdm.write(f"\n{name} is not stored: {len(failed)} trainings failed")
            elif asked.store is not None:
                tqdm.write(f"\nstored in {store(name, rows, asked.store)}")
    except KeyboardInterrupt:
        print(
            f"\nStopped. What is finished is kept in {runs.path}: the same command "
            f"goes on from there.",
            file=sys.stderr,
        )
        sys.exit(130)
    if failures:
        print(
            f"\n{len(failures)} trainings failed; the same command tries them again:",
            *failures,
            sep="\n",
            file=sys.stderr,
        )
        sys.exit(1)


def run_table(
    chosen: Table, seeds: int, processes: int, runs: Runs
) -> tuple[list[Row], list[str]]:
    """Run what is not finished of a table, with the seeds 0, 1, ….

    Args:
        chosen: The table.
        seeds: How many seeds each trial takes.
        processes: How many trainings run at a time, unless times are compared.
        runs: Finished trainings; new ones are added as soon as they are there.

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
                1 if chosen.timed else processes,
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


def _arguments(
    words: Sequence[str] | None, tables: Mapping[str, Table]
) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m accuracy",
        description="Train and test, and print a table of medians and ranges. What was "
        "finished before, with the same files and versions, is not run again.",
        epilog="\n".join(f"{name:10} {t.title}" for name, t in tables.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help="all if none is named"
    )
    parser.add_argument("--seeds", type=int, help="seeds of each row; the table's own")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="write the tables")
    parser.add_argument(
        "--runs",
        type=Path,
        metavar="FOLDER",
        default=RUNS,
        help="keep finished trainings there, not in _build/accuracy",
    )
    asked = parser.parse_args(words)
    try:
        for name in asked.tables:
            one_of("TABLE", name, tuple(tables))
        for name in ("seeds", "jobs"):
            if getattr(asked, name) is not None:
                whole_number(f"--{name}", getattr(asked, name), at_least=1)
        if asked.store is not None:
            asked.store.mkdir(parents=True, exist_ok=True)
        asked.runs = Runs(asked.runs, provenance())
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return asked
