"""The law of a plastic material as a model: exact, and by spikes."""

import math

import torch
from jaxtyping import Float
from snntorch import surrogate
from torch import Tensor, nn

from spikereg._check import features_of, positive, whole_number, widths
from spikereg.materials import plastic_stress
from spikereg.models import Trace
from spikereg.neurons.own import Spike
from spikereg.neurons.plastic import PlasticPair
from spikereg.neurons.saved import made, savable
from spikereg.scan import walk

#: Substeps of a step at most, where they are found.
MOST = 10_000


class ReturnMapping(nn.Module):
    r"""Plasticity with isotropic hardening, whose three constants are learned.

    The law is that of :func:`~spikereg.materials.plastic_stress`. What is learned are
    the logarithms of the constants, so that they stay positive and a step of Adam
    changes each by about the same part of it.

    Args:
        stiffness: :math:`E` to begin with, stress per unit of strain, positive.
        yield_stress: :math:`\sigma_y`, positive.
        hardening: :math:`H`, stress per unit of plastic strain, positive.

    Attributes:
        logarithms: :math:`\ln E,\ \ln \sigma_y,\ \ln H`, float32 ``[3]``.

    Raises:
        ValueError: If a constant is not positive and finite, or the input not
            ``[T, B, 1]``.
        TypeError: If the input is no tensor.

    Source:
        J. C. Simo and T. J. R. Hughes, *Computational Inelasticity*, Springer 1998,
        section 1.4.
    """

    def __init__(
        self,
        stiffness: float = 7.0,
        yield_stress: float = 1.0,
        hardening: float = 0.07,
    ) -> None:
        super().__init__()
        positive("stiffness", stiffness)
        positive("yield_stress", yield_stress)
        positive("hardening", hardening)
        constants = stiffness, yield_stress, hardening
        self.logarithms = nn.Parameter(torch.tensor([math.log(c) for c in constants]))

    @property
    def constants(self) -> tuple[Tensor, ...]:
        """Stiffness, yield stress and hardening, each a tensor with one number."""
        return self.logarithms.exp().unbind()

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Give the stress.

        Args:
            features: The strain, ``[T, B, 1]``.

        Returns:
            The stress, ``[T, B, 1]``.
        """
        features_of(1, features)
        return plastic_stress(features, *self.constants)


class SpikingReturnMapping(ReturnMapping):
    r"""The same law by pairs of integrate-and-fire neurons, a quantum of flow a spike.

    Each step of the strain is divided into :math:`M` substeps. In each of them all
    pairs :math:`j = 1 \dots J` charge their membrane, the stress, and those beyond
    their threshold, the yield stress, fire (:class:`~spikereg.PlasticPair`):

    .. math::

        u_j &\mathrel{+}= E\, \Delta\varepsilon / M \\
        s_j^\pm &= \bigl[\pm u_j > \sigma_y + \tfrac{H}{E}\, \alpha_j
                   + \tfrac{\kappa}{2} \bigr] \\
        u_j &\mathrel{-}= \kappa\,(s_j^+ - s_j^-) , \qquad
        \alpha_j \mathrel{+}= \kappa\,(s_j^+ + s_j^-)

    A spike is a quantum :math:`\kappa` of flow, :math:`\alpha_j` is :math:`E` times the
    accumulated plastic strain, and the stress is the mean of the membranes. While a
    pair flows, its membrane lies anywhere in the :math:`\kappa` below its threshold;
    the shift by :math:`\kappa / 2` centres it on the yield stress. The pairs begin at
    :math:`u_j = \kappa\, (\tfrac12 - \tfrac{j - 1/2}{J})`, spread evenly over a
    quantum, so that each takes its turn. As :math:`\kappa \to 0` the stress becomes
    that of :class:`ReturnMapping`, if there are substeps enough.

    A pair fires once a substep at most. A strain that runs faster than
    :math:`\kappa / E` a substep lets the stress run beyond the yield stress.

    Args:
        pairs: Number of pairs :math:`J`, at least 1.
        quantum: :math:`\kappa`, in the unit of the yield stress, positive; not learned.
        substeps: :math:`M`, at least 1. ``None`` takes as many as the largest step of
            strain in a batch needs; so the answer to a strain depends, within the
            quantum, on those beside it.
        stiffness: :math:`E` to begin with, stress per unit of strain, positive.
        yield_stress: :math:`\sigma_y`, positive.
        hardening: :math:`H`, stress per unit of plastic strain, positive.
        spike_grad: Surrogate gradient, of the membrane in quanta; the fast sigmoid with
            slope 5 if ``None``.

    Attributes:
        logarithms: :math:`\ln E,\ \ln \sigma_y,\ \ln H`, float32 ``[3]``.

    Raises:
        ValueError: If a number is out of its range, the input not ``[T, B, 1]`` or not
            finite, or, if it is to find the substeps, a step of over 10,000 quanta.
        TypeError: If the input is no tensor.

    Source:
        The derivation in chapter 11 of the course.
    """

    def __init__(
        self,
        pairs: int = 16,
        quantum: float = 0.05,
        substeps: int | None = None,
        *,
        stiffness: float = 7.0,
        yield_stress: float = 1.0,
        hardening: float = 0.07,
        spike_grad: Spike | None = None,
    ) -> None:
        super().__init__(stiffness, yield_stress, hardening)
        widths(pairs=pairs)
        positive("quantum", quantum)
        if substeps is not None:
            whole_number("substeps", substeps, at_least=1)
        self.pairs, self.quantum, self.substeps = pairs, quantum, substeps
        self.spike_grad = made(spike_grad or surrogate.fast_sigmoid(slope=5))
        savable(self)

    def forward(self, features: Float[Tensor, "T B 1"]) -> Float[Tensor, "T B 1"]:
        """Give the stress, the mean of the membranes after each step.

        Args:
            features: The strain, ``[T, B, 1]``.

        Returns:
            The stress, ``[T, B, 1]``.
        """
        return self.trace(features).prediction

    def trace(self, features: Float[Tensor, "T B 1"]) -> Trace:
        """Give the stress with all that led to it.

        Args:
            features: The strain, ``[T, B, 1]``.

        Returns:
            The stress, and under ``"pairs"``, for each substep, ``[T·M, B, J]``, the
            spikes of either neuron, and the membranes before they are reset, in
            quanta, negative while the bar is pushed.
        """
        features_of(1, features)
        if not len(features):
            raise ValueError(
                f"features must have at least one time step, not {list(features.shape)}"
            )
        bad = ~features.isfinite()
        if bad.any():
            raise ValueError(f"features must be finite, not {features[bad][0].item()}")
        stiffness, yield_stress, hardening = self.constants
        strain = features / self.quantum
        charges = stiffness * strain.diff(dim=0, prepend=torch.zeros_like(strain[:1]))
        substeps = self.substeps or self._enough(charges.detach())
        current = (charges / substeps).repeat_interleave(substeps, dim=0)
        J, (_, batch, _) = self.pairs, current.shape
        neuron = PlasticPair(
            J,
            threshold=(yield_stress / self.quantum + 0.5).to(current),
            hardening=(hardening / stiffness).to(current),
            spike_grad=self.spike_grad,
        )
        offsets = 0.5 - (torch.arange(J).to(current) + 0.5) / J
        start = offsets.expand(batch, J)
        spikes, (membrane, _) = walk(
            neuron, current.expand(-1, -1, J), (start, start.abs())
        )
        left = membrane - membrane.detach().sign() * spikes
        stress = self.quantum * left[substeps - 1 :: substeps].mean(-1, keepdim=True)
        return Trace(stress, {"pairs": spikes}, {"pairs": membrane})

    def _enough(self, charges: Tensor) -> int:
        """Return in how many substeps no charge is larger than what a spike takes."""
        largest = charges.abs().max().item() if charges.numel() else 0.0
        if not largest <= MOST:
            raise ValueError(
                f"features must be finite and move by at most {MOST:,} quanta of "
                f"stress a step, not by {largest:g}: take a larger quantum than "
                f"{self.quantum!r}, or say how many substeps"
            )
        return max(1, math.ceil(largest))
