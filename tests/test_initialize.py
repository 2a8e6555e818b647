import numpy as np
import pytest
import torch
from torch import nn

from spikereg import RegressionDataset, SpikingRegressor, evaluate, make_loader, metrics
from spikereg.initialize import initialize
from spikereg.memory import MemoryDataset


def accurate(hidden=16, **options):
    return SpikingRegressor(hidden, seed=0, recipe="accurate", **options)


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


def levels_of(model):
    """Where the membrane of each neuron crosses its threshold, for one input."""
    to_threshold = model.lif_in.threshold - model.fc_in.bias
    return (to_threshold / model.fc_in.weight[:, 0]).detach()


def ranks(hidden):
    return (torch.arange(hidden) + 1) / (hidden + 1)


# The recipe


def test_an_accurate_network_begins_with_levels_spread_over_the_unit_range():
    torch.testing.assert_close(levels_of(accurate(3)), torch.tensor([0.25, 0.5, 0.75]))


def test_a_neuron_fires_while_its_input_is_above_its_level():
    model = accurate(20)
    initialize(model, make_loader(RegressionDataset(num_samples=30, seed=0), 30))
    features = RegressionDataset(num_samples=30, seed=1).features
    spikes = model.trace(features).spikes
    # Up to a fifth of the spacing above it, the reset may cancel every other spike.
    current = model.fc_in(features)
    clear = (current < 0.999) | (current > 2.001)
    expected = (current > 1).float()
    assert torch.equal(spikes["lif_in"][clear], expected[clear])
    assert 0.2 < expected.mean() < 0.8
    assert clear.float().mean() > 0.95
    assert torch.equal(spikes["lif_hidden"], spikes["lif_in"])


def test_the_membrane_rises_by_five_thresholds_from_level_to_level():
    membrane = accurate(9).trace(torch.full((1, 1, 1), 0.5)).membrane["lif_in"]
    steps = torch.arange(4, -5, -1).float()
    torch.testing.assert_close(membrane.flatten(), 1 + 5 * steps, atol=1e-4, rtol=0)


def test_with_several_inputs_each_neuron_has_a_direction_and_a_level_that_occurs():
    model = accurate(50, num_inputs=3)
    features = torch.rand(40, 30, 3, generator=torch.Generator().manual_seed(0))
    before = nn.functional.normalize(model.fc_in.weight)
    initialize(model, [(features, features[..., :1])])
    torch.testing.assert_close(nn.functional.normalize(model.fc_in.weight), before)
    rate = model.trace(features).spikes["lif_in"].mean(dim=(0, 1))
    assert ((rate > 0) & (rate < 1)).all()
    # Neuron i has the level at rank i of its own input: the rates fall evenly.
    assert rate[0] > 0.9
    assert rate[-1] < 0.1
    assert (rate.diff() < 0.05).all()


def test_the_readout_is_empty_and_has_no_memory():
    model = accurate()
    assert not model(RegressionDataset(seed=0).features).any()
    assert model.li_out.beta.item() == 0


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


# Memory


def remembering(hidden=40, memory=20.0, **options):
    return accurate(hidden, memory=memory, **options)


def test_time_constants_lie_between_one_step_and_the_memory():
    model = remembering(2000)
    for neuron, longest in ((model.lif_in, 20), (model.lif_hidden, 40)):
        beta = neuron.beta[:800].detach()  # the others of the first layer are clocks
        tau = -1 / beta.log()
        assert 1 <= tau.min() < 1.1
        assert 0.9 * longest < tau.max() < 1.001 * longest
        # Log-uniform: half of them below the geometric mean
        assert 0.45 < (tau < longest**0.5).float().mean() < 0.55
        torch.testing.assert_close(neuron.threshold[:800], 0.3 * (1 - beta))
    assert model.li_out.beta.item() == pytest.approx(0.7)


def test_clocks_fire_at_rates_between_one_in_memory_steps_and_one_in_two():
    model = remembering(100)
    clocks = slice(40, None)
    assert not model.fc_in.weight[clocks].any()
    silence = torch.zeros(2000, 1, 1)
    rate = model.trace(silence).spikes["lif_in"][:, 0, clocks].mean(dim=0)
    assert 1 / 22 < rate.min() < 1 / 15
    assert 0.4 < rate.max() < 0.52
    initialize(model, make_loader(MemoryDataset("delay", 50, 9, seed=0), 9), seed=0)
    assert torch.equal(
        model.trace(silence).spikes["lif_in"][:, 0, clocks].mean(0), rate
    )


@pytest.mark.parametrize("inputs", [1, 3])
def test_calibrated_membranes_vary_by_one_and_reach_their_thresholds(inputs):
    generator = torch.Generator().manual_seed(0)
    features = 6 * torch.rand(50, 60, inputs, generator=generator) - 3
    model = remembering(num_inputs=inputs)
    initialize(model, [(features, features[..., :1])], seed=0)
    trace = model.trace(features)
    sensors = slice(0, 16)
    for fc, lif, signal in (
        (model.fc_in, model.lif_in, features),
        (model.fc_hidden, model.lif_hidden, trace.spikes["lif_in"]),
    ):
        u = torch.zeros(60, 40)
        membrane = []
        for x in signal:
            u = lif.beta * u + fc(x)
            membrane.append(u)
        membrane = torch.stack(membrane)[:, :, sensors]
        # The bias is filtered too; it moves every sequence alike.
        spread = (membrane - membrane.mean(dim=1, keepdim=True)).flatten(0, 1).std(0)
        assert (spread < 1.05).all()
        assert spread.median() > 0.7
        gap = (membrane - lif.threshold[sensors]).abs().flatten(0, 1).min(dim=0).values
        assert (gap < 1e-4).all()


def test_a_trained_network_without_leak_is_calibrated_to_finite_weights():
    model = remembering()
    with torch.no_grad():
        model.lif_hidden.beta[:3] = 1
    initialize(model, make_loader(MemoryDataset("mean", 50, 9, seed=0), 9), seed=0)
    assert all(p.isfinite().all() for p in model.parameters())


def test_a_seed_calibrates_alike_and_the_global_generator_is_left_alone():
    loader = make_loader(MemoryDataset("mean", 50, 9, seed=0), 9)
    before = torch.get_rng_state()
    outputs = []
    for seed in (1, 1, 2):
        model = remembering()
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
            remembering(4),
            pairs((3, 2), (3, 2)) + pairs((4, 2), (4, 2)),
            ValueError,
            r"as many time steps, not \[3, 4\]",
        ),
        (remembering(4), one_batch(torch.full((9,), 0.5)), ValueError, r"not be 0\.5"),
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


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipe": "best"}, r"recipe must be .* not 'best'"),
        ({"recipe": "accurate", "memory": 1.0}, r"between 2 and 10000 steps, not 1\.0"),
        ({"recipe": "accurate", "memory": float("nan")}, "not nan"),
        ({"recipe": "accurate", "memory": 1e5}, r"not 100000\.0"),
        ({"recipe": "accurate", "memory": "long"}, "not 'long'"),
        ({"memory": 20.0}, r'0 for the recipe "tutorial", not 20\.0'),
    ],
)
def test_a_bad_recipe_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        SpikingRegressor(4, **options)
