"""Answers to the exercises of chapter 13."""

from spikereg.exercises.answers import Answer, near

ANSWERS: dict[str, Answer] = {
    "13.1": Answer(
        near(15000.0, within=1e-6),
        look="How many weights does one spike pick?",
        slips=[
            (near(50000.0, within=1e-6), "That is what numbers would take: 10 steps."),
            (near(150000.0, within=1e-6), "300 is the number of spikes of all steps."),
        ],
    ),
    "13.2": Answer(
        near(0.3916, within=0.005),
        look="Put the prices into equation (13.4), with a = 0.4 and N = 64.",
        slips=[(near(0.4593, within=0.005), "Subtract what the states cost.")],
    ),
    "13.3": Answer(
        near(4050.0, within=1e-6),
        look="Each of four gates of each unit hears all inputs and all units.",
        slips=[(near(3780.0, within=1e-6), "The ten outputs hear the units too.")],
    ),
    "13.4": Answer(
        near(0.95, within=1e-6),
        look="Which share of the membrane is left after one step of Euler's rule?",
        slips=[
            (near(0.951229, within=1e-4), "That is exp(-1/20), not Euler's rule."),
            (near(0.05, within=1e-6), "That is what is lost in a step."),
        ],
    ),
}
