"""Baselines that least squares solves: the tap filter and the random spiking layer."""

import numpy as np
import pytest
import torch
from test_baselines import learned, sequences
from torch import nn

from spikereg import RegressionDataset, evaluate, make_loader
from spikereg.baselines import RandomSpiking, TapFilter

each_solved = pytest.mark.parametrize("make", [RandomSpiking, TapFilter])


# The tap filter


def test_the_tap_filter_is_a_convolution():
    model = TapFilter(taps=5, num_inputs=2, num_outputs=3, seed=0).double()
    features = sequences(steps=30, features=2).double()
    # For each feature the taps in the order of time: the last is the present one
    taps = model.fc_out.weight.detach().reshape(3, 2, 5).flip(2).numpy()
    for b in range(3):
        for o in range(3):
            parts = [
                np.convolve(features[:, b, f].numpy(), taps[o, f])[:30]
                for f in range(2)
            ]
            expected = sum(parts) + model.fc_out.bias[o].item()
            found = model(features)[:, b, o].detach().numpy()
            np.testing.assert_allclose(found, expected, atol=1e-12)


def test_one_tap_sees_the_present_and_many_more_than_there_are_steps():
    now = TapFilter(taps=1, seed=0)
    features = sequences()
    torch.testing.assert_close(now(features), now.fc_out(features))
    assert TapFilter(taps=20, seed=0)(features).shape == (12, 3, 1)


@pytest.mark.parametrize("taps", [4, 6])
def test_solve_finds_the_filter_that_made_the_labels(taps):
    truth = TapFilter(taps=4, num_inputs=2, num_outputs=2, seed=1).double()
    features = [sequences(steps=40, features=2, seed=seed).double() for seed in (2, 3)]
    model = TapFilter(taps, num_inputs=2, num_outputs=2, seed=0).double()
    model.solve([(x, truth(x).detach()) for x in features])
    # The older taps, the first ones of each feature, were not there
    expected = nn.functional.pad(truth.fc_out.weight.reshape(2, 2, 4), (taps - 4, 0))
    found = model.fc_out.weight.reshape(2, 2, taps)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(model.fc_out.bias, truth.fc_out.bias, atol=1e-6, rtol=0)


def test_solve_with_a_mask_is_least_squares_over_the_steps_that_count():
    generator = torch.Generator().manual_seed(0)
    model = TapFilter(taps=3, num_inputs=2, num_outputs=2, seed=0).double()
    batches, rows, answers = [], [], []
    for seed in (1, 2):
        features = sequences(steps=20, features=2, seed=seed).double()
        labels = torch.rand(20, 3, 2, generator=generator).double()
        mask = torch.rand(20, 3, generator=generator) < 0.4
        labels[~mask] = float("nan")  # what does not count may be unknown
        batches.append((features, labels, mask))
        for t, b in mask.nonzero().tolist():
            past = [features[t - k, b] if t >= k else torch.zeros(2) for k in (2, 1, 0)]
            rows.append([*torch.stack(past).T.flatten().tolist(), 1])
            answers.append(labels[t, b].tolist())
    model.solve(batches)
    expected, *_ = np.linalg.lstsq(np.array(rows), np.array(answers), rcond=None)
    found = torch.cat([model.fc_out.weight, model.fc_out.bias[:, None]], dim=1)
    np.testing.assert_allclose(found.detach().numpy(), expected.T, atol=1e-6)


def test_a_mask_that_lets_all_steps_count_changes_nothing():
    features, labels = sequences(seed=1), sequences(seed=2)
    masked, plain = (TapFilter(taps=3, seed=0) for _ in range(2))
    masked.solve([(features, labels, torch.ones(12, 3, dtype=torch.bool))])
    plain.solve([(features, labels)])
    torch.testing.assert_close(masked.fc_out.weight, plain.fc_out.weight)
    torch.testing.assert_close(masked.fc_out.bias, plain.fc_out.bias)


def test_a_layer_that_is_solved_on_all_steps_takes_no_mask():
    batch = (sequences(), sequences(), torch.ones(12, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match="not a mask as well"):
        RandomSpiking(seed=0).solve([batch])


# The random spiking layer


def test_only_the_readout_of_the_random_layer_is_learned_and_counted():
    model = RandomSpiking(hidden=20, num_outputs=2, seed=0)
    assert learned(model) == 20 * 2 + 2


def test_rates_are_spikes_smoothed_by_the_filter():
    model = RandomSpiking(hidden=9, tau=3.0, seed=0)
    features = sequences(steps=20)
    u = r = torch.zeros(3, 9)
    for x, rate in zip(features, model.rates(features), strict=True):
        u = model.lif.beta * u + model.fc_in(x) - (u > 1).float()
        r = np.exp(-1 / 3) * r + (u > 1).float()
        torch.testing.assert_close(rate, r)


@pytest.mark.parametrize("ridge", [1e-6, 1e-1])
def test_solve_finds_the_ridge_solution_whatever_the_batches(ridge):
    data = RegressionDataset(num_samples=10, seed=0)
    model = RandomSpiking(hidden=30, ridge=ridge, seed=0)
    rates = model.rates(data.features).flatten(0, 1).double().numpy()
    labels = data.labels.flatten().double().numpy()
    # An independent solution: least squares with the penalty as further rows
    strength = np.sqrt(ridge * np.square(rates).sum(axis=0).mean())
    rows = np.block([[rates, np.ones((500, 1))], [strength * np.eye(30, 31)]])
    solution, *_ = np.linalg.lstsq(rows, np.append(labels, np.zeros(30)), rcond=None)
    expected = rates @ solution[:-1] + solution[-1]
    for batch_size in (3, 10):
        model.solve(make_loader(data, batch_size))
        found = model(data.features).detach().flatten().numpy()
        np.testing.assert_allclose(found, expected, atol=2e-4)


def test_the_random_layer_solves_one_ramp_exactly_and_many_approximately():
    one = make_loader(RegressionDataset(seed=0))
    model = RandomSpiking(ridge=1e-12, seed=0)
    model.solve(one)
    assert evaluate(model, one).l1 < 1e-4
    many = make_loader(RegressionDataset(num_samples=64, seed=0), 16)
    model.solve(many)
    assert 1e-3 < evaluate(model, many).l1 < 3e-2


# Errors


@each_solved
@pytest.mark.parametrize("shape", [(3, 12, 1), (12, 3, 2)])
def test_labels_of_another_shape_are_named_and_change_nothing(make, shape):
    model = make(seed=0)
    before = model.fc_out.weight.clone()
    with pytest.raises(ValueError, match=r"labels must have the shape \[12, 3, 1\]"):
        model.solve([(sequences(), torch.zeros(shape))])
    assert torch.equal(model.fc_out.weight, before)


@each_solved
def test_solving_without_batches_says_so(make):
    with pytest.raises(ValueError, match="at least one batch"):
        make(seed=0).solve([])
