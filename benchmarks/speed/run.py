"""Time one training step of the tutorial's network here and in other libraries.

    make bench        or: python benchmarks/speed/run.py [--quick] [--before FOLDER]

Every peer is first checked against snnTorch's loop. Then: the time of a step at several
sizes, on one core and on all ("spikereg" is the step that ``fit`` makes, "autograd" the
same network in PyTorch's loop); that of its parts; that of ``fit`` with its loader; how
the time of spikereg depends on the firing rates; how its time and memory grow with the
time steps; what the other kinds of neuron cost; and what the first step of a process
costs.

With ``--before FOLDER`` an earlier version of the package, in a checkout of an earlier
commit, races in the same run: ``git worktree add FOLDER COMMIT`` makes one.
"""

import argparse
import math
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from check import OTHERWISE
from first import show_first
from fits import show_fits
from kinds import show_layers, show_networks
from parts import show_parts
from race import Process, cores, environment, processes, race
from table import table, text

PEERS = ["spikereg", "autograd", "snntorch", "jax", "spikingjelly", "norse", "floor"]
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


def show_steps(options: argparse.Namespace) -> None:
    """Print the times of a step, on one core and on all."""
    for threads in options.threads:
        _show_steps(threads, options)


def _show_steps(threads: int, options: argparse.Namespace) -> None:
    """Print them, and what the peers do differently."""
    label = "1 thread" if threads == 1 else f"{threads} threads"
    peers, before = options.peers, options.before
    with Process(threads) as checker:
        checker.ask("check", peers, SMALL)
        differs = {size: checker.ask("check", peers, size) for size in options.sizes}
    if before:
        peers = [*peers, "before"]
        with Process(threads, **environment("before", before)) as checker:
            for size in (SMALL, *options.sizes):
                checker.ask("check", ["before"], size)
    rows = []
    with processes(peers, threads, before) as racers:
        for size in options.sizes:
            name = f"{label}, T, B, H = {text(size)}"
            cases = [(peer, size) for peer in peers]
            ms = race(racers, cases, options.seconds, options.rounds, name)
            ours = ms[peers.index("spikereg")]
            rows.append([text(size), *(f"{t:.3g} ({t / ours:.2f})" for t in ms)])
    print(f"Training step, {label}: median in ms (times spikereg's)\n")
    table(["T, B, H", *peers], rows, options.markdown)
    same = [peer for peer in peers if peer not in OTHERWISE]
    print(f"Checked to do the same job as snntorch: {', '.join(same)}.")
    for peer in filter(OTHERWISE.__contains__, peers):
        print(f"Another job: {peer} {OTHERWISE[peer]}.")
        for size, found in differs.items():
            if found[peer]:
                print(f"    at {text(size)} this changes the {found[peer]}")
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
        with processes(["spikereg"] * len(sizes), threads=1) as racers:
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
    quick = options.quick
    thresholds = THRESHOLDS[::3] if quick else THRESHOLDS
    for size in RATE_SIZES[:1] if quick else RATE_SIZES:
        cases = [("spikereg", size, scale) for scale in thresholds]
        cases.append(("floor", size, 1))
        with processes([peer for peer, *_ in cases], threads=1) as racers:
            ms = race(
                racers,
                cases,
                options.seconds,
                options.rounds,
                f"firing rate, {text(size)}",
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
            for scale, each, t in zip(thresholds, rates, ours, strict=True)
        ]
        print(
            f"spikereg, 1 thread, T, B, H = {text(size)}: a training step against the "
            f"firing rates of the hidden layers; floor: {floor:.3g} ms\n"
        )
        head = ["thresholds times", "lif_in", "lif_hidden", "ms", "times floor"]
        table(head, rows, options.markdown)


TABLES = {
    "steps": show_steps,
    "parts": show_parts,
    "fits": show_fits,
    "rates": show_rates,
    "growth": show_growth,
    "layers": show_layers,
    "networks": show_networks,
    "first": show_first,
}


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
    parser.add_argument(
        "--peers", nargs="+", choices=PEERS, default=PEERS, help="beside spikereg"
    )
    parser.add_argument(
        "--before", type=Path, help="a checkout of an earlier commit, to race with"
    )
    parser.add_argument(
        "--store", action="store_true", help="keep the table of parts for the book"
    )
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    options = parser.parse_args()
    if options.store and options.quick:
        parser.error("--store keeps a whole table, not the one of --quick")
    options.peers = ["spikereg", *(p for p in options.peers if p != "spikereg")]
    if options.before:
        options.before = options.before.resolve()
        with Process(1, **environment("before", options.before)) as worker:
            found = worker.ask("where")
        if Path(found) != options.before:
            parser.error(
                f"--before {options.before} holds no spikereg: it is {found}'s"
            )
    options.seconds, options.rounds = (0.5, 2) if options.quick else (10, 5)
    options.threads = [1] if options.quick else sorted({1, cores()})
    options.sizes = SIZES[:2] if options.quick else SIZES
    options.lengths = 2 if options.quick else None

    others = {"spikereg", "autograd", "snntorch", "floor"}
    libraries = ["torch", "snntorch", "numba"]
    libraries += [peer for peer in options.peers if peer not in others]
    print(f"{_processor()}, {cores()} cores, Python {platform.python_version()}")
    print(", ".join(f"{name} {version(name)}" for name in libraries) + "\n", flush=True)
    for name in options.tables:
        TABLES[name](options)


if __name__ == "__main__":
    main()
