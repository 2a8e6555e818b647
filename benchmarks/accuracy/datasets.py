"""The data of a trial: for each seed its own training, validation and test sets."""

from spikereg import MemoryDataset, RegressionDataset, memory
from spikereg._check import one_of
from spikereg.data import MODES
from spikereg.results import Trial

Data = RegressionDataset | MemoryDataset

TASKS = ("one ramp", *MODES, *memory.TASKS)

#: Samples of each of the three sets.
SAMPLES = 1024


def datasets(trial: Trial, seed: int, split: str = "test") -> tuple[Data, Data]:
    """Make the training set of a seed, and its "validation" or "test" set."""
    one_of("split", split, ("validation", "test"))
    T = trial.timesteps
    if trial.task == "one ramp":
        sample = RegressionDataset(T, seed=seed)
        return sample, sample
    # No two of the sets of any seeds share their own seed.
    own = 3 * seed
    other = own + (1 if split == "validation" else 2)
    if trial.task in memory.TASKS:
        return (
            MemoryDataset(trial.task, T, SAMPLES, own),
            MemoryDataset(trial.task, T, SAMPLES, other),
        )
    train = RegressionDataset(T, SAMPLES, trial.task, own)
    return train, RegressionDataset(T, SAMPLES, trial.task, other, train.slope)
