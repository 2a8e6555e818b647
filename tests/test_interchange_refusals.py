"""What NIR cannot express is refused by layer and value: one sentence each."""

import re

import pytest
import snntorch as snn
import torch
from exportable import leaky, network
from snntorch import surrogate
from torch import nn

from spikereg import SpikingRegressor
from spikereg.interchange import from_nir, to_nir


def middle(layer=None, **options):
    """Put other neurons into the middle, snn.Leaky if none are given."""

    def change(model):
        generator = torch.Generator().manual_seed(0)
        model.lif_hidden = layer or leaky(8, generator, **options)

    return change


def beta(value):
    def change(model):
        model.lif_in.beta.data[3] = value

    return change


def relabelled(model):
    model.lif_in = snn.Leaky(0.5, reset_mechanism="subtract")
    model.lif_in.reset_mechanism = "zero"


def read_by_its_membrane(model):
    model.li_out = snn.Leaky(0.5, reset_mechanism="zero")


def read_by_its_spikes(model):
    model.li_out = snn.Leaky(0.5)
    model.readout = "spikes"


def hooked(model):
    model.fc_out.register_forward_hook(lambda *_: None)


class Other(nn.Linear):
    pass


def of_another_class(model):
    model.fc_out = Other(8, 2)


def not_finite(model):
    model.fc_hidden.weight.data[1, 2] = torch.inf


LEAVES = "cannot be written to NIR: it"
REFUSED = {
    "subtract": (
        middle(reset_mechanism="subtract"),
        f'lif_hidden {LEAVES} has reset_mechanism="subtract": NIR\'s LIF sets its '
        f"membrane to v_reset, wherever it was",
    ),
    "subtract at once": (
        middle(reset_mechanism="subtract", reset_delay=False),
        f'lif_hidden {LEAVES} has reset_mechanism="subtract"',
    ),
    "none": (
        middle(reset_mechanism="none"),
        f'lif_hidden {LEAVES} has reset_mechanism="none": NIR\'s LIF always resets',
    ),
    "a membrane that is reset": (
        read_by_its_membrane,
        f"li_out {LEAVES} is read by its membrane and has "
        f'reset_mechanism="zero": NIR\'s LIF gives its spikes',
    ),
    "spikes by subtraction": (
        read_by_its_spikes,
        f'li_out {LEAVES} has reset_mechanism="subtract"',
    ),
    "no leak": (beta(1), f"lif_in {LEAVES} has beta = 1 (neuron 3)"),
    "growth": (beta(1.25), f"lif_in {LEAVES} has beta = 1.25 (neuron 3)"),
    "no memory": (beta(0), f"lif_in {LEAVES} has beta = 0 (neuron 3)"),
    "alternation": (
        beta(-0.5),
        f"lif_in {LEAVES} has beta = -0.5 (neuron 3): NIR's time constant must be "
        f"finite and longer than a step, which dt / (1 − beta) is for 0 < beta < 1",
    ),
    "Synaptic": (
        middle(snn.Synaptic(alpha=0.5, beta=0.5)),
        f"lif_hidden {LEAVES} is of Synaptic: NIR has it as CubaLIF",
    ),
    "Alpha": (
        middle(snn.Alpha(alpha=0.9, beta=0.5)),
        f"lif_hidden {LEAVES} is of Alpha: to_nir writes snn.Leaky only",
    ),
    "quantized": (
        middle(state_quant=torch.round),
        f"lif_hidden {LEAVES} has state_quant: NIR's membranes are not rounded",
    ),
    "graded": (
        middle(graded_spikes_factor=2.0),
        f"lif_hidden {LEAVES} has graded_spikes_factor = 2.0: NIR's LIF sends 0 or 1",
    ),
    "other spikes": (
        middle(spike_grad=surrogate.SSO()),
        f"lif_hidden {LEAVES} has spike_grad =",
    ),
    "below rest": (
        middle(threshold=-0.5, reset_delay=False),
        f"lif_hidden {LEAVES} has reset_delay=False and a threshold of -0.5: snnTorch",
    ),
    "another width": (
        middle(snn.Leaky(torch.full((5,), 0.5), reset_mechanism="zero")),
        f"lif_hidden {LEAVES} has beta of the shape [5] for 8 neurons",
    ),
    "its own state": (
        middle(init_hidden=True),
        "neuron must be made with init_hidden=False, not init_hidden=True",
    ),
    "another label": (
        relabelled,
        "neuron must be made with its reset_mechanism, not be set to 'zero' later",
    ),
    "hooks": (hooked, "fc_out must have no hooks to be written to NIR"),
    "another layer": (
        of_another_class,
        "fc_out must be nn.Linear to be written to NIR, not Other",
    ),
    "infinite": (
        not_finite,
        "model must have finite weights, not fc_hidden.weight = inf at [1, 2]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_nir_cannot_express_is_refused_by_layer_and_value(case):
    change, message = REFUSED[case]
    model = network()
    change(model)
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        to_nir(model)


def test_neurons_that_see_each_other_are_refused():
    model = network()
    with pytest.warns(UserWarning, match="unstable"):
        middle(inhibition=True)(model)
    with pytest.raises(ValueError, match=r"lif_hidden .* inhibition=True"):
        to_nir(model)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, 'lif_in .* reset_mechanism="subtract"'),
        ({"neuron": "recurrent"}, "lif_in .* of RLeaky: NIR does not say that what is"),
        ({"neuron": "adaptive"}, "lif_in .* of AdaptiveLeaky: NIR has no"),
        ({"neuron": "resonator"}, "lif_in .* of Resonator: NIR has no"),
        ({"neuron": "lstm"}, "lif_in .* of SpikingLSTM: NIR has no gates"),
    ],
)
def test_the_networks_of_the_book_are_refused_as_they_begin(options, message):
    with pytest.raises(ValueError, match=message):
        to_nir(SpikingRegressor(4, seed=0, **options))


def test_dendrites_are_refused():
    model = network()
    begun = SpikingRegressor(8, 2, 2, seed=0, readout="dendrites")
    model.fc_out, model.li_out = begun.fc_out, begun.li_out
    with pytest.raises(ValueError, match=r"li_out .* of Dendrites: NIR has no filter"):
        to_nir(model)


def test_other_models_are_refused():
    class Doubled(SpikingRegressor):
        def forward(self, features):
            return 2 * super().forward(features)

    for model, name in ((nn.Linear(1, 1), "Linear"), (Doubled(4), "Doubled")):
        with pytest.raises(TypeError, match=f"must be a SpikingRegressor, not {name}$"):
            to_nir(model)


@pytest.mark.parametrize("dt", [0, -1e-3, float("nan"), float("inf")])
def test_a_step_takes_time(dt):
    for call, given in ((to_nir, network()), (from_nir, to_nir(network()))):
        with pytest.raises(ValueError, match="dt must be a positive finite number"):
            call(given, dt=dt)
