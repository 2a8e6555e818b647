"""What a layer feeds back to itself, step by step, with all calls prepared.

The same products and walks as :meth:`spikereg.scan.arrays.Walk.forward` and
``backward`` make, on arrays that stay: there making views takes most of the time.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from spikereg._compiled import Array, Call
from spikereg.scan.arrays import Back, Walk
from spikereg.scan.loops import walks


class Recurrence:
    """The calls of all steps, there and back.

    Args:
        walk: The arrays of the way there.
        back: Those of the way back.
        weight: ``[GATES·N, N]``, of what is fed back.
        bias: ``[GATES·N]`` or ``None``.
        currents: ``[T·B, GATES·N]``.
        wanted: Of which parameters the gradients matter.
        neuron: The neurons themselves.

    Attributes:
        first: What the first step is fed back, ``[B, N]``.
    """

    def __init__(
        self,
        walk: Walk,
        back: Back,
        weight: Tensor,
        bias: Tensor | None,
        currents: Tensor,
        wanted: Array,
        neuron: Any,
    ) -> None:
        layer, kind, (T, M) = walk.layer, walk.layer.kind, walk.u.shape
        self._walk, self._back, self._neuron = walk, back, neuron
        inputs = torch.from_numpy(walk.inputs)
        B, N, gates = M // walk.width, walk.width, kind.GATES
        self._nothing = weight.new_zeros(B, N)
        self.first = self._nothing.clone()
        self._enter = partial(inputs[:, :, :gates].copy_, currents.view(T, B, gates, N))
        of_membrane = layer.source == "membrane"
        fed_back = walk.of_neurons(walk.u if of_membrane else walk.spikes)
        forward, backward = walks(kind)
        arrays = (layer.reset, *walk[2:])
        times, fed = weight.t(), weight.new_empty(B, gates * N)
        entered = fed.view(B, gates, N)
        self._there: list[Call] = []
        for t in range(T):
            last = fed_back[t - 1] if t else self.first
            product = partial(torch.mm, last, times, out=fed)
            if bias is not None:
                product = partial(torch.addmm, bias, last, times, out=fed)
            self._there += [
                product,
                partial(kind.feed, inputs[t], entered),
                partial(forward, *arrays, t, t + 1, 0, M),
            ]
        arrays = walk.there_and_back(back, wanted)
        to_inputs = torch.from_numpy(back.to_inputs)
        to_last = walk.of_neurons(back.carried)[0 if of_membrane else 2]
        found = weight.new_empty(B, N)
        self._steps_back: list[Call] = []
        for t in reversed(range(T)):
            to_fed = to_inputs[t, :, -gates:].flatten(1)
            self._steps_back += [
                partial(backward, *arrays, t, t + 1, 0, M),
                partial(torch.mm, to_fed, weight, out=found),
                partial(to_last.add_, found),
            ]

    def there(self) -> None:
        """Walk through all steps."""
        self._enter()
        if self._walk.layer.fires_twice:
            self.first.copy_(self._neuron.spikes(self._nothing).detach())
        for call in self._there:
            call()

    def back(self) -> None:
        """Walk back."""
        self._back.carried.fill(0)
        self._back.to_p.fill(0)
        for call in self._steps_back:
            call()
