"""Neurons whose spike times are a formula, and so are the gradients of these times."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from spikereg import decoding
from spikereg._check import features_of, local_generator, positive, tensor, widths

#: What the weights of a neuron sum to at least: above the threshold of 1, so that it
#: fires once all of its inputs have arrived.
FLOOR = 1.1
#: What they sum to on average at the start.
TOTAL = 3.0


def first_spike(
    times: Float[Tensor, "B F"],
    weights: Float[Tensor, "F H"],
    time_constant: float = 20.0,
) -> Float[Tensor, "B H"]:
    r"""Find exactly when neurons without leak first fire.

    A spike of input :math:`i` at :math:`t_i` starts a current that decays with
    :math:`\tau`, so that the membrane at time :math:`t` is

    .. math:: U(t) = \sum_{i:\, t_i \le t} w_i\, \bigl(1 - e^{-(t - t_i) / \tau}\bigr)

    and reaches :math:`\theta = 1` first at :math:`t`, with
    :math:`z = e^{t / \tau}` and the set :math:`C` of inputs that came before:

    .. math:: z = \frac{\sum_{i \in C} w_i z_i}{\sum_{i \in C} w_i - 1}, \qquad
              \frac{\partial z}{\partial w_i} = \frac{z_i - z}{\sum_C w - 1}, \qquad
              \frac{\partial z}{\partial z_i} = \frac{w_i}{\sum_C w - 1} .

    So the gradients are exact as long as :math:`C` stays the same; they do not see a
    spike that comes or goes.

    Args:
        times: When each input fires, ``[B, F]``, in any unit; infinite for never.
        weights: The weights :math:`w`, ``[F, H]``, in thresholds.
        time_constant: The time constant :math:`\tau` of the current, in that unit.

    Returns:
        When each neuron first fires, ``[B, H]``; infinite for never.

    Raises:
        TypeError: If times or weights are no tensors.
        ValueError: If their shapes do not fit, a time is NaN or minus infinity, a
            weight not finite, the time constant not a positive number, or a sequence
            has times so many time constants apart that :math:`z` has no room for them:
            more than 87 in float32.

    Source:
        H. Mostafa, *Supervised learning based on temporal coding in spiking neural
        networks*, IEEE TNNLS 29 (2018).
    """
    _check(times, weights)
    positive("time_constant", time_constant)
    ordered, order = times.sort(dim=1)
    arrived = ordered.isfinite()
    # The formula knows no scale of z: relative to the last input nothing overflows.
    last = ordered.where(arrived, -torch.inf).amax(dim=1, keepdim=True)
    last = last.detach().where(last.isfinite(), 0)
    before = last - ordered.where(arrived, last)
    _check_span(before, time_constant)
    z = torch.exp(-before / time_constant)[..., None]
    w = weights[order] * arrived[..., None]
    total, weighed = w.cumsum(dim=1), (w * z).cumsum(dim=1)
    # What z would be if the inputs so far were all: the first that comes before the
    # next input counts. It is not too early, for the membrane was below its threshold.
    excess = total - 1
    candidate = weighed / excess.where(excess > 0, 1)
    after = torch.cat([z[:, 1:], torch.full_like(z[:, :1], torch.inf)], dim=1)
    fired, at = ((excess > 0) & (candidate <= after)).max(dim=1)
    found = candidate.gather(1, at[:, None])[:, 0]
    spike = last + time_constant * found.where(fired, 1).log()
    return spike.where(fired, torch.inf)


class SpikeTimes(nn.Module):
    r"""Two layers of neurons without leak, in continuous time, trained exactly.

    .. math:: t^1 = \mathrm{spike}(t, W_1), \qquad \hat t = \mathrm{spike}(t^1, W_2)

    with :func:`~spikereg.spike_times.first_spike`. Each neuron fires once at most.
    Where the weights of a neuron sum to less than 1.1, what is missing is shared among
    its inputs: so it fires whenever all of its inputs do, and none falls silent in
    training.

    Args:
        hidden: Neurons of the hidden layer, at least 1.
        num_inputs: Channels of the input, at least 1.
        num_outputs: Outputs, at least 1.
        seed: Seed of a generator of its own; the global one is neither read nor moved.
            ``None`` draws afresh.
        time_constant: Time constant :math:`\tau` of the currents in steps, positive.

    Attributes:
        weight_in: ``[F, H]``, drawn from
            :math:`\mathcal N(3 / F,\, 0.5^2)`.
        weight_out: ``[H, O]``, drawn from :math:`\mathcal N(3 / H,\, (2 / H)^2)`.

    Raises:
        ValueError: If a width is no positive integer, the time constant no positive
            number, or the seed not ``None`` or an integer of at least 0.
    """

    def __init__(
        self,
        hidden: int = 96,
        num_inputs: int = 1,
        num_outputs: int = 1,
        seed: int | None = None,
        *,
        time_constant: float = 20.0,
    ) -> None:
        super().__init__()
        widths(hidden=hidden, num_inputs=num_inputs, num_outputs=num_outputs)
        positive("time_constant", time_constant)
        self.time_constant = time_constant
        generator = local_generator(seed)

        def drawn(inputs: int, outputs: int, spread: float) -> nn.Parameter:
            weight = torch.empty(inputs, outputs, device="cpu")
            weight.normal_(TOTAL / inputs, spread, generator=generator)
            return nn.Parameter(weight)

        self.weight_in = drawn(num_inputs, hidden, 0.5)
        self.weight_out = drawn(hidden, num_outputs, 2 / hidden)

    def forward(self, features: Float[Tensor, "T B F"]) -> Float[Tensor, "B O"]:
        """Find when each output fires.

        Args:
            features: Spikes ``[T, B, F]``, one of each channel at most; those shared by
                two steps are between them (:func:`~spikereg.firing_times.spikes_at`).

        Returns:
            The times in steps, ``[B, O]``; T for an output that stays silent.

        Raises:
            ValueError: For other features.
        """
        *_, times = self.times(features)
        return times.where(times.isfinite(), len(features))

    def times(self, features: Float[Tensor, "T B F"]) -> list[Float[Tensor, "B _"]]:
        """Find when each input, hidden neuron and output fires, infinite for never."""
        features_of(len(self.weight_in), features)
        total = features.sum(dim=0)
        one = ((total - total.round()).abs() <= 1e-3) & (total < 1.5)
        if (wrong := features < 0).any():
            raise ValueError(
                f"features must not be below 0, not {features[wrong][0].item():g}"
            )
        if not one.all():
            raise ValueError(
                f"features must be one spike of each channel at most, which sum to 0 "
                f"or 1, not to {total[~one][0].item():g}"
            )
        times = [decoding.spike_time(features)]
        for weight in self.weights():
            times.append(first_spike(times[-1], weight, self.time_constant))
        return times

    def weights(self) -> list[Float[Tensor, "_ _"]]:
        """Return the weights of both layers, each neuron's summing to at least 1.1."""
        return [
            weight + (FLOOR - weight.sum(dim=0)).clamp(min=0) / len(weight)
            for weight in (self.weight_in, self.weight_out)
        ]


