"""Layers in fixed point: integers times a power of two, rounded at every step.

Each is a layer of the package or of PyTorch, with the same parameters by the same
names, which stay real numbers to be trained; what it calculates with is rounded. Sums
are wide and exact, as a chip's are: rounded is what is stored.
"""

import copy
from typing import Any, TypeVar

import snntorch as snn
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spikereg.dendrites import Dendrites
from spikereg.neurons import Resonator
from spikereg.neurons.resonator import parameters
from spikereg.scan import walk

Module = TypeVar("Module", bound=nn.Module)

#: Bits of a bias, of which a neuron has one.
BIAS_BITS = 16


class Fixed(nn.Module):
    r"""Rounds to an integer times :math:`2^{-\text{shift}}`, and saturates.

    .. math:: x \to 2^{-s} \min(\max(\mathrm{round}(2^s x), \text{low}), \text{high})

    Ties go to the even integer. The gradient passes straight through, and is 0 where
    the number saturates.

    Args:
        bits: Bits of the integer: from :math:`-2^{b-1}` to :math:`2^{b-1} - 1`.
        signed: Otherwise from 0 to :math:`2^b - 1`.

    Attributes:
        shift: Binary places. Numbers pass unchanged as long as it is ``None``.
        largest: The largest magnitude that has passed unchanged.
    """

    def __init__(self, bits: int, *, signed: bool = True) -> None:
        super().__init__()
        self.bits = bits
        self.low, self.high = (-(1 << bits - 1), (1 << bits - 1) - 1)
        if not signed:
            self.low, self.high = 0, (1 << bits) - 1
        self.shift: int | None = None
        self.largest = 0.0

    def forward(self, values: Tensor) -> Tensor:
        """Round."""
        if self.shift is None:
            self.largest = max(self.largest, values.detach().abs().max().item())
            return values
        return torch.fake_quantize_per_tensor_affine(
            values, 2.0**-self.shift, 0, self.low, self.high
        )

    def get_extra_state(self) -> Tensor:
        """Keep the binary places beside the weights, without which these say little."""
        return torch.tensor([] if self.shift is None else [self.shift])

    def set_extra_state(self, state: Tensor) -> None:
        """Take the binary places that were kept."""
        self.shift = int(state[0]) if len(state) else None

    def extra_repr(self) -> str:
        """Say how many bits, and how many of them are binary places."""
        return f"bits={self.bits}, low={self.low}, shift={self.shift}"


def decay_of(places: int) -> Fixed:
    """Round factors from -1 to 1, both included, to so many binary places."""
    decay = Fixed(places + 2)
    decay.shift = places
    return decay


def turned(module: nn.Module, kind: type[Module], **parts: Any) -> Module:
    """Make a copy of a layer that is of another class, with more parts."""
    made: Any = copy.deepcopy(module)
    made.__class__ = kind
    for name, part in parts.items():
        setattr(made, name, part)
    return made  # type: ignore[no-any-return]


