"""What losses read from an output, what they make of labels, and what they refuse."""

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor
from torch.nn.functional import one_hot

from spikereg import decoding

Output = Float[Tensor, "T B O"]
Labels = Float[Tensor, "T B O"] | Float[Tensor, "B O"] | Integer[Tensor, "B"]
Mask = Bool[Tensor, "T B"] | None
#: One number for each output and sequence, or for each step of it too.
Read = Float[Tensor, "*steps O"]


def last(output: Output, mask: Mask) -> Float[Tensor, "B O"]:
    """Return the last step that counts."""
    if mask is None:
        return decoding.final_membrane(output)
    last = len(mask) - 1 - mask.flip(0).to(torch.uint8).argmax(dim=0)
    return output[last, torch.arange(output.shape[1], device=output.device)]


def mean(output: Output, mask: Mask) -> Float[Tensor, "B O"]:
    """Return the mean of the steps that count."""
    if mask is None:
        return output.mean(dim=0)
    return (output * mask[..., None]).sum(dim=0) / mask.sum(dim=0)[:, None]


def target(labels: Labels, read: Read, on: float, off: float) -> Read:
    """Return one number an output: the label itself, or that of its class."""
    if not labels.is_floating_point():
        return of_classes(labels, read, on, off)
    if labels.shape != read.shape:
        raise ValueError(
            f"labels must be one number for each sequence and output, "
            f"{list(read.shape)}, or whole numbers, its class, not {list(labels.shape)}"
        )
    return labels


def of_classes(labels: Labels, read: Read, on: float, off: float) -> Read:
    """Return ``on`` for the output of each sequence's class, ``off`` for the others."""
    batch, outputs = read.shape
    if labels.is_floating_point() or labels.shape != (batch,):
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


def within(name: str, values: Tensor, high: float = torch.inf) -> None:
    """Raise unless all lie between 0 and ``high``."""
    least, most = (value.item() for value in values.aminmax())
    if not (least >= 0 and most <= high):
        hint = ', as the spikes of readout="spikes" do' * (name == "output")
        raise ValueError(
            f"{name} must lie between 0 and {high:g}{hint}, not at "
            f"{least if not least >= 0 else most:g}"
        )
