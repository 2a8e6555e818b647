"""How each method builds its model and trains it."""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from accuracy import (
    classifiers,
    decoders,
    fixed,
    forecasts,
    materials,
    memories,
    receptors,
    sunspots,
    tanks,
    timings,
)
from accuracy.datasets import BRIEF, TASKS, TIMES
from accuracy.setup import Method, Setup
from spikereg import SpikingRegressor, firing_times, fit, initialize, memory, recipes
from spikereg._batches import Batches
from spikereg._check import local_generator, one_of
from spikereg.baselines import (
    LinearFilter,
    RandomSpiking,
    Recurrent,
    ReLUNetwork,
    ResonantFilter,
    TapFilter,
)
from spikereg.data import MODES
from spikereg.receptor import RECORDINGS
from spikereg.results import Trial

#: What an ablation leaves out of the accurate recipe on a ramp.
INGREDIENTS = (
    "layer 1 without decay",
    "layer 2 without decay",
    "levels from the data",
    "layer 2 that copies",
    "empty readout",
    "cosine schedule",
)

#: The longest time constant of the accurate recipe, in steps, where memory is needed.
MEMORY = 30.0

#: Learning rates, those of the smallest error in the stored table "choice", which was
#: measured on validation sets: one for both kinds of ramps, one for each linear task.
RATES = {
    method: dict(zip(("ramps", *memory.LINEAR), rates, strict=True))
    for method, rates in {
        "accurate": (3e-3, 1e-2, 1e-3, 1e-3, 3e-4),
        "tutorial start": (3e-3, 1e-2, 1e-2, 3e-3, 3e-3),
        "lstm": (3e-2, 3e-2, 1e-2, 1e-2, 1e-2),
        "gru": (3e-2, 3e-2, 1e-2, 1e-2, 3e-2),
        "relu": (1e-1, 1e-4, 1e-2, 1e-2, 3e-2),
        "filter": (1e-1, 3e-2, 3e-1, 1e-1, 1e-2),
        "resonant filter": (1e-1, 3e-2, 1e-2, 3e-1, 3e-2),
    }.items()
}

#: Those for the hysteresis, from the stored table "memory-choice".
HYSTERESIS = {"accurate": 0.01, "lstm": 0.03, "gru": 0.1, "resonant filter": 0.03}
for _method, _of_hysteresis in HYSTERESIS.items():
    RATES[_method]["hysteresis"] = _of_hysteresis


def _accurate(setup: Setup, *, labels: bool, remember: bool = True) -> nn.Module:
    trial, loader, seed, inputs, outputs = setup
    longest = MEMORY if remember and TASKS[trial.task].memory else 0.0
    model = SpikingRegressor(
        trial.hidden, inputs, outputs, seed, recipe="accurate", memory=longest
    )
    ablate(model, trial.without, seed)
    # With memory the readout starts from least squares, or it would hardly train.
    if trial.without != "levels from the data":
        initialize(model, loader, labels=labels or longest > 0, seed=seed)
    if not remember:
        for neuron in (model.lif_in, model.lif_hidden, model.li_out):
            neuron.beta.requires_grad_(False).zero_()
    return _fitted(model, trial, loader)


@torch.no_grad()
def ablate(model: SpikingRegressor, without: str, seed: int) -> None:
    """Put the tutorial's part into the place of an ingredient."""
    hidden, inputs = model.fc_in.weight.shape
    other = SpikingRegressor(hidden, inputs, model.fc_out.out_features, seed=seed)
    if without == "layer 1 without decay":
        model.lif_in.beta.copy_(other.lif_in.beta)
    elif without == "layer 2 without decay":
        model.lif_hidden.beta.copy_(other.lif_hidden.beta)
    elif without == "layer 2 that copies":
        model.fc_hidden, model.lif_hidden = other.fc_hidden, other.lif_hidden
        model.lif_hidden.beta.zero_()
    elif without == "empty readout":
        model.fc_out, model.li_out = other.fc_out, other.li_out
    elif without == "clocks":
        recipes.remember(model.lif_in, model.memory, local_generator(seed))
        model.fc_in = other.fc_in


def _made(make: Callable[[Setup], nn.Module], setup: Setup) -> nn.Module:
    return _fitted(make(setup), setup.trial, setup.loader)


def _tutorial(kind: type[SpikingRegressor], setup: Setup) -> nn.Module:
    trial, loader, seed, inputs, outputs = setup
    model = kind(trial.hidden, inputs, outputs, seed=seed)
    fit(model, loader, trial.epochs, trial.lr, progress=False)
    return model


def _random(setup: Setup) -> nn.Module:
    trial, loader, seed, inputs, outputs = setup
    ridge = 1e-12 if trial.task == "one ramp" else 1e-6
    model = RandomSpiking(2 * trial.hidden, inputs, outputs, ridge=ridge, seed=seed)
    model.solve(loader)
    return model


