"""What the first step of a process takes."""

import argparse
import statistics
import tempfile

from race import Process
from table import table, text

# T, B, H
SIZE = (50, 1, 128)
#: Layers and networks of one kind of neuron. The latter need what reads them out too.
KINDS = {
    "leaky": "lif",
    "RLeaky": "recurrent",
    "adaptive, recurrent": "adaptive, recurrent",
    "resonator, recurrent": "resonator, recurrent",
    "LSTM": "lstm",
}
#: What was compiled.
WHEN = ("nothing", "all")
TARGET = 0.5


def show_first(options: argparse.Namespace) -> None:
    """Print what the first step of a process takes, by peer and by kind."""
    others = [peer for peer in ("jax", "floor") if peer in options.peers]
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            ["spikereg, nothing compiled", _seconds("spikereg", folder)],
            ["spikereg, compiled before", _seconds("spikereg", folder)],
            *([peer, _seconds(peer)] for peer in others),
        ]
    print(f"First training step of a process, 1 thread, at {text(SIZE)}\n")
    table(["peer", "s"], rows, options.markdown)

    rows = [
        [layer, *_kind(f"layer {layer}", options.quick)]
        if options.quick
        else [layer, *_kind(f"layer {layer}"), *_kind(f"network {network}")]
        for layer, network in KINDS.items()
    ]
    print(
        f"First step of a process, 1 thread, at {text(SIZE)}: s of a layer and of a "
        f"network,\nwith nothing compiled before and with all (target: at most "
        f"{TARGET:g})\n"
    )
    whole = [f"{what}, {when}" for what in ("layer", "network") for when in WHEN]
    head = ["kind", *([f"layer, {WHEN[1]}"] if options.quick else whole)]
    table(head, rows, options.markdown)


def _kind(peer: str, quick: bool = False) -> list[str]:
    """Time it with nothing compiled, and compiled before; quickly only that."""
    if quick:
        return [_seconds(peer)]
    with tempfile.TemporaryDirectory() as folder:
        return [_seconds(peer, folder), _seconds(peer, folder, runs=3)]


def _seconds(peer: str, folder: str | None = None, runs: int = 1) -> str:
    """Time the first step: the median of several processes.

    What is compiled is kept in the folder, or else where the tables before have it.
    """
    times = []
    for _ in range(runs):
        with Process(1, **({"NUMBA_CACHE_DIR": folder} if folder else {})) as worker:
            worker.ask("build", peer, SIZE)
            times.append(worker.ask("once"))
    return f"{statistics.median(times):.2f}"
