"""Training by a loop over a loader: ``spikereg.fit``, and the tutorial's own loop."""

import math
from itertools import islice
from typing import ClassVar

import numpy as np
import torch
from job import LEARNING_RATE, Job
from peers import SnnTorch, spikereg
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from spikereg import RegressionDataset, fit, make_loader


class Fit:
    """The loop of this project, or of an earlier version of it.

    Attributes:
        steps: Training steps in one call: enough epochs for 64, and two at least.
        options: What ``fit`` is asked for beside the job.
    """

    options: ClassVar[dict[str, str]] = {}

    def __init__(self, job: Job, batch: int = 0):
        T, N, _ = job.features.shape
        data = RegressionDataset(T, N, seed=0)
        data.features, data.labels = job.features, job.target
        self.model = spikereg(job.weights)
        self.loader = make_loader(data, batch or N, shuffle=True, seed=0)
        self.epochs = max(2, math.ceil(64 / len(self.loader)))
        self.steps = self.epochs * len(self.loader)

    def step(self) -> None:
        """Train by ``steps`` steps."""
        self.train(self.epochs)

    def train(self, epochs: int) -> list[float]:
        """Train, and give the loss of each epoch."""
        history = fit(
            self.model,
            self.loader,
            epochs,
            lr=LEARNING_RATE,
            progress=False,
            **self.options,
        )
        return history.loss

    def gradients(self) -> dict[str, np.ndarray]:
        """Give the loss of an epoch and the gradients that it leaves."""
        (loss,) = self.train(1)
        named = self.model.named_parameters()
        return {"loss": np.float32(loss), **{n: p.grad.numpy() for n, p in named}}


class ByAutograd(Fit):
    """The same loop, with PyTorch's graph and optimizer around each step."""

    options: ClassVar[dict[str, str]] = {"backend": "torch"}


class Tutorial(Fit):
    """The tutorial's loop: its batches come with the batch first.

    Its steps take so long that 16 a call are enough, if need be of a part of an epoch.
    """

    def __init__(self, job: Job, batch: int = 0):
        super().__init__(job, batch)
        self.model = SnnTorch(job.weights)
        data = TensorDataset(*(x.transpose(0, 1) for x in (job.features, job.target)))
        self.loader = DataLoader(data, batch or len(data), shuffle=True)
        # A thousand time steps take a second: then two are.
        some = max(2, min(16, 2000 // len(job.features)))
        self.epochs = max(1, some // len(self.loader))
        self.steps = self.epochs * min(16, len(self.loader))

    def train(self, epochs: int) -> list[float]:
        """Train, and give the loss of each epoch."""
        optimizer = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE)
        loss_function = nn.MSELoss()
        history = []
        for _ in range(epochs):
            losses = []
            for features, label in islice(self.loader, 16):
                features, label = features.swapaxes(0, 1), label.swapaxes(0, 1)
                loss = loss_function(self.model(features), label)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            history.append(sum(losses) / len(losses))
        return history


PEERS = {"spikereg": Fit, "torch": ByAutograd, "snntorch": Tutorial}
