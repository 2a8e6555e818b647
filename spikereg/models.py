"""Layers wired together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import snntorch as snn
import torch
from jaxtyping import Float
from snntorch import surrogate
from torch import Tensor, nn

from spikereg import events, recipes
from spikereg._check import (
    features_of,
    has_hooks,
    local_generator,
    one_of,
    widths,
)
from spikereg._draw import linear
from spikereg.dendrites import Dendrites
from spikereg.neurons.named import NAMES, layer_of, seed_from
from spikereg.neurons.own import Spike
from spikereg.neurons.saved import made, savable
from spikereg.scan import scan

READOUTS = ("membrane", "spikes", "dendrites")


@dataclass(frozen=True)
class Trace:
    """All that happened in a network during one run.

    Attributes:
        prediction: Membrane of the readout, or its spikes, ``[T, B, O]``.
        spikes: Spikes (0 or 1) of each hidden layer by its name, ``[T, B, H]``; of a
            model with substeps as many times T, here and below.
        membrane: Membrane of every layer by its name, ``[T, B, H]`` or ``[T, B, O]``.
    """

    prediction: Float[Tensor, "T B O"]
    spikes: dict[str, Float[Tensor, "TS B H"]]
    membrane: dict[str, Float[Tensor, "TS B _"]]


class SpikingRegressor(nn.Module):
    r"""Two spiking layers and a readout whose membrane potential is the prediction.

    .. math::

        S^1 &= \mathrm{LIF}_1(W_1 x + b_1) \\
        S^2 &= \mathrm{LIF}_2(W_2 S^1 + b_2) \\
        \hat y &= \mathrm{LI}(W_3 S^2 + b_3)

    LIF is a layer of leaky integrate-and-fire neurons with reset by subtraction, LI a
    leaky integrator: the same neuron without reset, whose spikes nobody reads. Each
    neuron has its own decay :math:`\beta \sim U(0, 1)`, which is learned, and, in the
    hidden layers, its own threshold :math:`\theta \sim U(0, 1)`, which is not. The
    spikes are differentiated by the fast sigmoid with slope 25. :func:`spikereg.scan`
    gives the equations of a layer.

    ``recipe="accurate"`` begins elsewhere; :func:`spikereg.initialize` then fits it to
    the data, and :func:`spikereg.fit` has the recipe to train it with.

    - Without memory, for labels that depend on the present features, expected
      in [0, 1]: :math:`\beta = 0` and :math:`\theta = 1`; each neuron of layer 1
      fires from a level of its own on, evenly spread along its direction, which is
      random if there are several inputs; the second layer copies the first if there
      is one input; and the readout's weights are 0.
    - With a memory of :math:`M` steps: time constants :math:`\tau = -1 / \ln \beta`
      log-uniform between 1 and :math:`M` steps in the first layer, :math:`2M` in the
      second, :math:`\theta = 0.3\,(1 - \beta)`, a readout with :math:`\beta = 0.7`, and
      60 % of the first layer as clocks: driven by their bias alone, each at a rate of
      its own.

    ``neuron`` puts other neurons into both hidden layers, all of them with recurrence:
    ``"recurrent"`` is ``snn.RLeaky``, :math:`\beta` and :math:`\theta` drawn as above;
    ``"adaptive"``, ``"resonator"`` and ``"lstm"`` are :class:`~spikereg.AdaptiveLeaky`,
    with :math:`\theta = 0.1`, :class:`~spikereg.Resonator` and
    :class:`~spikereg.SpikingLSTM`, as they begin by themselves. ``readout="dendrites"``
    puts :class:`~spikereg.Dendrites` into the place of LI: a filter that remembers.
    ``readout="spikes"`` puts LIF there, with :math:`\theta = 1`, and gives its spikes.

    Where few neurons fire, :math:`W_2 S^1` is added up by events
    (:func:`spikereg.events.linear`). Neurons and linear layers may be replaced by
    others of their kind.

    Args:
        hidden: Neurons in each hidden layer, at least 1.
        num_inputs: Features :math:`F` of the input, at least 1.
        num_outputs: Outputs :math:`O`, at least 1.
        seed: Seed of a generator of its own for weights, decays and thresholds; the
            global one is neither read nor moved. ``None`` draws afresh.
        recipe: ``"tutorial"`` or ``"accurate"``.
        memory: Longest time constant of the first layer in steps, between 2 and
            10,000; 0 for none. Only for ``"accurate"``.
        neuron: ``"lif"``, ``"recurrent"``, ``"adaptive"``, ``"resonator"`` or
            ``"lstm"``. ``"accurate"`` is for ``"lif"`` only.
        readout: ``"membrane"``, or ``"spikes"`` or ``"dendrites"``, which
            ``"accurate"`` does not know.
        dendrites: Number of dendrites, at least 1.
        spike_grad: Surrogate gradient; the fast sigmoid with slope 25 if ``None``.

    Attributes:
        fc_in: ``nn.Linear`` from the input to the first layer.
        lif_in: The first spiking layer, ``snn.Leaky`` unless ``neuron`` says otherwise.
        fc_hidden: ``nn.Linear`` from the first to the second layer.
        lif_hidden: The second spiking layer.
        fc_out: ``nn.Linear`` from the second layer to the readout.
        li_out: The readout: ``snn.Leaky``, without reset unless its spikes are given,
            or ``Dendrites``.

    Raises:
        ValueError: If a width is not a positive integer, the seed not
            ``None`` or an integer of at least 0, the recipe, neuron or readout
            unknown, the memory neither 0 nor between 2 and 10,000, or given for the
            tutorial's recipe, the accurate one for other neurons than ``"lif"`` or
            another readout than ``"membrane"``, or the input not ``[T, B, F]``.
        TypeError: If the input is no tensor.

    Source:
        The network of A. Henkes and J. K. Eshraghian, *Regression with SNNs: Part I*,
        wired as its text says (its notebook leaves out ``lif_hidden``).
    """

    def __init__(
        self,
        hidden: int = 128,
        num_inputs: int = 1,
        num_outputs: int = 1,
        seed: int | None = None,
        *,
        recipe: str = "tutorial",
        memory: float = 0.0,
        neuron: str = "lif",
        readout: str = "membrane",
        dendrites: int = 16,
        spike_grad: Spike | None = None,
    ) -> None:
        super().__init__()
        one_of("recipe", recipe, tuple(recipes.RECIPES))
        one_of("neuron", neuron, NAMES)
        one_of("readout", readout, READOUTS)
        recipes.check_memory(memory, recipe)
        if recipe == "accurate" and (neuron, readout) != ("lif", "membrane"):
            raise ValueError(
                f'recipe must be "tutorial" for neuron="{neuron}" and '
                f'readout="{readout}": "accurate" begins with "lif" and "membrane"'
            )
        widths(hidden=hidden, num_inputs=num_inputs)
        widths(num_outputs=num_outputs, dendrites=dendrites)
        generator = local_generator(seed)
        spike_grad = made(spike_grad or surrogate.fast_sigmoid())
        gates = 4 if neuron == "lstm" else 1

        # Neurons of any kind, with parameters that are their own affair
        self.lif_in: Any
        self.lif_hidden: Any
        self.li_out: Any
        self.fc_in = linear(num_inputs, gates * hidden, generator)
        self.lif_in = layer_of(neuron, hidden, generator, spike_grad)
        self.fc_hidden = linear(hidden, gates * hidden, generator)
        self.lif_hidden = layer_of(neuron, hidden, generator, spike_grad)
        if readout == "dendrites":
            self.fc_out = linear(hidden, dendrites, generator)
            self.li_out = Dendrites(dendrites, num_outputs, seed=seed_from(generator))
        else:
            self.fc_out = linear(hidden, num_outputs, generator)
            self.li_out = snn.Leaky(
                beta=torch.rand(num_outputs, generator=generator),
                learn_beta=True,
                spike_grad=spike_grad,
                reset_mechanism="subtract" if readout == "spikes" else "none",
            )
        self.recipe, self.memory, self.readout = recipe, memory, readout
        savable(self)
        if recipe == "accurate":
            recipes.begin(self.layers(), memory, generator)

    def layers(self) -> recipes.Layers:
        """Return weights and neurons of each layer, in the order of the signal."""
        return (
            (self.fc_in, self.lif_in),
            (self.fc_hidden, self.lif_hidden),
            (self.fc_out, self.li_out),
        )

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Predict, by the readout's membrane at every step, or by its spikes.

        Args:
            features: Input ``[T, B, F]``: time steps, batch, features.

        Returns:
            The prediction ``[T, B, O]``, in units of the membrane, or 0 and 1.
        """
        self.check_features(features)
        *_, last = self._run(features)
        return last[self._says]

    def trace(self, features: Float[Tensor, "T B F"]) -> Trace:
        """Run the network and keep every layer's spikes and membranes.

        Args:
            features: Input ``[T, B, F]``: time steps, batch, features.

        Returns:
            The prediction with all that led to it.
        """
        self.check_features(features)
        (spikes_in, membrane_in), (spikes_hidden, membrane_hidden), last = self._run(
            features
        )
        return Trace(
            prediction=last[self._says],
            spikes={"lif_in": spikes_in, "lif_hidden": spikes_hidden},
            membrane={
                "lif_in": membrane_in,
                "lif_hidden": membrane_hidden,
                "li_out": last[1],
            },
        )

    @property
    def _says(self) -> int:
        """Which of the readout's spikes and membrane is the prediction."""
        return 0 if self.readout == "spikes" else 1

    def _run(self, features: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Run the layers one after another, each over all steps.

        Yields:
            Spikes and membrane of a layer; of dendrites their output, twice.
        """
        signal = features
        for n, (weights, neuron) in enumerate(self.layers()):
            if n and type(weights) is nn.Linear and not has_hooks(weights):
                current = events.linear(signal, weights.weight, weights.bias)
            else:  # the features are no spikes
                current = weights(signal)
            if isinstance(neuron, Dendrites):
                signal = membrane = neuron(current)
            else:
                signal, membrane = scan(neuron, current)
            yield signal, membrane

    def check_features(self, features: Tensor) -> None:
        """Raise unless the features are ``[T, B, F]`` with the model's F."""
        features_of(self.fc_in.in_features, features)
