"""The data of a trial: for each seed its own training, validation and test sets."""

from collections.abc import Callable, Sized
from dataclasses import dataclass
from functools import partial
from typing import cast

from torch.utils.data import Dataset

from accuracy import decoders, fixed, materials, receptors, sunspots, tanks
from spikereg import (
    FiringTimeDataset,
    MemoryDataset,
    RegressionDataset,
    firing_times,
    memory,
)
from spikereg._check import one_of
from spikereg.data import MODES, Sample, TimeMajorDataset
from spikereg.digits import DigitsDataset
from spikereg.forecasting import mackey_glass
from spikereg.receptor import RECORDINGS
from spikereg.results import Trial

Data = Dataset[Sample]

#: Samples of each of the three sets.
SAMPLES = 1024

#: What stands before the names of tasks of :class:`~spikereg.FiringTimeDataset`.
TIMES = "firing times, "

#: Points of a curve that are known, and for how many it is then to be predicted.
KNOWN = 750

#: How far images are augmented, and for how many steps each of their rows is shown.
AUGMENT, REPEAT = 0.6, 3

#: The same digits in nine steps: each row once, and one step of zeros to answer in.
BRIEF = "digits, 9 steps"


@dataclass(frozen=True)
class Task:
    """What a trial is trained and tested on.

    Attributes:
        make: Makes the training set of a seed, and its "validation" or "test" set:
            anything that :func:`~spikereg.make_loader` serves and that has a length,
            with as many features and outputs as you like.
        classes: How many classes there are, if labels are such.
        forecast: Whether the labels are how the one curve that is known goes on.
        times: Whether labels are the times at which outputs are to fire.
        hazard: Whether outputs are logits of a spike in each step.
        level: Whether labels are levels of a sound, less their mean.
        yearly: Whether labels are how many sunspots a later year has.
        counted: Whether the operations of the test are counted.
        memory: Whether the target depends on earlier features, so that the accurate
            recipe draws time constants.
    """

    make: Callable[[Trial, int, str], tuple[Data, Data]]
    memory: bool = True
    classes: int | None = None
    forecast: bool = False
    times: bool = False
    hazard: bool = False
    level: bool = False
    yearly: bool = False
    counted: bool = False


def datasets(trial: Trial, seed: int, split: str = "test") -> tuple[Data, Data]:
    """Make the training set of a seed, and its "validation" or "test" set."""
    one_of("split", split, ("validation", "test"))
    one_of("task", trial.task, tuple(TASKS))
    made = TASKS[trial.task].make(trial, seed, split)
    for data in made:
        if length(data) < 1:
            raise ValueError(f"a set of the task {trial.task!r} has no samples")
    return made


def length(data: Data) -> int:
    """Return the number of samples; PyTorch's type of data sets promises none."""
    return len(cast(Sized, data))


def own_seeds(seed: int, split: str) -> tuple[int, int]:
    """Return the seeds of both sets: no two of the sets of any seeds share theirs."""
    return 3 * seed, 3 * seed + (1 if split == "validation" else 2)


def _one_ramp(trial: Trial, seed: int, split: str) -> tuple[Data, Data]:
    sample = RegressionDataset(trial.timesteps, seed=seed)
    return sample, sample


def _ramps(trial: Trial, seed: int, split: str) -> tuple[Data, Data]:
    T, (own, other) = trial.timesteps, own_seeds(seed, split)
    train = RegressionDataset(T, SAMPLES, trial.task, own)
    return train, RegressionDataset(T, SAMPLES, trial.task, other, train.slope)


def _memory(trial: Trial, seed: int, split: str) -> tuple[Data, Data]:
    own, other = own_seeds(seed, split)
    return (
        MemoryDataset(trial.task, trial.timesteps, SAMPLES, own),
        MemoryDataset(trial.task, trial.timesteps, SAMPLES, other),
    )


def _firing_times(trial: Trial, seed: int, split: str) -> tuple[Data, Data]:
    own, other = own_seeds(seed, split)
    task = trial.task.removeprefix(TIMES)
    return (
        FiringTimeDataset(task, trial.timesteps, SAMPLES, own),
        FiringTimeDataset(task, trial.timesteps, SAMPLES, other),
    )


def _material(trial: Trial, seed: int, split: str) -> tuple[Data, Data]:
    own, other = own_seeds(seed, split)
    return (
        materials.data(trial, own, SAMPLES, test=False),
        materials.data(trial, other, SAMPLES, test=True),
    )


def _digits(trial: Trial, seed: int, split: str) -> tuple[Data, Data]:
    repeat, blank = (1, 1) if trial.task == BRIEF else (REPEAT, 8)
    shown = partial(DigitsDataset, split=seed, repeat=repeat, blank=blank)
    return shown("train", augment=AUGMENT, seed=seed), shown(split)


def _mackey_glass(trial: Trial, seed: int, split: str) -> tuple[Data, Data]:
    # NeuroBench's protocol for the test; for a choice fewer runs, further apart
    first, apart = (8000, 112.5) if split == "validation" else (4000, 37.5)
    start = first + int(apart * seed)
    curve = mackey_glass(start + 2 * KNOWN)[start:]
    stretch = TimeMajorDataset(curve[:KNOWN], curve[KNOWN:])
    return stretch, stretch


def _receptor(trial: Trial, seed: int, split: str) -> tuple[Data, Data]:
    return receptors.data(trial, seed, "train"), receptors.data(trial, seed, split)


def _envelope(trial: Trial, seed: int, split: str) -> tuple[Data, Data]:
    return decoders.data(trial, seed, "train"), decoders.data(trial, seed, split)


def _sunspots(trial: Trial, seed: int, split: str) -> tuple[Data, Data]:
    return sunspots.data(trial.task, "train"), sunspots.data(trial.task, split)


def _tanks(trial: Trial, seed: int, split: str) -> tuple[Data, Data]:
    own, other = own_seeds(seed, split)
    return tanks.data(trial, own, SAMPLES), tanks.data(trial, other, SAMPLES)


#: A new task is one more entry. What makes its data must stand in a module that is
#: imported here, so that finished trainings run again when it changes.
TASKS = {
    "one ramp": Task(_one_ramp, memory=False),
    **dict.fromkeys(MODES, Task(_ramps, memory=False)),
    **dict.fromkeys(memory.TASKS, Task(_memory)),
    **{TIMES + task: Task(_firing_times, times=True) for task in firing_times.TASKS},
    **{
        f"{receptors.RECEPTOR}{number}": Task(_receptor, hazard=True)
        for number in RECORDINGS
    },
    **dict.fromkeys(decoders.TASKS, Task(_envelope, level=True)),
    **dict.fromkeys(sunspots.TASKS, Task(_sunspots, yearly=True)),
    **dict.fromkeys(
        (materials.MATERIAL + task for task in materials.TASKS), Task(_material)
    ),
    tanks.TASK: Task(_tanks, counted=True),
    **dict.fromkeys((tanks.IN_USE, fixed.TASK), Task(_tanks)),
    **dict.fromkeys(("digits", BRIEF), Task(_digits, classes=10, counted=True)),
    "mackey-glass": Task(_mackey_glass, forecast=True),
}
