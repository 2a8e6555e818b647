"""How each method of chapter 11 learns a material."""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from snntorch import surrogate
from torch import Tensor, nn

from accuracy.memories import KINDS, network
from accuracy.setup import Method, Setup, settings_of
from spikereg import (
    MaterialDataset,
    ReturnMapping,
    SpikingRegressor,
    SpikingReturnMapping,
    TimeMajorDataset,
    fit,
    initialize,
)
from spikereg._check import local_generator
from spikereg.baselines import Recurrent, ResonantFilter, TapFilter
from spikereg.material_data import LAWS, PER_CENT, STIFFNESS
from spikereg.materials import LARGEST, RATES, TURN
from spikereg.results import Trial

#: What stands before the names of tasks of :class:`~spikereg.MaterialDataset`.
MATERIAL = "material, "

#: What is drawn of a plastic bar's strain where it is not as in the training.
SHIFTS: dict[str, dict[str, float | tuple[float, float]]] = {
    "longer": {},
    "slower": {"rates": (RATES[0] / 4, RATES[1] / 4), "turn": 4 * TURN},
    "larger": {"largest": 2 * LARGEST},
}

#: How many times as long those tests are.
LENGTHS = {"longer": 4, "slower": 4, "larger": 1}

#: Bars whose constants are found, and noise on their stress, in parts of its root mean
#: square.
BARS, NOISE = 256, {"identified": 0.0, "identified, noise": 0.05}

TASKS = (*LAWS, *(f"plastic, {shift}" for shift in SHIFTS), *NOISE)

#: Spiking networks that are compared, with the same settings to choose from.
NETWORKS = ("lif", "recurrent", "adaptive", "resonator", "spiking lstm")

#: The longest time constant of LIF neurons in steps, where the past matters.
MEMORY = {"elastic": 0.0, "ramberg-osgood": 30.0, "plastic": 30.0}

#: Learning rate and steepness of each method and law: those of the smallest mean error
#: in the stored table "material-choice", on validation sets.
SETTINGS: dict[str, dict[str, tuple[float, float]]] = {
    "lif": {
        "elastic": (0.0003, 25.0),
        "ramberg-osgood": (0.003, 25.0),
        "plastic": (0.01, 5.0),
    },
    "recurrent": {
        "elastic": (0.01, 5.0),
        "ramberg-osgood": (0.01, 5.0),
        "plastic": (0.01, 5.0),
    },
    "adaptive": {
        "elastic": (0.01, 25.0),
        "ramberg-osgood": (0.01, 25.0),
        "plastic": (0.01, 5.0),
    },
    "resonator": {
        "elastic": (0.01, 25.0),
        "ramberg-osgood": (0.01, 25.0),
        "plastic": (0.01, 5.0),
    },
    "spiking lstm": {
        "elastic": (0.01, 5.0),
        "ramberg-osgood": (0.01, 25.0),
        "plastic": (0.03, 5.0),
    },
    "lstm": {
        "elastic": (0.03, 0.0),
        "ramberg-osgood": (0.03, 0.0),
        "plastic": (0.03, 0.0),
    },
    "resonant filter": {
        "elastic": (0.3, 0.0),
        "ramberg-osgood": (0.003, 0.0),
        "plastic": (0.1, 0.0),
    },
}

#: Learning rate of the constants' logarithms.
RATE = 0.1

#: From where the constants start: too soft, and too stiff, with stresses in units of
#: the yield stress and strains in per cent, where they are 7, 1 and 0.07.
STARTS = {"soft": (4.0, 0.6, 0.2), "stiff": (12.0, 1.6, 0.0175)}


def law_of(trial: Trial) -> str:
    """Return the law of a trial's bars."""
    law = trial.task.removeprefix(MATERIAL).partition(", ")[0]
    return law if law in LAWS else "plastic"


def data(trial: Trial, seed: int, samples: int, test: bool) -> TimeMajorDataset:
    """Make the bars of a trial, to be trained or tested on."""
    task, T = trial.task.removeprefix(MATERIAL), trial.timesteps
    _, _, shift = task.partition(", ")
    if task in NOISE:
        bars = MaterialDataset("plastic", T, BARS, seed)
        drawn = torch.randn(bars.labels.shape, generator=local_generator(seed + 1000))
        size = 0.0 if test else NOISE[task] * bars.labels.square().mean().sqrt().item()
        return TimeMajorDataset(bars.features, bars.labels + size * drawn)
    if test and shift:
        T *= LENGTHS[shift]
        return MaterialDataset("plastic", T, samples, seed, **SHIFTS[shift])  # type: ignore[arg-type]
    return MaterialDataset(law_of(trial), T, samples, seed)


