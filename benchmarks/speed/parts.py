"""What a training step is made of, part by part."""

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from race import Process, processes, race
from table import table, text

#: T, B, H
SIZES = [(50, 1, 128), (1000, 1, 128), (50, 64, 128)]
WHOLE = {
    "snntorch": "snnTorch's loop",
    "autograd": "autograd",
    "spikereg": "compiled",
    "floor": "ReLU network",
}
STORED = Path(__file__).parents[2] / "spikereg" / "results" / "stored" / "step.json"


def show_parts(options: argparse.Namespace) -> None:
    """Print, and store if asked to, what the parts of a step take."""
    found = []
    for size in SIZES[:1] if options.quick else SIZES:
        with processes(list(WHOLE), threads=1) as racers:
            cases = [(peer, size) for peer in WHOLE]
            label = f"parts, T, B, H = {text(size)}"
            ms = race(racers, cases, options.seconds, options.rounds, label)
        with Process(1) as worker:
            worker.ask("build", "spikereg", size)
            parts = worker.ask("parts", options.seconds / 2)
        whole = dict(zip(WHOLE.values(), ms, strict=True))
        found.append({"size": size, "whole": whole, "parts": parts})
    names = list(found[0]["parts"])
    rows = [
        [text(each["size"]), *(f"{1e3 * each['parts'][n]:.0f}" for n in names)]
        for each in found
    ]
    print("A training step of fit, part by part, 1 thread: µs, median\n")
    table(["T, B, H", *names], rows, options.markdown)
    rows = [
        [text(each["size"]), *(f"{ms:.3g}" for ms in each["whole"].values())]
        for each in found
    ]
    print("The whole of it, and of others, 1 thread: ms, median\n")
    table(["T, B, H", *WHOLE.values()], rows, options.markdown)
    if options.store:
        STORED.write_text(json.dumps(found, indent=1) + "\n")
        print(f"Stored in {STORED}.\n")


def parts(step: Callable[[], None], seconds: float) -> dict[str, float]:
    """Time the parts of a step: the medians, in milliseconds."""
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(3):
        step()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        with _watched() as spent:
            start = time.perf_counter()
            step()
            whole = time.perf_counter() - start
        for name, each in spent.items():
            taken[name].append(each)
        taken["all else"].append(whole - sum(spent.values()))
    return {name: 1e3 * statistics.median(each) for name, each in taken.items()}


@contextmanager
def _watched() -> Iterator[dict[str, float]]:
    """Time what a step calls, until the end of a ``with`` statement."""
    import torch

    from spikereg import events
    from spikereg.scan.arrays import Walk

    spent: dict[str, float] = {}
    places = {
        "products": [
            *((torch, name) for name in ("addmm", "mm", "sum")),
            *((events, name) for name in ("pays", "add_columns", "add_rows")),
        ],
        "neurons, there": [(Walk, "forward")],
        "neurons, back": [(Walk, "backward")],
        "Adam": [(torch, "_fused_adam_")],
    }

    def timed(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            result = function(*arguments, **named)
            spent[part] += time.perf_counter() - start
            return result

        return call

    before = []
    try:
        for part, functions in places.items():
            spent[part] = 0.0
            for owner, name in functions:
                before.append((owner, name, getattr(owner, name)))
                setattr(owner, name, timed(part, getattr(owner, name)))
        yield spent
    finally:
        for owner, name, function in reversed(before):
            setattr(owner, name, function)
