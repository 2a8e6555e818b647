"""How the networks of chapter 13 do in fixed point, after training and trained so."""

import copy
from dataclasses import replace
from functools import partial

from torch import nn

from accuracy import tanks
from accuracy.setup import Method, Setup
from spikereg import evaluate, fit
from spikereg._batches import Batches
from spikereg.quantize import quantize
from spikereg.results import Trial

TASK = "tanks, fixed point"

#: Units of a layer: of a useful size each.
WIDTHS = {"lif": 32, "dendrites": 32, "relu, 32 steps": 16, "lstm": 4}

#: Bits of weights and of states, after training.
AFTER = ((8, 16), (8, 8), (6, 6), (4, 4), (4, 16), (16, 4))
#: What chips have, and loses little.
ON_CHIP = AFTER[0]
#: The same, trained with it; ``None`` for float32, which is trained on as long.
TRAINED = (None, (8, 8), (6, 6), (4, 4))

#: Passes over the training set beyond those of the network, at so much of its rate.
EXTRA, SLOWER = 4, 0.1


def _network(setup: Setup, method: str) -> nn.Module:
    trial = replace(setup.trial, method=method, task=tanks.TASK)
    return tanks.NETWORKS[method](setup._replace(trial=trial))


METHODS: dict[str, Method] = {
    method: partial(_network, method=method) for method in WIDTHS
}


def errors(
    model: nn.Module, trial: Trial, loader: Batches, test: Batches
) -> dict[str, float]:
    """Measure the relative errors of a trained network in fixed point.

    Returns:
        Errors by names such as ``"8 and 16 bits"`` and ``"8 and 8 bits, trained"``.
    """
    found = {}
    for after in AFTER:
        made = rounded(model, loader, after)
        found[named(after)] = evaluate(made, test).relative_error
    rate, _ = tanks.SETTINGS[trial.method][trial.hidden]
    for bits in TRAINED:
        made = rounded(model, loader, bits)
        lr = SLOWER * rate
        fit(made, loader, EXTRA, lr, recipe="accurate", progress=False)
        found[f"{named(bits)}, trained"] = evaluate(made, test).relative_error
    return found


def named(bits: tuple[int, int] | None) -> str:
    """Name the bits of weights and states."""
    return "float" if bits is None else f"{bits[0]} and {bits[1]} bits"


def rounded(
    model: nn.Module, loader: Batches, bits: tuple[int, int] | None
) -> nn.Module:
    """Make a copy with so many bits of weights and states; ``None`` for float32."""
    if bits is None:
        return copy.deepcopy(model)
    features = next(iter(loader))[0]
    if isinstance(model, tanks.Windowed):
        seen = model.seen(features)
        made = quantize(model.network, seen, *bits)
        return tanks.Windowed(model.window, made, model.every)
    return quantize(model, features, *bits)
