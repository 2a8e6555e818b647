"""A whole network, live."""

import copy
import itertools
from typing import Any

import snntorch as snn
import torch
import traitlets
from torch import Tensor, nn

from spikereg._check import has_hooks
from spikereg.data import RegressionDataset
from spikereg.models import SpikingRegressor
from spikereg.neurons import leaky
from spikereg.widgets._explorer import Explorer, Range
from spikereg.widgets._source import joined

# Neurons in a layer: the page holds the weights, and has to draw them all.
WIDEST = 512
LARGEST = 1e9
# Time steps: each is drawn.
LONGEST = 1000


def _factor(high: float, label: str) -> Range:
    return Range(0.0, high, 0.01, default=1.0, label=label, sign="× ")


class NetworkExplorer(Explorer):
    r"""A :class:`spikereg.SpikingRegressor` that runs in the page.

    The weights are copied into the page. There the network follows a ramp from 0 to
    :math:`e`, :math:`x_t = e\,t / (T - 1)`, and is shown beside its target: the
    output, the spikes of both layers, how often each neuron fires, and the norm error.
    The decays and the thresholds of each layer can be multiplied; a decay is then cut
    to [0, 1]. The readout has no reset, so its threshold does nothing, and no control.

    The parameters are traits, as those of :class:`spikereg.widgets.LIFExplorer`.

    Args:
        model: The network, with one input, one output and at most 512 neurons in a
            layer. Later changes of it do not reach the explorer.
        dataset: Says :math:`T`, the curve and its slope. The ramp ends at first where
            its first sample does.
        beta_in: Factor on the decays of ``lif_in``, between 0 and 2.
        beta_hidden: Factor on the decays of ``lif_hidden``, between 0 and 2.
        beta_out: Factor on the decay of ``li_out``, between 0 and 2.
        threshold_in: Factor on the thresholds of ``lif_in``, between 0 and 3.
        threshold_hidden: Factor on the thresholds of ``lif_hidden``, between 0 and 3.
        end: End point :math:`e` of the ramp, between 0 and 1.

    Raises:
        TypeError: If model or data set are something else, or for a name that is none
            of these.
        ValueError: If the network has several inputs or outputs, a layer that is too
            wide, other neurons than ``snn.Leaky`` with its own step, or weights beyond
            1e9 or not finite.
        traitlets.TraitError: If a value is out of range.
    """

    _esm = joined("network.js")

    beta_in = _factor(2.0, "β, layer 1")
    beta_hidden = _factor(2.0, "β, layer 2")
    beta_out = _factor(2.0, "β, readout")
    threshold_in = _factor(3.0, "θ, layer 1")
    threshold_hidden = _factor(3.0, "θ, layer 2")
    end = Range(0.0, 1.0, 0.01, default=1.0, label="ramp ends at")

    # Weights, biases, decays and thresholds of the layers, one after another.
    _numbers = traitlets.Bytes().tag(sync=True)
    # For each layer: inputs, neurons and reset mechanism.
    _layers: "traitlets.List[Any]" = traitlets.List().tag(sync=True)
    # Time steps, mode and slope of the data set.
    _task = traitlets.Dict().tag(sync=True)

    def __init__(
        self, model: SpikingRegressor, dataset: RegressionDataset, **values: Any
    ) -> None:
        if not isinstance(model, SpikingRegressor):
            raise TypeError(
                f"model must be a SpikingRegressor, not {type(model).__name__}"
            )
        if not isinstance(dataset, RegressionDataset):
            raise TypeError(
                f"dataset must be a RegressionDataset, not {type(dataset).__name__}"
            )
        _check(model)
        _check_task(dataset)
        own = copy.deepcopy(model).to("cpu", torch.float32)
        described = [_described(*layer) for layer in own.layers()]
        layers = [layer for _, layer in described]
        if layers[-1]["reset"] != "none":
            raise ValueError(
                f'model must have a readout with the reset "none", not '
                f"{layers[-1]['reset']!r}"
            )
        values.setdefault("end", float(dataset.features[-1, 0, 0]))
        task = {
            "timesteps": dataset.features.shape[0],
            "mode": dataset.mode,
            "slope": dataset.slope,
        }
        super().__init__(
            **values,
            _numbers=b"".join(numbers for numbers, _ in described),
            _layers=layers,
            _task=task,
        )


def _check(model: SpikingRegressor) -> None:
    """Raise unless the network is one that the page can compute and hold."""
    for name in ("lif_in", "lif_hidden", "li_out"):
        neuron = getattr(model, name)
        if type(neuron) is not snn.Leaky:
            kind = type(neuron).__name__
            raise ValueError(f"model must have an snn.Leaky as {name}, not {kind}")
        leaky.check(neuron)
        feature = "hooks" if has_hooks(neuron) else leaky.unsupported(neuron)
        if feature:
            raise ValueError(f"model must not have a neuron with {feature}")
    linears = [linear for linear, _ in model.layers()]
    for linear in linears:
        if type(linear) is not nn.Linear or has_hooks(linear):
            raise ValueError(
                f"model must have layers that are nn.Linear without hooks, not "
                f"{type(linear).__name__}"
            )
    for first, second in itertools.pairwise(linears):
        if first.out_features != second.in_features:
            raise ValueError(
                f"model must have layers that fit: {first.out_features} neurons "
                f"before {second.in_features} inputs"
            )
    ends = (linears[0].in_features, linears[-1].out_features)
    if ends != (1, 1):
        raise ValueError(
            f"model must have one input and one output, not {ends[0]} and {ends[1]}"
        )
    width = max(linear.out_features for linear in linears)
    if width > WIDEST:
        raise ValueError(
            f"model must have at most {WIDEST} neurons in a layer, not {width}: the "
            f"page holds all weights"
        )


def _check_task(dataset: RegressionDataset) -> None:
    steps = dataset.features.shape[0]
    if not 2 <= steps <= LONGEST:
        raise ValueError(
            f"dataset must have between 2 and {LONGEST} time steps, not {steps}"
        )
    if not bool(dataset.labels.isfinite().all()):
        raise ValueError("dataset must have finite labels")


def _described(linear: nn.Linear, neuron: snn.Leaky) -> tuple[bytes, dict[str, Any]]:
    """Return a layer's numbers, and what they are."""
    bias = linear.bias
    if bias is None:
        bias = torch.zeros(linear.out_features)
    step = neuron.spike_grad(torch.tensor([-1.0, 0.0, 1.0]))
    if step.tolist() != [0, 0, 1]:
        raise ValueError("model must have neurons that fire above their threshold")
    beta, threshold = neuron.beta, neuron.threshold
    for name, value in (("beta", beta), ("threshold", threshold)):
        if value.ndim > 1 or value.numel() not in (1, linear.out_features):
            raise ValueError(
                f"model must have one {name} or one for each of {linear.out_features} "
                f"neurons, not {list(value.shape)}"
            )
    each = [linear.weight, bias, beta.expand_as(bias), threshold.expand_as(bias)]
    # A NaN fails this, too.
    if not all(bool((value.abs() <= LARGEST).all()) for value in each):
        raise ValueError(
            "model must have finite weights, decays and thresholds of at most "
            f"{LARGEST:g}, or what they add up to cannot be drawn"
        )
    layer = {
        "inputs": linear.in_features,
        "width": linear.out_features,
        "reset": neuron.reset_mechanism,
    }
    return b"".join(_bytes(value) for value in each), layer


def _bytes(value: Tensor) -> bytes:
    return value.detach().numpy().astype("<f4").tobytes()
