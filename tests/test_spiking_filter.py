"""Neurons that measure and oscillators that remember, against both by hand."""

import copy
import math
import pickle

import numpy as np
import pytest
import torch

from spikereg import MemoryDataset, SpikingFilter, evaluate, fit, make_loader
from spikereg.memory import LINEAR


def noise(steps=40, batch=60, features=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(steps, batch, features, generator=generator)


def with_labels(features, outputs=1, value=0.0):
    return [(features, features.new_full((*features.shape[:2], outputs), value))]


def measured(hidden=16, features=None, outputs=1, **options):
    """Make one that has seen the features."""
    features = noise() if features is None else features
    model = SpikingFilter(hidden, features.shape[-1], outputs, **options)
    model.to(features.dtype).measure(with_labels(features, outputs))
    return model


def given(model, features):
    """Listen to what the readout is given."""
    seen = []
    hook = model.fc_out.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        model(features)
    hook.remove()
    return seen[0]


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def changed(before, model):
    after = model.state_dict()
    return {name for name in before if not torch.equal(before[name], after[name])}


# The neurons


@pytest.mark.parametrize("outputs", [1, 3])
def test_before_it_has_measured_it_predicts_zeros(outputs):
    model = SpikingFilter(8, 2, outputs, taps=3)
    prediction = model(noise(features=2))
    assert prediction.shape == (40, 60, outputs)
    assert not prediction.any()


@pytest.mark.parametrize("hidden", [2, 7, 16])
def test_the_upper_half_fires_above_its_levels_and_the_lower_half_below(hidden):
    features = torch.cat([noise() - 3, 5 * noise(seed=1) ** 2], dim=2)
    model = measured(hidden, features)
    each = model.spikes(features).reshape(40, 60, 2, hidden)
    rank = (torch.arange(hidden) + 1) / (hidden + 1)
    for n in range(2):
        x = features[..., n].flatten()
        even = x.min() + (x.max() - x.min()) * rank
        levels = (even + torch.quantile(x, rank)) / 2
        above = features[..., n, None] - levels
        fires = torch.where(rank >= 0.5, above > 0, above < 0).float()
        # The quantile, between two values: either will do.
        clear = above.abs() > 0.01 * (x.max() - x.min())
        assert torch.equal(each[..., n, :][clear], fires[clear])
        assert clear.float().mean() > 0.9


def test_no_neuron_fires_in_the_middle_half_of_them_at_an_end_on_average_a_quarter():
    features = noise()
    model = measured(128, features)
    at = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])[:, None, None]
    firing = model.spikes(at).mean(dim=2).flatten()
    expected = torch.tensor([0.5, 0.25, 0, 0.25, 0.5])
    torch.testing.assert_close(firing, expected, atol=0.02, rtol=0)
    assert model.spikes(features).mean().item() == pytest.approx(0.25, abs=0.01)


def test_what_the_spikes_say_is_the_feature_up_to_the_distance_of_two_levels():
    features = torch.cat([noise(), 10 * noise(seed=1) - 50], dim=2)
    scale = torch.tensor([1.0, 10.0])
    left = {}
    for hidden in (8, 32, 128):
        model = measured(hidden, features)
        error = (model.decoded(model.spikes(features)) - features) / scale
        assert error.abs().max() < 1.5 / hidden
        left[hidden] = error.square().mean().sqrt().item()
        # As that of a number which is rounded to a multiple of 1 / hidden
        assert left[hidden] == pytest.approx(1 / math.sqrt(12) / hidden, rel=0.15)
    assert left[8] / left[128] == pytest.approx(16, rel=0.2)


def test_the_decoders_are_the_least_squares_solution():
    features = torch.cat([noise(), noise(seed=1) ** 3], dim=2).double()
    model = measured(10, features)
    spikes = model.spikes(features).reshape(2400, 2, 10).numpy()
    for n in range(2):
        rows = np.column_stack([spikes[:, n], np.ones(2400)])
        expected, *_ = np.linalg.lstsq(rows, features[..., n].flatten(), rcond=None)
        np.testing.assert_allclose(model.decoders[n], expected, atol=1e-6)


# The oscillators


@pytest.mark.parametrize("taps", [0, 1, 4])
@pytest.mark.parametrize("features", [1, 3])
def test_the_memory_is_complex_poles_and_delays(features, taps):
    taus, periods = (2.0, 7.5, 40.0), (math.inf, 9.0, 2.0)
    model = SpikingFilter(4, features, taps=taps, taus=taus, periods=periods).double()
    x = noise(30, 2, features).double()
    found = model.memory(x)
    states, shift = features * 9, 0
    assert found.shape == (30, 2, 2 * states + features * taps)
    for f in range(features):
        for tau in taus:
            for period in periods:
                pole = np.exp(-1 / tau + 2j * np.pi / period)
                z = np.zeros(2, dtype=complex)
                for t in range(30):
                    z = pole * z + (1 - abs(pole)) * x[t, :, f].numpy()
                    mine = found[t, :, [shift, states + shift]].numpy()
                    by_hand = np.stack([z.real, z.imag], axis=1)
                    np.testing.assert_allclose(mine, by_hand, atol=1e-6)
                shift += 1
    for by in range(taps):
        late = found[..., 2 * states + by * features :][..., :features]
        assert torch.equal(late[by:], x[: 30 - by])
        assert not late[:by].any()


