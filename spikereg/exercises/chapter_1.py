"""Answers to the exercises of chapter 1."""

from collections.abc import Iterable
from functools import partial

import torch

from spikereg.exercises.answers import Answer, like, near


def _spikes(
    current: Iterable[float],
    beta: float,
    threshold: float,
    reset: str = "zero",
    at_threshold: bool = False,
) -> list[float]:
    """Run one neuron by equations (1.5) and (1.6)."""
    membrane, spike, spikes = 0.0, 0.0, []
    for now in map(float, current):
        if reset == "zero":
            membrane = beta * (1 - spike) * membrane + now
        elif reset == "all":
            membrane = (1 - spike) * (beta * membrane + now)
        else:
            membrane = beta * membrane + now - spike * threshold
        fires = membrane >= threshold if at_threshold else membrane > threshold
        spike = float(fires)
        spikes.append(spike)
    return spikes


# Multiples of powers of 2, so that every potential is exact in any precision.
_RUNS = [
    (torch.full((10,), 0.75), 0.5, 1.0),
    (torch.tensor([1.0, 0.5, 1.5, 0.25, 0.75, 2.0, 2.0, 0.125]), 0.5, 1.0),
    (torch.tensor([0.5, 0.5, -1.0, 0.75, 0.75, 0.0, 1.0, 0.25]), 0.75, 0.5),
]

#: Which spike trains and functions are right.
ANSWERS: dict[str, Answer] = {
    "1.1": Answer(
        near(_spikes([1.5] * 6, beta=0.0, threshold=1.0, reset="subtract")),
        look="Look at the first line of (1.6). In the step after a spike, what is "
        "left of the current when the threshold has been taken off?",
        slips=[
            (
                near([1.0] * 6),
                "With a decay of 0 nothing of the old potential survives. But the "
                "reset does not ask for the potential: look at (1.6) again.",
            )
        ],
    ),
    "1.2": Answer(
        near(1 - 0.05 / 1.0, within=0.006),
        look="Look at (1.4): the neuron fires once its ceiling exceeds its threshold. "
        "Solve that for the decay.",
        slips=[
            (
                near(0.96, within=0.004),
                "That is the first position of the slider at which it fires. Where "
                "the change happens is somewhere between two positions: use (1.4).",
            )
        ],
    ),
    "1.3": Answer(
        near(0.5 ** (1 / 10), within=0.006),
        look="Look at section 1.2: after m steps a fraction of the m-th power of the "
        "decay is left.",
        slips=[
            (
                near(0.5**10, within=0.05),
                "That is what a decay of 0.5 leaves after 10 steps. Asked for is the "
                "decay that leaves a half.",
            ),
            (
                near(1 - 0.5 / 10, within=0.004),
                "The potential does not sink by the same amount in every step, but by "
                "the same factor.",
            ),
        ],
    ),
    "1.4": Answer(
        like(_spikes, *_RUNS),
        look="Look at the second line of (1.6): the spike of the last step wipes out "
        "the old potential, and then the current is added.",
        slips=[
            (
                like(partial(_spikes, reset="subtract"), *_RUNS),
                "This still subtracts the threshold.",
            ),
            (
                like(partial(_spikes, at_threshold=True), *_RUNS),
                "Look at (1.5): a potential equal to the threshold is no spike.",
            ),
            (
                like(partial(_spikes, reset="all"), *_RUNS),
                "In the step after a spike, the current is not wiped out: look at "
                "what (1.6) multiplies.",
            ),
        ],
    ),
}
