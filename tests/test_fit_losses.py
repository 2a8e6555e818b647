"""Trainings on other losses than that of a curve, and on steps that count."""

import functools
import math

import numpy as np
import pytest
import torch
from torch.nn.functional import l1_loss, mse_loss

from spikereg import SpikingRegressor, TimeMajorDataset, evaluate, make_loader
from spikereg import fit as fit_with_bar
from spikereg.losses import (
    CURVES,
    CountLoss,
    CrossEntropyLoss,
    FiringTimeLoss,
    MembraneLoss,
    TemporalLoss,
    described,
)

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

fit = functools.partial(fit_with_bar, progress=False)
T, B, OUT = 10, 6, 3
CLASSES = torch.arange(B) % OUT


def network(readout="membrane", **options):
    return SpikingRegressor(24, 2, OUT, seed=0, readout=readout, **options)


def features(seed=0):
    """Tell three classes apart by two constants, and a little noise."""
    means = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])[CLASSES]
    noise = torch.randn(T, B, 2, generator=torch.Generator().manual_seed(seed))
    return 2 * means + 0.1 * noise


def classes():
    return TimeMajorDataset(features(), CLASSES)


def labels_of_curves():
    return features(1)[:, :, :1].repeat(1, 1, OUT)


def curves(mask=None):
    return TimeMajorDataset(features(), labels_of_curves(), mask)


LOSSES = [
    ("membrane", CURVES),
    ("membrane", MembraneLoss("last")),
    ("membrane", MembraneLoss("mean")),
    ("membrane", CrossEntropyLoss()),
    ("spikes", CountLoss()),
    ("spikes", TemporalLoss(on=1.0, off=8.0)),
]
each = pytest.mark.parametrize(
    ("readout", "loss"), LOSSES, ids=[described(loss) for _, loss in LOSSES]
)


def drawn_mask():
    mask = torch.rand(T, B, generator=torch.Generator().manual_seed(4)) < 0.6
    assert mask.any(dim=0).all()
    return mask


@each
def test_each_loss_learns_classes_and_is_what_is_reported(readout, loss):
    model, loader = network(readout), make_loader(classes(), 2, shuffle=True, seed=0)
    before = evaluate(model, loader, loss=loss)
    history = fit(model, loader, epochs=60, lr=1e-2, loss=loss, validation=loader)
    after = evaluate(model, make_loader(classes(), B), loss=loss)
    assert before.accuracy < 1
    assert after.accuracy == 1
    assert after.loss == pytest.approx(min(history.validation), rel=1e-4)
    with torch.no_grad():
        output = model(features())
        assert after.loss == pytest.approx(loss(output, CLASSES).item(), rel=1e-4)
        read, target = loss.compared(output, CLASSES)
    assert after.l1 == pytest.approx((read - target).abs().mean().item(), rel=1e-4)
    assert math.isnan(after.pointwise_relative_error) == (loss != CURVES)


@each
def test_a_step_goes_down_the_gradient_of_the_loss(readout, loss):
    model, again = network(readout), network(readout)
    history = fit(model, make_loader(classes(), B), epochs=1, loss=loss)
    adam = torch.optim.Adam(again.parameters(), lr=1e-3, fused=True)
    value = loss(again(features()), CLASSES)
    value.backward()
    adam.step()
    assert history.loss == [value.item()]
    for p, q in zip(model.parameters(), again.parameters(), strict=True):
        if p.numel() > OUT:  # what is clamped may differ
            assert torch.equal(p, q)


def test_any_loss_of_pytorch_can_be_minimized():
    model, loader = (
        network(),
        make_loader(
            TimeMajorDataset(features(), features(1)[:, :, :1].repeat(1, 1, OUT)), 3
        ),
    )
    history = fit(model, loader, epochs=20, lr=1e-2, loss=l1_loss)
    report = evaluate(model, loader, loss=l1_loss)
    assert history.loss[-1] < history.loss[0]
    assert report.loss == pytest.approx(report.l1, rel=1e-5)


def test_a_loss_of_ones_own_gets_the_mask_and_is_judged_by_its_output():
    seen = []

    def last(output, labels, mask):
        seen.append(mask)
        return MembraneLoss("last")(output, labels, mask)

    mask = drawn_mask()
    loader = make_loader(TimeMajorDataset(features(), CLASSES, mask), B)
    fit(network(), loader, epochs=1, loss=last)
    report = evaluate(network(), loader, loss=last)
    assert len(seen) == 2
    assert all(torch.equal(each, mask) for each in seen)
    plain = evaluate(network(), loader)
    assert (report.mse, report.accuracy) == (plain.mse, plain.accuracy)
    assert report.loss != plain.loss


# One number for each output


