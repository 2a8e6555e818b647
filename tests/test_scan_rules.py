"""What the compiled walk cannot run: it is named, and left to the neuron's own step."""

import sys
import warnings

import pytest
import snntorch as snn
import torch
from layers import MAKERS, same_bits, step_by_step
from snntorch import surrogate
from torch import nn

from spikereg import AdaptiveLeaky, PlasticPair, Resonator, SpikingLSTM, scan
from spikereg.neurons import kind_of


class Doubles(snn.Leaky):
    def fire(self, mem):
        return 2 * super().fire(mem)


class Echoes(snn.RLeaky):
    def forward(self, input_, spk=None, mem=None):
        return super().forward(input_, spk, mem + spk)


class Tires(AdaptiveLeaky):
    def forward(self, current, adaptation, membrane):
        return super().forward(current / 2, adaptation, membrane)


class Stiff(Resonator):
    def forward(self, current, quadrature, membrane):
        return super().forward(current / 2, quadrature, membrane)


class Shy(SpikingLSTM):
    def forward(self, current, cell, membrane):
        return super().forward(current / 2, cell, membrane)


class Tough(PlasticPair):
    def forward(self, current, stress, membrane):
        return super().forward(current / 2, stress, membrane)


class Weighs(nn.Linear):
    def forward(self, spikes):
        return 2 * super().forward(spikes)


def hooked():
    neuron = snn.Leaky(beta=0.5)
    neuron.register_forward_hook(lambda *_: None)
    return neuron


def hooked_inside():
    neuron = Resonator(3, recurrent=True, seed=0)
    neuron.recurrent.register_forward_hook(lambda *args: 2 * args[-1])
    return neuron


def of_another_recurrence(neuron):
    neuron.recurrent = Weighs(3, neuron.recurrent.out_features)
    return neuron


def recurrent(kind=snn.RLeaky, **options):
    return kind(beta=0.5, linear_features=3, **options)


def learned():
    width = nn.Parameter(torch.tensor(2.0))
    return snn.Leaky(beta=0.5, spike_grad=lambda x: (x > 0).float() * width / 2)


def quantized(membrane):
    return (membrane * 4).round() / 4


ALONE = r"a surrogate that is none of snnTorch's"


@pytest.mark.parametrize(
    ("make", "feature"),
    [
        (lambda: snn.Leaky(beta=0.5, state_quant=quantized), "state_quant"),
        (lambda: snn.Leaky(beta=0.5, reset_delay=False), "reset_delay=False"),
        (lambda: recurrent(reset_delay=False), "reset_delay=False"),
        (lambda: snn.Leaky(beta=0.5, graded_spikes_factor=2.0), "graded_spikes_factor"),
        (lambda: Doubles(beta=0.5), r"an update of its own \(Doubles\)"),
        (lambda: recurrent(Echoes), r"an update of its own \(Echoes\)"),
        (lambda: Tires(3, seed=0), r"an update of its own \(Tires\)"),
        (lambda: Stiff(3, seed=0), r"an update of its own \(Stiff\)"),
        (lambda: Shy(3, seed=0), r"an update of its own \(Shy\)"),
        (lambda: Tough(3), r"an update of its own \(Tough\)"),
        (hooked, "hooks"),
        (hooked_inside, "hooks"),
        (lambda: of_another_recurrence(recurrent()), "a recurrence by Weighs"),
        (
            lambda: of_another_recurrence(AdaptiveLeaky(3, recurrent=True, seed=0)),
            "a recurrence by Weighs",
        ),
        (
            lambda: of_another_recurrence(SpikingLSTM(3, seed=0)),
            "a recurrence by Weighs",
        ),
        (learned, ALONE),
        (lambda: snn.Leaky(beta=0.5, spike_grad=lambda x: (x >= 0).float()), ALONE),
        (lambda: snn.Leaky(beta=0.5, surrogate_disable=True), ALONE),
        (lambda: snn.Leaky(beta=0.5, spike_grad=surrogate.SSO()), ALONE),
    ],
)
def test_what_it_cannot_do_is_named_and_left_to_the_reference(make, feature):
    neuron = make()
    gates = kind_of(neuron).GATES
    current = torch.ones(9, 2, 3 * gates)  # a Leaky meets the threshold at once
    with pytest.raises(ValueError, match=f'"cpu" cannot run a neuron with {feature}'):
        scan(neuron, current, backend="cpu")
    expected = scan(neuron, current, backend="reference")
    assert all(map(same_bits, scan(neuron, current), expected))


class Renamed(snn.Leaky):
    pass


