"""Models that forecast a series: by its last values, or by spikes that tell them."""

from dataclasses import replace
from typing import cast

import torch
from jaxtyping import Float
from sklearn.ensemble import HistGradientBoostingRegressor
from statsmodels.tsa.ar_model import AutoReg
from torch import Tensor, nn

from spikereg import FrameData, SpikingRegressor, Trace, encoding, make_loader
from spikereg._check import local_generator
from spikereg.baselines import TapFilter
from spikereg.frames import Scaler

#: Last values that trees and linear fits see.
SEEN, TAPS = 12, 9


class InUnits(nn.Module):
    """Gives a model's answers, which are scaled, in the series' unit."""

    def __init__(self, model: nn.Module, scaler: Scaler) -> None:
        super().__init__()
        self.model, self.scaler = model, scaler

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Forecast at every step."""
        return self.scaler.inverse(self.model(features)).float()


class SpikingInUnits(InUnits):
    """The same for a network that spikes."""

    def trace(self, features: Float[Tensor, "T B 1"]) -> Trace:
        """Forecast at every step, and keep the spikes."""
        trace = cast(Coded, self.model).trace(features)
        return replace(trace, prediction=self.scaler.inverse(trace.prediction).float())


# By the numbers


class Mean(nn.Module):
    """Answers by the mean, which is 0."""

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Forecast at every step."""
        return torch.zeros_like(features)


class Earlier(nn.Module):
    """Answers by the value so many steps before the last one."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Forecast at every step."""
        padded = nn.functional.pad(features, (0, 0, 0, 0, self.steps, 0))
        return padded[: len(features)]


class Autoregression(nn.Module):
    """Answers by a weighted sum of the last values, and goes on with it."""

    def __init__(self, order: int, known: FrameData, warm_up: int) -> None:
        super().__init__()
        trained = known.table.inputs[: known.rows["train"].max() + 1]
        scaled = known.columns.inputs.scale(torch.from_numpy(trained))[:, 0]
        # Of the same answers as the others, none of which lies in the warm-up.
        model = AutoReg(scaled.double().numpy(), order, hold_back=warm_up + 1)
        self.weights = nn.Parameter(torch.from_numpy(model.fit().params).float())
        self.horizon = known.columns.layout.horizon

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Forecast at every step."""
        bias, latest_first = self.weights[0], self.weights[1:]
        seen = _last(features, len(latest_first))
        for _ in range(self.horizon):
            answer = bias + seen @ latest_first.flip(0)
            seen = torch.cat([seen[..., 1:], answer[..., None]], dim=-1)
        return seen[..., -1:]


class Trees(nn.Module):
    """Boosted trees that see the last values."""

    def __init__(self, leaf: int, rounds: int, known: FrameData) -> None:
        super().__init__()
        mask = cast(Tensor, known.train.mask)
        trees = HistGradientBoostingRegressor(
            learning_rate=0.05,
            max_iter=rounds,
            min_samples_leaf=leaf,
            early_stopping=False,
        )
        self.trees = trees.fit(
            _last(known.train.features, SEEN)[mask].numpy(),
            known.train.labels[mask][:, 0].numpy(),
        )

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Forecast at every step."""
        rows = _last(features, SEEN).flatten(0, 1).numpy()
        return torch.from_numpy(self.trees.predict(rows)).float().view_as(features)


def _last(features: Float[Tensor, "T B 1"], count: int) -> Float[Tensor, "T B K"]:
    padded = nn.functional.pad(features[..., 0], (0, 0, count - 1, 0))
    return padded.unfold(0, count, 1)


# By spikes


class Code(nn.Module):
    """Tells a scaled series by spikes, or by itself if the code is ``"current"``.

    The range is from zero to the largest value in training.

    Args:
        name: ``"current"``, ``"rate"``, ``"levels"`` or ``"delta"``.
        argument: Neurons, levels, or the threshold in parts of the range.
        known: The series.
        seed: Seed of the rate's random spikes, drawn anew while it trains.
    """

    def __init__(self, name: str, argument: float, known: FrameData, seed: int) -> None:
        super().__init__()
        self.name, self.argument, self.seed = name, argument, seed
        zero = torch.zeros(1, dtype=torch.float64)
        self.low = known.columns.inputs.scale(zero).item()
        self.high = known.train.features.max().item()
        self.generator = local_generator(seed)

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B N"]:
        """Encode."""
        share = (features - self.low) / (self.high - self.low)
        if self.name == "rate":
            fresh = int(torch.randint(2**31, (), generator=self.generator))
            drawn = fresh if self.training else self.seed
            return encoding.rate_spikes(share, int(self.argument), seed=drawn)
        if self.name == "levels":
            return encoding.level_crossings(share, 1 / self.argument)
        if self.name == "delta":
            return encoding.delta_spikes(share, self.argument)
        return features

    def read(self, spikes: Float[Tensor, "T B N"]) -> Float[Tensor, "T B 1"]:
        """Decode."""
        if self.name == "rate":
            share = encoding.from_rate(spikes, int(self.argument))
        elif self.name == "levels":
            share = encoding.from_crossings(spikes, 1 / self.argument)
        elif self.name == "delta":
            share = encoding.from_delta(spikes, self.argument)
        else:
            return spikes
        return self.low + (self.high - self.low) * share


class Coded(nn.Module):
    """A spiking network that is told a series by a code."""

    def __init__(self, code: Code, network: SpikingRegressor) -> None:
        super().__init__()
        self.code, self.network = code, network

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Forecast at every step."""
        prediction: Tensor = self.network(self.code(features))
        return prediction

    def trace(self, features: Float[Tensor, "T B 1"]) -> Trace:
        """Forecast at every step, and keep the spikes."""
        return self.network.trace(self.code(features))


class ReadBack(nn.Module):
    """A linear fit to the last values, as they are read back from a code."""

    def __init__(self, code: Code, known: FrameData) -> None:
        super().__init__()
        self.code, self.taps = code, TapFilter(TAPS)
        loader = make_loader(known.train, len(known.train))
        self.taps.solve((self._read(x), *rest) for x, *rest in loader)

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Forecast at every step."""
        forecast: Tensor = self.taps(self._read(features))
        return forecast

    def _read(self, features: Tensor) -> Tensor:
        return self.code.read(self.code(features))
