"""What DigitReader takes of a network and of digits, and what it refuses."""

import re

import numpy as np
import pytest
import snntorch as snn
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
    sample, recurrence = reader._controls
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


def test_only_a_network_with_recurrence_has_a_slider_for_it():
    def named(model):
        reader = DigitReader(model, IMAGES, LABELS)
        return [control["name"] for control in reader._controls]

    assert named(network("lif")) == ["sample"]
    model = network("adaptive")
    model.lif_in = AdaptiveLeaky(6, seed=0)
    assert named(model) == ["sample", "recurrence"]  # the second layer still has one
    model.lif_hidden = AdaptiveLeaky(6, seed=0)
    assert named(model) == ["sample"]


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


# What is refused


def broken(change, neuron="lif"):
    model = network(neuron)
    with torch.no_grad():
        change(model)
    return model


def setting(**layers):
    def change(model):
        for name, layer in layers.items():
            setattr(model, name, layer)

    return change


def poison(model):
    model.lif_in.recurrent.weight[3, 3] = torch.inf


def blur(model):
    model.lif_hidden.a[0] = torch.nan


def inflate(model):
    model.lif_hidden.scale = 1e12


def misfit(model):
    model.lif_in.recurrent = torch.nn.Linear(5, 6)


def listen(model):
    model.lif_hidden.recurrent.register_forward_hook(lambda *_: None)


