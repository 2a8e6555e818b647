"""The loss on firing times in use, and what it refuses."""

import math

import pytest
import torch

from spikereg import (
    FiringTimeDataset,
    SpikingRegressor,
    constant_answer,
    evaluate,
    fit,
    make_loader,
)
from spikereg.losses import FiringTimeLoss, described
from spikereg.losses.timing import BY

T, B, OUT = 12, 4, 3
GOOD = torch.ones(B, OUT)
each_way = pytest.mark.parametrize("by", BY)


def membranes():
    generator = torch.Generator().manual_seed(0)
    return (0.5 * torch.randn(T, B, OUT, generator=generator)).cumsum(dim=0)


def column(*values):
    return torch.tensor(values)[:, None, None]


# In use


@each_way
@pytest.mark.parametrize(("task", "spikes"), [("curve", 1), ("pattern", 3)])
def test_a_network_learns_by_it_and_is_tested_in_steps(by, task, spikes):
    data = FiringTimeDataset(task, 25, 32, seed=0)
    loader = make_loader(data, 16)
    loss = FiringTimeLoss(by, threshold=5.0, spikes=spikes)
    model = SpikingRegressor(16, 22, seed=0)
    constant_answer(model, loader, loss)
    history = fit(model, loader, 10, 0.03, loss=loss, progress=False)
    assert history.loss[-1] < history.loss[0]
    report = evaluate(model, loader, loss=loss)
    with torch.no_grad():
        read = loss.read(model(data.features))
    off = (read - data.labels).double()
    assert report.l1 == pytest.approx(off.abs().mean().item(), rel=1e-4)
    assert report.mse == pytest.approx(off.square().mean().item(), rel=1e-4)
    size = data.labels.double().norm()
    assert report.relative_error == pytest.approx((off.norm() / size).item(), rel=1e-4)
    whole = loss(model(data.features), data.labels).item()
    assert report.loss == pytest.approx(whole, rel=1e-4)
    assert 0 < report.spike_rate < 1
    assert report.accuracy is None


def test_the_output_that_fires_first_is_decided_for():
    times = torch.tensor([[3.0, 1.0, 2.0], [4.0, 2.0, 2.0], [0.5, 9.0, 0.7]])
    assert FiringTimeLoss().decided(times).tolist() == [1, 1, 0]
    output = torch.stack([column(0.0, 0.5, 3.0), column(0.4, 0.9, 1.2)], dim=2)[..., 0]
    for spikes in (1, 2):
        loss = FiringTimeLoss("crossing", threshold=0.5, spikes=spikes)
        later, earlier = loss.read(output)[0, ::spikes]
        assert earlier < later
        assert loss.decided(output).tolist() == [1]
        assert loss.decided(output.flip(2)).tolist() == [0]


def test_it_is_named_by_what_it_does():
    assert described(FiringTimeLoss("hazard", spikes=2)) == (
        "FiringTimeLoss(by='hazard', threshold=1.0, steepness=10.0, spikes=2)"
    )
    assert FiringTimeLoss() == FiringTimeLoss("both", 1.0, 10.0, 1)


# What is refused


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"by": "spike"}, r"by must be one of \('both', .* not 'spike'"),
        ({"threshold": 0}, "threshold must be a positive .* not 0"),
        ({"threshold": math.nan}, "threshold must be .* not nan"),
        ({"steepness": -1.0}, r"steepness must be a positive .* not -1\.0"),
        ({"spikes": 0}, "spikes must be an integer of at least 1, not 0"),
        ({"spikes": 1.0}, r"spikes must be an integer .* not 1\.0"),
    ],
)
def test_bad_settings_are_repeated(settings, message):
    with pytest.raises(ValueError, match=message):
        FiringTimeLoss(**settings)


@pytest.mark.usefixtures("unchecked")
@each_way
@pytest.mark.parametrize(
    ("output", "labels", "mask", "error", "message"),
    [
        ([1.0], GOOD, None, TypeError, "output must be a torch.Tensor, not list"),
        (membranes()[0, 0], GOOD, None, ValueError, r"\[T, B, O\], not .* \[3\]"),
        (membranes()[:0], GOOD, None, ValueError, r"not torch.float32 \[0, 4, 3\]"),
        (membranes().long(), GOOD, None, ValueError, r"not torch.int64 \[12, 4, 3\]"),
        (GOOD[:0], GOOD[:0], None, ValueError, r"not torch.float32 \[0, 3\]"),
        (GOOD.long(), GOOD, None, ValueError, r"not torch.int64 \[4, 3\]"),
        (membranes(), [1.0], None, TypeError, "labels must be .* not list"),
        (membranes(), GOOD[:, :2], None, ValueError, r"\[4, 3\], not .* \[4, 2\]"),
        (membranes(), GOOD[:, 0].long(), None, ValueError, r"torch.int64 \[4\]"),
        (membranes(), GOOD.long(), None, ValueError, r"torch.int64 \[4, 3\]"),
        (membranes(), GOOD > 0, None, ValueError, r"torch.bool \[4, 3\]"),
        (membranes(), membranes(), None, ValueError, r"not .* \[12, 4, 3\]"),
        (GOOD, membranes(), None, ValueError, r"\[4, 3\], not .* \[12, 4, 3\]"),
        (membranes(), GOOD, torch.ones(T, B) > 0, ValueError, "mask must be None"),
        (GOOD, GOOD, torch.ones(T, B) > 0, ValueError, "mask must be None"),
    ],
)
def test_what_is_no_output_no_label_and_a_mask_is_named(
    by, output, labels, mask, error, message
):
    with pytest.raises(error, match=message):
        FiringTimeLoss(by)(output, labels, mask)


@pytest.mark.usefixtures("unchecked")
def test_each_output_has_a_label_for_each_spike():
    loss = FiringTimeLoss(spikes=2)
    with pytest.raises(ValueError, match=r"\[4, 6\], not torch.float32 \[4, 3\]"):
        loss(membranes(), GOOD)
    assert loss(membranes(), torch.ones(B, 2 * OUT)).isfinite()
