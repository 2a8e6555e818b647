"""Tables of Part I: curves to follow, and memory."""

from accuracy.methods import INGREDIENTS, RATES
from accuracy.tables.table import Table
from spikereg.data import MODES
from spikereg.memory import LINEAR
from spikereg.results import Trial

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
}
