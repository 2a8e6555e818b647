"""Where a network begins that is to learn when to fire."""

import torch

from spikereg._batches import Batches, filled
from spikereg.losses import FiringTimeLoss
from spikereg.models import SpikingRegressor


@torch.no_grad()
def constant_answer(
    model: SpikingRegressor, loader: Batches, loss: FiringTimeLoss
) -> None:
    r"""Let a network answer at the mean time, whatever it hears.

    The readout becomes an integrator that is not to learn another decay,
    :math:`\beta = 1`, without weights; its bias alone charges it. With the mean
    :math:`\bar t_n` of each label :math:`n`, where it is to reach
    :math:`n` thresholds, that is the least-squares slope

    .. math:: b = \theta \sum_n n\, (\bar t_n + 1) \Big/ \sum_n (\bar t_n + 1)^2 .

    With one spike a training thus begins at the best constant answer, and no neuron
    is silent.

    Args:
        model: A network that answers by its membrane; changed in place.
        loader: Yields its features and the times ``[B, O]`` that it is to learn.
        loss: What it will minimize, which says threshold and number of spikes.

    Raises:
        ValueError: If the model answers by something else than its membrane, or the
            loader does not yield as many times as outputs and spikes.
    """
    if model.readout != "membrane":
        raise ValueError(f'model must have readout="membrane", not "{model.readout}"')
    outputs = model.fc_out.out_features
    labels = torch.cat([batch.labels for batch in filled(loader, model)])
    if labels.shape[1:] != (outputs * loss.spikes,):
        raise ValueError(
            f"loader must yield times [B, {outputs * loss.spikes}], {loss.spikes} for "
            f"each output, not {list(labels.shape)}"
        )
    mean = labels.mean(dim=0).view(outputs, loss.spikes) + 1
    n = torch.arange(1, loss.spikes + 1).to(mean)
    model.li_out.beta.requires_grad_(False).fill_(1)
    model.fc_out.weight.zero_()
    model.fc_out.bias.copy_(loss.threshold * mean @ n / mean.square().sum(dim=1))
