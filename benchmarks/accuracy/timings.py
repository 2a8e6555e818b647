"""How each method learns when to fire."""

from collections.abc import Callable
from typing import Any

import snntorch as snn
import torch
from jaxtyping import Float
from snntorch import surrogate
from torch import Tensor, nn

from accuracy.datasets import TIMES
from accuracy.setup import Method, Setup, settings_of
from spikereg import (
    Resonator,
    SpikeTimes,
    SpikingLSTM,
    SpikingRegressor,
    constant_answer,
    fit,
    initialize,
)
from spikereg._batches import Batches
from spikereg._check import local_generator
from spikereg.decoding import spike_time
from spikereg.losses import FiringTimeLoss
from spikereg.neurons.named import seed_from
from spikereg.results import Trial

#: Threshold of the answering neuron: so large that Adam's steps are small beside it.
THRESHOLD = 30.0

#: Neurons in each layer for 64 in each of a feed-forward network, so that all networks
#: of discrete steps learn about as many numbers; the exact one has a single layer.
WIDTHS = {"lif": 64, "recurrent": 37, "resonator": 37, "spiking lstm": 18, "exact": 96}
WIDTHS["no memory"] = WIDTHS["lif"]

#: Learning rate and steepness of each kind: those of the smallest error in the stored
#: table "timing-choice", on validation sets, where tasks have a gap and where not.
SETTINGS: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "lif": ((0.01, 5.0), (0.001, 25.0)),
    "recurrent": ((0.003, 25.0), (0.001, 25.0)),
    "resonator": ((0.003, 5.0), (0.003, 5.0)),
    "spiking lstm": ((0.03, 25.0), (0.03, 25.0)),
    "exact": ((0.03, 0.0), (0.01, 0.0)),
    "no memory": ((0.01, 25.0), (0.01, 25.0)),
}


def loss_of(trial: Trial, by: str = "both") -> FiringTimeLoss:
    """Return what is minimized, or by another reading what is tested."""
    spikes = 3 if trial.task == TIMES + "pattern" and trial.method != "exact" else 1
    return FiringTimeLoss(by, threshold=THRESHOLD, spikes=spikes)


@torch.no_grad()
def silent(model: nn.Module, loader: Batches, loss: FiringTimeLoss) -> float:
    """Return the share of spikes that were due and did not come within the run."""
    shares = [(loss.read(model(x)) >= len(x)).float() for x, *_ in loader]
    return torch.cat(shares).mean().item()


class Constant(nn.Module):
    """Answers at the best constant times."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        labels = torch.cat([y for _, y in setup.loader])
        self.times = labels.median(dim=0).values

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "B O"]:
        """Return the times."""
        return self.times.expand(features.shape[1], -1)


class Linear(nn.Module):
    """Answers at the times that a least-squares fit gives for the inputs' times."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        pairs = [(self._columns(x), y) for x, y in setup.loader]
        columns, labels = (
            torch.cat(each).double() for each in zip(*pairs, strict=True)
        )
        solved = torch.linalg.lstsq(columns, labels, driver="gelsd")
        self.weights: Tensor = solved.solution

    @staticmethod
    def _columns(features: Tensor) -> Tensor:
        times = spike_time(features)
        return torch.cat([times, torch.ones_like(times[:, :1])], dim=1)

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "B O"]:
        """Return the times."""
        times: Tensor = self._columns(features).double() @ self.weights
        return times.float()


def settings(trial: Trial) -> tuple[float, float]:
    """Return learning rate and steepness: the trial's, or those of its method."""
    return settings_of(trial, SETTINGS[trial.method][trial.task == TIMES + "gap"])


def _trained(model: nn.Module, setup: Setup) -> nn.Module:
    trial = setup.trial
    fit(
        model,
        setup.loader,
        trial.epochs,
        settings(trial)[0],
        recipe="accurate",
        loss=loss_of(trial),
        progress=False,
    )
    return model


