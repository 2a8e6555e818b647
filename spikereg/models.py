"""Layers wired together."""

from dataclasses import dataclass

import snntorch as snn
import torch
from jaxtyping import Float
from snntorch import surrogate
from torch import Tensor, nn

from spikereg import recipes, stack
from spikereg._check import finite, local_generator, one_of, tensor, widths
from spikereg._draw import linear

RECIPES = ("tutorial", "accurate")
LONGEST = 10_000  # in float32 a longer time constant would soon be no decay at all


@dataclass(frozen=True)
class Trace:
    """All that happened in a network during one run.

    Attributes:
        prediction: Membrane of the readout, ``[T, B, O]``.
        spikes: Spikes (0 or 1) of each hidden layer by its name, ``[T, B, H]``.
        membrane: Membrane of every layer by its name, ``[T, B, H]`` or ``[T, B, O]``.
    """

    prediction: Float[Tensor, "T B O"]
    spikes: dict[str, Float[Tensor, "T B H"]]
    membrane: dict[str, Float[Tensor, "T B _"]]


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

    On the CPU all layers are one node in the graph of gradients, with first derivatives
    only, and where few neurons fire, :math:`W_2 S^1` is added up by events
    (:func:`spikereg.events.linear`). Neurons and linear layers may be replaced by
    others of their kind: what the compiled loops cannot do runs layer by layer.

    Args:
        hidden: Neurons in each hidden layer, at least 1.
        num_inputs: Features :math:`F` of the input, at least 1.
        num_outputs: Outputs :math:`O`, at least 1.
        seed: Seed of a generator of its own for weights, decays and thresholds; the
            global one is neither read nor moved. ``None`` draws afresh.
        recipe: ``"tutorial"`` or ``"accurate"``.
        memory: Longest time constant of the first layer in steps, between 2 and
            10,000; 0 for none. Only for ``"accurate"``.

    Attributes:
        fc_in: ``nn.Linear`` from the input to the first layer.
        lif_in: ``snn.Leaky``, the first spiking layer.
        fc_hidden: ``nn.Linear`` from the first to the second layer.
        lif_hidden: ``snn.Leaky``, the second spiking layer.
        fc_out: ``nn.Linear`` from the second layer to the readout.
        li_out: ``snn.Leaky`` without reset, the readout.

    Raises:
        ValueError: If a width is not a positive integer, the seed not
            ``None`` or an integer of at least 0, the recipe unknown, the memory
            neither 0 nor between 2 and 10,000, or given for the tutorial's recipe, or
            the input not ``[T, B, F]``.
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
    ) -> None:
        super().__init__()
        one_of("recipe", recipe, RECIPES)
        _check_memory(memory, recipe)
        widths(hidden=hidden, num_inputs=num_inputs, num_outputs=num_outputs)
        generator = local_generator(seed)

        self.fc_in = linear(num_inputs, hidden, generator)
        self.lif_in = _spiking(hidden, generator)
        self.fc_hidden = linear(hidden, hidden, generator)
        self.lif_hidden = _spiking(hidden, generator)
        self.fc_out = linear(hidden, num_outputs, generator)
        self.li_out = snn.Leaky(
            beta=torch.rand(num_outputs, generator=generator),
            learn_beta=True,
            spike_grad=surrogate.fast_sigmoid(),
            reset_mechanism="none",
        )
        self.recipe, self.memory = recipe, memory
        if memory:
            self._remember(memory, generator)
        elif recipe == "accurate":
            self._tile(generator)

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Predict, by the readout's membrane at every step.

        Args:
            features: Input ``[T, B, F]``: time steps, batch, features.

        Returns:
            The prediction ``[T, B, O]``, in units of the membrane potential.
        """
        self.check_features(features)
        return stack.readout(self._layers(), features)

    def trace(self, features: Float[Tensor, "T B F"]) -> Trace:
        """Run the network and keep every layer's spikes and membranes.

        Args:
            features: Input ``[T, B, F]``: time steps, batch, features.

        Returns:
            The prediction with all that led to it.
        """
        self.check_features(features)
        (spikes_in, membrane_in), (spikes_hidden, membrane_hidden), (_, prediction) = (
            stack.run(self._layers(), features)
        )
        return Trace(
            prediction=prediction,
            spikes={"lif_in": spikes_in, "lif_hidden": spikes_hidden},
            membrane={
                "lif_in": membrane_in,
                "lif_hidden": membrane_hidden,
                "li_out": prediction,
            },
        )

    @torch.no_grad()
    def _tile(self, generator: torch.Generator) -> None:
        for layer in (self.lif_in, self.lif_hidden, self.li_out):
            layer.beta.zero_()
            layer.threshold.fill_(1)
        if self.fc_in.in_features == 1:
            self.fc_in.weight.fill_(1)
            recipes.copy_spikes(self.fc_hidden, self.lif_hidden)
        else:
            self.fc_in.weight.normal_(generator=generator)
        along = recipes.directions(self.fc_in)
        low, high = along.clamp(max=0).sum(dim=1), along.clamp(min=0).sum(dim=1)
        spacing = (high - low) / (len(along) + 1)
        levels = low + spacing * (torch.arange(len(along)) + 1)
        recipes.place_levels(self.fc_in, self.lif_in, levels, spacing)
        self.fc_out.weight.zero_()
        self.fc_out.bias.zero_()

    @torch.no_grad()
    def _remember(self, memory: float, generator: torch.Generator) -> None:
        recipes.remember(self.lif_in, memory, generator)
        recipes.remember(self.lif_hidden, 2 * memory, generator)
        recipes.keep_time(self.fc_in, self.lif_in, memory, generator)
        self.li_out.beta.fill_(0.7)

    def _layers(self) -> stack.Layers:
        return (
            (self.fc_in, self.lif_in),
            (self.fc_hidden, self.lif_hidden),
            (self.fc_out, self.li_out),
        )

    def check_features(self, features: Tensor) -> None:
        """Raise unless the features are ``[T, B, F]`` with the model's F."""
        tensor("features", features)
        width = self.fc_in.in_features
        if features.ndim != 3 or features.shape[-1] != width:
            raise ValueError(
                f"features must have the shape [T, B, F] with F = {width}, not "
                f"{list(features.shape)}"
            )


def _spiking(width: int, generator: torch.Generator) -> snn.Leaky:
    return snn.Leaky(
        beta=torch.rand(width, generator=generator),
        threshold=torch.rand(width, generator=generator),
        learn_beta=True,
        spike_grad=surrogate.fast_sigmoid(),
    )


def _check_memory(memory: float, recipe: str) -> None:
    if not (finite(memory) and (memory == 0 or 2 <= memory <= LONGEST)):
        raise ValueError(
            f"memory must be 0 or between 2 and {LONGEST} steps, not {memory!r}"
        )
    if memory and recipe != "accurate":
        raise ValueError(f'memory must be 0 for the recipe "{recipe}", not {memory!r}')
