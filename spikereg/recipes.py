"""What a recipe's name stands for: how a network begins, and how Adam walks."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import snntorch as snn
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from spikereg._check import finite
from spikereg.scan import scan

Layers = Sequence[tuple[nn.Linear, Any]]

#: Membrane between two neighbouring levels, in thresholds.
GAIN = 5.0

#: Part of the first layer that keeps time, and threshold of the others where their
#: membranes vary by about 1.
CLOCKS, LOW = 0.6, 0.3


#: In float32 a longer time constant would soon be no decay at all.
LONGEST = 10_000


class Recipe(NamedTuple):
    """How Adam walks.

    Attributes:
        lr: Learning rate, the largest one if it changes.
        betas: How long Adam remembers the gradients and their squares.
        course: What the learning rate is multiplied by in an epoch, counted from 0, of
            so many.
    """

    lr: float
    betas: tuple[float, float]
    course: Callable[[int, int], float]


def _constant(epoch: int, epochs: int) -> float:
    return 1.0


def _warm_cosine(epoch: int, epochs: int) -> float:
    warm = min(1.0, (epoch + 1) / (epochs / 20))
    return warm * (1 + math.cos(math.pi * epoch / epochs)) / 2


RECIPES = {
    "tutorial": Recipe(1e-3, (0.9, 0.999), _constant),
    "accurate": Recipe(3e-3, (0.9, 0.95), _warm_cosine),
}


def check_memory(memory: float, recipe: str) -> None:
    """Raise unless the recipe may begin with such a memory."""
    if not (finite(memory) and (memory == 0 or 2 <= memory <= LONGEST)):
        raise ValueError(
            f"memory must be 0 or between 2 and {LONGEST} steps, not {memory!r}"
        )
    if memory and recipe != "accurate":
        raise ValueError(f'memory must be 0 for the recipe "{recipe}", not {memory!r}')


@torch.no_grad()
def begin(layers: Layers, memory: float, generator: torch.Generator) -> None:
    """Begin where the accurate recipe does.

    Args:
        layers: Weights and neurons of two spiking layers and a readout.
        memory: Longest time constant of the first layer in steps; 0 for none.
        generator: To draw from.
    """
    (fc_in, lif_in), (fc_hidden, lif_hidden), (fc_out, li_out) = layers
    if memory:
        remember(lif_in, memory, generator)
        remember(lif_hidden, 2 * memory, generator)
        keep_time(fc_in, lif_in, memory, generator)
        li_out.beta.fill_(0.7)
        return
    for neuron in (lif_in, lif_hidden, li_out):
        neuron.beta.zero_()
        neuron.threshold.fill_(1)
    if fc_in.in_features == 1:
        fc_in.weight.fill_(1)
        copy_spikes(fc_hidden, lif_hidden)
    else:
        fc_in.weight.normal_(generator=generator)
    along = directions(fc_in)
    low, high = along.clamp(max=0).sum(dim=1), along.clamp(min=0).sum(dim=1)
    spacing = (high - low) / (len(along) + 1)
    levels = low + spacing * (torch.arange(len(along)) + 1)
    place_levels(fc_in, lif_in, levels, spacing)
    fc_out.weight.zero_()
    fc_out.bias.zero_()


@torch.no_grad()
def place_levels(
    linear: nn.Linear,
    neuron: snn.Leaky,
    levels: Float[Tensor, "H"],
    spacing: Float[Tensor, "H"],
) -> None:
    r"""Let each neuron fire while its input is above its level.

    Without memory, :math:`\beta = 0`, the membrane before a reset is the current, and

    .. math:: I_i = \theta_i \bigl(1 + 5\, (z_i - c_i) / \Delta_i\bigr)

    crosses the threshold where the input :math:`z_i = d_i \cdot x` crosses the level
    :math:`c_i`. Up to a fifth of :math:`\Delta_i` above it, where the current is less
    than two thresholds, the reset silences every other step. The direction
    :math:`d_i` of the weights is kept.

    Args:
        linear: The weights of the layer.
        neuron: Its neurons.
        levels: The levels :math:`c_i`.
        spacing: The distances :math:`\Delta_i` to the next level.
    """
    gain = GAIN * neuron.threshold / spacing
    linear.weight.copy_(gain[:, None] * directions(linear))
    linear.bias.copy_(neuron.threshold - gain * levels)


def directions(linear: nn.Linear) -> Float[Tensor, "H F"]:
    """Return each neuron's weights, scaled to a norm of 1."""
    return nn.functional.normalize(linear.weight)


