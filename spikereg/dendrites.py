"""A readout that remembers: damped oscillators between the spikes and the output."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg._check import local_generator, widths
from spikereg._draw import linear
from spikereg.neurons import Resonator
from spikereg.scan import walk


class Dendrites(nn.Module):
    r"""Resonant dendrites: a linear filter whose poles swing and decay.

    Each dendrite :math:`k` has a current :math:`I_k` and a complex state,

    .. math::

        z_{k,t} &= \lambda_k\, z_{k,t-1} + (1 - |\lambda_k|)\, I_{k,t} , \qquad
        \lambda_k = \beta_k\, e^{i \omega_k} \\
        \hat y_t &= \mathrm{Re} \sum_k \bar c_k\, z_{k,t} + d

    It has no threshold and sends no spikes: it is the resonator of
    :class:`spikereg.Resonator` without reset, of which both states are read.

    Args:
        width: Number of dendrites K.
        num_outputs: Outputs O, each with coefficients :math:`c` of its own.
        tau: Range of the time constants :math:`-1 / \ln \beta` in steps, log-uniform.
        period: The same for the periods :math:`2 \pi / \omega`.
        seed: Seed of a generator of its own. ``None`` draws afresh.

    Attributes:
        poles: The resonator, with the learned ``beta`` and ``omega``, ``[K]``.
        fc: ``nn.Linear`` from 2K to O: real and imaginary parts of :math:`c`, and
            :math:`d`.

    Raises:
        ValueError: If a width is no positive integer, or for a bad seed.

    Source:
        J. Tapson et al., *Synthesis of neural networks for spatio-temporal spike
        pattern recognition and processing*, Frontiers in Neuroscience 7 (2013), where
        such dendrites have fixed poles.
    """

    def __init__(
        self,
        width: int,
        num_outputs: int = 1,
        *,
        tau: tuple[float, float] = (1.0, 30.0),
        period: tuple[float, float] = (6.0, 100.0),
        seed: int | None = None,
    ) -> None:
        super().__init__()
        widths(width=width, num_outputs=num_outputs)
        generator = local_generator(seed)
        drawn = int(torch.randint(2**31, (), generator=generator))
        self.poles = Resonator(
            width, reset_mechanism="none", tau=tau, period=period, seed=drawn
        )
        self.fc = linear(2 * width, num_outputs, generator)

    def forward(self, current: Float[Tensor, "T B K"]) -> Float[Tensor, "T B O"]:
        """Filter the currents and add the dendrites up."""
        if current.ndim != 3 or current.shape[-1] != self.poles.width:
            raise ValueError(
                f"current must have the shape [T, B, K] with K = {self.poles.width}, "
                f"not {list(current.shape)}"
            )
        current = (1 - self.poles.beta.clamp(0, 1)) * current
        _, (imaginary, real) = walk(self.poles, current)
        prediction: Tensor = self.fc(torch.cat([real, imaginary], dim=-1))
        return prediction
