"""What the spiking filter refuses."""

import math

import pytest
import torch

from spikereg import SpikingFilter


def batch(features=1, outputs=1, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(40, 60, features, generator=generator, dtype=dtype)
    return x, torch.zeros(40, 60, outputs, dtype=dtype)


@pytest.fixture
def unchanged():
    """Serve a filter that has measured, and fail if the test changes it."""
    model = SpikingFilter(8)
    model.measure([batch()])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    yield model
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 1}, "hidden must be .* at least 2, not 1"),
        ({"hidden": 8.0}, r"hidden must be .* not 8\.0"),
        ({"num_inputs": 0}, "num_inputs must be .* not 0"),
        ({"num_outputs": True}, "num_outputs must be .* not True"),
        ({"taps": -1}, "taps must be .* at least 0, not -1"),
        ({"taus": ()}, r"taus must be at least one number, not \(\)"),
        ({"taus": (2.0, 0.0)}, r"taus must be a positive .* not 0\.0"),
        ({"taus": (math.inf,)}, "taus must be a positive .* not inf"),
        ({"periods": []}, r"periods must be at least one number, not \[\]"),
        ({"periods": (8.0, 1.5)}, r"periods must be .* not 1\.5"),
        ({"periods": (math.nan,)}, "periods must be .* not nan"),
        ({"periods": (-math.inf,)}, "periods must be .* not -inf"),
    ],
)
def test_bad_arguments_are_named_with_their_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpikingFilter(**arguments)


def test_a_feature_that_does_not_vary_is_refused(unchanged):
    with pytest.raises(ValueError, match=r"vary, not be 0\.5 always, as feature 0 is"):
        unchanged.measure([(torch.full((40, 60, 1), 0.5), batch()[1])])
    features, labels = batch(features=2)
    features[..., 1] = -3
    with pytest.raises(ValueError, match=r"not be -3\.0 always, as feature 1 is"):
        SpikingFilter(8, 2).measure([(features, labels)])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("shape", [(12, 3, 2), (12, 1), (12,)])
def test_features_of_another_shape_are_refused(shape):
    for run in (SpikingFilter(8), SpikingFilter(8).trace):
        with pytest.raises(ValueError, match=rf"with F = 1, not \[{shape[0]}"):
            run(torch.rand(shape))


@pytest.mark.parametrize("what", ["measure", "solve"])
@pytest.mark.parametrize(
    ("batches", "message"),
    [
        ([], "at least one batch"),
        ([batch(), batch(features=2)], r"with F = 1, not \[40, 60, 2\]"),
        ([batch(outputs=2)], r"labels must have the shape \[40, 60, 1\] .* 60, 2\]"),
        ([(batch()[0], torch.zeros(60, 40, 1))], r"labels must .* not \[60, 40, 1\]"),
        ([batch(dtype=torch.float64)], r"features must be torch\.float32"),
    ],
)
def test_batches_that_do_not_fit_are_refused(unchanged, what, batches, message):
    with pytest.raises(ValueError, match=message):
        getattr(unchanged, what)(batches)
