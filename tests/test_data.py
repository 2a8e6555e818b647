import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import Dataset

from spikereg import RegressionDataset, TimeMajorDataset, make_loader

seeds = st.integers(0, 2**32)
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
        orders.add(tuple(order(make_loader(Numbered(50), shuffle=True))))
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


# The loader


class Numbered(Dataset):
    """Samples of 4 steps, 3 features and 2 labels, whose values say 100 t + i."""

    def __init__(self, num_samples):
        self.num_samples = num_samples

    def __len__(self):
        return self.num_samples

    def __getitem__(self, i):
        values = 100.0 * torch.arange(4)[:, None] + i
        return values.repeat(1, 3), values.repeat(1, 2)


def order(loader):
    return [int(i) for features, _ in loader for i in features[0, :, 0]]


@given(num_samples=st.integers(1, 12), batch_size=st.integers(1, 15), data=st.data())
def test_batches_are_time_major_and_hold_every_sample_once(
    num_samples, batch_size, data
):
    shuffle = data.draw(st.booleans())
    loader = make_loader(Numbered(num_samples), batch_size, shuffle, seed=0)
    sizes, seen = [], []
    for features, labels in loader:
        samples = features[0, :, 0]
        expected = 100.0 * torch.arange(4)[:, None] + samples
        assert torch.equal(features, expected[:, :, None].repeat(1, 1, 3))
        assert torch.equal(labels, expected[:, :, None].repeat(1, 1, 2))
        sizes.append(len(samples))
        seen.extend(samples.tolist())
    full, rest = divmod(num_samples, batch_size)
    assert sizes == [batch_size] * full + [rest] * (rest > 0)
    assert (sorted(seen) if shuffle else seen) == list(range(num_samples))


def test_shuffling_is_reproduced_by_its_seed_and_new_in_each_epoch():
    def epochs(seed):
        torch.manual_seed(seed + 1)
        loader = make_loader(Numbered(50), 8, shuffle=True, seed=seed)
        return [order(loader) for _ in range(3)]

    assert epochs(0) == epochs(0)
    orders = [tuple(each) for seed in (0, 1) for each in epochs(seed)]
    assert len(set(orders)) == 6
    assert tuple(range(50)) not in orders


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("batch_size", [0, -3, 2.0, True, None])
def test_a_bad_batch_size_is_named_with_its_value(batch_size):
    with pytest.raises(ValueError, match=f"batch_size must be .* not {batch_size!r}"):
        make_loader(RegressionDataset(), batch_size)


@pytest.mark.usefixtures("unchecked")
def test_a_bad_seed_of_the_order_is_named_with_its_value():
    with pytest.raises(ValueError, match=r"seed must be .* not 'now'"):
        make_loader(RegressionDataset(), seed="now")


# What is no data set, and samples that do not fit


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    "given", [lambda x, y: (x, y), lambda x, y: [x, y], lambda x, y: x]
)
def test_tensors_in_place_of_a_data_set_are_told_how_to_become_one(given):
    data = RegressionDataset(4, 3, seed=0)
    with pytest.raises(TypeError, match=r"TimeMajorDataset\(features, labels\)"):
        make_loader(given(data.features, data.labels))


@pytest.mark.usefixtures("unchecked")
def test_what_has_no_items_is_named():
    with pytest.raises(TypeError, match="items, not be a set"):
        make_loader({1, 2})
    with pytest.raises(ValueError, match="at least one item, not none as this list"):
        make_loader([])


@pytest.mark.usefixtures("unchecked")
def test_pairs_in_a_list_are_a_data_set():
    data = Numbered(3)
    ((features, _),) = make_loader([data[n] for n in range(3)], batch_size=3)
    assert features.shape == (4, 3, 3)


class Samples(Dataset):
    def __init__(self, *samples):
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, n):
        return self.samples[n]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("sample", "named"),
    [
        (torch.ones(4, 1), r"not a tensor \[4, 1\]"),
        ((torch.ones(4, 1),), r"not \(a tensor \[4, 1\]\)"),
        ((torch.ones(4), torch.ones(4)), r"not \(a tensor \[4\], a tensor \[4\]\)"),
        ((torch.ones(4, 1), 3.0), r"not \(a tensor \[4, 1\], a float\)"),
        ((np.ones((4, 1)), np.ones((4, 1))), r"not \(a ndarray, a ndarray\)"),
    ],
)
def test_an_item_that_is_no_pair_of_curves_is_described(sample, named):
    with pytest.raises(ValueError, match=f"dataset must have items .*{named}"):
        list(make_loader(Samples(sample)))


def test_sequences_of_unequal_length_are_served_alone_and_refused_together():
    samples = Samples(*((torch.ones(T, 1), torch.ones(T, 1)) for T in (4, 6)))
    assert [len(x) for x, _ in make_loader(samples)] == [4, 6]
    with pytest.raises(ValueError, match=r"not \[\(4, 1\), \(6, 1\)\]: .*batch_size=1"):
        list(make_loader(samples, batch_size=2))


def test_two_tensors_make_a_data_set():
    features, labels = torch.rand(5, 7, 2), torch.rand(5, 7, 3)
    data = TimeMajorDataset(features, labels)
    assert len(data) == 7
    ((x, y),) = make_loader(data, batch_size=7)
    assert torch.equal(x, features)
    assert torch.equal(y, labels)
    assert torch.equal(data[2][1], labels[:, 2])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("features", "labels", "error", "message"),
    [
        (np.ones((5, 7, 2)), torch.ones(5, 7, 1), TypeError, "features .* not ndarray"),
        (torch.ones(5, 7), torch.ones(5, 7, 1), ValueError, r"features .* \[5, 7\]"),
        (torch.ones(5, 0, 1), torch.ones(5, 0, 1), ValueError, r"not \[5, 0, 1\]"),
        (torch.ones(5, 7, 1), torch.ones(7, 5, 1), ValueError, r"\[5, 7\], not \[7, 5"),
    ],
)
def test_tensors_that_make_no_data_set_are_named(features, labels, error, message):
    with pytest.raises(error, match=message):
        TimeMajorDataset(features, labels)
