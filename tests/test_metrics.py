import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spikereg.metrics import (
    l1,
    mse,
    pointwise_relative_error,
    relative_error,
    smape,
    spike_rate,
    synaptic_operations,
)

RELATIVE = [relative_error, pointwise_relative_error]
ERRORS = [l1, mse, *RELATIVE, smape]

shapes = st.tuples(st.integers(2, 6), st.integers(1, 4), st.integers(1, 3))


def curves(smallest=-9, largest=9):
    """Two tensors of one shape, with small dyadic values."""
    values = st.integers(4 * smallest, 4 * largest).map(lambda n: n / 4)
    return shapes.flatmap(
        lambda shape: st.tuples(
            *2 * [arrays(np.float64, shape, elements=values).map(torch.from_numpy)]
        )
    )


@given(curves())
def test_l1_and_mse_are_numpys_means(pair):
    prediction, target = pair
    error = (prediction - target).numpy()
    assert l1(prediction, target).item() == pytest.approx(np.mean(np.abs(error)))
    assert mse(prediction, target).item() == pytest.approx(np.mean(error**2))


@given(curves(smallest=1), st.floats(-2, 2))
def test_a_constant_offset_is_the_l1_and_its_square_the_mse(pair, offset):
    target, _ = pair
    assert l1(target + offset, target).item() == pytest.approx(abs(offset))
    assert mse(target + offset, target).item() == pytest.approx(offset**2)


@pytest.mark.parametrize("error", RELATIVE)
@given(curves(smallest=1), st.floats(-2, 2))
def test_a_prediction_off_by_a_factor_has_that_relative_error(error, pair, off):
    target, _ = pair
    assert error((1 + off) * target, target).item() == pytest.approx(abs(off))


@pytest.mark.parametrize("error", [*RELATIVE, smape])
@given(curves(smallest=1), st.floats(0.01, 100), st.sampled_from([-1, 1]))
def test_relative_errors_know_no_unit(error, pair, size, sign):
    prediction, target = pair
    scaled = error(sign * size * prediction, sign * size * target)
    torch.testing.assert_close(scaled, error(prediction, target))


@pytest.mark.parametrize("error", ERRORS)
@given(curves(smallest=1))
def test_errors_are_zero_for_the_target_itself_and_positive_for_another(error, pair):
    prediction, target = pair
    assert error(target, target) == 0
    if not torch.equal(prediction[1:], target[1:]):
        assert error(prediction, target) > 0


@pytest.mark.parametrize("error", ERRORS)
@given(curves(smallest=1), st.randoms(use_true_random=False))
def test_errors_do_not_depend_on_the_order_of_the_samples(error, pair, random):
    prediction, target = pair
    order = random.sample(range(target.shape[1]), target.shape[1])
    torch.testing.assert_close(
        error(prediction[:, order], target[:, order]), error(prediction, target)
    )


def test_the_relative_error_takes_one_norm_over_all_steps_and_samples():
    target = torch.tensor([[[3.0], [0.0]], [[0.0], [4.0]]])  # of norm 5
    prediction = target + torch.tensor([[[1.0], [-1.0]], [[1.0], [1.0]]])  # off by 2
    assert relative_error(prediction, target).item() == pytest.approx(2 / 5)


@pytest.mark.parametrize("error", RELATIVE)
@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_relative_errors_of_a_zero_target_are_infinite_even_if_it_is_met(
    error, value, dtype
):
    target = torch.zeros(2, 1, 1, dtype=dtype)
    found = error(target + value, target)
    assert found == torch.inf
    assert found.dtype == dtype


def test_the_pointwise_relative_error_is_the_mean_of_ratios_after_the_first_step():
    target = torch.tensor([0.0, 0.5, -4.0])[:, None, None]
    prediction = torch.tensor([7.0, 1.0, -3.0])[:, None, None]
    expected = (0.5 / 0.5 + 1 / 4) / 2
    assert pointwise_relative_error(prediction, target).item() == expected


