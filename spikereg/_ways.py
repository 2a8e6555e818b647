"""Two ways to the gradients of a loss: by autograd, and by a chain.

The first is the specification. Both leave the gradients in the parameters' ``grad``.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from spikereg._batches import Batch
from spikereg._chain import Chain
from spikereg._chain.obstacles import ObstacleError, Seen, look
from spikereg._check import finite, tracer
from spikereg._compiled import flat
from spikereg._weights import Arrays, Weights, all_finite, finite_arrays
from spikereg.losses import CURVES, LossFunction, applied

BACKENDS = ("auto", "torch", "compiled")


@runtime_checkable
class Way(Protocol):
    """What a step of a training calls, in this order."""

    @property
    def weights(self) -> Weights | Arrays:
        """What a step changes."""

    def error(self, batch: Batch) -> float:
        """Give the loss of a batch."""

    def backward(self) -> bool:
        """Put the gradients of what is minimized; say whether they are finite."""

    def step(self) -> None:
        """Let Adam change the parameters."""


class ByAutograd:
    """PyTorch's loop: any model, any loss, and a penalty on its spikes."""

    def __init__(
        self,
        model: nn.Module,
        weights: Weights,
        optimizer: torch.optim.Adam,
        loss: LossFunction,
        spike_penalty: float,
    ) -> None:
        self._loss_of = _objective(model, loss, spike_penalty)
        self.weights, self._optimizer = weights, optimizer

    def error(self, batch: Batch) -> float:
        """Give the loss of a batch."""
        error, self._loss = self._loss_of(batch)
        return error.item()

    def backward(self) -> bool:
        """Put the gradients of what is minimized; say whether they are finite."""
        if not self._loss.requires_grad:
            raise _without_gradient()
        parameters = self.weights.parameters
        for parameter in parameters:
            parameter.grad = None
        torch.autograd.backward(self._loss)
        del self._loss
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not gradients:
            raise _without_gradient()
        return all_finite(gradients)

    def step(self) -> None:
        """Let Adam change the parameters."""
        self._optimizer.step()


class ByChain:
    """The same numbers from a chain, and Adam without what PyTorch does around it."""

    def __init__(
        self, chain: Chain, weights: Weights, optimizer: torch.optim.Adam
    ) -> None:
        self._chain, self._optimizer = chain, optimizer
        self._parameters, self.weights = weights.parameters, Arrays(weights)
        self._plain = [parameter.detach() for parameter in self._parameters]
        self._gradients = flat(chain.gradients)
        self._memory: tuple[list[Tensor], ...] | None = None

    def error(self, batch: Batch) -> float:
        """Give the loss of a batch."""
        return self._chain.error(batch.features, batch.labels)

    def begin(self) -> None:
        """Begin an epoch: before it someone may have put other gradients there."""
        self._placed = False

    def backward(self) -> bool:
        """Put the gradients of what is minimized; say whether they are finite."""
        if not self._placed:
            pairs = zip(self._parameters, self._chain.of_each, strict=True)
            for parameter, gradient in pairs:
                parameter.grad = gradient
            self._placed = True
        self._chain.backward()
        return finite_arrays([self._gradients])

    def step(self) -> None:
        """Let Adam change the parameters: by the kernel that it calls itself."""
        if self._memory is None:
            self._optimizer.step()
            self._find_memory()
            return
        (group,) = self._optimizer.param_groups
        beta1, beta2 = group["betas"]
        self._steps += 1
        torch._fused_adam_(
            *(self._plain, self._chain.of_each, *self._memory),
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )

    def _find_memory(self) -> None:
        """Find Adam's memory, which its first step has made or a file has brought."""
        states = [self._optimizer.state[p] for p in self._parameters]
        dtype = self._plain[0].dtype
        if any(state["exp_avg"].dtype != dtype for state in states):
            return  # the kernel does not look: PyTorch shall say what is wrong
        # All steps in one tensor, to be counted at once.
        self._steps = torch.stack([state["step"] for state in states])
        for n, state in enumerate(states):
            state["step"] = self._steps[n]
        means, squares, steps = (
            [state[name] for state in states]
            for name in ("exp_avg", "exp_avg_sq", "step")
        )
        self._memory = means, squares, [], steps


