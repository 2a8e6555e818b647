"""Run the trials and print their tables: ``python -m spikereg.trials --help``."""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import torch
from tqdm.auto import tqdm

from spikereg._check import one_of, whole_number
from spikereg.trials.measure import Row, run, summed
from spikereg.trials.results import store, table
from spikereg.trials.tables import TABLES, Table


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
    workers = 1 if chosen.timed else jobs
    with ProcessPoolExecutor(
        workers, get_context("spawn"), torch.set_num_threads, (1,)
    ) as pool:
        futures = [
            [pool.submit(run, trial, seed, chosen.split) for seed in range(seeds)]
            for trial in chosen.trials
        ]
        each = [future for of_trial in futures for future in of_trial]
        for _ in tqdm(as_completed(each), total=len(each), unit="training"):
            pass
        return [
            summed(trial, [future.result() for future in of_trial], range(seeds))
            for trial, of_trial in zip(chosen.trials, futures, strict=True)
        ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m spikereg.trials",
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
        for name in ("seeds", "jobs"):
            if getattr(asked, name) is not None:
                whole_number(f"--{name}", getattr(asked, name), at_least=1)
    except ValueError as error:
        parser.error(str(error))
    return asked


if __name__ == "__main__":
    main()
