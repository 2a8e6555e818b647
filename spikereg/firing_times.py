"""Values that arrive as spikes, and the times at which an answer to them is due."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from spikereg._check import local_generator, one_of, tensor, whole_number
from spikereg.data import TimeMajorDataset

F32 = torch.float32
#: Parts of the run: while the value is told, and when a GO may come.
TOLD, GO = 0.4, (0.5, 0.65)
#: Beats while the value is told.
BEATS = 20
#: How far the curve bends away from a straight line; below 1 / 2π it is monotone.
BEND = 0.15


class FiringTimeDataset(TimeMajorDataset):
    r"""A value told by the times of spikes, and when a neuron is to fire in return.

    The value :math:`x \sim U(0, 1)` arrives as a spike of a first channel at
    :math:`0.4\,x` and one of a second channel at :math:`0.4\,(1 - x)`, in parts of the
    run; 20 more channels beat the time, each by one spike, evenly from 0 to
    :math:`0.38`. A spike between two steps is shared by them, as
    :func:`~spikereg.firing_times.spikes_at` says.

    The labels are times in steps. With
    :math:`\varphi(x) = x + 0.15 \sin 2 \pi x`, which grows with :math:`x`, in parts of
    the run:

    ``"curve"``
        :math:`t^* = 0.2 + 0.6\, \varphi(x)`
    ``"wave"``
        :math:`t^* = 0.5 + 0.3 \sin 2 \pi x`
    ``"pattern"``
        Three spikes of one neuron, :math:`t^*_n = 0.1 + 0.25\, n +
        0.08 \sin 2 \pi (x + n / 3)` for :math:`n = 1, 2, 3`.
    ``"gap"``
        A last channel says GO at :math:`g \sim U(0.5, 0.65)`, long after the value was
        told, and :math:`t^* = g + 0.05 + 0.25\, \varphi(x)`.

    Args:
        task: ``"curve"``, ``"wave"``, ``"pattern"`` or ``"gap"``.
        timesteps: Number of time steps :math:`T`, at least 25: into how many the same
            run is divided.
        num_samples: Number of sequences :math:`N`, at least 1.
        seed: Seed of a generator of its own; the global one is neither read nor
            moved. ``None`` draws afresh.

    Attributes:
        features: Spikes, float32 ``[T, N, 22]``, for ``"gap"`` ``[T, N, 23]``.
        labels: Times in steps, float32 ``[N, 1]``, for ``"pattern"`` ``[N, 3]``.
        values: The values :math:`x`, float32 ``[N]``.

    Raises:
        ValueError: For an unknown task, too few time steps, fewer than 1 sequence, or a
            seed that is not ``None`` or an integer of at least 0.
    """

    def __init__(
        self,
        task: str,
        timesteps: int = 100,
        num_samples: int = 1,
        seed: int | None = None,
    ) -> None:
        one_of("task", task, TASKS)
        whole_number("timesteps", timesteps, at_least=25)
        whole_number("num_samples", num_samples, at_least=1)
        generator = local_generator(seed)
        with torch.device("cpu"):  # whatever the default is
            x = torch.rand(num_samples, generator=generator, dtype=F32)
            beats = torch.arange(BEATS, dtype=F32) / BEATS
            told = TOLD * torch.stack([x, 1 - x, *beats[:, None].expand(-1, len(x))])
            if task == "gap":
                low, high = GO
                drawn = torch.rand(num_samples, generator=generator, dtype=F32)
                go = low + (high - low) * drawn
                told = torch.cat([told, go[None]])
            due = _DUE[task](x, told[-1])
        self.task, self.values = task, x
        super().__init__(spikes_at(timesteps * told.T, timesteps), timesteps * due)


def _curve(x: Tensor) -> Tensor:
    return x + BEND * torch.sin(2 * math.pi * x)


def _pattern(x: Tensor) -> Tensor:
    n = torch.arange(1, 4, dtype=F32)
    return 0.1 + 0.25 * n + 0.08 * torch.sin(2 * math.pi * (x[:, None] + n / 3))


#: When the answer to each value is due, given when the last channel fires.
_DUE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "curve": lambda x, _: (0.2 + 0.6 * _curve(x))[:, None],
    "wave": lambda x, _: (0.5 + 0.3 * torch.sin(2 * math.pi * x))[:, None],
    "pattern": lambda x, _: _pattern(x),
    "gap": lambda x, go: (go + 0.05 + 0.25 * _curve(x))[:, None],
}

TASKS = tuple(_DUE)


def spikes_at(times: Float[Tensor, "N F"], timesteps: int) -> Float[Tensor, "T N F"]:
    r"""Put one spike of each channel on a grid of steps.

    .. math:: S_t = \max(0,\, 1 - |t - t_f|)

    A spike between two steps is shared by them in proportion, so that the grid keeps
    its time: :math:`\sum_t t\, S_t = t_f`, see :func:`~spikereg.decoding.spike_time`.

    Args:
        times: The times :math:`t_f` in steps, ``[N, F]``, from 0 to ``timesteps - 1``;
            infinite for a channel that stays silent.
        timesteps: Number of time steps :math:`T`, at least 1.

    Returns:
        The spikes, time first, ``[T, N, F]``; each channel's sum to 1, or to 0 if it
        is silent.

    Raises:
        TypeError: If the times are no tensor.
        ValueError: If they are not floating-point, or outside of the run.
    """
    tensor("times", times)
    whole_number("timesteps", timesteps, at_least=1)
    if not times.is_floating_point():
        raise ValueError(f"times must be floating-point, not {times.dtype}")
    outside = ~((times >= 0) & (times <= timesteps - 1) | times.isposinf())
    if outside.any():
        raise ValueError(
            f"times must lie between 0 and {timesteps - 1}, the last step, or be "
            f"infinite, not at {times[outside][0].item():g}"
        )
    steps = torch.arange(timesteps, dtype=times.dtype, device=times.device)
    return (1 - (steps.view(-1, *[1] * times.ndim) - times).abs()).clamp(min=0)
