"""Sequences whose label depends on what the feature was before."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from spikereg._check import local_generator, one_of, whole_number
from spikereg.data import TimeMajorDataset
from spikereg.materials import plastic_stress, random_strain

F32 = torch.float32
#: Steps by which the delayed copy lags behind.
DELAY = 8
#: Time constant of the running mean in steps.
TIME_CONSTANT = 10.0
#: Period of the undamped oscillator in steps, and its damping ratio.
PERIOD, DAMPING = 20.0, 0.2
#: Mean number of steps between two steps of the oscillator's input.
DWELL = 12
#: Amplitude, period in steps and phase of each sine.
SINES = ((1.0, 50.0, 0.0), (0.5, 25.0, 1.0), (0.3, 12.5, 2.0))


class MemoryDataset(TimeMajorDataset):
    r"""Tasks that no function of the present feature can solve.

    ``"delay"``
        A copy of a smooth random curve, late by :math:`d = 8` steps:
        :math:`y_t = x_{t-d}`, and 0 before. The curve is a sum of four cosines with
        1 to 4 periods in :math:`T` steps, Gaussian amplitudes and uniform phases,
        shifted to begin at 0 and scaled to a largest magnitude of 1.
    ``"mean"``
        The leaky running mean of white noise :math:`x_t \sim U(0, 1)`:
        :math:`y_t = a\, y_{t-1} + (1 - a)\, x_t`, :math:`a = e^{-1/10}`,
        :math:`y_{-1} = 0`.
    ``"oscillator"``
        The response of a damped oscillator at rest,
        :math:`\ddot y + 2 \zeta \omega \dot y + \omega^2 y = \omega^2 x`, with
        :math:`\omega = 2 \pi / 20` per step and :math:`\zeta = 0.2`, to an input
        that jumps to a new level :math:`\sim U(0, 1)` in one of 12 steps on average.
        Between two steps the input is constant and the solution exact.
    ``"sines"``
        A sum of three sines, scaled by a constant input :math:`x_t = x \sim U(0, 1)`:
        :math:`y_t = x \sum_k a_k \sin(2 \pi t / p_k + \varphi_k)` with amplitudes
        1, 0.5, 0.3, periods of 50, 25, 12.5 steps and phases 0, 1, 2.
    ``"hysteresis"``
        The stress in a bar of metal, :func:`~spikereg.materials.plastic_stress` with
        :math:`E = 7`, :math:`\sigma_y = 1`, :math:`H = 0.07`, while its strain (in per
        cent) runs to and fro between -1 and 1: from 0 on at a rate between 0.01 and
        0.3 a step, log-uniform, which is drawn anew, and the direction turned round,
        in one of 8 steps on average and where the strain would leave this range.

    The first four are linear in the past features; the hysteresis is not.

    Args:
        task: ``"delay"``, ``"mean"``, ``"oscillator"``, ``"sines"`` or
            ``"hysteresis"``.
        timesteps: Number of time steps :math:`T`, at least 2; for ``"delay"`` 10.
        num_samples: Number of sequences :math:`N`, at least 1.
        seed: Seed of a generator of its own; the global one is neither read nor
            moved. ``None`` draws afresh.

    Attributes:
        features: Float32 tensor ``[T, N, 1]`` on the CPU, dimensionless.
        labels: Float32 tensor ``[T, N, 1]`` on the CPU, in units of the membrane
            potential.

    Raises:
        ValueError: For an unknown task, too few time steps, fewer than 1
            sequence, or a seed that is not ``None`` or an integer of at least 0.
    """

    def __init__(
        self,
        task: str,
        timesteps: int = 50,
        num_samples: int = 1,
        seed: int | None = None,
    ) -> None:
        one_of("task", task, TASKS)
        whole_number("timesteps", timesteps, at_least=2)
        whole_number("num_samples", num_samples, at_least=1)
        self.task = task
        if task == "delay":
            # The curve begins at 0: before that all labels are.
            whole_number("timesteps", timesteps, at_least=DELAY + 2)
        generator = local_generator(seed)
        with torch.device("cpu"):  # whatever the default is
            features, labels = _MAKE[task](timesteps, num_samples, generator)
        super().__init__(features.float(), labels.float())


def _delay(
    timesteps: int, num_samples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    periods = torch.arange(1, 5, dtype=F32)
    amplitude = torch.randn(num_samples, 4, generator=generator, dtype=F32)
    phase = 2 * math.pi * torch.rand(num_samples, 4, generator=generator, dtype=F32)
    time = (torch.arange(timesteps, dtype=F32) / timesteps)[:, None, None]
    curve = (amplitude * torch.cos(2 * math.pi * periods * time + phase)).sum(dim=-1)
    curve = curve - curve[0]
    features = (curve / curve.abs().amax(dim=0))[:, :, None]
    labels = torch.zeros_like(features)
    labels[DELAY:] = features[:-DELAY]
    return features, labels


def _mean(
    timesteps: int, num_samples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    features = torch.rand(timesteps, num_samples, 1, generator=generator, dtype=F32)
    keep = math.exp(-1 / TIME_CONSTANT)
    labels, mean = torch.empty_like(features), torch.zeros(num_samples, 1, dtype=F32)
    for t, feature in enumerate(features):
        mean = keep * mean + (1 - keep) * feature
        labels[t] = mean
    return features, labels


def _oscillator(
    timesteps: int, num_samples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    jumps = (
        torch.rand(timesteps, num_samples, generator=generator, dtype=F32) < 1 / DWELL
    )
    levels = torch.rand(timesteps, num_samples, generator=generator, dtype=F32).double()
    latest = (torch.arange(timesteps)[:, None] * jumps).cummax(dim=0).values
    features = levels.gather(0, latest)

    omega = 2 * math.pi / PERIOD
    law = torch.tensor([[0, 1], [-(omega**2), -2 * DAMPING * omega]], dtype=F32)
    step = torch.linalg.matrix_exp(law.double())
    state = torch.zeros(num_samples, 2).double()  # elongation and velocity
    labels = torch.empty_like(features)
    for t, feature in enumerate(features):
        rest = torch.stack([feature, torch.zeros_like(feature)], dim=1)
        state = rest + (state - rest) @ step.T
        labels[t] = state[:, 0]
    return features[:, :, None], labels[:, :, None]


def _sines(
    timesteps: int, num_samples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    features = torch.rand(num_samples, 1, generator=generator, dtype=F32).repeat(
        timesteps, 1, 1
    )
    time = torch.arange(timesteps, dtype=F32)[:, None, None]
    waves = [a * torch.sin(2 * math.pi * time / p + phase) for a, p, phase in SINES]
    return features, features * torch.stack(waves).sum(dim=0)


def _hysteresis(
    timesteps: int, num_samples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    path = random_strain(timesteps, num_samples, generator)
    return path, plastic_stress(path)


_MAKE: dict[str, Callable[[int, int, torch.Generator], tuple[Tensor, Tensor]]] = {
    "delay": _delay,
    "mean": _mean,
    "oscillator": _oscillator,
    "sines": _sines,
    "hysteresis": _hysteresis,
}

TASKS = tuple(_MAKE)
#: Those whose label is a linear function of the past features.
LINEAR = TASKS[:4]
