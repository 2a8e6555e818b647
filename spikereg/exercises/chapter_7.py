"""Answers to the exercises of chapter 7."""

import math

import torch
from torch import Tensor

from spikereg.exercises.answers import Answer, near
from spikereg.memory import MemoryDataset


def _linear_in_the_past() -> float:
    """Return the error of the best linear filter on the size of a delayed curve."""
    (x, y), (new_x, new_y) = _delayed(1024, 0), _delayed(200, 1)
    weights = torch.linalg.lstsq(x, y, driver="gelsd").solution
    return float((new_x @ weights - new_y).norm() / new_y.norm())


def _delayed(samples: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return all past inputs and a one for each step, and what is asked for there."""
    data = MemoryDataset("delay", num_samples=samples, seed=seed)
    x = data.features[:, :, 0].double()
    late = [torch.cat([torch.zeros_like(x[:k]), x[: len(x) - k]]) for k in range(50)]
    inputs = torch.stack([*late, torch.ones_like(x)], dim=2).flatten(0, 1)
    return inputs, data.labels.abs().double().flatten(0, 1)


ANSWERS: dict[str, Answer] = {
    "7.1": Answer(
        near(21.0, within=1e-6),
        look="Count how many of the neurons may fire: the fewest, the most, and all "
        "numbers between.",
        slips=[
            (near(20.0, within=1e-6), "One reading is missing: that of a cold day."),
            (
                near(2.0**20, within=1e-6),
                "Not every pattern can occur: a neuron fires only if all with lower "
                "levels do.",
            ),
        ],
    ),
    "7.2": Answer(
        near(0.1),
        look="Set the current of (7.1) equal to the new threshold.",
        slips=[
            (near(0.3), "At the old threshold x - c is not 0 by your formula."),
            (near(0.5), "The current rises five thresholds from level to level."),
        ],
    ),
    "7.3": Answer(
        near(0.5 ** (3 / 5)),
        look="Integrate the density of levels; the middle is where half of it is "
        "reached.",
        slips=[
            (near(0.5), "That would be right for a straight line."),
            (near(0.5 ** (1 / 3)), "Did you take the third root in (7.2)?"),
            (near(0.5 ** (3 / 4)), "In (7.2) the slope of the curve is squared."),
        ],
    ),
    "7.4": Answer(
        near(math.log(0.01) / math.log(0.95), within=0.02),
        look="After n steps an old square counts with the n-th power of the factor.",
        slips=[(near(20.0), "By then it has fallen to about a third.")],
    ),
    "7.5": Answer(
        near(_linear_in_the_past(), within=0.03),
        look="Is the filter solved for on the training sequences, and tested on "
        "others? Does it have a constant?",
        slips=[(near(1.0, within=0.2), "Without a constant it can do nothing at all.")],
    ),
}
