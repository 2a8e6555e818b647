"""Answers to the exercises of chapter 8."""

from spikereg.exercises.answers import Answer, near

ANSWERS: dict[str, Answer] = {
    "8.1": Answer(
        near(0.1),
        look="Add up the squared errors of the ten outputs, and divide by ten.",
        slips=[
            (near(1.0), "That is the sum over the outputs, and (8.1) is a mean."),
            (near(0.09), "That is the loss of an answer of 0.1 everywhere."),
        ],
    ),
    "8.2": Answer(
        near(0.875),
        look="Add up the probabilities that no spike has come by the end of step 0, of "
        "step 1, and of step 2.",
        slips=[
            (near(1.0), "You count the silent case with 4, not with 3."),
            (near(0.5), "Without the silent case: it counts with 3."),
            (near(1.875), "Steps are counted from 0."),
        ],
    ),
    "8.3": Answer(
        near(-5.0),
        look="Which step is the first spike without that at 3? Which sign has the "
        "change that a spike makes?",
        slips=[
            (near(5.0), "The latency grows without the spike, so it falls with it."),
            (near(-7.0), "The next spike comes at 8, not at the end."),
        ],
    ),
    "8.4": Answer(
        near((0.98 * 0.02 / 359) ** 0.5, within=0.03),
        look="The variance of a mean of n coins is p (1 - p) / n.",
        slips=[
            (near(0.98 * 0.02 / 359), "That is the variance: take its root."),
            (near((0.98 * 0.02) ** 0.5), "That is the deviation of one image."),
            (near(0.74, within=0.03), "As a share, please, not in per cent."),
        ],
    ),
    "8.5": Answer(
        near(218.0, within=0.005),
        look="Set the number of weights, biases and decays of H neurons a layer equal "
        "to 52,244.",
        slips=[
            (near(228.6, within=0.005), "Not only the hidden weights count."),
            (near(128.0), "With 128 neurons it has 19,220."),
        ],
    ),
}
