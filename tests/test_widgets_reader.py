"""What DigitReader takes of a network and of digits, and what it refuses."""

import re

import numpy as np
import pytest
import torch
import traitlets

from spikereg import AdaptiveLeaky, SpikingRegressor
from spikereg.neurons import adaptive
from spikereg.widgets import DigitReader

IMAGES, LABELS = torch.zeros(3, 8, 8), [7, 1, 0]


def network(neuron="lif", hidden=6, inputs=8, outputs=10, **rest):
    return SpikingRegressor(hidden, inputs, outputs, seed=0, neuron=neuron, **rest)


def numbers(reader):
    return torch.frombuffer(bytearray(reader._numbers), dtype=torch.float32)


# What the page gets


@pytest.mark.parametrize(
    ("neuron", "kind", "reset", "fed", "own"),
    [
        ("lif", "leaky", "subtract", "", 2 * 6),
        ("recurrent", "recurrent", "subtract", "all", 2 * 6 + 6 * 6 + 6),
        ("adaptive", "adaptive", "zero", "all", 5 * 6 + 6 * 6 + 6),
    ],
)
def test_the_layers_are_described(neuron, kind, reset, fed, own):
    reader = DigitReader(network(neuron), IMAGES, LABELS, repeat=3, blank=0)
    hidden = {"width": 6, "reset": reset, "kind": kind, "fed": fed}
    assert reader._shapes == [
        {"inputs": 8, **hidden},
        {"inputs": 6, **hidden},
        {"inputs": 6, "width": 10, "reset": "none", "kind": "leaky", "fed": ""},
    ]
    layers = 6 * (8 + 1) + own + 6 * (6 + 1) + own + 10 * (6 + 3)
    assert len(numbers(reader)) == layers + 3 * 64
    assert reader._task == {"labels": LABELS, "repeat": 3, "blank": 0}


def test_the_parameters_are_those_that_the_steps_use():
    model = network("adaptive")
    with torch.no_grad():
        for name in ("alpha", "beta", "a", "b"):
            parameter = getattr(model.lif_in, name)
            parameter[:2] = torch.tensor([-1.0, 9.0])
    model.lif_in.scale = 77.0
    found = numbers(DigitReader(model, IMAGES, LABELS))[6 * 9 :][:30].view(5, 6)
    for row, expected in zip(found, adaptive.parameters(model.lif_in), strict=True):
        assert torch.equal(row, expected)
    assert found[:2].min() == 0
    assert found[:2].max() == 1


def test_the_images_stand_behind_the_layers():
    images = torch.rand(3, 8, 8)
    found = numbers(DigitReader(network(), images, LABELS))
    assert torch.equal(found[-192:].view(3, 8, 8), images)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (IMAGES.double(), torch.tensor(LABELS)),
        (IMAGES.numpy(), np.array(LABELS)),
        (np.zeros((3, 8, 8), ">f8")[::-1], tuple(LABELS)),
        (IMAGES.clone().requires_grad_(), np.array(LABELS, np.uint8)),
    ],
)
def test_images_and_labels_are_tensors_or_arrays(images, labels):
    reader = DigitReader(network(), images, labels)
    assert torch.equal(numbers(reader)[-192:], torch.zeros(192))
    assert reader._task["labels"] == LABELS
    assert all(type(label) is int for label in reader._task["labels"])


def test_the_model_is_left_alone_and_its_precision_does_not_matter():
    model = network("adaptive").double()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    reader = DigitReader(model, IMAGES, LABELS)
    for key, value in model.state_dict().items():
        assert value.dtype == before[key].dtype
        assert torch.equal(value, before[key])
    assert DigitReader(model.float(), IMAGES, LABELS)._numbers == reader._numbers
    with torch.no_grad():
        model.fc_in.weight.zero_()
    assert DigitReader(model, IMAGES, LABELS)._numbers != reader._numbers


def test_the_list_says_which_images_there_are():
    reader = DigitReader(network("recurrent"), IMAGES, LABELS)
    sample, recurrence, drawing = reader._controls
    assert sample == {
        "name": "sample",
        "label": "image",
        "value": 0,
        "words": ["0", "1", "2", "drawing"],
        "texts": [
            "image 0 (label 7)",
            "image 1 (label 1)",
            "image 2 (label 0)",
            "your own drawing",
        ],
    }
    assert (recurrence["name"], recurrence["max"]) == ("recurrence", 2)
    assert drawing["pixels"]


