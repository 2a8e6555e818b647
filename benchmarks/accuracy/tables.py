"""Which trials make up each table."""

from collections.abc import Sequence
from dataclasses import dataclass

from accuracy import receptors, timings
from accuracy.classifiers import SETTINGS
from accuracy.datasets import TIMES
from accuracy.forecasts import GRID as SETTINGS_TO_TRY
from accuracy.forecasts import LSTM_NOISE, named
from accuracy.memories import KINDS
from accuracy.methods import HYSTERESIS, INGREDIENTS, RATES, known
from spikereg import firing_times
from spikereg.data import MODES
from spikereg.memory import LINEAR, TASKS
from spikereg.receptor import RECORDINGS
from spikereg.results import Trial


@dataclass(frozen=True)
class Table:
    """Trials to be compared.

    Attributes:
        title: What the table shows.
        trials: Its rows.
        seeds: How many seeds each row takes: 0, 1, …
        measures: What is printed of each row.
        timed: Whether times are compared, so that one trial runs at a time.
        split: ``"test"``, or ``"validation"`` for what is chosen from.
    """

    title: str
    trials: Sequence[Trial]
    seeds: int
    measures: Sequence[str] = ("relative_error", "l1", "spike_rate", "seconds")
    timed: bool = False
    split: str = "test"

    def __post_init__(self) -> None:
        # A wrong word is found before the first training, not when its turn comes.
        for trial in self.trials:
            known(trial)


BASELINES = (
    "lstm",
    "gru",
    "relu",
    "filter",
    "resonant filter",
    "random + least squares",
)

#: Learning rates to choose from, and more for methods whose best one was at an end.
GRID = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
WIDER = dict.fromkeys(("relu", "filter", "resonant filter"), (3e-5, 3e-1))

#: Steepness and gain to choose from for the digits, and more where the best was at an
#: end or a gain of 1 was better.
STEEPNESS_AND_GAIN = (1.0, 3.0), (3.0, 3.0), (10.0, 3.0), (25.0, 3.0), (3.0, 1.0)
FURTHER = {
    "lif": ((0.5, 3.0),),
    "recurrent": ((1.0, 1.0), (10.0, 1.0), (25.0, 1.0)),
    "adaptive, cross-entropy": ((0.5, 3.0),),
}

#: Learning rates and steepness to choose from for networks that remember.
MEMORY_RATES, STEEPNESS = (1e-3, 3e-3, 1e-2, 3e-2), (5.0, 25.0)

#: Passes over the training set of networks that learn when to fire, and what is
#: printed of them.
TIMING_EPOCHS, TIMED = 20, ("l1", "silent", "spike_rate", "seconds")

#: Learning rates for those whose best one was the largest.
TIMING_FURTHER = dict.fromkeys(("spiking lstm", "exact"), (3e-2, 1e-1))

