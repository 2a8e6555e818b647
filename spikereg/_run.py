"""All that a training goes on from, and the file that keeps it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from spikereg import _checkpoint
from spikereg._batches import Batches
from spikereg._checkpoint import FIT
from spikereg._descent import Descent
from spikereg._state import check, load, made, weights
from spikereg.recipes import RECIPES


@dataclass
class History:
    """What happened in each epoch.

    Attributes:
        loss: Mean loss of each epoch, the mean squared error unless another was asked
            for; each batch counts before its own step.
        validation: Loss on the validation loader after each epoch, infinite where a
            prediction was not finite; empty without such a loader.
        error: What ended the training before its time: an exception of ``on_epoch``, or
            ``KeyboardInterrupt``; ``None`` if nothing did.
    """

    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def best(self) -> int | None:
        """The epoch with the smallest error in ``validation``, counted from 1."""
        if not self.validation:
            return None
        return 1 + self.validation.index(min(self.validation))


class Run:
    """The state of a training after some epochs.

    Attributes:
        history: What has happened so far.
        settings: What it was asked for; the same when it goes on.
    """

    def __init__(
        self, descent: Descent, loader: Batches, epochs: int, settings: dict[str, Any]
    ) -> None:
        self.history = History()
        self.settings = settings | {"learned": list(descent.weights.learned)}
        self._descent, self._epochs = descent, epochs
        self._generators = list(_generators(loader))
        self._before = torch.get_rng_state()
        self._best: dict[str, Tensor] = {}

    def note(self, loss: float, validation: float | None) -> None:
        """Add an epoch, and keep the weights if none was better."""
        history = self.history
        history.loss.append(loss)
        if validation is not None:
            history.validation.append(validation)
            if history.best == len(history.validation):
                best = weights(self._descent.model, "best.")
                self._best = {name: value.clone() for name, value in best.items()}
                self._descent.left = f"its best weights, those of epoch {history.best}"

    def bring_best_back(self) -> None:
        """Give the model its best weights, if there was a validation."""
        if self._best:
            load(self._descent.model, self._best, "best.")

    def begin(self, path: Path) -> None:
        """Go on from a file, or write the first: what cannot be is said at once."""
        if path.exists():
            self.load(path)
        else:
            self.save(path)

    def save(self, path: Path) -> None:
        """Write all of it to a file."""
        tensors = self._descent.tensors() | self._best
        for name in ("loss", "validation"):
            values = getattr(self.history, name)
            tensors[f"history.{name}"] = torch.tensor(values, dtype=torch.float64)
        for n, generator in enumerate(self._generators):
            tensors[f"generator.{n}"] = generator.get_state()
        now = torch.get_rng_state()
        if not torch.equal(now, self._before):  # dropout, or a loader without its own
            tensors["generator.global"] = now
        about = {"epochs": self._epochs, "made": made(self._descent.model)}
        _checkpoint.write(path, tensors, self.settings | about, FIT)

    def load(self, path: Path) -> None:
        """Go on from a file; if it is of another training, leave all as it is."""
        tensors, settings = _checkpoint.read(path, FIT)
        done = len(tensors["history.loss"])
        self._check(path, tensors, settings, done)
        self._descent.load(tensors)
        self._best = {k: v for k, v in tensors.items() if k.startswith("best.")}
        self.history.loss = tensors["history.loss"].tolist()
        self.history.validation = tensors["history.validation"].tolist()
        for n, generator in enumerate(self._generators):
            generator.set_state(tensors[f"generator.{n}"])
        if "generator.global" in tensors:
            torch.set_rng_state(tensors["generator.global"])

    def _check(
        self,
        path: Path,
        tensors: dict[str, Tensor],
        settings: dict[str, Any],
        done: int,
    ) -> None:
        """Raise unless a file is of this training."""
        place = f"checkpoint {str(path)!r}"
        theirs = settings.pop("epochs")
        for name, value in self.settings.items():
            if settings.get(name) != value:
                raise ValueError(
                    f"{place} must be of a training with {name} = {value!r}, not "
                    f"{settings.get(name)!r}: ask for that, or name another file"
                )
        if done > self._epochs:
            raise ValueError(
                f"epochs must be at least the {done} that {place} has behind it, not "
                f"{self._epochs}"
            )
        course = RECIPES[self.settings["recipe"]].course
        if any(course(n, theirs) != course(n, self._epochs) for n in range(done)):
            raise ValueError(
                f"epochs must be {theirs}, as {place} says, not {self._epochs}: the "
                f"learning rates of this recipe depend on it"
            )
        check(place, self._descent.model, tensors, settings.get("made", {}))
        kept = sum(name.startswith("generator.") for name in tensors)
        kept -= "generator.global" in tensors
        if kept != len(self._generators):
            raise ValueError(
                f"{place} must be of a loader with {len(self._generators)} generators, "
                f"not {kept}"
            )


def _generators(loader: Batches) -> Iterator[torch.Generator]:
    """Find the generators that a loader draws its order from, and its data set."""
    found: list[torch.Generator] = []
    parts = (getattr(loader, name, None) for name in ("sampler", "dataset"))
    for holder in (loader, *parts):
        generator = getattr(holder, "generator", None)
        if isinstance(generator, torch.Generator) and generator not in found:
            found.append(generator)
            yield generator
