"""How each method reads the level of a sound from the spikes of an ear's neuron."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from snntorch import surrogate
from torch import Tensor, nn

from accuracy.setup import Method, Setup, settings_of
from spikereg import (
    Report,
    SpikingRegressor,
    TimeMajorDataset,
    fit,
    initialize,
    make_loader,
)
from spikereg.baselines import Recurrent, ResonantFilter
from spikereg.envelope import EnvelopeDataset, lagged
from spikereg.receptor import DEVIATION, RECORDINGS
from spikereg.results import Trial

#: What stands before the number of the recording and the delay in a task's name.
ENVELOPE = "envelope "

#: How late the answers may come, ms.
DELAYS = (0, 10, 20)

TASKS = {
    f"{ENVELOPE}{number}, {delay} ms": (number, delay)
    for number in RECORDINGS
    for delay in DELAYS
}

#: Bins before the moment that is asked about which filters and trees see.
BEFORE = 30

#: Strengths of the ridge, and learning rates and leaves of the trees, to choose from.
STRENGTHS = (1.0, 10.0, 100.0, 1000.0)
TREES = tuple(product((0.03, 0.1), (5, 15)))

#: Most trees, and spikes on either side whose distance is told to them.
MOST, NEAR = 100, 4

#: Windows a batch.
BATCH = 5

#: What each spiking network is made of: neurons, readout, and how many neurons a layer
#: has where LIF neurons are 64.
KINDS = {
    "lif": ("lif", "membrane", 64),
    "lif, dendrites": ("lif", "dendrites", 64),
    "spiking lstm, dendrites": ("lstm", "dendrites", 16),
}

#: Learning rate and steepness of each method: those of the smallest mean squared error
#: in the stored table "envelope-choice", on validation blocks of recording 1.
SETTINGS = {
    "resonant filter": (0.1, 0.0),
    "lstm": (0.01, 0.0),
    "lif": (0.01, 5.0),
    "lif, dendrites": (0.1, 5.0),
    "spiking lstm, dendrites": (0.03, 5.0),
}


def data(trial: Trial, split: int, part: str) -> EnvelopeDataset:
    """Return a part of a recording."""
    number, delay = TASKS[trial.task]
    return EnvelopeDataset(part, number, split, delay)


def scores(report: Report) -> dict[str, float]:
    r"""Return R² and the root of the mean squared error in dB.

    R² compares with the training's mean, which a label of 0 stands for:
    :math:`1 - \sum (\hat y - y)^2 / \sum y^2`.
    """
    return {"r2": 1 - report.relative_error**2, "rmse": DEVIATION * report.mse**0.5}


class Mean(nn.Module):
    """Answers the mean level of the training."""

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Give 0."""
        return torch.zeros_like(features)


