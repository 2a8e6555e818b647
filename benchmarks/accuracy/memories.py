"""How each method of chapter 9 builds its network and trains it."""

from functools import partial

from snntorch import surrogate
from torch import nn

from accuracy.setup import Method, Setup, settings_of
from spikereg import SpikingFilter, SpikingLSTM, SpikingRegressor, fit, memory
from spikereg.results import Trial

#: What each network that is trained whole is made of: neurons, readout, and for how
#: many of them it learns as many numbers as 128 and 128 LIF neurons do, about 17,000.
KINDS = {
    "recurrent": ("recurrent", "membrane", 74),
    "adaptive": ("adaptive", "membrane", 74),
    "resonator": ("resonator", "membrane", 74),
    "spiking lstm": ("lstm", "membrane", 37),
    "spiking lstm, spikes fed back": ("lstm", "membrane", 37),
    "dendrites": ("recurrent", "dendrites", 72),
}

#: Learning rate and steepness of each kind and task: those of the smallest error in
#: the stored table "memory-choice", on validation sets.
SETTINGS: dict[str, dict[str, tuple[float, float]]] = {
    kind: dict(zip(memory.TASKS, settings, strict=True))
    for kind, settings in {
        "recurrent": ((0.01, 5.0), (0.01, 5.0), (0.01, 5.0), (0.01, 5.0), (0.01, 5.0)),
        "adaptive": (
            (0.01, 5.0),
            (0.01, 25.0),
            (0.01, 5.0),
            (0.003, 5.0),
            (0.003, 5.0),
        ),
        "resonator": ((0.01, 5.0), (0.01, 25.0), (0.01, 5.0), (0.01, 5.0), (0.03, 5.0)),
        "spiking lstm": (
            (0.03, 5.0),
            (0.01, 25.0),
            (0.01, 25.0),
            (0.03, 5.0),
            (0.03, 5.0),
        ),
        "spiking lstm, spikes fed back": (
            (0.01, 5.0),
            (0.01, 5.0),
            (0.01, 5.0),
            (0.01, 5.0),
            (0.01, 25.0),
        ),
        "dendrites": ((0.03, 5.0), (0.01, 5.0), (0.01, 5.0), (0.01, 5.0), (0.01, 5.0)),
    }.items()
}


def network(setup: Setup, steepness: float) -> SpikingRegressor:
    """Make the network of a kind, as it begins by itself."""
    trial, _, seed, inputs, outputs = setup
    neuron, readout, width = KINDS[trial.method]
    model = SpikingRegressor(
        trial.hidden * width // 128,
        inputs,
        outputs,
        seed,
        neuron=neuron,
        readout=readout,
        spike_grad=surrogate.fast_sigmoid(slope=steepness),
    )
    for layer in (model.lif_in, model.lif_hidden):
        if isinstance(layer, SpikingLSTM) and "fed back" in trial.method:
            layer.feedback = "spikes"
    return model


def _network(setup: Setup) -> nn.Module:
    lr, steepness = settings(setup.trial)
    model, epochs = network(setup, steepness), setup.trial.epochs
    fit(model, setup.loader, epochs, lr, recipe="accurate", progress=False)
    return model


def settings(trial: Trial) -> tuple[float, float]:
    """Return learning rate and steepness: the trial's, or those of its method.

    Raises:
        ValueError: If neither has them.
    """
    own = SETTINGS.get(trial.method, {}).get(trial.task)
    if own is None and (trial.lr is None or trial.steepness is None):
        raise ValueError(
            f"lr and steepness must be numbers for the method {trial.method!r} on the "
            f"task {trial.task!r}, not {trial.lr} and {trial.steepness}: none were "
            f"chosen"
        )
    return settings_of(trial, own or (0.0, 0.0))


#: Learning rate of the filter's readout, which is conditioned: it needs no choice.
FILTER_RATE = 1e-2


def _filter(setup: Setup, *, taps: int, solved: bool) -> nn.Module:
    trial, loader, _, inputs, outputs = setup
    model = SpikingFilter(trial.hidden, inputs, outputs, taps=taps)
    model.measure(loader)
    if solved:
        model.solve(loader)
    else:
        lr = FILTER_RATE if trial.lr is None else trial.lr
        fit(model, loader, trial.epochs, lr, recipe="accurate", progress=False)
    return model


METHODS: dict[str, Method] = {
    **dict.fromkeys(KINDS, _network),
    **{
        f"spiking filter{', taps' * bool(taps)}{', least squares' * solved}": partial(
            _filter, taps=taps, solved=solved
        )
        for taps in (0, 16)
        for solved in (False, True)
    },
}
