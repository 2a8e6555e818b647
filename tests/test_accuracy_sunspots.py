"""The forecasts of sunspots of chapter 12: what each method knows, and how it is
tested.
"""

import math

import numpy as np
import pytest
import torch
from accuracy import forecasters, sunspots
from accuracy.datasets import datasets
from accuracy.measure import run
from accuracy.methods import known
from accuracy.setup import Setup
from accuracy.sunspots import BLOCKS, EARLIER, HORIZONS, METHODS, TASKS, named
from statsmodels.datasets import sunspots as table
from torch import nn

from spikereg.results import Trial

# Trainings of one epoch may.
pytestmark = pytest.mark.filterwarnings("ignore:training ended worse")

NUMBERS = dict(table.load_pandas().data.to_numpy().tolist())
each_horizon = pytest.mark.parametrize("horizon", HORIZONS)


def model_of(method, task, seed=0):
    trial = Trial(method, task, 32, 44, 1, lr=0.01)
    return known(trial)(Setup(trial, (), seed)).eval()


def forecasts(model, task, part="test"):
    """Return the years, and what was said of each."""
    frame, data = sunspots.frame(task), sunspots.data(task, part)
    with torch.no_grad():
        said = model(data.features)[data.mask][:, 0]
    years = frame.table.time[frame.rows[part]].astype(int)
    return years.tolist(), said.double().numpy()


def numbers(years):
    return np.array([NUMBERS[year] for year in years])


# The data


@pytest.mark.parametrize("task", TASKS)
def test_no_year_of_a_stretch_is_known_before_it_is_tested(task):
    block, _, ahead = task.removeprefix("sunspots ").partition(", ")
    first, horizon = int(block), int(ahead[:1] or 1)
    frame = sunspots.frame(task)
    years = {part: frame.table.time[rows] for part, rows in frame.rows.items()}
    assert sorted(years["test"]) == list(range(first, first + 20))
    assert sorted(years["validation"]) == list(range(first - 44, first))
    assert sorted(years["train"]) == list(range(1733 + horizon, first - 44))
    assert frame.table.time.max() == first + 19
    seen = [NUMBERS[year] for year in range(1700, first - 44 - horizon)]
    assert frame.columns.inputs.mean.item() == pytest.approx(np.mean(seen))


def test_settings_are_chosen_before_the_first_year_of_the_test():
    assert max(EARLIER) + sunspots.TEST == min(BLOCKS)
    assert max(BLOCKS) + sunspots.TEST == max(NUMBERS) + 1


@each_horizon
def test_labels_are_numbers_of_sunspots(horizon):
    trial = Trial("last", named(1909, horizon))
    for part, data in zip(("train", "test"), datasets(trial, 0), strict=True):
        rows = sunspots.frame(trial.task).rows[part]
        expected = sunspots.frame(trial.task).table.outputs[rows, 0]
        np.testing.assert_allclose(data.labels[data.mask][:, 0], expected, atol=1e-4)


# Methods


@each_horizon
@pytest.mark.parametrize(("method", "before"), [("last", None), ("season", 11)])
def test_an_earlier_year_is_the_answer(method, before, horizon):
    task = named(1949, horizon)
    years, said = forecasts(model_of(method, task), task)
    expected = numbers(year - (before or horizon) for year in years)
    np.testing.assert_allclose(said, expected, atol=1e-4)


def test_the_mean_is_that_of_the_answers_to_train_on():
    _, said = forecasts(model_of("mean", "sunspots 1909"), "sunspots 1909")
    expected = numbers(range(1734, 1865)).mean()
    np.testing.assert_allclose(said, expected, rtol=1e-5)


@each_horizon
@pytest.mark.parametrize("order", [2, 9])
def test_an_autoregression_is_a_least_squares_fit_that_goes_on(order, horizon):
    task = named(1929, horizon)
    years, said = forecasts(model_of(f"ar {order}", task), task)
    trained = range(1734, 1929 - 44)
    lags = np.stack([[1, *numbers(range(y - order, y))[::-1]] for y in trained])
    weights, *_ = np.linalg.lstsq(lags, numbers(trained), rcond=None)
    for year, answer in zip(years, said, strict=True):
        series = list(numbers(range(1700, year - horizon + 1)))
        for _ in range(horizon):
            series.append(weights @ [1, *series[: -order - 1 : -1]])
        assert answer == pytest.approx(series[-1], abs=2e-3)


