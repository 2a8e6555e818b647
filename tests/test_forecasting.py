"""A curve that makes itself, against other solutions, and models fed with their own."""

import numpy as np
import pytest
import torch

from spikereg import DelayedSpikes, forecasting
from spikereg.baselines import EchoState, Recurrent
from spikereg.forecasting import free_run, mackey_glass

#: Time from point to point.
STEP = 197 / 75


# The curve


def feedback(x):
    return 0.2 * x / (1 + x**10)


def test_up_to_the_delay_the_curve_is_an_exponential():
    """What comes back from the past is still constant, and the equation linear."""
    time = STEP * torch.arange(7, dtype=torch.float64)
    rest = feedback(1.2) / 0.1
    expected = rest + (1.2 - rest) * torch.exp(-0.1 * time)
    found = mackey_glass(7).flatten()
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=0)


def test_the_curve_is_that_of_heuns_method_with_a_step_the_delay_is_a_multiple_of():
    lag = 2000
    h, x = 17 / lag, [1.2] * (lag + 1)
    while len(x) < 60 * STEP / h + lag:
        now, before, after = x[-1], feedback(x[-1 - lag]), feedback(x[-lag])
        first = before - 0.1 * now
        second = after - 0.1 * (now + h * first)
        x.append(now + h / 2 * (first + second))
    expected = np.interp(STEP * np.arange(60), h * (np.arange(len(x)) - lag), x)
    found = mackey_glass(60).flatten().numpy()
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert np.ptp(expected) > 0.7


def test_a_start_leaves_points_out():
    curve = mackey_glass(50)
    assert curve.shape == (50, 1, 1)
    assert curve.dtype == torch.float64
    assert torch.equal(mackey_glass(20, start=30), curve[30:])
    assert mackey_glass(1).tolist() == [[[1.2]]]


def test_the_curve_stays_in_its_range_and_does_not_come_to_rest():
    curve = mackey_glass(500)
    assert 0.2 < curve.min() < 0.5
    assert 1.2 < curve.max() < 1.5
    late = curve[200:]
    assert late.std() > 0.2
    for period in range(1, 100):  # nor does it repeat itself
        assert (late[period:] - late[:-period]).abs().max() > 0.1


def test_a_small_difference_grows_and_nothing_moves_at_the_unstable_rest(monkeypatch):
    def begun_at(history):
        monkeypatch.setattr(forecasting, "HISTORY", history)
        forecasting._solution.cache_clear()
        return mackey_glass(40).flatten()

    before = mackey_glass(50)
    at_rest, beside = begun_at(1.0), begun_at(1.0 + 1e-6)
    monkeypatch.undo()
    forecasting._solution.cache_clear()
    torch.testing.assert_close(at_rest, torch.ones_like(at_rest), atol=1e-9, rtol=0)
    assert (beside - at_rest)[-10:].abs().max() > 1e-5
    assert torch.equal(mackey_glass(50), before)


@pytest.mark.usefixtures("global_rng_stays")
def test_the_curve_is_the_same_each_time_and_may_be_changed_by_its_owner():
    mackey_glass(20).zero_()
    assert (mackey_glass(20) > 0).all()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"points": 0}, "points must be .* at least 1, not 0"),
        ({"points": 2.0}, r"points must be .* not 2\.0"),
        ({"points": True}, "points must be .* not True"),
        ({"points": 5, "start": -1}, "start must be .* at least 0, not -1"),
        ({"points": 5, "start": 0.5}, r"start must be .* not 0\.5"),
    ],
)
def test_a_number_of_points_that_is_none_is_named_with_its_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        mackey_glass(**arguments)


# Going on


class Fibonacci:
    """Predicts the sum of this point and the one before, and keeps what it was fed."""

    def __init__(self):
        self.fed = []

    def advance(self, feature, state):
        self.fed.append(feature)
        before = torch.zeros_like(feature) if state is None else state
        return feature + before, feature


