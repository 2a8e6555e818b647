"""Constants found by spikes; what a model of the law refuses; how it is kept."""

import copy
import math
import pickle

import pytest
import torch
from small import ragged
from snntorch import surrogate
from test_return_mapping import model, strains

from spikereg import (
    MaterialDataset,
    ReturnMapping,
    SpikingReturnMapping,
    evaluate,
    fit,
    make_loader,
)
from spikereg.scan.surrogates import surrogate_of

BOTH = [ReturnMapping, SpikingReturnMapping]
each_kind = pytest.mark.parametrize("kind", BOTH, ids=lambda kind: kind.__name__)


def loss_of(made, strain, truth):
    return (made(strain) - truth).square().mean()


@pytest.mark.parametrize("name", ["stiffness", "yield_stress", "hardening"])
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_gradients_of_spikes_point_where_differences_of_the_law_do(name, factor):
    """One constant is wrong: its logarithm is to rise, or to fall."""
    strain = strains(100, 32)
    truth = ReturnMapping().double()(strain).detach()
    right = {"stiffness": 7.0, "yield_stress": 1.0, "hardening": 0.07}
    place = list(right).index(name)
    wrong = right | {name: factor * right[name]}
    ends = [
        loss_of(ReturnMapping(**right | {name: each}).double(), strain, truth).item()
        for each in (0.99 * wrong[name], 1.01 * wrong[name])
    ]
    difference = (ends[1] - ends[0]) / (math.log(1.01) - math.log(0.99))
    made, law = model(**wrong), ReturnMapping(**wrong).double()
    for each in (made, law):
        loss_of(each, strain, truth).backward()
        assert each.logarithms.grad.isfinite().all()
        assert (each.logarithms.grad != 0).all()
    assert law.logarithms.grad[place].item() == pytest.approx(difference, rel=0.02)
    assert made.logarithms.grad[place].sign().item() == math.copysign(1, difference)


@pytest.mark.parametrize("kind", BOTH)
def test_the_slope_by_an_elastic_strain_is_the_stiffness(kind):
    strain = torch.full((5, 2, 1), 0.01, requires_grad=True)
    (slope,) = torch.autograd.grad(kind()(strain)[-1].sum(), strain)
    last = torch.zeros(5, 2, 1)
    last[-1] = 7
    torch.testing.assert_close(slope, last, atol=0.3, rtol=0)


@each_kind
def test_it_learns_and_is_evaluated_as_any_model(kind):
    loader = make_loader(MaterialDataset("plastic", 40, 48, seed=0), 16)
    made = kind(stiffness=4.0, yield_stress=0.6, hardening=0.2)
    before = evaluate(made, loader)
    history = fit(made, loader, 6, 0.1, recipe="accurate", progress=False)
    after = evaluate(made, loader)
    assert len(history.loss) == 6
    assert after.mse < 0.1 * before.mse
    stiffness, limit, _ = (each.item() for each in made.constants)
    assert stiffness == pytest.approx(7, rel=0.15)
    assert limit == pytest.approx(1, rel=0.15)
    if kind is ReturnMapping:
        assert after.spike_rate is None
    else:
        assert 0 < after.spike_rate < 1


def test_the_exact_law_makes_no_error_on_its_own_data():
    loader = make_loader(MaterialDataset("plastic", 40, 48, seed=0), 16)
    assert evaluate(ReturnMapping(), loader).l1 < 1e-5
    assert evaluate(SpikingReturnMapping(), loader).l1 < 0.05


# Data types and shapes


@each_kind
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_stress_is_as_wide_as_the_strain(kind, dtype):
    strain = strains().to(dtype)
    for made in (kind(), kind().double()):
        stress = made(strain)
        assert stress.dtype == dtype
        assert stress.shape == (60, 8, 1)
        assert stress.requires_grad
    with torch.no_grad():
        assert not kind()(strain).requires_grad


def test_in_float64_thresholds_are_not_rounded_to_float32():
    """A bar that ends a hair below the first threshold does not fire, above it does."""
    made = SpikingReturnMapping(3, 0.7, substeps=1).double()
    stiffness, limit, _ = (each.item() for each in made.constants)
    edge = (limit + 0.7 / 6) / stiffness
    for factor, fires in ((1 - 1e-12, False), (1 + 1e-12, True)):
        strain = torch.full((1, 1, 1), factor * edge, dtype=torch.float64)
        assert made.trace(strain).spikes["pairs"].any().item() is fires


@each_kind
def test_an_empty_batch_has_an_empty_answer(kind):
    assert kind()(torch.zeros(5, 0, 1)).shape == (5, 0, 1)


def test_a_strain_is_left_as_it_was():
    strain = strains()
    before = strain.clone()
    model()(strain)
    assert torch.equal(strain, before)


# What is refused


