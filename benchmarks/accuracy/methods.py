"""How each method builds its model and trains it."""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from accuracy import datasets
from spikereg import SpikingRegressor, fit, initialize, recipes
from spikereg._batches import Batches
from spikereg._check import local_generator, one_of
from spikereg.baselines import LinearFilter, RandomSpiking, Recurrent, ReLUNetwork
from spikereg.memory import TASKS
from spikereg.results import Trial

Method = Callable[[Trial, Batches, int], nn.Module]

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
#: measured on validation sets: one for both kinds of ramps, one for each other task.
RATES = {
    method: dict(zip(("ramps", *TASKS), rates, strict=True))
    for method, rates in {
        "accurate": (3e-3, 1e-2, 1e-3, 1e-3, 3e-4),
        "tutorial start": (3e-3, 1e-2, 1e-2, 3e-3, 1e-3),
        "lstm": (1e-2, 1e-2, 1e-2, 1e-2, 1e-2),
        "gru": (1e-2, 1e-2, 1e-2, 1e-2, 1e-2),
        "relu": (1e-2, 3e-4, 1e-2, 1e-2, 1e-2),
        "filter": (1e-2, 1e-2, 3e-3, 1e-2, 1e-2),
    }.items()
}


def _accurate(
    trial: Trial, loader: Batches, seed: int, *, labels: bool, remember: bool = True
) -> nn.Module:
    memory = MEMORY if remember and trial.task in TASKS else 0.0
    model = SpikingRegressor(trial.hidden, seed=seed, recipe="accurate", memory=memory)
    ablate(model, trial.without, seed)
    # With memory the readout starts from least squares, or it would hardly train.
    if trial.without != "levels from the data":
        initialize(model, loader, labels=labels or memory > 0, seed=seed)
    if not remember:
        for neuron in (model.lif_in, model.lif_hidden, model.li_out):
            neuron.beta.requires_grad_(False).zero_()
    return _fitted(model, trial, loader)


@torch.no_grad()
def ablate(model: SpikingRegressor, without: str, seed: int) -> None:
    """Put the tutorial's part into the place of an ingredient."""
    other = SpikingRegressor(model.fc_in.out_features, seed=seed)
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


def _made(
    make: Callable[[Trial, int], nn.Module], trial: Trial, loader: Batches, seed: int
) -> nn.Module:
    return _fitted(make(trial, seed), trial, loader)


def _tutorial(
    kind: type[SpikingRegressor], trial: Trial, loader: Batches, seed: int
) -> nn.Module:
    model = kind(trial.hidden, seed=seed)
    fit(model, loader, trial.epochs, progress=False)
    return model


def _random(trial: Trial, loader: Batches, seed: int) -> nn.Module:
    ridge = 1e-12 if trial.task == "one ramp" else 1e-6
    model = RandomSpiking(2 * trial.hidden, ridge=ridge, seed=seed)
    model.solve(loader)
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
        trial.lr or _rate(trial),
        recipe="tutorial" if plain else "accurate",
        spike_penalty=trial.penalty,
        progress=False,
    )
    return model


def _rate(trial: Trial) -> float:
    of_method = RATES[trial.method.partition(",")[0]]  # "accurate, no memory" too
    return of_method.get(trial.task, of_method["ramps"])


METHODS: dict[str, Method] = {
    "tutorial, step by step": partial(_tutorial, StepByStep),
    "tutorial": partial(_tutorial, SpikingRegressor),
    "tutorial start": partial(
        _made, lambda t, seed: SpikingRegressor(t.hidden, seed=seed)
    ),
    "accurate": partial(_accurate, labels=False),
    "accurate, labels seen": partial(_accurate, labels=True),
    "accurate, no memory": partial(_accurate, labels=False, remember=False),
    # As many numbers to learn as 128 and 128 spiking neurons have
    "lstm": partial(_made, lambda t, seed: Recurrent("lstm", t.hidden // 2, seed=seed)),
    "gru": partial(
        _made, lambda t, seed: Recurrent("gru", 37 * t.hidden // 64, seed=seed)
    ),
    "relu": partial(_made, lambda t, seed: ReLUNetwork(t.hidden, seed=seed)),
    "filter": partial(_made, lambda t, seed: LinearFilter(seed=seed)),
    "random + least squares": _random,
}


def known(trial: Trial) -> None:
    """Raise unless there are such a task, such a method and such an ingredient."""
    one_of("task", trial.task, datasets.TASKS)
    one_of("method", trial.method, tuple(METHODS))
    one_of("without", trial.without, ("", *INGREDIENTS, "clocks"))