def test_known_points_are_fed_and_then_predictions():
    model = Fibonacci()
    known = torch.tensor([[1.0, 2.0], [1.0, 5.0]])[..., None]
    found = free_run(model, known, 4)
    expected = torch.tensor([[2.0, 7.0], [3.0, 12.0], [5.0, 19.0], [8.0, 31.0]])
    assert torch.equal(found, expected[..., None])
    assert torch.equal(torch.stack(model.fed), torch.cat([known, found[:-1]]))


def test_one_known_point_and_one_step_are_enough():
    found = free_run(Fibonacci(), torch.full((1, 3, 2), 4.0), 1)
    assert torch.equal(found, torch.full((1, 3, 2), 4.0))


def test_more_steps_go_on_with_the_same_points():
    model = EchoState(20, seed=0)
    known = torch.rand(9, 2, 1, generator=torch.Generator().manual_seed(0))
    long = free_run(model, known, 8)
    assert torch.equal(free_run(model, known, 3), long[:3])
    torch.testing.assert_close(
        free_run(model, torch.cat([known, long[:3]]), 5), long[3:]
    )


def solved_spikes(delays=4):
    generator = torch.Generator().manual_seed(3)
    model = DelayedSpikes(20, delays=delays, degree=3)
    x = torch.rand(30, 4, 1, generator=generator)
    model.solve([(x[:-1], x[1:])])
    return model


STEPPING = {
    "lstm": (lambda: Recurrent("lstm", 6, 2, 3, seed=0), 2),
    "gru": (lambda: Recurrent("gru", 6, 2, 3, seed=0), 2),
    "echo state": (lambda: EchoState(12, 2, 3, seed=0), 2),
    "delayed spikes": (solved_spikes, 1),
    "delayed spikes, one delay": (lambda: solved_spikes(1), 1),
}


@pytest.mark.parametrize("name", STEPPING)
def test_step_by_step_a_model_predicts_what_it_predicts_at_once(name):
    make, width = STEPPING[name]
    model, state, steps = make().double(), None, []
    generator = torch.Generator().manual_seed(1)
    features = torch.rand(15, 3, width, generator=generator, dtype=torch.float64)
    for feature in features:
        prediction, state = model.advance(feature, state)
        steps.append(prediction)
    torch.testing.assert_close(torch.stack(steps), model(features))
    assert len(torch.stack(steps).unique()) > 15


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_no_gradients_are_kept_and_the_dtype_stays(kind):
    model = Recurrent(kind, 6, seed=0).double()
    known = torch.rand(5, 2, 1, dtype=torch.float64)
    found = free_run(model, known, 4)
    assert not found.requires_grad
    assert found.dtype == torch.float64
    assert model(known).requires_grad


def test_a_model_that_is_right_about_the_next_point_is_right_about_all():
    """A sine solves x[t + 1] = 2 cos(w) x[t] - x[t - 1]: two delays, both linear."""

    class Sine:
        def advance(self, feature, state):
            before = torch.zeros_like(feature) if state is None else state
            return 2 * np.cos(0.3) * feature - before, feature

    curve = torch.sin(0.3 * torch.arange(60, dtype=torch.float64))[:, None, None]
    torch.testing.assert_close(free_run(Sine(), curve[:20], 40), curve[20:])


# Errors


@pytest.mark.usefixtures("unchecked")
def test_what_is_no_curve_or_no_forecaster_is_named():
    with pytest.raises(TypeError, match=r"known must be a torch\.Tensor, not list"):
        free_run(Fibonacci(), [[[1.0]]], 3)
    with pytest.raises(TypeError, match=r"advance\(.*which Linear has not"):
        free_run(torch.nn.Linear(1, 1), torch.ones(3, 1, 1), 3)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("shape", [(), (5,), (5, 1), (0, 2, 1), (5, 1, 1, 1)])
def test_a_curve_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=rf"filled \[T, B, F\], not \{list(shape)}"):
        free_run(Fibonacci(), torch.ones(shape), 3)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("steps", [0, -2, 1.5, True])
def test_a_number_of_steps_that_is_none_is_named_and_nothing_is_fed(steps):
    model = Fibonacci()
    with pytest.raises(ValueError, match=f"steps must be .* not {steps!r}"):
        free_run(model, torch.ones(3, 1, 1), steps)
    assert not model.fed
