"""Answers to the exercises of chapter 12."""

from spikereg.exercises.answers import Answer, near

ANSWERS: dict[str, Answer] = {
    "12.1": Answer(
        near(280.0, within=1e-6),
        look="Which rows are trained on, and which of them have 20 others before them?",
        slips=[
            (near(300.0, within=1e-6), "The first 20 rows of the piece do not count."),
            (near(480.0, within=1e-6), "Validation and test take 200 of the rows."),
            (near(240.0, within=1e-6), "Only a piece's first rows are lost, once."),
        ],
    ),
    "12.2": Answer(
        near(70.0),
        look="How much of each step is told, and how much is lost?",
        slips=[(near(20.0), "That is what is told. How far is it from the curve?")],
    ),
    "12.3": Answer(
        near(10.0, within=1e-6),
        look="The error is at most half a step, and the range is 200.",
        slips=[(near(20.0, within=1e-6), "Half a step is the error, not a whole one.")],
    ),
    "12.4": Answer(
        near(37.0, within=1e-6),
        look="Round 0.9 times (n + 1) up, with n = 40.",
        slips=[(near(36.0, within=1e-6), "Count the year to come too: n + 1.")],
    ),
}
