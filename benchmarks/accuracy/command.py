"""Run the trials and print their tables: ``make accuracy ACCURACY=--help``."""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import torch
from tqdm.auto import tqdm

from accuracy.measure import Outcome, run, summed
from accuracy.tables import TABLES, Table
from spikereg._check import one_of, whole_number
from spikereg.results import Row, Trial, table


def main() -> None:
    """Run the tables that are asked for, one after another."""
    asked = _arguments()
    for name in asked.tables or TABLES:
        chosen = TABLES[name]
        rows = run_table(chosen, asked.seeds or chosen.seeds, asked.jobs)
        tqdm.write(f"\n{name}: {chosen.title}\n\n{table(rows, chosen.measures)}")
        if asked.store is not None:
            tqdm.write(f"\nstored in {store(name, rows, asked.store)}")


def run_table(chosen: Table, seeds: int, jobs: int) -> list[Row]:
    """Run every trial of a table with the seeds 0, 1, … in processes of their own."""
    work = [
        (trial, seed, chosen.split) for trial in chosen.trials for seed in range(seeds)
    ]
    # One thread each: the networks are small. What fails, or Ctrl-C, ends all of them.
    with get_context("spawn").Pool(
        1 if chosen.timed else jobs, torch.set_num_threads, (1,)
    ) as pool:
        outcomes = list(tqdm(pool.imap(_run, work), total=len(work), unit="training"))
    return [
        summed(trial, outcomes[n * seeds : (n + 1) * seeds], range(seeds))
        for n, trial in enumerate(chosen.trials)
    ]


def store(name: str, rows: Sequence[Row], folder: Path) -> Path:
    """Write a table; a file that is there is replaced as a whole or not at all."""
    path = folder / f"{name}.json"
    written = path.with_suffix(".part")
    lines = ",\n".join(json.dumps(asdict(row)) for row in rows)
    written.write_text(f"[\n{lines}\n]\n")
    return written.replace(path)


def _run(work: tuple[Trial, int, str]) -> Outcome:
    trial, seed, split = work
    try:
        return run(trial, seed, split)
    except Exception as error:
        error.add_note(f"in the trial {trial} with the seed {seed}")
        raise


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m accuracy",
        description="Train and test, and print a table of medians and ranges.",
        epilog="\n".join(f"{name:10} {t.title}" for name, t in TABLES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help="all if none is named"
    )
    parser.add_argument("--seeds", type=int, help="seeds of each row; the table's own")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="write the tables")
    asked = parser.parse_args()
    try:
        for name in asked.tables:
            one_of("TABLE", name, tuple(TABLES))
        if asked.store is not None:
            asked.store.mkdir(parents=True, exist_ok=True)
        for name in ("seeds", "jobs"):
            if getattr(asked, name) is not None:
                whole_number(f"--{name}", getattr(asked, name), at_least=1)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return asked
