"""The job in Norse, as near as its public parameters come to it."""

import norse.torch as norse
from job import LAYERS, SLOPE
from norse.torch.functional.reset import reset_subtract
from peers import Linears
from torch import Tensor, nn


class Norse(Linears):
    """Layer by layer, each cell lifted over all steps.

    The nearest that Norse's parameters come to the job. A box cell computes
    v + r (I - v) with r = 1 - beta, so it gets the current I / r. It resets at once,
    does not detach that reset, and its surrogate's slope is 1 whatever ``alpha`` says.
    """

    def __init__(self, weights: dict[str, Tensor]):
        super().__init__(weights)
        rates = {name: 1 - weights[f"{name}.beta"] for name in LAYERS}
        self.rates = nn.ParameterDict(rates)

        def spiking(name: str) -> nn.Module:
            parameters = norse.LIFBoxParameters(
                tau_mem_inv=self.rates[name],
                v_th=weights[f"{name}.threshold"],
                alpha=SLOPE,
                reset_method=reset_subtract,
            )
            return norse.Lift(norse.LIFBoxCell(parameters, dt=1))

        self.lif_in, self.lif_hidden = spiking("lif_in"), spiking("lif_hidden")
        readout = norse.LIBoxParameters(tau_mem_inv=self.rates["li_out"])
        self.li_out = norse.Lift(norse.LIBoxCell(readout, dt=1))

    def forward(self, features: Tensor) -> Tensor:
        """Predict ``[T, B, 1]``."""
        rates = self.rates
        spikes, _ = self.lif_in(self.fc_in(features) / rates["lif_in"])
        spikes, _ = self.lif_hidden(self.fc_hidden(spikes) / rates["lif_hidden"])
        prediction, _ = self.li_out(self.fc_out(spikes) / rates["li_out"])
        return prediction
