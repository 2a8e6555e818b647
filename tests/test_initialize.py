import numpy as np
import pytest
import torch
from small import accurate, levels_of
from torch import nn

from spikereg import (
    MemoryDataset,
    RegressionDataset,
    SpikingRegressor,
    evaluate,
    initialize,
    make_loader,
    metrics,
)


def one_batch(features, labels=None):
    """Serve sequences of one step."""
    features = features.view(1, -1, 1).float()
    labels = features if labels is None else labels.view(1, -1, 1).float()
    return [(features, labels)]


def pairs(features, labels):
    return [
        (
            torch.rand(*features[:2], *features[2:] or (1,)),
            torch.rand(*labels[:2], *labels[2:] or (1,)),
        )
    ]


def ranks(hidden):
    return (torch.arange(hidden) + 1) / (hidden + 1)


# The places of the levels


@pytest.mark.parametrize("power", [1, 2, 3])
def test_without_labels_levels_have_the_density_of_the_features_to_two_thirds(power):
    # z = u^(1/k) has p = k z^(k-1), so λ's quantiles are q^(1 / (2(k-1)/3 + 1)).
    features = torch.linspace(0, 1, 20001) ** (1 / power)
    model = accurate(31)
    initialize(model, one_batch(features))
    expected = ranks(31) ** (1 / (2 * (power - 1) / 3 + 1))
    torch.testing.assert_close(levels_of(model), expected, atol=0.02, rtol=0)


@pytest.mark.parametrize("power", [1, 2, 3])
@pytest.mark.parametrize("density", [1, 2])
def test_with_labels_levels_have_the_density_of_panter_and_dite(power, density):
    # p = k z^(k-1) and y = z^m: λ ∝ z^((k - 1 + 2 (m - 1)) / 3).
    features = torch.linspace(0, 1, 20001) ** (1 / density)
    model = accurate(31)
    initialize(model, one_batch(features, features**power), labels=True)
    expected = ranks(31) ** (1 / ((density - 1 + 2 * (power - 1)) / 3 + 1))
    torch.testing.assert_close(levels_of(model), expected, atol=0.02, rtol=0)


def test_repeated_values_count_as_often_as_they_occur():
    # 60 values with p = 2z, and y = z²: λ ∝ z, as if they did not repeat.
    features = (torch.linspace(0, 1, 20001).sqrt() * 60).round() / 60
    model = accurate(31)
    initialize(model, one_batch(features, features**2), labels=True)
    torch.testing.assert_close(levels_of(model), ranks(31).sqrt(), atol=0.02, rtol=0)


def test_without_labels_no_label_is_looked_at():
    features = torch.linspace(0, 1, 1000)
    states = []
    for labels in (features, features**2, 1 - features):
        model = accurate()
        initialize(model, one_batch(features, labels))
        states.append(model.state_dict())
    for state in states[1:]:
        assert all(torch.equal(state[name], states[0][name]) for name in state)


def test_the_levels_do_not_depend_on_the_batches():
    data = RegressionDataset(num_samples=30, seed=0)
    models = [accurate(), accurate()]
    for model, batch_size in zip(models, (7, 30), strict=True):
        initialize(model, make_loader(data, batch_size), labels=True)
    torch.testing.assert_close(levels_of(models[0]), levels_of(models[1]))


def test_with_labels_the_readout_says_the_mean_label_between_two_levels():
    features = torch.linspace(0, 1, 5000)
    labels = torch.sin(9 * features)
    model = accurate(20)
    ((x, y),) = one_batch(features, labels)
    initialize(model, [(x, y)], labels=True)
    cell = torch.bucketize(features, levels_of(model).sort().values)
    means = torch.stack([labels[cell == k].mean() for k in range(21)])
    torch.testing.assert_close(model(x).flatten(), means[cell], atol=2e-3, rtol=0)


def test_levels_by_labels_are_better_than_levels_by_features_than_even_ones():
    """For the square root, by the same readout on top of each."""
    data = RegressionDataset(num_samples=256, seed=0)
    loader = make_loader(data, 256)
    errors = []
    for labels in (True, False, None):  # None: even levels
        model = accurate(64)
        if labels is not None:
            initialize(model, loader, labels=labels)
        cell = torch.bucketize(data.features, levels_of(model).sort().values)
        cell, y = cell.flatten(), data.labels.flatten()
        sums = torch.zeros(65).index_add(0, cell, y)
        count = torch.zeros(65).index_add(0, cell, torch.ones_like(y))
        table = sums / count.clamp(min=1)
        errors.append(((table[cell] - y).norm() / y.norm()).item())
    assert errors[0] < 0.9 * errors[1] < 0.8 * errors[2]
    model = accurate(64)
    initialize(model, loader, labels=True)
    # A readout with a decay of its own may do even better.
    assert evaluate(model, loader).relative_error < 1.01 * errors[0]


