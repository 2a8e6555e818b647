"""The words of ``make accuracy``."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from accuracy import cluster
from accuracy.provenance import provenance
from accuracy.runs import Runs
from accuracy.tables import Table
from spikereg._check import one_of, whole_number

#: Where finished trainings are kept if no other folder is named.
RUNS = Path(__file__).parents[2] / "_build" / "accuracy"


def arguments(
    words: Sequence[str] | None, tables: Mapping[str, Table]
) -> argparse.Namespace:
    """Read the words of the command line.

    Args:
        words: The words; those of this process if ``None``.
        tables: Which tables there are.

    Returns:
        What is asked for, with ``runs``, the finished trainings.

    Raises:
        SystemExit: For wrong words, with 2 and a line that says what is allowed.
    """
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
    parser.add_argument("--jobs", type=int, help="trainings at a time; one a core")
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="train on the workers of a Dask scheduler, such as tcp://host:8786",
    )
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
        if asked.cluster is not None:
            _untimed(asked.tables or list(tables), tables)
            cluster.reach(asked.cluster)
        asked.jobs = asked.jobs or (sys.maxsize if asked.cluster else os.cpu_count())
        if asked.store is not None:
            asked.store.mkdir(parents=True, exist_ok=True)
        asked.runs = Runs(asked.runs, provenance())
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return asked


def _untimed(names: Sequence[str], tables: Mapping[str, Table]) -> None:
    """Raise if a table compares times: machines differ, and may have other work."""
    for name in names:
        if tables[name].timed:
            others = " ".join(other for other in tables if not tables[other].timed)
            raise ValueError(
                f"{name} compares times, which takes a single machine: run it without "
                f"--cluster, and there only what you need of: {others}"
            )
