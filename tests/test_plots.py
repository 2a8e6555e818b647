"""Figures show the data they are given, in the colours of the book."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from spikereg import plots


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


CURVE = torch.tensor([0.1, 0.4, 0.9, 0.2])
SPIKES = torch.tensor([0.0, 0.0, 1.0, 0.0])


def test_a_membrane_shows_its_values_threshold_and_spikes(ax):
    plots.membrane(ax, CURVE, threshold=0.5, spikes=SPIKES)
    membrane, threshold, spikes = ax.lines
    np.testing.assert_array_equal(membrane.get_ydata(), CURVE)
    assert set(threshold.get_ydata()) == {0.5}
    assert (spikes.get_xdata(), spikes.get_ydata()) == ([2], [CURVE[2]])
    colors = [line.get_color() for line in ax.lines]
    assert colors == [plots.MEMBRANE, plots.THRESHOLD, plots.SPIKES]


def test_a_raster_marks_each_spike_at_its_step_and_neuron(ax):
    spikes = torch.zeros(5, 1, 3)
    spikes[1, 0, 2] = spikes[4, 0, 0] = 1
    plots.raster(ax, spikes)
    (ticks,) = ax.lines
    marks = set(zip(ticks.get_xdata(), ticks.get_ydata(), strict=True))
    assert marks == {(1, 2), (4, 0)}


def test_a_prediction_is_a_membrane_over_a_dashed_target(ax):
    plots.prediction(ax, CURVE.reshape(4, 1, 1), CURVE + 1)
    target, prediction = ax.lines
    np.testing.assert_array_equal(prediction.get_ydata(), CURVE)
    np.testing.assert_array_equal(target.get_ydata(), CURVE + 1)
    assert (target.get_color(), prediction.get_color()) == (
        plots.TARGET,
        plots.MEMBRANE,
    )


def test_the_first_epoch_of_a_loss_is_epoch_one(ax):
    plots.loss(ax, [0.3, 0.2, 0.1])
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.3, 0.2, 0.1])
    assert ax.get_yscale() == "log"


def test_a_histogram_counts_every_neuron(ax):
    plots.histogram(ax, torch.rand(97, generator=torch.Generator().manual_seed(0)))
    assert sum(bar.get_height() for bar in ax.patches) == 97


def test_a_spread_marks_the_median_of_each_row(ax):
    plots.spread(ax, [[1.0, 2.0, 9.0], [4.0, 5.0, 6.0]], ["a", "b"])
    medians = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "|"]
    assert medians == [2.0, 5.0]


def test_a_single_step_is_a_curve_too(ax):
    plots.loss(ax, [0.3])
    plots.prediction(ax, torch.zeros(1, 1, 1), torch.ones(1, 1, 1))
    assert len(ax.lines) == 3


def test_tensors_that_carry_a_graph_can_be_drawn(ax):
    plots.prediction(ax, CURVE.clone().requires_grad_(), CURVE)
    assert ax.lines


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda ax: plots.membrane(ax, torch.zeros(4, 2)), r"membrane .*\[4, 2\]"),
        (lambda ax: plots.raster(ax, torch.zeros(4)), r"spikes .*\[4\]"),
        (lambda ax: plots.raster(ax, torch.zeros(4, 2, 3)), r"spikes .*\[4, 2, 3\]"),
        (lambda ax: plots.spread(ax, [[1.0]], ["a", "b"]), "names .* 1 .* 2"),
    ],
)
def test_an_array_of_the_wrong_shape_is_refused(ax, draw, message):
    with pytest.raises(ValueError, match=message):
        draw(ax)


def luminance(color):
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in to_rgb(color)
    ]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


@pytest.mark.parametrize(
    "color",
    [plots.TARGET, plots.MEMBRANE, plots.THRESHOLD, plots.SPIKES, plots.CURRENT],
)
def test_every_line_stands_out_from_the_white_paper(color):
    assert 1.05 / (luminance(color) + 0.05) > 3