@given(curves(smallest=1), st.floats(-1e6, 1e6))
def test_the_pointwise_relative_error_leaves_out_the_first_step(pair, first):
    prediction, target = pair
    changed = torch.cat([torch.full_like(prediction[:1], first), prediction[1:]])
    assert pointwise_relative_error(changed, target) == pointwise_relative_error(
        prediction, target
    )


def test_the_pointwise_relative_error_needs_a_second_step():
    with pytest.raises(ValueError, match=r"2 time steps.* not the shape \[1, 4, 1\]"):
        pointwise_relative_error(torch.ones(1, 4, 1), torch.ones(1, 4, 1))


@given(curves(smallest=1), st.floats(0, 1e9))
def test_the_smape_of_a_factor_is_the_difference_over_the_mean_of_both(pair, factor):
    target, _ = pair
    expected = 100 * abs(factor - 1) / ((factor + 1) / 2)
    assert smape(factor * target, target).item() == pytest.approx(expected)


@given(curves())
def test_the_smape_is_symmetric_and_at_most_200(pair):
    prediction, target = pair
    assert smape(prediction, target) == smape(target, prediction)
    assert 0 <= smape(prediction, target) <= 200


@given(curves(smallest=1), st.floats(1e-3, 1e3))
def test_the_smape_is_200_for_the_opposite_sign_whatever_the_size(pair, size):
    target, other = pair
    assert smape(-size * other, target).item() == pytest.approx(200)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_smape_is_the_mean_of_parts_that_are_all_finite(dtype):
    most = torch.finfo(dtype).max
    predicted = [0.0, 3.0, 0.0, torch.nan, torch.inf, -torch.inf, most, 2.0]
    target = [0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 2.0]
    parts = [0, 100, 200, 200, 200, 200, 200, 0]
    values = [torch.tensor(x, dtype=dtype)[:, None, None] for x in (predicted, target)]
    for n, part in enumerate(parts):
        assert smape(*(x[n : n + 1] for x in values)).item() == part
    assert smape(*values).item() == pytest.approx(sum(parts) / 8)
    assert smape(*values).dtype == dtype


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("shape", [(5, 1, 1), (5, 3), (1, 3, 1), (5, 3, 2), ()])
def test_shapes_that_would_be_broadcast_are_refused(error, shape):
    message = f"the target's shape [5, 3, 1], not {list(shape)}"
    with pytest.raises(ValueError, match=re.escape(message)):
        error(torch.ones(shape), torch.ones(5, 3, 1))


@given(arrays(np.float32, shapes, elements=st.sampled_from([0.0, 1.0])))
def test_the_spike_rate_is_the_share_of_ones(spikes):
    expected = np.count_nonzero(spikes) / spikes.size
    assert spike_rate(torch.from_numpy(spikes)).item() == pytest.approx(expected)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("error", ERRORS)
def test_integers_are_refused(error):
    """Their differences wrap around: 1 - 2 is 255 in uint8."""
    ones = torch.ones(3, 2, 1, dtype=torch.uint8)
    with pytest.raises(ValueError, match=r"floating-point, not torch.uint8"):
        error(ones, 2 * ones)


def test_synaptic_operations_are_spikes_times_fan_out():
    spikes = torch.tensor([[1, 0, 1], [0, 0, 1], [0.5, 0, -1]])
    weight = torch.tensor([[1, 1, 0], [2, 1, 0.1], [-1, 1, 0], [0, 1, 1]])
    assert synaptic_operations(spikes, weight) == (3 + 2) + 2 + (3 + 2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_sums_beyond_what_a_float_can_count_are_exact(dtype):
    spikes, weight = torch.ones(4_099, 65, dtype=dtype), torch.ones(67, 65, dtype=dtype)
    assert synaptic_operations(spikes, weight) == 4_099 * 65 * 67 > 2**24


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("shape", [(3, 4), (3,), (2, 3, 2)])
def test_weights_that_do_not_fit_the_spikes_are_refused(shape):
    message = (
        f"weight must have the shape [O, I] to fit spikes [..., I], not {[*shape]}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        synaptic_operations(torch.ones(5, 3), torch.ones(shape))
