import pytest
import torch
from small import accurate, levels_of
from torch import nn

from spikereg import (
    MemoryDataset,
    RegressionDataset,
    SpikingRegressor,
    TimeMajorDataset,
    evaluate,
    fit,
    initialize,
    make_loader,
    recipes,
)

# Levels


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


def walks(seed, samples=256):
    """Three random walks; the product of two, and the positive part of the third."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(40, samples, 3, generator=generator).cumsum(dim=0) / 40**0.5
    y = torch.stack([x[..., 0] * x[..., 1], x[..., 2].clamp(min=0)], dim=-1)
    return TimeMajorDataset(x, y)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_with_several_inputs_all_neurons_of_both_layers_have_a_say(scale):
    features = scale * (walks(0).features + 3)
    model = accurate(100, num_inputs=3, num_outputs=2)
    before = nn.functional.normalize(model.fc_in.weight)
    lengths = [(features[:n, :9], torch.zeros(n, 9, 2)) for n in (5, 20, 40)]
    initialize(model, lengths, seed=0)
    torch.testing.assert_close(nn.functional.normalize(model.fc_in.weight), before)
    for spikes in model.trace(features).spikes.values():
        rate = spikes.mean(dim=(0, 1))
        assert ((rate > 0) & (rate < 1)).float().mean() > 0.9
        # They begin at a step of the data each: some early, some late.
        assert rate.quantile(0.1) < 0.3
        assert rate.quantile(0.9) > 0.5


def test_with_several_inputs_the_recipe_is_ahead_of_the_tutorials():
    loader = make_loader(walks(0), 32, shuffle=True, seed=0)
    error = {}
    for recipe in ("tutorial", "accurate"):
        model = SpikingRegressor(128, 3, 2, seed=0, recipe=recipe)
        if recipe == "accurate":
            initialize(model, loader, labels=True, seed=0)
        fit(model, loader, 60, recipe=recipe, progress=False)
        error[recipe] = evaluate(model, loader).relative_error
    assert error["accurate"] < 0.9 * error["tutorial"]


def test_the_readout_is_empty_and_has_no_memory():
    model = accurate()
    assert not model(RegressionDataset(seed=0).features).any()
    assert model.li_out.beta.item() == 0


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


def test_the_first_fifth_of_a_sequence_calibrates_nothing():
    inputs = torch.rand(20, 30, 1, generator=torch.Generator().manual_seed(0))
    inputs[:4] = 100
    model = remembering(200)
    with torch.no_grad():
        model.lif_in.beta.zero_()
    sensors = slice(0, 80)
    recipes.calibrate(model.fc_in, model.lif_in, inputs, torch.Generator())
    levels = levels_of(model)[sensors]
    assert ((levels > 0) & (levels < 1)).all()


def test_a_trained_network_without_leak_is_calibrated_to_finite_weights():
    model = remembering()
    with torch.no_grad():
        model.lif_hidden.beta[:3] = 1
    initialize(model, make_loader(MemoryDataset("mean", 50, 9, seed=0), 9), seed=0)
    assert all(p.isfinite().all() for p in model.parameters())


# Bad input


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
