"""The random recurrent layer and its readout, against NumPy."""

import math

import numpy as np
import pytest
import torch

from spikereg import _least_squares
from spikereg.baselines import EchoState


def sequences(steps=30, batch=3, features=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(steps, batch, features, generator=generator, dtype=torch.float64)
    return 2 * x - 1


def made(units=8, num_inputs=2, num_outputs=3, **options):
    return EchoState(units, num_inputs, num_outputs, **{"seed": 0} | options).double()


def arrays(model):
    return {name: p.detach().numpy() for name, p in model.named_parameters()}


def states_by_hand(model, features, leak):
    """Say what the readout is given at every step, ``[T, B, units + F]``."""
    p, states = arrays(model), []
    r = np.zeros((features.shape[1], len(p["fc_hidden.weight"])))
    for x in features.numpy():
        current = r @ p["fc_hidden.weight"].T + x @ p["fc_in.weight"].T
        r = (1 - leak) * r + leak * np.tanh(current + p["fc_in.bias"])
        states.append(np.concatenate([r, x], axis=1))
    return np.stack(states)


def labels_of(x):
    late = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
    return torch.cat([x[..., :1] * late[..., 1:], late], dim=2)


@pytest.mark.parametrize("leak", [0.3, 1.0])
def test_the_prediction_is_that_of_the_equations(leak):
    model, x = made(leak=leak), sequences()
    p = arrays(model)
    expected = states_by_hand(model, x, leak) @ p["fc_out.weight"].T + p["fc_out.bias"]
    np.testing.assert_allclose(model(x).detach(), expected, atol=1e-12)
    assert expected.shape == (30, 3, 3)


@pytest.mark.parametrize("radius", [0.4, 1.1])
@pytest.mark.parametrize("units", [1, 2, 40])
def test_the_spectral_radius_is_as_asked(radius, units):
    model = EchoState(units, radius=radius, seed=1)
    weights = arrays(model)["fc_hidden.weight"]
    largest = np.abs(np.linalg.eigvals(weights)).max()
    assert largest == pytest.approx(radius, rel=1e-4)


def test_weights_are_normal_and_offsets_uniform():
    model = EchoState(800, 3, scale=0.25, seed=0)
    into, recurrent = model.fc_in.weight, model.fc_hidden.weight
    assert into.mean().item() == pytest.approx(0, abs=0.02)
    assert into.std().item() == pytest.approx(0.25, rel=0.05)
    # The eigenvalues of normal weights fill a disk of radius sqrt(units) * deviation.
    assert recurrent.std().item() * math.sqrt(800) == pytest.approx(0.9, rel=0.05)
    for weights in (into, recurrent):
        kurtosis = (weights / weights.std()).pow(4).mean().item()
        assert kurtosis == pytest.approx(3, rel=0.1)
    bias = model.fc_in.bias
    assert 0.98 < bias.abs().max() <= 1
    assert bias.std().item() == pytest.approx(1 / math.sqrt(3), rel=0.05)


def test_below_a_radius_of_1_it_forgets_where_it_began():
    model = made(30, radius=0.7, leak=1.0)
    x, state = sequences(60), torch.ones(3, 30, dtype=torch.float64)
    found = []
    for feature in x:
        prediction, state = model.advance(feature, state)
        found.append(prediction)
    gap = (torch.stack(found) - model(x)).abs().amax(dim=(1, 2))
    assert gap[0] > 1e-2
    assert gap[-1] < 1e-6


def test_a_prediction_does_not_depend_on_the_future_but_on_the_past():
    model, x = made(), sequences()
    other = x.clone()
    other[7] += 1
    same = (model(other) == model(x)).all(dim=2).all(dim=1)
    assert same[:7].all()
    assert not same[7:17].any()


# The readout


@pytest.mark.parametrize("washout", [0, 5])
@pytest.mark.parametrize("ridge", [1e-8, 1e-2])
def test_solve_finds_the_ridge_solution_whatever_the_batches(ridge, washout):
    x = sequences(batch=8)
    y, model = labels_of(x), made(ridge=ridge)
    rows = states_by_hand(model, x, 0.5)[washout:].reshape(-1, 10)
    # An independent solution: least squares with the penalty as further rows
    strength = np.sqrt(ridge * np.square(rows).sum(axis=0).mean())
    with_ones = np.column_stack([rows, np.ones(len(rows))])
    penalized = np.vstack([with_ones, strength * np.eye(10, 11)])
    answers = np.vstack([y[washout:].reshape(-1, 3), np.zeros((10, 3))])
    solution, *_ = np.linalg.lstsq(penalized, answers, rcond=None)
    model.solve(iter([(x[:, :3], y[:, :3]), (x[:, 3:], y[:, 3:])]), washout)
    found = arrays(model)
    np.testing.assert_allclose(found["fc_out.weight"], solution[:-1].T, atol=1e-5)
    np.testing.assert_allclose(found["fc_out.bias"], solution[-1], atol=1e-5)


def test_steps_of_the_washout_do_not_count_and_the_next_one_does():
    x, results = sequences(), []
    for spoilt in (0, 4, 5):
        y, model = labels_of(x), made()
        y[:spoilt] = 100.0
        model.solve([(x, y)], washout=4)
        results.append(model.fc_out.weight)
    assert torch.equal(results[0], results[1])
    assert not torch.allclose(results[0], results[2], atol=1e-3)


def test_more_units_know_more_of_a_product_of_the_past():
    train, test, left = sequences(batch=20), sequences(batch=20, seed=1), []
    for units in (2, 20, 150):
        model = made(units)
        model.solve([(train, labels_of(train))])
        error = model(test) - labels_of(test)
        left.append((error.norm() / labels_of(test).norm()).item())
    assert left[0] > 1.2 * left[1] > 1.8 * left[2]


def test_nothing_but_the_readout_is_learned():
    model = made()
    learned = [name for name, p in model.named_parameters() if p.requires_grad]
    assert learned == ["fc_out.weight", "fc_out.bias"]
    before = {name: p.clone() for name, p in model.named_parameters()}
    model.solve([(sequences(), labels_of(sequences()))])
    after = dict(model.named_parameters())
    assert [n for n in before if not torch.equal(before[n], after[n])] == learned


@pytest.mark.usefixtures("global_rng_stays")
def test_a_seed_reproduces_it_and_the_world_is_not_moved():
    def drawn(seed):
        return list(EchoState(5, seed=seed).parameters())

    assert all(map(torch.equal, drawn(1), drawn(1)))
    assert not any(map(torch.equal, drawn(1), drawn(2)))
    assert not any(map(torch.equal, drawn(None), drawn(None)))


# Errors


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "units must be .* not 0"),
        ({"num_inputs": 1.5}, r"num_inputs must be .* not 1\.5"),
        ({"num_outputs": True}, "num_outputs must be .* not True"),
        ({"radius": 0.0}, r"radius must be a positive .* not 0\.0"),
        ({"radius": math.inf}, "radius must be a positive .* not inf"),
        ({"scale": -1.0}, r"scale must be a positive .* not -1\.0"),
        ({"ridge": math.nan}, "ridge must be a positive .* not nan"),
        ({"leak": 0.0}, r"leak must be a positive .* not 0\.0"),
        ({"leak": 1.25}, r"leak must be at most 1, not 1\.25"),
        ({"seed": -1}, "seed must be .* not -1"),
    ],
)
def test_bad_arguments_are_named_with_what_was_passed(arguments, message):
    with pytest.raises(ValueError, match=message):
        EchoState(**{"units": 4} | arguments)