def test_a_delay_longer_than_the_sequence_reads_zeros():
    model = measured(8, noise(steps=5), taps=9)
    late = model.memory(noise(steps=5))[..., -9:]
    assert torch.equal(
        late[..., 4], torch.nn.functional.pad(noise(5)[:1, :, 0], (0, 0, 4, 0))
    )
    assert not late[..., 5:].any()
    assert model(noise(steps=3)).shape == (3, 60, 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("task", LINEAR)
def test_the_readout_is_given_coordinates_of_variance_1_without_correlations(
    task, dtype
):
    features = MemoryDataset(task, 50, 200, seed=0).features.to(dtype)
    model = measured(64, features, taps=4)
    coordinates = given(model, features).flatten(0, 1).double()
    moments = coordinates.T @ coordinates / len(coordinates)
    kept = model.mix.any(dim=0)
    atol = 0.05 if dtype == torch.float32 else 1e-6
    assert coordinates.mean(dim=0).abs().max() < atol
    torch.testing.assert_close(moments, kept.double().diag(), atol=atol, rtol=0)
    assert 10 < kept.sum() < len(kept)  # the imaginary parts of real poles are 0


def test_measuring_does_not_read_labels_and_leaves_the_readout():
    one, other = SpikingFilter(8, taps=2), SpikingFilter(8, taps=2)
    before = state(one)
    one.measure(with_labels(noise()))
    other.measure(with_labels(noise(), value=7.0))
    assert not changed(state(one), other)
    fixed = {"fc_out.weight", "fc_out.bias", "filter.beta", "filter.omega"}
    assert not changed(before, one) & fixed
    assert {"fc_in.weight", "fc_in.bias", "decoders", "mix"} <= changed(before, one)


def test_batches_are_measured_together():
    features = noise()
    whole, parts = SpikingFilter(8).double(), SpikingFilter(8).double()
    whole.measure(with_labels(features.double()))
    split = [with_labels(x)[0] for x in features.double().split([7, 53], dim=1)]
    parts.measure(split)
    for name, value in whole.state_dict().items():
        if name != "mix":  # whose columns may have either sign
            torch.testing.assert_close(parts.state_dict()[name], value)


# The readout


def test_solve_is_least_squares_on_what_the_readout_is_given():
    features = noise().double()
    model = measured(32, features, outputs=2, taps=3)
    labels = torch.cat([features.cumsum(dim=0), features**2], dim=2)
    coordinates = given(model, features).flatten(0, 1)
    rows = np.column_stack([coordinates, np.ones(2400)])
    answers = labels.flatten(0, 1).numpy()
    solution, *_ = np.linalg.lstsq(rows, answers, rcond=None)
    before = state(model)
    model.solve(
        [(features[:, :20], labels[:, :20]), (features[:, 20:], labels[:, 20:])]
    )
    assert changed(before, model) == {"fc_out.weight", "fc_out.bias"}
    with torch.no_grad():
        found = model(features).flatten(0, 1).numpy()
    np.testing.assert_allclose(found, rows @ solution, atol=1e-6)


def test_eight_epochs_of_adam_touch_the_readout_only_and_nearly_reach_least_squares():
    train = make_loader(MemoryDataset("mean", 50, 512, seed=0), 16, True, seed=0)
    test = make_loader(MemoryDataset("mean", 50, 256, seed=1), 256)
    model = SpikingFilter()
    model.measure(train)
    before = state(model)
    fit(model, train, 8, lr=1e-2, recipe="accurate", progress=False)
    assert changed(before, model) == {"fc_out.weight", "fc_out.bias"}
    trained = evaluate(model, test)
    model.solve(train)
    best = evaluate(model, test)
    assert best.relative_error < 0.002
    assert trained.relative_error < 1.1 * best.relative_error


def test_delays_help_to_repeat_a_curve():
    train, test = (
        make_loader(MemoryDataset("delay", 50, 200, seed=seed), 200) for seed in (0, 1)
    )
    left = []
    for taps in (0, 9):
        model = SpikingFilter(taps=taps)
        model.measure(train)
        model.solve(train)
        left.append(evaluate(model, test).relative_error)
    assert left[1] < 0.75 * left[0] < 0.02


# A model as the others


def test_a_trace_shows_spikes_and_what_they_say():
    features = noise(features=2)
    model = measured(8, features, outputs=3)
    torch.nn.init.normal_(model.fc_out.weight)
    trace = model.trace(features)
    assert torch.equal(trace.prediction, model(features))
    assert torch.equal(trace.spikes["lif"], model.spikes(features))
    assert trace.spikes["lif"].unique().tolist() == [0, 1]
    assert (trace.membrane["decoded"] - features).abs().max() < 0.2
    rate = evaluate(model, with_labels(features, outputs=3)).spike_rate
    assert rate == pytest.approx(trace.spikes["lif"].mean().item())


def test_its_state_is_all_that_another_needs_and_it_may_be_copied_and_pickled():
    features = noise(features=2)
    model = measured(8, features, taps=2)
    model.solve([(features, features.sum(dim=2, keepdim=True))])
    other = SpikingFilter(8, 2, taps=2)
    other.load_state_dict(model.state_dict())
    for again in (other, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(again(features), model(features))


@pytest.mark.usefixtures("global_rng_stays")
def test_nothing_is_random():
    features = torch.linspace(0, 1, 60).reshape(20, 3, 1)
    one, other = measured(8, features), measured(8, features)
    one.solve(with_labels(features))
    other.solve(with_labels(features))
    assert not changed(state(one), other)


def test_in_float64_it_predicts_in_float64():
    features = noise().double()
    model = measured(16, features)
    model.solve([(features, features.cumsum(dim=0))])
    prediction = model(features)
    assert prediction.dtype == torch.float64
    narrow = copy.deepcopy(model).float()(features.float())
    torch.testing.assert_close(narrow.double(), prediction, atol=0.01, rtol=0)
