"""A curve that makes itself, and models that go on with one."""

from functools import cache
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from spikereg._check import tensor, whole_number

#: The delay of the equation, its two rates and its exponent.
DELAY, GROWTH, DECAY, EXPONENT = 17.0, 0.2, 0.1, 10
#: Time in which neighbouring solutions part by a factor e, and points in it.
LYAPUNOV_TIME, POINTS = 197.0, 75
#: The value before the start, and steps of the solver from point to point.
HISTORY, STEPS = 1.2, 26


def mackey_glass(points: int, start: int = 0) -> Float[Tensor, "T 1 1"]:
    r"""Solve the delay equation of M. C. Mackey and L. Glass, which is chaotic.

    .. math:: \dot x(t) = \frac{0.2\, x(t - 17)}{1 + x(t - 17)^{10}} - 0.1\, x(t),
              \qquad x(t) = 1.2 \text{ for } t \le 0

    by the classical Runge-Kutta method, 26 steps from point to point, between which
    delayed values are interpolated by cubic polynomials. 75 points lie in one Lyapunov
    time of 197, in which a small error grows by a factor e on average.

    Args:
        points: Number of points T, at least 1.
        start: Points that are left out at the beginning, at least 0.

    Returns:
        The curve, float64, ``[T, 1, 1]``.

    Raises:
        ValueError: If one of both is no such integer.

    Source:
        M. C. Mackey and L. Glass, *Oscillation and chaos in physiological control
        systems*, Science 197 (1977); the sampling as in J. Yik et al., *The NeuroBench
        framework*, Nature Communications 16 (2025).
    """
    whole_number("points", points, at_least=1)
    whole_number("start", start, at_least=0)
    curve = torch.tensor(_solution(start + points)[start:], dtype=torch.float64)
    return curve[:, None, None]


@cache
def _solution(points: int) -> list[float]:
    h = LYAPUNOV_TIME / POINTS / STEPS
    lag = DELAY / h
    x, slope = [HISTORY], [_slope(HISTORY, HISTORY)]

    def past(step: float) -> float:
        """Return x so many steps of the solver after the start."""
        if step <= 0:
            return HISTORY
        n = int(step)
        u, v = step - n, 1 - step + n
        ends = x[n] * (1 + 2 * u) * v**2 + x[n + 1] * (1 + 2 * v) * u**2
        return ends + h * u * v * (slope[n] * v - slope[n + 1] * u)

    for n in range((points - 1) * STEPS):
        now, first = x[n], slope[n]
        between, soon = past(n + 0.5 - lag), past(n + 1 - lag)
        second = _slope(now + h / 2 * first, between)
        third = _slope(now + h / 2 * second, between)
        fourth = _slope(now + h * third, soon)
        x.append(now + h / 6 * (first + 2 * second + 2 * third + fourth))
        slope.append(_slope(x[-1], soon))
    return x[::STEPS]


def _slope(now: float, then: float) -> float:
    return GROWTH * then / (1 + then**EXPONENT) - DECAY * now


@runtime_checkable
class Forecaster(Protocol):
    """A model that predicts the next point, one step at a time."""

    def advance(
        self, feature: Float[Tensor, "B F"], state: Any
    ) -> tuple[Float[Tensor, "B F"], Any]:
        """Predict the next point from this one and a state; ``None`` is rest."""


@torch.no_grad()
def free_run(
    model: Forecaster, known: Float[Tensor, "T B F"], steps: int
) -> Float[Tensor, "N B F"]:
    """Let a model see a curve and then go on with it, fed with what it predicts.

    Args:
        model: Has a method ``advance(feature, state)``, which returns the next point
            and the next state: :class:`~spikereg.DelayedSpikes`,
            :class:`~spikereg.baselines.EchoState` or
            :class:`~spikereg.baselines.Recurrent`.
        known: The curve so far, ``[T, B, F]``, at least one point.
        steps: Number of points N to go on for, at least 1.

    Returns:
        The points that follow, ``[N, B, F]``.

    Raises:
        TypeError: If the curve is no tensor, or the model has no ``advance``.
        ValueError: For a curve without points or of another shape, or a number of steps
            that is no positive integer.
    """
    tensor("known", known)
    if not callable(getattr(model, "advance", None)):
        raise TypeError(
            f"model must have a method advance(feature, state), which "
            f"{type(model).__name__} has not"
        )
    if known.ndim != 3 or not len(known):
        raise ValueError(f"known must be a filled [T, B, F], not {list(known.shape)}")
    whole_number("steps", steps, at_least=1)
    state = None
    for feature in known:
        prediction, state = model.advance(feature, state)
    points = [prediction]
    while len(points) < steps:
        prediction, state = model.advance(prediction, state)
        points.append(prediction)
    return torch.stack(points)
