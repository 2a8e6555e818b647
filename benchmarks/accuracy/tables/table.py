"""What a table is."""

from collections.abc import Sequence
from dataclasses import dataclass

from accuracy.methods import known
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
