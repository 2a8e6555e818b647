"""Answers to the exercises of chapter 11."""

from spikereg.exercises.answers import Answer, equal, near

#: Strain that stays of 1 %, in per cent: E = 2,100 and H = 21 MPa per per cent.
_STAYS = 1 - (300 + 2100 * 21 / 2121 * (1 - 300 / 2100)) / 2100

ANSWERS: dict[str, Answer] = {
    "11.1": Answer(
        near(_STAYS, within=0.003),
        look="Find the stress at 1 %, and how much strain is elastic at that stress.",
        slips=[
            (near(1 - 300 / 2100, within=0.003), "It has hardened on the way."),
            (near(1 - _STAYS, within=0.003), "That is what springs back."),
            (near(_STAYS / 100, within=0.003), "In per cent, please."),
        ],
    ),
    "11.2": Answer(
        near(_STAYS * 2100 / 15, within=0.008),
        look="Divide the strain that stays by the quantum of strain, 15 / E.",
        slips=[
            (near(140.0), "Not all of the strain is flow."),
            (near(120.0, within=0.001), "It has hardened on the way."),
        ],
    ),
    "11.3": Answer(
        near(-30.0, within=0.05),
        look="The membranes lie evenly between the threshold and a quantum below.",
        slips=[
            (near(30.0, within=0.05), "They lie below the threshold: mind the sign."),
            (near(-60.0, within=0.05), "That is the least of them, not the mean."),
        ],
    ),
    "11.4": Answer(
        near([-1.5, 0.5, 0.5, -1.5], within=1e-6),
        look="Its own spike takes 1 + h from its membrane; the other's gives 1 - h.",
        slips=[
            (
                near([-1.5, 1.5, 1.5, -1.5], within=1e-6),
                "A spike of the other raises this threshold too.",
            ),
            (
                near([-1.0, 1.0, 1.0, -1.0], within=1e-6),
                "That is a pair without adaptation.",
            ),
        ],
    ),
    "11.5": Answer(
        equal("E"),
        look="Would a bar with twice the yield stress answer otherwise?",
        slips=[
            (
                lambda answer: answer == "E and yield stress",
                "A bar that never yields knows only that the yield stress is higher.",
            )
        ],
    ),
}
