"""A whole network, live."""

from collections.abc import Mapping
from typing import Any

import traitlets

from spikereg.data import RegressionDataset
from spikereg.models import SpikingRegressor
from spikereg.widgets._explorer import Explorer, Id, Range
from spikereg.widgets._layers import leaky_layers
from spikereg.widgets._source import joined

# Neurons in a layer: the page holds the weights, and has to draw them all.
WIDEST = 512
ENDS = "one input and one output"
# Time steps: each is drawn.
LONGEST = 1000
# Letters of a network's name: it stands above a picture of half the width.
LETTERS = 24


def _factor(high: float, label: str) -> Range:
    return Range(0.0, high, 0.01, default=1.0, label=label, sign="× ")


class NetworkExplorer(Explorer):
    r"""A :class:`spikereg.SpikingRegressor` that runs in the page, or two of them.

    The weights are copied into the page. There the network follows a ramp from 0 to
    :math:`e`, :math:`x_t = e\,t / (T - 1)`, and is shown beside its target: the
    output, the spikes of both layers, how often each neuron fires, and the norm error,
    beside that of the straight line :math:`a x_t + b` that fits the target best.
    The decays and the thresholds of each layer can be multiplied; a decay is then cut
    to [0, 1]. The readout has no reset, so its threshold does nothing, and no control.

    Two networks, named by a mapping, stand beside each other, on a phone below each
    other. Each factor then acts on both::

        NetworkExplorer({"tutorial": tutorial, "accurate": accurate}, dataset)

    The parameters are traits, as those of :class:`spikereg.widgets.LIFExplorer`.

    Args:
        model: The network, with one input, one output and at most 512 neurons in a
            layer; or two of them by their names, which have 24 letters at most. Later
            changes of them do not reach the explorer.
        dataset: Says :math:`T`, the curve and its slope. The ramp ends at first where
            its first sample does.
        beta_in: Factor on the decays of ``lif_in``, between 0 and 2.
        beta_hidden: Factor on the decays of ``lif_hidden``, between 0 and 2.
        beta_out: Factor on the decay of ``li_out``, between 0 and 2.
        threshold_in: Factor on the thresholds of ``lif_in``, between 0 and 3.
        threshold_hidden: Factor on the thresholds of ``lif_hidden``, between 0 and 3.
        end: End point :math:`e` of the ramp, between 0 and 1.
        id: What it is called in the page's address, as of
            :class:`spikereg.widgets.LIFExplorer`.

    Raises:
        TypeError: If model or data set are something else, or for a name that is none
            of these.
        ValueError: If there are other than one or two networks, or a name is empty or
            too long; if a network has several inputs or outputs, a layer that is too
            wide, other neurons than ``snn.Leaky`` with its own step, or weights beyond
            1e9 or not finite.
        traitlets.TraitError: If a value is out of range, or the id none.
    """

    _esm = joined("network.js")

    id = Id("network")
    beta_in = _factor(2.0, "β, layer 1")
    beta_hidden = _factor(2.0, "β, layer 2")
    beta_out = _factor(2.0, "β, readout")
    threshold_in = _factor(3.0, "θ, layer 1")
    threshold_hidden = _factor(3.0, "θ, layer 2")
    end = Range(0.0, 1.0, 0.01, default=1.0, label="ramp ends at")

    # Weights, biases, decays and thresholds of the layers, one after another.
    _numbers = traitlets.Bytes().tag(sync=True)
    # For each layer: inputs, neurons and reset mechanism; of two networks one behind
    # the other.
    _layers: "traitlets.List[Any]" = traitlets.List().tag(sync=True)
    # What two networks are called; none for one.
    _networks: "traitlets.List[str]" = traitlets.List().tag(sync=True)
    # Time steps, mode and slope of the data set.
    _task = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        model: SpikingRegressor | Mapping[str, SpikingRegressor],
        dataset: RegressionDataset,
        **values: Any,
    ) -> None:
        networks = _named(model)
        if not isinstance(dataset, RegressionDataset):
            raise TypeError(
                f"dataset must be a RegressionDataset, not {type(dataset).__name__}"
            )
        _check_task(dataset)
        described = [
            layer
            for name, network in networks.items()
            for layer in leaky_layers(name, network, WIDEST, (1, 1), ENDS)
        ]
        values.setdefault("end", float(dataset.features[-1, 0, 0]))
        task = {
            "timesteps": dataset.features.shape[0],
            "mode": dataset.mode,
            "slope": dataset.slope,
        }
        super().__init__(
            **values,
            _numbers=b"".join(numbers for numbers, _ in described),
            _layers=[layer for _, layer in described],
            _networks=list(model) if isinstance(model, Mapping) else [],
            _task=task,
        )


def _named(model: object) -> dict[str, SpikingRegressor]:
    """Return one network or two, by what an error calls them."""
    if isinstance(model, SpikingRegressor):
        return {"model": model}
    if not isinstance(model, Mapping):
        raise TypeError(
            "model must be a SpikingRegressor, or two of them by their names, not "
            f"{type(model).__name__}"
        )
    if len(model) != 2:
        raise ValueError(f"model must be one network or two, not {len(model)}")
    for name, network in model.items():
        if not (
            isinstance(name, str) and 0 < len(name.strip()) <= len(name) <= LETTERS
        ):
            raise ValueError(
                f"model must have names of 1 to {LETTERS} letters, not {name!r}"
            )
        if not isinstance(network, SpikingRegressor):
            raise TypeError(
                f"model[{name!r}] must be a SpikingRegressor, not "
                f"{type(network).__name__}"
            )
    return {f"model[{name!r}]": network for name, network in model.items()}


def _check_task(dataset: RegressionDataset) -> None:
    steps = dataset.features.shape[0]
    if not 2 <= steps <= LONGEST:
        raise ValueError(
            f"dataset must have between 2 and {LONGEST} time steps, not {steps}"
        )
    if not bool(dataset.labels.isfinite().all()):
        raise ValueError("dataset must have finite labels")
