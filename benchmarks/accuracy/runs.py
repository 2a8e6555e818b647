"""The finished trainings: a file that only grows, one line for each."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from accuracy.measure import Outcome
from accuracy.work import Job
from spikereg import Report


class Runs:
    """Finished trainings in a folder, of all versions; only one's own are found.

    Args:
        folder: Where ``runs.jsonl`` lies, or is made.
        provenance: What the trainings to be found and added were computed with.

    Attributes:
        path: The file.
        damaged: Lines that could not be read: file, number and what is wrong.

    Raises:
        OSError: If the file can be neither read nor made.
    """

    def __init__(self, folder: Path, provenance: tuple[tuple[str, str], ...]) -> None:
        self.path = folder / "runs.jsonl"
        self.provenance = dict(provenance)
        self.damaged: list[str] = []
        self._found: dict[str, Outcome] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self.path.open("ab").close()  # found out now that it cannot be written
        for number, line in enumerate(self.path.read_bytes().split(b"\n"), 1):
            if line:
                try:
                    self._read(line)
                except (ValueError, KeyError, TypeError) as error:
                    self.damaged.append(
                        f"{self.path}, line {number}, was cut off or damaged, and "
                        f"counts as not there ({type(error).__name__}: {error})"
                    )

    def get(self, job: Job) -> Outcome | None:
        """Return what a training gave, or ``None`` if it is not there."""
        return self._found.get(_text(self._key(job)))

    def add(self, job: Job, outcome: Outcome) -> None:
        """Append a training, and return when the disk has it."""
        key = self._key(job)
        line = json.dumps({"key": key, "outcome": _plain(outcome)}).encode() + b"\n"
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            # Whoever was killed while writing left a line without an end.
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                line = b"\n" + line
            written = os.write(file, line)
            if written < len(line):
                took = f"{self.path} took {written} of {len(line)} bytes"
                raise OSError(f"{took}: is the disk full?")
            os.fsync(file)
        finally:
            os.close(file)
        self._found[_text(key)] = outcome

    def _key(self, job: Job) -> dict[str, object]:
        asked = job._asdict() | {"trial": asdict(job.trial)}
        return asked | {"provenance": self.provenance}

    def _read(self, line: bytes) -> None:
        read = json.loads(line)
        key, outcome = read["key"], read["outcome"]
        # What another version measured may have another form.
        if key["provenance"] == self.provenance:
            outcome["report"] = Report(**outcome["report"])
            self._found[_text(key)] = Outcome(**outcome)


def _text(key: dict[str, object]) -> str:
    return json.dumps(key, sort_keys=True)


def _plain(outcome: Outcome) -> dict[str, object]:
    return outcome._asdict() | {"report": asdict(outcome.report)}