def reset_later(model):
    model.lif_in.reset_mechanism = "subtract"


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (network(inputs=1), "must have eight inputs and ten outputs, not 1 and 10"),
        (network(outputs=3), "must have eight inputs and ten outputs, not 8 and 3"),
        (network(hidden=257), "must have at most 256 neurons in a layer, not 257"),
        (network(readout="spikes"), "must have the readout .membrane., not 'spikes'"),
        (network(readout="dendrites"), "must have the readout .membrane., not 'dend"),
        (
            network("resonator"),
            "must have an snn.Leaky, an snn.RLeaky or an AdaptiveLeaky as lif_in, "
            "not Resonator",
        ),
        (network("lstm"), ".* or an AdaptiveLeaky as lif_in, not SpikingLSTM"),
        (
            broken(setting(lif_hidden=AdaptiveLeaky(6))),
            "must have one kind of neuron in both hidden layers, not Leaky and Adapt",
        ),
        (
            broken(setting(li_out=snn.RLeaky(0.5, all_to_all=False))),
            "must have an snn.Leaky as li_out, not RLeaky",
        ),
        (
            broken(setting(li_out=snn.Leaky(0.5))),
            "must have a readout with the reset .none., not 'subtract'",
        ),
        (
            broken(setting(lif_in=snn.Leaky(0.5, spike_grad=torch.sigmoid))),
            "must have neurons that fire above their threshold",
        ),
        (
            broken(setting(lif_in=snn.Leaky(0.5, reset_delay=False))),
            "must not have a neuron with reset_delay=False",
        ),
        (
            broken(setting(lif_in=snn.Leaky(torch.rand(5)))),
            r"must have one beta or one for each of 6 neurons, not \[5\]",
        ),
        (
            broken(setting(lif_in=AdaptiveLeaky(5)), "adaptive"),
            r"must have one alpha or one for each of 6 neurons, not \[5\]",
        ),
        (broken(misfit, "recurrent"), r"must feed back to 6 neurons .*\[6, 5\]"),
        (broken(misfit, "adaptive"), r"must feed back to 6 neurons .*\[6, 5\]"),
        (
            broken(
                setting(
                    lif_in=snn.RLeaky(0.5, all_to_all=False, V=torch.rand(5)),
                    lif_hidden=snn.RLeaky(0.5, all_to_all=False),
                )
            ),
            r"must feed back to 6 neurons .*\[5\]",
        ),
        (
            broken(
                setting(
                    lif_in=snn.RLeaky(0.5, conv2d_channels=2, kernel_size=3),
                    lif_hidden=snn.RLeaky(0.5, all_to_all=False),
                )
            ),
            "must not have a neuron with a recurrence by Conv2d",
        ),
        (broken(poison, "recurrent"), "must have finite weights"),
        (broken(poison, "adaptive"), "must have finite weights"),
        (broken(blur, "adaptive"), "must have finite weights"),
        (broken(inflate, "adaptive"), "must have finite weights.* at most 1e.09"),
        (broken(listen, "recurrent"), "must not have a neuron with hooks"),
        (broken(reset_later, "adaptive"), "must keep the reset_mechanism 'zero'"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_network_that_the_page_cannot_run_is_refused(model, complaint):
    with pytest.raises(ValueError, match=f"^(model|neuron) {complaint}"):
        DigitReader(model, IMAGES, LABELS)


@pytest.mark.parametrize(
    ("images", "labels", "error", "complaint"),
    [
        ([[0.5]], [1], TypeError, "images must be a tensor or an array, not list"),
        (IMAGES[0], [1], ValueError, r"shape \[N, 8, 8\].* not \[8, 8\]"),
        (torch.zeros(1, 8, 7), [1], ValueError, r"shape \[N, 8, 8\].* \[1, 8, 7\]"),
        (IMAGES[:0], [], ValueError, r"N between 1 and 100, not \[0, 8, 8\]"),
        (
            torch.zeros(101, 8, 8),
            [1] * 101,
            ValueError,
            r"N between 1 and 100, not \[101, 8, 8\]",
        ),
        (IMAGES.int(), LABELS, ValueError, "be floating-point, not torch.int32"),
        (np.zeros((3, 8, 8), int), LABELS, ValueError, "floating-point, not int64"),
        (np.zeros((3, 8, 8), "O"), LABELS, ValueError, "floating-point, not object"),
        (IMAGES + 16, LABELS, ValueError, "images must be between 0 and 1, not 16"),
        (IMAGES - 0.5, LABELS, ValueError, "images must be between 0 and 1, not -0.5"),
        (IMAGES / 0, LABELS, ValueError, "images must be between 0 and 1, not nan"),
        (IMAGES, 7, TypeError, "labels must be a sequence of integers, not int"),
        (IMAGES, "710", TypeError, "labels must be a sequence of integers, not str"),
        (IMAGES, [7, 1], ValueError, "labels must be as many as the 3 images, not 2"),
        (IMAGES, [7, 1, 10], ValueError, "labels must be integers .* 9, not 10"),
        (IMAGES, [7, 1, -1], ValueError, "labels must be integers .* 9, not -1"),
        (IMAGES, [7, 1, 0.0], ValueError, r"labels must be integers .* 9, not 0\.0"),
        (IMAGES, [7, 1, True], ValueError, "labels must be integers .* 9, not True"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_images_and_labels_that_are_none_are_refused(images, labels, error, complaint):
    with pytest.raises(error, match=complaint):
        DigitReader(network(), images, labels)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"repeat": 0}, "repeat must be an integer between 1 and 16, not 0"),
        ({"repeat": 17}, "repeat must be an integer between 1 and 16, not 17"),
        ({"repeat": 2.0}, "repeat must be an integer between 1 and 16, not 2.0"),
        ({"blank": -1}, "blank must be an integer between 0 and 128, not -1"),
        ({"blank": 129}, "blank must be an integer between 0 and 128, not 129"),
        ({"blank": True}, "blank must be an integer between 0 and 128, not True"),
        ({"blank": None}, "blank must be an integer between 0 and 128, not None"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_steps_that_cannot_be_drawn_are_refused(values, complaint):
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}$"):
        DigitReader(network(), IMAGES, LABELS, **values)


@pytest.mark.usefixtures("unchecked")
def test_other_things_than_a_model_are_refused():
    complaint = "^model must be a SpikingRegressor, not Linear$"
    with pytest.raises(TypeError, match=complaint):
        DigitReader(torch.nn.Linear(8, 10), IMAGES, LABELS)
    complaint = "^DigitReader has no size: it takes sample, recurrence$"
    with pytest.raises(TypeError, match=complaint):
        DigitReader(network(), IMAGES, LABELS, size=3)
