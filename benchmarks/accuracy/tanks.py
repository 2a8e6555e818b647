"""How each network of chapter 13 learns the level in a tank, at any width."""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from snntorch import surrogate
from torch import Tensor, nn

from accuracy.setup import Method, Setup, settings_of
from spikereg import SpikingRegressor, fit, initialize
from spikereg._batches import Batches
from spikereg.baselines import RateNetwork, Recurrent, ReLUNetwork, TapFilter
from spikereg.metrics import relative_error
from spikereg.results import Trial
from spikereg.tanks import TankDataset

TASK = "tanks"
#: Trained as for that, and tested in fixed point and on streams that go on for longer.
IN_USE = "tanks, in use"

#: Steps of a stream whose errors are told apart; training has the first of them.
PARTS = ((0, 50), (50, 100), (100, 500))

#: The longest time constant of the accurate recipe, in steps.
MEMORY = 30.0

#: What each spiking network is made of: neurons, readout, and its dendrites.
KINDS = {
    "lif": ("lif", "membrane", 1),
    "dendrites": ("lif", "dendrites", 16),
    "4 dendrites": ("lif", "dendrites", 4),
    "resonator": ("resonator", "membrane", 1),
}

#: What sends numbers instead, with the same membranes and readouts: its dendrites.
RATE = {"rate": 0, "rate, 4 dendrites": 4}

#: What a network without memory is shown: of how many steps, each which.
_SHOWN = {
    "32 steps": (32, 1),
    "48 steps": (48, 1),
    "every 2nd of 32": (32, 2),
    "every 2nd of 48": (48, 2),
}
#: How it starts, and what it is shown.
WINDOWS = {
    f"{start}relu, {shown}": (start == "positive ", *window)
    for start in ("", "positive ")
    for shown, window in _SHOWN.items()
}

#: Units of a layer, or taps: from where a network hardly follows to where more help
#: little.
WIDTHS = {
    "lif": (4, 8, 16, 32, 64),
    "dendrites": (8, 16, 32, 64),
    "4 dendrites": (4, 8, 16, 32),
    "resonator": (4, 8, 16, 32, 64),
    **dict.fromkeys(RATE, (2, 4, 8, 16, 32)),
    "lstm": (1, 2, 4, 8, 16, 32),
    **dict.fromkeys(WINDOWS, (2, 4, 8, 16, 32, 64)),
    "taps": (1, 2, 4, 8, 16, 32, 50),
}

_SETTINGS = {
    "lif": ((0.03, 5.0), (0.003, 25.0), (0.003, 25.0), (0.003, 5.0), (0.003, 25.0)),
    "dendrites": ((0.03, 5.0), (0.03, 25.0), (0.03, 5.0), (0.01, 5.0)),
    "4 dendrites": ((0.1, 5.0), (0.01, 5.0), (0.03, 25.0), (0.03, 5.0)),
    "resonator": ((0.03, 25.0), (0.01, 25.0), (0.01, 5.0), (0.01, 5.0), (0.03, 5.0)),
}
_RATES = {
    "rate": (0.03, 0.03, 0.03, 0.1, 0.01),
    "rate, 4 dendrites": (0.03, 0.03, 0.01, 0.03, 0.01),
    "lstm": (0.1, 0.1, 0.1, 0.03, 0.1, 0.1),
    "relu, 32 steps": (0.003, 0.1, 0.03, 0.01, 0.01, 0.01),
    "relu, 48 steps": (0.001, 0.1, 0.01, 0.01, 0.03, 0.01),
    "relu, every 2nd of 32": (0.003, 0.03, 0.03, 0.03, 0.03, 0.01),
    "relu, every 2nd of 48": (0.03, 0.01, 0.01, 0.01, 0.01, 0.01),
    "positive relu, 32 steps": (0.01, 0.03, 0.03, 0.03, 0.03, 0.01),
    "positive relu, 48 steps": (0.003, 0.03, 0.01, 0.03, 0.01, 0.01),
    "positive relu, every 2nd of 32": (0.03, 0.03, 0.03, 0.03, 0.03, 0.01),
    "positive relu, every 2nd of 48": (0.03, 0.03, 0.03, 0.03, 0.03, 0.01),
}

#: Learning rate and steepness of each method and width: those of the smallest error in
#: the stored table "energy-choice", on validation sets.
SETTINGS: dict[str, dict[int, tuple[float, float]]] = {
    method: dict(zip(WIDTHS[method], settings, strict=True))
    for method, settings in (
        *_SETTINGS.items(),
        *(
            (method, [(rate, 0.0) for rate in rates])
            for method, rates in _RATES.items()
        ),
    )
}


def data(trial: Trial, seed: int, samples: int) -> TankDataset:
    """Make the sequences of a trial."""
    return TankDataset(trial.timesteps, samples, seed)


