"""The job in SpikingJelly, as its users write a neuron that it does not have."""

from typing import Any

import torch
from job import SLOPE
from peers import Linears
from spikingjelly.activation_based import functional
from spikingjelly.activation_based.neuron import BaseNode
from spikingjelly.activation_based.surrogate import SurrogateFunctionBase
from torch import Tensor, nn


class _FastSigmoid(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, slope: float) -> Tensor:
        return (x > 0).to(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        x, ctx.slope = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return gradient / (ctx.slope * x.abs() + 1).square(), None


class FastSigmoid(SurrogateFunctionBase):
    """The job's surrogate: SpikingJelly's own spike at >= 0 and scale it otherwise."""

    def __init__(self):
        super().__init__(slope=SLOPE)

    spiking_function = staticmethod(_FastSigmoid.apply)


class JellyNode(BaseNode):
    """The job's neuron, by SpikingJelly's extension point for neurons.

    Its stock nodes reset at once, so that the reset decays too, and hold one decay and
    one threshold a layer.
    """

    def __init__(self, weights: dict[str, Tensor], name: str, spiking: bool = True):
        super().__init__(
            v_reset=None,
            surrogate_function=FastSigmoid(),
            detach_reset=True,
            step_mode="m",
        )
        self.beta = nn.Parameter(weights[f"{name}.beta"].clone())
        self.threshold = weights[f"{name}.threshold"]
        self.spiking = spiking

    def multi_step_functional_forward(self, inputs, states, **kwargs):
        """Run all steps: the decay is clamped once for all of them."""
        decay = self.beta.clamp(0, 1)
        return super().multi_step_functional_forward(inputs, states, decay=decay)

    def single_step_functional_forward(self, inputs, states, decay):
        """Run one step."""
        (x,), (v,) = inputs, states
        if not self.spiking:
            v = decay * v + x
            return (v,), (v,)
        fired = (v.detach() > self.threshold).to(v)
        v = decay * v + x - fired * self.threshold
        return (self.surrogate_function(v - self.threshold),), (v,)


class SpikingJelly(Linears):
    """Layer by layer, each over all steps: SpikingJelly's multi-step mode."""

    def __init__(self, weights: dict[str, Tensor]):
        super().__init__(weights)
        self.lif_in = JellyNode(weights, "lif_in")
        self.lif_hidden = JellyNode(weights, "lif_hidden")
        self.li_out = JellyNode(weights, "li_out", spiking=False)

    def forward(self, features: Tensor) -> Tensor:
        """Predict ``[T, B, 1]``."""
        functional.reset_net(self)
        spikes = self.lif_in(self.fc_in(features))
        spikes = self.lif_hidden(self.fc_hidden(spikes))
        return self.li_out(self.fc_out(spikes))
