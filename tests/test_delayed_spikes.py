"""Neurons without memory, and ways of several lengths, against all of it by hand."""

import copy
import math
import pickle

import numpy as np
import pytest
import torch

from spikereg import DelayedSpikes


def noise(steps=30, batch=8, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(steps, batch, 1, generator=generator, dtype=dtype) - 1


def next_point(x):
    return x[:-1], x[1:]


def additive(x):
    """Sum smooth functions of two values, late by 0 and by 2 steps."""
    late = torch.cat([torch.zeros_like(x[:2]), x[:-2]])
    return x.square() + torch.sin(3 * late)


def product(x):
    """Multiply them instead."""
    late = torch.cat([torch.zeros_like(x[:2]), x[:-2]])
    return x * late


def solved(hidden=12, delays=3, degree=4, task=additive, x=None, **options):
    x = noise() if x is None else x
    model = DelayedSpikes(hidden, delays, degree, **options).to(x.dtype)
    model.solve([(x, task(x))])
    return model


def drawn(hidden=6, delays=3, degree=4):
    """Make one with levels from data, and any coefficients."""
    model = solved(hidden, delays, degree)
    generator = torch.Generator().manual_seed(0)
    for values in model.fc_out.parameters():
        torch.nn.init.normal_(values, generator=generator)
    return model


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def changed(before, model):
    after = model.state_dict()
    return {name for name in before if not torch.equal(before[name], after[name])}


def rows_of(model, x, delays, degree):
    """Say what the readout is given, and 1, without the steps that are left out."""
    hidden = len(model.levels())
    spikes = (x > model.levels()).double().numpy()
    across = np.arccos(np.linspace(-1, 1, hidden))
    table = np.stack([np.cos(j * across) for j in range(degree)], axis=1) / hidden
    steps = len(x)
    late = [spikes[delays - 1 - k : steps - k] @ table for k in range(delays)]
    rows = np.concatenate([*late, np.ones_like(late[0][..., :1])], axis=-1)
    return rows.reshape(-1, delays * degree + 1)


# The equation


def test_before_anything_is_solved_it_predicts_zeros():
    model = DelayedSpikes(5, delays=2, degree=3)
    assert not model(noise(dtype=torch.float32)).any()
    assert not model.spikes(noise(dtype=torch.float32)).any()
    assert not model.weights().any()


def test_neurons_fire_above_their_levels_which_are_evenly_spread_beyond_the_data():
    x = noise() ** 3 + 5
    model = solved(9, x=x)
    low, high = x.min().item(), x.max().item()
    margin = 0.02 * (high - low)
    expected = torch.linspace(low - margin, high + margin, 9, dtype=torch.float64)
    torch.testing.assert_close(model.levels(), expected, atol=1e-9, rtol=0)
    assert torch.equal(model.spikes(x), (x > model.levels()).double())
    count = model.spikes(x).sum(dim=2)
    assert count.min() == 1  # never none, never all of them
    assert count.max() == 8


def test_a_neuron_that_has_fired_fires_again():
    model = solved()
    up = torch.full((6, 1, 1), model.levels()[3].item() + 1e-6, dtype=torch.float64)
    assert model.spikes(up).sum(dim=2).flatten().tolist() == [4] * 6


@pytest.mark.parametrize(("delays", "degree"), [(1, 1), (1, 4), (3, 1), (3, 4)])
def test_the_prediction_is_the_sum_of_late_spikes(delays, degree):
    model, x = drawn(6, delays, degree), noise(9, 2, seed=1)
    spikes, weights = (x > model.levels()).double(), model.weights()
    assert weights.shape == (delays, 6)
    expected = torch.zeros(9, 2, 1).double() + model.fc_out.bias.detach()
    for t in range(9):
        for k in range(min(delays, t + 1)):
            for i in range(6):
                expected[t, :, 0] += weights[k, i] * spikes[t - k, :, i]
    torch.testing.assert_close(model(x).detach(), expected)


def test_the_weights_are_chebyshevs_polynomials_of_the_level():
    model = drawn(7, 2, 4)
    a = model.fc_out.weight.detach().reshape(2, 4)
    low, *_, high = model.levels().tolist()
    for k in range(2):
        for i, level in enumerate(model.levels().tolist()):
            angle = math.acos(max(-1, min(1, 2 * (level - low) / (high - low) - 1)))
            terms = [a[k, j].item() * math.cos(j * angle) for j in range(4)]
            by_hand = sum(terms) / 7
            assert model.weights()[k, i].item() == pytest.approx(by_hand, abs=1e-6)


def test_it_sums_functions_of_one_delayed_value_each():
    """What two changes do together is the sum of what each of them does."""
    model, x = drawn(10, 3, 4), noise(5, 1, seed=2)
    one, other = x.clone(), x.clone()
    one[2], other[4] = -0.9, 0.9
    both = one.clone()
    both[4] = 0.9
    alone = (model(one) - model(x)) + (model(other) - model(x))
    torch.testing.assert_close(model(both) - model(x), alone)
    assert alone[4].abs() > 1e-3


def test_what_is_longer_ago_than_the_last_delay_is_forgotten():
    model, x = drawn(10, 3, 4), noise(9, 2, seed=2)
    other = x.clone()
    other[3] = -x[3]
    same = (model(other) == model(x)).all(dim=1).flatten().tolist()
    assert same == [True] * 3 + [False] * 3 + [True] * 3


# Solving


@pytest.mark.parametrize("ridge", [1e-9, 1e-2])
def test_solve_finds_the_ridge_solution_whatever_the_batches(ridge):
    x = noise(20, 9)
    model = DelayedSpikes(10, 3, 4, ridge).double()
    model.solve(iter([(x[:, :2], additive(x)[:, :2]), (x[:, 2:], additive(x)[:, 2:])]))
    rows = rows_of(model, x, 3, 4)
    assert len(rows) == 18 * 9
    # An independent solution: least squares with the penalty as further rows
    strength = np.sqrt(ridge * np.square(rows[:, :-1]).sum(axis=0).mean())
    answers = np.append(additive(x)[2:].flatten(), np.zeros(12))
    penalized = np.vstack([rows, strength * np.eye(12, 13)])
    solution, *_ = np.linalg.lstsq(penalized, answers, rcond=None)
    found = model(x)[2:].detach().flatten().numpy()
    np.testing.assert_allclose(found, rows @ solution, atol=1e-5)


def test_batches_may_have_other_lengths_and_their_ends_are_those_of_all():
    short, long = noise(8, 2), 3 * noise(20, 3, seed=1)
    model = DelayedSpikes(10, 3, 4).double()
    model.solve([(short, additive(short)), (long, additive(long))])
    assert model.levels()[0] < long.min()
    assert model.levels()[-1] > long.max()


def test_a_sum_of_functions_is_learned_the_better_the_more_neurons_there_are():
    train, test = noise(60, 20), noise(60, 20, seed=1)
    left = []
    for hidden in (16, 64, 256):
        model = solved(hidden, degree=8, x=train)
        error = (model(test) - additive(test))[2:]
        left.append((error.norm() / additive(test)[2:].norm()).item())
    assert left[0] > 2.5 * left[1] > 6 * left[2]
    assert left[2] < 0.01


def test_a_product_of_two_values_is_not_learned():
    train, test = noise(60, 20), noise(60, 20, seed=1)
    model = solved(256, degree=4, task=product, x=train)
    error = (model(test) - product(test))[2:]
    assert error.norm() / product(test)[2:].norm() > 0.95


def test_the_first_steps_do_not_count_as_some_ways_are_longer():
    x = noise(20, 4)
    results = []
    for spoilt in (0, 2, 3):
        labels = additive(x)
        labels[:spoilt] = 100.0
        model = DelayedSpikes(10, 3, 4).double()
        model.solve([(x, labels)])
        results.append(model.fc_out.weight)
    assert torch.equal(results[0], results[1])
    assert not torch.allclose(results[0], results[2], atol=0.1)


def test_solving_touches_the_levels_and_the_readout_and_only_that_one_would_learn():
    model = DelayedSpikes(10, 3, 4).double()
    learned = [name for name, p in model.named_parameters() if p.requires_grad]
    assert learned == ["fc_out.weight", "fc_out.bias"]
    assert sum(p.numel() for p in model.fc_out.parameters()) == 3 * 4 + 1
    before = state(model)
    model.solve([(noise(), additive(noise()))])
    found = changed(before, model)
    assert found == {"fc_in.weight", "fc_in.bias", "fc_out.weight", "fc_out.bias"}


def test_it_may_be_solved_again():
    again = solved(x=5 * noise(seed=1))
    again.solve([(noise(), additive(noise()))])
    assert not changed(state(solved()), again)


# A model as the others


@pytest.mark.usefixtures("global_rng_stays")
def test_nothing_is_random():
    assert not changed(state(solved()), solved())


def test_its_state_is_all_that_another_needs_and_it_may_be_copied_and_pickled():
    model, x = solved(), noise(seed=1)
    other = DelayedSpikes(12, 3, 4).double()
    other.load_state_dict(model.state_dict())
    for again in (other, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(again(x), model(x))


def test_in_float64_it_predicts_in_float64_and_in_float32_nearly_the_same():
    x = noise()
    wide, narrow = solved(x=x), solved(x=x.float())
    assert wide(x).dtype == torch.float64
    assert narrow(x.float()).dtype == torch.float32
    torch.testing.assert_close(narrow(x.float()).double(), wide(x), atol=1e-3, rtol=0)


# Errors


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 1}, "hidden must be .* at least 2, not 1"),
        ({"hidden": 8.0}, r"hidden must be .* not 8\.0"),
        ({"delays": 0}, "delays must be .* at least 1, not 0"),
        ({"delays": True}, "delays must be .* not True"),
        ({"degree": 0}, "degree must be .* at least 1, not 0"),
        ({"ridge": 0.0}, r"ridge must be a positive .* not 0\.0"),
        ({"ridge": math.inf}, "ridge must be a positive .* not inf"),
    ],
)
def test_bad_arguments_are_named_with_their_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        DelayedSpikes(**arguments)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (noise(2), noise(2), "at least delays = 3 steps, not 2"),
        (0 * noise() + 0.5, noise(), r"vary, not be 0\.5 always"),
        (noise().expand(-1, -1, 2), noise(), r"with F = 1, not \[30, 8, 2\]"),
        (noise(), noise(batch=7), r"labels must have the shape \[30, 8, 1\]"),
        (noise(), noise().expand(-1, -1, 2), r"labels must have .* not \[30, 8, 2\]"),
        (noise(dtype=torch.float32), noise(), r"features must be torch\.float64"),
    ],
)
def test_batches_that_do_not_fit_are_refused_and_change_nothing(
    features, labels, message
):
    model = solved()
    before = state(model)
    with pytest.raises(ValueError, match=message):
        model.solve([(features, labels)])
    assert not changed(before, model)


def test_solving_without_batches_says_so():
    with pytest.raises(ValueError, match="at least one batch"):
        DelayedSpikes(4).solve([])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("shape", [(12, 3, 2), (12, 1), (12,)])
def test_features_of_another_shape_are_refused(shape):
    model = DelayedSpikes(4)
    for run in (model, model.spikes):
        with pytest.raises(ValueError, match=rf"with F = 1, not \{list(shape)}"):
            run(torch.rand(shape))
