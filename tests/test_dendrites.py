"""The readout of damped oscillators, against complex numbers."""

import pytest
import torch

from spikereg import Dendrites


def current(width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(40, 3, width, generator=generator, dtype=torch.float64)


def by_hand(dendrites, current):
    """Filter by complex poles and read out by complex coefficients."""
    poles, fc = dendrites.poles, dendrites.fc
    beta, width = poles.beta.clamp(0, 1), poles.width
    pole = torch.polar(beta, poles.omega.clamp(0, torch.pi))
    coefficients = torch.complex(fc.weight[:, :width], fc.weight[:, width:])
    z = torch.zeros(current.shape[1:]).to(pole)
    outputs = []
    for i in current:
        z = pole * z + (1 - beta) * i
        outputs.append((z @ coefficients.conj().T).real + fc.bias)
    return torch.stack(outputs)


@pytest.mark.parametrize(("width", "outputs"), [(1, 1), (6, 2)])
def test_the_prediction_and_its_gradients_are_those_of_the_complex_filter(
    width, outputs
):
    dendrites = Dendrites(width, outputs, seed=0).double()
    x = current(width).requires_grad_()
    inputs = [x, *dendrites.parameters()]
    found = []
    for run in (dendrites, lambda x: by_hand(dendrites, x)):
        prediction = run(x)
        assert prediction.shape == (40, 3, outputs)
        gradients = torch.autograd.grad(prediction.square().sum(), inputs)
        found.append((prediction, *gradients))
    for actual, expected in zip(*found, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-9)
        assert actual.abs().sum() > 0


def test_it_is_linear_and_sends_no_spikes():
    dendrites = Dendrites(4, seed=0).double()
    x, nothing = current(4), torch.zeros(40, 3, 4).double()
    rest = dendrites(nothing)
    assert (rest == dendrites.fc.bias).all()
    torch.testing.assert_close(dendrites(100 * x) - rest, 100 * (dendrites(x) - rest))


def test_numbers_that_left_their_range_are_clamped():
    dendrites, x = Dendrites(2, seed=0).double(), current(2)
    with torch.no_grad():
        dendrites.poles.beta.copy_(torch.tensor([1.5, -0.5]))
        dendrites.poles.omega.copy_(torch.tensor([-1.0, 4.0]))
        torch.testing.assert_close(dendrites(x), by_hand(dendrites, x))


@pytest.mark.usefixtures("global_rng_stays")
def test_a_seed_reproduces_it_and_the_world_is_not_moved():
    def drawn(seed):
        return [p.detach() for p in Dendrites(5, seed=seed).parameters()]

    assert all(map(torch.equal, drawn(1), drawn(1)))
    assert not any(map(torch.equal, drawn(1), drawn(2)))
    assert not any(map(torch.equal, drawn(None), drawn(None)))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("width", ["width", "num_outputs"])
@pytest.mark.parametrize("value", [0, 2.0, True])
def test_a_bad_width_is_named_with_its_value(width, value):
    with pytest.raises(ValueError, match=f"{width} must be .* not {value!r}"):
        Dendrites(**{"width": 2} | {width: value})
