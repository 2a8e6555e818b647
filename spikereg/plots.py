"""Arrays to axes: the same thing has the same colour in every figure.

Every function draws on the ``Axes`` it is given and returns it, and raises
``ValueError`` for an array of another shape than it says. Arrays may be tensors on any
device, with or without gradient; a batch of one and a single feature may stay.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray
from torch import Tensor

TARGET = "#222222"
MEMBRANE = "#0072b2"
THRESHOLD = "#d55e00"
SPIKES = "#7b3294"
CURRENT = "#00805a"

#: For ``plt.style.use``: quiet axes, and lines that stay apart for the colour-blind.
STYLE: dict[str, Any] = {
    "figure.figsize": (7.2, 2.8),
    "figure.dpi": 120,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": "#666666",
    "axes.labelcolor": "#222222",
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": f"cycler('color', ['{MEMBRANE}', '{THRESHOLD}', '{CURRENT}', "
    f"'{SPIKES}', '{TARGET}'])",
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "lines.linewidth": 1.7,
    "font.size": 10,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "savefig.dpi": 120,
}

Values = Tensor | NDArray[Any] | Sequence[float]


def membrane(
    ax: Axes,
    membrane: Values,
    threshold: float | None = None,
    spikes: Values | None = None,
    label: str | None = None,
    color: str = MEMBRANE,
) -> Axes:
    """Draw a membrane potential over time, with its threshold and spikes.

    Args:
        ax: Axes to draw on.
        membrane: Membrane potential of one neuron, ``[T]``.
        threshold: Drawn as a dashed line.
        spikes: Spikes (0 or 1), ``[T]``: a dot on the membrane at each.
        label: Entry in the legend.
        color: Colour of the membrane.
    """
    values = _curve("membrane", membrane)
    ax.plot(values, color=color, label=label)
    if threshold is not None:
        ax.axhline(threshold, color=THRESHOLD, linestyle="--", linewidth=1.3)
        beside = ax.get_yaxis_transform()
        ax.text(1.01, threshold, "θ", color=THRESHOLD, va="center", transform=beside)
    if spikes is not None:
        fired = np.flatnonzero(_curve("spikes", spikes))
        ax.plot(fired, values[fired], "o", color=SPIKES, markersize=4.5)
    ax.set(xlabel="time step", ylabel="membrane potential")
    return ax


def raster(ax: Axes, spikes: Values, title: str | None = None) -> Axes:
    """Draw a layer's spikes: a tick for each, one row a neuron.

    Args:
        ax: Axes to draw on.
        spikes: Spikes (0 or 1) of a layer, ``[T, N]``.
        title: Title of the axes.
    """
    values = _array(spikes)
    if values.ndim == 3 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 2:
        raise ValueError(f"spikes must have the shape [T, N], not {list(values.shape)}")
    steps, neurons = np.nonzero(values)
    height = np.clip(150 / values.shape[1], 1.2, 14)
    ax.plot(steps, neurons, "|", color=SPIKES, markersize=height, markeredgewidth=1.1)
    ax.set(xlabel="time step", ylabel="neuron", title=title)
    ax.set_xlim(-1, values.shape[0])
    ax.set_ylim(-1, values.shape[1])
    ax.grid(visible=False)
    return ax


def prediction(
    ax: Axes, prediction: Values, target: Values, title: str | None = None
) -> Axes:
    """Draw a prediction, which is a membrane potential, over its target.

    Args:
        ax: Axes to draw on.
        prediction: Predicted curve, ``[T]``.
        target: Target curve, ``[T]``.
        title: Title of the axes.
    """
    ax.plot(
        _curve("target", target),
        color=TARGET,
        linestyle=(0, (4, 2)),
        linewidth=1.5,
        label="target",
    )
    ax.plot(_curve("prediction", prediction), color=MEMBRANE, label="output membrane")
    ax.set(xlabel="time step", ylabel="membrane potential", title=title)
    return ax


def loss(ax: Axes, loss: Sequence[float], label: str | None = None) -> Axes:
    """Draw the loss of each epoch on a logarithmic axis.

    Args:
        ax: Axes to draw on.
        loss: One mean squared error an epoch.
        label: Entry in the legend.
    """
    values = _curve("loss", loss)
    ax.semilogy(range(1, len(values) + 1), values, label=label)
    ax.set(xlabel="epoch", ylabel="mean squared error")
    return ax


def histogram(
    ax: Axes, values: Values, color: str = MEMBRANE, label: str | None = None
) -> Axes:
    """Draw how the neurons' decays or thresholds spread over [0, 1].

    Args:
        ax: Axes to draw on.
        values: One value per neuron. The axis ends at 0 and 1.
        color: Colour of the bars.
        label: Entry in the legend.
    """
    edges = np.linspace(0, 1, 21).tolist()
    ax.hist(_array(values).ravel(), edges, color=color, alpha=0.75, label=label)
    ax.set(xlim=(0, 1), ylabel="neurons")
    return ax


def spread(ax: Axes, values: Sequence[Sequence[float]], names: Sequence[str]) -> Axes:
    """Draw one dot a seed and a bar at the median, on a logarithmic axis.

    Args:
        ax: Axes to draw on.
        values: For each name, one positive value a seed.
        names: Labels of the rows.
    """
    if len(values) != len(names):
        raise ValueError(f"names must name all {len(values)} rows, not {len(names)}")
    for row, seeds in enumerate(values):
        ax.plot(seeds, [row] * len(seeds), "o", color=MEMBRANE, alpha=0.6)
        ax.plot(np.median(seeds), row, "|", color=TARGET, markersize=26)
    ax.set_xscale("log")
    ax.xaxis.set_minor_formatter(NullFormatter())  # else they overlap
    ax.set_xlim(np.min(np.concatenate(values)) / 3, np.max(np.concatenate(values)) * 3)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    return ax


def _array(values: Values) -> NDArray[Any]:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
    return np.asarray(values)


def _curve(name: str, values: Values) -> NDArray[Any]:
    array = _array(values)
    if array.ndim == 0 or array.size != len(array):
        raise ValueError(
            f"{name} must be one curve [T], not of shape {list(array.shape)}"
        )
    return array.reshape(-1)
