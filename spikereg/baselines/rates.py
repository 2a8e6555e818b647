"""Neurons that send how far their membrane is charged, where others send spikes."""

import snntorch as snn
import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg._check import features_of, local_generator, whole_number, widths
from spikereg._draw import linear
from spikereg.dendrites import Dendrites
from spikereg.neurons.named import seed_from
from spikereg.neurons.saved import savable
from spikereg.scan import scan


class RateNetwork(nn.Module):
    r"""Two hidden layers of rate neurons, and a readout that remembers.

    .. math::

        U^1_t &= \beta^1 U^1_{t-1} + W_1 x_t + b_1 , \qquad
        U^2_t = \beta^2 U^2_{t-1} + W_2 \max(0, U^1_t) + b_2 \\
        \hat y_t &= \mathrm{LI}(W_3 \max(0, U^2_t) + b_3)

    What a :class:`~spikereg.SpikingRegressor` is without its spikes: the same leaky
    membranes, with learned decays :math:`\beta \sim U(0, 1)`, and the same readouts. In
    place of a threshold, a spike and a reset, a neuron sends its membrane, if that is
    positive.

    Args:
        hidden: Neurons in each hidden layer, at least 1.
        num_inputs: Features :math:`F` of the input, at least 1.
        num_outputs: Outputs :math:`O`, at least 1.
        seed: Seed of a generator of its own, as for
            :class:`~spikereg.SpikingRegressor`.
        dendrites: Number of :class:`~spikereg.Dendrites` in the place of LI, a leaky
            integrator; 0 for that.

    Attributes:
        fc_in: ``nn.Linear`` from the input to the first layer.
        li_in: The first layer, ``snn.Leaky`` without reset.
        fc_hidden: ``nn.Linear`` from the first to the second layer.
        li_hidden: The second layer.
        fc_out: ``nn.Linear`` from the second layer to the readout.
        li_out: The readout: ``snn.Leaky`` without reset, or ``Dendrites``.

    Raises:
        ValueError: For a width that is no positive integer, a number of dendrites that
            is no whole number, or a bad seed.

    Source:
        Firing-rate models as in P. Dayan and L. F. Abbott, *Theoretical Neuroscience*,
        MIT Press 2001, chapter 7, with steps of time and a rectified response.
    """

    def __init__(
        self,
        hidden: int = 128,
        num_inputs: int = 1,
        num_outputs: int = 1,
        seed: int | None = None,
        *,
        dendrites: int = 0,
    ) -> None:
        super().__init__()
        widths(hidden=hidden, num_inputs=num_inputs, num_outputs=num_outputs)
        whole_number("dendrites", dendrites, at_least=0)
        generator = local_generator(seed)

        def integrators(width: int) -> snn.Leaky:
            beta = torch.rand(width, generator=generator)
            return snn.Leaky(beta=beta, learn_beta=True, reset_mechanism="none")

        self.fc_in = linear(num_inputs, hidden, generator)
        self.li_in = integrators(hidden)
        self.fc_hidden = linear(hidden, hidden, generator)
        self.li_hidden = integrators(hidden)
        self.fc_out = linear(hidden, dendrites or num_outputs, generator)
        self.li_out: snn.Leaky | Dendrites
        if dendrites:
            self.li_out = Dendrites(dendrites, num_outputs, seed=seed_from(generator))
        else:
            self.li_out = integrators(num_outputs)
        savable(self)

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Predict by the readout at every step."""
        features_of(self.fc_in.in_features, features)
        sent = scan(self.li_in, self.fc_in(features))[1].relu()
        sent = scan(self.li_hidden, self.fc_hidden(sent))[1].relu()
        current: Tensor = self.fc_out(sent)
        if isinstance(self.li_out, Dendrites):
            prediction: Tensor = self.li_out(current)
            return prediction
        return scan(self.li_out, current)[1]
