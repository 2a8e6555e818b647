"""A loss on firing times that a membrane's crossing of its threshold tells."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn.functional import huber_loss

from spikereg import decoding
from spikereg._check import one_of, positive, tensor, whole_number
from spikereg.losses.loss import Loss, first_largest
from spikereg.losses.reading import Mask, checked

BY = ("both", "crossing", "hazard")

#: Membranes, or times that are known already.
Output = Float[Tensor, "T B O"] | Float[Tensor, "B O"]
#: As many times of each output as it has spikes.
Times = Float[Tensor, "B S"]


@dataclass(frozen=True)
class FiringTimeLoss(Loss):
    r"""Huber loss of the times at which each output fires.

    .. math:: \frac{1}{BO} \sum_{b,o} h(\hat t_{bo} - t_{bo}), \qquad
              h(d) = \begin{cases} d^2 / 2 & |d| \le 1 \\ |d| - 1/2 & |d| > 1
              \end{cases}

    with all times in steps. An output is a membrane that is not reset. How its time
    :math:`\hat t` is read:

    ``"crossing"``
        Where it first crosses the threshold, :func:`~spikereg.decoding.crossing_time`,
        or :math:`T` where it does not: there the gradient is 0.
    ``"hazard"``
        When it is expected to fire, :func:`~spikereg.decoding.expected_time`.
    ``"both"``
        The crossing where there is one, otherwise the expected time, which a silent
        neuron can learn from.

    With ``spikes`` :math:`= n > 1` each output has :math:`n` times: when it first
    crosses :math:`\theta, 2 \theta, \dots, n \theta`. A neuron without leak that loses
    :math:`\theta` at each spike fires at these very steps, if it gains less than
    :math:`\theta` in each.

    An output ``[B, O]`` is read as times that are known already, such as those of
    :class:`~spikereg.SpikeTimes`.

    Args:
        by: ``"both"``, ``"crossing"`` or ``"hazard"``.
        threshold: Threshold :math:`\theta` of the outputs.
        steepness: Steepness :math:`k` of the hazard.
        spikes: How many spikes of each output have a target, at least 1.

    Raises:
        ValueError: If ``by`` is none of these, threshold or steepness not a positive
            number, or ``spikes`` no positive integer. When called, for an output that
            is no filled ``[T, B, O]`` or ``[B, O]``, labels that are not times, one
            for each output and spike, or a mask.
        TypeError: When called, for an output or labels that are no tensors.

    Source:
        The crossing is SpikeProp's firing time (Bohte, Kok, La Poutré 2002), on a grid;
        the expected time is that of a neuron that fires by chance, as in Pfister et al.
        2006. That the second rescues the first is our own choice.
    """

    in_steps: ClassVar[bool] = True
    by: str = "both"
    threshold: float = 1.0
    steepness: float = 10.0
    spikes: int = 1

    def __post_init__(self) -> None:
        one_of("by", self.by, BY)
        positive("threshold", self.threshold)
        positive("steepness", self.steepness)
        whole_number("spikes", self.spikes, at_least=1)

    def read(self, output: Output, mask: Mask = None) -> Times:
        """Return the times in steps, all of the first output first."""
        if mask is not None:
            raise ValueError("mask must be None for firing times: they read all steps")
        tensor("output", output)
        if output.ndim == 2 and output.numel() and output.is_floating_point():
            return output
        checked(output, mask)
        levels = self.threshold * torch.arange(1, self.spikes + 1).to(output)
        # Each level in units of its own threshold, so that one rule reads them all
        above = (output[..., None] - levels) / self.threshold + 1
        above = above.flatten(start_dim=2)
        if self.by == "hazard":
            return decoding.expected_time(above, steepness=self.steepness)
        times = decoding.crossing_time(above)
        silent = times.isinf()
        if self.by == "crossing" or not silent.any():
            return times.where(~silent, len(output))
        expected = decoding.expected_time(above, steepness=self.steepness)
        return times.where(~silent, expected)

    def compared(
        self, output: Output, labels: Times, mask: Mask = None
    ) -> tuple[Times, Times]:
        """Return the times read and their targets."""
        read = self.read(output, mask)
        tensor("labels", labels)
        if not labels.is_floating_point() or labels.shape != read.shape:
            raise ValueError(
                f"labels must be times in steps, {list(read.shape)}, not "
                f"{labels.dtype} {list(labels.shape)}"
            )
        return read, labels

    def __call__(
        self, output: Output, labels: Times, mask: Mask = None
    ) -> Float[Tensor, ""]:
        """Return the Huber loss of the times."""
        return huber_loss(*self.compared(output, labels, mask))

    def decided(self, output: Output, mask: Mask = None) -> Integer[Tensor, "B"]:
        """Return the output that fires first: of equal ones the first."""
        return first_largest(-self.read(output, mask)) // self.spikes
