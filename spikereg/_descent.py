"""Adam on the loss of a model, and all that it continues from."""

import math
import warnings
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from spikereg import recipes
from spikereg._batches import Batches, batches, empty
from spikereg._state import load, weights
from spikereg._ways import Ways
from spikereg._weights import Weights
from spikereg.losses import Loss, LossFunction

#: From which factor on labels are too far from 1 for Adam's steps.
FAR = 1e3


class Descent:
    """Steps down the loss of a model, one for each batch.

    Attributes:
        weights: What it changes.
        left: What weights the model is left with when a number is not finite.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: str,
        lr: float,
        loss: LossFunction,
        spike_penalty: float,
        backend: str,
        watched: bool,
    ) -> None:
        self.model, self.lr = model, lr
        self.weights = Weights(model)
        self.left = "the last weights whose loss was finite, or its first"
        if not self.weights.learned:
            raise ValueError("model must have parameters that learn, not 0 of them")
        self._course = recipes.RECIPES[recipe].course
        self._optimizer = torch.optim.Adam(
            self.weights.parameters,
            lr=lr,
            betas=recipes.RECIPES[recipe].betas,
            fused=True,
        )
        self._ways = Ways(
            model, self.weights, self._optimizer, loss, spike_penalty, backend, watched
        )
        self._scaled = not (isinstance(loss, Loss) and loss.in_steps)

    def epoch(self, loader: Batches, epoch: int, epochs: int) -> float:
        """Step once for each batch.

        Returns:
            The mean loss of all labels, each batch before its own step.
        """
        self._optimizer.param_groups[0]["lr"] = self.lr * self._course(
            epoch - 1, epochs
        )
        self._ways.begin()
        total, count, squares = 0.0, 0, 0.0
        for batch in batches(loader, self.model):
            way = self._ways.of(batch)
            value = way.error(batch)
            if not math.isfinite(value):
                raise self._not_finite(f"loss became {value}", epoch)
            way.weights.keep()
            if not way.backward():
                raise self._not_finite("gradient is not finite", epoch)
            way.step()
            way.weights.clamp()

            total += value * batch.weight
            count += batch.weight
            if epoch == 1 and batch.labels.is_floating_point():
                squares += batch.labels.square().sum().item()
        if count == 0:
            raise empty(loader, epoch)
        if not way.weights.finite():
            raise self._not_finite("last step led to infinite weights", epoch)
        if epoch == 1 and self._scaled:
            self._warn_of_scale(math.sqrt(squares / count))
        return total / count

    def tensors(self) -> dict[str, Tensor]:
        """Return the model's weights and Adam's memory, by name."""
        states = self._optimizer.state
        return weights(self.model) | {
            f"adam.{name}.{key}": value
            for name, parameter in self.weights.learned.items()
            for key, value in states.get(parameter, {}).items()
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what :meth:`tensors` returned."""
        load(self.model, tensors)
        memory: dict[int, dict[str, Tensor]] = {}
        for n, name in enumerate(self.weights.learned):
            head = f"adam.{name}."
            found = {k: v for k, v in tensors.items() if k.startswith(head)}
            if found:
                memory[n] = {k.removeprefix(head): v for k, v in found.items()}
        self._optimizer.load_state_dict(
            self._optimizer.state_dict() | {"state": memory}
        )

    def _warn_of_scale(self, size: float) -> None:
        if size and not 1 / FAR < size < FAR:
            warnings.warn(
                f"labels should be of the order of 1, not of {size:.0e} (root mean "
                f"square): Adam moves each weight by about the learning rate "
                f"{self.lr:g} in a step, whatever their scale. Divide them by it, and "
                f"multiply the predictions",
                stacklevel=3,
            )

    def _not_finite(self, what: str, epoch: int) -> FloatingPointError:
        """Bring the last good weights back, and make the error that says so."""
        self.weights.bring_back()
        return FloatingPointError(
            f"the {what} in epoch {epoch}; the model has {self.left}. Try a learning "
            f"rate smaller than {self.lr}"
        )
