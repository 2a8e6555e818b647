"""Run a trial, seed by seed."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader

from accuracy import (
    classifiers,
    counts,
    decoders,
    fixed,
    receptors,
    sunspots,
    tanks,
    timings,
)
from accuracy.datasets import TASKS, Data, datasets, length, own_seeds
from accuracy.methods import known
from accuracy.setup import Setup
from spikereg import Report, ReturnMapping, evaluate, make_loader, metrics
from spikereg._check import finite, local_generator
from spikereg.data import Sample
from spikereg.losses import CURVES
from spikereg.results import Row, Trial

BATCH = 32

#: What is measured beside the report.
CONSTANTS = ("stiffness", "yield_stress", "hardening")
MEASURES = (
    *("seconds", "smape", "auc", "bits", "silent"),
    *CONSTANTS,
    *("r2", "rmse", "coverage", "width"),
)


class Outcome(NamedTuple):
    """What one seed gave."""

    report: Report
    seconds: float
    parameters: int
    smape: float | None = None  # of a forecast
    auc: float | None = None  # of a hazard
    bits: float | None = None  # that a spike surprises less than at a constant rate
    silent: float | None = None  # share of the spikes that were due and never came
    stiffness: float | None = None  # these three: what was found of a material
    yield_stress: float | None = None
    hardening: float | None = None
    r2: float | None = None  # of a level, against the mean of the training
    rmse: float | None = None  # in dB, or sunspots
    coverage: float | None = None  # of the interval around a forecast
    width: float | None = None  # of that interval, in sunspots
    named: dict[str, float] | None = None  # what only this task has, by its names


def run(trial: Trial, seed: int, split: str = "test") -> Outcome:
    """Train with one seed, and test.

    Args:
        trial: The trial.
        seed: Seed of the data, of the initial weights and of the batches.
        split: ``"test"``, or ``"validation"`` for choosing settings.

    Returns:
        The errors on that split, the seconds of training, and how many numbers were
        learned.
    """
    method, task = known(trial), TASKS[trial.task]
    train, test = datasets(trial, seed, split)
    one = length(train) == 1
    features, labels, *_ = train[0]
    batches = make_loader(train, 1 if one else BATCH, shuffle=not one, seed=seed)
    # What learns to forecast adds the noise itself: its labels are the curve too.
    noise = 0.0 if task.forecast else trial.trained_noise
    start = time.perf_counter()
    model = method(
        Setup(
            trial,
            Noisy(batches, noise, seed),
            seed,
            features.shape[-1],
            task.classes or labels.shape[-1],
        )
    )
    seconds = time.perf_counter() - start
    served = make_loader(test, 256)
    limits = _limits(train) if trial.clamped else None
    timed = timings.loss_of(trial, "crossing") if task.times else None
    loss = timed or (classifiers.loss_of(trial) if task.classes else CURVES)
    report = evaluate(model, Noisy(served, trial.noise, seed + 1, limits), loss=loss)
    learned = sum(p.numel() for p in model.parameters() if p.requires_grad)
    silent = timings.silent(model, served, timed) if timed else None
    smape = auc = bits = None
    if task.hazard:
        auc, bits = receptors.scores(model, trial, seed, split)
    if task.forecast:
        past, future = (curve[:, None] for curve in test[0])
        smape = metrics.smape(model(past), future).item()
    found = model.constants if isinstance(model, ReturnMapping) else ()
    more: dict[str, Any] = {
        name: value.item() for name, value in zip(CONSTANTS, found, strict=False)
    }
    if task.level:
        more |= decoders.scores(report)
    if task.yearly:
        more |= sunspots.scores(model, trial.task)
    if task.counted and split == "test":
        (whole,) = make_loader(test, length(test))
        more["named"] = counts.costs(model, whole[0])
    if trial.task == tanks.IN_USE:
        in_integers = fixed.rounded(model, batches, fixed.ON_CHIP)
        error = evaluate(in_integers, served).relative_error
        stream = tanks.errors_in_stream(model, own_seeds(seed, split)[1])
        more["named"] = stream | {fixed.named(fixed.ON_CHIP): error}
    if trial.task == fixed.TASK:
        more["named"] = fixed.errors(model, trial, batches, served)
    return Outcome(report, seconds, learned, smape, auc, bits, silent, **more)


def summed(trial: Trial, outcomes: Sequence[Outcome], seeds: Sequence[int]) -> Row:
    """Make a row of what each seed gave, without measures that are not finite."""
    each = [
        asdict(o.report)
        | {name: getattr(o, name) for name in MEASURES}
        | (o.named or {})
        for o in outcomes
    ]
    values = {
        name: tuple(value[name] for value in each)
        for name in each[0]
        if all(finite(value[name]) for value in each)
    }
    return Row(trial, outcomes[0].parameters, tuple(seeds), values)


def measure(trial: Trial, seeds: Sequence[int], split: str = "test") -> Row:
    """Run a trial with each seed.

    Args:
        trial: The trial.
        seeds: The seeds.
        split: ``"test"``, or ``"validation"`` for choosing settings.

    Returns:
        The row of their errors.
    """
    if not seeds:
        raise ValueError(f"seeds must be at least one seed, not {seeds!r}")
    return summed(trial, [run(trial, seed, split) for seed in seeds], seeds)


def _limits(data: Data) -> tuple[float, float]:
    """Return the smallest and the largest feature."""
    features = [data[n][0] for n in range(length(data))]
    return (
        min(x.min().item() for x in features),
        max(x.max().item() for x in features),
    )


class Noisy:
    """A loader whose features get fresh white noise each time they are served.

    With limits they are then cut off there.
    """

    def __init__(
        self,
        loader: DataLoader[Sample],
        sigma: float,
        seed: int,
        limits: tuple[float, float] | None = None,
    ) -> None:
        self.loader, self.sigma, self.limits = loader, sigma, limits
        self.generator = local_generator(seed)

    def __iter__(self) -> Iterator[Sample]:
        for features, *rest in self.loader:
            if self.sigma:
                noise = torch.randn(features.shape, generator=self.generator)
                features = features + self.sigma * noise
            if self.limits is not None:
                features = features.clamp(*self.limits)
            yield features, *rest
