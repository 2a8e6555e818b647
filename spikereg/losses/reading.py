"""What losses read from an output, what they make of labels, and what they refuse."""

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor
from torch.nn.functional import one_hot

from spikereg import decoding
from spikereg._check import steps_that_count, tensor

Output = Float[Tensor, "T B O"]
Labels = Float[Tensor, "T B O"] | Float[Tensor, "B O"] | Integer[Tensor, "B"]
Mask = Bool[Tensor, "T B"] | None
#: One number for each output and sequence, or for each step of it too.
Read = Float[Tensor, "*steps O"]


def checked(output: Output, mask: Mask) -> None:
    """Raise unless there is an output, and a mask, if there is one, that fits it."""
    tensor("output", output)
    if output.ndim != 3 or not output.numel() or not output.is_floating_point():
        raise ValueError(
            f"output must be a filled, floating-point [T, B, O], not {output.dtype} "
            f"{list(output.shape)}"
        )
    if mask is not None:
        steps_that_count(mask, output.shape[:2])


def are_classes(labels: Labels) -> bool:
    """Say whether labels are whole numbers; raise if they are no labels at all."""
    tensor("labels", labels)
    return not labels.is_floating_point() and labels.dtype != torch.bool


def last(output: Output, mask: Mask) -> Float[Tensor, "B O"]:
    """Return the last step that counts."""
    checked(output, mask)
    if mask is None:
        return decoding.final_membrane(output)
    last = len(mask) - 1 - mask.flip(0).to(torch.uint8).argmax(dim=0)
    return output[last, torch.arange(output.shape[1], device=output.device)]


def mean(output: Output, mask: Mask) -> Float[Tensor, "B O"]:
    """Return the mean of the steps that count."""
    checked(output, mask)
    if mask is None:
        return output.mean(dim=0)
    counts = output.where(mask[..., None], 0)  # also where the others are no numbers
    return counts.sum(dim=0) / mask.sum(dim=0)[:, None]


def target(labels: Labels, read: Read, on: float, off: float) -> Read:
    """Return one number an output: the label itself, or that of its class."""
    if are_classes(labels):
        return of_classes(labels, read, on, off)
    if labels.shape != read.shape:
        raise ValueError(
            f"labels must be one number for each sequence and output, "
            f"{list(read.shape)}, or whole numbers, its class, not {labels.dtype} "
            f"{list(labels.shape)}"
        )
    return labels


def of_classes(labels: Labels, read: Read, on: float, off: float) -> Read:
    """Return ``on`` for the output of each sequence's class, ``off`` for the others."""
    batch, outputs = read.shape
    if not are_classes(labels) or labels.shape != (batch,):
        raise ValueError(
            f"labels must be whole numbers, the classes of {batch} sequences, not "
            f"{labels.dtype} {list(labels.shape)}"
        )
    if (wrong := (labels < 0) | (labels >= outputs)).any():
        raise ValueError(
            f"labels must be classes from 0 to {outputs - 1}, one an output, not "
            f"{labels[wrong][0].item()}"
        )
    right = one_hot(labels.long(), outputs).bool()
    return torch.where(right, read.new_tensor(on), read.new_tensor(off))
