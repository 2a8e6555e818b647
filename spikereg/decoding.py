"""Ways to read a number from a neuron's activity."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from spikereg._check import steps_that_count, tensor, within


def spike_count(spikes: Float[Tensor, "T *layer"]) -> Float[Tensor, "*layer"]:
    r"""Count the spikes, :math:`\sum_t S_t`.

    Args:
        spikes: Spikes (0 or 1, floating-point), time first, ``[T, ...]``.

    Returns:
        The count of every neuron, ``[...]``, in float32 at least.
    """
    return spikes.sum(dim=0, dtype=_wide(spikes))


def latency(spikes: Float[Tensor, "T *layer"]) -> Float[Tensor, "*layer"]:
    r"""Find the first spike, :math:`\min\{t : S_t = 1\}`.

    Args:
        spikes: Spikes (0 or 1, floating-point), time first, ``[T, ...]``.

    Returns:
        The step of every neuron's first spike, ``[...]``, counted from 0; infinity
        for a neuron that stays silent.
    """
    fired = spikes > 0  # of graded spikes the first, not the largest
    first = fired.to(torch.uint8).argmax(dim=0).to(_wide(spikes))
    return torch.where(fired.any(dim=0), first, torch.inf)


def soft_latency(
    spikes: Float[Tensor, "T *layer"], mask: Bool[Tensor, "T B"] | None = None
) -> Float[Tensor, "*layer"]:
    r"""Find the first spike in a way that can be learned from.

    .. math:: L = \sum_{t=0}^{T-1} \prod_{r \le t} (1 - S_r)

    counts the steps that pass before the first spike. For spikes, 0 or 1, this is
    :func:`latency`, and :math:`T` for a neuron that stays silent. For probabilities of
    firing it is the expected step of the first spike, such as of
    :math:`S = \sigma(k (U - \theta))` with a steepness :math:`k`.

    With :math:`t_1` and :math:`t_2` the steps of the first two spikes, or :math:`T`
    where there is none, the gradient at spikes is

    .. math:: \frac{\partial L}{\partial S_t} =
              \begin{cases} t - t_1 & t < t_1 \\ t_1 - t_2 & t = t_1 \\
              0 & t > t_1 . \end{cases}

    So a spike that came earlier, or at all, would shorten it by just as much. A silent
    neuron is no dead end: its gradient is :math:`t - T` at each step, and goes on
    through the surrogate gradient of its spikes.

    Args:
        spikes: Spikes, or probabilities of firing, from 0 to 1, floating-point, time
            first, ``[T, ...]``.
        mask: Which steps of each sequence count, ``[T, B]`` for spikes ``[T, B, N]``:
            only these are read, and counted. ``None`` for all.

    Returns:
        The steps before every neuron's first spike, ``[...]``, between 0 and the
        number of them, in float32 at least.

    Raises:
        TypeError: If spikes or mask are no tensors.
        ValueError: If spikes are not floating-point, not filled or not between 0 and 1,
            or the mask is no truth value for each step or lets none of a sequence
            count.
    """
    tensor("spikes", spikes)
    if not spikes.is_floating_point() or not spikes.ndim or not spikes.numel():
        raise ValueError(
            f"spikes must be floating-point, filled and time first, not {spikes.dtype} "
            f"{list(spikes.shape)}"
        )
    within("spikes", spikes.detach(), 1.0)
    if mask is not None and spikes.ndim != 3:
        raise ValueError(
            f"spikes must be [T, B, N] where there is a mask, not {list(spikes.shape)}"
        )
    if mask is not None:
        steps_that_count(mask, spikes.shape[:2])
    spikes = spikes.to(_wide(spikes))
    if mask is None:
        return (1 - spikes).cumprod(dim=0).sum(dim=0)
    counts = mask[..., None].to(spikes)
    return ((1 - spikes * counts).cumprod(dim=0) * counts).sum(dim=0)


def spike_time(spikes: Float[Tensor, "T *layer"]) -> Float[Tensor, "*layer"]:
    r"""Find when the only spike came, :math:`\sum_t t\, S_t / \sum_t S_t`.

    A spike that is shared by two steps lies between them, which is how
    :func:`~spikereg.firing_times.spikes_at` puts it on a grid.

    Args:
        spikes: One spike of each channel, floating-point, time first, ``[T, ...]``.

    Returns:
        Its time in steps, ``[...]``, that of several spikes' mean; infinity for a
        channel that stays silent.
    """
    spikes = spikes.to(_wide(spikes))
    steps = torch.arange(len(spikes), device=spikes.device).to(spikes)
    total = spikes.sum(dim=0)
    weighed = torch.einsum("t,t...->...", steps, spikes)
    return torch.where(total > 0, weighed / total.where(total > 0, 1), torch.inf)


def crossing_time(
    membrane: Float[Tensor, "T *layer"], threshold: float = 1.0
) -> Float[Tensor, "*layer"]:
    r"""Find when a membrane first reaches its threshold, between two steps.

    With the first step :math:`i` at which :math:`U_i \ge \theta`, on the straight line
    from the step before,

    .. math:: t = i - \frac{U_i - \theta}{U_i - U_{i-1}},

    or 0 for :math:`i = 0`. A membrane that is lifted by :math:`\mathrm d U` crosses by
    :math:`\mathrm d U / (U_i - U_{i-1})` earlier: autograd knows it.

    Args:
        membrane: A membrane that is not reset, time first, ``[T, ...]``.
        threshold: The threshold :math:`\theta`.

    Returns:
        The time in steps, ``[...]``, in float32 at least; infinity where the membrane
        stays below, with a gradient of 0.
    """
    membrane = membrane.to(_wide(membrane))
    reached = membrane >= threshold
    fired, at = reached.any(dim=0), reached.to(torch.uint8).argmax(dim=0)
    value = membrane.gather(0, at[None])[0]
    rise = value - membrane.gather(0, (at - 1).clamp(min=0)[None])[0]
    between = at > 0
    time = at - ((value - threshold) / rise.where(between, 1)).where(between, 0)
    return time.where(fired, torch.inf)


def expected_time(
    membrane: Float[Tensor, "T *layer"],
    threshold: float = 1.0,
    steepness: float = 10.0,
) -> Float[Tensor, "*layer"]:
    r"""Give the expected time of the first spike of neurons that fire by chance.

    A neuron that has not fired yet does so in a step with the probability, or hazard,

    .. math:: h_t = \sigma\bigl(k\, (U_t / \theta - 1)\bigr),

    one half at the threshold. The expected step is the :func:`soft_latency` of these.

    Args:
        membrane: A membrane that is not reset, time first, ``[T, ...]``.
        threshold: The threshold :math:`\theta`, positive.
        steepness: The steepness :math:`k`: the larger, the less is left to chance.

    Returns:
        The expected time in steps, ``[...]``; at most :math:`T`.
    """
    return soft_latency(torch.sigmoid(steepness * (membrane / threshold - 1)))


def interspike_interval(spikes: Float[Tensor, "T *layer"]) -> Float[Tensor, "*layer"]:
    r"""Average the intervals between successive spikes.

    With :math:`n` spikes, the first at :math:`t_1` and the last at :math:`t_n`, the
    mean of the :math:`n - 1` intervals is :math:`(t_n - t_1) / (n - 1)`.

    Args:
        spikes: Spikes (0 or 1, floating-point), time first, ``[T, ...]``.

    Returns:
        The mean interval of every neuron in steps, ``[...]``; infinity for a neuron
        with fewer than two spikes.
    """
    count = spike_count(spikes)
    last = len(spikes) - 1 - latency(spikes.flip(0))
    mean = (last - latency(spikes)) / (count - 1)
    return torch.where(count > 1, mean, torch.inf)


def final_membrane(membrane: Float[Tensor, "T *layer"]) -> Float[Tensor, "*layer"]:
    r"""Read the membrane potential after the last step, :math:`U_{T-1}`.

    Args:
        membrane: Membrane potential, time first, ``[T, ...]``.

    Returns:
        The last potential of every neuron, ``[...]``, in the same unit.
    """
    return membrane[-1]


def _wide(spikes: Tensor) -> torch.dtype:
    """Return a data type that counts: half precision ends at 256 or 2048."""
    return torch.promote_types(spikes.dtype, torch.float32)