class Hooke(nn.Module):
    """Answers by the elastic law, whatever the strain."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        T = setup.trial.timesteps
        bar = MaterialDataset(law_of(setup.trial), T)
        self.stiffness = STIFFNESS * PER_CENT / bar.unit
        self.ramp: Tensor | None = bar.strain if bar.law == "ramberg-osgood" else None

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Give the stress."""
        strain = features if self.ramp is None else self.ramp.expand_as(features)
        return self.stiffness * strain


class EachStep(nn.Module):
    """A polynomial of the present feature for each step, by least squares."""

    def __init__(self, setup: Setup, degree: int) -> None:
        super().__init__()
        self.degree = degree
        pairs = list(setup.loader)
        features, labels = (
            torch.cat([pair[n] for pair in pairs], dim=1).double() for n in (0, 1)
        )
        solved = torch.linalg.lstsq(self._powers(features), labels, driver="gelsd")
        self.weights = nn.Parameter(solved.solution.float())

    def _powers(self, features: Tensor) -> Tensor:
        return features ** torch.arange(self.degree + 1)

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Give the stress."""
        if len(features) != len(self.weights):
            raise ValueError(
                f"features must have {len(self.weights)} steps, as those that were "
                f"solved for, not {len(features)}"
            )
        return self._powers(features) @ self.weights


def settings(trial: Trial) -> tuple[float, float]:
    """Return learning rate and steepness: the trial's, or those of its method."""
    return settings_of(trial, SETTINGS[trial.method][law_of(trial)])


def _network(setup: Setup) -> nn.Module:
    lr, steepness = settings(setup.trial)
    model = network(setup, steepness)
    return _fitted(model, setup, lr)


def _lif(setup: Setup) -> nn.Module:
    trial, loader, seed, inputs, outputs = setup
    lr, steepness = settings(trial)
    model = SpikingRegressor(
        trial.hidden,
        inputs,
        outputs,
        seed,
        recipe="accurate",
        memory=MEMORY[law_of(trial)],
        spike_grad=surrogate.fast_sigmoid(slope=steepness),
    )
    initialize(model, loader, seed=seed)
    return _fitted(model, setup, lr)


def _baseline(setup: Setup, make: Callable[[Setup], nn.Module]) -> nn.Module:
    return _fitted(make(setup), setup, settings(setup.trial)[0])


def _taps(setup: Setup) -> nn.Module:
    model = TapFilter(16, setup.inputs, setup.outputs, setup.seed)
    model.solve(setup.loader)
    return model


def _identified(setup: Setup, make: type[ReturnMapping], start: str) -> nn.Module:
    stiffness, yield_stress, hardening = STARTS[start]
    model = make(stiffness=stiffness, yield_stress=yield_stress, hardening=hardening)
    return _fitted(model, setup, RATE if setup.trial.lr is None else setup.trial.lr)


def _fitted(model: nn.Module, setup: Setup, lr: float) -> nn.Module:
    epochs = setup.trial.epochs
    fit(model, setup.loader, epochs, lr, recipe="accurate", progress=False)
    return model


LAW_METHODS: dict[str, Method] = {
    "elastic law": Hooke,
    "line for each step": partial(EachStep, degree=1),
    "cubic for each step": partial(EachStep, degree=3),
    "tap filter": _taps,
    "resonant filter": partial(
        _baseline, make=lambda s: ResonantFilter(16, s.inputs, s.outputs, seed=s.seed)
    ),
    "lif": _lif,
    **{kind: _network for kind in NETWORKS if kind in KINDS},
    "lstm": partial(
        _baseline,
        make=lambda s: Recurrent(
            "lstm", s.trial.hidden // 2, s.inputs, s.outputs, s.seed
        ),
    ),
}

#: Those that know the law, and learn its three constants.
IDENTIFIED: dict[str, Method] = {
    f"{name}, {start} start": partial(_identified, make=make, start=start)
    for name, make in (
        ("return mapping", ReturnMapping),
        ("spiking return mapping", SpikingReturnMapping),
    )
    for start in STARTS
}

METHODS = LAW_METHODS | IDENTIFIED
