"""Answers to the exercises of chapter 4."""

import torch

from spikereg import metrics
from spikereg._check import local_generator
from spikereg.exercises.answers import Answer, equal, near


def _error_of_plane() -> float:
    """Return the norm error of the best plane through 4.5's product of two ramps."""
    ends = torch.rand(2, 16, generator=local_generator(0)).double()
    rise = torch.linspace(0, 1, 50, dtype=torch.float64)[:, None]
    first, second = ends[0] * rise, ends[1] * (1 - rise)
    columns = torch.stack([first, second, torch.ones_like(first)], dim=2).view(-1, 3)
    label = (4 * first * second)[:, :, None]
    weights = torch.linalg.lstsq(columns, label.reshape(-1, 1)).solution
    return metrics.relative_error((columns @ weights).view_as(label), label).item()


ANSWERS: dict[str, Answer] = {
    "4.1": Answer(
        near(64 / 16 * 25),
        look="How many batches are in an epoch? len(loader) says it.",
        slips=[
            (near(25.0), "So many epochs. How many batches does each of them have?"),
            (near(64.0 * 25), "Adam takes a step for a batch, not for a sample."),
            (near(64.0 / 16), "That is one epoch."),
        ],
    ),
    "4.2": Answer(
        near(1.0, within=1e-6),
        look="Print model.lif_in.beta[0] before and after fit, and its gradient.",
        slips=[
            (near(1.2), "That is where it was. What does fit do after Adam's step?"),
            (near(0.0), "Is that the gradient? The decay itself is asked for."),
        ],
    ),
    "4.3": Answer(
        equal(True),
        look="Compare loss[1] with loss[0] at a rate of 0.01, for data and model of "
        "the same seed.",
    ),
    "4.4": Answer(
        equal(True),
        look="Is the learning rate 0.003, the model and the data of seed 0, and both "
        "errors norm errors? Section 4.2 has the line's.",
    ),
    "4.5": Answer(
        near(_error_of_plane()),
        look="Divide the norm of the miss by the norm of y, over all steps and "
        "samples; and give the plane its constant column.",
        slips=[
            (near(100 * _error_of_plane()), "In percent it is right; give the share."),
            (near(_error_of_plane() ** 2), "Take the root: a norm, not its square."),
        ],
    ),
}
