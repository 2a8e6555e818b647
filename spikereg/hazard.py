r"""Whether a neuron fires: networks whose output is the logit of a spike.

A network's output :math:`\hat y_t` says that a neuron fires in step :math:`t` with the
probability :math:`p_t = 1 / (1 + e^{-\hat y_t})`; :math:`S_t`, 0 or 1, is whether it
did. Only the steps that count are read: all of them without a mask.
"""

from math import log

import snntorch as snn
import torch
from jaxtyping import Bool, Float
from snntorch import surrogate
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from spikereg._check import (
    features_of,
    finite,
    local_generator,
    same_shape,
    steps_that_count,
    widths,
)
from spikereg._draw import linear
from spikereg.models import Trace
from spikereg.neurons.saved import made, savable
from spikereg.scan import scan

#: Length of each neuron's weights at first: its input then varies by about this.
GAIN = 0.7

Logits = Float[Tensor, "T B 1"]
Spikes = Float[Tensor, "T B 1"]
Mask = Bool[Tensor, "T B"] | None


class SpikePredictor(nn.Module):
    r"""A layer of leaky neurons whose readout's membrane is the logit of a spike.

    .. math::

        S &= \mathrm{LIF}(W x + b) \\
        \hat y &= \mathrm{LI}(W' (M S) + b')

    with LIF and LI as in :class:`~spikereg.SpikingRegressor`. While it learns, its
    synapses *fail*: :math:`M_{i,t}` is 0 with the probability :math:`p` and else
    :math:`1 / (1 - p)`, drawn for each neuron, step and sequence. That makes it harder
    to learn the training data by heart. In evaluation mode none fails.

    It begins with :math:`\beta = 0` and :math:`\theta = 1`, each neuron with a random
    direction of its own and a level from which on it fires, and with the constant
    output of a given rate. The readout begins with :math:`\beta = 0.5`. All decays are
    learned.

    Args:
        hidden: Neurons, at least 1.
        num_inputs: Features :math:`F` of the input, at least 1.
        failing: Probability :math:`p` that a spike is lost, at least 0 and below 1.
        rate: Spikes a step that it predicts at first, between 0 and 1.
        seed: Seed of a generator of its own for the weights and then the failures.
            ``None`` draws afresh.

    Attributes:
        fc_in: ``nn.Linear`` from the input to the neurons.
        lif: The neurons, ``snn.Leaky``.
        fc_out: ``nn.Linear`` from the neurons to the readout.
        li_out: The readout, ``snn.Leaky`` without reset.

    Raises:
        ValueError: For a width that is no positive integer, a probability or rate out
            of range, a bad seed, or an input that is not ``[T, B, F]``.

    Source:
        Failures as a remedy: N. Srivastava et al., *Dropout*, JMLR 15 (2014).
    """

    def __init__(
        self,
        hidden: int = 256,
        num_inputs: int = 16,
        *,
        failing: float = 0.5,
        rate: float = 0.1,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        widths(hidden=hidden, num_inputs=num_inputs)
        if not (finite(failing) and 0 <= failing < 1):
            raise ValueError(f"failing must be from 0 to below 1, not {failing!r}")
        self.failing, self.generator = float(failing), local_generator(seed)
        start = _logit(rate)
        spike = made(surrogate.fast_sigmoid(slope=5))
        self.fc_in = linear(num_inputs, hidden, self.generator)
        self.fc_out = linear(hidden, 1, self.generator)
        self.lif = snn.Leaky(torch.zeros(hidden), learn_beta=True, spike_grad=spike)
        self.li_out = snn.Leaky(
            torch.full((1,), 0.5), learn_beta=True, reset_mechanism="none"
        )
        with torch.no_grad():
            directions = self.fc_in.weight.normal_(generator=self.generator)
            directions *= GAIN / directions.norm(dim=1, keepdim=True)
            levels = self.fc_in.bias.uniform_(-2, 2, generator=self.generator)
            levels.mul_(GAIN).add_(1)
            self.fc_out.weight.zero_()
            self.fc_out.bias.fill_(0.5 * start)
        savable(self)

    def forward(self, features: Float[Tensor, "T B F"]) -> Logits:
        """Give the logit of a spike at every step."""
        return self.trace(features).prediction

    def advance(
        self, feature: Float[Tensor, "B F"], state: tuple[Tensor, Tensor] | None
    ) -> tuple[Float[Tensor, "B 1"], tuple[Tensor, Tensor]]:
        """Make one step from the membranes of both layers, ``None`` for zeros.

        Returns:
            The logit, and the membranes.
        """
        before, last = state or (None, None)
        spikes, membrane = scan(self.lif, self.fc_in(feature)[None], before)
        _, logit = scan(self.li_out, self.fc_out(self._heard(spikes)), last)
        return logit[0], (membrane[0], logit[0])

    def trace(self, features: Float[Tensor, "T B F"]) -> Trace:
        """Run the network and keep its spikes and membranes."""
        features_of(self.fc_in.in_features, features)
        spikes, membrane = scan(self.lif, self.fc_in(features))
        _, logits = scan(self.li_out, self.fc_out(self._heard(spikes)))
        return Trace(logits, {"lif": spikes}, {"lif": membrane, "li_out": logits})

    def _heard(self, spikes: Tensor) -> Tensor:
        """Let synapses fail while the network learns."""
        if not (self.training and self.failing):
            return spikes
        kept = torch.rand(spikes.shape, generator=self.generator) >= self.failing
        return spikes * kept.to(spikes) / (1 - self.failing)


def surprise(output: Logits, spikes: Spikes, mask: Mask = None) -> Float[Tensor, ""]:
    r"""Mean surprise: the loss that makes a network's output a logit.

    .. math:: -\frac1n \sum_t \bigl(S_t \ln p_t + (1 - S_t) \ln (1 - p_t)\bigr)

    Args:
        output: Logits ``[T, B, 1]``.
        spikes: What happened, 0 or 1, ``[T, B, 1]``.
        mask: The steps that count, ``[T, B]``.

    Returns:
        A scalar in nats a bin.

    Raises:
        ValueError: If the shapes differ, or the mask is none of this shape.
    """
    return binary_cross_entropy_with_logits(*_counted(output, spikes, mask))


def bits_per_spike(
    output: Logits, spikes: Spikes, mask: Mask = None, *, rate: float
) -> float:
    r"""How many bits less each spike surprises than at a constant rate.

    .. math:: \frac{1}{\ln 2 \sum_t S_t} \sum_t \Bigl(S_t \ln \frac{p_t}{r} +
              (1 - S_t) \ln \frac{1 - p_t}{1 - r}\Bigr)

    0 for a network that says no more than the rate :math:`r`, and negative for one that
    is worse.

    Args:
        output: Logits ``[T, B, 1]``.
        spikes: What happened, 0 or 1, ``[T, B, 1]``; one spike at least counts.
        mask: The steps that count, ``[T, B]``.
        rate: Spikes a bin, between 0 and 1: those of the training data.

    Raises:
        ValueError: If the shapes differ, no spike counts, or the rate is out of range.
    """
    start = _logit(rate)
    logits, fired = _counted(output, spikes, mask)
    if not fired.any():
        raise ValueError("spikes must be at least one that counts, not none")
    constant = torch.full_like(logits, start)
    loss = binary_cross_entropy_with_logits
    less = loss(constant, fired) - loss(logits, fired)
    return (less / (log(2) * fired.mean())).item()


def auc(output: Logits, spikes: Spikes, mask: Mask = None) -> float:
    r"""How often a bin with a spike has a larger output than one without.

    .. math:: \mathrm{AUC} = P(\hat y_i > \hat y_j) + \tfrac12 P(\hat y_i = \hat y_j)

    over all pairs of a bin :math:`i` with a spike and a bin :math:`j` without: the area
    under the ROC curve, 1/2 for guessing and 1 for a perfect order. Whether the outputs
    are probabilities it cannot see.

    Args:
        output: Numbers ``[T, B, 1]``, such as logits.
        spikes: What happened, 0 or 1, ``[T, B, 1]``.
        mask: The steps that count, ``[T, B]``.

    Raises:
        ValueError: If the shapes differ, or there are no bins of one of the kinds.
    """
    scores, fired = _counted(output, spikes, mask)
    spiking, silent = scores[fired == 1], scores[fired == 0]
    if not (len(spiking) and len(silent)):
        raise ValueError("spikes must be 0 in some bins that count and 1 in others")
    silent = silent.sort().values
    below = torch.searchsorted(silent, spiking)
    not_above = torch.searchsorted(silent, spiking, right=True)
    return ((below + not_above).double().mean() / (2 * len(silent))).item()


def _counted(output: Tensor, spikes: Tensor, mask: Mask) -> tuple[Tensor, Tensor]:
    """Return outputs and spikes of the steps that count."""
    same_shape(output, spikes)
    if mask is None:
        return output.flatten(), spikes.flatten()
    steps_that_count(mask, output.shape[:2])
    return output[mask].flatten(), spikes[mask].flatten()


def _logit(rate: float) -> float:
    """Return the logit of a rate, or raise if it has none."""
    if not (finite(rate) and 0 < rate < 1):
        raise ValueError(f"rate must lie between 0 and 1, not {rate!r}")
    return log(rate / (1 - rate))
