"""The stored tables of chapter 9: settings are the best that were tried, rows are made
again.
"""

from collections import defaultdict
from statistics import mean

import pytest
from accuracy.forecasts import CHOSEN, GRID, LSTM_NOISE, LSTM_RATE, named
from accuracy.measure import measure
from accuracy.memories import KINDS, SETTINGS
from accuracy.methods import HYSTERESIS, RATES
from accuracy.tables.memory import RATES as GIVEN
from accuracy.tables.memory import STEEPNESS

from spikereg.memory import TASKS
from spikereg.results import stored

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

each_task = pytest.mark.parametrize("task", TASKS)


def of(name, method, task):
    return [r for r in stored(name) if (r.trial.method, r.trial.task) == (method, task)]


@pytest.mark.parametrize("kind", KINDS)
@each_task
def test_settings_are_those_of_the_smallest_validation_error(kind, task):
    errors = {
        (r.trial.lr, r.trial.steepness): r.median()
        for r in of("memory-choice", kind, task)
    }
    assert len(errors) == len(GIVEN) * len(STEEPNESS)
    assert errors[SETTINGS[kind][task]] == min(errors.values())


@pytest.mark.parametrize("method", HYSTERESIS)
def test_rates_for_the_hysteresis_are_those_of_the_smallest_error(method):
    errors = {r.trial.lr: r.median() for r in of("memory-choice", method, "hysteresis")}
    assert len(errors) > len(GIVEN)
    assert errors[RATES[method]["hysteresis"]] == min(errors.values())


@pytest.mark.parametrize("method", CHOSEN)
def test_settings_of_a_forecast_are_those_of_the_smallest_mean_error(method):
    errors = {
        r.trial.method: mean(r.values["smape"])
        for r in stored("forecast-choice")
        if r.trial.method.startswith(method)
    }
    assert len(errors) == len(GRID[method])
    assert errors[named(method, CHOSEN[method])] == min(errors.values())


def test_the_forecasting_lstm_has_the_best_rate_and_noise():
    errors = defaultdict(float)
    for r in of("forecast-choice", "lstm", "mackey-glass"):
        errors[r.trial.lr, r.trial.trained_noise] = mean(r.values["smape"])
    assert errors[LSTM_RATE, LSTM_NOISE] == min(errors.values())
    (kept,) = of("forecast", "lstm", "mackey-glass")
    assert kept.trial.trained_noise == LSTM_NOISE


def test_networks_learn_as_many_numbers():
    for r in stored("memory"):
        if r.trial.method in (*KINDS, "lstm"):
            assert r.parameters == pytest.approx(17154, rel=0.05)


@pytest.mark.parametrize("method", ["spiking filter, least squares", "tap filter"])
@each_task
def test_a_solved_row_is_made_again(method, task):
    (kept,) = of("memory", method, task)
    again = measure(kept.trial, (0,))
    assert again.parameters == kept.parameters
    assert again.median() == pytest.approx(
        kept.values["relative_error"][0], rel=0.02, abs=1e-5
    )


def test_a_trained_row_is_made_again():
    (kept,) = of("memory", "spiking filter", "mean")
    again = measure(kept.trial, (0,))
    assert again.median() == pytest.approx(kept.values["relative_error"][0], rel=0.2)


def test_the_row_of_a_network_is_made_again():
    kept = next(
        r
        for r in of("memory-choice", "adaptive", "mean")
        if (r.trial.lr, r.trial.steepness) == SETTINGS["adaptive"]["mean"]
    )
    again = measure(kept.trial, (0,), "validation")
    # The last bits of products differ between machines, and trainings go other ways.
    assert again.median() == pytest.approx(kept.median(), rel=0.5)


@pytest.mark.parametrize(
    ("method", "hidden"), [("mean", 128), ("replay", 128), ("delayed spikes", 128)]
)
def test_a_forecast_is_made_again(method, hidden):
    (kept,) = (
        r for r in of("forecast", method, "mackey-glass") if r.trial.hidden == hidden
    )
    again = measure(kept.trial, (0, 1))
    assert again.values["smape"] == pytest.approx(kept.values["smape"][:2], abs=0.5)
