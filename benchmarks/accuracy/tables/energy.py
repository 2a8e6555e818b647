"""Tables of chapter 13: what a network costs at equal error."""

from accuracy import fixed, tanks
from accuracy.datasets import BRIEF
from accuracy.tables.table import Table
from spikereg.results import Trial

#: Passes over the training set, the same for all, and for some three times as many.
EPOCHS, LONGER = 32, 96

#: Six settings for each network and width: three rates and two kinds of steepness, or
#: six rates.
RATES = {
    **dict.fromkeys(tanks.NETWORKS, (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)),
    **dict.fromkeys(tanks.KINDS, (3e-3, 1e-2, 3e-2)),
}
STEEPNESS = (5.0, 25.0)

#: Rates beyond these for some whose best one had been the smallest or the largest. At
#: an end of what was tried are still those of LIF, dendrites and resonators with 4
#: units, of 64 resonators, and of 2 ReLU units that start as PyTorch has it, 48 steps.
FURTHER = {"lif": (1e-3,), "dendrites": (0.1,), "4 dendrites": (0.1,)}

#: Weights of the firing rate in the loss, and what is trained with them.
PENALTIES = (1e-3, 1e-2, 1e-1)
SPARSE = {"lif": (8, 16, 32), "dendrites": (32,), "4 dendrites": (8, 16)}

#: What is cheapest at an error of some 6%, or might be after a longer training.
CHEAPEST = (
    ("lif", 16),
    ("4 dendrites", 8),
    ("4 dendrites", 4),
    ("rate", 4),
    ("rate", 8),
    ("rate, 4 dendrites", 4),
    ("rate, 4 dendrites", 8),
    ("positive relu, 32 steps", 2),
    ("lstm", 2),
    ("lstm", 1),
)

#: What chapter 13 bills at 6%, but for some that are much dearer than others.
BILLED = (
    ("lif", 32),
    ("4 dendrites", 8),
    ("rate, 4 dendrites", 4),
    ("positive relu, every 2nd of 48", 4),
    ("lstm", 2),
)

#: Networks of chapter 8, and a small LSTM beside them that reads in nine steps; an LSTM
#: has 27 units for 32.
DIGITS = (("recurrent", 64), ("recurrent", 128), ("lstm", 32), ("lstm", 64))
IN_NINE = (*DIGITS[:2], ("lstm", 16), *DIGITS[2:])

TABLES = {
    "energy-choice": Table(
        "learning rate and steepness of networks that learn the level in a tank, for "
        "each width, on validation sets",
        [
            Trial(method, tanks.TASK, hidden, epochs=EPOCHS, lr=lr, steepness=steepness)
            for method in tanks.NETWORKS
            for hidden in tanks.WIDTHS[method]
            for lr in (*RATES[method], *FURTHER.get(method, ()))
            for steepness in (STEEPNESS if method in tanks.KINDS else (None,))
        ],
        seeds=1,
        split="validation",
    ),
    "energy": Table(
        "what each network that learns the level in a tank costs, at any width",
        [
            Trial("mean", tanks.TASK),
            *(
                Trial(method, tanks.TASK, hidden, epochs=EPOCHS)
                for method, widths in tanks.WIDTHS.items()
                for hidden in widths
            ),
            *(
                Trial(method, tanks.TASK, hidden, epochs=EPOCHS, penalty=penalty)
                for method, widths in SPARSE.items()
                for hidden in widths
                for penalty in PENALTIES
            ),
        ],
        seeds=5,
        measures=(
            "relative_error",
            "spike_rate",
            "accumulates",
            "multiply_accumulates",
            "state_updates",
        ),
    ),
    "energy-longer": Table(
        "what the cheapest of them cost when they are trained three times as long",
        [
            Trial(method, tanks.TASK, hidden, epochs=LONGER)
            for method, hidden in CHEAPEST
        ],
        seeds=5,
        measures=("relative_error", "spike_rate", "weight_fetches"),
    ),
    "energy-in-use": Table(
        "what is billed, in fixed point and in streams longer than the training",
        [
            Trial(method, tanks.IN_USE, hidden, epochs=EPOCHS)
            for method, hidden in BILLED
        ],
        seeds=5,
        measures=(
            "relative_error",
            fixed.named(fixed.ON_CHIP),
            *(f"{first} to {last}" for first, last in tanks.PARTS),
        ),
    ),
    "energy-digits": Table(
        "what a step costs of reading a handwritten digit, in 32 steps or in nine",
        [
            *(Trial(method, "digits", hidden, epochs=100) for method, hidden in DIGITS),
            *(Trial(method, BRIEF, hidden, epochs=100) for method, hidden in IN_NINE),
        ],
        seeds=5,
        measures=("accuracy", "spike_rate", "accumulates", "multiply_accumulates"),
    ),
}
