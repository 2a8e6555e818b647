import functools
import pickle
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spikereg import MemoryDataset, RegressionDataset, make_loader
from spikereg.memory import TASKS

seeds = st.integers(0, 2**32 - 1)
arguments = st.fixed_dictionaries(
    {
        "timesteps": st.integers(2, 60),
        "num_samples": st.integers(1, 9),
        "mode": st.sampled_from(["linear", "sqrt"]),
        "seed": seeds,
    }
)


@given(timesteps=st.integers(2, 60), num_samples=st.integers(1, 9))
def test_features_and_labels_are_float32_time_steps_by_samples(timesteps, num_samples):
    data = RegressionDataset(timesteps, num_samples)
    for values in (data.features, data.labels):
        assert values.shape == (timesteps, num_samples, 1)
        assert values.dtype == torch.float32
        assert values.device.type == "cpu"


@given(arguments)
def test_items_are_the_samples_and_as_many_as_len_says(arguments):
    data = RegressionDataset(**arguments)
    assert len(data) == data.features.shape[1]
    for i, (feature, label) in enumerate(data):
        assert torch.equal(feature, data.features[:, i])
        assert torch.equal(label, data.labels[:, i])
    assert i == len(data) - 1


@given(arguments)
def test_features_are_ramps_from_zero_to_their_end_points(arguments):
    data = RegressionDataset(**arguments)
    timesteps = arguments["timesteps"]
    ends = data.features[-1]
    assert ((ends >= 0) & (ends < 1)).all()
    steps = torch.arange(timesteps)[:, None, None]
    torch.testing.assert_close(data.features, ends * steps / (timesteps - 1))


def test_end_points_are_drawn_uniformly_one_for_each_sample():
    ends = RegressionDataset(2, 2000, seed=0).features[-1, :, 0]
    quantiles = torch.linspace(0, 1, 11)
    torch.testing.assert_close(ends.quantile(quantiles), quantiles, atol=0.03, rtol=0)


@given(arguments)
def test_linear_labels_are_the_features_and_sqrt_labels_roots_of_slope_times_them(
    arguments,
):
    data = RegressionDataset(**arguments)
    if data.mode == "linear":
        assert data.slope is None
        assert torch.equal(data.labels, data.features)
    else:
        assert 0 <= data.slope < 1
        expected = np.sqrt(data.slope * data.features.numpy().astype(np.float64))
        np.testing.assert_allclose(data.labels.numpy(), expected, rtol=1e-6)


def test_linear_labels_share_no_memory_with_the_features():
    data = RegressionDataset(mode="linear")
    data.labels += 1
    assert data.features[0, 0] == 0


@given(few=st.integers(1, 5), more=st.integers(0, 5), seed=seeds)
def test_a_larger_set_begins_with_the_samples_of_a_smaller_one(few, more, seed):
    small = RegressionDataset(10, few, seed=seed)
    large = RegressionDataset(10, few + more, seed=seed)
    assert torch.equal(small.features, large.features[:, :few])
    assert small.slope == large.slope


@given(seed=seeds, slope=st.floats(0, 100))
def test_a_given_slope_changes_the_labels_only(seed, slope):
    drawn = RegressionDataset(5, 3, seed=seed)
    given = RegressionDataset(5, 3, seed=seed, slope=slope)
    assert given.slope == slope
    assert torch.equal(given.features, drawn.features)
    again = RegressionDataset(5, 3, seed=seed, slope=drawn.slope)
    assert torch.equal(again.labels, drawn.labels)


def test_different_seeds_give_different_end_points_and_slopes():
    sets = [RegressionDataset(2, seed=seed) for seed in range(50)]
    assert len({float(data.features[-1]) for data in sets}) == 50
    assert len({data.slope for data in sets}) == 50


def test_a_data_set_is_reproduced_by_its_seed_alone():
    torch.manual_seed(1)
    first = RegressionDataset(5, 3, seed=7)
    torch.manual_seed(2)
    assert torch.equal(RegressionDataset(5, 3, seed=7).labels, first.labels)


def test_without_a_seed_the_global_seed_decides_nothing():
    ends, orders = set(), set()
    for _ in range(3):
        torch.manual_seed(0)
        ends.add(float(RegressionDataset(2).features[-1]))
        data = RegressionDataset(2, 50, seed=0)
        ((batch, _),) = make_loader(data, 50, shuffle=True)
        orders.add(tuple(batch[-1, :, 0].tolist()))
    assert len(ends) == 3
    assert len(orders) == 3


@pytest.mark.usefixtures("global_rng_stays")
@pytest.mark.parametrize("seed", [None, 0])
@pytest.mark.parametrize("shuffle", [False, True])
def test_the_global_generators_are_not_moved(seed, shuffle):
    loader = make_loader(RegressionDataset(5, 4, seed=seed), 2, shuffle, seed)
    for _ in range(2):
        list(loader)


def test_a_data_set_survives_pickling_as_worker_processes_need():
    data = RegressionDataset(5, 3, seed=0)
    copy = pickle.loads(pickle.dumps(data))
    assert torch.equal(copy.labels, data.labels)
    assert copy.slope == data.slope


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("mode", "cubic"),
        ("mode", None),
        ("timesteps", 1),
        ("timesteps", 5.0),
        ("timesteps", True),
        ("num_samples", 0),
        ("num_samples", "3"),
        ("num_samples", True),
        ("slope", -0.5),
        ("slope", float("nan")),
        ("slope", float("inf")),
        ("slope", "steep"),
        ("slope", True),
        ("seed", 1.5),
        ("seed", -1),
    ],
)
def test_a_bad_argument_is_named_with_its_value(argument, value):
    with pytest.raises(ValueError, match=f"^{argument} must be .* not {value!r}"):
        RegressionDataset(**{argument: value})


@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_linear_takes_no_slope(slope):
    with pytest.raises(ValueError, match=f"slope must be None .* not {slope}"):
        RegressionDataset(mode="linear", slope=slope)


@pytest.mark.usefixtures("unchecked")
def test_integers_and_floats_may_be_numpys():
    data = RegressionDataset(
        np.int64(4), np.int32(3), seed=np.int64(1), slope=np.float32(0.5)
    )
    assert torch.equal(data.labels, RegressionDataset(4, 3, seed=1, slope=0.5).labels)
    assert len(make_loader(data, np.int64(2))) == 2


@pytest.mark.parametrize("slope", [1e39, float("inf"), float("nan")])
def test_a_slope_that_no_label_could_hold_is_refused(slope):
    with pytest.raises(ValueError, match=re.escape(f"not {slope!r}")):
        RegressionDataset(3, slope=slope)


def test_a_seed_beyond_what_the_generator_looks_at_is_refused():
    RegressionDataset(seed=2**32 - 1)
    for seed in (2**32, 2**64):  # would be that of 0
        with pytest.raises(ValueError, match=rf"less than 2\*\*32, not {seed}"):
            RegressionDataset(seed=seed)


@pytest.mark.parametrize(
    "make",
    [
        functools.partial(RegressionDataset, 20, 3, seed=0),
        *(functools.partial(MemoryDataset, task, 20, 3, seed=0) for task in TASKS),
    ],
)
@pytest.mark.parametrize("default", [torch.float64, "meta"])
def test_a_seed_gives_the_same_data_whatever_pytorchs_defaults_are(make, default):
    expected = make()
    if default == "meta":
        torch.set_default_device("meta")
    else:
        torch.set_default_dtype(default)
    try:
        data = make()
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
    for name in ("features", "labels"):
        value = getattr(data, name)
        assert value.dtype == torch.float32
        assert torch.equal(value, getattr(expected, name))
