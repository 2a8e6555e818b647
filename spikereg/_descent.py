"""Adam on the squared error of a model, and all that it continues from."""

import math
import warnings
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from spikereg import metrics, neurons, recipes
from spikereg._batches import Batches, batches, empty
from spikereg._check import finite, tracer

#: From which factor on labels are too far from 1 for Adam's steps.
FAR = 1e3


class Descent:
    """Steps down the squared error of a model, one for each batch.

    Attributes:
        learned: The parameters that learn, by name.
        left: What weights the model is left with when a number is not finite.
    """

    def __init__(
        self, model: nn.Module, recipe: str, lr: float, spike_penalty: float
    ) -> None:
        self.model, self.lr = model, lr
        self.left = "the last weights whose loss was finite, or its first"
        self.learned = {n: p for n, p in model.named_parameters() if p.requires_grad}
        if not self.learned:
            raise ValueError("model must have parameters that learn, not 0 of them")
        self._loss_of = _objective(model, spike_penalty)
        self._parameters: list[Tensor] = list(self.learned.values())
        # With what a step changes beside them, such as the means of a BatchNorm
        self._changing = self._parameters + _buffers(model)
        self._last_good = [each.detach().clone() for each in self._changing]
        self._clamped = _clamped(model)
        self._course = recipes.RECIPES[recipe].course
        self._optimizer = torch.optim.Adam(
            self._parameters, lr=lr, betas=recipes.RECIPES[recipe].betas, fused=True
        )

    def epoch(self, loader: Batches, epoch: int, epochs: int) -> float:
        """Step once for each batch.

        Returns:
            The mean squared error of all values, each batch before its own step.
        """
        self._optimizer.param_groups[0]["lr"] = self.lr * self._course(
            epoch - 1, epochs
        )
        total, count, squares = 0.0, 0, 0.0
        for features, labels in batches(loader, self.model):
            error, loss = self._loss_of(features, labels)
            value = error.item()
            if not math.isfinite(value):
                raise self._not_finite(f"loss became {value}", epoch)
            _copy(self._changing, self._last_good)

            if not loss.requires_grad:
                raise _without_gradient()
            for parameter in self._parameters:
                parameter.grad = None
            torch.autograd.backward(loss)
            gradients = [p.grad for p in self._parameters if p.grad is not None]
            if not gradients:
                raise _without_gradient()
            if not _finite(gradients):
                raise self._not_finite("gradient is not finite", epoch)
            self._optimizer.step()
            with torch.no_grad():
                for parameter, low, high in self._clamped:
                    parameter.clamp_(low, high)

            total += value * labels.numel()
            count += labels.numel()
            if epoch == 1:
                squares += labels.square().sum().item()
        if count == 0:
            raise empty(loader, epoch)
        if not _finite(self._parameters):
            raise self._not_finite("last step led to infinite weights", epoch)
        if epoch == 1:
            self._warn_of_scale(math.sqrt(squares / count))
        return total / count

    def tensors(self) -> dict[str, Tensor]:
        """Return the model's weights and Adam's memory, by name."""
        states = self._optimizer.state
        return weights(self.model) | {
            f"adam.{name}.{key}": value
            for name, parameter in self.learned.items()
            for key, value in states.get(parameter, {}).items()
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what :meth:`tensors` returned."""
        load(self.model, tensors)
        memory: dict[int, dict[str, Tensor]] = {}
        for n, name in enumerate(self.learned):
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
        _copy(self._last_good, self._changing)
        return FloatingPointError(
            f"the {what} in epoch {epoch}; the model has {self.left}. Try a learning "
            f"rate smaller than {self.lr}"
        )


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


def _objective(
    model: nn.Module, spike_penalty: float
) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return what gives the mean squared error, and it again with the penalty."""
    if not (finite(spike_penalty) and spike_penalty >= 0):
        raise ValueError(
            f"spike_penalty must be a finite number of at least 0, not "
            f"{spike_penalty!r}"
        )
    trace = tracer(model)

    def plain(features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        error = metrics.mse(model(features), labels)
        return error, error

    if spike_penalty == 0:
        return plain
    if trace is None:
        raise ValueError(
            f"spike_penalty must be 0 for a model without trace, not {spike_penalty!r}"
        )

    def penalized(features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        run = trace(features)
        spikes = torch.cat([s.flatten() for s in run.spikes.values()])
        error = metrics.mse(run.prediction, labels)
        return error, error + spike_penalty * metrics.spike_rate(spikes)

    return penalized


@torch.no_grad()
def _copy(some: list[Tensor], others: list[Tensor]) -> None:
    torch._foreach_copy_(others, some)


def _without_gradient() -> ValueError:
    return ValueError(
        "model must predict by parameters that learn, not without a gradient for any; "
        "and fit be called outside of torch.no_grad and torch.inference_mode"
    )


def _finite(tensors: list[Tensor]) -> bool:
    """Say whether all numbers are finite, by one call for all of them."""
    norms = torch.stack(torch._foreach_norm(tensors))
    # A norm may overflow, so then each tensor is looked at.
    return math.isfinite(norms.sum().item()) or all(
        bool(each.isfinite().all()) for each in tensors
    )


def _buffers(model: nn.Module) -> list[Tensor]:
    """List the buffers that training may change; neurons keep theirs."""
    return [
        buffer
        for module in model.modules()
        if neurons.kind_of(module) is None
        for buffer in module.buffers(recurse=False)
    ]


def _clamped(model: nn.Module) -> list[tuple[nn.Parameter, float, float]]:
    """List the learned parameters that neurons clamp, with their ranges."""
    return [
        (parameter, *bounds)
        for module in model.modules()
        for name, bounds in neurons.ranges(module).items()
        if isinstance(parameter := getattr(module, name, None), nn.Parameter)
        and parameter.requires_grad
    ]
