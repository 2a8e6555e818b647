"""Networks in fixed point, as chips calculate."""

import copy
import math
from typing import Any

import snntorch as snn
import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg._check import finite_weights, tensor, whole_number
from spikereg._fixed import (
    BIAS_BITS,
    Fixed,
    FixedDendrites,
    FixedLeaky,
    FixedLinear,
    FixedLSTM,
    FixedResonator,
    FixedRLeaky,
    decay_of,
    turned,
)
from spikereg.baselines import RateNetwork, Recurrent, ReLUNetwork
from spikereg.dendrites import Dendrites
from spikereg.models import SpikingRegressor
from spikereg.neurons import Resonator, leaky

__all__ = ["quantize"]


def quantize(
    model: nn.Module,
    features: Float[Tensor, "T B F"],
    weight_bits: int = 8,
    state_bits: int = 8,
    *,
    input_bits: int = 8,
    decay_bits: int = 12,
) -> nn.Module:
    r"""Make a copy of a network that calculates in fixed point.

    A number becomes an integer of :math:`b` bits times a power of two, and saturates:

    .. math::

        x \to 2^{-s} \min(\max(\mathrm{round}(2^s x), -2^{b-1}), 2^{b-1} - 1)

    - Weights have one :math:`s` a layer, biases another and 16 bits.
    - Membranes and other states are rounded after each step, thresholds on the same
      grid; what rectified units and an LSTM send likewise.
    - A decay has ``decay_bits`` binary places (12 on Loihi), and so have the sine and
      cosine of a resonator.
    - Features are rounded to ``input_bits``, from 0 on if none of them is negative:
      show some of each sign if there are both. Sums in between are not rounded, as in
      wide accumulators: in float32 they are exact as long as they fit into 24 bits.

    Every :math:`s` is chosen one after another, in the order of the signal, so that
    the answers to ``features`` change least: large enough to keep small numbers, and
    small enough that few saturate.

    Gradients pass the rounding as if it were not there, and are 0 where a number
    saturates. So :func:`spikereg.fit` trains the copy on, whose parameters stay real
    numbers.

    Args:
        model: A :class:`~spikereg.SpikingRegressor` of leaky, recurrent leaky or
            resonator neurons, with any readout; ``RateNetwork``; ``ReLUNetwork``; or
            ``Recurrent`` with an LSTM. It stays as it is.
        features: What the ranges are chosen by, ``[T, B, F]``, such as a batch of the
            training.
        weight_bits: Of weights, 2 to 16.
        state_bits: Of states, 2 to 16.
        input_bits: Of features, 2 to 16.
        decay_bits: Binary places of decays, 2 to 16.

    Returns:
        The copy.

    Raises:
        TypeError: For another model, or a layer of it that is not among these, such as
            those of a model in fixed point; or features that are no tensor.
        ValueError: For bits that are not whole numbers from 2 to 16, weights that are
            not finite, features that are empty, not finite or not such as the model
            takes, or neurons with an option of snnTorch's beyond the equations, such
            as ``inhibition``.

    Source:
        The straight-through gradient is of Y. Bengio, N. Léonard and A. Courville,
        *Estimating or propagating gradients through stochastic neurons for conditional
        computation*, arXiv 1308.3432 (2013).
    """
    given = {
        "weight_bits": weight_bits,
        "state_bits": state_bits,
        "input_bits": input_bits,
        "decay_bits": decay_bits,
    }
    for name, bits in given.items():
        whole_number(name, bits, at_least=2)
        if bits > 16:
            raise ValueError(f"{name} must be a whole number from 2 to 16, not {bits}")
    tensor("features", features)
    if not features.numel():
        raise ValueError(f"features must not be empty, as {list(features.shape)} is")
    if not (bounded := features.isfinite()).all():
        raise ValueError(f"features must be finite, not {features[~bounded][0].item()}")
    finite_weights(model)
    signed = bool((features < 0).any())
    maker = _Maker(weight_bits, state_bits, input_bits, decay_bits, signed)
    made = maker.model(model)
    _choose(made, model, features)
    return made


