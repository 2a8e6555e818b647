"""How a training ends: early, by an error, by Ctrl-C, or worse than it began."""

import functools
import math
import re
import signal

import pytest
import torch
from small import line, network, ragged
from torch import nn

from spikereg import evaluate
from spikereg import fit as fit_with_bar

fit = functools.partial(fit_with_bar, progress=False)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def assert_same(model, expected):
    for name, value in model.state_dict().items():
        assert torch.equal(value, expected[name]), name


class Scripted:
    """Labels for a line so that its validation error takes given values."""

    def __init__(self, errors):
        self.errors = iter(errors)

    def __iter__(self):
        self.features = torch.zeros(4, 1, 1)
        yield self.features, torch.full((4, 1, 1), next(self.errors))


class Still(nn.Linear):
    """A line that predicts 0 for the feature 0, however it learns."""

    def __init__(self):
        super().__init__(1, 1, bias=False)


# Validation


def test_the_validation_error_is_that_of_evaluate_after_each_epoch():
    model, seen = network(), []
    held_out = ragged(7, 3)
    history = fit(
        model,
        ragged(),
        epochs=4,
        lr=0.01,
        validation=held_out,
        on_epoch=lambda *_: seen.append(evaluate(model, held_out).mse),
    )
    assert history.validation == seen
    assert len(history.loss) == 4


def test_the_model_is_given_back_with_the_weights_of_its_best_epoch():
    model, after = Still(), [None]
    errors = [3.0, 2.0, 5.0, 2.0, 4.0]
    history = fit(
        model,
        ragged(),
        epochs=5,
        validation=Scripted(errors),
        on_epoch=lambda *_: after.append(weights(model)),
    )
    assert history.best == 2  # the first of equals
    assert history.validation == [e**2 for e in errors]
    assert_same(model, after[2])
    assert not torch.equal(after[2]["weight"], after[4]["weight"])


def test_validation_changes_nothing_of_the_training():
    some, others = network(), network()
    plain = fit(some, ragged(shuffle=True, seed=1), epochs=6)
    last = {}
    checked = fit(
        others,
        ragged(shuffle=True, seed=1),
        epochs=6,
        validation=ragged(),
        on_epoch=lambda *_: last.update(weights(others)),
    )
    assert plain.loss == checked.loss
    assert_same(some, last)
    assert others.training


@pytest.mark.parametrize(
    ("errors", "patience", "epochs"),
    [
        ([3, 2, 2, 2, 1, 1], 2, 4),
        ([3, 2, 2, 2, 1, 1], 3, 6),
        ([1, 2, 3, 4, 5, 6], 1, 2),
        ([6, 5, 4, 3, 2, 1], 1, 6),
    ],
)
def test_patience_ends_a_training_that_gets_no_better(errors, patience, epochs):
    history = fit(
        Still(),
        ragged(),
        epochs=6,
        validation=Scripted(map(float, errors)),
        patience=patience,
    )
    assert len(history.loss) == len(history.validation) == epochs
    assert history.error is None


def test_without_a_validation_loader_there_is_no_best_epoch_and_no_patience():
    assert fit(line(), ragged(), epochs=1).best is None
    with pytest.raises(ValueError, match=r"patience must be None .* not 3"):
        fit(line(), ragged(), patience=3)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", ["patience", "checkpoint_every"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "1"])
def test_a_bad_number_of_epochs_is_named(name, value):
    with pytest.raises(ValueError, match=f"{name} must be .* not {value!r}"):
        fit(line(), ragged(), validation=ragged(), **{name: value})


def test_a_prediction_that_is_not_finite_is_the_worst_validation_error():
    class Overflows(nn.Linear):
        def forward(self, features):
            return super().forward(features) * (math.inf if not self.training else 1)

    history = fit(Overflows(1, 1), ragged(), epochs=2, validation=ragged())
    assert history.validation == [math.inf, math.inf]
    assert history.best == 1


# Whatever ends it


class BrokenError(Exception):
    """What a callback of a user may raise."""


@pytest.mark.parametrize("error", [BrokenError("no disk"), KeyboardInterrupt()])
@pytest.mark.parametrize("validation", [None, ragged(3)])
def test_what_on_epoch_raises_ends_the_training_and_the_history_comes_back(
    error, validation
):
    def stop(epoch, model):
        if epoch == 3:
            raise error

    expected = fit(network(), ragged(), epochs=3, validation=validation)
    with pytest.warns(RuntimeWarning, match="after 3 of 9 epochs, by .*history.error"):
        history = fit(
            network(), ragged(), epochs=9, validation=validation, on_epoch=stop
        )
    assert history.error is error
    assert history.loss == expected.loss
    assert history.validation == expected.validation


def test_ctrl_c_within_an_epoch_brings_the_whole_epochs_back():
    class Interrupting:
        epochs = 0

        def __iter__(self):
            self.epochs += 1
            for n, batch in enumerate(ragged()):
                if self.epochs == 3 and n == 1:
                    signal.raise_signal(signal.SIGINT)
                yield batch

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # as not in nohup
    try:
        with pytest.warns(RuntimeWarning, match="after 2 of 9 epochs, by Keyboard"):
            history = fit(network(), Interrupting(), epochs=9)
    finally:
        signal.signal(signal.SIGINT, before)
    assert isinstance(history.error, KeyboardInterrupt)
    assert history.loss == fit(network(), ragged(), epochs=2).loss


@pytest.mark.parametrize(
    ("batch", "error"),
    [
        ((torch.ones(4, 1, 1), torch.full((4, 1, 1), 1e30)), FloatingPointError),
        ((torch.ones(4, 1, 1), torch.ones(4, 1)), ValueError),
    ],
)
def test_an_error_has_the_history_and_leaves_the_best_weights(batch, error):
    class Turns:
        epochs = 0

        def __iter__(self):
            self.epochs += 1
            yield from ragged() if self.epochs < 4 else [batch]

    model, after = Still(), [None]
    with pytest.raises(error) as raised:
        fit(
            model,
            Turns(),
            epochs=9,
            validation=Scripted([3.0, 1.0, 2.0, 9.0]),
            on_epoch=lambda *_: after.append(weights(model)),
        )
    assert raised.value.history.validation == [9, 1, 4]
    assert_same(model, after[2])
    if error is FloatingPointError:
        assert "has its best weights, those of epoch 2" in str(raised.value)


# Warnings


def test_a_training_that_ends_worse_than_it_began_says_so():
    model = line()
    with pytest.warns(RuntimeWarning, match="ended worse than it began, with a loss"):
        history = fit(model, ragged(5, 5), epochs=3, lr=30.0)
    assert history.loss[-1] > history.loss[0]
    fit(model, ragged(), epochs=1, lr=30.0)  # of one epoch there is nothing to say


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_labels_that_adams_steps_cannot_suit_are_named_with_their_size(size):
    loader = [(x, size * y) for x, y in ragged(5, 5)]
    (_, y) = loader[0]
    rms = y.square().mean().sqrt().item()
    with pytest.warns(UserWarning, match=re.escape(f"not of {rms:.0e} (root mean")):
        fit(line(), loader, epochs=1)


@pytest.mark.parametrize("size", [0.0, 1e-2, 1.0, 1e2])
def test_labels_of_another_size_are_nobodys_business(size):
    fit(line(), [(x, size * y) for x, y in ragged()], epochs=1)
