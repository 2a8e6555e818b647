"""What a training step takes in ``fit`` with its loader, beside the bare step."""

import argparse

from race import Process, environment, processes, race
from table import table, text

#: Of peer_fit; those that stand for another package only if it races.
PEERS = {"spikereg": "spikereg", "torch": "spikereg", "snntorch": "snntorch"}
# T, samples, B, H
SIZES = [(50, 1, 1, 128), (1000, 1, 1, 128), (50, 64, 1, 128), (50, 256, 64, 128)]


def show_fits(options: argparse.Namespace) -> None:
    """Print the times of a step in a loop over a loader, and of the bare step."""
    before = options.before
    fits = [f"fit {peer}" for peer, of in PEERS.items() if of in options.peers]
    peers = ["spikereg", *fits]
    with Process(1) as checker:
        _check(checker, fits)
    if before:
        earlier = ["before", "fit spikereg before"]
        with Process(1, **environment("before", before)) as checker:
            _check(checker, earlier)
        peers += earlier
    rows = []
    with processes(peers, threads=1, before=before) as racers:
        for T, samples, B, H in SIZES[::3] if options.quick else SIZES:
            size = text((T, samples, B, H))
            cases = [
                (peer, (T, samples, H), 1, B)
                if peer.startswith("fit")
                else (peer, (T, B, H))
                for peer in peers
            ]
            label = f"fit, T, N, B, H = {size}"
            ms = race(racers, cases, options.seconds, options.rounds, label)
            ours = ms[peers.index("fit spikereg")]
            rows.append([size, *(f"{t:.3g} ({t / ours:.2f})" for t in ms)])
    print(
        "Training step in a loop over a loader, with all that the loop does, and the "
        "bare step, 1 thread: ms (times fit's)\n"
    )
    heads = {
        "spikereg": "bare step",
        "fit spikereg": "fit",
        "fit torch": 'fit, backend="torch"',
        "fit snntorch": "snntorch, tutorial's loop",
        "before": "bare step, before",
        "fit spikereg before": "fit, before",
    }
    head = ["T, samples, B, H", *(heads[peer] for peer in peers)]
    table(head, rows, options.markdown)


def _check(checker: Process, peers: list[str]) -> None:
    """Check that a loop makes the step of snnTorch's loop out of one batch."""
    for T, samples, _, H in SIZES:
        checker.ask("check", peers, (T, samples, H))
