"""Water that runs through two tanks: a nonlinear law with a memory that fades."""

import torch
from torch import Tensor

from spikereg._check import local_generator, whole_number
from spikereg.data import TimeMajorDataset

#: Outflow of a full tank, and inflow of the pump at its strongest, in tanks a step.
OUTFLOW, INFLOW = 0.15, 0.18
#: Mean number of steps between two changes of the pump.
DWELL = 12
#: Parts of a step in which the water moves on.
PARTS = 4


class TankDataset(TimeMajorDataset):
    r"""The level in the lower one of two tanks, while a pump fills the upper one.

    Water leaves a tank by a hole in its bottom, the faster the higher it stands
    (Torricelli's law); what leaves the upper tank falls into the lower one:

    .. math::

        \dot h_1 = b\,x - a \sqrt{h_1} , \qquad
        \dot h_2 = a \sqrt{h_1} - a \sqrt{h_2} , \qquad 0 \le h \le 1

    with :math:`a = 0.15` and :math:`b = 0.18` per step, both tanks empty at first. A
    tank that is full overflows: what is too much is lost. The pump jumps to a new power
    :math:`x \sim U(0, 1)` in one of 12 steps on average; above
    :math:`a / b = 83` % of its power the upper tank runs over sooner or later. Euler's
    rule, four times a step.

    The time constant of small changes is :math:`2 \sqrt h / a`, at most 13 steps a
    tank: longer for a full one. No linear filter can do that.

    Args:
        timesteps: Number of time steps :math:`T`, at least 2.
        num_samples: Number of sequences :math:`N`, at least 1.
        seed: Seed of a generator of its own; the global one is neither read nor
            moved. ``None`` draws afresh.

    Attributes:
        features: The pump's power :math:`x`, 0 to 1, float32 ``[T, N, 1]`` on the CPU.
        labels: The lower level :math:`h_2`, 0 to 1, at the end of the step, float32
            ``[T, N, 1]``.

    Raises:
        ValueError: For too few time steps, fewer than 1 sequence, or a seed that is not
            ``None`` or an integer of at least 0.

    Source:
        The law of the cascaded tanks of T. Wigren and J. Schoukens, *Three free data
        sets for development and benchmarking in nonlinear system identification*,
        European Control Conference (2013), with numbers of our own; there some of what
        overflows falls into the lower tank.
    """

    def __init__(
        self, timesteps: int = 50, num_samples: int = 1, seed: int | None = None
    ) -> None:
        whole_number("timesteps", timesteps, at_least=2)
        whole_number("num_samples", num_samples, at_least=1)
        generator = local_generator(seed)
        shape = (timesteps, num_samples)
        with torch.device("cpu"):  # whatever the default is
            jumps = torch.rand(shape, generator=generator) < 1 / DWELL
            powers = torch.rand(shape, generator=generator)
            latest = (torch.arange(timesteps)[:, None] * jumps).cummax(dim=0).values
            power = powers.gather(0, latest)
            level = lower_level(power.double()).float()
        super().__init__(power[..., None], level[..., None])


def lower_level(power: Tensor) -> Tensor:
    """Let the pump run, and return the level in the lower tank after each step.

    Args:
        power: The pump's power ``[T, N]``, 0 to 1.

    Returns:
        The level ``[T, N]``, 0 to 1.
    """
    upper = lower = torch.zeros_like(power[0])
    levels = []
    for pumped in power:
        for _ in range(PARTS):
            fallen, gone = OUTFLOW * upper.sqrt(), OUTFLOW * lower.sqrt()
            upper = (upper + (INFLOW * pumped - fallen) / PARTS).clamp(0, 1)
            lower = (lower + (fallen - gone) / PARTS).clamp(0, 1)
        levels.append(lower)
    return torch.stack(levels)
