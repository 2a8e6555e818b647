import math

import pytest
import torch
from small import line, network, ragged
from torch import nn

from spikereg import RegressionDataset, evaluate, make_loader, metrics
from spikereg.evaluation import Report


class Flat(nn.Module):
    """Predict zero, with spikes in layers of different width."""

    def trace(self, features):
        first, second = (
            torch.zeros(*features.shape[:2], width).index_fill_(2, torch.tensor(0), 1)
            for width in (1, 4)
        )
        trace = type("Trace", (), {})()
        trace.prediction = torch.zeros_like(features)
        trace.spikes = {"first": first, "second": second}
        return trace


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7])
def test_errors_are_those_of_all_batches_put_together(batch_size):
    model, data = network(), RegressionDataset(12, 7, seed=0)
    report = evaluate(model, make_loader(data, batch_size))
    with torch.no_grad():
        trace = model.trace(data.features)
    pair = trace.prediction.double(), data.labels.double()
    spikes = torch.cat(list(trace.spikes.values()))
    expected = Report(
        l1=metrics.l1(*pair).item(),
        mse=metrics.mse(*pair).item(),
        relative_error=metrics.relative_error(*pair).item(),
        pointwise_relative_error=metrics.pointwise_relative_error(*pair).item(),
        spike_rate=spikes.mean().item(),
        loss=metrics.mse(*pair).item(),
    )
    assert report.accuracy is None
    assert list(vars(report).values())[:-1] == pytest.approx(
        list(vars(expected).values())[:-1], rel=1e-5
    )
    assert 0 < report.spike_rate < 1


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_the_spike_rate_counts_every_neuron_once(batch_size):
    assert evaluate(Flat(), ragged(5, batch_size)).spike_rate == pytest.approx(2 / 5)


def test_a_model_without_spikes_has_errors_and_no_spike_rate():
    report = evaluate(line(), ragged())
    assert report.spike_rate is None
    assert report.mse > 0


def test_a_model_without_parameters_can_be_evaluated():
    data = RegressionDataset(12, 3, mode="linear", seed=0)
    report = evaluate(nn.Identity(), make_loader(data, 2))
    assert report == Report(0.0, 0.0, 0.0, 0.0, None, 0.0)


@pytest.mark.parametrize("training", [True, False])
def test_a_model_is_evaluated_in_evaluation_mode_and_given_back_in_its_own(training):
    class Checks(nn.Linear):
        def forward(self, features):
            assert not self.training
            assert not torch.is_grad_enabled()
            return super().forward(features)

    model = Checks(1, 1).train(training)
    evaluate(model, ragged())
    assert model.training is training
    with pytest.raises(ValueError, match="labels must be finite"):
        evaluate(model, [(torch.ones(2, 1, 1), torch.full((2, 1, 1), math.nan))])
    assert model.training is training


def test_each_part_of_a_model_gets_its_own_mode_back():
    model = nn.Sequential(line(), nn.Dropout()).train()
    model[1].eval()
    evaluate(model, ragged())
    assert [part.training for part in model] == [True, False]


@pytest.mark.usefixtures("unchecked")
def test_shapes_that_cancel_over_the_batches_are_no_match():
    class Swapped(nn.Module):
        def forward(self, features):
            return torch.zeros(12, 7 - features.shape[1], 1)

    batches = [(torch.ones(12, n, 1),) * 2 for n in (3, 4)]
    with pytest.raises(ValueError, match="shape"):
        evaluate(Swapped(), batches)


def test_one_time_step_has_no_pointwise_error_to_report():
    with pytest.raises(ValueError, match="at least 2 time steps"):
        evaluate(nn.Identity(), [(torch.ones(1, 3, 1),) * 2])
