"""Time one training step of the tutorial's network here and in other libraries.

    make bench        or: python benchmarks/run.py [--quick] [--markdown]

Every peer is first checked against snnTorch's loop. Then: the time of a step at several
sizes, on one core and on all; how the time of spikereg depends on the firing rates; how
its time and memory grow with the time steps; and what the first step of a process
costs.
"""

import argparse
import math
import platform
import statistics
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from check import OTHERWISE
from race import Process, cores, processes, race

PEERS = ["spikereg", "snntorch", "jax", "spikingjelly", "norse", "floor"]
# T, B, H
SMALL = (20, 3, 16)
SIZES = [
    (50, 1, 128),
    (50, 64, 128),
    (200, 1, 128),
    (1000, 1, 128),
    (50, 256, 128),
    (100, 32, 512),
]
RATE_SIZES = [(50, 64, 128), (50, 64, 512)]
THRESHOLDS = [0, 0.3, 1, 2, 4, 8, 100]
# B: T
GROWTH = {1: [100, 200, 400, 800, 1600, 3200], 64: [100, 200, 400, 800, 1600]}


def show_steps(threads: int, options: argparse.Namespace) -> None:
    """Print the times of a step, and what the peers do differently."""
    label = "1 thread" if threads == 1 else f"{threads} threads"
    with Process(threads) as checker:
        checker.ask("check", PEERS, SMALL)
        differs = {size: checker.ask("check", PEERS, size) for size in options.sizes}
    rows = []
    with processes(len(PEERS), threads) as racers:
        for size in options.sizes:
            name = f"{label}, T, B, H = {_text(size)}"
            cases = [(peer, size) for peer in PEERS]
            ms = race(racers, cases, options.seconds, options.rounds, name)
            ours = ms[PEERS.index("spikereg")]
            rows.append([_text(size), *(f"{t:.3g} ({t / ours:.2f})" for t in ms)])
    print(f"Training step, {label}: median in ms (times spikereg's)\n")
    table(["T, B, H", *PEERS], rows, options.markdown)
    same = [peer for peer in PEERS if peer not in OTHERWISE]
    print(f"Checked to do the same job as snntorch: {', '.join(same)}.")
    for peer, how in OTHERWISE.items():
        print(f"Another job: {peer} {how}.")
        for size, found in differs.items():
            if found[peer]:
                print(f"    at {_text(size)} this changes the {found[peer]}")
    print(flush=True)


def show_growth(options: argparse.Namespace) -> None:
    """Print how time and memory of a step of spikereg grow with T."""
    rows = []
    for batch, lengths in GROWTH.items():
        lengths = lengths[: options.lengths]
        sizes = [(steps, batch, 128) for steps in lengths]
        mb = []
        for size in sizes:
            # Without this, glibc keeps what is freed and the heap's gaps count too.
            with Process(1, MALLOC_MMAP_THRESHOLD_="65536") as worker:
                mb.append(worker.ask("memory", "spikereg", size) / 1e6)
        with processes(len(sizes), threads=1) as racers:
            name = f"growth, B = {batch}"
            cases = [("spikereg", size) for size in sizes]
            ms = race(racers, cases, options.seconds, options.rounds, name)
        for steps, time, memory in zip(lengths, ms, mb, strict=True):
            rows.append([str(batch), str(steps), f"{time:.3g}", f"{memory:.1f}"])
        slopes = [f"T^{_slope(lengths, values):.2f}" for values in (ms, mb)]
        rows.append([str(batch), "grows as", *slopes])
    print("spikereg, 1 thread: a training step against T, at H = 128\n")
    table(["B", "T", "ms", "MB"], rows, options.markdown)


def show_rates(options: argparse.Namespace) -> None:
    """Print the time of a step against how often the neurons fire."""
    for size in RATE_SIZES[: options.lengths]:
        cases = [("spikereg", size, scale) for scale in THRESHOLDS]
        with processes(len(cases) + 1, threads=1) as racers:
            ms = race(
                racers,
                [*cases, ("floor", size)],
                options.seconds,
                options.rounds,
                f"firing rate, {_text(size)}",
            )
            rates = [racer.ask("rates") for racer in racers[:-1]]
        *ours, floor = ms
        rows = [
            [
                f"{scale:g}",
                *(f"{rate:.1%}" for rate in each),
                f"{t:.3g}",
                f"{t / floor:.2f}",
            ]
            for scale, each, t in zip(THRESHOLDS, rates, ours, strict=True)
        ]
        print(
            f"spikereg, 1 thread, T, B, H = {_text(size)}: a training step against the "
            f"firing rates of the hidden layers; floor: {floor:.3g} ms\n"
        )
        head = ["thresholds times", "lif_in", "lif_hidden", "ms", "times floor"]
        table(head, rows, options.markdown)


def show_first(options: argparse.Namespace) -> None:
    """Print what the first step of a process takes."""

    def seconds(peer: str, **environment: str) -> str:
        with Process(1, **environment) as worker:
            worker.ask("build", peer, SIZES[0])
            return f"{worker.ask('once'):.2f}"

    with tempfile.TemporaryDirectory() as folder:
        rows = [
            ["spikereg, nothing compiled", seconds("spikereg", NUMBA_CACHE_DIR=folder)],
            ["spikereg, compiled before", seconds("spikereg", NUMBA_CACHE_DIR=folder)],
            ["jax", seconds("jax")],
            ["floor (PyTorch's own)", seconds("floor")],
        ]
    print(f"First training step of a process, 1 thread, at {_text(SIZES[0])}\n")
    table(["peer", "s"], rows, options.markdown)


def table(head: list[str], rows: list[list[str]], markdown: bool) -> None:
    """Print rows under a head, aligned to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["-" * (width - 1) + ":" for width in widths]
    for line in [head, rule, *rows] if markdown else [head, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(line, widths, strict=True)]
        print("| " + " | ".join(cells) + " |" if markdown else "   ".join(cells))
    print(flush=True)


def _text(size: tuple[int, ...]) -> str:
    return ", ".join(map(str, size))


def _slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Fit y = c·x^slope."""
    if min(y) <= 0:
        return math.nan
    fit = statistics.linear_regression([*map(math.log, x)], [*map(math.log, y)])
    return fit.slope


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(": ", 1)[1] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="a rough look: one thread, few sizes"
    )
    parser.add_argument("--markdown", action="store_true", help="print such tables")
    options = parser.parse_args()
    options.seconds, options.rounds = (0.5, 2) if options.quick else (10, 5)
    options.threads = [1] if options.quick else sorted({1, cores()})
    options.sizes = SIZES[:2] if options.quick else SIZES
    options.lengths = 2 if options.quick else None

    libraries = ["torch", "snntorch", "numba", "jax", "spikingjelly", "norse"]
    print(f"{_processor()}, {cores()} cores, Python {platform.python_version()}")
    print(", ".join(f"{name} {version(name)}" for name in libraries) + "\n", flush=True)
    for threads in options.threads:
        show_steps(threads, options)
    show_rates(options)
    show_growth(options)
    show_first(options)


if __name__ == "__main__":
    main()
