"""Networks whose units send numbers."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from spikereg._check import features_of, local_generator, one_of, widths
from spikereg._draw import drawn, linear


class Recurrent(nn.Module):
    r"""An LSTM or GRU layer with a linear readout, :math:`\hat y_t = W h_t + b`.

    Args:
        kind: ``"lstm"`` or ``"gru"``.
        hidden: Units of the layer, at least 1.
        num_inputs: Features :math:`F` of the input, at least 1.
        num_outputs: Outputs :math:`O`, at least 1.
        seed: Seed of a generator of its own, as for
            :class:`~spikereg.SpikingRegressor`.

    Raises:
        ValueError: For an unknown kind, a width that is no positive integer, or a bad
            seed.

    Source:
        S. Hochreiter and J. Schmidhuber, *Long short-term memory*, Neural Computation
        9(8), 1997; K. Cho et al., *Learning phrase representations using RNN
        encoder-decoder*, EMNLP 2014; both as PyTorch implements them.
    """

    def __init__(
        self,
        kind: str = "lstm",
        hidden: int = 64,
        num_inputs: int = 1,
        num_outputs: int = 1,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        one_of("kind", kind, ("lstm", "gru"))
        widths(hidden=hidden, num_inputs=num_inputs, num_outputs=num_outputs)
        generator = local_generator(seed)
        layer = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
        self.recurrent = drawn(layer(num_inputs, hidden, device="meta"), generator)
        self.fc_out = linear(hidden, num_outputs, generator)

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Predict from the layer's output at every step."""
        features_of(self.recurrent.input_size, features)
        prediction: Tensor = self.fc_out(self.recurrent(features)[0])
        return prediction

    def advance(
        self, feature: Float[Tensor, "B F"], state: Any
    ) -> tuple[Float[Tensor, "B O"], Any]:
        """Make one step from a state as PyTorch has it; ``None`` for zeros."""
        output, state = self.recurrent(feature[None], state)
        prediction: Tensor = self.fc_out(output[0])
        return prediction, state


class ReLUNetwork(nn.Module):
    """Two hidden layers of rectified linear units, at every step anew: no memory.

    Args:
        hidden: Units of each hidden layer, at least 1.
        num_inputs: Features :math:`F` of the input, at least 1.
        num_outputs: Outputs :math:`O`, at least 1.
        seed: Seed of a generator of its own, as for
            :class:`~spikereg.SpikingRegressor`.

    Raises:
        ValueError: For a width that is no positive integer, or a bad seed.
    """

    def __init__(
        self,
        hidden: int = 128,
        num_inputs: int = 1,
        num_outputs: int = 1,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        widths(hidden=hidden, num_inputs=num_inputs, num_outputs=num_outputs)
        generator = local_generator(seed)
        self.num_inputs = num_inputs
        self.layers = nn.Sequential(
            linear(num_inputs, hidden, generator),
            nn.ReLU(),
            linear(hidden, hidden, generator),
            nn.ReLU(),
            linear(hidden, num_outputs, generator),
        )

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "T B O"]:
        """Predict from the present features alone."""
        features_of(self.num_inputs, features)
        prediction: Tensor = self.layers(features)
        return prediction
