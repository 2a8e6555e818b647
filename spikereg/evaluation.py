"""Say how good a model is."""

from dataclasses import dataclass

import torch
from torch import nn

from spikereg import metrics
from spikereg._batches import Batches, filled, same_length
from spikereg._check import finite_weights, same_shape, tracer


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
            that are empty, not finite, of another data type than the model's weights or
            batch-first, batches of unequal length, a prediction whose shape is not the
            labels', fewer than 2 time steps, or weights that are not finite: a neuron
            whose membrane is NaN never fires, and a prediction without it looks sound.
        TypeError: For features or labels that are no tensors.
    """
    finite_weights(model)
    predictions, targets, rates = [], [], []
    show = tracer(model)
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            for features, labels in filled(loader, model):
                if show is not None:
                    trace = show(features)
                    predictions.append(trace.prediction)
                    spikes = torch.cat([s.flatten() for s in trace.spikes.values()])
                    rates.append(metrics.spike_rate(spikes) * labels.shape[1])
                else:
                    predictions.append(model(features))
                same_shape(predictions[-1], labels)
                targets.append(labels)
    finally:
        for module, training in modes.items():
            module.training = training

    same_length(targets)
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
