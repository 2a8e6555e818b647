"""How each method learns one curve, and goes on with it by itself."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from accuracy.setup import Method, Setup
from spikereg import DelayedSpikes, fit, make_loader
from spikereg._check import local_generator
from spikereg.baselines import EchoState, Recurrent
from spikereg.data import TimeMajorDataset
from spikereg.forecasting import Forecaster, free_run

#: Steps of the windows that the LSTM learns from, and steps between their starts.
WINDOW, STRIDE = 60, 5

#: Steps before the layer of an echo state network has forgotten that it began at rest.
WASHOUT = 50

#: Settings to choose from, on other stretches of the curve, for each method.
GRID: dict[str, tuple[dict[str, float], ...]] = {
    "delayed spikes": tuple(
        {"delays": delays, "degree": degree, "ridge": ridge}
        for delays in (9, 12, 16)
        for degree in (8, 12, 16)
        for ridge in (1e-9, 1e-12)
    ),
    "echo state": tuple(
        {"radius": radius, "leak": leak, "ridge": ridge}
        for radius in (0.9, 1.1)
        for leak in (0.5, 0.8)
        for ridge in (1e-8, 1e-10, 1e-12, 1e-14)
    ),
    "linear": tuple({"taps": taps} for taps in (12, 25, 50, 100, 200, 300)),
    "replay": tuple({"window": window} for window in (5, 10, 20, 40)),
}

#: Those of the smallest error in the stored table "forecast-choice".
CHOSEN: dict[str, dict[str, float]] = {
    "delayed spikes": {"delays": 12, "degree": 16, "ridge": 1e-9},
    "echo state": {"radius": 1.1, "leak": 0.8, "ridge": 1e-12},
    "linear": {"taps": 200},
    "replay": {"window": 10},
}

#: Learning rate of the LSTM, and the noise it is trained with, chosen likewise.
LSTM_RATE, LSTM_NOISE = 0.01, 0.001


def named(method: str, settings: Mapping[str, float]) -> str:
    """Name a method with its settings."""
    return ", ".join(
        [method, *(f"{name} {value:g}" for name, value in settings.items())]
    )


class Forecast(nn.Module):
    """Goes on with the curve that it is given, for as many steps."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B F"]:
        """Predict the points that follow."""
        return free_run(cast(Forecaster, self.model), features, len(features))


class Mean(nn.Module):
    """Predicts the mean of all that it has seen."""

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B F"]:
        """Predict the points that follow."""
        return features.mean(dim=0, keepdim=True).expand_as(features)


class Replay(nn.Module):
    """Predicts what came after the window most like the last one."""

    def __init__(self, window: int) -> None:
        super().__init__()
        self.window = window

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B F"]:
        """Predict the points that follow."""
        seen = features[:-1].unfold(0, self.window, 1)
        answers, curve = features[self.window :], features
        for _ in features:
            last = curve[-self.window :].movedim(0, -1)
            nearest = (seen - last).square().sum(dim=(1, 2, 3)).argmin()
            curve = torch.cat([curve, answers[nearest][None]])
        return curve[len(features) :]


class Linear(nn.Module):
    """Predicts by a weighted sum of the last values, found by least squares."""

    def __init__(self, taps: int) -> None:
        super().__init__()
        self.taps = taps

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B F"]:
        """Predict the points that follow."""
        windows = features[:-1].unfold(0, self.taps, 1).flatten(0, 2)
        rows = torch.cat([windows, torch.ones_like(windows[:, :1])], dim=1)
        answers = features[self.taps :].flatten(0, 1)
        weights = torch.linalg.lstsq(rows, answers, driver="gelsd").solution
        curve = features
        for _ in features:
            ahead = curve[-self.taps :, :, 0].T @ weights[:-1] + weights[-1]
            curve = torch.cat([curve, ahead[None]])
        return curve[len(features) :]


def _linear(setup: Setup, taps: int) -> nn.Module:
    return Linear(taps)


def _replay(setup: Setup, window: int) -> nn.Module:
    return Replay(window)


def _delayed_spikes(setup: Setup, **settings: Any) -> nn.Module:
    model = DelayedSpikes(setup.trial.hidden, **settings).double()
    known = _known(setup)
    model.solve([(known[:-1], known[1:])])
    return Forecast(model)


def _echo_state(setup: Setup, **settings: Any) -> nn.Module:
    model = EchoState(setup.trial.hidden, seed=setup.seed, **settings).double()
    known = _known(setup)
    model.solve([(known[:-1], known[1:])], WASHOUT)
    return Forecast(model)


def _lstm(setup: Setup) -> nn.Module:
    trial, known = setup.trial, _known(setup).float()
    windows = known[:, 0].unfold(0, WINDOW + 1, STRIDE).permute(2, 0, 1)
    generator = local_generator(setup.seed)
    noise = trial.trained_noise * torch.randn(windows.shape, generator=generator)
    data = TimeMajorDataset((windows + noise)[:-1], windows[1:])
    model = Recurrent("lstm", trial.hidden, seed=setup.seed)
    lr = LSTM_RATE if trial.lr is None else trial.lr
    batches = make_loader(data, 32, shuffle=True, seed=setup.seed)
    fit(model, batches, trial.epochs, lr, recipe="accurate", progress=False)
    return Forecast(model.double())


def _known(setup: Setup) -> Tensor:
    """Return the curve that a trial is to go on with: its one sample."""
    ((known, _),) = setup.loader
    return known


MAKE: dict[str, Callable[..., nn.Module]] = {
    "delayed spikes": _delayed_spikes,
    "echo state": _echo_state,
    "linear": _linear,
    "replay": _replay,
}

METHODS: dict[str, Method] = {
    "mean": lambda setup: Mean(),
    "lstm": _lstm,
    **{name: partial(MAKE[name], **settings) for name, settings in CHOSEN.items()},
    **{
        named(name, settings): partial(MAKE[name], **settings)
        for name, grid in GRID.items()
        for settings in grid
    },
}
