"""Networks in fixed point: whole numbers give the same spikes."""

import numpy as np
import pytest
import snntorch as snn
import torch
from torch import nn

from spikereg import SpikingRegressor, scan
from spikereg._fixed import Fixed, FixedLeaky, FixedRLeaky, decay_of, turned
from spikereg.quantize import quantize
from spikereg.tanks import TankDataset

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

TANKS = TankDataset(30, 40, seed=0)


def network(seed=0, hidden=12, **options):
    return SpikingRegressor(hidden, seed=seed, **options)


def whole(values, part):
    """Return what a part has rounded as whole numbers; they are such."""
    numbers = part(values.detach()).double() * 2.0**part.shift
    assert (numbers == numbers.round()).all()
    assert part.low <= numbers.min() <= numbers.max() <= part.high
    return numbers.numpy().astype(np.int64)


def halves_to_even(numbers, shift):
    """Divide whole numbers by 2 ** shift, and round as IEEE does."""
    floor = numbers >> shift
    rest = numbers - (floor << shift)
    half = 1 << shift >> 1
    up = (rest > half) | ((rest == half) & (floor % 2 == 1)) if shift else rest > 0
    return floor + up


def in_integers(model, features):
    """Run a LIF network in 64-bit integers: add, shift, compare."""
    places = model.fc_in.inputs.shift
    signal = whole(features, model.fc_in.inputs)
    spikes, membranes = {}, {}
    names = ("lif_in", "lif_hidden", "li_out")
    for name, (fc, lif) in zip(names, model.layers(), strict=True):
        grid, bits = lif.membrane.shift, lif.decay.shift
        weight, bias = whole(fc.weight, fc.weights), whole(fc.bias, fc.biases)
        theta = whole(lif.threshold.expand(len(weight)), lif.membrane)
        decay = whole(lif.beta.detach().expand(len(weight)), lif.decay)
        fine = max(bits + grid, fc.weights.shift + places, fc.biases.shift, grid)
        u = np.zeros((*signal.shape[1:-1], len(weight)), np.int64)
        fired, potentials = [], []
        for x in signal:
            total = (u * decay) << fine - bits - grid
            total += (x @ weight.T) << fine - fc.weights.shift - places
            total += bias << fine - fc.biases.shift
            if lif.reset_mechanism == "subtract":
                total -= ((u > theta) * theta) << fine - grid
            u = halves_to_even(total, fine - grid)
            u = u.clip(lif.membrane.low, lif.membrane.high)
            fired.append(u > theta)
            potentials.append(u)
        signal, places = np.stack(fired).astype(np.int64), 0
        spikes[name] = signal
        membranes[name] = np.stack(potentials) * 2.0**-grid
    return spikes, membranes


