"""How each method learns when a measured neuron fires."""

from typing import Any, cast

import torch
from jaxtyping import Float
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from accuracy.setup import Method, Setup
from spikereg import fit, hazard, make_loader
from spikereg.receptor import ReceptorDataset
from spikereg.results import Trial

#: What stands before the number of the recording in the name of a task.
RECEPTOR = "receptor "

#: Inverse strengths of the filter's ridge to choose from.
STRENGTHS = tuple(10.0**n for n in range(-3, 3))

#: Learning rate, sequences a batch, and how many synapses fail.
RATE, BATCH, FAILING = 1e-2, 14, 0.5


def data(trial: Trial, split: int, part: str) -> ReceptorDataset:
    """Return a part of a recording, with what a method is told of it."""
    inputs = trial.method.partition(", ")[2] or "both"
    number = int(trial.task.removeprefix(RECEPTOR))
    return ReceptorDataset(part, number, split, inputs)


def rate(trained: ReceptorDataset) -> float:
    """Return the spikes a bin."""
    return trained.labels[trained.mask].mean().item()


def scores(
    model: nn.Module, trial: Trial, split: int, part: str
) -> tuple[float, float]:
    """Return AUC and bits a spike on the part that a split is tested on."""
    tested = data(trial, split, part)
    trained = data(trial, split, "train")
    model.eval()
    with torch.no_grad():
        seen = model(tested.features), tested.labels, tested.mask
    return hazard.auc(*seen), hazard.bits_per_spike(*seen, rate=rate(trained))


class Classifier(nn.Module):
    """A classifier of scikit-learn, each bin by itself."""

    def __init__(self, estimator: Any, trained: ReceptorDataset) -> None:
        super().__init__()
        features, labels = _counted(trained)
        self.estimator = estimator.fit(features, labels)

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B 1"]:
        """Give the logit of a spike at every step."""
        rows = features.flatten(0, 1).numpy()
        logits = torch.as_tensor(self.estimator.decision_function(rows))
        return logits.float().view(*features.shape[:2], 1)


def _counted(part: ReceptorDataset) -> tuple[Any, Any]:
    mask = cast(Tensor, part.mask)
    return part.features[mask].numpy(), part.labels[mask][:, 0].numpy()


def _constant(setup: Setup) -> nn.Module:
    trained = data(setup.trial, setup.seed, "train")
    model = nn.Linear(setup.inputs, 1)
    nn.init.zeros_(model.weight)
    nn.init.constant_(model.bias, torch.tensor(rate(trained)).logit().item())
    return model


def _filter(setup: Setup) -> nn.Module:
    trial, _, seed, *_ = setup
    trained = data(trial, seed, "train")
    models = [
        Classifier(LogisticRegression(C=strength, max_iter=1000), trained)
        for strength in STRENGTHS
    ]
    return max(models, key=lambda m: scores(m, trial, seed, "validation")[1])


def _trees(setup: Setup) -> nn.Module:
    trees = HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.05,
        max_leaf_nodes=10,
        l2_regularization=5.0,
        min_samples_leaf=20,
        random_state=setup.seed,
    )
    return Classifier(trees, data(setup.trial, setup.seed, "train"))


def _spiking(setup: Setup) -> nn.Module:
    trial, _, seed, inputs, _ = setup
    trained, chosen = (data(trial, seed, part) for part in ("train", "validation"))
    network = hazard.SpikePredictor(
        trial.hidden, inputs, failing=FAILING, rate=rate(trained), seed=seed
    )
    fit(
        network,
        make_loader(trained, BATCH, shuffle=True, seed=seed),
        trial.epochs,
        RATE if trial.lr is None else trial.lr,
        recipe="accurate",
        loss=hazard.surprise,
        validation=make_loader(chosen, len(chosen)),
        progress=False,
    )
    return network.eval()


METHODS: dict[str, Method] = {
    "constant": _constant,
    **{f"filter, {inputs}": _filter for inputs in ("spikes", "sound", "both")},
    "trees, both": _trees,
    **{f"spiking, {inputs}": _spiking for inputs in ("sound", "both")},
}
