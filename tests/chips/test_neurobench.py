"""Operations as NeuroBench counts them, which watches the layers while they run."""

import pytest
import torch
from neurobench.metrics.workload import SynapticOperations
from neurobench.models import TorchModel
from torch import nn

from spikereg import DelayedSpikes, SpikingRegressor
from spikereg.baselines import (
    LinearFilter,
    RateNetwork,
    Recurrent,
    ReLUNetwork,
    ResonantFilter,
)
from spikereg.operations import Operations, count

# Steps, sequences, features, neurons, outputs
T, B, F, H, OUT = 20, 3, 2, 7, 2


def features():
    return torch.randn(T, B, F, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def thinned(model):
    """Set some weights to 0."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.mul_(2)
            parameter[torch.rand(parameter.shape, generator=generator) < 0.3] = 0
    return model


@torch.no_grad()
def judged(model, x):
    """Let NeuroBench count: accumulates, multiply-accumulates, and all with zeros."""
    watched, metric = TorchModel(model), SynapticOperations()
    watched.register_hooks()
    metric(watched, watched(x), (x.transpose(0, 1), None))
    watched.cleanup_hooks()
    return metric.AC, metric.MAC, metric.total_synops


def ours(model, x):
    some = sum(count(model, x).values(), Operations())
    every = sum(count(model, x, skip_zeros=False).values(), Operations())
    return some.accumulates, some.multiply_accumulates, every.weight_fetches


@pytest.mark.parametrize("readout", ["membrane", "spikes", "dendrites"])
@pytest.mark.parametrize(
    "neuron", ["lif", "recurrent", "adaptive", "resonator", "lstm"]
)
def test_spiking_networks(neuron, readout):
    model = thinned(SpikingRegressor(H, F, OUT, seed=0, neuron=neuron, readout=readout))
    found = judged(model, features())
    assert found == ours(model, features())
    assert min(found) > 0
    assert found[0] + found[1] < found[2]


@pytest.mark.parametrize(
    "model", [ReLUNetwork, RateNetwork, LinearFilter, ResonantFilter]
)
def test_networks_without_spikes(model):
    model = thinned(model(H, F, OUT, seed=0))
    found = judged(model, features())
    assert found == ours(model, features())
    assert found[0] == 0 < found[1]


def test_spikes_as_features():
    model, x = thinned(SpikingRegressor(H, F, OUT, seed=0)), features().sign()
    found = judged(model, x)
    assert found == ours(model, x)
    assert found[1] == 0 < found[0]


# Where NeuroBench differs


class Stepped(nn.Module):
    """The cells of a recurrent baseline, step by step."""

    def __init__(self, model):
        super().__init__()
        layer = model.recurrent
        self.cell = {nn.LSTM: nn.LSTMCell, nn.GRU: nn.GRUCell}[type(layer)](F, H)
        self.fc_out = model.fc_out
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            setattr(self.cell, name, getattr(layer, f"{name}_l0"))

    def forward(self, x):
        state, outputs = torch.zeros(B, H), []
        if isinstance(self.cell, nn.LSTMCell):
            state = (state, state)
        for row in x:
            state = self.cell(row, state)
            outputs.append(state[0] if isinstance(state, tuple) else state)
        return self.fc_out(torch.stack(outputs))


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_products_inside_a_cell_are_multiply_accumulates_to_it(kind):
    model, x = thinned(Recurrent(kind, H, F, OUT, seed=0)), features()
    stepped = Stepped(model)
    torch.testing.assert_close(stepped(x), model(x))
    accumulates, multiply_accumulates, _ = judged(stepped, x)
    # Three a unit and step, but for the one with the state at first, which is 0.
    inside = 3 * T * B * H - B * H
    assert (accumulates, multiply_accumulates - inside) == ours(model, x)[:2]


def test_a_cell_is_judged_by_its_features_though_what_it_feeds_back_is_real():
    model, x = thinned(Recurrent("lstm", H, F, OUT, seed=0)), features().sign()
    accumulates, multiply_accumulates, _ = judged(Stepped(model), x)
    counts = count(model, x)
    inside = 3 * T * B * H - B * H
    cells = counts["recurrent"]
    assert cells.multiply_accumulates > 0 < cells.accumulates
    assert accumulates == cells.weight_fetches + inside
    assert multiply_accumulates == counts["fc_out"].multiply_accumulates


def test_a_layer_of_cells_it_cannot_count():
    with pytest.raises(TypeError, match="must derive from BaseException"):
        judged(Recurrent("lstm", H, F, OUT, seed=0), features())


def test_products_outside_of_a_layer_it_does_not_see():
    model = DelayedSpikes(H, delays=3, degree=2)
    x = torch.rand(T, B, 1, generator=torch.Generator().manual_seed(0))
    model.solve([(x, x)])
    counts = count(model, x)
    assert judged(model, x)[:2] == (
        0,
        counts["lif"].multiply_accumulates + counts["fc_out"].multiply_accumulates,
    )
    assert counts["delays"].accumulates > 0


def test_call_by_call_it_judges_anew():
    class StepByStep(nn.Sequential):
        def forward(self, x):
            return torch.stack([super(StepByStep, self).forward(row) for row in x])

    linear, x = nn.Linear(F, H), features()
    x[0] = 1
    assert judged(StepByStep(linear), x)[:2] == (B * F * H, (T - 1) * B * F * H)
    assert ours(linear, x)[:2] == (0, T * B * F * H)


def test_it_adds_up_in_float32():
    linear, x = nn.Linear(65, 67), torch.ones(4_099, 1, 65)
    exact = 4_099 * 65 * 67
    assert ours(linear, x) == (exact, 0, exact)
    found = judged(nn.Sequential(linear), x)[0]
    assert found != exact
    assert found == pytest.approx(exact, rel=1e-6)
