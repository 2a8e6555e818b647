"""One layer of neurons, there and back: ours, snnTorch's loops, PyTorch's LSTM.

An earlier version of the package may lack a kind: nothing is asked of it by name before
the layer is built.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import snntorch as snn
import torch
from job import SLOPE, Job
from snntorch import surrogate
from torch import Tensor, nn

import spikereg

#: Of all layers alike. An LSTM's membrane stays below 1.
LSTM_THRESHOLD = 0.1


class Layer:
    """N neurons over all steps, and a fixed gradient of their spikes back."""

    def __init__(self, build: Callable[[int], "Run"], job: Job):
        T, B, _ = job.features.shape
        N = len(job.weights["fc_in.bias"])
        torch.manual_seed(0)  # of this process alone: every layer begins the same way
        self.run, self.module = build(N)
        generator = torch.Generator().manual_seed(0)
        # What a layer of weights gives to the next one: it is to be differentiated.
        self.inputs = torch.rand(T, B, N, generator=generator)
        self.inputs.requires_grad_()
        self.to_output = torch.randn(T, B, N, generator=generator)
        # PyTorch loads SymPy at the first gradient given: that is no layer's affair.
        torch.ones(1, requires_grad=True).exp().backward(torch.ones(1))

    def step(self) -> Tensor:
        """Go there and back."""
        self.inputs.grad = None
        self.module.zero_grad()
        output = self.run(self.inputs)
        output.backward(self.to_output)
        return output

    def gradients(self) -> dict[str, np.ndarray]:
        """Give the mean output and all gradients, in the order of the parameters."""
        output = self.step()
        gradients = [p.grad.numpy() for p in self.module.parameters()]
        found = {str(n): gradient for n, gradient in enumerate(gradients)}
        mean = output.detach().mean().numpy()
        return {"loss": mean, "inputs": self.inputs.grad.numpy(), **found}


Run = tuple[Callable[[Tensor], Tensor], nn.Module]


def scanned(neuron: nn.Module) -> Run:
    """Run a neuron by this project's walk."""
    return lambda current: spikereg.scan(neuron, current)[0], neuron


def looped(neuron: nn.Module) -> Run:
    """Run a neuron of snnTorch's step by step."""

    def run(inputs: Tensor) -> Tensor:
        state = neuron.reset_mem()
        state = state if isinstance(state, tuple) else (state,)
        record = []
        for x in inputs:
            spikes, *rest = neuron(x, *state)
            state = (spikes, *rest)[-len(state) :]
            record.append(spikes)
        return torch.stack(record)

    return run, neuron


def leaky(width: int) -> nn.Module:
    """Make leaky neurons, each with a decay of its own."""
    beta = torch.rand(width)
    return snn.Leaky(beta=beta, learn_beta=True, spike_grad=_surrogate())


def recurrent(width: int) -> nn.Module:
    """Make recurrent leaky neurons, all to all."""
    return snn.RLeaky(
        beta=torch.rand(width),
        learn_beta=True,
        linear_features=width,
        spike_grad=_surrogate(),
    )


def own(kind: str, **options: bool) -> Callable[[int], Run]:
    """Make neurons of a kind that is this project's."""
    return lambda width: scanned(
        getattr(spikereg, kind)(width, spike_grad=_surrogate(), seed=0, **options)
    )


def spiking_lstm(width: int) -> Run:
    """Make this project's LSTM, and the weights before it, from PyTorch's LSTM."""
    neuron = spikereg.SpikingLSTM(
        width, threshold=LSTM_THRESHOLD, spike_grad=_surrogate()
    )
    before = nn.Linear(width, 4 * width)
    parts = before.weight, neuron.recurrent.weight, before.bias, neuron.recurrent.bias
    _copy(width, list(parts))
    run = lambda inputs: spikereg.scan(neuron, before(inputs))[0]  # noqa: E731
    module = nn.ParameterList(parts)  # in PyTorch's order
    return run, module


def slstm(width: int) -> Run:
    """Make snnTorch's, from PyTorch's LSTM."""
    neuron = snn.SLSTM(width, width, threshold=LSTM_THRESHOLD, spike_grad=_surrogate())
    _copy(width, list(neuron.lstm_cell.parameters()))
    return looped(neuron)


def lstm(width: int) -> Run:
    """Make PyTorch's LSTM."""
    layer = nn.LSTM(width, width)
    _copy(width, list(layer.parameters()))
    return lambda inputs: layer(inputs)[0], layer


def _copy(width: int, parameters: list[Tensor]) -> None:
    """Draw weights and biases for inputs and recurrence, as PyTorch orders them."""
    generator = torch.Generator().manual_seed(0)
    bound = width**-0.5
    with torch.no_grad():
        for parameter in parameters:
            parameter.uniform_(-bound, bound, generator=generator)


def _surrogate() -> Callable[[Tensor], Tensor]:
    return surrogate.fast_sigmoid(SLOPE)


_LAYERS: dict[str, Callable[[int], Run]] = {
    "leaky": lambda width: scanned(leaky(width)),
    "leaky, loop": lambda width: looped(leaky(width)),
    "RLeaky": lambda width: scanned(recurrent(width)),
    "RLeaky, loop": lambda width: looped(recurrent(width)),
    "adaptive": own("AdaptiveLeaky"),
    "adaptive, recurrent": own("AdaptiveLeaky", recurrent=True),
    "resonator": own("Resonator"),
    "resonator, recurrent": own("Resonator", recurrent=True),
    "LSTM": spiking_lstm,
    "SLSTM, loop": slstm,
    "nn.LSTM": lstm,
}
PEERS = {name: partial(Layer, build) for name, build in _LAYERS.items()}
