"""Tables of chapter 11: materials."""

from accuracy.materials import (
    IDENTIFIED,
    LAW_METHODS,
    MATERIAL,
    NETWORKS,
    NOISE,
    SHIFTS,
)
from accuracy.tables.table import Table
from spikereg.material_data import LAWS
from spikereg.results import Trial

#: Time steps of each law's runs, as in the paper, and passes over the training set.
STEPS, EPOCHS = {"elastic": 50, "ramberg-osgood": 20, "plastic": 100}, 32

#: Learning rates and steepness to choose from.
RATES, STEEPNESS = (1e-3, 3e-3, 1e-2, 3e-2), (5.0, 25.0)

#: Rates beyond these, where the best one had been the largest or the smallest.
FURTHER = {
    ("lif", "elastic"): 3e-4,
    ("spiking lstm", "plastic"): 1e-1,
    ("resonant filter", "elastic"): 3e-1,
    ("resonant filter", "plastic"): 3e-1,
}

#: What is tried on bars that are not like those of the training.
SHIFTED = (
    "lstm",
    "spiking lstm",
    "return mapping, soft start",
    "spiking return mapping, soft start",
)


def rates(method: str, law: str) -> tuple[float, ...]:
    """Return the learning rates to choose from."""
    more = () if method in NETWORKS else (1e-1,)
    further = FURTHER.get((method, law))
    return (*RATES, *more, *(() if further is None else (further,)))


TABLES = {
    "material-choice": Table(
        "learning rate and steepness of networks that learn a material, on validation "
        "sets",
        [
            Trial(
                method,
                MATERIAL + law,
                timesteps=STEPS[law],
                epochs=EPOCHS,
                lr=lr,
                steepness=steepness,
            )
            for law in LAWS
            for method in (*NETWORKS, "lstm", "resonant filter")
            for lr in rates(method, law)
            for steepness in (STEEPNESS if method in NETWORKS else (None,))
        ],
        seeds=1,
        measures=("relative_error", "l1", "spike_rate", "seconds"),
        split="validation",
    ),
    "material": Table(
        "three laws of materials",
        [
            *(
                Trial(method, MATERIAL + law, timesteps=STEPS[law], epochs=EPOCHS)
                for law in LAWS
                for method in LAW_METHODS
            ),
            *(
                Trial(method, f"{MATERIAL}plastic", timesteps=100, epochs=10)
                for method in IDENTIFIED
            ),
            *(
                Trial(
                    method,
                    f"{MATERIAL}plastic, {shift}",
                    timesteps=100,
                    epochs=10 if method in IDENTIFIED else EPOCHS,
                )
                for shift in SHIFTS
                for method in SHIFTED
            ),
        ],
        seeds=5,
    ),
    "identification": Table(
        "three constants of a material, from 256 bars",
        [
            Trial(method, MATERIAL + task, epochs=40)
            for task in NOISE
            for method in IDENTIFIED
        ],
        seeds=5,
        measures=(
            "stiffness",
            "yield_stress",
            "hardening",
            "relative_error",
            "seconds",
        ),
    ),
}
