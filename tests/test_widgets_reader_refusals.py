"""What DigitReader does not take of a network and of digits."""

import re

import numpy as np
import pytest
import snntorch as snn
import torch
from test_widgets_reader import IMAGES, LABELS, network

from spikereg import AdaptiveLeaky
from spikereg.widgets import DigitReader


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
    complaint = "^DigitReader has no size: it takes sample, recurrence, drawing, id$"
    with pytest.raises(TypeError, match=complaint):
        DigitReader(network(), IMAGES, LABELS, size=3)