@pytest.mark.parametrize("values", [2, 11, 64])
@pytest.mark.parametrize("labels", [False, True])
def test_features_that_repeat_their_values_still_give_finite_weights(values, labels):
    generator = torch.Generator().manual_seed(0)
    features = torch.randint(values, (50, 32, 1), generator=generator) / (values - 1)
    targets = features.sqrt()
    model = accurate(128)
    initialize(model, [(features, targets)], labels=labels)
    assert all(p.isfinite().all() for p in model.parameters())
    if labels:
        error = metrics.relative_error(model(features), targets)
        assert error < 1e-2


def test_constant_labels_are_no_reason_to_refuse():
    features = torch.linspace(0, 1, 100)
    model = accurate()
    batches = one_batch(features, torch.full((100,), 0.25))
    initialize(model, batches, labels=True)
    torch.testing.assert_close(model(batches[0][0]), batches[0][1])


# Readout and seed


def test_a_seed_calibrates_alike_and_the_global_generator_is_left_alone():
    loader = make_loader(MemoryDataset("mean", 50, 9, seed=0), 9)
    before = torch.get_rng_state()
    outputs = []
    for seed in (1, 1, 2):
        model = accurate(40, memory=20.0)
        initialize(model, loader, labels=True, seed=seed)
        outputs.append(model(MemoryDataset("mean", 50, 3, seed=1).features))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


@pytest.mark.parametrize("memory", [0.0, 20.0])
def test_no_other_readout_leaves_a_smaller_error_than_the_solved_one(memory):
    data = MemoryDataset("mean", 30, 60, seed=0)
    loader = make_loader(data, 60)
    model = accurate(40, memory=memory)
    initialize(model, loader, labels=True, seed=0)
    best = metrics.mse(model(data.features), data.labels).item()
    solved = model.li_out.beta.item()
    spikes = model.trace(data.features).spikes["lif_hidden"].detach()
    columns = torch.cat([spikes, torch.ones(30, 60, 1)], dim=2)
    errors = {}
    for beta in (0.0, 0.3, 0.7):
        row = torch.zeros(60, 41)
        rows = []
        for x in columns:
            row = beta * row + x
            rows.append(row)
        rows = torch.cat(rows).double().numpy()
        labels = data.labels.flatten().double().numpy()
        weights, *_ = np.linalg.lstsq(rows, labels, rcond=None)
        errors[beta] = np.square(rows @ weights - labels).mean()
    assert best < 1.001 * min(errors.values())
    assert solved == pytest.approx(0.7)
    assert best == pytest.approx(errors[0.7], rel=1e-2)


# Bad input


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("model", "batches", "error", "message"),
    [
        (nn.Linear(1, 1), None, TypeError, "SpikingRegressor, not Linear"),
        (SpikingRegressor(4, seed=0), None, ValueError, 'not "tutorial"'),
        (accurate(4), [], ValueError, "at least one batch"),
        (accurate(4), one_batch(torch.full((9,), 0.5)), ValueError, r"only 0\.5"),
        (accurate(4), [(torch.rand(3, 2, 2),) * 2], ValueError, r"F = 1, not \[3, 2"),
        (accurate(4), pairs((3, 2), (2, 3)), ValueError, r"\[3, 2, 1\] for features"),
        (accurate(4), pairs((3, 2, 1), (3, 2, 2)), ValueError, r"not \[3, 2, 2\]"),
        (accurate(4, num_outputs=2), pairs((3, 2), (3, 2)), ValueError, "labels must"),
        (
            accurate(4, memory=20.0),
            pairs((3, 2), (3, 2)) + pairs((4, 2), (4, 2)),
            ValueError,
            r"as many time steps, not \[3, 4\]",
        ),
        (
            accurate(4, memory=20.0),
            one_batch(torch.full((9,), 0.5)),
            ValueError,
            r"not be 0\.5",
        ),
    ],
)
@pytest.mark.parametrize("labels", [False, True])
def test_bad_input_is_named_and_changes_nothing(model, batches, error, message, labels):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    if batches is None:
        batches = make_loader(RegressionDataset(seed=0))
    with pytest.raises(error, match=message):
        initialize(model, batches, labels=labels)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
