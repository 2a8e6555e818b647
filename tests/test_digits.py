import re
import sys

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from spikereg import SpikingRegressor, evaluate, fit, make_loader
from spikereg.digits import PARTS, DigitsDataset
from spikereg.losses import MembraneLoss

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

DIGITS = load_digits()


def rows_of(images):
    """Return each image as a set of its pixels."""
    return {tuple(np.round(16 * np.asarray(image)).ravel()) for image in images}


@pytest.mark.parametrize("split", [0, 1])
def test_the_parts_are_all_digits_once(split):
    parts = [DigitsDataset(part, split) for part in PARTS]
    assert [len(part) for part in parts] == [1149, 289, 359]
    images = [rows_of(part.images) for part in parts]
    assert set.union(*images) == rows_of(DIGITS.images / 16)
    assert not set.intersection(*images)
    for part in parts:
        known = {
            tuple(image.ravel()): label
            for image, label in zip(DIGITS.images, DIGITS.target, strict=True)
        }
        for image, label in zip(part.images, part.labels, strict=True):
            assert known[tuple((16 * image).ravel().tolist())] == label
        assert torch.bincount(part.labels).min() > 0.09 * len(part)


def test_a_split_is_the_same_again_and_others_differ():
    first, again, other = (DigitsDataset("test", split) for split in (0, 0, 1))
    assert torch.equal(first.images, again.images)
    assert rows_of(first.images) != rows_of(other.images)


@pytest.mark.parametrize(("repeat", "blank"), [(1, 0), (2, 8), (3, 5)])
def test_rows_come_one_after_another_and_then_silence(repeat, blank):
    data = DigitsDataset("validation", repeat=repeat, blank=blank)
    assert data.features.shape == (8 * repeat + blank, len(data), 8)
    for t, features in enumerate(data.features):
        row = data.images[:, t // repeat] if t < 8 * repeat else 0
        assert (features == row).all()
    counts = data.mask[:, 0].tolist()
    assert counts == ([False] * 8 * repeat + [True] * blank if blank else [True] * 8)
    assert (data.mask == data.mask[:, :1]).all()


def test_augmented_images_are_near_their_originals_and_other_each_time():
    data, plain = DigitsDataset("train", augment=0.4, seed=3), DigitsDataset("train")
    order = list(range(200))
    first, labels, mask = data.batch(order)
    second, *_ = data.batch(order)
    assert not torch.equal(first, second)
    assert torch.equal(labels, plain.labels[:200])
    assert torch.equal(mask, plain.mask[:, :200])
    assert first.min() >= 0
    assert first.max() <= 1
    own = plain.features[:, :200]
    assert ((first - own).abs().mean(dim=(0, 2)) > 0.01).all()
    images, originals = (x.transpose(0, 1).flatten(1) for x in (first, own))
    nearest = torch.cdist(images, originals).argmin(dim=1)
    assert (nearest == torch.arange(200)).float().mean() > 0.8


def test_no_augmentation_leaves_images_and_its_size_is_proportional():
    plain = DigitsDataset("train").features[:, :300]
    sizes = []
    for augment in (0.0, 0.01, 0.3, 1.0):
        data = DigitsDataset("train", augment=augment, seed=0)
        sizes.append((data.batch(list(range(300)))[0] - plain).abs().mean().item())
    assert sizes == sorted(sizes)
    assert sizes[0] == 0
    assert 0 < sizes[1] < 0.05 * sizes[3]


@pytest.mark.usefixtures("global_rng_stays")
def test_an_item_is_augmented_as_a_batch_is_and_a_seed_repeats_it():
    def served(seed):
        data = DigitsDataset("train", augment=0.5, seed=seed)
        return [data[n][0] for n in (4, 4, 7)]

    one, again, other = served(0), served(0), served(1)
    assert all(map(torch.equal, one, again))
    assert not torch.equal(one[0], one[1])
    assert not torch.equal(one[0], other[0])
    features, label, mask = DigitsDataset("train", augment=0.5)[4]
    assert features.shape == (24, 8)
    assert label == DigitsDataset("train").labels[4]
    assert mask.shape == (24,)


def test_a_loader_serves_augmented_batches():
    data = DigitsDataset("train", augment=0.5, seed=0)
    plain = DigitsDataset("train")
    (features, labels, mask), *_ = make_loader(data, 32)
    assert features.shape == (24, 32, 8)
    assert not torch.equal(features, plain.features[:, :32])
    assert torch.equal(labels, plain.labels[:32])
    assert torch.equal(mask, plain.mask[:, :32])


def test_a_training_on_augmented_images_goes_on_as_if_nothing_had_been(tmp_path):
    def train(epochs, **options):
        data = DigitsDataset("validation", augment=0.6, seed=0, repeat=1)
        loader = make_loader(data, 64, shuffle=True, seed=0)
        model = SpikingRegressor(8, 8, 10, seed=0)
        loss = MembraneLoss("mean")
        return fit(model, loader, epochs, loss=loss, progress=False, **options).loss

    path = tmp_path / "digits.safetensors"
    train(2, checkpoint=path)
    assert train(3, checkpoint=path) == train(3)


def test_a_network_learns_to_read():
    data = DigitsDataset("train", repeat=1, blank=2)
    model = SpikingRegressor(64, 8, 10, seed=0, neuron="adaptive")
    loss = MembraneLoss("mean")
    loader = make_loader(data, 32, shuffle=True, seed=0)
    fit(model, loader, 6, lr=1e-2, loss=loss, progress=False)
    unseen = make_loader(DigitsDataset("test", repeat=1, blank=2), 400)
    assert evaluate(model, unseen, loss=loss).accuracy > 0.5


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"part": "dev"}, "part must be one of .*, not 'dev'"),
        ({"part": np.array(["train", "test"])}, "part must be one of .*, not array"),
        ({"split": -1}, "split must be an integer of at least 0, not -1"),
        ({"split": None}, "split must be an integer of at least 0, not None"),
        ({"split": 2**40}, r"split must be less than 2\*\*32, not 1099511627776"),
        ({"repeat": 0}, "repeat must be an integer of at least 1, not 0"),
        ({"blank": 1.5}, "blank must be an integer of at least 0, not 1.5"),
        ({"augment": 1.1}, "augment must be between 0 and 1, not 1.1"),
        ({"augment": float("nan")}, "augment must be between 0 and 1, not nan"),
        ({"seed": -3}, "seed must be .* not -3"),
    ],
)
def test_bad_options_are_repeated(options, message):
    with pytest.raises(ValueError, match=message):
        DigitsDataset(**options)


def test_images_are_counted_from_the_end_too_and_end():
    for data in (DigitsDataset("test"), DigitsDataset("test", augment=0.5, seed=0)):
        assert data[-1][1] == data[len(data) - 1][1] == data.labels[-1]
        assert sum(1 for _ in data) == len(data)
        with pytest.raises(IndexError):
            data[len(data)]


@pytest.mark.usefixtures("unchecked")
def test_what_is_no_image_is_named():
    data = DigitsDataset("test")
    for shape in ((8, 8), (3, 28, 28)):
        with pytest.raises(ValueError, match=re.escape(f"not {list(shape)}")):
            data.over_time(torch.zeros(shape))
    with pytest.raises(TypeError, match=r"images must be a torch.Tensor, not list"):
        data.over_time([[0]])


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"pip install scikit-learn"):
        DigitsDataset()
