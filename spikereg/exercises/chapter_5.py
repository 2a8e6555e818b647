"""Answers to the exercises of chapter 5."""

from itertools import combinations
from statistics import mean

import torch

from spikereg import metrics
from spikereg.exercises.answers import Answer, like, near
from spikereg.results import stored


def _example(steps: int, samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a prediction and a target that is 0 at the first step, as a ramp is."""
    numbers = torch.arange(steps * samples, dtype=torch.float32)
    target = numbers.reshape(steps, samples, 1)
    prediction = target + torch.cos(target)
    target[0] = 0
    return prediction, target


def _best_of_five() -> float:
    """Return the mean of the best of any five seeds of the tutorial's recipe."""
    (errors,) = (
        row.values["relative_error"]
        for row in stored("p1")
        if row.trial.method == "tutorial"
    )
    return mean(min(five) for five in combinations(errors, 5))


ANSWERS: dict[str, Answer] = {
    "5.1": Answer(
        near(0.1),
        look="Put the prediction into (5.1) and take the factor out of the norm.",
        slips=[
            (near(1.1), "That is the prediction over the target, not the miss."),
            (
                near(10.0),
                "A norm error is a part of 1: write a percentage as a decimal.",
            ),
        ],
    ),
    "5.2": Answer(
        near((100 * 0.004 + 0.04) / 101),
        look="Add up what stands in the list, and divide by how many they are.",
        slips=[
            (near(0.04), "That is the L1 error, which the tutorial means to print."),
            (
                near(0.022),
                "Each of the 100 MSE counts, not their mean: they are 100 of the "
                "numbers in the list.",
            ),
        ],
    ),
    "5.3": Answer(
        like(metrics.pointwise_relative_error, _example(5, 1), _example(9, 4)),
        look="Look at (5.2): which steps does the sum run over, and is the miss "
        "divided before the mean is taken?",
    ),
    "5.4": Answer(
        near(0.5),
        look="Compare an old label with the new one, and divide by the new one.",
        slips=[
            (
                near(1.0),
                "Divide by the label that is asked for now, not by the old one.",
            ),
            (near(0.75), "The slope stands under a root."),
        ],
    ),
    "5.5": Answer(
        near(_best_of_five()),
        look="Take the smallest of each choice first, then the mean of all of these.",
    ),
}
