"""Answers to the exercises of chapter 6."""

import math
from functools import partial

import torch
from torch import Tensor

from spikereg._check import local_generator
from spikereg.exercises.answers import Answer, like, near


def _arctangent(z: Tensor) -> Tensor:
    """Differentiate the spike as exercise 6.4 asks for."""
    return 1 / (1 + (math.pi * z) ** 2)


def _decay_gradient(
    u: Tensor,
    g_s: Tensor,
    g_u: Tensor,
    beta: float,
    theta: float,
    start: float,
    reset: str = "zero",
    cut: bool = True,
) -> Tensor:
    """Differentiate by the decay, as exercise 6.5 asks for.

    With another reset or without ``cut``, where the error passes spikes on its way
    back, this is what a learner may have written.
    """
    before = torch.cat([torch.as_tensor(start).reshape(1), u[:-1]])
    wiped = (before > theta) & (reset == "zero")
    kept = 1 - wiped.float()
    from_future, total = torch.zeros(()), torch.zeros(())
    for t in reversed(range(len(u))):
        through_spike = g_s[t] / (1 + 25 * (u[t] - theta).abs()) ** 2
        delta = g_u[t] + through_spike + from_future
        total = total + delta * kept[t] * before[t]
        from_future = beta * (kept[t] if cut else 1.0) * delta
    return total


def _run(seed: int, beta: float, start: float) -> tuple[Tensor, ...]:
    """Draw membranes that exceed 1 now and then, and gradients from outside."""
    draw = local_generator(seed)
    u, g_s, g_u = torch.randn(3, 12, generator=draw)
    return u + 0.5, g_s, g_u, torch.tensor(beta), torch.tensor(1.0), torch.tensor(start)


_RUNS = [_run(0, 0.9, 0.0), _run(1, 0.5, 1.5), _run(2, 0.75, 0.25)]
_DISTANCES = [(torch.linspace(-1, 1, 21),)]

#: Which numbers and functions are right.
ANSWERS: dict[str, Answer] = {
    "6.1": Answer(
        near(0.8**3),
        look="Look at the last term of (6.1): every step back multiplies once more. "
        "How many steps are there?",
        slips=[
            (
                near(0.8**4),
                "That is one step too many: the last step itself hears all of it.",
            ),
            (near(0.8**2), "That is one step too few."),
            (
                near(3 * 0.8),
                "The factors of the steps are multiplied, not added up.",
            ),
        ],
    ),
    "6.2": Answer(
        near(1 / 100),
        look="Look at (1.7): the bracket has to become 2.",
        slips=[
            (
                near(3 / 100),
                "There the bracket is 4, and its square 16. Look at (1.7).",
            ),
            (near(1 / 25), "That is the distance for k = 25."),
        ],
    ),
    "6.4": Answer(
        like(_arctangent, *_DISTANCES),
        look="Compare what your class passes on at distance 0, and at a distance on "
        "either side, with the formula of the exercise.",
        slips=[
            (
                like(torch.zeros_like, *_DISTANCES),
                "It passes nothing on: look at what `backward` returns.",
            ),
            (
                like(lambda z: 1 / (1 + math.pi * z.abs()) ** 2, *_DISTANCES),
                "That is a fast sigmoid of steepness π. Look at where the square is.",
            ),
        ],
    ),
    "6.5": Answer(
        like(_decay_gradient, *_RUNS),
        look='Look at the line "zero" of (1.6), at a step after a spike: what is '
        "left of the membrane before, and what of its gradient?",
        slips=[
            (
                like(partial(_decay_gradient, reset="subtract"), *_RUNS),
                'That is the sum for "subtract": the reset is not in it yet.',
            ),
            (
                like(partial(_decay_gradient, cut=False), *_RUNS),
                "The sum is right, but the error passes the spikes on its way back. "
                "Look at the factor that a membrane has in the next one.",
            ),
        ],
    ),
}
