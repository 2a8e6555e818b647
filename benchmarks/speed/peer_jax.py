"""The job in JAX, after the manner of Spyx: a scan over time, the whole step compiled.

Layer by layer, so that each matrix product covers all time steps, with nothing in the
scan but the membrane. Tried and no faster on one AMD EPYC core, as the median in ms of
a step at T, B, H = (50, 1, 128), (50, 64, 128), (1000, 1, 128) and (100, 32, 512):

    as below                              0.21   5.6   1.8    98
    the decay spread over the batch       0.21   5.3   1.8   100
    the surrogate inside the scan         0.22   6.6   2.4   108
    one scan over the whole network       0.35   5.7   4.2    94
    as below, 4 steps unrolled            0.25   8.8   2.5   103
    as below, 16 steps unrolled           0.31    13   4.2   136
    the whole network, 4 steps unrolled   0.56   7.5   7.2   113
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax
from job import LEARNING_RATE, SLOPE, Job


@jax.custom_jvp
def spike(x: Array) -> Array:
    """Give 1 where x > 0, with the fast sigmoid's derivative."""
    return (x > 0).astype(x.dtype)


@spike.defjvp
def _spike_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    return spike(x), dx / (SLOPE * jnp.abs(x) + 1) ** 2


def membrane(beta: Array, threshold: Array | None, current: Array) -> Array:
    """Integrate ``[T, B, N]``, with reset by subtraction if there is a threshold."""
    decay = jnp.clip(beta, 0, 1)

    def advance(u, i):
        if threshold is None:
            u = decay * u + i
        else:
            fired = lax.stop_gradient((u > threshold).astype(u.dtype))
            u = decay * u + i - fired * threshold
        return u, u

    return lax.scan(advance, jnp.zeros_like(current[0]), current)[1]


def predict(learned: dict, threshold: dict, features: Array) -> Array:
    """Predict ``[T, B, 1]``."""

    def linear(name, x):
        return x @ learned[f"{name}.weight"].T + learned[f"{name}.bias"]

    x = features
    for fc, lif in (("fc_in", "lif_in"), ("fc_hidden", "lif_hidden")):
        u = membrane(learned[f"{lif}.beta"], threshold[lif], linear(fc, x))
        x = spike(u - threshold[lif])
    return membrane(learned["li_out.beta"], None, linear("fc_out", x))


class JaxPeer:
    """A JAX network on its job."""

    def __init__(self, job: Job):
        arrays = {name: jnp.array(value) for name, value in job.weights.items()}
        thresholds = {n: arrays[f"{n}.threshold"] for n in ("lif_in", "lif_hidden")}
        features, target = jnp.array(job.features), jnp.array(job.target)
        optimizer = optax.adam(LEARNING_RATE)

        def loss(learned):
            error = predict(learned, thresholds, features) - target
            return jnp.mean(error**2)

        @partial(jax.jit, donate_argnums=(0, 1))
        def step(learned, state):
            value, gradients = jax.value_and_grad(loss)(learned)
            updates, state = optimizer.update(gradients, state)
            return optax.apply_updates(learned, updates), state, value

        self._step, self._gradients = step, jax.jit(jax.value_and_grad(loss))
        self.learned = {
            name: value
            for name, value in arrays.items()
            if name.endswith(("weight", "bias", "beta"))
        }
        self.state = optimizer.init(self.learned)

    def step(self) -> None:
        """Train by one step."""
        done = self._step(self.learned, self.state)
        self.learned, self.state, _ = jax.block_until_ready(done)

    def gradients(self) -> dict[str, np.ndarray]:
        """Give the loss and its gradients under snnTorch's names."""
        loss, found = self._gradients(self.learned)
        found = {name: np.asarray(value) for name, value in found.items()}
        return {"loss": np.asarray(loss), **found}