@pytest.fixture
def unchanged():
    """Serve a layer, and fail if the test changes it."""
    model = made()
    before = {name: p.clone() for name, p in model.named_parameters()}
    yield model
    for name, values in model.named_parameters():
        assert torch.equal(values, before[name])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("washout", "message"),
    [
        (-1, "washout must be .* at least 0, not -1"),
        (2.0, r"washout must be .* not 2\.0"),
        (True, "washout must be .* not True"),
        (30, "washout must be less than the 30 steps of a sequence, not 30"),
    ],
)
def test_a_washout_that_is_none_or_leaves_nothing_is_named(unchanged, washout, message):
    x = sequences()
    with pytest.raises(ValueError, match=message):
        unchanged.solve([(x, labels_of(x))], washout)


@pytest.mark.usefixtures("unchecked")
def test_batches_that_do_not_fit_are_refused(unchanged):
    x = sequences()
    with pytest.raises(ValueError, match="at least one batch"):
        unchanged.solve([])
    with pytest.raises(ValueError, match=r"labels must have the shape \[30, 3, 3\]"):
        unchanged.solve([(x, x)])
    with pytest.raises(ValueError, match=r"features must be torch\.float64"):
        unchanged.solve([(x.float(), labels_of(x))])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("shape", [(12, 3, 1), (12, 2), (12,)])
def test_features_of_another_shape_are_refused(shape):
    message = rf"\[T, B, F\] with F = 2, not \{list(shape)}"
    with pytest.raises(ValueError, match=message):
        made()(torch.rand(shape))


def test_a_readout_tells_apart_what_squares_would_not():
    # Two inputs that differ in the ninth digit, of which the label is the difference
    generator = torch.Generator().manual_seed(0)
    x, z = torch.randn(2, 50, 4, 1, generator=generator, dtype=torch.float64)
    inputs = torch.cat([x, x + 1e-9 * z], dim=2)
    errors = []
    for solve in (_least_squares.solve_readout, _least_squares.solve_precisely):
        readout = torch.nn.Linear(2, 1).double()
        solve(readout, [(inputs[:20], z[:20]), (inputs[20:], z[20:])], 1e-22)
        errors.append(((readout(inputs) - z).norm() / z.norm()).item())
    assert errors[0] > 0.5
    assert errors[1] < 1e-3


@pytest.mark.parametrize("ridge", [1e-8, 1e-2])
def test_both_ways_to_solve_a_readout_agree_where_both_can(ridge):
    x = sequences(steps=40, features=5)
    pairs = [(x[:25], labels_of(x)[:25]), (x[25:], labels_of(x)[25:])]
    found = []
    for solve in (_least_squares.solve_readout, _least_squares.solve_precisely):
        readout = torch.nn.Linear(5, 9).double()
        solve(readout, pairs, ridge)
        found.append(torch.cat([readout.weight, readout.bias[:, None]], dim=1))
    torch.testing.assert_close(found[0], found[1], rtol=1e-6, atol=1e-9)
