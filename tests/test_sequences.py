"""Data sets of one's own tensors, and of sequences of different lengths."""

import numpy as np
import pytest
import torch

from spikereg import TimeMajorDataset, make_loader


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
        (torch.ones(5, 7, 1), 3, TypeError, "labels .* not int"),
        (torch.ones(5, 7, 1), torch.tensor(3), ValueError, r"classes \[N\], not \[\]"),
        (torch.ones(5, 7, 1), torch.ones(5), ValueError, r"5, 7 as .* not \[5\]"),
        (torch.ones(5, 7, 1), torch.ones(7, 0), ValueError, r"not \[7, 0\]"),
        (np.ones((5, 7, 2)), torch.ones(5, 7, 1), TypeError, "features .* not ndarray"),
        (torch.ones(5, 7), torch.ones(5, 7, 1), ValueError, r"features .* \[5, 7\]"),
        (torch.ones(5, 0, 1), torch.ones(5, 0, 1), ValueError, r"not \[5, 0, 1\]"),
        (torch.ones(5, 7, 1), torch.ones(7, 5, 1), ValueError, r"5, 7 as .* \[7, 5, 1"),
    ],
)
def test_tensors_that_make_no_data_set_are_named(features, labels, error, message):
    with pytest.raises(error, match=message):
        TimeMajorDataset(features, labels)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        ([True], TypeError, "mask must be .* not list"),
        (torch.ones(5, 7), ValueError, r"\[5, 7\], not torch.float32 \[5, 7\]"),
        (torch.ones(7, 5) > 0, ValueError, r"\[5, 7\], not torch.bool \[7, 5\]"),
    ],
)
def test_a_mask_that_is_none_is_named(mask, error, message):
    with pytest.raises(error, match=message):
        TimeMajorDataset(torch.ones(5, 7, 1), torch.ones(5, 7, 1), mask)


@pytest.mark.parametrize("kind", ["curves", "numbers", "classes"])
def test_sequences_of_different_lengths_are_padded_and_masked(kind):
    lengths = [3, 1, 5]
    features = [torch.rand(n, 2) for n in lengths]
    labels = {
        "curves": [torch.rand(n, 3) for n in lengths],
        "numbers": list(torch.rand(3, 4)),
        "classes": [2, 0, 1],
    }[kind]
    data = TimeMajorDataset.padded(zip(features, labels, strict=True))
    assert data.features.shape == (5, 3, 2)
    assert data.mask.sum(dim=0).tolist() == lengths
    for n, (length, x, y) in enumerate(zip(lengths, features, labels, strict=True)):
        served, label, mask = data[n]
        assert torch.equal(served[:length], x)
        assert torch.equal(served[mask], x)
        assert not served[length:].any()
        assert torch.equal(
            label[mask] if kind == "curves" else label, torch.as_tensor(y)
        )


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("sequences", "error", "message"),
    [
        ([], ValueError, "at least one, not none"),
        ([(torch.ones(3, 2), 0), 5], ValueError, "not the int at 1"),
        ([(np.ones((3, 2)), 0)], TypeError, "features must be .*, not ndarray"),
        ([(torch.ones(3), 0)], ValueError, r"not \[3\] and \[\] at 0"),
        ([(torch.ones(0, 2), 0)], ValueError, r"not \[0, 2\] and \[\] at 0"),
        (
            [(torch.ones(3, 2), 0), (torch.ones(3, 1), 0)],
            ValueError,
            r"features must all be as wide as .* \[3, 2\], not \[3, 1\] at 1",
        ),
        (
            [(torch.ones(3, 2), torch.ones(3, 1)), (torch.ones(3, 2), torch.ones(1))],
            ValueError,
            r"labels must .* \[3, 1\], not \[1\] at 1",
        ),
        (
            [(torch.ones(3, 2), torch.ones(2)), (torch.ones(3, 2), torch.ones(1))],
            ValueError,
            r"labels must .* \[2\], not \[1\] at 1",
        ),
        (
            [(torch.ones(3, 2).long(), 0), (torch.ones(3, 2), 0)],
            ValueError,
            r"features must all be torch.int64 on cpu, .* not torch.float32 on .* at 1",
        ),
        (
            [(torch.ones(3, 2), torch.ones(1)), (torch.ones(3, 2), torch.ones(1) > 0)],
            ValueError,
            "labels must all be torch.float32 on cpu, .* not torch.bool",
        ),
        ([(torch.ones(3, 2), 2.5)], TypeError, "whole numbers, not 2.5 at 0"),
        ([(torch.ones(3, 2), True)], TypeError, "not True at 0"),
        (
            [(torch.ones(3, 2), [[1.0], [2.0]])],
            TypeError,
            r"not \[\[1.0\], \[2.0\]\] at",
        ),
        ([(torch.ones(3, 2), None)], TypeError, "not None at 0"),
        (
            [(torch.ones(3, 2), torch.ones(2, 1))],
            ValueError,
            r"each of their steps, not \[3, 2\] and \[2, 1\] at 0",
        ),
    ],
)
def test_sequences_that_cannot_be_padded_are_named(sequences, error, message):
    with pytest.raises(error, match=message):
        TimeMajorDataset.padded(sequences)