@pytest.mark.parametrize(
    ("bits", "dtype"),
    [
        ((8, 8), torch.float32),
        ((6, 6), torch.float32),
        ((4, 4), torch.float32),
        ((4, 16), torch.float32),
        ((16, 4), torch.float64),
        ((16, 16), torch.float64),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_whole_numbers_give_the_same_spikes_and_membranes(bits, dtype, seed):
    features = TANKS.features.to(dtype)
    model = quantize(network(seed).to(dtype), features, *bits)
    with torch.no_grad():
        trace = model.trace(features)
    spikes, membranes = in_integers(model, features)
    for name, each in trace.spikes.items():
        assert 0.01 < each.mean() < 0.98  # neither silent nor always firing
        assert (each.numpy() == spikes[name]).all()
    for name, each in trace.membrane.items():
        assert (each.double().numpy() == membranes[name]).all()


def test_a_number_becomes_the_nearest_on_the_grid_and_saturates():
    fixed = Fixed(4)
    fixed.shift = 2
    values = torch.tensor([0.3, 0.124, 0.375, -0.625, 1.7, 1.9, 50.0, -2.0, -2.3])
    expected = torch.tensor([0.25, 0.0, 0.5, -0.5, 1.75, 1.75, 1.75, -2.0, -2.0])
    assert torch.equal(fixed(values), expected)


def test_gradients_pass_the_rounding_but_not_a_saturated_number():
    fixed = Fixed(4)
    fixed.shift = 2
    values = torch.tensor([0.3, -1.1, 3.0, -3.0], requires_grad=True)
    fixed(values).sum().backward()
    assert values.grad.tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
@pytest.mark.parametrize("recurrent", [False, True])
def test_a_step_is_that_of_snntorch_with_its_state_rounded(recurrent, reset):
    draw = torch.Generator().manual_seed(0)
    grid = Fixed(6)
    grid.shift = 3
    options = {"reset_mechanism": reset, "state_quant": grid}
    options["threshold"] = torch.randint(1, 12, (9,), generator=draw) / 8
    beta = torch.randint(0, 2**12 + 1, (9,), generator=draw) / 2**12
    beta[0] = 1  # the largest there is
    parts = {"membrane": grid, "decay": decay_of(12)}
    if recurrent:
        plain = snn.RLeaky(beta, linear_features=9, **options)
        weights = torch.randint(-9, 9, (9, 9), generator=draw) / 8
        plain.recurrent.weight.data.copy_(weights)
        nn.init.zeros_(plain.recurrent.bias)
        fixed = turned(plain, FixedRLeaky, **parts)
    else:
        plain = snn.Leaky(beta, **options)
        fixed = turned(plain, FixedLeaky, **parts)
    current = torch.randint(-40, 48, (60, 5, 9), generator=draw) / 8
    for ours, theirs in zip(scan(fixed, current), scan(plain, current), strict=True):
        assert torch.equal(ours, theirs)
    ends = [end.item() for end in scan(fixed, current)[1].aminmax()]
    assert ends == [-32 / 8, 31 / 8]  # where it saturates


@pytest.mark.parametrize("readout", ["membrane", "dendrites"])
def test_a_decay_of_one_keeps_all_and_none_is_larger(readout):
    model = network(readout=readout)
    last = model.li_out.poles if readout == "dendrites" else model.li_out
    answers, few = [], TANKS.features[:20, :8]
    for beta in (1.0, 1.3):
        for neuron in (model.lif_in, model.lif_hidden, last):
            nn.init.constant_(neuron.beta, beta)
        made = quantize(model, few, 8, 10)
        assert whole(made.lif_in.beta.clamp(0, 1), made.lif_in.decay).max() == 2**12
        with torch.no_grad():
            answers.append(made(few))
    assert torch.equal(*answers)


def test_a_resonator_turns_by_rounded_numbers():
    model = quantize(network(neuron="resonator"), TANKS.features, 8, 6)
    layer = model.lif_in
    with torch.no_grad():
        current = model.fc_in(TANKS.features)
        _, swung = scan(layer, current)
    places, grid = layer.decay.shift, layer.membrane.shift
    back = layer.recurrent
    cos, sin = (
        whole(layer.beta * turn(layer.omega), layer.decay)
        for turn in (torch.cos, torch.sin)
    )
    theta = whole(layer.threshold, layer.membrane)
    weight = whole(back.weight, back.weights)
    fine = 30
    x = (current.double() * 2.0**fine).numpy().astype(np.int64)
    u = q = np.zeros(x.shape[1:], np.int64)
    for now, expected in zip(x, swung, strict=True):
        fired = (u > theta).astype(np.int64)
        fed = (fired @ weight.T) << fine - back.weights.shift
        kept = u - fired * theta
        total = ((cos * kept - sin * q) << fine - places - grid) + now + fed
        q = halves_to_even(sin * kept + cos * q, places)
        u = halves_to_even(total, fine - grid)
        u, q = (n.clip(layer.membrane.low, layer.membrane.high) for n in (u, q))
        assert (u * 2.0**-grid == expected.numpy()).all()


def test_the_layers_are_walked_step_by_step():
    layer = quantize(network(), TANKS.features).lif_in
    with pytest.raises(ValueError, match="update of its own"):
        scan(layer, torch.zeros(2, 3, 12), backend="cpu")
