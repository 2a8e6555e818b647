"""Random layers, read out by least squares."""

import math

import snntorch as snn
import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg import _least_squares
from spikereg._batches import Batches, curves
from spikereg._check import (
    features_of,
    local_generator,
    positive,
    whole_number,
    widths,
)
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
        pairs = (
            (self.rates(features), labels)
            for features, labels in curves(loader, self, self.fc_out.out_features)
        )
        _least_squares.solve_readout(self.fc_out, pairs, self.ridge)


class EchoState(nn.Module):
    r"""A random recurrent layer that is never trained, read out by least squares.

    .. math::

        r_t &= (1 - a)\, r_{t-1} + a \tanh(W r_{t-1} + V x_t + b) \\
        \hat y_t &= C\, (r_t, x_t) + d

    The weights are drawn, :math:`W` and :math:`V` from a normal distribution and
    :math:`b` uniform in [-1, 1]; :math:`W` is then scaled to its spectral radius.
    :meth:`solve` finds C and d.

    Args:
        units: Units of the layer, at least 1.
        num_inputs: Features :math:`F` of the input, at least 1.
        num_outputs: Outputs :math:`O`, at least 1.
        radius: Spectral radius of :math:`W`, positive.
        leak: :math:`a`, positive, at most 1.
        scale: Standard deviation of :math:`V`, positive.
        ridge: Weight of the penalty relative to the mean square of what is read,
            positive.
        seed: Seed of a generator of its own, as for
            :class:`~spikereg.SpikingRegressor`.

    Raises:
        ValueError: For a width that is no positive integer, a number out of its range,
            or a bad seed.

    Source:
        H. Jaeger and H. Haas, *Harnessing nonlinearity*, Science 304 (2004).
    """

    def __init__(
        self,
        units: int = 800,
        num_inputs: int = 1,
        num_outputs: int = 1,
        *,
        radius: float = 0.9,
        leak: float = 0.5,
        scale: float = 1.0,
        ridge: float = 1e-8,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        widths(units=units, num_inputs=num_inputs, num_outputs=num_outputs)
        for name, value in (("radius", radius), ("scale", scale), ("ridge", ridge)):
            positive(name, value)
        positive("leak", leak)
        if leak > 1:
            raise ValueError(f"leak must be at most 1, not {leak!r}")
        self.leak, self.ridge = leak, ridge
        generator = local_generator(seed)
        self.fc_in = linear(num_inputs, units, generator)
        self.fc_hidden = linear(units, units, generator, bias=False)
        self.fc_out = linear(units + num_inputs, num_outputs, generator)
        with torch.no_grad():
            self.fc_in.weight.normal_(0, scale, generator=generator)
            self.fc_in.bias.uniform_(-1, 1, generator=generator)
            weight = self.fc_hidden.weight.normal_(generator=generator)
            weight *= radius / torch.linalg.eigvals(weight).abs().max()
        self.fc_in.requires_grad_(False)
        self.fc_hidden.requires_grad_(False)

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Predict from the layer and the features at every step."""
        prediction: Tensor = self.fc_out(self._states(features))
        return prediction

    def advance(
        self, feature: Float[Tensor, "B F"], state: Tensor | None
    ) -> tuple[Float[Tensor, "B O"], Tensor]:
        """Make one step from the layer's state ``[B, units]``, ``None`` for zeros."""
        current = self.fc_in(feature)
        state = torch.zeros_like(current) if state is None else state
        driven = (self.fc_hidden(state) + current).tanh()
        state = (1 - self.leak) * state + self.leak * driven
        prediction: Tensor = self.fc_out(torch.cat([state, feature], dim=-1))
        return prediction, state

    def _states(self, features: Tensor) -> Tensor:
        features_of(self.fc_in.in_features, features)
        state, states = None, []
        for feature in features:
            _, state = self.advance(feature, state)
            states.append(torch.cat([state, feature], dim=-1))
        return torch.stack(states)

    @torch.no_grad()
    def solve(self, loader: Batches, washout: int = 0) -> None:
        """Set the readout to the least-squares solution over a loader.

        Args:
            loader: Yields pairs of features and labels.
            washout: Steps at the beginning of each sequence that do not count, at least
                0: the layer begins at rest.

        Raises:
            ValueError: For an empty loader, batches that :func:`spikereg.fit` would
                not take either, labels of another shape than the prediction, or a
                washout that is no such integer or leaves nothing.
        """
        whole_number("washout", washout, at_least=0)
        pairs = []
        for features, labels in curves(loader, self, self.fc_out.out_features):
            if len(features) <= washout:
                raise ValueError(
                    f"washout must be less than the {len(features)} steps of a "
                    f"sequence, not {washout!r}"
                )
            pairs.append((self._states(features)[washout:], labels[washout:]))
        _least_squares.solve_precisely(self.fc_out, pairs, self.ridge)