class FixedLinear(nn.Linear):
    """Weights, biases and what comes in, rounded; the sums are not."""

    inputs: nn.Module
    weights: Fixed
    biases: Fixed

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (PyTorch's name)
        """Multiply and add."""
        bias = None if self.bias is None else self.biases(self.bias)
        return F.linear(self.inputs(input), self.weights(self.weight), bias)


class FixedLeaky(snn.Leaky):  # type: ignore[misc]
    """``snntorch.Leaky`` with its membrane, threshold and decay rounded.

    Its own ``state_quant`` rounds a sum in float32, into which a decay of 12 bits times
    a state of 16 does not fit.
    """

    membrane: Fixed
    decay: Fixed

    def forward(self, current: Tensor, membrane: Tensor) -> tuple[Tensor, Tensor]:
        """Make one step, as :mod:`spikereg.neurons.leaky` says."""
        threshold = self.membrane(self.threshold)
        fired = membrane > threshold
        if self.reset_mechanism == "zero":
            membrane = membrane.masked_fill(fired, 0)
        # The product has more bits than float32: those of decay and state.
        new = self.decay(self.beta.clamp(0, 1)).double() * membrane + current
        if self.reset_mechanism == "subtract":
            new = new - fired * threshold
        membrane = self.membrane(new)
        return self.spike_grad(membrane - threshold), membrane


class FixedRLeaky(snn.RLeaky):  # type: ignore[misc]
    """``snntorch.RLeaky`` in the same way; its recurrence is a rounded layer."""

    membrane: Fixed
    decay: Fixed

    def forward(
        self, current: Tensor, spikes: Tensor, membrane: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Make one step, as :mod:`spikereg.neurons.recurrent` says."""
        threshold = self.membrane(self.threshold)
        fired = membrane > threshold
        current = current + self.recurrent(spikes)
        new = self.decay(self.beta.clamp(0, 1)).double() * membrane + current
        if self.reset_mechanism == "subtract":
            new = new - fired * threshold
        elif self.reset_mechanism == "zero":
            new = new.masked_fill(fired, 0)
        membrane = self.membrane(new)
        return self.spike_grad(membrane - threshold), membrane


class FixedResonator(Resonator):
    """The resonator with both states, threshold and rotation rounded."""

    membrane: Fixed
    decay: Fixed

    def forward(
        self, current: Tensor, quadrature: Tensor, membrane: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Make one step, as :class:`~spikereg.Resonator` says."""
        cos, sin, _ = parameters(self)
        cos, sin = self.decay(cos).double(), self.decay(sin).double()
        threshold = self.membrane(self.threshold)
        if self.recurrent is not None:
            before = self.spike_grad(membrane - threshold).to(current.dtype)
            current = current + self.recurrent(before)
        if self.reset_mechanism == "subtract":
            membrane = membrane - (membrane > threshold) * threshold
        swung = self.membrane((cos * membrane - sin * quadrature) + current)
        quadrature = self.membrane(sin * membrane + cos * quadrature)
        return self.spike_grad(swung - threshold), quadrature, swung


class FixedDendrites(Dendrites):
    """Dendrites with rounded poles, states, coefficients and answer."""

    answer: Fixed

    def forward(self, current: Tensor) -> Tensor:
        """Filter the currents and add the dendrites up."""
        poles: Any = self.poles
        _, (imaginary, real) = walk(
            poles, (1 - poles.decay(poles.beta.clamp(0, 1))) * current
        )
        answer: Tensor = self.answer(self.fc(torch.cat([real, imaginary], dim=-1)))
        return answer


class FixedLSTM(nn.LSTM):
    """One layer of an LSTM with weights, input, output and cell rounded.

    The gates are exact: a chip reads them from a table.
    """

    inputs: Fixed
    weights: Fixed
    recurrent: Fixed
    biases: Fixed
    cell: Fixed
    output: Fixed

    def forward(  # type: ignore[override]  # no packed sequences
        self,
        input: Tensor,  # noqa: A002
        hx: Any = None,
    ) -> Any:
        """Make all steps."""
        if hx is None:
            zeros = input.new_zeros(1, input.shape[1], self.hidden_size)
            hx = zeros, zeros
        h, c = (state[0] for state in hx)
        weight = self.recurrent(self.weight_hh_l0)
        bias = self.biases(self.bias_ih_l0) + self.biases(self.bias_hh_l0)
        driven = F.linear(self.inputs(input), self.weights(self.weight_ih_l0), bias)
        outputs = []
        for now in driven:
            i, f, g, o = (now + F.linear(h, weight)).chunk(4, dim=-1)
            c = self.cell(f.sigmoid() * c + i.sigmoid() * g.tanh())
            h = self.output(o.sigmoid() * c.tanh())
            outputs.append(h)
        return torch.stack(outputs), (h[None], c[None])
