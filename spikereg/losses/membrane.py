"""Losses on outputs as they are, such as membranes."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from spikereg._check import number, one_of, same_shape, tensor
from spikereg.losses.loss import Loss, ordered
from spikereg.losses.reading import (
    Labels,
    Mask,
    Output,
    Read,
    checked,
    last,
    mean,
    of_classes,
    target,
)

AT = ("every", "last", "mean")


@dataclass(frozen=True)
class MembraneLoss(Loss):
    r"""Mean squared error of an output as it is, such as a membrane.

    .. math:: \frac{1}{TBO} \sum_{t,b,o} (\hat y_{tbo} - y_{tbo})^2
              \quad\text{or}\quad \frac{1}{BO} \sum_{b,o} (\hat y_{bo} - y_{bo})^2

    at every step, or of one number a sequence: the last step, or the mean of the steps.
    The class decided for has the largest of these; at every step, the largest mean.

    Args:
        at: ``"every"``, ``"last"`` or ``"mean"``.
        on: Target of the output of the right class, in units of the membrane.
        off: Target of the others.

    Raises:
        ValueError: If ``at`` is none of these, ``on`` or ``off`` not finite, or ``on``
            not above ``off``. When called, for an output that is no filled
            ``[T, B, O]``, a mask that is no truth value for each step or lets none of a
            sequence count, labels that the output does not fit, curves unless ``at`` is
            ``"every"``, or classes that are not among the outputs.
    """

    at: str = "every"
    on: float = 1.0
    off: float = 0.0

    def __post_init__(self) -> None:
        one_of("at", self.at, AT)
        number("on", self.on)
        number("off", self.off)
        ordered("off", "on", self)

    def read(self, output: Output, mask: Mask = None) -> Float[Tensor, "B O"]:
        """Return the last step, or the mean of the steps."""
        return last(output, mask) if self.at == "last" else mean(output, mask)

    def compared(
        self, output: Output, labels: Labels, mask: Mask = None
    ) -> tuple[Read, Read]:
        """Return both: steps that a mask picks in one axis."""
        if self.at != "every":
            return super().compared(output, labels, mask)
        checked(output, mask)
        tensor("labels", labels)
        if labels.ndim != 3:
            labels = target(labels, output[0], self.on, self.off).expand_as(output)
        same_shape(output, labels)
        return (output, labels) if mask is None else (output[mask], labels[mask])


@dataclass(frozen=True)
class CrossEntropyLoss(Loss):
    r"""Cross-entropy of classes, with what is read from an output as logits.

    .. math:: -\frac1B \sum_b \ln \frac{e^{\hat y_{b c_b}}}{\sum_o e^{\hat y_{bo}}}

    where :math:`c_b` is the class of sequence :math:`b` and :math:`\hat y` the last
    step of the output, or the mean of its steps. Compared are the probabilities with 1
    and 0.

    Args:
        at: ``"last"`` or ``"mean"``.

    Raises:
        ValueError: If ``at`` is none of these. When called, for output and mask as with
            :class:`MembraneLoss`, for labels that are not classes, or classes that are
            not among the outputs.
    """

    at: str = "mean"

    def __post_init__(self) -> None:
        one_of("at", self.at, AT[1:])

    def read(self, output: Output, mask: Mask = None) -> Float[Tensor, "B O"]:
        """Return the last step, or the mean of the steps."""
        return last(output, mask) if self.at == "last" else mean(output, mask)

    def compared(
        self, output: Output, labels: Labels, mask: Mask = None
    ) -> tuple[Read, Read]:
        """Return the probabilities, and 1 for the right class and 0 for the others."""
        read = self.read(output, mask)
        return read.softmax(dim=-1), of_classes(labels, read, 1.0, 0.0)

    def __call__(
        self, output: Output, labels: Labels, mask: Mask = None
    ) -> Float[Tensor, ""]:
        """Return the cross-entropy."""
        read = self.read(output, mask)
        return cross_entropy(read, of_classes(labels, read, 1.0, 0.0))
