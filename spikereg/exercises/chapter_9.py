"""Answers to the exercises of chapter 9."""

import math

from spikereg.exercises.answers import Answer, near

ANSWERS: dict[str, Answer] = {
    "9.1": Answer(
        near(10 * math.log(100)),
        look="Solve exp(-t / 10) = 1/100 for t.",
        slips=[
            (near(10 * math.log(10)), "That is a tenth, not a hundredth."),
            (near(20.0), "The logarithm is the natural one: e, not 10."),
        ],
    ),
    "9.2": Answer(
        near(0.5 / 0.16),
        look="How many steps of the steady current bring as much as the pulse?",
        slips=[
            (near(1 / 0.16), "That is the interval between two spikes."),
            (near(0.1 / 0.16), "The pulse lasts five steps."),
        ],
    ),
    "9.3": Answer(
        near(81.0, within=1e-6),
        look="Count two states for each of 4 x 8 oscillators, the delays, a constant.",
        slips=[
            (near(80.0, within=1e-6), "The constant is learned too."),
            (near(49.0, within=1e-6), "Each oscillator has two states."),
            (near(65.0, within=1e-6), "The delays are read as well."),
            (near(1946.0, within=1e-6), "Most of these are not learned from labels."),
        ],
    ),
    "9.4": Answer(
        near(1280.0, within=0.1),
        look="The error of a staircase is proportional to the height of its steps.",
        slips=[
            (near(12800.0, within=0.1), "The error, not its square, goes like 1/H."),
            (near(405.0, within=0.1), "The error does not go like the root of 1/H."),
        ],
    ),
    "9.5": Answer(
        near(7 * 0.07 / 7.07),
        look="Flow and spring share the strain: d stress = E (d strain - d flow), and "
        "d stress = H d flow.",
        slips=[
            (
                near(0.07, within=0.001),
                "Nearly: a small part of the strain is elastic.",
            ),
            (near(7.0), "That is the slope before it flows."),
        ],
    ),
}
