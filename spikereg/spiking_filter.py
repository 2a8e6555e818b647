"""Neurons that measure, and a filter that remembers what they measured."""

import math
from collections.abc import Sequence

import snntorch as snn
import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg import _least_squares, recipes
from spikereg._batches import Batches, curves
from spikereg._check import features_of, finite, positive, whole_number, widths
from spikereg._draw import linear
from spikereg.models import Trace
from spikereg.neurons import Resonator
from spikereg.neurons.saved import savable
from spikereg.scan import scan, walk

#: Time constants and periods of the oscillators in steps.
TAUS = (2.0, 5.0, 15.0, 300.0)
PERIODS = (math.inf, 100.0, 50.0, 33.0, 25.0, 16.7, 12.5, 8.0)

#: Penalties of the least squares, and the smallest variance that is taken for one, as
#: parts of the largest or the mean.
RIDGE, SMALLEST = 1e-9, 1e-10


class SpikingFilter(nn.Module):
    r"""A spiking layer that measures its input, and damped oscillators that remember.

    Of each feature :math:`x`, neurons without memory (:math:`\beta = 0`) say whether it
    is beyond their levels :math:`c_i`: those of the upper half of the levels fire above
    theirs, those of the lower half below, so that all are silent in the middle, and
    half of them at an end. Their weighted spikes are the feature again, up to the
    distance of two levels:

    .. math:: \hat x_t = \sum_i d_i S_{i,t} + d_0

    This drives oscillators with fixed poles, one for each time constant and period,

    .. math::

        z_{k,t} = \lambda_k\, z_{k,t-1} + (1 - |\lambda_k|)\, \hat x_t , \qquad
        \lambda_k = e^{-1/\tau_k + 2 \pi i / p_k}

    and the prediction is a linear function of their real and imaginary parts and of
    the last ``taps`` values :math:`\hat x_t, \hat x_{t-1}, \dots`, spikes that took a
    longer way.

    :meth:`measure` finds levels, weights :math:`d` and a change of coordinates from the
    features alone: in the new ones, what the readout is given has variance 1 and no
    correlations. Only the readout ``fc_out`` is learned: by :func:`~spikereg.fit`, or
    by :meth:`solve`. It begins with zeros.

    Args:
        hidden: Neurons for each feature, at least 2.
        num_inputs: Features :math:`F` of the input, at least 1.
        num_outputs: Outputs :math:`O`, at least 1.
        taps: Delays that are read beside the oscillators, at least 0.
        taus: Time constants :math:`\tau` in steps, positive.
        periods: Periods :math:`p` in steps, at least 2; ``math.inf`` does not swing.

    Attributes:
        fc_in: ``nn.Linear`` from the features to the neurons, which are not learned.
        lif: ``snn.Leaky`` without decay.
        decoders: :math:`d` and :math:`d_0`, ``[F, hidden + 1]``.
        filter: The resonator whose states are the oscillators.
        mean: What the new coordinates are 0 at, ``[K]``.
        mix: What leads from the old ones to the new, ``[K, K]``.
        fc_out: ``nn.Linear`` from the K new coordinates to the outputs.

    Raises:
        ValueError: If a width is no positive integer, for fewer than 2 neurons, or a
            bad number of taps, time constant or period.

    Source:
        The decoders: C. Eliasmith and C. H. Anderson, *Neural Engineering*, MIT Press
        2003. The oscillators: J. Tapson et al., *Synthesis of neural networks for
        spatio-temporal spike pattern recognition and processing*, Frontiers in
        Neuroscience 7 (2013).
    """

    mean: Tensor
    mix: Tensor
    decoders: Tensor

    def __init__(
        self,
        hidden: int = 128,
        num_inputs: int = 1,
        num_outputs: int = 1,
        *,
        taps: int = 0,
        taus: Sequence[float] = TAUS,
        periods: Sequence[float] = PERIODS,
    ) -> None:
        super().__init__()
        widths(num_inputs=num_inputs, num_outputs=num_outputs)
        whole_number("hidden", hidden, at_least=2)
        whole_number("taps", taps, at_least=0)
        tau, period = _grid(taus, periods)
        self.hidden, self.taps = hidden, taps
        drawn = torch.Generator()  # what is drawn is not kept
        self.fc_in = linear(num_inputs, num_inputs * hidden, drawn)
        self.fc_in.requires_grad_(False).weight.zero_()
        self.lif = snn.Leaky(beta=0.0, reset_mechanism="none")
        self.register_buffer("decoders", torch.zeros(num_inputs, hidden + 1))
        self.filter = Resonator(
            num_inputs * len(tau), reset_mechanism="none", seed=0
        ).requires_grad_(False)
        self.filter.beta.copy_(torch.exp(-1 / tau).repeat(num_inputs))
        self.filter.omega.copy_((2 * math.pi / period).repeat(num_inputs))
        width = num_inputs * (2 * len(tau) + taps)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("mix", torch.eye(width))
        self.fc_out = linear(width, num_outputs, drawn)
        for parameter in self.fc_out.parameters():
            nn.init.zeros_(parameter)
        savable(self)

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Predict at every step."""
        prediction: Tensor = self.fc_out(self._given(self.spikes(features)))
        return prediction

    def trace(self, features: Float[Tensor, "T B F"]) -> Trace:
        """Run it and keep the spikes, and what they say the features are."""
        spikes = self.spikes(features)
        return Trace(
            prediction=self.fc_out(self._given(spikes)),
            spikes={"lif": spikes},
            membrane={"decoded": self.decoded(spikes)},
        )

    def spikes(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B H"]:
        """Let the neurons measure the features."""
        features_of(self.fc_in.in_features, features)
        return scan(self.lif, self.fc_in(features))[0]

    def decoded(self, spikes: Float[Tensor, "T B H"]) -> Float[Tensor, "T B F"]:
        r"""Return :math:`\hat x`, the features that spikes stand for."""
        each = spikes.reshape(*spikes.shape[:2], -1, self.hidden)
        weights, offset = self.decoders[:, :-1], self.decoders[:, -1]
        return torch.einsum("tbfh,fh->tbf", each, weights) + offset

    def memory(self, decoded: Float[Tensor, "T B F"]) -> Float[Tensor, "T B K"]:
        """Return what is left of the features: oscillators, and delays."""
        poles = self.filter.width // decoded.shape[-1]
        driven = decoded.repeat_interleave(poles, dim=-1)
        _, (imaginary, real) = walk(self.filter, (1 - self.filter.beta) * driven)
        padded = nn.functional.pad(decoded, (0, 0, 0, 0, self.taps, 0))
        late = [padded[n : n + len(decoded)] for n in range(self.taps, 0, -1)]
        return torch.cat([real, imaginary, *late], dim=-1)

    def _given(self, spikes: Tensor) -> Tensor:
        return (self.memory(self.decoded(spikes)) - self.mean) @ self.mix

    @torch.no_grad()
    def measure(self, loader: Batches) -> None:
        """Fit all but the readout to the features of a loader; labels are not read.

        The readout begins with zeros again: its old weights are for other coordinates.
        A level lies half-way between the quantile of its rank and an even spread.

        Args:
            loader: Yields pairs of features and labels; gone through once.

        Raises:
            ValueError: For an empty loader, batches that :func:`~spikereg.fit` would
                not take either, or a feature that does not vary.
        """
        inputs = [x for x, _ in curves(loader, self, self.fc_out.out_features)]
        for features in inputs:
            features_of(self.fc_in.in_features, features)
        rows = torch.cat([x.flatten(0, 1) for x in inputs])
        constant = (rows == rows[0]).all(dim=0)
        if constant.any():
            feature = int(constant.nonzero()[0])
            raise ValueError(
                f"features must vary, not be {rows[0, feature].item()} always, as "
                f"feature {feature} is"
            )
        self._place(rows)
        spikes = [self.spikes(x) for x in inputs]
        for n, decoder in enumerate(self.decoders):
            mine = slice(n * self.hidden, (n + 1) * self.hidden)
            pairs = (
                (_least_squares.with_ones(s[..., mine]), x[..., n : n + 1])
                for s, x in zip(spikes, inputs, strict=True)
            )
            decoder.copy_(_least_squares.solve(pairs, RIDGE).weights[:, 0])
        left = torch.cat([self.memory(self.decoded(s)).flatten(0, 1) for s in spikes])
        mean, mix = _least_squares.whitening(left.double(), SMALLEST)
        self.mean.copy_(mean)
        self.mix.copy_(mix)
        for parameter in self.fc_out.parameters():
            parameter.zero_()

    def _place(self, rows: Tensor) -> None:
        rank = (torch.arange(self.hidden) + 1).to(rows) / (self.hidden + 1)
        low, high = rows.amin(dim=0), rows.amax(dim=0)
        ordered = rows.sort(dim=0).values
        quantiles = ordered[(rank * (len(rows) - 1)).round().long()]
        levels = (quantiles + low + (high - low) * rank[:, None]) / 2
        # The upper half fires above its levels, the lower half below.
        sign = torch.where(rank >= 0.5, 1.0, -1.0).to(rows)[:, None]
        each = torch.eye(rows.shape[1]).to(rows).repeat_interleave(self.hidden, dim=0)
        self.fc_in.weight.copy_(each * sign.repeat(rows.shape[1], 1))
        recipes.place_levels(
            self.fc_in,
            self.lif,
            (sign * levels).T.flatten(),
            ((high - low) / (self.hidden + 1)).repeat_interleave(self.hidden),
        )

    @torch.no_grad()
    def solve(self, loader: Batches) -> None:
        """Set the readout by least squares over a loader, after :meth:`measure`.

        Args:
            loader: Yields pairs of features and labels.

        Raises:
            ValueError: As :meth:`measure` does, and for labels of another shape than
                the prediction.
        """
        pairs = (
            (self._given(self.spikes(x)), labels)
            for x, labels in curves(loader, self, self.fc_out.out_features)
        )
        _least_squares.solve_readout(self.fc_out, pairs, RIDGE)


def _grid(taus: Sequence[float], periods: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Return time constant and period of each oscillator."""
    for name, values in (("taus", taus), ("periods", periods)):
        if not len(values):
            raise ValueError(f"{name} must be at least one number, not {values!r}")
    for tau in taus:
        positive("taus", tau)
    for period in periods:
        if not (period == math.inf or (finite(period) and period >= 2)):
            raise ValueError(
                f"periods must be math.inf or numbers of at least 2, not {period!r}"
            )
    tau, period = torch.tensor([(t, p) for t in taus for p in periods]).T
    return tau, period
