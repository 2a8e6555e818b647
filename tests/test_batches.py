"""What fit and evaluate both refuse."""

import functools
import math

import pytest
import torch
from small import line, network, ragged

from spikereg import evaluate
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
        ([(ones, ones, ones)], ValueError, "loader must yield .*, not a tuple"),
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
    ],
)
def test_bad_batches_are_named_with_what_was_served(run, make, batches, error, message):
    with pytest.raises(error, match=message):
        run(make(), batches)


@pytest.mark.parametrize("serve", [iter, lambda loader: (batch for batch in loader)])
def test_an_iterator_serves_one_epoch_and_the_second_says_why_it_cannot(serve):
    assert len(fit(network(), serve(ragged()), epochs=1).loss) == 1
    with pytest.raises(ValueError, match=r"in epoch 2 \(a generator serves a single"):
        fit(network(), serve(ragged()), epochs=2)
