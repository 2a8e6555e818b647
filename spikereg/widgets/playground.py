"""A network that learns, in the page, a curve that its reader has drawn."""

import numpy as np
import snntorch as snn
import torch
import traitlets
from snntorch import surrogate

from spikereg.models import SpikingRegressor
from spikereg.widgets._curve import Curve, written
from spikereg.widgets._explorer import Choice, Explorer, Id, Range, Whole
from spikereg.widgets._source import joined

STEPS = 50
LONGEST = 200


def _presets(steps: int) -> dict[str, tuple[float, ...]]:
    ramp = torch.linspace(0, 1, steps)
    first = 0.8 * torch.exp(-100 * (ramp - 0.3) ** 2)
    curves = {
        "sqrt": ramp.sqrt(),
        "linear": ramp,
        "sine": 0.5 + 0.4 * torch.sin(2 * torch.pi * ramp),
        "step": torch.where(ramp < 0.5, 0.2, 0.8),
        "bumps": first + 0.5 * torch.exp(-100 * (ramp - 0.7) ** 2),
    }
    return {name: tuple(curve.tolist()) for name, curve in curves.items()}


PRESETS = _presets(STEPS)


class Playground(Explorer):
    r"""A :class:`spikereg.SpikingRegressor` that is trained in the page.

    The network hears a ramp from 0 to 1, and its output membrane learns to follow the
    target: a preset, or a curve that the reader draws. Each iteration is one step of
    Adam on the mean squared error, with the gradients of
    :func:`spikereg.scan`, as ``fit(model, [(ramp, target)], lr=lr)`` takes it. It
    begins from the very weights of ``SpikingRegressor(hidden, seed=seed)``.

    In both hidden layers the decays, there between 0 and 1, are spread over the range
    from ``beta_from`` to ``beta_to``, the thresholds likewise. All values but
    ``hidden`` and ``seed`` can be changed while it trains; these two start afresh.

    The parameters are traits, as those of :class:`spikereg.widgets.LIFExplorer`.

    Args:
        target: ``"sqrt"``, ``"linear"``, ``"sine"``, ``"step"`` or ``"bumps"``, or one
            height in [0, 1] for each of 2 to 200 time steps, kept to three decimals.
            The trait holds the heights.
        hidden: Neurons in each hidden layer, between 8 and 256.
        lr: Learning rate of Adam, between 1e-4 and 0.1.
        slope: Steepness :math:`k` of the surrogate gradient, between 1 and 100.
        beta_from: Decay of a neuron that drew 0, between 0 and 1.
        beta_to: Decay of a neuron that would draw 1, between 0 and 1.
        threshold_from: Threshold of a neuron that drew 0, between 0 and 2.
        threshold_to: Threshold of a neuron that would draw 1, between 0 and 2.
        reset: ``"subtract"``, ``"zero"`` or ``"none"``, for the hidden layers.
        seed: Seed of weights, decays and thresholds, between 0 and 99.
        id: What it is called in the page's address, as of
            :class:`spikereg.widgets.LIFExplorer`.

    Attributes:
        weights: The trained network as bytes, sent by the page when training pauses,
            and about once a second before; empty at first. :meth:`model` reads it.
        iteration: So many iterations have led to these weights.
        loss: Mean squared error of these weights; ``None`` at first.

    Raises:
        traitlets.TraitError: If a value is out of range, or the id none.
        TypeError: For a name that is none of these.
    """

    _esm = joined("playground.js")

    id = Id("playground")
    target = Curve(PRESETS, steps=(2, LONGEST), heights=(0.0, 1.0), label="target")
    hidden = Whole(8, 256, 8, default=128, label="neurons per layer")
    lr = Range(1e-4, 0.1, 0.1, default=2e-3, label="learning rate", log=True)
    slope = Range(1.0, 100.0, 1.0, default=25.0, label="steepness k")
    beta_from = Range(0.0, 1.0, 0.01, default=0.0, label="β from")
    beta_to = Range(0.0, 1.0, 0.01, default=1.0, label="β to")
    reset = Choice(["subtract", "zero", "none"], label="reset after a spike")
    threshold_from = Range(0.0, 2.0, 0.01, default=0.0, label="θ from")
    threshold_to = Range(0.0, 2.0, 0.01, default=1.0, label="θ to")
    seed = Whole(0, 99, 1, default=0, label="seed")

    # A page hands over bytes as a view of them.
    weights = traitlets.Bytes().tag(sync=True, from_json=lambda value, _: bytes(value))
    iteration = traitlets.Int(0).tag(sync=True)
    loss = traitlets.Float(None, allow_none=True).tag(sync=True)
    # Neurons and seed of the network that has these weights.
    _run: "traitlets.List[int]" = traitlets.List().tag(sync=True)

    _worker = traitlets.Unicode(joined("worker.js")).tag(sync=True)

    def _written(self, name: str) -> str | None:
        if name != "target":
            return super()._written(name)
        return written(self.target, PRESETS)

    def model(self) -> SpikingRegressor:
        """Return the network of the page, with exactly its weights.

        Returns:
            The network that the page sent last, as ``weights``; before that, and after
            a change of ``hidden`` or ``seed``, the one that training begins from.

        Raises:
            ValueError: If ``weights`` were set to something else.
        """
        model = SpikingRegressor(self.hidden, seed=self.seed)
        model.lif_in = self._changed(model.lif_in)
        model.lif_hidden = self._changed(model.lif_hidden)
        tensors = [
            tensor
            for linear, neuron in model.layers()
            for tensor in (linear.weight, linear.bias, neuron.beta, neuron.threshold)
        ]
        if self._run != [self.hidden, self.seed]:
            return model
        ends = np.cumsum([tensor.numel() for tensor in tensors])
        if len(self.weights) != 4 * ends[-1]:
            raise ValueError(
                f"weights must be {4 * ends[-1]} bytes, not {len(self.weights)}"
            )
        parts = np.split(np.frombuffer(self.weights, "<f4"), ends[:-1])
        with torch.no_grad():
            for tensor, part in zip(tensors, parts, strict=True):
                tensor.copy_(torch.tensor(part).view_as(tensor))
        return model

    def _changed(self, neuron: snn.Leaky) -> snn.Leaky:
        beta_span = self.beta_to - self.beta_from
        threshold_span = self.threshold_to - self.threshold_from
        return snn.Leaky(
            beta=self.beta_from + beta_span * neuron.beta.detach(),
            threshold=self.threshold_from + threshold_span * neuron.threshold,
            learn_beta=True,
            spike_grad=surrogate.fast_sigmoid(slope=self.slope),
            reset_mechanism=self.reset,
        )