def test_a_linear_fit_to_the_numbers_is_the_autoregression_one_year_ahead():
    task = "sunspots 1989"
    _, direct = forecasts(model_of("linear, current", task), task)
    _, stepped = forecasts(model_of("ar 9", task), task)
    np.testing.assert_allclose(direct, stepped, atol=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_no_method_sees_a_later_year(method):
    model = model_of(method, "sunspots 1909, 5 years")
    features = sunspots.data("sunspots 1909, 5 years", "test").features[:, :1]
    changed = features.clone()
    changed[30:] += 1.0
    with torch.no_grad():
        first, other = model(features), model(changed)
    assert torch.equal(first[:30], other[:30])
    assert torch.equal(first, other) is (method == "mean")


@pytest.mark.parametrize("method", ["lstm", "spiking, current", "spiking, rate 10"])
def test_a_network_runs_and_a_seed_repeats_it(method):
    trial = Trial(method, "sunspots 1869", hidden=8, timesteps=44, epochs=2, lr=0.01)
    first = run(trial, 0)
    assert first.report == run(trial, 0).report
    assert first.report != run(trial, 1).report
    assert (first.report.spike_rate is None) is (method == "lstm")
    assert first.rmse == pytest.approx(math.sqrt(first.report.mse))


# Codes


def code_of(name, argument):
    return forecasters.Code(name, argument, sunspots.frame("sunspots 1909"), seed=3)


def test_levels_are_read_back_to_half_a_step():
    code = code_of("levels", 40).eval()
    data = sunspots.data("sunspots 1909", "train")
    features = data.features.clamp(code.low, code.high)
    error = code.read(code(features)) - features
    assert error.abs().max() <= 0.501 * (code.high - code.low) / 40


def test_random_spikes_are_drawn_anew_in_training_only():
    code = code_of("rate", 10)
    features = sunspots.data("sunspots 1909", "train").features
    assert not torch.equal(code(features), code(features))
    code.eval()
    assert torch.equal(code(features), code(features))


@pytest.mark.parametrize("name", ["rate", "levels", "delta"])
def test_what_a_network_is_told_is_0_or_1(name):
    spikes = code_of(name, 0.1 if name == "delta" else 10)(
        sunspots.data("sunspots 1909", "test").features
    )
    assert set(spikes.unique().tolist()) == {0.0, 1.0}


# The interval


class Far(nn.Module):
    """Answers so far beside the last value."""

    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, features):
        scaler = sunspots.frame("sunspots 1969").columns.inputs
        return (scaler.inverse(features) + self.by).float()


@pytest.mark.parametrize("by", [0.0, 30.0])
def test_an_interval_is_as_wide_as_a_rank_of_the_last_residuals(by):
    found = sunspots.scores(Far(by), "sunspots 1969")
    kept, tested = (
        np.abs(numbers(y - 1 for y in years) + by - numbers(years))
        for years in (range(1947, 1969), range(1969, 1989))
    )
    reach = np.sort(kept)[math.ceil(23 * 0.9) - 1]
    assert found["width"] == pytest.approx(2 * reach, rel=1e-4)
    assert found["coverage"] == pytest.approx((tested <= reach).mean())
    assert found["rmse"] == pytest.approx(np.sqrt((tested**2).mean()), rel=1e-4)


def test_the_years_that_stop_a_training_do_not_make_its_interval(monkeypatch):
    served = []
    monkeypatch.setattr(
        sunspots, "fit", lambda *_, validation, **__: served.extend(validation)
    )
    model_of("lstm", "sunspots 1909")
    ((features, _, mask),) = served
    data = sunspots.frame("sunspots 1909").validation
    assert torch.equal(features, data.features[:, :2])
    assert mask.sum() == 22
