"""Tables of chapter 8: handwritten digits."""

from accuracy.classifiers import SETTINGS
from accuracy.tables.table import Table
from spikereg.results import Trial

#: Steepness and gain to choose from for the digits, and more where the best was at an
#: end or a gain of 1 was better.
STEEPNESS_AND_GAIN = (1.0, 3.0), (3.0, 3.0), (10.0, 3.0), (25.0, 3.0), (3.0, 1.0)
FURTHER = {
    "lif": ((0.5, 3.0),),
    "recurrent": ((1.0, 1.0), (10.0, 1.0), (25.0, 1.0)),
    "adaptive, cross-entropy": ((0.5, 3.0),),
}

TABLES = {
    "digits-choice": Table(
        "steepness and gain, or the LSTM's learning rate, on validation sets",
        [
            *(
                Trial(method, "digits", epochs=25, steepness=steepness, gain=gain)
                for method in SETTINGS
                for steepness, gain in (*STEEPNESS_AND_GAIN, *FURTHER.get(method, ()))
            ),
            *(
                Trial("lstm", "digits", epochs=25, lr=lr)
                for lr in (2e-3, 5e-3, 1e-2, 2e-2, 5e-2)
            ),
        ],
        seeds=2,
        measures=("accuracy", "spike_rate", "seconds"),
        split="validation",
    ),
    "digits": Table(
        "handwritten digits, five splits",
        [
            *(
                Trial(method, "digits", epochs=100)
                for method in ("lif", "one-to-one", "recurrent", "adaptive", "lstm")
            ),
            *(
                Trial(method, "digits")
                for method in ("logistic regression", "nearest neighbours", "svm")
            ),
            Trial("lif", "digits", hidden=218, epochs=100),
            Trial("adaptive, feed-forward", "digits", epochs=100),
            Trial("adaptive, cross-entropy", "digits", epochs=100),
            Trial("adaptive, counts", "digits", epochs=100),
            Trial("adaptive", "digits", epochs=100, penalty=5e-3),
        ],
        seeds=5,
        measures=("accuracy", "spike_rate", "seconds"),
    ),
}
