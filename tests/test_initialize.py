import numpy as np
import pytest
import torch
from small import accurate, levels_of
from torch import nn

from spikereg import (
    AdaptiveLeaky,
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
        (accurate(4), pairs((3, 2, 2), (3, 2)), ValueError, r"F = 1, not \[3, 2"),
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


# All or nothing


@pytest.mark.parametrize("memory", [0.0, 20.0])
@pytest.mark.parametrize(
    "batch",
    [
        (torch.rand(12, 3, 1).double(), torch.rand(12, 3, 1).double()),
        (torch.rand(12, 3, 1), torch.rand(12, 3, 1).double()),
        (torch.rand(12, 3, 1), torch.rand(12, 3, 1).int()),
        (torch.rand(12, 3, 1), torch.rand(12, 3, 2)),
    ],
)
def test_what_cannot_be_done_is_not_begun(batch, memory):
    refused(accurate(memory=memory), batch)


def test_a_readout_that_would_not_be_finite_leaves_all_as_it_was():
    features = torch.rand(12, 3, 1)
    refused(accurate(1), (features.round(), 6e38 * (features.round() - 0.5)))
    refused(accurate(), (torch.ones(12, 3, 1), features))


def refused(model, batch):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError, match="must"):
        initialize(model, [batch], labels=True)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_an_interrupt_half_way_brings_the_weights_back(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    model = accurate()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    monkeypatch.setattr("spikereg._least_squares.solve", interrupt)
    with pytest.raises(KeyboardInterrupt):
        initialize(model, ramps_and_roots(), labels=True)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def ramps_and_roots():
    return make_loader(RegressionDataset(num_samples=20, seed=0), 20)


@pytest.mark.parametrize("memory", [0.0, 20.0])
@pytest.mark.parametrize("size", [2.0**-20, 2.0**20])
def test_the_readout_has_the_scale_of_the_labels(size, memory):
    """A power of two only moves exponents: all is the same but the readout's size."""
    ours, scaled = accurate(memory=memory), accurate(memory=memory)
    pairs = list(ramps_and_roots())
    initialize(ours, pairs, labels=True, seed=0)
    initialize(scaled, [(x, size * y) for x, y in pairs], labels=True, seed=0)
    torch.testing.assert_close(scaled.fc_out.weight / size, ours.fc_out.weight)
    assert torch.equal(scaled.li_out.beta, ours.li_out.beta)


def test_weights_that_are_not_finite_are_named_before_anything_is_done():
    model = accurate()
    model.fc_hidden.bias.data[1] = torch.nan
    with pytest.raises(ValueError, match=r"not fc_hidden.bias = nan at \[1\]"):
        initialize(model, ramps_and_roots())


def test_features_that_never_vary_are_refused_with_memory_too():
    model = accurate(memory=20.0)
    with pytest.raises(ValueError, match=r"must vary, not be 0\.5 always"):
        initialize(model, [(torch.full((50, 8, 1), 0.5), torch.rand(50, 8, 1))])


def test_neurons_of_another_kind_are_refused_by_name():
    model = accurate()
    model.lif_hidden = AdaptiveLeaky(16, seed=0)
    with pytest.raises(
        TypeError, match=r"snn.Leaky as lif_hidden, .* not AdaptiveLeaky"
    ):
        initialize(model, ramps_and_roots())
