"""A layer's walk through time and back, on arrays that may be used again.

A layer of N neurons on a batch of B is a row of M = B·N columns that never meet, except
by the recurrence. Without one, all steps are one call, which walks some columns at a
time through all of them, so that their states stay in the cache. With one, each step is
a call, and between two of them PyTorch multiplies what is fed back by its weights.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from spikereg._compiled import Array, Call, sharing
from spikereg.scan.layer import Layer
from spikereg.scan.loops import walks
from spikereg.scan.surrogates import OTHER, through


class Back(NamedTuple):
    """The arrays of the way back.

    Attributes:
        to_spikes: Gradients that come from outside, ``[T, M]``, or ``[T, 0]`` for none.
        to_membrane: The same.
        to_other: The same, of the other state.
        carried: Those of membrane, other state and spikes, from step to step and at
            last of the start, and of the membrane through the spike: ``[4, M]``.
        to_inputs: Filled in, shaped as the inputs.
        to_p: Filled in, shaped as the parameters.
    """

    to_spikes: Array
    to_membrane: Array
    to_other: Array
    carried: Array
    to_inputs: Array
    to_p: Array


class Walk(NamedTuple):
    """The arrays of the way there; rows of length 0 are not there.

    Attributes:
        layer: What else there is to know.
        width: Number of neurons N.
        p: Parameters, a row for each, ``[P, M]``.
        start: Membrane and spikes to start from, ``[2, M]``; the spikes are filled in.
        start_v: Other state to start from, ``[M]``.
        inputs: ``[T, 1, 1, M]``, or ``[T, B, INPUTS, N]`` where something is fed back:
            the currents first.
        u: Membranes, filled in, ``[T, M]``, as are the next two.
        v: Other states.
        spikes: Spikes.
    """

    layer: Layer
    width: int
    p: Array
    start: Array
    start_v: Array
    inputs: Array
    u: Array
    v: Array
    spikes: Array

    def forward(
        self,
        fed: Tensor | None = None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> None:
        """Walk through all steps.

        Args:
            fed: What the first of them is fed back, ``[B, N]``, if anything.
            weight: Of what is fed back.
            bias: The same.
        """
        layer, kind, (T, M) = self.layer, self.layer.kind, self.u.shape
        if not layer.source:
            self.straight()()
            return
        run, _ = walks(kind)
        arrays = (layer.reset, *self[2:])
        inputs, fed_back = torch.from_numpy(self.inputs), self._fed_back()
        for t in range(T):
            back = _times(fed, weight, bias)
            kind.feed(inputs[t], back.view(-1, kind.GATES, self.width))
            run(*arrays, t, t + 1, 0, M)
            fed = fed_back[t]

    def straight(self) -> Call:
        """Give what walks through all steps, where nothing is fed back."""
        run, _ = walks(self.layer.kind)
        arrays = (self.layer.reset, *self[2:], 0, len(self.u))
        return sharing(run, arrays, parts=self.u.shape[1], elements=self.u.size)

    def backward(self, back: Back, wanted: Array, weight: Tensor | None = None) -> None:
        """Walk back.

        Args:
            back: What comes from outside, and what is filled in.
            wanted: Of which parameters the gradients matter, ``[P]``.
            weight: Of what is fed back.
        """
        layer, (T, M) = self.layer, self.u.shape
        kind, known = layer.kind, layer.surrogate.code != OTHER
        if known and not layer.source:
            self.straight_back(back, wanted)()
            return
        through_spikes, to_start = None, self.of_neurons(back.carried)
        if not known:
            came, back = back.to_spikes, back._replace(to_spikes=np.zeros_like(self.u))
            through_spikes = self._through_others(came, back.to_spikes, to_start)
            if not layer.source and not layer.reads_spikes:
                if came.size:
                    through_spikes(0, T)
                self.straight_back(back, wanted)()
                return
        back.carried.fill(0)
        back.to_p.fill(0)
        _, run = walks(kind)
        arrays = self.there_and_back(back, wanted)
        # The way back has to know what comes from the next step.
        to_inputs = torch.from_numpy(back.to_inputs)
        for t in reversed(range(T)):
            if through_spikes is not None:
                through_spikes(t, t + 1)
            run(*arrays, t, t + 1, 0, M)
            if weight is not None:
                to_fed = to_inputs[t, :, -kind.GATES :].flatten(1)
                to_last = to_fed @ weight if weight.ndim == 2 else to_fed * weight
                to_start[0 if layer.source == "membrane" else 2] += to_last

    def straight_back(self, back: Back, wanted: Array) -> Call:
        """Give what walks back, where nothing was fed back and the surrogate is known.

        Or where the spikes' gradients have been through it.
        """
        _, run = walks(self.layer.kind)
        arrays = (*self.there_and_back(back, wanted), 0, len(self.u))
        walk = sharing(run, arrays, parts=self.u.shape[1], elements=self.u.size)

        def call() -> None:
            back.carried.fill(0)
            back.to_p.fill(0)
            walk()

        return call

    def there_and_back(self, back: Back, wanted: Array) -> tuple[Any, ...]:
        """Give what the loop back takes before its bounds."""
        code, slope, _ = self.layer.surrogate
        slope = self.u.dtype.type(slope)
        reads = self.layer.reads_spikes
        return code, slope, wanted, reads, self.layer.reset, *self[2:], *back

    def to_current(self, back: Back) -> Tensor:
        """Give the gradient of the currents, ``[T, B, GATES·N]``."""
        kind, T = self.layer.kind, len(self.u)
        to_inputs = torch.from_numpy(back.to_inputs)
        if not self.layer.source:
            return to_inputs.view(T, -1, self.width)
        return to_inputs[:, :, : kind.GATES].reshape(T, -1, kind.GATES * self.width)

    def to_parameters(self, back: Back) -> Array:
        """Give the gradients of the parameters, summed over the batch, ``[P, N]``."""
        rows = back.to_p.reshape(len(back.to_p), -1, self.width)
        return rows[:, 0] if rows.shape[1] == 1 else rows.sum(axis=1)

    def to_weights(
        self, back: Back, start: Tensor, weight: Tensor, bias: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Differentiate all products with what was fed back, ``start`` first, at once.

        Returns:
            The gradients of weight and bias.
        """
        to_fed = torch.from_numpy(back.to_inputs)[:, :, -self.layer.kind.GATES :]
        to_fed = to_fed.flatten(2)
        fed = torch.cat([start[None], self._fed_back()[:-1]])
        if weight.ndim < 2:
            return (to_fed * fed).sum_to_size(weight.shape), None
        to_weight = to_fed.flatten(0, 1).t() @ fed.flatten(0, 1)
        return to_weight, None if bias is None else to_fed.sum(dim=(0, 1))

    def of_neurons(self, rows: Array) -> Tensor:
        """View rows as a tensor ``[…, B, N]``."""
        return torch.from_numpy(rows.reshape(len(rows), -1, self.width))

    def _fed_back(self) -> Tensor:
        of_membrane = self.layer.source == "membrane"
        return self.of_neurons(self.u if of_membrane else self.spikes)

    def _through_others(
        self, came: Array, to_spikes: Array, to_start: Tensor
    ) -> Callable[[int, int], None]:
        """Do for other surrogates what the walk does for those that it knows."""
        layer, T = self.layer, len(self.u)
        membranes, theta = self.of_neurons(self.u), self.of_neurons(self.p)[-1]
        outside = self.of_neurons(came) if came.size else None
        filled = self.of_neurons(to_spikes)

        def through_spikes(first: int, last: int) -> None:
            above = membranes[first:last] - theta
            parts = [] if last == T else [to_start[2].expand_as(above)]
            if outside is not None:
                parts.append(outside[first:last])
            if len(parts) > 1 and not layer.fires_twice:
                parts = [parts[0] + parts[1]]
            filled[first:last] = 0
            for part in parts:
                filled[first:last] += through(layer.surrogate.spike, above, part)
            to_start[2].zero_()

        return through_spikes


def array(tensor: Tensor) -> Array:
    """View a tensor as an array: a copy if it is not contiguous."""
    return np.ascontiguousarray(tensor.numpy(force=True))  # without its graph


def shared(each: Array, parameter: Tensor) -> Tensor:
    """Add up what is for the same parameter."""
    gradient = torch.from_numpy(each)
    if gradient.shape == parameter.shape:
        return gradient
    return gradient.sum().view_as(parameter)


def _times(fed: Any, weight: Any, bias: Tensor | None) -> Tensor:
    """Weigh what is fed back: to all neurons, or to each its own."""
    if weight.ndim < 2:
        return fed * weight  # type: ignore[no-any-return]
    # A product's last bits depend on where its factors lie in memory; a step's row may
    # lie anywhere, and a copy lies where a tensor of PyTorch's own does.
    product: Tensor = F.linear(fed.clone(), weight, bias)
    return product
