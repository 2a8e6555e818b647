"""How each method that tells digits apart builds its model and trains it."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import snntorch as snn
import torch
from jaxtyping import Float
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from snntorch import surrogate
from torch import Tensor, nn
from torch.nn.functional import one_hot

from accuracy.datasets import AUGMENT, REPEAT
from accuracy.setup import Method, Setup
from spikereg import AdaptiveLeaky, SpikingRegressor, fit
from spikereg._check import local_generator
from spikereg.baselines import Recurrent
from spikereg.digits import DigitsDataset
from spikereg.losses import CountLoss, CrossEntropyLoss, Loss, MembraneLoss
from spikereg.neurons.named import seed_from
from spikereg.results import Trial

DIGITS = 10

#: Decay of the readout at the start.
BETA = 0.9

#: Learning rate of all networks that spike.
RATE = 5e-3

#: Steepness of the surrogate and gain of each: those of the largest accuracy in the
#: stored table "digits-choice", on validation sets.
SETTINGS = {
    "lif": (1.0, 3.0),
    "one-to-one": (3.0, 3.0),
    "recurrent": (3.0, 1.0),
    "adaptive": (3.0, 3.0),
    "adaptive, feed-forward": (3.0, 3.0),
    "adaptive, counts": (3.0, 3.0),
    "adaptive, cross-entropy": (1.0, 3.0),
}

#: Learning rate of the LSTM, chosen likewise.
LSTM_RATE = 2e-2


def loss_of(trial: Trial) -> Loss:
    """Return what a method minimizes."""
    _, _, word = trial.method.partition(", ")
    losses = {"counts": CountLoss(), "cross-entropy": CrossEntropyLoss()}
    return losses.get(word, MembraneLoss("mean"))


def _network(setup: Setup) -> nn.Module:
    trial, _, seed, inputs, outputs = setup
    kind, _, word = trial.method.partition(", ")
    chosen = SETTINGS[trial.method]
    steepness, gain = map(_given, (trial.steepness, trial.gain), chosen)
    spike_grad = surrogate.fast_sigmoid(slope=steepness)
    model = SpikingRegressor(
        trial.hidden,
        inputs,
        outputs,
        seed,
        neuron="recurrent" if kind == "recurrent" else "lif",
        readout="spikes" if word == "counts" else "membrane",
        spike_grad=spike_grad,
    )
    generator = local_generator(seed)
    for name in ("lif_in", "lif_hidden"):
        if kind == "one-to-one":
            setattr(model, name, _to_itself(getattr(model, name), generator))
        elif kind == "adaptive":
            neuron = _adaptive(
                trial.hidden, word != "feed-forward", spike_grad, generator
            )
            setattr(model, name, neuron)
    with torch.no_grad():
        for layer in (model.fc_in, model.fc_hidden):
            layer.weight *= gain
        model.li_out.beta.fill_(BETA)
    return _fitted(model, setup, RATE)


def _given(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _adaptive(
    width: int, recurrent: bool, spike_grad: Any, generator: torch.Generator
) -> AdaptiveLeaky:
    """Make neurons that are quick enough for an image of 24 steps."""
    return AdaptiveLeaky(
        width,
        recurrent=recurrent,
        threshold=0.1,
        scale=20.0,
        tau_membrane=(2.0, 10.0),
        tau_adaptation=(10.0, 60.0),
        spike_grad=spike_grad,
        seed=seed_from(generator),
    )


def _to_itself(neuron: snn.Leaky, generator: torch.Generator) -> snn.RLeaky:
    """Give each neuron a connection to itself."""
    width = neuron.beta.numel()
    return snn.RLeaky(
        beta=neuron.beta.detach(),
        threshold=neuron.threshold,
        learn_beta=True,
        spike_grad=neuron.spike_grad,
        all_to_all=False,
        V=2 * torch.rand(width, generator=generator) - 1,
    )


def _fitted(model: nn.Module, setup: Setup, lr: float) -> nn.Module:
    trial = setup.trial
    fit(
        model,
        setup.loader,
        trial.epochs,
        _given(trial.lr, lr),
        recipe="accurate",
        loss=loss_of(trial),
        spike_penalty=trial.penalty,
        progress=False,
    )
    return model


def _lstm(setup: Setup) -> nn.Module:
    # As many numbers to learn as 128 and 128 adaptive neurons have
    width = 27 * setup.trial.hidden // 32
    model = Recurrent("lstm", width, setup.inputs, setup.outputs, setup.seed)
    return _fitted(model, setup, LSTM_RATE)


class Classical(nn.Module):
    """A method that sees the whole image at once, and says a class at every step.

    Its settings, and whether it sees five copies of each image, four of them augmented,
    are chosen on the validation set.
    """

    def __init__(self, grid: Callable[[], Iterator[Any]], seed: int) -> None:
        super().__init__()
        plain = DigitsDataset("train", seed, repeat=REPEAT)
        validation = DigitsDataset("validation", seed)
        changed = DigitsDataset(
            "train", seed, repeat=REPEAT, augment=AUGMENT, seed=seed
        )
        order = list(range(len(plain)))
        copies = [_images(changed.batch(order)[0]) for _ in range(4)]
        images = torch.cat([plain.images, *copies])
        labels = plain.labels.repeat(5)
        best = -1.0
        for unfitted, n in product(grid(), (len(plain), len(images))):
            estimator = clone(unfitted)
            estimator.fit(images[:n].flatten(1).numpy(), labels[:n].numpy())
            score = estimator.score(
                validation.images.flatten(1).numpy(), validation.labels.numpy()
            )
            if score > best:
                best, self.estimator = score, estimator

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Predict 1 for the class, at every step."""
        images = _images(features).flatten(1)
        classes = torch.tensor(self.estimator.predict(images.numpy()))
        return one_hot(classes, DIGITS).float().expand(len(features), -1, -1)


def _images(features: Tensor) -> Tensor:
    """Return the images that features show row by row."""
    return features[: 8 * REPEAT : REPEAT].transpose(0, 1)


def _classical(grid: Callable[[], Iterator[Any]], setup: Setup) -> nn.Module:
    return Classical(grid, setup.seed)


def _logistic() -> Iterator[Any]:
    for C in (0.01, 0.1, 1.0, 10.0):
        yield make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=2000))


def _neighbours() -> Iterator[Any]:
    for k in (1, 3, 5, 7):
        yield KNeighborsClassifier(k)


def _svm() -> Iterator[Any]:
    for C, gamma in product((1.0, 10.0), (0.03, 0.1, 0.3)):
        yield SVC(C=C, gamma=gamma)


#: What sees an image step by step.
NETWORKS: dict[str, Method] = {**dict.fromkeys(SETTINGS, _network), "lstm": _lstm}

METHODS: dict[str, Method] = {
    **NETWORKS,
    "logistic regression": partial(_classical, _logistic),
    "nearest neighbours": partial(_classical, _neighbours),
    "svm": partial(_classical, _svm),
}
