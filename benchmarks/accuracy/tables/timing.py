"""Tables of chapter 10: when to fire."""

from accuracy import receptors, timings
from accuracy.datasets import TIMES
from accuracy.tables.table import Table
from spikereg import firing_times
from spikereg.receptor import RECORDINGS
from spikereg.results import Trial

#: Passes over the training set of networks that learn when to fire, and what is
#: printed of them.
EPOCHS, MEASURES = 20, ("l1", "silent", "spike_rate", "seconds")

#: Learning rates and steepness to choose from.
RATES, STEEPNESS = (1e-3, 3e-3, 1e-2), (5.0, 25.0)

#: Larger rates, and on which tasks the best one had been the largest of those.
LARGER = 3e-2, 1e-1
FURTHER = {
    "lif": ("curve",),
    "spiking lstm": ("curve", "gap"),
    "exact": ("curve", "gap"),
}

TABLES = {
    "timing-choice": Table(
        "learning rate and steepness of networks that learn when to fire, on "
        "validation sets",
        [
            Trial(kind, TIMES + task, 64, 100, EPOCHS, lr=lr, steepness=steepness)
            for kind in timings.WIDTHS
            if kind != "no memory"
            for task in ("curve", "gap")
            for lr in (*RATES, *(LARGER if task in FURTHER.get(kind, ()) else ()))
            for steepness in (STEEPNESS if kind != "exact" else (None,))
        ],
        seeds=1,
        measures=MEASURES,
        split="validation",
    ),
    "timing": Table(
        "learning when to fire, with surrogate and with exact gradients",
        [
            *(
                Trial(kind, TIMES + task, 64, 100, EPOCHS)
                for task in firing_times.TASKS
                for kind in timings.METHODS
                if kind != "no memory" or task == "gap"
            ),
            *(
                Trial(kind, f"{TIMES}curve", hidden, timesteps, EPOCHS)
                for kind in ("lif", "exact")
                for hidden, timesteps in (
                    *((hidden, 100) for hidden in (16, 32)),
                    *((64, timesteps) for timesteps in (50, 200)),
                )
            ),
        ],
        seeds=5,
        measures=MEASURES,
    ),
    "receptor": Table(
        "when a receptor of a grasshopper's ear fires, five splits in time",
        [
            Trial(method, f"{receptors.RECEPTOR}{number}", 256, 200, 60)
            for number in RECORDINGS
            for method in receptors.METHODS
        ],
        seeds=5,
        measures=("auc", "bits", "spike_rate", "seconds"),
    ),
}
