"""Random spiking neurons, read out by least squares."""

import math

import snntorch as snn
import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg import _least_squares
from spikereg._batches import Batches, curves
from spikereg._check import features_of, local_generator, positive, widths
from spikereg._draw import linear
from spikereg.neurons.saved import savable
from spikereg.scan import scan


class RandomSpiking(nn.Module):
    r"""A spiking layer that is never trained, read out by least squares.

    Neurons with random gains, thresholds and decays fire; a filter of time constant
    ``tau`` smooths each spike train,
    :math:`r_{i,t} = e^{-1/\tau} r_{i,t-1} + S_{i,t}`; and :meth:`solve` finds the
    weights of :math:`\hat y_t = \sum_i w_i r_{i,t} + c` that minimize the squared
    error plus a ridge penalty on the weights. Features should lie in [-1, 1].

    Args:
        hidden: Number of neurons, at least 1.
        num_inputs: Features :math:`F` of the input, at least 1.
        num_outputs: Outputs :math:`O`, at least 1.
        tau: Time constant of the filter in steps, positive.
        ridge: Weight of the penalty relative to the mean square of the rates,
            positive.
        seed: Seed of a generator of its own, as for
            :class:`~spikereg.SpikingRegressor`.

    Raises:
        ValueError: For a width that is no positive integer, a time constant or
            penalty that is not positive, or a bad seed.

    Source:
        The decoders of C. Eliasmith and C. H. Anderson, *Neural Engineering*, MIT
        Press 2003, on which Nengo is built.
    """

    def __init__(
        self,
        hidden: int = 256,
        num_inputs: int = 1,
        num_outputs: int = 1,
        tau: float = 2.0,
        ridge: float = 1e-6,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        widths(hidden=hidden, num_inputs=num_inputs, num_outputs=num_outputs)
        positive("tau", tau)
        positive("ridge", ridge)
        self.ridge = ridge
        generator = local_generator(seed)

        # Each neuron begins to fire where its direction crosses a level in [-1, 1].
        direction = torch.randn(hidden, num_inputs, generator=generator)
        direction /= direction.norm(dim=1, keepdim=True)
        gain = 0.5 + 2 * torch.rand(hidden, generator=generator)
        level = 2 * torch.rand(hidden, generator=generator) - 1
        beta = torch.rand(hidden, generator=generator)
        self.fc_in = linear(num_inputs, hidden, generator)
        with torch.no_grad():
            self.fc_in.weight.copy_((1 - beta)[:, None] * gain[:, None] * direction)
            self.fc_in.bias.copy_((1 - beta) * (1 - gain * level))
        self.fc_in.requires_grad_(False)
        self.lif = snn.Leaky(beta=beta)
        self.filter = snn.Leaky(beta=math.exp(-1 / tau), reset_mechanism="none")
        self.fc_out = linear(hidden, num_outputs, generator)
        savable(self)

    def rates(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B H"]:
        """Run the neurons and smooth their spikes."""
        features_of(self.fc_in.in_features, features)
        spikes, _ = scan(self.lif, self.fc_in(features))
        return scan(self.filter, spikes)[1]

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Read the smoothed spikes out."""
        prediction: Tensor = self.fc_out(self.rates(features))
        return prediction

    @torch.no_grad()
    def solve(self, loader: Batches) -> None:
        """Set the readout to the least-squares solution over a loader.

        Args:
            loader: Yields pairs of features and labels.

        Raises:
            ValueError: For an empty loader, batches that :func:`spikereg.fit` would
                not take either, or labels of another shape than the prediction.
        """
        pairs = [
            (_least_squares.with_ones(self.rates(features)), labels)
            for features, labels in curves(loader, self, self.fc_out.out_features)
        ]
        solution = _least_squares.solve(pairs, self.ridge)
        _least_squares.set_readout(self.fc_out, solution)