def _check(times: Tensor, weights: Tensor) -> None:
    tensor("times", times)
    tensor("weights", weights)
    if (
        times.ndim != 2
        or weights.ndim != 2
        or not times.shape[1] == len(weights) > 0
        or not (times.is_floating_point() and weights.is_floating_point())
    ):
        raise ValueError(
            f"times [B, F] and weights [F, H] must be floating-point and have as many "
            f"inputs, not {times.dtype} {list(times.shape)} and {weights.dtype} "
            f"{list(weights.shape)}"
        )
    if (wrong := times.isnan() | times.isneginf()).any():
        raise ValueError(
            f"times must be numbers or infinite, not {times[wrong][0].item()}"
        )
    if not (good := weights.isfinite()).all():
        raise ValueError(f"weights must be finite, not {weights[~good][0].item()}")


def _check_span(before_last: Tensor, time_constant: float) -> None:
    """Raise if the first input's z would not be a number beside the last one's."""
    most = -math.log(torch.finfo(before_last.dtype).tiny)
    span = before_last.amax().item() / time_constant if len(before_last) else 0.0
    if span > most:
        raise ValueError(
            f"times of a sequence must lie within {math.floor(most)} time constants, "
            f"not {span:g}: make time_constant larger than {time_constant:g}"
        )
