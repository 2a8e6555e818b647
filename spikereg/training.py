"""Fit a model to the batches of a loader, and say how good it is."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import snntorch as snn
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from spikereg import metrics
from spikereg._check import positive, tensor, whole_number

Batches = Iterable[tuple[Tensor, Tensor]]


@dataclass
class History:
    """What happened in each epoch.

    Attributes:
        loss: Mean squared error of each epoch; each batch counts before its own step.
    """

    loss: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    r"""Errors of a model over a whole data set; all of them measured, none averaged in.

    Attributes:
        l1: Mean absolute error, in the unit of the target.
        mse: Mean squared error, in that unit squared.
        relative_error: :math:`\|\hat y - y\|_2 / \|y\|_2` over all steps and
            samples.
        pointwise_relative_error: Mean of :math:`|\hat y - y| / |y|` over steps
            :math:`t \ge 1`, the tutorial's relative error.
        spike_rate: Spikes per hidden neuron and step, between 0 and 1; ``None`` for a
            model that does not spike (one without ``trace``).
    """

    l1: float
    mse: float
    relative_error: float
    pointwise_relative_error: float
    spike_rate: float | None


def fit(
    model: nn.Module,
    loader: Batches,
    epochs: int = 100,
    lr: float = 1e-3,
    *,
    progress: bool = True,
    on_epoch: Callable[[int, nn.Module], object] | None = None,
) -> History:
    r"""Minimize the mean squared error with Adam.

    Each step minimizes :math:`\frac1n \sum (\hat y - y)^2` over one batch, then puts
    every learned decay β of a snnTorch neuron back into [0, 1]. The neuron clamps β
    there in its forward pass, so a β that an optimizer step has carried outside has
    no gradient any more and would stay stuck for good.

    Args:
        model: Maps features ``[T, B, F]`` to predictions ``[T, B, O]``. Batches are
            moved to the device of its parameters. It is left in training mode.
        loader: Yields pairs of features and labels; gone through once an epoch.
        epochs: Number of passes over the loader, at least 1.
        lr: Learning rate of Adam, positive.
        progress: Show a progress bar with the loss.
        on_epoch: Called as ``on_epoch(epoch, model)`` after each epoch, counted from
            1: to record a prediction or a decay on the way.

    Returns:
        The history of the loss.

    Raises:
        ValueError: For a bad number of epochs or learning rate, a model without
            parameters to learn, an epoch without batches, a batch that is no pair,
            features or labels that are not ``[T, B, F]``, empty or not finite, or a
            prediction whose shape is not the labels'.
        TypeError: For features or labels that are no tensors.
        FloatingPointError: At the first loss or gradient that is not finite. The model
            then has the last weights whose loss was finite, or its first if none was.
    """
    whole_number("epochs", epochs, at_least=1)
    positive("lr", lr)
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("model must have parameters that learn, not 0 of them")
    decays = _learned_decays(model)
    optimizer = torch.optim.Adam(parameters, lr=float(lr), fused=True)
    last_good = [p.detach().clone() for p in parameters]
    history = History()

    with tqdm(total=epochs, desc="fit", unit="epoch", disable=not progress) as bar:
        for epoch in range(1, epochs + 1):
            total, count = 0.0, 0
            for features, labels in _batches(loader, _device(model)):
                loss = metrics.mse(model(features), labels)
                value = loss.item()
                if not math.isfinite(value):
                    _copy(last_good, to=parameters)
                    raise _not_finite(f"loss became {value}", epoch, lr)
                _copy(parameters, to=last_good)

                optimizer.zero_grad()
                torch.autograd.backward(loss)
                gradients = [p.grad for p in parameters if p.grad is not None]
                if not all(gradient.isfinite().all() for gradient in gradients):
                    raise _not_finite("gradient is not finite", epoch, lr)
                optimizer.step()
                with torch.no_grad():
                    for beta in decays:
                        beta.clamp_(0, 1)

                total += value * labels.numel()
                count += labels.numel()
            if count == 0:
                raise _empty(loader, epoch)
            history.loss.append(total / count)
            bar.set_postfix(loss=f"{history.loss[-1]:.3e}", refresh=False)
            bar.update()
            if on_epoch is not None:
                on_epoch(epoch, model)
    return history


def evaluate(model: nn.Module, loader: Batches) -> Report:
    """Measure the errors of a model over all batches of a loader.

    Args:
        model: Maps features ``[T, B, F]`` to predictions ``[T, B, O]``. Batches are
            moved to the device of its parameters. It is run in evaluation mode and
            given back in the mode it came in.
        loader: Yields pairs of features and labels, all with the same number of steps.

    Returns:
        The errors, each computed once over everything, not averaged over batches.

    Raises:
        ValueError: For an empty loader, a batch that is no pair, features or labels
            that are empty or not finite, a prediction whose shape is not the labels',
            or fewer than 2 time steps.
        TypeError: For features or labels that are no tensors.
    """
    predictions, targets, rates = [], [], []
    show = getattr(model, "trace", None)  # of a model that can show its spikes
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for features, labels in _batches(loader, _device(model)):
                targets.append(labels)
                if callable(show):
                    trace = show(features)
                    predictions.append(trace.prediction)
                    spikes = torch.cat([s.flatten() for s in trace.spikes.values()])
                    rates.append(metrics.spike_rate(spikes) * labels.shape[1])
                else:
                    predictions.append(model(features))
    finally:
        model.train(training)
    if not targets:
        raise _empty(loader)

    # Double precision, so that sums over many values lose nothing; MPS has none.
    prediction = torch.cat(predictions, dim=1).cpu().double()
    target = torch.cat(targets, dim=1).cpu().double()
    return Report(
        l1=metrics.l1(prediction, target).item(),
        mse=metrics.mse(prediction, target).item(),
        relative_error=metrics.relative_error(prediction, target).item(),
        pointwise_relative_error=metrics.pointwise_relative_error(
            prediction, target
        ).item(),
        spike_rate=torch.stack(rates).sum().item() / target.shape[1] if rates else None,
    )


def _batches(loader: Batches, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    for batch in loader:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            kind = type(batch).__name__
            raise ValueError(f"loader must yield (features, labels), not a {kind}")
        features, labels = batch
        for name, values in (("features", features), ("labels", labels)):
            tensor(name, values)
            if values.ndim != 3 or values.numel() == 0:
                shape = list(values.shape)
                raise ValueError(f"{name} must be a filled [T, B, F], not {shape}")
            if not values.isfinite().all():
                where = (~values.isfinite()).nonzero()[0].tolist()
                value = values[tuple(where)].item()
                raise ValueError(
                    f"{name} must be finite, not {value} at [t, b, f] = {where}"
                )
        yield features.detach().to(device), labels.detach().to(device)


def _device(model: nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def _learned_decays(model: nn.Module) -> list[nn.Parameter]:
    return [
        layer.beta
        for layer in model.modules()
        if isinstance(layer, snn.SpikingNeuron)
        and isinstance(getattr(layer, "beta", None), nn.Parameter)
        and layer.beta.requires_grad
    ]


@torch.no_grad()
def _copy(source: Sequence[Tensor], to: Sequence[Tensor]) -> None:
    for value, place in zip(source, to, strict=True):
        place.copy_(value)


def _empty(loader: Batches, epoch: int = 1) -> ValueError:
    return ValueError(
        f"loader must yield at least one batch an epoch, not none as {loader!r} did "
        f"in epoch {epoch} (a generator serves a single epoch)"
    )


def _not_finite(what: str, epoch: int, lr: float) -> FloatingPointError:
    return FloatingPointError(
        f"the {what} in epoch {epoch}; the model has the last weights whose loss was "
        f"finite, or its first. Try a learning rate smaller than {lr}"
    )
