"""A network that answers by the time of a spike, live."""

from typing import Any

import traitlets

from spikereg._check import one_of, positive
from spikereg.models import SpikingRegressor
from spikereg.widgets._digits import between
from spikereg.widgets._explorer import Explorer, Id, Range
from spikereg.widgets._layers import LARGEST, leaky_layers, read_by_membrane
from spikereg.widgets._source import joined

#: Tasks with one answer to a value that 22 channels tell.
TASKS = ("curve", "wave")
# Channels of the value, and beats.
CHANNELS = 22
ENDS = f"{CHANNELS} inputs and one output"
# Neurons in a layer: the page runs them for a hundred values at once.
WIDEST = 256
# Time steps: each is drawn.
SHORTEST, LONGEST = 25, 200


class FiringTimeExplorer(Explorer):
    r"""A :class:`spikereg.SpikingRegressor` that answers a value by a spike, in a page.

    The weights are copied into the page. There the network hears a value
    :math:`x \in [0, 1]` as a :class:`~spikereg.FiringTimeDataset` tells
    it, and its output fires where the membrane first reaches the threshold,
    :func:`spikereg.decoding.crossing_time`. Shown are the input's spikes, those of both
    hidden layers, the output's membrane with its threshold, its spike and the wanted
    time :math:`t^*(x)`; and beside them the times of the answers to all
    :math:`x = 0, 0.01, \dots, 1`, where a click or a drag chooses :math:`x`.

    Jitter moves each input spike by :math:`\sigma \xi_i`, within the run, with offsets
    :math:`\xi_i` that were drawn once from :math:`\mathcal N(0, 1)` and stay the same.
    The mean error is that of :math:`|t - t^*|` over all :math:`x`; an answer that does
    not come counts as one at the end of the run, as for
    :class:`~spikereg.losses.FiringTimeLoss`.

    The parameters from ``x`` on are traits, as those of
    :class:`spikereg.widgets.LIFExplorer`.

    Args:
        model: The network, with 22 inputs, one output, ``readout="membrane"`` and at
            most 256 neurons in a layer, all ``snn.Leaky``. Later changes of it do not
            reach the page.
        task: ``"curve"`` or ``"wave"``: what :math:`t^*` is.
        threshold: Threshold :math:`\theta` of the output, that of the loss it was
            trained with.
        timesteps: Number of time steps :math:`T`, between 25 and 200.
        x: The value :math:`x`, between 0 and 1.
        jitter: Spread :math:`\sigma` of the input's spikes in steps, between 0 and 5.
        factor: Factor on the output's threshold, between 0.5 and 1.5.
        id: What it is called in the page's address, as of
            :class:`spikereg.widgets.LIFExplorer`.

    Raises:
        TypeError: If the model is something else, or for a name that is none of these.
        ValueError: If the network has other ends, another readout, a layer that is too
            wide, other neurons than ``snn.Leaky`` with its own step, or numbers beyond
            1e9 or not finite; for another task, a threshold that is not positive or too
            large, or ``timesteps`` out of range.
        traitlets.TraitError: If a value is out of range, or the id none.
    """

    _esm = joined("firing.js")

    id = Id("firing")
    x = Range(0.0, 1.0, 0.01, default=0.25, label="value x")
    jitter = Range(0.0, 5.0, 0.1, default=0.0, label="jitter in steps")
    factor = Range(0.5, 1.5, 0.01, default=1.0, label="threshold θ", sign="× ")

    # Weights, biases, decays and thresholds of the layers, one after another.
    _numbers = traitlets.Bytes().tag(sync=True)
    # For each layer: inputs, neurons and reset mechanism.
    _layers: "traitlets.List[Any]" = traitlets.List().tag(sync=True)
    # Task, time steps and threshold.
    _task = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        model: SpikingRegressor,
        task: str = "curve",
        threshold: float = 30.0,
        *,
        timesteps: int = 100,
        **values: Any,
    ) -> None:
        layers = _read(model)
        one_of("task", task, TASKS)
        positive("threshold", threshold)
        if threshold > LARGEST:
            raise ValueError(
                f"threshold must be at most {LARGEST:g}, not {threshold!r}"
            )
        between("timesteps", timesteps, SHORTEST, LONGEST)
        super().__init__(
            **values,
            _numbers=b"".join(part for part, _ in layers),
            _layers=[layer for _, layer in layers],
            _task={
                "task": task,
                "timesteps": int(timesteps),
                "threshold": float(threshold),
            },
        )


def _read(model: object) -> list[tuple[bytes, dict[str, Any]]]:
    """Return numbers and shape of each layer, of a network that the page can run."""
    model = read_by_membrane(model)
    return leaky_layers("model", model, WIDEST, (CHANNELS, 1), ENDS)
