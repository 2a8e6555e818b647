"""What a training step took where it was measured, part by part."""

import json
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Cost:
    """The times of a training step at one size, in milliseconds.

    Medians on one core of one machine, of which only ratios can be compared with those
    on another. All were measured by turns, in one run.

    Attributes:
        size: Time steps T, batch B, and neurons H of each of two hidden layers.
        parts: Of a step of :func:`~spikereg.fit`, by the name of the part.
        ms: Of a whole step, by who makes it: snnTorch's loop over time, this package's
            compiled neurons under PyTorch's autograd, ``fit``, and a network with ReLU
            in place of the neurons.
    """

    size: tuple[int, int, int]
    parts: dict[str, float]
    ms: dict[str, float]


def step_costs() -> list[Cost]:
    """Read what ``make bench BENCH="--tables parts --store"`` has stored.

    Returns:
        A row for each size.
    """
    text = (resources.files("spikereg.results") / "step.json").read_text()
    return [
        Cost(tuple(row["size"]), row["parts"], row["ms"]) for row in json.loads(text)
    ]