@pytest.mark.usefixtures("unchecked")
@each_kind
@pytest.mark.parametrize("name", ["stiffness", "yield_stress", "hardening"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan, "1", None, True])
def test_a_constant_that_is_not_positive_is_named(kind, name, value):
    with pytest.raises(ValueError, match=f"{name} must be a positive .* not {value!r}"):
        kind(**{name: value})


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        *(({"pairs": bad}, f"pairs must be .* not {bad!r}") for bad in (0, -1, 2.0)),
        *(
            ({"quantum": bad}, f"quantum must be a positive .* not {bad!r}")
            for bad in (0.0, -0.1, math.inf, math.nan, "1", None)
        ),
        *(
            ({"substeps": bad}, f"substeps must be .* at least 1, not {bad!r}")
            for bad in (0, -1, 2.0, True, "1")
        ),
    ],
)
def test_a_bad_setting_is_named(changed, message):
    with pytest.raises(ValueError, match=message):
        SpikingReturnMapping(**changed)


@pytest.mark.usefixtures("unchecked")
def test_a_surrogate_that_is_none_is_named():
    with pytest.raises(TypeError, match=r"surrogate\.atan\(\), what"):
        SpikingReturnMapping(spike_grad=surrogate.atan)
    with pytest.raises(TypeError, match="must be a function, not 3"):
        SpikingReturnMapping(spike_grad=3)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("substeps", [None, 3])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_strain_that_is_no_number_is_named(substeps, value):
    strain = torch.zeros(5, 2, 1)
    strain[3, 1] = value
    with pytest.raises(ValueError, match=f"features must be finite.* not .*{value}"):
        SpikingReturnMapping(substeps=substeps)(strain)


@pytest.mark.usefixtures("unchecked")
def test_a_step_that_needs_too_many_substeps_is_named_with_what_helps():
    strain = torch.zeros(3, 1, 1)
    strain[1] = 1e4
    message = "at most 10,000 quanta .* not by 1.4e.06: take a larger quantum than 0.05"
    with pytest.raises(ValueError, match=message):
        SpikingReturnMapping()(strain)
    for made in (SpikingReturnMapping(substeps=2), SpikingReturnMapping(quantum=50.0)):
        assert made(strain).isfinite().all()


@pytest.mark.usefixtures("unchecked")
@each_kind
@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 2, 2), (4, 2, 0), (4, 2, 1, 1)])
def test_a_strain_of_another_shape_is_named(kind, shape):
    message = rf"\[T, B, F\] with F = 1, not \[{', '.join(map(str, shape))}\]"
    with pytest.raises(ValueError, match=message):
        kind()(torch.zeros(shape))


@pytest.mark.usefixtures("unchecked")
@each_kind
def test_a_strain_that_is_no_tensor_is_named(kind):
    with pytest.raises(TypeError, match=r"features must be a torch\.Tensor, not list"):
        kind()([0.1])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("substeps", [None, 3])
def test_a_strain_without_a_step_is_named(substeps):
    with pytest.raises(ValueError, match=r"features must .* one time step, not \[0, 2"):
        SpikingReturnMapping(substeps=substeps)(torch.zeros(0, 2, 1))


# How it is kept


def saved(made):
    return pickle.loads(pickle.dumps(made))


@each_kind
@pytest.mark.parametrize("move", [copy.deepcopy, saved])
def test_a_model_is_the_same_when_it_is_copied_after_a_run(kind, move):
    made = kind(stiffness=5.0, yield_stress=0.8, hardening=0.3)
    loss_of(made, strains(), 0.0).backward()
    made.zero_grad()
    moved = move(made)
    for each in (made, moved):
        loss_of(each, strains(), 0.0).backward()
    assert torch.equal(made(strains()), moved(strains()))
    assert torch.equal(made.logarithms.grad, moved.logarithms.grad)


@pytest.mark.parametrize("move", [copy.deepcopy, saved])
def test_its_surrogate_moves_with_it(move):
    for spike in (None, surrogate.atan(3.0), surrogate.fast_sigmoid(7)):
        made = SpikingReturnMapping(spike_grad=spike)
        if spike is not None:
            assert surrogate_of(made.spike_grad)[:2] == surrogate_of(spike)[:2]
        moved = surrogate_of(move(made).spike_grad)
        assert moved[:2] == surrogate_of(made.spike_grad)[:2]


@each_kind
def test_bars_of_several_lengths_are_trained_on_under_a_mask(kind):
    (features, labels), *_ = ragged()
    mask = torch.ones(features.shape[:2], dtype=torch.bool)
    mask[7:, 0] = False
    batches = [(features, labels, mask)]
    made = kind()
    before = evaluate(made, batches).mse
    fit(made, batches, 4, 0.1, progress=False)
    assert evaluate(made, batches).mse < before
