"""A model's parameters and buffers by name: kept, compared, brought back."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

#: Whose modules say by numbers how they were made; in others these may be counters.
KNOWN = {"snntorch", "spikereg", "torch"}
#: What does not matter any more to a model that has its weights.
PAST = {"training", "_is_full_backward_hook", "recipe", "memory", "ridge", "dropout"}


def weights(model: nn.Module, head: str = "model.") -> dict[str, Tensor]:
    """Return a model's parameters and buffers by their names."""
    found = model.state_dict()
    for name, value in found.items():
        if not isinstance(value, Tensor):
            raise TypeError(
                f"model must keep its state in tensors to be kept in a file, not "
                f"{name} in a {type(value).__name__}"
            )
    return {f"{head}{name}": value for name, value in found.items()}


@torch.no_grad()
def load(model: nn.Module, tensors: Mapping[str, Tensor], head: str = "model.") -> None:
    """Give a model the parameters and buffers that :func:`weights` returned."""
    found = {k.removeprefix(head): v for k, v in tensors.items() if k.startswith(head)}
    model.load_state_dict(found)


def made(model: nn.Module) -> dict[str, dict[str, Any]]:
    """Return how a model was made: what its weights do not tell, such as a readout."""
    found = {}
    for name, module in model.named_modules():
        kind = type(module)
        known = kind.__module__.partition(".")[0] in KNOWN
        plain = str | int | float | None if known else str
        found[name] = {"class": kind.__name__} | {
            key: value
            for key, value in vars(module).items()
            if isinstance(value, plain) and key not in PAST
        }
    return found


def check(
    place: str,
    model: nn.Module,
    tensors: Mapping[str, Tensor],
    theirs: Mapping[str, Mapping[str, Any]],
) -> None:
    """Raise unless a file is of a model.

    Args:
        place: Where the file lies.
        model: The model.
        tensors: What the file holds.
        theirs: How its model was :func:`made`, as far as it says so.
    """
    ours = weights(model)
    for name in dict.fromkeys([*ours, *(n for n in tensors if n.startswith("model."))]):
        value, found = _shape(ours.get(name)), _shape(tensors.get(name))
        if found != value:
            raise ValueError(
                f"{place} must be of this model, with {name.partition('.')[2]} "
                f"{value}, not {found}"
            )
    for name, parts in made(model).items():
        there = theirs.get(name, {})
        for part, here in parts.items():
            if there.get(part, here) != here:
                raise ValueError(
                    f"{place} must be of this model, with {name}{'.' * bool(name)}"
                    f"{part} = {here!r}, not {there[part]!r}"
                )


def _shape(value: Tensor | None) -> str:
    return "missing" if value is None else f"{list(value.shape)} {value.dtype}"
