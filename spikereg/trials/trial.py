"""One trial: a task, a method, and what is changed about them."""

from dataclasses import dataclass, fields

from spikereg._check import one_of
from spikereg.data import MODES, RegressionDataset
from spikereg.memory import TASKS, MemoryDataset

Data = RegressionDataset | MemoryDataset

#: What an ablation leaves out of the accurate recipe on a ramp.
INGREDIENTS = (
    "layer 1 without decay",
    "layer 2 without decay",
    "levels from the data",
    "layer 2 that copies",
    "empty readout",
    "cosine schedule",
)

#: Samples of each of the three sets.
SAMPLES = 1024


@dataclass(frozen=True)
class Trial:
    """A method on a task.

    Attributes:
        method: A key of ``spikereg.trials.METHODS``.
        task: ``"one ramp"``: train and test on the same square root over one ramp.
            ``"linear"``, ``"sqrt"`` or a task of
            :class:`~spikereg.memory.MemoryDataset`:
            train on 1,024 sequences, test on 1,024 others.
        hidden: Width of each hidden layer; LSTM, GRU and ReLU network take theirs from
            it so that they learn as many numbers, the random layer has twice as many
            neurons, and the filter always 16 integrators.
        timesteps: Number of time steps.
        epochs: Passes over the training set.
        noise: Standard deviation of white noise on the features of the test.
        trained_noise: The same for the features of the training, drawn anew for each
            batch.
        penalty: Weight of the firing rate in the loss.
        without: What the accurate recipe leaves out, for an ablation.
        lr: Learning rate; the method's own if ``None``.
    """

    method: str
    task: str
    hidden: int = 128
    timesteps: int = 50
    epochs: int = 64
    noise: float = 0.0
    trained_noise: float = 0.0
    penalty: float = 0.0
    without: str = ""
    lr: float | None = None

    def __post_init__(self) -> None:
        one_of("task", self.task, ("one ramp", *MODES, *TASKS))
        one_of("without", self.without, ("", *INGREDIENTS, "clocks"))

    def __str__(self) -> str:
        changed = [
            f"{field.name.replace('_', ' ')} {getattr(self, field.name)}"
            for field in fields(self)
            if field.name not in ("method", "task")
            and getattr(self, field.name) != field.default
        ]
        return ", ".join([self.task, self.method, *changed])

    def datasets(self, seed: int, split: str = "test") -> tuple[Data, Data]:
        """Make the training set of a seed, and its "validation" or "test" set."""
        one_of("split", split, ("validation", "test"))
        T = self.timesteps
        if self.task == "one ramp":
            sample = RegressionDataset(T, seed=seed)
            return sample, sample
        # No two of the sets of any seeds share their own seed.
        own = 3 * seed
        other = own + (1 if split == "validation" else 2)
        if self.task in TASKS:
            return (
                MemoryDataset(self.task, T, SAMPLES, own),
                MemoryDataset(self.task, T, SAMPLES, other),
            )
        train = RegressionDataset(T, SAMPLES, self.task, own)
        return train, RegressionDataset(T, SAMPLES, self.task, other, train.slope)
