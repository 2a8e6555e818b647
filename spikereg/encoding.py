"""Ways to tell a curve by spikes, and to read it back from them.

Curves are time-major, ``[T, B, F]``, floating-point, filled and finite. The neurons of
a feature stand side by side in the last dimension of their spikes, which are 0 or 1.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from spikereg import _check

Curves = Float[Tensor, "T B F"]
Spikes = Float[Tensor, "T B N"]
MOST_LEVELS = 10_000  # of a feature


def rate_spikes(
    values: Curves,
    neurons: int = 20,
    *,
    low: float = 0.0,
    high: float = 1.0,
    seed: int | None = None,
) -> Spikes:
    r"""Let each neuron of a feature fire by chance, the more often the higher it is.

    In each step each of :math:`N` neurons fires by itself, as snnTorch's
    ``spikegen.rate`` has it, with the probability

    .. math:: p_t = \frac{x_t - x_\text{low}}{x_\text{high} - x_\text{low}} \in [0, 1] .

    Args:
        values: The curves :math:`x`, ``[T, B, F]``.
        neurons: Neurons of a feature :math:`N`.
        low: Up to this value they are silent.
        high: From this value on they fire in each step.
        seed: Seed of a generator of its own; ``None`` for another draw each time.

    Returns:
        Spikes, ``[T, B, F * N]``.

    Raises:
        TypeError: If values are no tensor.
        ValueError: If values are no such curves, or an option is not allowed.
    """
    _check_filled("values", values)
    _check_range(low, high)
    _check.whole_number("neurons", neurons, at_least=1)
    generator = _check.local_generator(seed)
    share = (values.double() - low) / (high - low)
    drawn = torch.rand(*values.shape, neurons, generator=generator, dtype=torch.float32)
    return (drawn.to(values.device) < share[..., None]).flatten(-2).to(values.dtype)


def from_rate(
    spikes: Spikes, neurons: int = 20, *, low: float = 0.0, high: float = 1.0
) -> Curves:
    r"""Read each step from the share of a feature's neurons that fire in it.

    .. math:: \hat x_t = x_\text{low} + (x_\text{high} - x_\text{low})\,
              \frac{1}{N} \sum_{n=1}^{N} S_{t,n}

    is right on average; its deviation is :math:`\sqrt{p_t (1 - p_t) / N}` of the range.

    Args:
        spikes: Spikes of :func:`rate_spikes`, ``[T, B, F * N]``.
        neurons: Neurons of a feature :math:`N`.
        low: Value of silence, in the curves' unit.
        high: Value at which all fire.

    Returns:
        The curves :math:`\hat x`, ``[T, B, F]``, in float32 at least.

    Raises:
        TypeError: If spikes are no tensor.
        ValueError: If spikes are no such, or an option is not allowed.
    """
    _check_range(low, high)
    _check.whole_number("neurons", neurons, at_least=1)
    return low + (high - low) * _split(spikes, neurons).mean(dim=-1)


def level_crossings(
    values: Curves, step: float, *, low: float = 0.0, high: float = 1.0
) -> Spikes:
    r"""Let two neurons of each level fire when the curve passes it, up or down.

    There are :math:`K = \lceil (x_\text{high} - x_\text{low}) / \Delta - \tfrac{1}{2}
    \rceil` levels :math:`\ell_k = x_\text{low} + (k + \tfrac{1}{2})\, \Delta`, so that
    one of the middles between them, :math:`x_\text{low} + n \Delta`, is at most
    :math:`\Delta / 2` from any value in the range. A neuron fires in the step in which
    the curve comes to the other side of its level,

    .. math:: S^+_t = [x_{t-1} < \ell_k \le x_t],\; S^-_t = [x_t < \ell_k \le x_{t-1}]

    and :math:`x_{-1} = x_\text{low}`, so that the first step tells where it begins.

    Args:
        values: The curves :math:`x`, ``[T, B, F]``.
        step: Distance of two levels :math:`\Delta`, in the curves' unit.
        low: Lower end of the range.
        high: Upper end of the range.

    Returns:
        Spikes, ``[T, B, F * 2 * K]``: of each feature those of all levels for up, from
        below, then those for down.

    Raises:
        TypeError: If values are no tensor.
        ValueError: If values are no such curves, low is not less than high, or the step
            not positive, beyond the range, or too small for at most 10,000 levels.

    Source:
        J. W. Mark, T. D. Todd, *A nonuniform sampling approach to data compression*,
        IEEE Transactions on Communications 29(1), 1981; M. Miskowicz, *Send-on-delta
        concept: an event-based data reporting strategy*, Sensors 6(1), 2006.
    """
    _check_filled("values", values)
    numbers = torch.arange(_count_levels(step, low, high), device=values.device)
    above = values.double()[..., None] >= low + step * (numbers.double() + 0.5)
    before = torch.cat((torch.zeros_like(above[:1]), above[:-1]))
    passed = torch.stack((above & ~before, before & ~above), dim=-2)
    return passed.flatten(-3).to(values.dtype)


def from_crossings(
    spikes: Spikes, step: float, *, low: float = 0.0, high: float = 1.0
) -> Curves:
    r"""Read each step as the middle between the levels around the curve.

    With the number :math:`n_t` of levels whose last spike was an upward one,

    .. math:: \hat x_t = x_\text{low} + n_t \Delta, \; |\hat x_t - x_t| \le \Delta / 2

    at each step in the range, for ever. The next spike of a level mends a lost one.

    Args:
        spikes: Spikes of :func:`level_crossings`, ``[T, B, F * 2 * K]``.
        step: Distance of two levels :math:`\Delta`, in the curves' unit.
        low: Lower end of the range.
        high: Upper end of the range.

    Returns:
        The curves :math:`\hat x`, ``[T, B, F]``, in float32 at least.

    Raises:
        TypeError: If spikes are no tensor.
        ValueError: If spikes are no such, or an option is not allowed.
    """
    up, down = _split(spikes, 2, _count_levels(step, low, high)).unbind(dim=-2)
    turned = up - down
    times = torch.arange(len(turned), device=turned.device).view(-1, 1, 1, 1)
    last = times.where(turned != 0, 0).cummax(dim=0).values  # 0 where there is none yet
    passed = turned.gather(0, last) > 0
    return low + step * passed.sum(dim=-1).to(turned.dtype)


def delta_spikes(values: Curves, threshold: float) -> Spikes:
    r"""Let two neurons of a feature fire when a step of it is large, up or down.

    With :math:`d_t = x_t - x_{t-1}`, where :math:`x_{-1} = 0`,

    .. math:: S^+_t = [d_t \ge \theta], \qquad S^-_t = [d_t \le -\theta] .

    Args:
        values: The curves :math:`x`, ``[T, B, F]``.
        threshold: The threshold :math:`\theta`, in the curves' unit.

    Returns:
        Spikes, ``[T, B, F * 2]``: of each feature on, then off.

    Raises:
        TypeError: If values are no tensor.
        ValueError: If values are no such curves, or the threshold is not positive.

    Source:
        snnTorch's ``spikegen.delta`` with ``off_spike=True``, ``padding=False``; B.
        Petro, N. Kasabov, R. M. Kiss, *Selection and optimization of temporal spike
        encoding methods for spiking neural networks*, IEEE TNNLS 31(2), 2020.
    """
    _check_filled("values", values)
    _check.positive("threshold", threshold)
    change = values.diff(dim=0, prepend=torch.zeros_like(values[:1]))
    fired = torch.stack((change >= threshold, change <= -threshold), dim=-1)
    return fired.flatten(-2).to(values.dtype)


def from_delta(spikes: Spikes, threshold: float, start: float = 0.0) -> Curves:
    r"""Add up the spikes, each as one threshold.

    .. math:: \hat x_t = x_\text{start} + \theta \sum_{r \le t} (S^+_r - S^-_r)

    drifts: what a step has beyond the threshold is lost, as is all that is below it.

    Args:
        spikes: Spikes of :func:`delta_spikes`, ``[T, B, F * 2]``.
        threshold: The threshold :math:`\theta`, in the curves' unit.
        start: Where the sum begins :math:`x_\text{start}`.

    Returns:
        The curves :math:`\hat x`, ``[T, B, F]``, in float32 at least.

    Raises:
        TypeError: If spikes are no tensor.
        ValueError: If spikes are no such, or an option is not allowed.
    """
    _check.positive("threshold", threshold)
    _check.number("start", start)
    on, off = _split(spikes, 2).unbind(dim=-1)
    return start + threshold * (on - off).cumsum(dim=0)


def _check_filled(name: str, values: Tensor) -> None:
    _check.tensor(name, values)
    if not values.is_floating_point() or values.ndim != 3 or not values.numel():
        found = f"{values.dtype} {list(values.shape)}"
        allowed = "floating-point, filled and [T, B, features]"
        raise ValueError(f"{name} must be {allowed}, not {found}")
    for at in (~values.isfinite()).nonzero().tolist():
        raise ValueError(f"{name} must be finite, not {values[tuple(at)]:g} at {at}")


def _check_range(low: float, high: float) -> None:
    _check.number("low", low)
    _check.number("high", high)
    if not low < high or math.isinf(float(high) - float(low)):
        raise ValueError(f"low must be less than high = {high!r}, not {low!r}")


def _count_levels(step: float, low: float, high: float) -> int:
    _check_range(low, high)
    _check.positive("step", step)
    count = (float(high) - float(low)) / float(step) - 0.5
    if not 0.5 <= count <= MOST_LEVELS:
        allowed = f"divide the range {high - low!r} into 1 to {MOST_LEVELS} parts"
        raise ValueError(f"step must {allowed}, not {step!r}")
    return math.ceil(count)


def _split(spikes: Tensor, *each: int) -> Tensor:
    """Return spikes [T, B, F, *each]."""
    _check_filled("spikes", spikes)
    _check.within("spikes", spikes.detach(), 1.0)
    if (width := spikes.shape[-1]) % (count := math.prod(each)):
        raise ValueError(f"spikes must have a multiple of {count} neurons, not {width}")
    wide = torch.promote_types(spikes.dtype, torch.float32)
    return spikes.to(wide).reshape(*spikes.shape[:2], -1, *each)
