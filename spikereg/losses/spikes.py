"""Losses on spikes: how many there are, and when the first one comes."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from spikereg import decoding
from spikereg._check import number, within
from spikereg.losses.loss import Loss, first_largest, ordered
from spikereg.losses.reading import (
    Labels,
    Mask,
    Output,
    Read,
    are_classes,
    checked,
    mean,
)


@dataclass(frozen=True)
class CountLoss(Loss):
    r"""Mean squared error of the spike counts, as shares of the steps.

    .. math:: \frac{1}{BO} \sum_{b,o} \Bigl(\frac1T \sum_t S_{tbo} - y_{bo}\Bigr)^2

    A count is divided by the number of steps, so that long sequences and short ones
    share a target. The class decided for fires most often.

    Args:
        on: Target of the output of the right class, in spikes a step.
        off: Target of the others.

    Raises:
        ValueError: If ``on`` or ``off`` is not between 0 and 1, or ``on`` not above
            ``off``. When called, for output and mask as with :class:`MembraneLoss`, an
            output that does not lie between 0 and 1, which no spikes are, labels that
            are neither classes nor rates ``[B, O]`` between 0 and 1, or classes that
            are not among the outputs.

    Source:
        ``mse_count_loss`` of snnTorch, whose targets are 1 and 0 unless others are
        given; 0.8 and 0.2 are those of the second regression tutorial of snnTorch.
    """

    on: float = 0.8
    off: float = 0.2

    def __post_init__(self) -> None:
        for name in ("on", "off"):
            number(name, value := getattr(self, name))
            within(name, torch.tensor(float(value)), 1.0)
        ordered("off", "on", self)

    def read(self, output: Output, mask: Mask = None) -> Float[Tensor, "B O"]:
        """Return spikes a step."""
        checked(output, mask)
        within("output", output.detach(), 1.0)
        return mean(output, mask)

    def compared(
        self, output: Output, labels: Labels, mask: Mask = None
    ) -> tuple[Read, Read]:
        """Return spikes a step, and their target."""
        if not are_classes(labels) and labels.numel():
            within("labels", labels, 1.0)
        return super().compared(output, labels, mask)


@dataclass(frozen=True)
class TemporalLoss(Loss):
    r"""Mean squared error of the steps before the first spikes.

    .. math:: \frac{1}{BO} \sum_{b,o} (L_{bo} - y_{bo})^2

    with :math:`L` the :func:`~spikereg.decoding.soft_latency` of an output, in steps
    that count: all of them for an output that stays silent. The class decided for fires
    first.

    Args:
        on: Target of the output of the right class, in steps.
        off: Target of the others; infinite for silence.

    Raises:
        ValueError: If ``on`` or ``off`` is negative or no number, or ``on`` not below
            ``off``. When called, for output and mask as with :class:`MembraneLoss`, an
            output that does not lie between 0 and 1, which no spikes are, labels that
            are neither classes nor steps ``[B, O]`` of at least 0, or classes that are
            not among the outputs.

    Source:
        ``mse_temporal_loss`` of snnTorch. There, steps are divided by the length of the
        sequence, and the derivative of the first one by its spike is set to -1; here it
        is that of the expected step.
    """

    in_steps: ClassVar[bool] = True
    on: float = 0.0
    off: float = torch.inf

    def __post_init__(self) -> None:
        for name in ("on", "off"):
            value = getattr(self, name)
            if not (isinstance(value, float) and value == torch.inf):
                number(name, value)
                within(name, torch.tensor(float(value)))
        ordered("on", "off", self)

    def read(self, output: Output, mask: Mask = None) -> Float[Tensor, "B O"]:
        """Return the steps before the first spikes."""
        checked(output, mask)
        within("output", output.detach(), 1.0)
        return decoding.soft_latency(output, mask)

    def compared(
        self, output: Output, labels: Labels, mask: Mask = None
    ) -> tuple[Read, Read]:
        """Return the steps before the first spikes, and their target."""
        if not are_classes(labels) and labels.numel():
            within("labels", labels)
        read, wanted = super().compared(output, labels, mask)
        steps = read.new_full((len(read), 1), len(output))
        if mask is not None:
            steps = mask.sum(dim=0)[:, None].to(read)
        return read, wanted.minimum(steps)

    def decided(self, output: Output, mask: Mask = None) -> Integer[Tensor, "B"]:
        """Return the output that fires first: of equal ones the first."""
        return first_largest(-self.read(output, mask))