class Windowed(nn.Module):
    """A network that is shown the last steps side by side.

    Attributes:
        window: Number of steps.
        network: The network.
        every: Of the steps, each which it is shown, from the last one back.
    """

    def __init__(self, window: int, network: nn.Module, every: int = 1) -> None:
        super().__init__()
        self.window, self.network, self.every = window, network, every

    def seen(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B WF"]:
        """Lay the last steps side by side, zeros where there were none."""
        padded = nn.functional.pad(features, (0, 0, 0, 0, self.window - 1, 0))
        steps = padded.unfold(0, self.window, 1)
        return steps[..., (self.window - 1) % self.every :: self.every].flatten(2)

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Predict from the last steps."""
        prediction: Tensor = self.network(self.seen(features))
        return prediction


class Mean(nn.Module):
    """Answers the mean label of the training, always."""

    def __init__(self, loader: Batches) -> None:
        super().__init__()
        labels = torch.cat([pair[1] for pair in loader], dim=1)
        self.mean = nn.Parameter(labels.mean(dim=(0, 1)))

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Give the mean."""
        return self.mean.expand(*features.shape[:2], -1)


@torch.no_grad()
def errors_in_stream(model: nn.Module, seed: int) -> dict[str, float]:
    """Measure the relative errors of parts of a stream, by names: ``"0 to 50"``."""
    stream = TankDataset(PARTS[-1][1], 256, seed)
    prediction = model(stream.features)
    return {
        f"{first} to {last}": relative_error(
            prediction[first:last], stream.labels[first:last]
        ).item()
        for first, last in PARTS
    }


def settings(trial: Trial) -> tuple[float, float]:
    """Return learning rate and steepness: the trial's, or those of its method.

    Raises:
        ValueError: If neither has them.
    """
    own = SETTINGS.get(trial.method, {}).get(trial.hidden)
    if own is None and (
        trial.lr is None or (trial.method in KINDS and trial.steepness is None)
    ):
        raise ValueError(
            f"lr and steepness must be numbers for the method {trial.method!r} with "
            f"{trial.hidden} units, not {trial.lr} and {trial.steepness}: none were "
            f"chosen"
        )
    return settings_of(trial, own or (0.0, 0.0))


def _spiking(setup: Setup) -> nn.Module:
    trial, loader, seed, inputs, outputs = setup
    neuron, readout, dendrites = KINDS[trial.method]
    accurate = (neuron, readout) == ("lif", "membrane")
    model = SpikingRegressor(
        trial.hidden,
        inputs,
        outputs,
        seed,
        recipe="accurate" if accurate else "tutorial",
        memory=MEMORY if accurate else 0.0,
        neuron=neuron,
        readout=readout,
        dendrites=dendrites,
        spike_grad=surrogate.fast_sigmoid(slope=settings(trial)[1]),
    )
    if accurate:
        initialize(model, loader, labels=True, seed=seed)
    return _fitted(model, setup)


def _dense(setup: Setup, make: Callable[[Setup], nn.Module]) -> nn.Module:
    return _fitted(make(setup), setup)


def _fitted(model: nn.Module, setup: Setup) -> nn.Module:
    trial = setup.trial
    fit(
        model,
        setup.loader,
        trial.epochs,
        settings(trial)[0],
        recipe="accurate",
        spike_penalty=trial.penalty,
        progress=False,
    )
    return model


def _taps(setup: Setup) -> nn.Module:
    model = TapFilter(setup.trial.hidden, setup.inputs, setup.outputs, setup.seed)
    model.solve(setup.loader)
    return Windowed(model.taps, model.fc_out)


def _rate(setup: Setup, dendrites: int) -> nn.Module:
    trial, _, seed, inputs, outputs = setup
    return RateNetwork(trial.hidden, inputs, outputs, seed, dendrites=dendrites)


def _relu(setup: Setup, positive: bool, window: int, every: int) -> nn.Module:
    trial, _, seed, inputs, outputs = setup
    network = ReLUNetwork(trial.hidden, -(-window // every) * inputs, outputs, seed)
    if positive:
        _start_positive(network)
    return Windowed(window, network, every)


@torch.no_grad()
def _start_positive(network: nn.Module) -> None:
    """Give the mean of its inputs to every unit, so that none is silent for good.

    Power and level are positive. Of few units with PyTorch's start many may die.
    """
    for parameter in network.parameters():
        if parameter.ndim == 1:
            parameter.zero_()
        else:
            # Uniform up to 1 / √n, as PyTorch draws them: their mean becomes 1 / n.
            parameter.abs_().mul_(2 * parameter.shape[1] ** -0.5)


#: What learns by steps, at a rate of its own for each width.
NETWORKS: dict[str, Method] = {
    **dict.fromkeys(KINDS, _spiking),
    **{
        method: partial(_dense, make=partial(_rate, dendrites=dendrites))
        for method, dendrites in RATE.items()
    },
    "lstm": partial(
        _dense,
        make=lambda s: Recurrent("lstm", s.trial.hidden, s.inputs, s.outputs, s.seed),
    ),
    **{
        method: partial(
            _dense, make=partial(_relu, positive=positive, window=window, every=every)
        )
        for method, (positive, window, every) in WINDOWS.items()
    },
}

METHODS: dict[str, Method] = {
    "mean": lambda setup: Mean(setup.loader),
    "taps": _taps,
    **NETWORKS,
}
