"""Layers wired together."""

import math
from dataclasses import dataclass

import snntorch as snn
import torch
from jaxtyping import Float
from snntorch import surrogate
from torch import Tensor, nn

from spikereg import stack
from spikereg._check import local_generator, tensor, whole_number


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

    Attributes:
        fc_in: ``nn.Linear`` from the input to the first layer.
        lif_in: ``snn.Leaky``, the first spiking layer.
        fc_hidden: ``nn.Linear`` from the first to the second layer.
        lif_hidden: ``snn.Leaky``, the second spiking layer.
        fc_out: ``nn.Linear`` from the second layer to the readout.
        li_out: ``snn.Leaky`` without reset, the readout.

    Raises:
        ValueError: If a width is not a positive integer, the seed not
            ``None`` or an integer of at least 0, or the input not
            ``[T, B, F]``.
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
    ) -> None:
        super().__init__()
        whole_number("hidden", hidden, at_least=1)
        whole_number("num_inputs", num_inputs, at_least=1)
        whole_number("num_outputs", num_outputs, at_least=1)
        generator = local_generator(seed)

        self.fc_in = _linear(num_inputs, hidden, generator)
        self.lif_in = _spiking(hidden, generator)
        self.fc_hidden = _linear(hidden, hidden, generator)
        self.lif_hidden = _spiking(hidden, generator)
        self.fc_out = _linear(hidden, num_outputs, generator)
        self.li_out = snn.Leaky(
            beta=torch.rand(num_outputs, generator=generator),
            learn_beta=True,
            spike_grad=surrogate.fast_sigmoid(),
            reset_mechanism="none",
        )

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Predict, by the readout's membrane at every step.

        Args:
            features: Input ``[T, B, F]``: time steps, batch, features.

        Returns:
            The prediction ``[T, B, O]``, in units of the membrane potential.
        """
        self._check(features)
        return stack.readout(self._layers(), features)

    def trace(self, features: Float[Tensor, "T B F"]) -> Trace:
        """Run the network and keep every layer's spikes and membranes.

        Args:
            features: Input ``[T, B, F]``: time steps, batch, features.

        Returns:
            The prediction with all that led to it.
        """
        self._check(features)
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

    def _layers(self) -> stack.Layers:
        return (
            (self.fc_in, self.lif_in),
            (self.fc_hidden, self.lif_hidden),
            (self.fc_out, self.li_out),
        )

    def _check(self, features: Tensor) -> None:
        tensor("features", features)
        width = self.fc_in.in_features
        if features.ndim != 3 or features.shape[-1] != width:
            raise ValueError(
                f"features must have the shape [T, B, F] with F = {width}, not "
                f"{list(features.shape)}"
            )


def _linear(num_inputs: int, num_outputs: int, generator: torch.Generator) -> nn.Linear:
    """Draw PyTorch's default initialization without its global generator."""
    layer = nn.Linear(num_inputs, num_outputs, device="meta").to_empty(device="cpu")
    bound = 1 / math.sqrt(num_inputs)
    for parameter in (layer.weight, layer.bias):
        nn.init.uniform_(parameter, -bound, bound, generator=generator)
    return layer


def _spiking(width: int, generator: torch.Generator) -> snn.Leaky:
    return snn.Leaky(
        beta=torch.rand(width, generator=generator),
        threshold=torch.rand(width, generator=generator),
        learn_beta=True,
        spike_grad=surrogate.fast_sigmoid(),
    )