class _Maker:
    """Turns layers into those of fixed point, which do not yet round."""

    def __init__(
        self, weights: int, states: int, inputs: int, decays: int, signed: bool
    ) -> None:
        self.weights, self.states, self.decays = weights, states, decays
        self.inputs, self.signed = inputs, signed

    def model(self, model: nn.Module) -> nn.Module:
        made: Any = copy.deepcopy(model)
        if type(model) in (SpikingRegressor, RateNetwork):
            for n, name in enumerate(("in", "hidden", "out")):
                linear = getattr(model, f"fc_{name}")
                setattr(made, f"fc_{name}", self.linear(linear, first=n == 0))
            hidden = "lif" if type(model) is SpikingRegressor else "li"
            for name in (f"{hidden}_in", f"{hidden}_hidden", "li_out"):
                setattr(made, name, self.neuron(getattr(model, name)))
        elif type(model) is ReLUNetwork:
            parts: list[nn.Module] = []
            for n, layer in enumerate(model.layers):
                if isinstance(layer, nn.Linear):
                    parts.append(self.linear(layer, first=n == 0))
                else:
                    parts += [nn.ReLU(), Fixed(self.states, signed=False)]
            made.layers = nn.Sequential(*parts, Fixed(self.states))
        elif type(model) is Recurrent and type(model.recurrent) is nn.LSTM:
            made.recurrent = turned(
                model.recurrent,
                FixedLSTM,
                inputs=Fixed(self.inputs, signed=self.signed),
                weights=Fixed(self.weights),
                recurrent=Fixed(self.weights),
                biases=Fixed(BIAS_BITS),
                cell=Fixed(self.states),
                output=Fixed(self.states),
            )
            made.fc_out = nn.Sequential(self.linear(model.fc_out), Fixed(self.states))
        else:
            raise TypeError(
                f"model must be a SpikingRegressor, a RateNetwork, a ReLUNetwork or a "
                f"Recurrent LSTM, not {type(model).__name__}"
            )
        return made  # type: ignore[no-any-return]

    def linear(self, linear: nn.Module, *, first: bool = False) -> nn.Module:
        if type(linear) is not nn.Linear:
            raise TypeError(
                f"weights must be those of nn.Linear to be rounded, not of "
                f"{type(linear).__name__}"
            )
        inputs = Fixed(self.inputs, signed=self.signed) if first else nn.Identity()
        rounds = {"weights": Fixed(self.weights), "biases": Fixed(BIAS_BITS)}
        return turned(linear, FixedLinear, inputs=inputs, **rounds)

    def neuron(self, neuron: nn.Module) -> nn.Module:
        rounds = {"membrane": Fixed(self.states), "decay": decay_of(self.decays)}
        of_snntorch = type(neuron) in (snn.Leaky, snn.RLeaky)
        if of_snntorch and (option := leaky.unsupported(neuron)):
            raise ValueError(
                f"neurons must be without {option} to calculate in fixed point"
            )
        if type(neuron) is snn.RLeaky:
            back: Any = neuron.recurrent
            return turned(neuron, FixedRLeaky, recurrent=self.linear(back), **rounds)
        if type(neuron) is snn.Leaky:
            return turned(neuron, FixedLeaky, **rounds)
        if type(neuron) is Resonator:
            back = neuron.recurrent
            fed = None if back is None else self.linear(back)
            return turned(neuron, FixedResonator, recurrent=fed, **rounds)
        if type(neuron) is Dendrites:
            return turned(
                neuron,
                FixedDendrites,
                poles=self.neuron(neuron.poles),
                fc=self.linear(neuron.fc),
                answer=Fixed(self.states),
            )
        raise TypeError(
            f"neurons must be snn.Leaky, snn.RLeaky, Resonator or Dendrites to "
            f"calculate in fixed point, not {type(neuron).__name__}"
        )


@torch.no_grad()
def _choose(made: nn.Module, model: nn.Module, features: Tensor) -> None:
    """Choose how many binary places each part has, the first of the signal first."""
    wanted = model(features)
    made(features)  # each part notes the largest number that passes
    for name, part in made.named_modules():
        if not isinstance(part, Fixed) or part.shift is not None:
            continue
        # The most binary places with which nothing saturates.
        cover = math.floor(math.log2(part.high / part.largest)) if part.largest else 0
        if name.endswith("biases"):
            part.shift = cover
            continue
        changes = {}
        for shift in range(cover, cover + part.bits):
            part.shift = shift
            changes[shift] = (made(features) - wanted).norm().item()
        part.shift = min(changes, key=changes.__getitem__)
