"""Serving a data set: time-major batches, orders, and what is no data set."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset

from spikereg import RegressionDataset, TimeMajorDataset, make_loader


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
        ((torch.ones(4, 1), True), r"not \(a tensor \[4, 1\], a bool\)"),
        ((torch.ones(4, 1), 1, 2), r"not \(a tensor \[4, 1\], a int, a int\)"),
        ((torch.ones(4, 1),) * 3, r"a tensor \[4, 1\], a tensor \[4, 1\]\)"),
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


# One label a sequence, and steps that count


@pytest.mark.parametrize("mask", [None, torch.rand(5, 7) < 0.5])
@pytest.mark.parametrize(
    "labels", [torch.rand(5, 7, 3), torch.rand(7, 3), torch.arange(7)]
)
def test_labels_of_every_kind_are_served_with_their_samples(labels, mask):
    features = torch.rand(5, 7, 2)
    data = TimeMajorDataset(features, labels, mask)
    loaders = [
        make_loader(data, 3, shuffle=True, seed=1),
        # The same items looked up one by one
        make_loader(Samples(*(data[n] for n in range(7))), 3, shuffle=True, seed=1),
    ]
    curves = labels.ndim == 3
    for loader in loaders:
        batches = [list(batch) for batch in loader]
        order = torch.cat([x[0, :, 0] for x, *_ in batches])
        at = (order[:, None] == features[0, :, 0]).int().argmax(dim=1)
        x, y, *masks = (
            torch.cat(values, dim=0 if n == 1 and not curves else 1)
            for n, values in enumerate(zip(*batches, strict=True))
        )
        assert torch.equal(x, features[:, at])
        assert torch.equal(y, labels[:, at] if curves else labels[at])
        assert len(masks) == (mask is not None)
        assert all(torch.equal(each, mask[:, at]) for each in masks)


def test_a_class_may_be_a_plain_number_as_in_other_data_sets():
    data = Samples(*((torch.ones(4, 1), n) for n in (2, 0, 1)))
    ((features, labels),) = make_loader(data, 3)
    assert labels.tolist() == [2, 0, 1]
    assert features.shape == (4, 3, 1)


# Data sets of one's own


class Louder(RegressionDataset):
    """Changes each item as it is looked up, as augmentation does."""

    def __getitem__(self, n):
        features, labels = super().__getitem__(n)
        return 2 * features, labels + 1


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_class_that_makes_its_own_items_is_served_what_it_makes(shuffle):
    ours = make_loader(Louder(5, 7, seed=0), 3, shuffle, seed=1)
    theirs = DataLoader(
        Louder(5, 7, seed=0),
        3,
        shuffle=shuffle,
        collate_fn=ours.collate_fn,
        generator=torch.Generator().manual_seed(1),
    )
    for batch, expected in zip(ours, theirs, strict=True):
        assert all(map(torch.equal, batch, expected))


class Halves(TimeMajorDataset):
    """Inherits the items, and has one more method."""

    def half(self):
        return len(self) // 2


def test_a_class_that_keeps_its_items_is_served_by_whole_batches():
    data = Halves(torch.rand(5, 7, 1), torch.rand(5, 7, 1))
    ((features, _),) = make_loader(data, 7)
    assert torch.equal(features, data.features)
