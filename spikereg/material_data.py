"""Strains, and the stresses that three materials answer them with."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from spikereg._check import local_generator, one_of, positive, whole_number
from spikereg.data import TimeMajorDataset
from spikereg.materials import (
    LARGEST,
    RATES,
    TURN,
    plastic_stress,
    ramberg_osgood_stress,
    random_strain,
)

#: Stiffness and yield stress of steel in MPa, and its hardening.
STIFFNESS, YIELD_STRESS, HARDENING = 210_000.0, 300.0, 2_100.0
#: Between which the proof stress of a metal that yields little by little is drawn.
PROOF_STRESS = 100.0, 500.0
#: A strain of one per cent: the unit of strain here.
PER_CENT = 0.01


class MaterialDataset(TimeMajorDataset):
    r"""What is done to a bar, and the stress in it.

    All bars have the stiffness :math:`E = 210{,}000` MPa of steel.

    ``"elastic"``
        Hooke's law, :math:`\sigma = E\,\varepsilon`. The strain runs evenly from 0 to
        an end :math:`\sim U(0, 1)` %. Feature: the strain.
    ``"ramberg-osgood"``
        A metal that yields little by little,
        :func:`~spikereg.materials.ramberg_osgood_stress` with :math:`n = 10` and
        :math:`\sigma_0 \sim U(100, 500)` MPa. The strain always runs from 0 to 1 %,
        and is not told. Feature: :math:`\sigma_0`, in units of 500 MPa, at every step.
    ``"plastic"``
        :func:`~spikereg.materials.plastic_stress` with :math:`\sigma_y = 300` MPa and
        :math:`H = E / 100`, while the strain runs to and fro,
        :func:`~spikereg.materials.random_strain`. Feature: the strain.

    Features are strains in per cent or as said above, labels stresses in units of a
    stress that belongs to the law: not much larger than 1, and 0 is no stress.

    Args:
        law: ``"elastic"``, ``"ramberg-osgood"`` or ``"plastic"``.
        timesteps: Number of time steps :math:`T`, at least 2.
        num_samples: Number of bars :math:`N`, at least 1.
        seed: Seed of a generator of its own; the global one is neither read nor
            moved. ``None`` draws afresh.
        rates: Smallest and largest change of a plastic bar's strain in a step, in per
            cent; positive. As the next two, of no matter to the other laws.
        turn: One in so many steps is a turn, beside those at the ends of the range;
            positive.
        largest: How far the strain goes, in per cent, at least the larger rate.

    Attributes:
        law: The law given.
        features: Float32 ``[T, N, 1]``.
        labels: Float32 ``[T, N, 1]``.
        unit: Stress of a label of 1, in MPa: what errors are multiplied by.
        strain: The strains, float32 ``[T, N, 1]``, in per cent.

    Raises:
        ValueError: For an unknown law, a seed that is not ``None`` or an integer of at
            least 0, or any other argument out of its range.

    Source:
        The set-ups of A. Henkes, J. K. Eshraghian, H. Wessels, *Spiking neural
        networks for nonlinear regression*, R. Soc. Open Sci. 11 (2024), as read in its
        code; but there the plastic bar is loaded and unloaded once.
    """

    def __init__(
        self,
        law: str,
        timesteps: int = 50,
        num_samples: int = 1,
        seed: int | None = None,
        *,
        rates: tuple[float, float] = RATES,
        turn: float = TURN,
        largest: float = LARGEST,
    ) -> None:
        one_of("law", law, LAWS)
        whole_number("timesteps", timesteps, at_least=2)
        whole_number("num_samples", num_samples, at_least=1)
        if not (isinstance(rates, Sequence) and len(rates) == 2):
            raise ValueError(f"rates must be two positive numbers, not {rates!r}")
        for rate in rates:
            positive("rates", rate)
        positive("turn", turn)
        positive("largest", largest)
        if max(rates) > largest:
            raise ValueError(
                f"largest must be at least the larger of the rates {rates!r}, not "
                f"{largest!r}"
            )
        generator = local_generator(seed)
        with torch.device("cpu"):  # whatever the default is
            if law == "plastic":
                strain = random_strain(
                    timesteps, num_samples, generator, rates, turn, largest
                )
                features = strain
                stress = plastic_stress(
                    strain, STIFFNESS * PER_CENT, YIELD_STRESS, HARDENING * PER_CENT
                )
            else:
                features, strain, stress = _RAMPS[law](
                    timesteps, torch.rand(num_samples, 1, generator=generator)
                )
        self.law, self.unit = law, UNITS[law]
        self.strain = strain.float()
        super().__init__(features.float(), (stress / self.unit).float())


def _ramp(timesteps: int, ends: Tensor) -> Tensor:
    parts = torch.linspace(0, 1, timesteps, dtype=torch.float64)
    return parts[:, None, None] * ends.double()


def _elastic(timesteps: int, drawn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    strain = _ramp(timesteps, drawn)
    return strain, strain, STIFFNESS * PER_CENT * strain


def _ramberg_osgood(timesteps: int, drawn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    low, high = PROOF_STRESS
    strain = _ramp(timesteps, torch.ones_like(drawn))
    proof = (low + (high - low) * drawn.double()).expand_as(strain)
    stress = ramberg_osgood_stress(PER_CENT * strain, STIFFNESS, proof)
    return proof / high, strain, stress


_RAMPS: dict[str, Callable[[int, Tensor], tuple[Tensor, Tensor, Tensor]]] = {
    "elastic": _elastic,
    "ramberg-osgood": _ramberg_osgood,
}

#: Stress of a label of 1 in MPa: Hooke's at 1 %, the largest proof stress, and the
#: yield stress.
UNITS = {
    "elastic": STIFFNESS * PER_CENT,
    "ramberg-osgood": PROOF_STRESS[1],
    "plastic": YIELD_STRESS,
}

LAWS = tuple(UNITS)
