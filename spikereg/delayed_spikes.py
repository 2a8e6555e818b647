"""One layer of neurons whose spikes reach the output on ways of several lengths."""

import snntorch as snn
import torch
from jaxtyping import Float
from numpy.polynomial.chebyshev import chebvander
from torch import Tensor, nn

from spikereg import _least_squares, recipes
from spikereg._batches import Batches, curves
from spikereg._check import (
    features_of,
    positive,
    whole_number,
    widths,
)
from spikereg._draw import linear
from spikereg.neurons.saved import savable
from spikereg.scan import scan

#: How far the levels reach beyond the values seen, as a part of their range.
MARGIN = 0.02


class DelayedSpikes(nn.Module):
    r"""A sum of functions of the last values, each a weighted sum of late spikes.

    Neurons without memory (:math:`\beta = 0`) fire while the feature is above their
    levels :math:`c_1 < \dots < c_H`, which are evenly spread. Every spike reaches the
    output K times, 0, 1, … K - 1 steps late, by synapses whose weights are a
    polynomial of the neuron's level, :math:`T_j` being Chebyshev's:

    .. math::

        \hat y_t = \sum_{k=0}^{K-1} \sum_{i=1}^{H} w_k(c_i)\, S_{i,t-k} + d , \qquad
        w_k(c) = \frac{1}{H} \sum_{j=0}^{J-1} a_{kj}\, T_j(c)

    As neuron :math:`i` fires where :math:`x > c_i`, the inner sum is a function
    :math:`f_k(x_{t-k})`, a staircase whose slope is :math:`w_k`; the whole is a sum of
    functions of one delayed value each, and nothing that multiplies two of them.
    :meth:`solve` finds the :math:`KJ` numbers :math:`a` and :math:`d`; nothing else is
    learned. It begins with zeros.

    Args:
        hidden: Neurons H, at least 2.
        delays: Number K of ways from each neuron to the output, at least 1.
        degree: Number J of coefficients of each polynomial, at least 1.
        ridge: Weight of the squared coefficients in the least squares, relative to the
            mean square of what they weigh, positive.

    Attributes:
        fc_in: ``nn.Linear`` from the feature to the neurons, which is not learned.
        lif: ``snn.Leaky`` without decay.
        polynomials: :math:`T_j(c_i) / H`, ``[H, J]``.
        fc_out: ``nn.Linear`` from KJ to 1, the coefficients :math:`a` and :math:`d`.

    Raises:
        ValueError: If a number is no positive integer, for fewer than 2 neurons, or a
            penalty that is not positive.

    Source:
        Additive models of delayed values are old in statistics (T. Hastie and R.
        Tibshirani, *Generalized additive models*, 1990); synapses with delays that are
        solved and not trained are those of J. Tapson et al., Frontiers in Neuroscience
        7 (2013).
    """

    polynomials: Tensor

    def __init__(
        self,
        hidden: int = 448,
        delays: int = 12,
        degree: int = 12,
        ridge: float = 1e-9,
    ) -> None:
        super().__init__()
        widths(delays=delays, degree=degree)
        whole_number("hidden", hidden, at_least=2)
        positive("ridge", ridge)
        self.delays, self.ridge = delays, ridge
        drawn = torch.Generator()  # what is drawn is not kept
        self.fc_in = linear(1, hidden, drawn).requires_grad_(False)
        self.lif = snn.Leaky(beta=0.0, reset_mechanism="none")
        across = torch.linspace(-1, 1, hidden, dtype=torch.float64)
        table = torch.tensor(chebvander(across.numpy(), degree - 1)) / hidden
        self.register_buffer("polynomials", table.to(self.fc_in.weight.dtype))
        self.fc_out = linear(delays * degree, 1, drawn)
        with torch.no_grad():
            for values in (self.fc_in.weight, *self.fc_out.parameters()):
                values.zero_()
        savable(self)

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Predict at every step; before the first one nothing has fired."""
        prediction: Tensor = self.fc_out(self._arrived(self._sent(features)))
        return prediction

    def advance(
        self, feature: Float[Tensor, "B 1"], state: Tensor | None
    ) -> tuple[Float[Tensor, "B 1"], Tensor]:
        """Make one step.

        Args:
            feature: :math:`x_t`.
            state: What is on its way to the output, ``[K, B, J]``; ``None`` for
                nothing.

        Returns:
            The prediction and the next state.
        """
        sent = self._sent(feature[None])
        late = (
            sent.new_zeros(self.delays - 1, *sent.shape[1:])
            if state is None
            else state[1:]
        )
        state = torch.cat([late, sent])
        prediction: Tensor = self.fc_out(self._arrived(state)[-1])
        return prediction, state

    def spikes(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B H"]:
        """Let the neurons measure the feature."""
        features_of(1, features)
        return scan(self.lif, self.fc_in(features))[0]

    def weights(self) -> Float[Tensor, "K H"]:
        """Return the weights of the synapses by delay and neuron."""
        coefficients = self.fc_out.weight.detach().reshape(self.delays, -1)
        return coefficients @ self.polynomials.T

    def levels(self) -> Float[Tensor, "H"]:
        """Return the level from which on each neuron fires."""
        return (1 - self.fc_in.bias) / self.fc_in.weight[:, 0]

    def _sent(self, features: Tensor) -> Tensor:
        return self.spikes(features) @ self.polynomials

    def _arrived(self, sent: Tensor) -> Tensor:
        padded = nn.functional.pad(sent, (0, 0, 0, 0, self.delays - 1, 0))
        windows = padded.unfold(0, self.delays, 1).flip(-1)  # the latest comes first
        return windows.transpose(-1, -2).flatten(2)

    @torch.no_grad()
    def solve(self, loader: Batches) -> None:
        """Place the levels, and find the coefficients by least squares.

        The first K - 1 steps of each sequence are left out: some ways are longer.

        Args:
            loader: Yields pairs of features and labels; gone through once.

        Raises:
            ValueError: For an empty loader, batches that :func:`~spikereg.fit` would
                not take either, labels of another shape than the prediction, features
                that do not vary, or sequences shorter than the delays.
        """
        pairs = list(curves(loader, self, 1))
        for features, _ in pairs:
            features_of(1, features)
            if len(features) < self.delays:
                raise ValueError(
                    f"features must have at least delays = {self.delays} steps, not "
                    f"{len(features)}"
                )
        low = min(x.min().item() for x, _ in pairs)
        high = max(x.max().item() for x, _ in pairs)
        if low == high:
            raise ValueError(f"features must vary, not be {low} always")
        beyond = MARGIN * (high - low)
        levels = torch.linspace(
            low - beyond, high + beyond, len(self.polynomials), dtype=torch.float64
        ).to(self.fc_in.weight)
        self.fc_in.weight.fill_(1)
        spacing = (levels[1] - levels[0]).expand_as(levels)
        recipes.place_levels(self.fc_in, self.lif, levels, spacing)
        early = self.delays - 1
        seen = ((self._arrived(self._sent(x))[early:], y[early:]) for x, y in pairs)
        _least_squares.solve_precisely(self.fc_out, seen, self.ridge)
