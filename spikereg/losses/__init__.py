r"""What a network's output is compared with, and by which loss.

A loss reads the output ``[T, B, O]``, say as the rate of its spikes, and compares what
it reads with a target made from the labels. Labels are curves ``[T, B, O]``, one number
for each output and sequence, ``[B, O]``, or the class of each sequence, whole numbers
``[B]``: then ``on`` is the target of the right output and ``off`` that of the others.

Only the steps that count are read: all of them without a mask ``[T, B]``.
"""

from spikereg.losses.loss import Loss, LossFunction, applied, described, is_loss
from spikereg.losses.membrane import CrossEntropyLoss, MembraneLoss
from spikereg.losses.spikes import CountLoss, TemporalLoss
from spikereg.losses.timing import FiringTimeLoss

__all__ = [
    "CURVES",
    "CountLoss",
    "CrossEntropyLoss",
    "FiringTimeLoss",
    "Loss",
    "LossFunction",
    "MembraneLoss",
    "TemporalLoss",
    "applied",
    "described",
    "is_loss",
]

#: What is minimized and measured unless something else is asked for.
CURVES = MembraneLoss()