def test_a_subclass_is_run_by_its_own_step_even_if_that_is_inherited():
    with pytest.raises(ValueError, match=r"an update of its own \(Renamed\)"):
        scan(Renamed(beta=0.5), torch.ones(3, 1, 1), backend="cpu")
    assert scan(Renamed(beta=0.5), torch.ones(3, 1, 1))[1][-1] == 0.75


@pytest.mark.parametrize(
    "neuron",
    [snn.DeltaLeaky(beta=0.5), snn.Synaptic(0.5, 0.5), snn.SLSTM(1, 1), nn.Identity()],
)
@pytest.mark.parametrize("backend", ["auto", "reference", "cpu"])
def test_other_neurons_are_refused_by_name(neuron, backend):
    message = f"one of Leaky, .*PlasticPair, not {type(neuron).__name__}: scan does not"
    with pytest.raises(TypeError, match=message):
        scan(neuron, torch.ones(3, 1, 1), backend=backend)


def test_inhibition_is_left_to_the_reference():
    with pytest.warns(UserWarning, match="Inhibition"):
        neuron = snn.Leaky(beta=0.5, inhibition=True)
    with pytest.raises(ValueError, match="inhibition"):
        scan(neuron, torch.ones(3, 2, 2), backend="cpu")
    assert scan(neuron, torch.ones(3, 2, 2))[0].sum() > 0


@pytest.mark.parametrize("make", [lambda: snn.Leaky(0.5), lambda: Resonator(1, seed=0)])
def test_half_precision_is_left_to_the_reference(make):
    neuron, current = make().half(), torch.ones(3, 1, 1).half()
    with pytest.raises(ValueError, match=r"data type torch\.float16"):
        scan(neuron, current, backend="cpu")
    assert scan(neuron, current)[0].dtype == torch.float16


def test_a_float64_threshold_that_snntorch_rounds_is_left_to_the_reference():
    threshold, current = torch.tensor(0.3).double(), torch.ones(4, 1, 1).double()
    neuron = snn.Leaky(beta=0.5, threshold=threshold + 1e-9)
    with pytest.raises(ValueError, match=r"a float64 threshold of shape \[\]"):
        scan(neuron, current, backend="cpu")
    expected = step_by_step(neuron, current, torch.zeros(1, 1).double())
    assert all(map(same_bits, scan(neuron, current), expected))


def test_without_its_reset_a_float64_threshold_is_not_rounded():
    threshold = torch.tensor(0.3).double() + 1e-9
    neuron = snn.Leaky(beta=0.5, threshold=threshold, reset_mechanism="none")
    current = torch.full((4, 1, 2), 0.3).double()
    expected = step_by_step(neuron, current, torch.zeros(1, 2).double())
    assert all(map(same_bits, scan(neuron, current, backend="cpu"), expected))


def winner_takes_all(above):
    return (above > 0).float() * (above == above.amax(dim=1, keepdim=True)).float()


@pytest.mark.parametrize(
    "spike_grad",
    [winner_takes_all, surrogate.atan(torch.tensor([2.0, 3.0]))],
)
@pytest.mark.parametrize("batch", [1, 3])
def test_a_surrogate_that_looks_at_the_whole_layer_is_right(spike_grad, batch):
    neuron = snn.Leaky(beta=0.5, threshold=0.3, spike_grad=spike_grad)
    generator = torch.Generator().manual_seed(0)
    current = torch.rand(5, batch, 2, generator=generator, requires_grad=True)
    found = []
    for backend in ("auto", "reference"):
        outputs = scan(neuron, current, backend=backend)
        loss = sum(out.sum() for out in outputs)
        found.append((*outputs, *torch.autograd.grad(loss, current)))
    for actual, expected in zip(*found, strict=True):
        torch.testing.assert_close(actual, expected)


MADE = {
    snn.Leaky: lambda: snn.Leaky(beta=0.5),
    snn.RLeaky: lambda: recurrent(),
    AdaptiveLeaky: lambda: AdaptiveLeaky(3, seed=0),
    Resonator: lambda: Resonator(3, seed=0),
    SpikingLSTM: lambda: SpikingLSTM(3, seed=0),
    PlasticPair: lambda: PlasticPair(3),
}


@pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.__name__)
def test_another_device_is_left_to_the_reference_which_says_so_once(kind):
    sys.modules["spikereg.scan"]._say_that_it_is_slow.cache_clear()
    neuron = MADE[kind]().to("meta")
    current = torch.rand(4, 2, 3 * kind_of(neuron).GATES, device="meta")
    with pytest.raises(ValueError, match="tensors on meta"):
        scan(neuron, current, backend="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # who asks for the reference knows
        scan(neuron, current, backend="reference")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(2):
            assert scan(neuron, current)[1].shape == (4, 2, 3)
    assert ["on meta step by step" in str(each.message) for each in seen] == [True]