def _taps(setup: Setup) -> nn.Module:
    model = TapFilter(16, setup.inputs, setup.outputs, setup.seed)
    model.solve(setup.loader)
    return model


class StepByStep(SpikingRegressor):
    """The same network in snnTorch's own loop over the steps, as in the tutorial."""

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Predict, one step after another."""
        states = [neuron.reset_mem() for _, neuron in self.layers()]
        outputs = []
        for signal in features:
            for n, (linear, neuron) in enumerate(self.layers()):
                signal, states[n] = neuron(linear(signal), states[n])
            outputs.append(states[-1])
        return torch.stack(outputs)


def _fitted(model: nn.Module, trial: Trial, loader: Batches) -> nn.Module:
    plain = trial.without == "cosine schedule"
    fit(
        model,
        loader,
        trial.epochs,
        _rate(trial) if trial.lr is None else trial.lr,
        recipe="tutorial" if plain else "accurate",
        spike_penalty=trial.penalty,
        progress=False,
    )
    return model


def _rate(trial: Trial) -> float:
    of_method = RATES[trial.method.partition(",")[0]]  # "accurate, no decay" too
    kind = "ramps" if trial.task in ("one ramp", *MODES) else trial.task
    if kind not in of_method:
        raise ValueError(
            f"lr must be a number for the method {trial.method!r} on the task "
            f"{trial.task!r}, not None: there is a rate for {tuple(of_method)} only"
        )
    return of_method[kind]


METHODS: dict[str, Method] = {
    "tutorial, step by step": partial(_tutorial, StepByStep),
    "tutorial": partial(_tutorial, SpikingRegressor),
    "tutorial start": partial(
        _made, lambda s: SpikingRegressor(s.trial.hidden, s.inputs, s.outputs, s.seed)
    ),
    "accurate": partial(_accurate, labels=False),
    "accurate, labels seen": partial(_accurate, labels=True),
    "accurate, no decay": partial(_accurate, labels=False, remember=False),
    # As many numbers to learn as 128 and 128 spiking neurons have
    "lstm": partial(
        _made,
        lambda s: Recurrent("lstm", s.trial.hidden // 2, s.inputs, s.outputs, s.seed),
    ),
    "gru": partial(
        _made,
        lambda s: Recurrent(
            "gru", 37 * s.trial.hidden // 64, s.inputs, s.outputs, s.seed
        ),
    ),
    "relu": partial(
        _made, lambda s: ReLUNetwork(s.trial.hidden, s.inputs, s.outputs, s.seed)
    ),
    "filter": partial(
        _made, lambda s: LinearFilter(16, s.inputs, s.outputs, seed=s.seed)
    ),
    "resonant filter": partial(
        _made, lambda s: ResonantFilter(16, s.inputs, s.outputs, seed=s.seed)
    ),
    "random + least squares": _random,
    "tap filter": _taps,
    **memories.METHODS,
}

#: What learns nothing by steps, or at one rate whatever the task.
FREE = (
    "tutorial, step by step",
    "tutorial",
    "random + least squares",
    "tap filter",
    *(memories.METHODS.keys() - memories.KINDS.keys()),
)


#: The methods of tasks that are no curves to follow.
OF_TASK = {
    "digits": classifiers.METHODS,
    BRIEF: classifiers.NETWORKS,
    "mackey-glass": forecasts.METHODS,
    **{TIMES + task: timings.METHODS for task in firing_times.TASKS},
    **{f"{receptors.RECEPTOR}{number}": receptors.METHODS for number in RECORDINGS},
    **{materials.MATERIAL + task: materials.METHODS for task in materials.TASKS},
    **dict.fromkeys(decoders.TASKS, decoders.METHODS),
    **dict.fromkeys(sunspots.TASKS, sunspots.METHODS),
    **dict.fromkeys((tanks.TASK, tanks.IN_USE), tanks.METHODS),
    fixed.TASK: fixed.METHODS,
}


def known(trial: Trial) -> Method:
    """Return a trial's method; raise unless there are its words, and a rate."""
    one_of("task", trial.task, tuple(TASKS))
    one_of("without", trial.without, ("", *INGREDIENTS, "clocks"))
    methods = OF_TASK.get(trial.task, METHODS)
    one_of("method", trial.method, tuple(methods))
    if methods is tanks.METHODS and trial.method in tanks.NETWORKS:
        tanks.settings(trial)
    if methods is METHODS and trial.method in memories.KINDS:
        memories.settings(trial)
    elif methods is METHODS and trial.lr is None and trial.method not in FREE:
        _rate(trial)
    return methods[trial.method]