class Decoder(nn.Module):
    """An estimator of scikit-learn, each bin by itself."""

    def __init__(self, estimator: Any, delay: int, intervals: bool) -> None:
        super().__init__()
        self.estimator, self.delay, self.intervals = estimator, delay, intervals

    def learn(self, part: TimeMajorDataset) -> "Decoder":
        """Fit the estimator to the steps that count."""
        mask = cast(Tensor, part.mask)
        rows = self._columns(part.features)[mask].numpy()
        self.estimator.fit(rows, part.labels[mask][:, 0].numpy())
        return self

    def _columns(self, features: Tensor) -> Tensor:
        columns = [lagged(features, self.delay + BEFORE + 1)]
        if self.intervals:
            columns.append(intervals(features, self.delay))
        return torch.cat(columns, dim=-1)

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Give the level."""
        rows = self._columns(features).flatten(0, 1).numpy()
        level = torch.as_tensor(self.estimator.predict(rows))
        return level.float().view(*features.shape)


def intervals(
    features: Float[Tensor, "T B 1"], delay: int, near: int = NEAR
) -> Float[Tensor, "T B K"]:
    """Tell how far the spikes are from the moment that is asked about, in bins.

    Args:
        features: Spikes.
        delay: How far back the moment lies.
        near: Number of spikes on either side.

    Returns:
        The distances of the last spikes until the moment, the nearest first, and of the
        first ones after it that are known; the number of steps where there is none.
    """
    spikes = features[..., 0].T.numpy()
    told = np.full((*spikes.shape, 2 * near), len(features), dtype=np.float32)
    for train, into in zip(spikes, told, strict=True):
        fired = np.flatnonzero(train)
        for t in range(len(train)):
            _tell(fired[fired <= t], t - delay, into[t])
    return torch.from_numpy(told).transpose(0, 1)


def _tell(fired: NDArray[np.int_], moment: int, into: NDArray[np.float32]) -> None:
    near = len(into) // 2
    before = moment - fired[fired <= moment][::-1][:near]
    after = fired[fired > moment][:near] - moment
    into[: len(before)] = before
    into[near : near + len(after)] = after


def _best(
    setup: Setup, make: Callable[..., Any], each: Sequence[Any], intervals: bool = False
) -> nn.Module:
    """Return the estimator that has the smallest error on the validation blocks."""
    trained, chosen = (
        data(setup.trial, setup.seed, part) for part in ("train", "validation")
    )
    models = [
        Decoder(make(settings), trained.delay, intervals).learn(trained)
        for settings in each
    ]

    def error(model: Decoder) -> float:
        away: Tensor = model(chosen.features) - chosen.labels
        return away[chosen.mask].square().mean().item()

    return min(models, key=error)


def _trees(settings: tuple[float, int]) -> HistGradientBoostingRegressor:
    rate, leaves = settings
    return HistGradientBoostingRegressor(
        max_iter=MOST,
        learning_rate=rate,
        max_leaf_nodes=leaves,
        min_samples_leaf=40,
        l2_regularization=5.0,
        random_state=0,
    )


def settings(trial: Trial) -> tuple[float, float]:
    """Return learning rate and steepness: the trial's, or those of its method."""
    return settings_of(trial, SETTINGS[trial.method])


def _network(setup: Setup) -> nn.Module:
    trial, _, seed, *_ = setup
    neuron, readout, width = KINDS[trial.method]
    accurate = readout == "membrane"  # which the accurate recipe knows
    model = SpikingRegressor(
        trial.hidden * width // 64,
        seed=seed,
        recipe="accurate" if accurate else "tutorial",
        memory=float(BEFORE) if accurate else 0.0,
        neuron=neuron,
        readout=readout,
        spike_grad=surrogate.fast_sigmoid(slope=settings(trial)[1]),
    )
    if accurate:
        trained = data(trial, seed, "train")
        pairs = TimeMajorDataset(trained.features, trained.labels)
        initialize(model, make_loader(pairs, len(pairs)), labels=True, seed=seed)
    return _fitted(model, setup)


def _baseline(setup: Setup, make: Callable[[Setup], nn.Module]) -> nn.Module:
    return _fitted(make(setup), setup)


def _fitted(model: nn.Module, setup: Setup) -> nn.Module:
    trial, _, seed, *_ = setup
    trained, chosen = (data(trial, seed, part) for part in ("train", "validation"))
    fit(
        model,
        make_loader(trained, BATCH, shuffle=True, seed=seed),
        trial.epochs,
        settings(trial)[0],
        recipe="accurate",
        validation=make_loader(chosen, len(chosen)),
        progress=False,
    )
    return model.eval()


METHODS: dict[str, Method] = {
    "training mean": lambda setup: Mean(),
    "ridge": partial(_best, make=lambda strength: Ridge(strength), each=STRENGTHS),
    "trees": partial(_best, make=_trees, each=TREES),
    "trees, intervals": partial(_best, make=_trees, each=TREES, intervals=True),
    "resonant filter": partial(
        _baseline, make=lambda s: ResonantFilter(16, s.inputs, s.outputs, seed=s.seed)
    ),
    "lstm": partial(
        _baseline,
        make=lambda s: Recurrent(
            "lstm", s.trial.hidden // 2, s.inputs, s.outputs, s.seed
        ),
    ),
    **dict.fromkeys(KINDS, _network),
}