def test_only_a_network_with_recurrence_has_a_slider_for_it():
    def named(model):
        reader = DigitReader(model, IMAGES, LABELS)
        return [control["name"] for control in reader._controls]

    assert named(network("lif")) == ["sample", "drawing"]
    model = network("adaptive")
    model.lif_in = AdaptiveLeaky(6, seed=0)
    # The second layer still has one.
    assert named(model) == ["sample", "recurrence", "drawing"]
    model.lif_hidden = AdaptiveLeaky(6, seed=0)
    assert named(model) == ["sample", "drawing"]


def test_the_widest_network_and_the_most_images_are_accepted():
    model = network("adaptive", hidden=256)
    reader = DigitReader(
        model, torch.ones(100, 8, 8), [9] * 100, repeat=16, blank=128, sample=99
    )
    assert len(reader._numbers) < 1e6


# Values


@pytest.mark.parametrize("value", [2, "2", np.int64(2), "drawing", 0])
def test_a_sample_is_a_number_or_the_drawing(value):
    reader = DigitReader(network(), IMAGES, LABELS, sample=value)
    assert reader.sample == (value if value == "drawing" else int(value))
    assert type(reader.sample) in (int, str)
    other = DigitReader(network(), IMAGES, LABELS)
    other.set_state({"sample": value if isinstance(value, str) else int(value)})
    assert other.sample == reader.sample


@pytest.mark.parametrize(
    "value", [3, -1, "3", "-1", "00", "", "own", 1.0, True, None, 10**400, [0], b"0"]
)
def test_what_is_no_sample_is_refused(value):
    complaint = re.escape(
        f'sample must be a whole number between 0 and 2 or "drawing", not {value!r}'
    )
    with pytest.raises(traitlets.TraitError, match=complaint):
        DigitReader(network(), IMAGES, LABELS, sample=value)
    reader = DigitReader(network(), IMAGES, LABELS, sample=1)
    with pytest.raises(traitlets.TraitError, match=complaint):
        reader.sample = value
    assert reader.sample == 1


ROWS = [2**32 - 1, *range(31)]


@pytest.mark.parametrize("make", [list, tuple, np.array, torch.tensor])
def test_a_drawing_is_32_rows_of_32_bits(make):
    reader = DigitReader(network(), IMAGES, LABELS, drawing=make(ROWS))
    assert reader.drawing == tuple(ROWS)
    assert all(type(row) is int for row in reader.drawing)
    assert reader.sample == "drawing"
    assert DigitReader(network(), IMAGES, LABELS, drawing=ROWS, sample=1).sample == 1


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (None, "drawing must be a sequence of 32 whole numbers, not None"),
        ("x" * 32, "drawing must be a sequence of 32 whole numbers, not 'xxx"),
        (b"x" * 32, "drawing must be a sequence of 32 whole numbers, not b'xxx"),
        (7, "drawing must be a sequence of 32 whole numbers, not 7"),
        ({}, "drawing must be a sequence of 32 whole numbers, not {}"),
        (ROWS[:31], "drawing must have 32 rows, not 31"),
        ([*ROWS, 0], "drawing must have 32 rows, not 33"),
        ([2**32, *ROWS[1:]], "between 0 and 2**32 - 1, not 4294967296"),
        ([-1, *ROWS[1:]], "between 0 and 2**32 - 1, not -1"),
        ([0.5, *ROWS[1:]], "between 0 and 2**32 - 1, not 0.5"),
        ([True, *ROWS[1:]], "between 0 and 2**32 - 1, not True"),
        (["1", *ROWS[1:]], "between 0 and 2**32 - 1, not '1'"),
        (np.zeros((32, 32), int), "between 0 and 2**32 - 1, not [0, 0"),
    ],
)
def test_what_is_no_drawing_is_refused(value, complaint):
    reader = DigitReader(network(), IMAGES, LABELS, drawing=ROWS)
    with pytest.raises(traitlets.TraitError, match=re.escape(complaint)):
        reader.drawing = value
    assert reader.drawing == tuple(ROWS)
    with pytest.raises(traitlets.TraitError, match=re.escape(complaint)):
        DigitReader(network(), IMAGES, LABELS, drawing=value)


def test_a_kernel_hears_of_a_drawing():
    reader, heard = DigitReader(network(), IMAGES, LABELS), []
    reader.observe(lambda change: heard.append(change["new"]), ["drawing", "sample"])
    # As the page sends it
    reader.set_state({"drawing": ROWS, "sample": "drawing"})
    assert heard == [tuple(ROWS), "drawing"]


def test_the_repr_names_the_values():
    reader = DigitReader(network("recurrent"), IMAGES, LABELS, recurrence=0.5)
    assert repr(reader) == "DigitReader(sample=0, recurrence=0.5)"
    reader.drawing, reader.sample = ROWS, "drawing"
    assert repr(reader) == (
        f"DigitReader(sample='drawing', recurrence=0.5, drawing={ROWS})"
    )
