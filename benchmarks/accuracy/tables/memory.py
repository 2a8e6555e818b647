"""Tables of chapter 9: what remembers, and a curve that goes on."""

from accuracy.forecasts import GRID, LSTM_NOISE, named
from accuracy.memories import KINDS
from accuracy.methods import HYSTERESIS
from accuracy.tables.table import Table
from spikereg.memory import TASKS
from spikereg.results import Trial

#: Learning rates and steepness to choose from for networks that remember.
RATES, STEEPNESS = (1e-3, 3e-3, 1e-2, 3e-2), (5.0, 25.0)

TABLES = {
    "memory-choice": Table(
        "learning rate and steepness of networks that remember, on validation sets",
        [
            *(
                Trial(kind, task, epochs=32, lr=lr, steepness=steepness)
                for kind in KINDS
                for task in TASKS
                for lr in RATES
                for steepness in STEEPNESS
            ),
            *(
                Trial(method, "hysteresis", epochs=32, lr=lr)
                for method in HYSTERESIS
                for lr in (*RATES, 1e-1)
            ),
        ],
        seeds=1,
        split="validation",
    ),
    "memory": Table(
        "what remembers, and for how much",
        [
            *(
                Trial(method, task, epochs=32)
                for task in TASKS
                for method in (*KINDS, "lstm")
            ),
            *(
                Trial(method, "hysteresis", epochs=32)
                for method in HYSTERESIS
                if method != "lstm"
            ),
            *(Trial("tap filter", task) for task in TASKS),
            *(
                Trial(f"spiking filter{how}", task, hidden=hidden, epochs=8)
                for task in TASKS
                for hidden, with_taps in ((128, ""), (600, ", taps"))
                for how in (f"{with_taps}, least squares", with_taps)
            ),
        ],
        seeds=5,
    ),
    "forecast-choice": Table(
        "settings of each method that goes on with a curve, on other stretches of it",
        [
            *(
                Trial(named(name, settings), "mackey-glass", hidden=hidden)
                for name, hidden in (
                    ("delayed spikes", 1800),
                    ("echo state", 800),
                    ("linear", 128),
                    ("replay", 128),
                )
                for settings in GRID[name]
            ),
            *(
                Trial(
                    "lstm", "mackey-glass", 64, epochs=100, lr=lr, trained_noise=noise
                )
                for lr in (3e-3, 1e-2, 3e-2)
                for noise in (0.0, 1e-3)
            ),
        ],
        seeds=10,
        measures=("smape", "seconds"),
        split="validation",
    ),
    "forecast": Table(
        "the Mackey-Glass curve, 750 points known and the next 750 predicted",
        [
            Trial("mean", "mackey-glass"),
            Trial("linear", "mackey-glass"),
            Trial("replay", "mackey-glass"),
            Trial("lstm", "mackey-glass", 64, epochs=100, trained_noise=LSTM_NOISE),
            Trial("echo state", "mackey-glass", hidden=800),
            *(
                Trial("delayed spikes", "mackey-glass", hidden=hidden)
                for hidden in (128, 448, 1800, 7200)
            ),
        ],
        seeds=30,
        measures=("smape", "spike_rate", "seconds"),
    ),
}
