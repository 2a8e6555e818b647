"""Linear filters: memory without spikes."""

import snntorch as snn
import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg import _least_squares
from spikereg._batches import Batches, masked_curves
from spikereg._check import features_of, local_generator, widths
from spikereg._draw import linear
from spikereg.dendrites import Dendrites
from spikereg.neurons.saved import savable
from spikereg.scan import scan


class LinearFilter(nn.Module):
    r"""A sum of leaky integrators with learned decays: linear, and without spikes.

    .. math::

        U_{k,t} = \beta_k U_{k,t-1} + (1 - \beta_k) (w_k x_t + b_k), \qquad
        \hat y_t = \sum_k c_k U_{k,t} + d

    Args:
        filters: Number of integrators, at least 1.
        num_inputs: Features :math:`F` of the input, at least 1.
        num_outputs: Outputs :math:`O`, at least 1.
        seed: Seed of a generator of its own, as for
            :class:`~spikereg.SpikingRegressor`. The decays begin uniform in [0, 1].

    Raises:
        ValueError: For a number that is no positive integer, or a bad seed.
    """

    def __init__(
        self,
        filters: int = 16,
        num_inputs: int = 1,
        num_outputs: int = 1,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        widths(filters=filters, num_inputs=num_inputs, num_outputs=num_outputs)
        generator = local_generator(seed)
        self.fc_in = linear(num_inputs, filters, generator)
        self.fc_out = linear(filters, num_outputs, generator)
        self.filter = snn.Leaky(
            beta=torch.rand(filters, generator=generator),
            learn_beta=True,
            reset_mechanism="none",
        )
        savable(self)

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Filter the features and add the filters up."""
        features_of(self.fc_in.in_features, features)
        current = (1 - self.filter.beta.clamp(0, 1)) * self.fc_in(features)
        prediction: Tensor = self.fc_out(scan(self.filter, current)[1])
        return prediction


class ResonantFilter(nn.Module):
    r"""A sum of damped oscillators with learned poles: linear, and without spikes.

    Each feature drives oscillators of its own; with the equations of
    :class:`~spikereg.Dendrites`, :math:`k` over all of them:

    .. math::

        z_{k,t} = \lambda_k z_{k,t-1} + (1 - |\lambda_k|)\, x_{k,t}, \qquad
        \hat y_t = \mathrm{Re} \sum_k \bar c_k z_{k,t} + d

    A leaky integrator is the case without swinging, :math:`\omega_k = 0`.

    Args:
        filters: Number of oscillators for each feature, at least 1.
        num_inputs: Features :math:`F` of the input, at least 1.
        num_outputs: Outputs :math:`O`, at least 1.
        seed: Seed of a generator of its own, as for
            :class:`~spikereg.SpikingRegressor`. The poles begin where those of
            :class:`~spikereg.Dendrites` do.

    Raises:
        ValueError: For a number that is no positive integer, or a bad seed.
    """

    def __init__(
        self,
        filters: int = 16,
        num_inputs: int = 1,
        num_outputs: int = 1,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        widths(filters=filters, num_inputs=num_inputs, num_outputs=num_outputs)
        self.filters, self.num_inputs = filters, num_inputs
        self.filter = Dendrites(filters * num_inputs, num_outputs, seed=seed)

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Let the features drive the oscillators, and add these up."""
        features_of(self.num_inputs, features)
        driven = features.repeat_interleave(self.filters, dim=2)
        prediction: Tensor = self.filter(driven)
        return prediction


class TapFilter(nn.Module):
    r"""A weighted sum of the last features: linear, and without spikes.

    .. math:: \hat y_t = \sum_{k=0}^{K-1} c_k\, x_{t-k} + d, \qquad x_t = 0
              \text{ for } t < 0

    Args:
        taps: Number of steps K that it sees, the present one included, at least 1.
        num_inputs: Features :math:`F` of the input, at least 1.
        num_outputs: Outputs :math:`O`, at least 1.
        seed: Seed of a generator of its own, as for
            :class:`~spikereg.SpikingRegressor`.

    Raises:
        ValueError: For a number that is no positive integer, or a bad seed.
    """

    def __init__(
        self,
        taps: int = 16,
        num_inputs: int = 1,
        num_outputs: int = 1,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        widths(taps=taps, num_inputs=num_inputs, num_outputs=num_outputs)
        self.taps, self.num_inputs = taps, num_inputs
        self.fc_out = linear(taps * num_inputs, num_outputs, local_generator(seed))

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Add up what was seen last."""
        prediction: Tensor = self.fc_out(self._seen(features))
        return prediction

    def _seen(self, features: Tensor) -> Tensor:
        features_of(self.num_inputs, features)
        padded = nn.functional.pad(features, (0, 0, 0, 0, self.taps - 1, 0))
        return padded.unfold(0, self.taps, 1).flatten(2)

    @torch.no_grad()
    def solve(self, loader: Batches) -> None:
        """Set the weights to the least-squares solution over a loader.

        Args:
            loader: Yields pairs of features and labels, or triples with a mask.

        Raises:
            ValueError: For an empty loader, batches that :func:`spikereg.fit` would
                not take either, or labels of another shape than the prediction.
        """
        pairs = (
            _least_squares.counting(self._seen(features), labels, mask)
            for features, labels, mask in masked_curves(
                loader, self, self.fc_out.out_features
            )
        )
        _least_squares.solve_readout(self.fc_out, pairs, 1e-9)
