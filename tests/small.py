"""Small models and data that several tests use."""

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


def levels_of(model):
    """Say where each neuron's membrane crosses its threshold, for one input."""
    to_threshold = model.lif_in.threshold - model.fc_in.bias
    return (to_threshold / model.fc_in.weight[:, 0]).detach()
