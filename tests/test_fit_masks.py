"""Trainings on sequences of which only some steps count."""

import math

import pytest
import torch
from test_fit_losses import (
    CLASSES,
    B,
    T,
    classes,
    drawn_mask,
    features,
    fit,
    labels_of_curves,
    network,
)

from spikereg import TimeMajorDataset, evaluate, make_loader
from spikereg.losses import CURVES, MembraneLoss


def sequences(lengths, with_curves):
    whole, labels = features(), labels_of_curves()
    return [
        (whole[:n, b], labels[:n, b] if with_curves else int(CLASSES[b]))
        for b, n in enumerate(lengths)
    ]


@pytest.mark.parametrize("with_curves", [True, False])
@pytest.mark.parametrize("penalty", [0.0, 0.5])
def test_padded_sequences_are_learned_from_as_they_are_alone(with_curves, penalty):
    lengths = [10, 4, 7, 1, 10, 6]
    pairs = sequences(lengths, with_curves)
    loss = CURVES if with_curves else MembraneLoss("mean")
    padded, alone = network(), network()
    loader = make_loader(TimeMajorDataset.padded(pairs), B)
    history = fit(padded, loader, epochs=1, loss=loss, spike_penalty=penalty)

    errors, rates = [], []
    for x, y in pairs:
        trace = alone.trace(x[:, None])
        label = y[:, None] if with_curves else torch.tensor([y])
        weight = len(x) if with_curves else 1
        errors += [loss(trace.prediction, label)] * weight
        rates += [torch.cat([s.flatten() for s in trace.spikes.values()])]
    error = torch.stack(errors).mean()
    (error + penalty * torch.cat(rates).mean()).backward()
    assert history.loss[0] == pytest.approx(error.item(), rel=1e-5)
    for p, q in zip(padded.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-4, atol=1e-6)

    report = evaluate(network(), loader, loss=loss)
    assert report.loss == pytest.approx(error.item(), rel=1e-5)
    assert report.spike_rate == pytest.approx(torch.cat(rates).mean().item())


@pytest.mark.parametrize("batch_size", [1, 2, 6])
def test_masked_batches_of_any_size_are_evaluated_alike(batch_size):
    data = TimeMajorDataset.padded(sequences([10, 4, 7, 1, 10, 6], with_curves=True))
    report = evaluate(network(), make_loader(data, batch_size))
    expected = evaluate(network(), make_loader(data, B))
    assert report.spike_rate == pytest.approx(expected.spike_rate)
    assert report.mse == pytest.approx(expected.mse)
    assert report.relative_error == pytest.approx(expected.relative_error)


def test_the_loss_of_an_epoch_weighs_all_steps_that_count_alike():
    data = TimeMajorDataset.padded(sequences([10, 4, 7, 1, 10, 6], with_curves=True))
    history = fit(network(), make_loader(data, 2), epochs=1, lr=1e-12)
    report = evaluate(network(), make_loader(data, B))
    assert history.loss[0] == pytest.approx(report.mse, rel=1e-5)


def test_a_window_at_the_end_is_no_padding():
    mask = (torch.arange(T) >= 7)[:, None].expand(T, B)
    windowed = TimeMajorDataset(features(), CLASSES, mask)
    report = evaluate(network(), make_loader(windowed, B), loss=MembraneLoss("mean"))
    whole = evaluate(network(), make_loader(classes(), B), loss=MembraneLoss("mean"))
    assert report.spike_rate == whole.spike_rate
    assert report.loss != whole.loss


def test_a_label_that_does_not_count_may_be_missing():
    mask, labels = drawn_mask(), labels_of_curves()
    zeros = labels.masked_fill(~mask[..., None], 0)
    missing = labels.masked_fill(~mask[..., None], math.nan)
    reports = []
    for each_labels in (zeros, missing):
        model = network()
        loader = make_loader(TimeMajorDataset(features(), each_labels, mask), 4)
        fit(model, loader, epochs=2)
        reports.append(evaluate(model, loader).mse)
    assert reports[0] == reports[1]
    assert math.isfinite(reports[0])