TABLES = {
    "choice": Table(
        "the learning rate of each method, on validation sets",
        [
            Trial(method, task, lr=lr)
            for method in RATES
            for task in (*MODES, *LINEAR)
            for lr in (*GRID, *WIDER.get(method, ()))
        ],
        seeds=1,
        split="validation",
    ),
    "p1": Table(
        "one ramp, tested on itself",
        [
            Trial("tutorial, step by step", "one ramp", epochs=100),
            Trial("tutorial", "one ramp", epochs=100),
            Trial("accurate", "one ramp", epochs=1000),
            Trial("random + least squares", "one ramp"),
        ],
        seeds=20,
        measures=("l1", "pointwise_relative_error", "seconds"),
        timed=True,
    ),
    "p2": Table(
        "1,024 ramps, tested on 1,024 others",
        [
            Trial(method, task)
            for task in MODES
            for method in (
                "accurate, labels seen",
                "accurate",
                "tutorial start",
                "tutorial",
                *BASELINES,
            )
        ],
        seeds=10,
    ),
    "ablation": Table(
        "what each ingredient of the accurate recipe buys",
        [
            Trial("accurate", task, without=ingredient)
            for task in MODES
            for ingredient in ("", *INGREDIENTS)
        ],
        seeds=5,
    ),
    "width": Table(
        "error against the width of the hidden layers",
        [
            Trial("accurate, labels seen", "sqrt", hidden=hidden)
            for hidden in (16, 32, 64, 128, 256, 512)
        ],
        seeds=5,
    ),
    "steps": Table(
        "error against the number of time steps",
        [
            Trial("accurate, labels seen", task, timesteps=timesteps)
            for task in MODES
            for timesteps in (25, 50, 100, 200, 400)
        ],
        seeds=5,
    ),
    "rate": Table(
        "error against the firing rate, by a penalty on spikes",
        [
            Trial("accurate", "sqrt", penalty=penalty)
            for penalty in (0.0, 1e-5, 1e-4, 1e-3, 1e-2)
        ],
        seeds=5,
    ),
    "noise": Table(
        "error under white noise on the features",
        [
            Trial(method, "sqrt", noise=noise, trained_noise=trained, clamped=clamped)
            for method in ("accurate", "tutorial start", "gru", "relu")
            for noise in (0.01, 0.03)
            for trained in (0.0, noise)
            for clamped in (False, True)
        ],
        seeds=10,
    ),
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
    "p3": Table(
        "targets that need memory",
        [
            trial
            for task in LINEAR
            for trial in (
                Trial("accurate", task),
                Trial("accurate", task, without="clocks"),
                Trial("accurate, no decay", task),
                *(Trial(method, task) for method in ("tutorial start", *BASELINES)),
            )
        ],
        seeds=5,
    ),
    "memory-choice": Table(
        "learning rate and steepness of networks that remember, on validation sets",
        [
            *(
                Trial(kind, task, epochs=32, lr=lr, steepness=steepness)
                for kind in KINDS
                for task in TASKS
                for lr in MEMORY_RATES
                for steepness in STEEPNESS
            ),
            *(
                Trial(method, "hysteresis", epochs=32, lr=lr)
                for method in HYSTERESIS
                for lr in (*MEMORY_RATES, 1e-1)
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
    "timing-choice": Table(
        "learning rate and steepness of networks that learn when to fire, on "
        "validation sets",
        [
            Trial(kind, task, 64, 100, TIMING_EPOCHS, lr=lr, steepness=steepness)
            for kind in timings.WIDTHS
            if kind != "no memory"
            for task in (f"{TIMES}curve", f"{TIMES}gap")
            for lr in (*MEMORY_RATES[:3], *TIMING_FURTHER.get(kind, ()))
            for steepness in (STEEPNESS if kind != "exact" else (None,))
        ],
        seeds=1,
        measures=TIMED,
        split="validation",
    ),
    "timing": Table(
        "learning when to fire, with surrogate and with exact gradients",
        [
            *(
                Trial(kind, TIMES + task, 64, 100, TIMING_EPOCHS)
                for task in firing_times.TASKS
                for kind in timings.METHODS
                if kind != "no memory" or task == "gap"
            ),
            *(
                Trial(kind, f"{TIMES}curve", hidden, timesteps, TIMING_EPOCHS)
                for kind in ("lif", "exact")
                for hidden, timesteps in (
                    *((hidden, 100) for hidden in (16, 32)),
                    *((64, timesteps) for timesteps in (50, 200)),
                )
            ),
        ],
        seeds=5,
        measures=TIMED,
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
    "forecast-choice": Table(
        "settings of each method that goes on with a curve, on other stretches of it",
        [
            *(
                Trial(named(name, settings), "mackey-glass", hidden=hidden)
                for name, hidden in (
                    ("delayed spikes", 1800),
                    ("echo state", 800),
                    ("replay", 128),
                )
                for settings in SETTINGS_TO_TRY[name]
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
