"""The best constant answer, from which a network that times its spikes begins."""

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from spikereg import (
    FiringTimeDataset,
    SpikingRegressor,
    constant_answer,
    evaluate,
    make_loader,
)
from spikereg.firing_times import TASKS
from spikereg.losses import FiringTimeLoss


def labelled(times, batch_size=2):
    """Serve random features and these times, ``[N, S]``, over 40 steps."""
    features = torch.rand(40, len(times), 3, generator=torch.Generator().manual_seed(0))
    return [
        (features[:, n : n + batch_size], times[n : n + batch_size])
        for n in range(0, len(times), batch_size)
    ]


@pytest.mark.parametrize("threshold", [1.0, 30.0])
@pytest.mark.parametrize("by", ["both", "crossing"])
def test_a_network_begins_at_the_mean_time_whatever_it_hears(threshold, by):
    generator = torch.Generator().manual_seed(0)
    times = 39 * torch.rand(5, 2, generator=generator)  # the last batch is smaller
    loader = labelled(times)
    model = SpikingRegressor(8, 3, 2, seed=0)
    loss = FiringTimeLoss(by, threshold=threshold)
    constant_answer(model, loader, loss)
    for features, _ in loader:
        read = loss.read(model(3 * features - 1))
        torch.testing.assert_close(read, times.mean(dim=0).expand_as(read))
    assert evaluate(model, loader, loss=loss).mse == pytest.approx(
        times.var(dim=0, unbiased=False).mean().item(), rel=1e-4
    )


@pytest.mark.parametrize("spikes", [2, 3])
def test_with_several_spikes_its_slope_is_that_of_least_squares(spikes):
    generator = torch.Generator().manual_seed(1)
    times = (39 * torch.rand(6, 2 * spikes, generator=generator)).sort(dim=1).values
    loader = labelled(times)
    model = SpikingRegressor(8, 3, 2, seed=0)
    constant_answer(model, loader, FiringTimeLoss(threshold=5.0, spikes=spikes))
    reach = 5.0 * np.arange(1, spikes + 1)
    mean = times.double().mean(dim=0).view(2, spikes).numpy() + 1
    for o in range(2):
        (slope,) = np.linalg.lstsq(mean[o][:, None], reach)[0]
        assert model.fc_out.bias[o].item() == pytest.approx(slope)
        ramp = model(loader[0][0])[:, :, o]
        expected = slope * (torch.arange(40) + 1.0)[:, None].expand_as(ramp)
        torch.testing.assert_close(ramp, expected.float())


def test_only_the_readout_is_changed_and_its_decay_is_not_learned():
    model, same = (SpikingRegressor(8, 3, 1, seed=0) for _ in range(2))
    constant_answer(model, labelled(torch.full((4, 1), 20.0)), FiringTimeLoss())
    for name, value in model.state_dict().items():
        if not name.startswith(("fc_out", "li_out")):
            assert torch.equal(value, same.state_dict()[name]), name
    learned = {name for name, p in model.named_parameters() if p.requires_grad}
    assert learned == {
        name
        for name, p in same.named_parameters()
        if p.requires_grad and name != "li_out.beta"
    }


@pytest.mark.parametrize("task", TASKS)
def test_on_no_task_a_spike_is_missing_at_the_start(task):
    data = FiringTimeDataset(task, 50, 64, seed=0)
    spikes = data.labels.shape[1]
    loss = FiringTimeLoss(threshold=30.0, spikes=spikes)
    model = SpikingRegressor(8, data.features.shape[2], seed=0)
    loader = make_loader(data, 20)
    constant_answer(model, loader, loss)
    read = loss.read(model(data.features))
    assert (read < 50).all()
    if spikes == 1:
        assert (read - data.labels).mean().abs() < 1e-3
    else:
        assert (read.diff(dim=1) > 0).all()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("options", "labels", "loss", "message"),
    [
        ({"readout": "spikes"}, torch.ones(4, 1), {}, 'not "spikes"'),
        ({"readout": "dendrites"}, torch.ones(4, 1), {}, 'not "dendrites"'),
        ({}, torch.ones(4, 2), {}, r"times \[B, 1\], 1 for .* not \[4, 2\]"),
        ({}, torch.ones(4, 1), {"spikes": 3}, r"\[B, 3\], 3 for .* not \[4, 1\]"),
        ({"num_outputs": 2}, torch.ones(4, 3), {"spikes": 2}, r"\[B, 4\], 2 for each"),
        ({}, one_hot(torch.zeros(4).long())[:, 0], {}, r"\[B, 1\], .* not \[4\]"),
        ({}, None, {}, "at least one batch"),
    ],
)
def test_what_cannot_begin_is_named_and_stays_as_it_was(options, labels, loss, message):
    model = SpikingRegressor(8, 3, seed=0, **options)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    loader = [] if labels is None else labelled(labels, 4)
    with pytest.raises(ValueError, match=message):
        constant_answer(model, loader, FiringTimeLoss(**loss))
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(p.requires_grad for p in model.parameters())


def test_curves_are_no_times():
    model = SpikingRegressor(8, 3, seed=0)
    curves = [(torch.rand(40, 4, 3), torch.rand(40, 4, 1))]
    with pytest.raises(ValueError, match=r"not \[40, 4, 1\]"):
        constant_answer(model, curves, FiringTimeLoss())
