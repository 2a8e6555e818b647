"""What a training step is made of, part by part."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from job import Job
from peers import Step, spikereg
from race import processes, race
from table import table, text

from spikereg import events

#: T, B, H
SIZES = [(50, 1, 128), (1000, 1, 128), (50, 64, 128)]
PEERS = {
    "snntorch": "loop over time",
    "autograd": "compiled neurons, autograd",
    "parts": "fit's step",
    "floor": "ReLU network",
}
STORED = Path(__file__).parents[2] / "spikereg" / "results" / "step.json"


class Watched(Step):
    """A step that keeps what its parts take, in seconds: some microseconds more.

    Attributes:
        parts: By name, one time for each step.
    """

    def __init__(self, job: Job) -> None:
        super().__init__(spikereg, job)
        super().step()
        self._spent: dict[str, float] = {}
        products = [
            *((torch, name) for name in ("addmm", "mm", "sum")),
            *((events, name) for name in ("pays", "add_columns", "add_rows")),
        ]
        self._watch("products", products)
        for part, name in (
            ("neurons, forward", "_walk_there"),
            ("neurons, backward", "_walk_back"),
        ):
            self._watch(part, [(link, name) for link in self.links])
        self._watch("Adam", [(torch, "_fused_adam_")])
        self.parts: dict[str, list[float]] = {name: [] for name in self._spent}
        self.parts["all else"] = []

    def step(self) -> None:
        """Train by one step."""
        self._spent = dict.fromkeys(self._spent, 0.0)
        start = time.perf_counter()
        super().step()
        whole = time.perf_counter() - start
        for name, taken in self._spent.items():
            self.parts[name].append(taken)
        self.parts["all else"].append(whole - sum(self._spent.values()))

    def _watch(self, part: str, functions: list[tuple[Any, str]]) -> None:
        self._spent = self._spent | {part: 0.0}
        for owner, name in functions:
            setattr(owner, name, self._timed(part, getattr(owner, name)))

    def _timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            result = function(*arguments, **named)
            self._spent[part] += time.perf_counter() - start
            return result

        return call


def show_parts(options: argparse.Namespace) -> None:
    """Print, and store if asked to, what the parts of a step take."""
    found = []
    for size in SIZES[:1] if options.quick else SIZES:
        with processes(list(PEERS), threads=1) as racers:
            cases = [(peer, size) for peer in PEERS]
            label = f"parts, T, B, H = {text(size)}"
            ms = race(racers, cases, options.seconds, options.rounds, label)
            parts = racers[list(PEERS).index("parts")].ask("parts")
        whole = dict(zip(PEERS.values(), ms, strict=True))
        found.append({"size": size, "ms": whole, "parts": parts})
    names = [*found[0]["parts"], *found[0]["ms"]]
    rows = [
        [
            text(each["size"]),
            *(f"{ms:.3g}" for ms in (each["parts"] | each["ms"]).values()),
        ]
        for each in found
    ]
    print("A step of fit part by part, and others as a whole, 1 thread: median in ms\n")
    table(["T, B, H", *names], rows, options.markdown)
    if options.store:
        STORED.write_text(json.dumps(found, indent=1) + "\n")
        print(f"Stored in {STORED}.\n")
