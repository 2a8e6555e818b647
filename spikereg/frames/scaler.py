"""Bring columns to mean 0 and standard deviation 1, and back."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from spikereg._check import shown
from spikereg.frames.values import Numbers

Columns = Float[Tensor, "*R F"]


@dataclass(frozen=True)
class Scaler:
    r"""Mean and standard deviation of columns: :math:`z = (x - m) / s`.

    Attributes:
        mean: :math:`m`, float64 ``[F]``, in the columns' units.
        deviation: :math:`s > 0`, likewise.
    """

    mean: Float[Tensor, "F"]
    deviation: Float[Tensor, "F"]

    @classmethod
    def of(cls, values: Numbers, names: Sequence[str]) -> "Scaler":
        """Measure columns ``[R, F]``; raise for one that never changes."""
        mean, deviation = values.mean(axis=0), values.std(axis=0)
        for name, m, s in zip(names, mean.tolist(), deviation.tolist(), strict=True):
            if s <= 1e-12 * abs(m):
                hint = "; if it does change, subtract a constant first"
                raise ValueError(
                    f"column {shown(name)} must change in the rows to train on, not be "
                    f"{m:g} in all of them: leave it out{hint * (abs(m) > 2**53)}"
                )
        return cls(torch.from_numpy(mean), torch.from_numpy(deviation))

    def scale(self, values: Columns) -> Columns:
        """Return what a network is given, or should answer: float32."""
        return ((values - self.mean) / self.deviation).float()

    def inverse(self, values: Columns) -> Columns:
        """Return what a network says in the columns' units: float64."""
        return values.double() * self.deviation + self.mean
