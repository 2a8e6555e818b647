"""One row of a table: what was tried, and what it measured."""

from dataclasses import dataclass, fields
from statistics import median

from spikereg._check import finite, one_of


@dataclass(frozen=True)
class Trial:
    """A method on a task.

    Attributes:
        method: Name of the method, such as ``"accurate"`` or ``"lstm"``.
        task: ``"one ramp"``: train and test on the same square root over one ramp.
            ``"linear"``, ``"sqrt"`` or a task of
            :class:`~spikereg.memory.MemoryDataset`:
            train on 1,024 sequences, test on 1,024 others. ``"digits"``: classes of
            :class:`~spikereg.digits.DigitsDataset`, one split a seed.
            ``"firing times, "`` and a task of :class:`~spikereg.FiringTimeDataset`:
            values and when to fire. ``"material, "`` and a law of
            :class:`~spikereg.MaterialDataset`: strains and stresses. ``"envelope "``, a
            recording and a delay: the level of a sound from measured spikes.
            ``"tanks"``: :class:`~spikereg.tanks.TankDataset`, 1,024 sequences.
            ``"sunspots "``, the first year of the test, and perhaps how far ahead.
        hidden: Width of each hidden layer; LSTM, GRU and ReLU network take theirs from
            it so that they learn as many numbers, the random layer has twice as many
            neurons, and the filters always have 16 integrators or oscillators. For
            ``"tanks"`` the units of a layer, and the taps.
        timesteps: Number of time steps.
        epochs: Passes over the training set.
        noise: Standard deviation of white noise on the features of the test.
        trained_noise: The same for the features of the training, drawn anew for each
            batch.
        clamped: Whether the features of the test are cut off, noise included, at the
            smallest and the largest of the training.
        penalty: Weight of the firing rate in the loss.
        without: What the accurate recipe leaves out, for an ablation.
        lr: Learning rate; the method's own if ``None``.
        steepness: Steepness of the surrogate gradient; the method's own if ``None``.
        gain: What the weights of both hidden layers are multiplied by at the start;
            the method's own if ``None``.
    """

    method: str
    task: str
    hidden: int = 128
    timesteps: int = 50
    epochs: int = 64
    noise: float = 0.0
    trained_noise: float = 0.0
    clamped: bool = False
    penalty: float = 0.0
    without: str = ""
    lr: float | None = None
    steepness: float | None = None
    gain: float | None = None

    def __str__(self) -> str:
        changed = [
            field.name.replace("_", " ")
            + f" {getattr(self, field.name)}" * (field.type is not bool)
            for field in fields(self)
            if field.name not in ("method", "task")
            and getattr(self, field.name) != field.default
        ]
        return ", ".join([self.task, self.method, *changed])


@dataclass(frozen=True)
class Row:
    """What one trial measured, seed by seed.

    Attributes:
        trial: The trial.
        parameters: How many numbers the model learned.
        seeds: The seeds.
        values: The measured values of each measure, one a seed: the fields of
            :class:`~spikereg.Report`, the ``seconds`` of training, and, where they are
            counted, the operations of a step.
    """

    trial: Trial
    parameters: int
    seeds: tuple[int, ...]
    values: dict[str, tuple[float, ...]]

    def __post_init__(self) -> None:
        for measure, values in self.values.items():
            if len(values) != len(self.seeds) or not all(map(finite, values)):
                raise ValueError(
                    f"{measure} must be a finite number for each of "
                    f"{len(self.seeds)} seeds, not {values!r}"
                )

    def median(self, measure: str = "relative_error") -> float:
        """Return the median over the seeds."""
        return median(self._of(measure))

    def range(self, measure: str = "relative_error") -> tuple[float, float]:
        """Return the smallest and the largest value."""
        return min(self._of(measure)), max(self._of(measure))

    def confirms(self, other: "Row", measure: str = "relative_error") -> bool:
        """Say whether the median of another row of this trial lies in this range."""
        if other.trial != self.trial:
            raise ValueError(f"other must be a row of {self.trial}, not {other.trial}")
        low, high = self.range(measure)
        return low <= other.median(measure) <= high

    def _of(self, measure: str) -> tuple[float, ...]:
        one_of("measure", measure, tuple(self.values))
        return self.values[measure]
