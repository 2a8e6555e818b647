"""Tables of chapter 12 on spikes: the level of a sound, read from an ear's neuron."""

from accuracy import decoders
from accuracy.tables.table import Table
from spikereg.receptor import RECORDINGS
from spikereg.results import Trial

#: Time steps of a window, and what is printed.
STEPS, MEASURES = 260, ("r2", "rmse", "spike_rate", "seconds")

#: Passes over the training windows: an LSTM that feeds back takes longer for one.
EPOCHS = {
    "resonant filter": 100,
    "lstm": 100,
    "lif": 60,
    "lif, dendrites": 60,
    "spiking lstm, dendrites": 25,
}

#: Six settings of each method to choose from.
RATES = {
    **dict.fromkeys(("resonant filter", "lstm"), (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)),
    **dict.fromkeys(decoders.KINDS, (1e-2, 3e-2, 0.1)),
}
STEEPNESS = (5.0, 25.0)

#: Rates beyond these, where the best one had been the smallest or the largest.
FURTHER = {"lif": (3e-3,), "lif, dendrites": (0.3,)}


def recordings(method: str) -> tuple[int, ...]:
    """Return those on which a method is tried: what takes long only on the first."""
    return RECORDINGS[:1] if method == "spiking lstm, dendrites" else RECORDINGS


def trial(method: str, number: int, delay: int, **settings: float | None) -> Trial:
    """Make the trial of a method."""
    task, epochs = f"{decoders.ENVELOPE}{number}, {delay} ms", EPOCHS.get(method, 1)
    return Trial(method, task, 64, STEPS, epochs, **settings)  # type: ignore[arg-type]


TABLES = {
    "envelope-choice": Table(
        "learning rate and steepness of networks that read the level of a sound from "
        "spikes, on validation blocks of recording 1",
        [
            trial(method, 1, 20, lr=lr, steepness=steepness)
            for method in EPOCHS
            for lr in (*RATES[method], *FURTHER.get(method, ()))
            for steepness in (STEEPNESS if method in decoders.KINDS else (None,))
        ],
        seeds=1,
        measures=MEASURES,
        split="validation",
    ),
    "envelope": Table(
        "the level of a sound from the spikes of an ear's neuron, each of ten blocks",
        [
            *(
                trial(method, number, 20)
                for number in RECORDINGS
                for method in decoders.METHODS
                if number in recordings(method)
            ),
            *(trial("ridge", number, d) for number in RECORDINGS for d in (0, 10)),
            trial("lif, dendrites", 1, 10),
        ],
        seeds=10,
        measures=MEASURES,
    ),
}