@torch.no_grad()
def copy_spikes(linear: nn.Linear, neuron: snn.Leaky) -> None:
    """Let each neuron fire when the one of the same place in the layer before does."""
    linear.weight.copy_(torch.diag(3 * neuron.threshold))
    linear.bias.zero_()


@torch.no_grad()
def remember(neuron: snn.Leaky, memory: float, generator: torch.Generator) -> None:
    r"""Draw time constants, and thresholds that let the membrane reach far above them.

    :math:`\tau_i` is log-uniform between 1 and ``memory`` steps,
    :math:`\beta_i = e^{-1/\tau_i}` and :math:`\theta_i = 0.3\,(1 - \beta_i)`.
    A neuron that fires at every step loses :math:`\theta_i / (1 - \beta_i)` to its
    resets in the long run. Were this as large as what its input varies by, the resets
    would hold the membrane at the threshold, and it could remember nothing.
    """
    draw = torch.rand(neuron.beta.shape, generator=generator)
    neuron.beta.copy_(torch.exp(-(memory ** (-draw))))
    neuron.threshold.copy_(LOW * (1 - neuron.beta))


@torch.no_grad()
def keep_time(
    linear: nn.Linear, neuron: snn.Leaky, memory: float, generator: torch.Generator
) -> None:
    """Make the last 60 % of the neurons clocks, driven by their bias alone.

    Their rates are log-uniform between one spike in ``memory`` steps and one in two.
    From a constant input alone, a network that starts at rest cannot tell what time
    it is.
    """
    clocks = slice(len(neuron.beta) - int(CLOCKS * len(neuron.beta)), None)
    draw = torch.rand(neuron.beta[clocks].shape, generator=generator)
    rate = 0.5 * (2 / memory) ** draw
    neuron.threshold[clocks] = 1
    neuron.beta[clocks] = 1 - 0.2 * rate
    linear.weight[clocks] = 0
    linear.bias[clocks] = 1.1 * rate


@torch.no_grad()
def calibrate(
    linear: nn.Linear,
    neuron: snn.Leaky,
    inputs: Float[Tensor, "T B F"],
    generator: torch.Generator,
    swing: float = 1.0,
) -> Bool[Tensor, "H"]:
    r"""Scale what each membrane sums, and be at the threshold at a random moment.

    With the low-pass filtered input
    :math:`v_t = \beta v_{t-1} + (1 - \beta)\, d \cdot x_t` of a neuron, its standard
    deviation :math:`\sigma` over all steps, those after the start from rest included,
    the value at a random step :math:`t`, not one of the first fifth, of a random
    sequence, and the ``swing`` :math:`s`: the weights
    :math:`s\, (1 - \beta)\, d / \sigma` and the bias
    :math:`(1 - \beta) (\theta - s\, v_t / \sigma) / (1 - \beta^{t+1})`. Without resets
    the membrane then varies by :math:`s` and is :math:`\theta` at that moment. A neuron
    is left as it is if :math:`v` does not vary: a clock, whose weights are 0, or one
    without leak.

    Returns:
        Which neurons have been calibrated.
    """
    T, B, _ = inputs.shape
    along = nn.functional.linear(inputs, directions(linear))
    width, beta = linear.out_features, neuron.beta
    low_pass = snn.Leaky(beta=beta, reset_mechanism="none")
    filtered = scan(low_pass, (1 - beta) * along)[1]
    sigma = filtered.flatten(0, 1).std(dim=0, correction=0) / swing
    t = torch.randint(T // 5, T, (width,), generator=generator).to(inputs.device)
    b = torch.randint(B, (width,), generator=generator).to(inputs.device)
    value = filtered[t, b, torch.arange(width, device=t.device)] / sigma
    bias = (1 - beta) * (neuron.threshold - value) / (1 - beta ** (t + 1))
    driven = sigma > 0
    weight = ((1 - beta) / sigma)[:, None] * directions(linear)
    linear.weight.copy_(torch.where(driven[:, None], weight, linear.weight))
    linear.bias.copy_(torch.where(driven, bias, linear.bias))
    return driven
