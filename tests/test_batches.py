"""What fit and evaluate both refuse."""

import functools
import math

import pytest
import torch
from small import line, network, ragged
from torch.utils.data import DataLoader

from spikereg import RegressionDataset, evaluate
from spikereg import fit as fit_with_bar

INF, NAN = math.inf, math.nan
fit = functools.partial(fit_with_bar, progress=False)


ones = torch.ones(4, 3, 1)


def ones_but(value, *place):
    changed = ones.clone()
    changed[place] = value
    return changed


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("run", [fit, evaluate])
@pytest.mark.parametrize("make", [network, line])
@pytest.mark.parametrize(
    ("batches", "error", "message"),
    [
        ([], ValueError, r"at least one batch an epoch, not none as \[\] did"),
        (ones, ValueError, "loader must yield .*, not a Tensor"),
        ([(ones,) * 4], ValueError, "loader must yield .*, not a tuple of 4"),
        ([(ones.numpy(), ones)], TypeError, "features must be .* not ndarray"),
        ([(ones, [1.0])], TypeError, "labels must be .* not list"),
        ([(ones[:, :0], ones[:, :0])], ValueError, r"features .* \[4, 0, 1\]"),
        (
            [(ones_but(NAN, 2, 1, 0), ones)],
            ValueError,
            r"features must be finite, not nan at \[t, b, f\] = \[2, 1, 0\]",
        ),
        (
            [(ones, ones), (ones, ones_but(-INF, 3, 2, 0))],
            ValueError,
            r"labels must be finite, not -inf at \[t, b, f\] = \[3, 2, 0\]",
        ),
        (
            [(ones, torch.ones(4, 3, 2))],
            ValueError,
            r"prediction must have .* \[4, 3, 2\], not \[4, 3, 1\]",
        ),
        ([(ones, ones[..., 0])], ValueError, r"labels .* \[4, 3\]"),
        (
            [(ones.double(), ones)],
            ValueError,
            r"features must be torch.float32, as .* not torch.float64: convert",
        ),
        ([(ones, ones.half())], ValueError, r"labels must be .* not torch.float16"),
        ([(ones.int(), ones)], ValueError, "features must be floating-point"),
        (
            [(ones, ones.bool())],
            ValueError,
            "labels must be floating-point",
        ),
    ],
)
def test_bad_batches_are_named_with_what_was_served(run, make, batches, error, message):
    with pytest.raises(error, match=message):
        run(make(), batches)


@pytest.mark.parametrize("run", [fit, evaluate])
@pytest.mark.parametrize("timesteps", [3, 12])
def test_a_loader_that_puts_the_batch_first_is_told_about_time_major(run, timesteps):
    data = RegressionDataset(timesteps, 10, seed=0)
    with pytest.raises(ValueError, match=r"must be time-major.* make_loader"):
        run(network(), DataLoader(data, batch_size=5))

    def batch_first(samples):
        return tuple(torch.stack(each) for each in zip(*samples, strict=True))

    if timesteps > 5:  # fewer steps than samples could be samples
        with pytest.raises(ValueError, match=r"at most 5 samples B.*not \[5, 12, 1\]"):
            run(network(), DataLoader(data, batch_size=5, collate_fn=batch_first))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("default", [torch.float32, torch.float64])
def test_data_of_the_models_type_are_served_whatever_the_default_is(dtype, default):
    model, loader = (
        network().to(dtype),
        [(x.to(dtype), y.to(dtype)) for x, y in ragged()],
    )
    torch.set_default_dtype(default)
    try:
        fit(model, loader, epochs=1)
        report = evaluate(model, loader)
    finally:
        torch.set_default_dtype(torch.float32)
    again = network().to(dtype)
    fit(again, loader, epochs=1)
    assert evaluate(again, loader) == report
    assert all(p.dtype == dtype for p in model.parameters())


def test_evaluation_takes_batches_of_one_length():
    batches = [(ones, ones), (ones[:3], ones[:3])]
    with pytest.raises(ValueError, match=r"as many time steps, not \[3, 4\]"):
        evaluate(network(), batches)
    assert len(fit(network(), batches, epochs=1).loss) == 1


@pytest.mark.parametrize("serve", [iter, lambda loader: (batch for batch in loader)])
def test_an_iterator_serves_one_epoch_and_the_second_says_why_it_cannot(serve):
    assert len(fit(network(), serve(ragged()), epochs=1).loss) == 1
    with pytest.raises(ValueError, match=r"in epoch 2 \(a generator serves a single"):
        fit(network(), serve(ragged()), epochs=2)
