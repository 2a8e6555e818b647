"""Answers to the exercises of chapter 2."""

import math
from typing import Any

import torch

from spikereg._check import local_generator
from spikereg.exercises.answers import Answer, Test, near


def _proportional_to_the_product(answer: Any) -> bool:
    """Say whether a function of three features gives the product of the first two.

    A factor does no harm: a straight line finds it.
    """
    if not callable(answer):
        raise TypeError(f"answer must be a function, not {answer!r}")
    walks = torch.rand(40, 256, 3, generator=local_generator(0)) - 0.5
    wanted = (walks[..., 0] * walks[..., 1]).flatten()
    given = torch.as_tensor(answer(walks.clone()), dtype=torch.float32).flatten()
    if given.shape != wanted.shape:
        raise ValueError(
            f"answer must return [40, 256, 1], not {given.numel()} numbers"
        )
    factor = (given @ wanted) / (wanted @ wanted)
    same: Test = near(wanted, within=1e-4)
    return bool(factor != 0) and same(given / factor)


#: Errors and heights, all from closed forms.
ANSWERS: dict[str, Answer] = {
    "2.1": Answer(
        near((1 / 400) ** 0.5, within=0.02),
        look="Look at (2.1) and (2.2): which part of its end point has the ramp "
        "reached after one of 400 steps? And what is the root of that?",
        slips=[
            (
                near(1 / 400, within=0.02),
                "That is where the ramp stands. The target is a square root over it.",
            ),
        ],
    ),
    # Over e ~ U(0, 1) the labels at one step are proportional to the root of e: their
    # mean square is 1/2, the square of their mean (2/3)² = 4/9.
    "2.2": Answer(
        near((1 - (4 / 9) / (1 / 2)) ** 0.5, within=0.12),
        look="Look at the labels of many training ramps at one time step. Which single "
        "number has the smallest mean squared distance from all of them?",
        slips=[
            (
                near(0.44, within=0.07),
                "That is the timetable of one ramp, as in section 2.5. Learn one from "
                "many.",
            ),
            (
                near((1 - (4 / 9) / (1 / 2)), within=0.12),
                "That is the square of it: take the root, as the norm does.",
            ),
        ],
    ),
    # The root over [0, 1] has the mean 2/3, the mean square 1/2 and the covariance
    # 1/15 with its input, whose variance is 1/12.
    "2.3": Answer(
        near(((1 / 2 - (2 / 3) ** 2 - 12 / 15**2) / (1 / 2)) ** 0.5, within=0.03),
        look="Try several numbers of steps, up to some thousands, and see where the "
        "error settles.",
        slips=[
            (
                near(0.0796, within=0.02),
                "That is the error for 50 steps.",
            )
        ],
    ),
    "2.4": Answer(
        _proportional_to_the_product,
        look="The line can weigh features and add them up. Of which feature is the "
        "second label of section 2.6 a multiple?",
    ),
    # What is missing shrinks by the decay with each step more.
    "2.5": Answer(
        near(math.ceil(math.log(0.05) / math.log(0.9)) - 1.0, within=0.06),
        look="Without any earlier step the norm error is about the decay. Each earlier "
        "step shrinks it once more by the decay: when does it come below 5 %?",
    ),
}