def _exact(setup: Setup) -> nn.Module:
    trial, _, seed, inputs, outputs = setup
    width = WIDTHS["exact"] * trial.hidden // 64
    constant = 0.2 * trial.timesteps
    model = SpikeTimes(width, inputs, outputs, seed, time_constant=constant)
    return _trained(model, setup)


def _network(setup: Setup) -> nn.Module:
    trial, loader, seed, inputs, _ = setup
    recipe = trial.method in ("lif", "recurrent")
    model = SpikingRegressor(
        WIDTHS[trial.method] * trial.hidden // 64,
        inputs,
        seed=seed,
        neuron="lstm" if trial.method == "spiking lstm" else "lif",
        spike_grad=surrogate.fast_sigmoid(slope=settings(trial)[1]),
        recipe="accurate" if recipe else "tutorial",
        memory=trial.timesteps / 2 if recipe else 0.0,
    )
    if recipe:
        initialize(model, loader, labels=False, seed=seed)
    constant_answer(model, loader, loss_of(trial))
    if trial.method in CHANGES:
        change = CHANGES[trial.method]
        generator = local_generator(seed)
        for name in ("lif_in", "lif_hidden", "li_out"):
            neuron = getattr(model, name)
            if name != "li_out" or change is forgetful:
                setattr(model, name, change(neuron, trial.timesteps, generator))
    return _trained(model, setup)


@torch.no_grad()
def fed_back(
    neuron: snn.Leaky, timesteps: int, generator: torch.Generator
) -> snn.RLeaky:
    """Return the same neurons with connections back that are still 0."""
    with torch.random.fork_rng(devices=[]):
        recurrent = snn.RLeaky(
            beta=neuron.beta.detach(),
            threshold=neuron.threshold,
            learn_beta=True,
            spike_grad=neuron.spike_grad,
            linear_features=neuron.beta.numel(),
        )
    for parameter in recurrent.recurrent.parameters():
        parameter.zero_()
    return recurrent


@torch.no_grad()
def resonating(
    neuron: snn.Leaky, timesteps: int, generator: torch.Generator
) -> Resonator:
    """Return as many resonators that swing for the whole run, and hardly interact."""
    resonator = Resonator(
        neuron.beta.numel(),
        recurrent=True,
        threshold=0.1,
        tau=(0.1 * timesteps, 2.0 * timesteps),
        period=(0.2 * timesteps, 4.0 * timesteps),
        spike_grad=neuron.spike_grad,
        seed=seed_from(generator),
    )
    for name, parameter in resonator.named_parameters():
        if name.startswith("recurrent"):
            parameter.mul_(0.1)
    return resonator


@torch.no_grad()
def holding(
    neuron: SpikingLSTM, timesteps: int, generator: torch.Generator
) -> SpikingLSTM:
    """Let cells of an LSTM keep what they hold for up to the run (Tallec 2018)."""
    let_in, forget, *_ = neuron.recurrent.bias.chunk(4)
    draw = torch.rand(forget.shape, generator=generator)
    forget.copy_(torch.log(1 + (timesteps - 2) * draw))
    let_in.copy_(-forget)
    return neuron


@torch.no_grad()
def forgetful(
    neuron: snn.Leaky, timesteps: int, generator: torch.Generator
) -> snn.Leaky:
    """Return as many neurons without decay and without reset."""
    return snn.Leaky(
        beta=torch.zeros_like(neuron.beta),
        threshold=neuron.threshold,
        spike_grad=neuron.spike_grad,
        reset_mechanism="none",
    )


#: What the layers of leaky neurons become, or how those of LSTMs begin.
CHANGES: dict[str, Callable[[Any, int, torch.Generator], nn.Module]] = {
    "recurrent": fed_back,
    "resonator": resonating,
    "spiking lstm": holding,
    "no memory": forgetful,
}

METHODS: dict[str, Method] = {
    "constant": Constant,
    "linear fit": Linear,
    "exact": _exact,
    **{kind: _network for kind in WIDTHS if kind != "exact"},
}
