"""Fit a model to the batches of a loader."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from spikereg import metrics, neurons, recipes
from spikereg._batches import Batches, batches, device_of, empty
from spikereg._check import finite, one_of, positive, whole_number


@dataclass
class History:
    """What happened in each epoch.

    Attributes:
        loss: Mean squared error of each epoch; each batch counts before its own step.
    """

    loss: list[float] = field(default_factory=list)


def fit(
    model: nn.Module,
    loader: Batches,
    epochs: int = 100,
    lr: float | None = None,
    *,
    recipe: str = "tutorial",
    spike_penalty: float = 0.0,
    progress: bool = True,
    on_epoch: Callable[[int, nn.Module], object] | None = None,
) -> History:
    r"""Minimize the mean squared error with Adam.

    Each step minimizes :math:`\frac1n \sum (\hat y - y)^2` over one batch, then puts
    what a neuron clamps, such as its decay β to [0, 1], back into its range. The neuron
    clamps it in its forward pass, so a β that an optimizer step has carried outside
    has no gradient any more and would stay stuck for good.

    The recipe says how Adam walks. ``"tutorial"``: at a constant rate, with PyTorch's
    other defaults. ``"accurate"``: in epoch :math:`n` of :math:`N`, counted from 0, at
    the rate

    .. math:: \text{lr} \cdot \min\bigl(1, \tfrac{n + 1}{N / 20}\bigr) \cdot
              \tfrac12 \bigl(1 + \cos \tfrac{\pi n}{N}\bigr) ,

    and with a memory of 20 steps, not 1,000, for the squares of the gradients
    (:math:`\beta_2 = 0.95`): surrogate gradients change their size as neurons begin or
    cease to fire. It suits any model and wants some hundred steps at least.

    Args:
        model: Maps features ``[T, B, F]`` to predictions ``[T, B, O]``. Batches are
            moved to the device of its parameters. It is left in training mode.
        loader: Yields pairs of features and labels; gone through once an epoch.
        epochs: Number of passes over the loader, at least 1.
        lr: Learning rate of Adam, positive; the largest one of a recipe that changes
            it. ``None`` is 1e-3 for ``"tutorial"`` and 3e-3 for ``"accurate"``.
        recipe: ``"tutorial"`` or ``"accurate"``.
        spike_penalty: Weight :math:`\lambda \ge 0` of the firing rate. Unless it is 0,
            what is minimized is the mean squared error plus :math:`\lambda` times the
            spikes per hidden neuron and step; the model must have a ``trace``.
        progress: Show a progress bar with the loss.
        on_epoch: Called as ``on_epoch(epoch, model)`` after each epoch, counted from
            1: to record a prediction or a decay on the way.

    Returns:
        The history of the loss.

    Raises:
        ValueError: For a bad number of epochs, learning rate or penalty, an unknown
            recipe, a penalty for a model that does not spike, a model without
            parameters to learn, an epoch without batches, a batch that is no pair,
            features or labels that are not ``[T, B, F]``, empty or not finite, or a
            prediction whose shape is not the labels'.
        TypeError: For features or labels that are no tensors.
        FloatingPointError: At the first loss or gradient that is not finite. The model
            then has the last weights whose loss was finite, or its first if none was.
    """
    whole_number("epochs", epochs, at_least=1)
    one_of("recipe", recipe, tuple(recipes.RECIPES))
    default, betas, course = recipes.RECIPES[recipe]
    lr = default if lr is None else lr
    positive("lr", lr)
    loss_of = _objective(model, spike_penalty)
    model.train()
    parameters: list[Tensor] = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("model must have parameters that learn, not 0 of them")
    clamped, device = _clamped(model), device_of(model)
    optimizer = torch.optim.Adam(parameters, lr=float(lr), betas=betas, fused=True)
    last_good = [p.detach().clone() for p in parameters]
    history = History()

    with tqdm(total=epochs, desc="fit", unit="epoch", disable=not progress) as bar:
        for epoch in range(1, epochs + 1):
            optimizer.param_groups[0]["lr"] = float(lr) * course(epoch - 1, epochs)
            total, count = 0.0, 0
            for features, labels in batches(loader, device):
                error, loss = loss_of(features, labels)
                value = error.item()
                if not math.isfinite(value):
                    _copy(last_good, parameters)
                    raise _not_finite(f"loss became {value}", epoch, lr)
                _copy(parameters, last_good)

                for parameter in parameters:
                    parameter.grad = None
                torch.autograd.backward(loss)
                if not _finite_gradients(parameters):
                    raise _not_finite("gradient is not finite", epoch, lr)
                optimizer.step()
                with torch.no_grad():
                    for parameter, low, high in clamped:
                        parameter.clamp_(low, high)

                total += value * labels.numel()
                count += labels.numel()
            if count == 0:
                raise empty(loader, epoch)
            history.loss.append(total / count)
            if progress:
                bar.set_postfix(loss=f"{history.loss[-1]:.3e}", refresh=False)
                bar.update()
            if on_epoch is not None:
                on_epoch(epoch, model)
    return history


def _objective(
    model: nn.Module, spike_penalty: float
) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return what gives the mean squared error, and it again with the penalty."""
    if not (finite(spike_penalty) and spike_penalty >= 0):
        raise ValueError(
            f"spike_penalty must be a finite number of at least 0, not "
            f"{spike_penalty!r}"
        )
    trace = getattr(model, "trace", None)

    def plain(features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        error = metrics.mse(model(features), labels)
        return error, error

    if spike_penalty == 0:
        return plain
    if not callable(trace):
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


def _finite_gradients(parameters: Sequence[Tensor]) -> bool:
    gradients = [p.grad for p in parameters if p.grad is not None]
    # One call for all of them; a norm may overflow, so then each one is looked at.
    norms = torch.stack(torch._foreach_norm(gradients))
    return math.isfinite(norms.sum().item()) or all(
        bool(gradient.isfinite().all()) for gradient in gradients
    )


def _clamped(model: nn.Module) -> list[tuple[nn.Parameter, float, float]]:
    """List the learned parameters that neurons clamp, with their ranges."""
    return [
        (parameter, *bounds)
        for module in model.modules()
        for name, bounds in neurons.ranges(module).items()
        if isinstance(parameter := getattr(module, name, None), nn.Parameter)
        and parameter.requires_grad
    ]


def _not_finite(what: str, epoch: int, lr: float) -> FloatingPointError:
    return FloatingPointError(
        f"the {what} in epoch {epoch}; the model has the last weights whose loss was "
        f"finite, or its first. Try a learning rate smaller than {lr}"
    )
