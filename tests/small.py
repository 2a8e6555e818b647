"""Small models and data that several tests use."""

import torch
from torch import nn

from spikereg import RegressionDataset, SpikingRegressor, make_loader


def network(seed=0):
    return SpikingRegressor(8, seed=seed)


def accurate(hidden=16, **options):
    return SpikingRegressor(hidden, seed=0, recipe="accurate", **options)


def line():
    model = nn.Linear(1, 1)
    nn.init.constant_(model.weight, 0.5)
    nn.init.constant_(model.bias, 0.25)
    return model


def ragged(num_samples=5, batch_size=2, **options):
    """Serve batches the last of which is smaller."""
    data = RegressionDataset(12, num_samples, seed=0)
    return make_loader(data, batch_size, **options)


def shuffled():
    return ragged(shuffle=True, seed=3)


def ramps(timesteps=50, batch_size=3, num_inputs=1):
    ends = torch.linspace(0.25, 1, batch_size * num_inputs)
    ends = ends.reshape(batch_size, num_inputs)
    return torch.linspace(0, 1, timesteps)[:, None, None] * ends


def levels_of(model):
    """Say where each neuron's membrane crosses its threshold, for one input."""
    to_threshold = model.lif_in.threshold - model.fc_in.bias
    return (to_threshold / model.fc_in.weight[:, 0]).detach()
