"""Answers to the exercises of chapter 10."""

import math

from spikereg.exercises.answers import Answer, near

ANSWERS: dict[str, Answer] = {
    "10.1": Answer(
        near(20.25, within=1e-4),
        look="Which part of the rise from 9 to 13 is made when it crosses 10?",
        slips=[
            (near(20.75, within=1e-4), "That is the part of the rise still to come."),
            (near(21.0, within=1e-4), "That is the first step above the threshold."),
        ],
    ),
    "10.2": Answer(
        near(20 * math.log(2)),
        look="Solve 2 (1 - exp(-t / 20)) = 1 for t.",
        slips=[(near(20.0), "That would be where the current has fallen to 1/e.")],
    ),
    "10.3": Answer(
        near(-10.0),
        look="Differentiate t = 20 log(w / (w - 1)) by w, at w = 2.",
        slips=[
            (near(10.0), "A larger weight lets it fire earlier: mind the sign."),
            (near(-0.5), "That is dz/dw times something: t = 20 log z."),
        ],
    ),
    "10.4": Answer(
        near(9.0, within=1e-3),
        look="Add up the chances 9/10 + 81/100 + ... that it has not fired yet.",
        slips=[(near(10.0, within=1e-3), "Steps count from 0.")],
    ),
    "10.5": Answer(
        near(1104.0, within=1e-6),
        look="Count the weights of both layers; there are no biases.",
        slips=[(near(1153.0, within=1e-6), "These neurons have no biases.")],
    ),
}
