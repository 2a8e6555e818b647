"""What the compiled loop cannot run: it is named, and left to snnTorch's own loop."""

import pytest
import snntorch as snn
import torch
from snntorch import surrogate
from test_scan import step_by_step
from test_scan_cpu import same_bits

from spikereg import scan


class Doubles(snn.Leaky):
    def fire(self, mem):
        return 2 * super().fire(mem)


class KeepsTheUpdate(snn.Leaky):
    pass


def hooked():
    neuron = snn.Leaky(beta=0.5)
    neuron.register_forward_hook(lambda *_: None)
    return neuron


def patched():
    neuron = snn.Leaky(beta=0.5)
    neuron.fire = lambda membrane: 2 * snn.Leaky.fire(neuron, membrane)
    return neuron


def learned():
    width = torch.nn.Parameter(torch.tensor(2.0))
    return snn.Leaky(beta=0.5, spike_grad=lambda x: (x > 0).float() * width / 2)


def quantized(membrane):
    return (membrane * 4).round() / 4


@pytest.mark.parametrize(
    ("make", "feature"),
    [
        (lambda: snn.Leaky(beta=0.5, state_quant=quantized), "state_quant"),
        (lambda: snn.Leaky(beta=0.5, reset_delay=False), "reset_delay=False"),
        (lambda: snn.Leaky(beta=0.5, graded_spikes_factor=2.0), "graded_spikes_factor"),
        (lambda: Doubles(beta=0.5), r"an update of its own \(Doubles\)"),
        (patched, r"an update of its own \(Leaky\)"),
        (hooked, "hooks"),
        (lambda: snn.Leaky(beta=0.5, spike_grad=surrogate.SSO()), "stochastic"),
        (learned, "a surrogate that is learned"),
        (
            lambda: snn.Leaky(beta=0.5, spike_grad=lambda x: (x >= 0).float()),
            r"a spike other than \[U > θ\]",
        ),
    ],
)
def test_what_it_cannot_do_is_named_and_left_to_the_reference(make, feature):
    current, neuron = torch.ones(9, 2, 3), make()  # meets the threshold at once
    with pytest.raises(ValueError, match=feature):
        scan(neuron, current, backend="cpu")
    expected = scan(neuron, current, backend="reference")
    assert all(map(same_bits, scan(neuron, current), expected))


def test_inhibition_is_left_to_the_reference():
    with pytest.warns(UserWarning, match="Inhibition"):
        neuron = snn.Leaky(beta=0.5, inhibition=True)
    with pytest.raises(ValueError, match="inhibition"):
        scan(neuron, torch.ones(3, 2, 2), backend="cpu")
    assert scan(neuron, torch.ones(3, 2, 2))[0].sum() > 0


def test_half_precision_is_left_to_the_reference():
    with pytest.raises(ValueError, match=r"data type torch\.float16"):
        scan(snn.Leaky(beta=0.5).half(), torch.ones(3, 1, 1).half(), backend="cpu")


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


shared_slope = surrogate.custom_surrogate(
    lambda above, gradient, spikes: gradient / (1 + above.abs().sum(1, keepdim=True))
)


@pytest.mark.parametrize(
    "spike_grad",
    [winner_takes_all, shared_slope, surrogate.atan(torch.tensor([2.0, 3.0]))],
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


def test_a_device_without_numbers_is_left_to_the_reference():
    neuron, current = snn.Leaky(beta=0.5).to("meta"), torch.rand(3, 1, 2, device="meta")
    with pytest.raises(ValueError, match="tensors on meta"):
        scan(neuron, current, backend="cpu")
    assert scan(neuron, current)[1].shape == (3, 1, 2)


def test_a_subclass_with_snntorchs_update_is_run():
    scan(KeepsTheUpdate(beta=0.5), torch.ones(3, 1, 1), backend="cpu")
