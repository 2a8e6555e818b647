"""What the kinds of neuron cost: a layer of each, and a network of each."""

import argparse
from typing import NamedTuple

from race import Process, environment, processes, race
from table import table, text

# T, B, N
SIZES = [(50, 1, 128), (50, 64, 128)]
SMALL = (20, 3, 16)


class Beside(NamedTuple):
    """One layer or network beside another one.

    Attributes:
        ours: Its name.
        other: That of the other one.
        faster: Whether it should be the faster one.
        targets: By the batch, how many times as fast, or at most as long.
    """

    ours: str
    other: str
    faster: bool
    targets: dict[int, float]

    def ratio(self, ours: float, other: float) -> str:
        """Say how many times as fast, or as long."""
        if self.faster:
            return f"{other / ours:.2f} as fast"
        return f"{ours / other:.2f} as long"

    def target(self, batch: int) -> str:
        """Say what it should be."""
        if batch not in self.targets:
            return ""
        return f"{'at least' if self.faster else 'at most'} {self.targets[batch]:g}"


NEAR = {1: 1.5, 64: 1.5}
LAYERS = [
    Beside("leaky", "leaky, loop", True, {}),
    Beside("RLeaky", "RLeaky, loop", True, {64: 3}),
    Beside("adaptive", "leaky", False, NEAR),
    Beside("adaptive, recurrent", "leaky", False, {}),
    Beside("resonator", "leaky", False, NEAR),
    Beside("resonator, recurrent", "leaky", False, {}),
    Beside("LSTM", "SLSTM, loop", True, {1: 5}),
    Beside("LSTM", "nn.LSTM", False, {64: 1.5}),
]
#: Which should do the same job.
SAME = {"leaky": "leaky, loop", "RLeaky": "RLeaky, loop", "LSTM": "SLSTM, loop"}
NETWORKS = [
    *(
        Beside(name, f"{name}, autograd", True, {})
        for name in (
            "lif",
            "recurrent",
            "adaptive",
            "adaptive, recurrent",
            "resonator",
            "resonator, recurrent",
            "lstm",
        )
    ),
    Beside("recurrent", "lif", False, {}),
    Beside("adaptive", "lif", False, {}),
    Beside("adaptive, autograd", "lif, autograd", False, NEAR),
    Beside("adaptive, recurrent", "lif", False, {}),
    Beside("resonator", "lif", False, {}),
    Beside("resonator, autograd", "lif, autograd", False, NEAR),
    Beside("resonator, recurrent", "lif", False, {}),
    Beside("lstm", "lif", False, {}),
]


def show_layers(options: argparse.Namespace) -> None:
    """Print the times of one layer of neurons, there and back."""
    with Process(1) as checker:
        for size in SIZES:
            for ours, other in SAME.items():
                checker.ask("check", [f"layer {ours}"], size, f"layer {other}")
    print("One layer of N neurons over T steps, forward and backward, 1 thread\n")
    _show("layer", LAYERS, options)
    print(
        "leaky, RLeaky and LSTM are checked to do the same job as snnTorch's loops. "
        "LSTM: with the\nlinear layer before it. Another job: adaptive and resonator; "
        "nn.LSTM, which has no spikes.\n",
        flush=True,
    )


def show_networks(options: argparse.Namespace) -> None:
    """Print the times of a training step of networks."""
    print("Training step of a network with two layers of N neurons, 1 thread\n")
    _show("network", NETWORKS, options)


def _show(what: str, besides: list[Beside], options: argparse.Namespace) -> None:
    """Race all that is named, each by itself, and print one beside the other."""
    if options.quick:
        besides = [beside for beside in besides if beside.targets]
    both = [name for beside in besides for name in (beside.ours, beside.other)]
    names = list(dict.fromkeys(both))
    if options.before:
        names += _known(what, names, options)
        besides = [
            *besides,
            *(
                Beside(name.removesuffix(" before"), name, True, {})
                for name in names
                if name.endswith(" before")
            ),
        ]
    peers = [f"{what} {name}" for name in names]
    rows = []
    with processes(peers, threads=1, before=options.before) as racers:
        for size in SIZES:
            cases = [(peer, size) for peer in peers]
            label = f"{what}s, T, B, N = {text(size)}"
            ms = race(racers, cases, options.seconds, options.rounds, label)
            took = dict(zip(names, ms, strict=True))
            for beside in besides:
                ours, other = took[beside.ours], took[beside.other]
                rows.append(
                    [
                        text(size),
                        beside.ours,
                        f"{ours:.3g}",
                        beside.other,
                        f"{other:.3g}",
                        beside.ratio(ours, other),
                        beside.target(size[1]),
                    ]
                )
    head = ["T, B, N", what, "ms", "beside", "ms", "times", "target"]
    table(head, rows, options.markdown)


def _known(what: str, names: list[str], options: argparse.Namespace) -> list[str]:
    """List what an earlier version of the package can do as well."""
    others = ("loop", "nn.LSTM", "autograd")
    ours = [name for name in names if not any(map(name.count, others))]
    with Process(1, **environment("before", options.before)) as worker:
        return [
            f"{name} before"
            for name in ours
            if worker.ask("knows", f"{what} {name}", SMALL)
        ]