@pytest.mark.parametrize(
    ("readout", "loss"),
    [
        ("membrane", MembraneLoss("last")),
        ("membrane", MembraneLoss()),
        ("spikes", CountLoss()),
        ("spikes", TemporalLoss()),
    ],
)
def test_numbers_are_compared_with_what_is_read(readout, loss):
    labels = torch.rand(B, OUT, generator=torch.Generator().manual_seed(2))
    loader = make_loader(TimeMajorDataset(features(), labels), 4)
    model = network(readout)
    history = fit(model, loader, epochs=1, loss=loss)
    report = evaluate(model, loader, loss=loss)
    assert report.accuracy is None
    with torch.no_grad():
        read, target = loss.compared(model(features()), labels)
    assert report.mse == report.loss == pytest.approx(mse_loss(read, target).item())
    assert len(history.loss) == 1


# The two backends


def test_what_only_autograd_can_do_is_named_and_left_to_it():
    for data, options, message in (
        (curves(), {"loss": l1_loss}, "a loss other than"),
        (curves(drawn_mask()), {}, "masks"),
        (classes(), {}, "one label a sequence"),
    ):
        with pytest.raises(ValueError, match=f"cannot train a model with {message}"):
            fit(network(), make_loader(data, 3), 1, backend="compiled", **options)
        auto = fit(network(), make_loader(data, 3), 2, backend="auto", **options)
        torch_ = fit(network(), make_loader(data, 3), 2, backend="torch", **options)
        assert auto.loss == torch_.loss
    with pytest.raises(ValueError, match="with spikes as its prediction"):
        fit(network("spikes"), make_loader(curves(), 3), 1, backend="compiled")


# Checkpoints and warnings


def test_a_training_goes_on_with_its_own_loss_only(tmp_path):
    path = tmp_path / "training.safetensors"
    loader = make_loader(classes(), 3)
    go_on = functools.partial(fit, checkpoint=path, loss=CountLoss())
    go_on(network("spikes"), loader, 2)
    resumed = go_on(network("spikes"), loader, 4)
    whole = fit(network("spikes"), loader, 4, loss=CountLoss())
    assert resumed.loss == whole.loss
    for other in (CountLoss(on=0.9), CURVES):
        with pytest.raises(ValueError, match=r"a training with loss = .*CountLoss\(on"):
            fit(network("spikes"), loader, 4, checkpoint=path, loss=other)


def test_steps_may_be_far_from_one_and_other_labels_not():
    labels = torch.full((B, OUT), 5e3)
    loader = make_loader(TimeMajorDataset(features(), labels), B)
    with pytest.warns(UserWarning, match="labels should be of the order of 1"):
        fit(network(), loader, 1, loss=MembraneLoss("last"))
    # A warning would raise
    fit(network("spikes"), loader, 1, loss=TemporalLoss())
    fit(network(), loader, 1, loss=FiringTimeLoss("hazard"))


# What is refused


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("run", [fit, evaluate])
@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        ((features(), CLASSES + 1), ValueError, "classes from 0 to 2, .* not 3"),
        ((features(), CLASSES[:4]), ValueError, r"each of B = 6 .*; not \[4\]"),
        ((features(), CLASSES.float()), ValueError, r"not torch.float32: .* \[B, 1\]"),
        ((features(), CLASSES > 0), ValueError, "whole numbers, not torch.bool"),
        ((features(), CLASSES[:, None]), ValueError, "floating-point, not torch.int64"),
        (
            (features(), torch.ones(B, 2)),
            ValueError,
            r"\[6, 3\], .* not torch.float32 \[6, 2\]",
        ),
        (
            (features(), torch.full((B, OUT), math.nan)),
            ValueError,
            r"labels must be finite, not nan at \[b, o\] = \[0, 0\]",
        ),
        (
            (features(), CLASSES, [1]),
            TypeError,
            "mask must be a torch.Tensor, not list",
        ),
        (
            (features(), CLASSES, torch.ones(T, B)),
            ValueError,
            r"torch.bool \[T, B\] = \[10, 6\], not torch.float32 \[10, 6\]",
        ),
        (
            (features(), CLASSES, torch.ones(B, T, dtype=torch.bool)),
            ValueError,
            r"not torch.bool \[6, 10\]",
        ),
        (
            (features(), CLASSES, torch.arange(B).expand(T, B) != 2),
            ValueError,
            "let a step of each sequence count, not none of sequence 2",
        ),
    ],
)
def test_bad_labels_and_masks_are_named(run, batch, error, message):
    with pytest.raises(error, match=message):
        run(network(), [batch])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("run", [fit, evaluate])
@pytest.mark.parametrize("loss", ["mse", None, 1.0, np.zeros(3), MembraneLoss])
def test_what_is_no_loss_is_named(run, loss):
    with pytest.raises(TypeError, match=r"such as losses.MembraneLoss\(\), not "):
        run(network(), make_loader(classes(), 3), loss=loss)


@pytest.mark.parametrize("run", [fit, evaluate])
def test_spikes_are_asked_for_by_name(run):
    with pytest.raises(ValueError, match=r'output must .* readout="spikes" do'):
        run(network(), make_loader(classes(), 3), loss=CountLoss())
