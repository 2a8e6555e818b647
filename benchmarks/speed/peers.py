"""The job in PyTorch: snnTorch's loop, spikereg, and no neurons at all."""

from collections.abc import Callable
from typing import Any

import numpy as np
import snntorch as snn
import torch
from job import LEARNING_RATE, SLOPE, Job
from snntorch import surrogate
from torch import Tensor, nn

from spikereg import SpikingRegressor

try:
    from spikereg._batches import Batch
    from spikereg._chain import Chain
    from spikereg._ways import ByChain
    from spikereg._weights import Weights
except ImportError:  # of an earlier version, in a race with it
    Chain = None


class TorchPeer:
    """A PyTorch network on its job, under Adam in its cheapest form."""

    def __init__(self, network: Callable[[dict[str, Tensor]], nn.Module], job: Job):
        self.model = network(job.weights)
        self.features, self.target = job.features, job.target
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=LEARNING_RATE, fused=True
        )

    def step(self) -> None:
        """Train by one step."""
        self._backward()
        self.optimizer.step()

    def gradients(self) -> dict[str, np.ndarray]:
        """Give the loss and its gradients under snnTorch's names."""
        loss = self._backward()
        found = {"loss": loss.detach().numpy()}
        for name, parameter in self.model.named_parameters():
            gradient = parameter.grad.numpy()
            if name.startswith("rates."):  # Norse's, which are 1 - beta
                name, gradient = f"{name.removeprefix('rates.')}.beta", -gradient
            found[name] = gradient
        return found

    def _backward(self) -> Tensor:
        self.optimizer.zero_grad()
        loss = nn.functional.mse_loss(self.model(self.features), self.target)
        loss.backward()
        return loss


class Step(TorchPeer):
    """The step that ``fit`` makes, without what its loop does around it."""

    def __init__(self, network: Callable[[dict[str, Tensor]], nn.Module], job: Job):
        super().__init__(network, job)
        weights = Weights(self.model)
        chain = Chain(self.model, weights.parameters)
        self._way = ByChain(chain, weights, self.optimizer)
        self._way.begin()

    @property
    def links(self) -> list[Any]:
        """What a step runs through, once there was one."""
        return self._way._chain._now

    def step(self) -> None:
        """Train by one step."""
        self._backward()
        self._way.step()

    def _backward(self) -> Tensor:
        error = self._way.error(Batch(self.features, self.target))
        self._way.backward()
        return torch.tensor(error)


def fastest(network: Callable[[dict[str, Tensor]], nn.Module], job: Job) -> TorchPeer:
    """Give the fastest step that a version of this project makes of a network."""
    return (Step if Chain else TorchPeer)(network, job)


class Linears(nn.Module):
    """The three linear layers, which are the same in all networks."""

    def __init__(self, weights: dict[str, Tensor]):
        super().__init__()
        for name in ("fc_in", "fc_hidden", "fc_out"):
            weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
            layer = nn.Linear(*reversed(weight.shape))
            layer.load_state_dict({"weight": weight, "bias": bias})
            setattr(self, name, layer)


class Floor(Linears):
    """ReLU in place of the neurons: what the linear layers and Adam alone cost."""

    def forward(self, features: Tensor) -> Tensor:
        """Predict ``[T, B, 1]``."""
        hidden = self.fc_hidden(self.fc_in(features).relu())
        return self.fc_out(hidden.relu())


class SnnTorch(Linears):
    """The tutorial's loop over the time steps."""

    def __init__(self, weights: dict[str, Tensor]):
        super().__init__(weights)

        def neurons(name: str, reset: str = "subtract") -> snn.Leaky:
            return snn.Leaky(
                beta=weights[f"{name}.beta"],
                threshold=weights[f"{name}.threshold"],
                learn_beta=True,
                spike_grad=surrogate.fast_sigmoid(SLOPE),
                reset_mechanism=reset,
            )

        self.lif_in, self.lif_hidden = neurons("lif_in"), neurons("lif_hidden")
        self.li_out = neurons("li_out", reset="none")

    def forward(self, features: Tensor) -> Tensor:
        """Predict ``[T, B, 1]``."""
        mem_in = self.lif_in.reset_mem()
        mem_hidden = self.lif_hidden.reset_mem()
        mem_out = self.li_out.reset_mem()
        record = []
        for x in features:
            spk_in, mem_in = self.lif_in(self.fc_in(x), mem_in)
            spk_hidden, mem_hidden = self.lif_hidden(self.fc_hidden(spk_in), mem_hidden)
            _, mem_out = self.li_out(self.fc_out(spk_hidden), mem_out)
            record.append(mem_out)
        return torch.stack(record)


def spikereg(weights: dict[str, Tensor]) -> nn.Module:
    """Build this project's network."""
    model = SpikingRegressor(hidden=len(weights["fc_in.bias"]))
    model.load_state_dict(model.state_dict() | weights)
    return model
