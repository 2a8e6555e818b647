"""A model's parameters and buffers by name: kept, compared, brought back."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


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


def check(place: str, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Raise unless tensors hold what a model has; ``place`` says where they lie."""
    ours = weights(model)
    for name in dict.fromkeys([*ours, *(n for n in tensors if n.startswith("model."))]):
        value, found = _shape(ours.get(name)), _shape(tensors.get(name))
        if found != value:
            raise ValueError(
                f"{place} must be of this model, with {name.partition('.')[2]} "
                f"{value}, not {found}"
            )


def _shape(value: Tensor | None) -> str:
    return "missing" if value is None else f"{list(value.shape)} {value.dtype}"
