"""Say how good a model is."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from spikereg import metrics
from spikereg._batches import Batches, filled, same_length
from spikereg._check import finite_weights, tracer
from spikereg.losses import CURVES, Loss, LossFunction, applied, is_loss


@dataclass(frozen=True)
class Report:
    r"""Errors of a model over a whole data set; all of them measured, none averaged in.

    They are those of what the loss reads, such as a spike rate, against its target.

    Attributes:
        l1: Mean absolute error, in the unit of the target.
        mse: Mean squared error, in that unit squared.
        relative_error: :math:`\|\hat y - y\|_2 / \|y\|_2` over all steps and
            samples.
        pointwise_relative_error: Mean of :math:`|\hat y - y| / |y|` over steps
            :math:`t \ge 1`, the tutorial's relative error; NaN where not every step is
            read.
        spike_rate: Spikes per hidden neuron and step, between 0 and 1; ``None`` for a
            model that does not spike (one without ``trace``).
        loss: The loss.
        accuracy: Share of sequences put into their class; ``None`` where labels are no
            classes.
    """

    l1: float
    mse: float
    relative_error: float
    pointwise_relative_error: float
    spike_rate: float | None
    loss: float
    accuracy: float | None = None


def evaluate(
    model: nn.Module, loader: Batches, *, loss: LossFunction = CURVES
) -> Report:
    """Measure the errors of a model over all batches of a loader.

    Args:
        model: Maps features ``[T, B, F]`` to predictions ``[T, B, O]``. Batches are
            moved to the device of its parameters. It is run in evaluation mode and
            given back in the mode it came in.
        loader: Yields features and labels, as :func:`fit` takes them, and masks; curves
            all with the same number of steps, unless there are masks.
        loss: What was minimized, and so what is read: see :mod:`spikereg.losses`. Of a
            function of your own only the mean is known: the errors are those of the
            output itself.

    Returns:
        The errors, each computed once over everything, not averaged over batches; but a
        cross-entropy or a loss of your own is, by the number of labels.

    Raises:
        ValueError: For an empty loader, batches that :func:`fit` would not take, curves
            of unequal length, a prediction whose shape is not the labels', fewer than 2
            time steps of curves, or weights that are not finite: a neuron whose
            membrane is NaN never fires, and a prediction without it looks sound.
        TypeError: For features, labels or masks that are no tensors, or a loss that
            returns no scalar.
    """
    finite_weights(model)
    is_loss(loss)
    reader = loss if isinstance(loss, Loss) else CURVES
    pairs, decided, classes = [], [], []
    rates, running, losses, weights = [], [], [], []
    show = tracer(model)
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            for batch in filled(loader, model):
                if show is not None:
                    trace = show(batch.features)
                    output = trace.prediction
                    rates.append(batch.spike_rate(trace.spikes))
                    running.append(len(batch.running(output[..., :1])))
                else:
                    output = model(batch.features)
                pairs.append(reader.compared(output, batch.labels, batch.mask))
                losses.append(applied(loss, output, batch.labels, batch.mask).item())
                weights.append(batch.weight)
                if not batch.labels.is_floating_point():
                    decided.append(reader.decided(output, batch.mask))
                    classes.append(batch.labels)
    finally:
        for module, training in modes.items():
            module.training = training

    curves = all(target.ndim == 3 for _, target in pairs)
    columns = [list(column) for column in zip(*pairs, strict=True)]
    if curves:
        same_length(columns[1])
    else:
        columns = [[x.flatten(0, -2)[:, None] for x in column] for column in columns]
    # Double precision, so that sums over many values lose nothing; MPS has none.
    prediction, target = (
        torch.cat(column, dim=1 if curves else 0).cpu().double() for column in columns
    )
    mse = metrics.mse(prediction, target).item()
    squared = type(loss).__call__ is Loss.__call__
    pointwise = metrics.pointwise_relative_error
    return Report(
        l1=metrics.l1(prediction, target).item(),
        mse=mse,
        relative_error=metrics.relative_error(prediction, target).item(),
        pointwise_relative_error=(
            pointwise(prediction, target).item() if curves else math.nan
        ),
        spike_rate=np.average(rates, weights=running).item() if rates else None,
        loss=mse if squared else np.average(losses, weights=weights).item(),
        accuracy=(
            metrics.accuracy(torch.cat(decided), torch.cat(classes)).item()
            if classes
            else None
        ),
    )