class Ways:
    """Both of them, and which one a batch takes."""

    def __init__(
        self,
        model: nn.Module,
        weights: Weights,
        optimizer: torch.optim.Adam,
        loss: LossFunction,
        spike_penalty: float,
        backend: str,
        watched: bool,
    ) -> None:
        self._model, self._weights = model, weights
        self._optimizer, self._penalized = optimizer, spike_penalty != 0
        self._plain_loss = loss == CURVES
        self._backend, self._watched = backend, watched
        self._by_autograd = ByAutograd(model, weights, optimizer, loss, spike_penalty)
        self._by_chain: ByChain | None = None
        self._seen: Seen | None = None
        if backend == "compiled":
            self._check()

    def begin(self) -> None:
        """Begin an epoch: whatever has been changed in between is seen here."""
        if self._backend == "torch":
            return
        if self._by_chain is not None and not self._watched:
            return
        try:
            if self._by_chain is None or not self._seen or self._seen.changed():
                self._by_chain = None
                self._check()
                self._build()
        except ObstacleError as error:
            self._meet(error)
        if self._by_chain is not None:
            self._by_chain.begin()

    def _check(self) -> None:
        if self._penalized:
            raise ObstacleError("a spike_penalty")
        if not self._plain_loss:
            raise ObstacleError("a loss other than the mean squared error of curves")
        look(self._model, self._weights.parameters)

    def _build(self) -> None:
        self._seen = Seen(self._model)
        chain = Chain(self._model, self._weights.parameters)  # type: ignore[arg-type]
        self._by_chain = ByChain(chain, self._weights, self._optimizer)

    def of(self, batch: Batch) -> Way:
        """Choose for a batch."""
        if self._by_chain is None:
            return self._by_autograd
        features, labels, mask = batch
        if mask is not None:
            self._meet(ObstacleError("masks"))
        elif labels.ndim != 3:
            self._meet(ObstacleError("one label a sequence"))
        elif type(features) is not Tensor or type(labels) is not Tensor:
            self._meet(ObstacleError(f"batches of another type ({type(features)})"))
        return self._by_chain or self._by_autograd

    def _meet(self, obstacle: ObstacleError) -> None:
        """Leave it to autograd until the next epoch, or raise."""
        if self._backend == "compiled":
            raise obstacle
        self._by_chain = None


def _objective(
    model: nn.Module, loss: LossFunction, spike_penalty: float
) -> Callable[[Batch], tuple[Tensor, Tensor]]:
    """Return what gives the loss of a batch, and it again with the penalty."""
    if not (finite(spike_penalty) and spike_penalty >= 0):
        raise ValueError(
            f"spike_penalty must be a finite number of at least 0, not "
            f"{spike_penalty!r}"
        )
    trace = tracer(model)
    if spike_penalty != 0 and trace is None:
        raise ValueError(
            f"spike_penalty must be 0 for a model without trace, not {spike_penalty!r}"
        )

    def of(batch: Batch) -> tuple[Tensor, Tensor]:
        if spike_penalty == 0 or trace is None:
            error = applied(loss, model(batch.features), batch.labels, batch.mask)
            return error, error
        run = trace(batch.features)
        error = applied(loss, run.prediction, batch.labels, batch.mask)
        return error, error + spike_penalty * batch.spike_rate(run.spikes)

    return of


def _without_gradient() -> ValueError:
    return ValueError(
        "model must predict by parameters that learn, not without a gradient for any; "
        "loss must keep their graph, and fit be called outside of torch.no_grad and "
        "torch.inference_mode"
    )
