import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from snntorch import functional as SF
from torch.nn.functional import cross_entropy, mse_loss

from spikereg.decoding import latency, spike_count
from spikereg.losses import (
    CURVES,
    CountLoss,
    CrossEntropyLoss,
    MembraneLoss,
    TemporalLoss,
    applied,
    described,
)

T, B, OUT = 7, 4, 3
CLASSES = torch.tensor([2, 0, 1, 2])
ALL = [
    MembraneLoss(),
    MembraneLoss("last"),
    MembraneLoss("mean", on=0.7, off=-0.2),
    CountLoss(),
    TemporalLoss(on=1.0, off=5.0),
    TemporalLoss(),
    CrossEntropyLoss(),
    CrossEntropyLoss("last"),
]
each = pytest.mark.parametrize("loss", ALL, ids=described)


def drawn(seed=0, steps=T):
    return torch.rand(steps, B, OUT, generator=torch.Generator().manual_seed(seed))


def spikes(seed=0, steps=T, rate=0.3):
    return (drawn(seed, steps) < rate).float()


def one_hot(on, off):
    target = torch.full((B, OUT), off)
    target[torch.arange(B), CLASSES] = on
    return target


# What each loss is


@pytest.mark.parametrize("at", ["every", "last", "mean"])
def test_the_membrane_loss_is_the_squared_error_of_what_it_reads(at):
    output = drawn()
    read = {"every": output, "last": output[-1], "mean": output.mean(dim=0)}[at]
    loss, target = MembraneLoss(at, on=0.7, off=-0.2), one_hot(0.7, -0.2)
    torch.testing.assert_close(loss(output, CLASSES), ((read - target) ** 2).mean())
    torch.testing.assert_close(loss(output, target), ((read - target) ** 2).mean())


def test_curves_are_compared_as_pytorch_does_to_the_bit():
    assert torch.equal(CURVES(drawn(0), drawn(1)), mse_loss(drawn(0), drawn(1)))


@pytest.mark.parametrize(("on", "off"), [(0.8, 0.2), (1.0, 0.0), (0.6, 0.05)])
def test_the_count_loss_is_snntorchs_but_for_its_unit(on, off):
    train = spikes()
    theirs = SF.mse_count_loss(correct_rate=on, incorrect_rate=off)(train, CLASSES)
    counts = spike_count(train)
    # snnTorch rounds its targets down to whole spikes: undone where it did.
    exact = mse_loss(counts, T * one_hot(on, off)) / T**2
    torch.testing.assert_close(CountLoss(on, off)(train, CLASSES), exact)
    rounded = mse_loss(counts, (T * one_hot(on, off)).floor())
    torch.testing.assert_close(theirs, rounded / T)


def test_the_temporal_loss_compares_the_steps_of_the_first_spikes():
    train = spikes(rate=0.1)
    first = latency(train).clamp(max=T)
    assert (first == T).any()
    for off, steps in ((5.0, 5.0), (math.inf, T)):
        expected = ((first - one_hot(1.0, steps)) ** 2).mean()
        assert TemporalLoss(1.0, off)(train, CLASSES) == expected
    times = 9 * drawn()[0]
    expected = ((first - times.clamp(max=T)) ** 2).mean()
    torch.testing.assert_close(TemporalLoss()(train, times), expected)


def test_a_silent_output_that_should_fire_is_pulled_at_every_step():
    silent = torch.zeros(T, B, OUT, requires_grad=True)
    TemporalLoss()(silent, CLASSES).backward()
    wanted = one_hot(1.0, 0.0).bool().expand(T, B, OUT)
    assert (silent.grad[wanted] < 0).all()
    assert (silent.grad[~wanted] == 0).all()


@pytest.mark.parametrize("at", ["last", "mean"])
def test_the_cross_entropy_is_pytorchs_of_what_it_reads(at):
    output = drawn()
    read = output[-1] if at == "last" else output.mean(dim=0)
    loss = CrossEntropyLoss(at)
    torch.testing.assert_close(loss(output, CLASSES), cross_entropy(read, CLASSES))
    probabilities, target = loss.compared(output, CLASSES)
    torch.testing.assert_close(probabilities, read.softmax(dim=1))
    assert torch.equal(target, one_hot(1.0, 0.0))


@each
def test_the_class_decided_for_is_the_one_whose_loss_is_smallest(loss):
    output = spikes(3, rate=0.25)
    each_class = torch.stack(
        [
            torch.stack(
                [loss(output[:, b : b + 1], torch.tensor([c])) for b in range(B)]
            )
            for c in range(OUT)
        ]
    )
    decided = loss.decided(output)
    smallest = each_class.min(dim=0).values
    torch.testing.assert_close(each_class[decided, torch.arange(B)], smallest)
    assert len(decided.unique()) > 1


@each
def test_whole_numbers_of_any_size_name_classes(loss):
    values = {
        loss(spikes(), CLASSES.to(dtype)).item()
        for dtype in (torch.uint8, torch.int16, torch.int32, torch.int64)
    }
    assert len(values) == 1


@pytest.mark.parametrize("loss", [MembraneLoss("last", 0.8, 0.2), CountLoss()])
def test_the_targets_of_classes_are_as_precise_as_the_output(loss):
    _, target = loss.compared(spikes().double(), CLASSES)
    assert target.dtype == torch.float64
    assert target.unique().tolist() == [0.2, 0.8]


# Steps that count


@each
@given(seed=st.integers(0, 1000), padding=st.integers(1, 9))
def test_padding_changes_nothing(loss, seed, padding):
    output = spikes(seed)
    longer = torch.cat([output, spikes(seed + 1, padding)])
    mask = (torch.arange(T + padding) < T)[:, None].expand(-1, B)
    torch.testing.assert_close(loss(longer, CLASSES, mask), loss(output, CLASSES))
    assert torch.equal(loss.decided(longer, mask), loss.decided(output))


@each
def test_sequences_of_different_lengths_stand_for_themselves(loss):
    output, lengths = spikes(5), [7, 3, 5, 1]
    mask = torch.arange(T)[:, None] < torch.tensor(lengths)
    decided = loss.decided(output, mask)
    total = 0.0
    for b, length in enumerate(lengths):
        alone = output[:length, b : b + 1], CLASSES[b : b + 1]
        assert loss.decided(alone[0]) == decided[b]
        steps = length if loss == CURVES else 1
        total += steps * loss(*alone).item()
    steps = sum(lengths) if loss == CURVES else B
    assert loss(output, CLASSES, mask).item() == pytest.approx(total / steps)


@each
def test_a_step_that_does_not_count_gets_no_gradient(loss):
    output = (0.5 * drawn()).requires_grad_()
    mask = drawn(9)[..., 0] < 0.6
    assert mask.any(dim=0).all()
    loss(output, CLASSES, mask).backward()
    assert (output.grad[~mask] == 0).all()
    assert (output.grad[mask] != 0).any()


# What is refused


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MembraneLoss("first"), "at must be one of .*, not 'first'"),
        (lambda: MembraneLoss(on=math.nan), "on must be a finite number, not nan"),
        (lambda: MembraneLoss(off="0"), "off must be a finite number, not '0'"),
        (lambda: CountLoss(on=8), "on must lie between 0 and 1, not at 8"),
        (lambda: CountLoss(off=-0.1), "off must lie between 0 and 1, not at -0.1"),
        (lambda: CountLoss(on=True), "on must be a finite number, not True"),
        (lambda: TemporalLoss(on=-1), "on must lie between 0 and inf, not at -1"),
        (lambda: TemporalLoss(off=math.nan), "off must be a finite number, not nan"),
        (lambda: CrossEntropyLoss("every"), r"one of \('last', 'mean'\), not 'every'"),
        (lambda: CrossEntropyLoss(np.array([1, 2])), "at must be one of .* not array"),
        (lambda: MembraneLoss(on=0), r"on must be above off = 0\.0, .*; not 0"),
        (lambda: CountLoss(on=0.1), r"on must be above off = 0\.2, .*; not 0\.1"),
        (lambda: TemporalLoss(3, 2), "off must be above on = 3, .*; not 2"),
        (lambda: TemporalLoss(off=np.array([1, 2])), "off must be a finite .* array"),
    ],
)
def test_bad_settings_are_repeated(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("loss", "output", "labels", "message"),
    [
        (CountLoss(), 2 * drawn() - 1, CLASSES, r'lie between .* readout="spikes" do'),
        (CountLoss(), 2 + drawn(), CLASSES, "output must lie between 0 and 1.* not at"),
        (TemporalLoss(), -drawn(), CLASSES, "output must lie between 0 and 1"),
        (CountLoss(), spikes(), torch.full((B, OUT), 5.0), "labels must .* not at 5"),
        (
            TemporalLoss(),
            spikes(),
            torch.full((B, OUT), -2.0),
            "labels must .* not at -2",
        ),
        (CrossEntropyLoss(), drawn(), torch.rand(B, OUT), "whole numbers, .* of 4 seq"),
        *[
            (loss, spikes(), labels, message)
            for loss in ALL
            for labels, message in (
                (CLASSES + 1, "classes from 0 to 2, one an output, not 3"),
                (CLASSES - 1, "classes from 0 to 2, one an output, not -1"),
                (CLASSES[:3], r"classes of 4 sequences, not torch.int64 \[3\]"),
                (CLASSES[:, None], r"not torch.int64 \[4, 1\]"),
                (torch.rand(B, OUT + 1), r"\[4, 4\]"),
            )
        ],
        *[
            (loss, spikes(), drawn(), r"not (torch.float32 )?\[7, 4, 3\]")
            for loss in ALL[1:]
        ],
        (MembraneLoss(), drawn(), torch.rand(T, B, 1), r"shape \[7, 4, 1\], not"),
    ],
)
def test_labels_and_outputs_that_do_not_fit_are_named(loss, output, labels, message):
    with pytest.raises(ValueError, match=message):
        loss(output, labels)


@pytest.mark.usefixtures("unchecked")
@each
@pytest.mark.parametrize(
    ("output", "mask", "error", "message"),
    [
        ([1.0], None, TypeError, "output must be a torch.Tensor, not list"),
        (drawn()[0], None, ValueError, r"not torch.float32 \[4, 3\]"),
        (drawn()[:0], None, ValueError, r"not torch.float32 \[0, 4, 3\]"),
        (spikes().long(), None, ValueError, r"not torch.int64 \[7, 4, 3\]"),
        (spikes(), [True], TypeError, "mask must be a torch.Tensor, not list"),
        (spikes(), torch.ones(T, B), ValueError, r"not torch.float32 \[7, 4\]"),
        (spikes(), drawn()[:3, :, 0] > 0, ValueError, r"not torch.bool \[3, 4\]"),
        (spikes(), drawn()[:, :1, 0] > 0, ValueError, r"not torch.bool \[7, 1\]"),
        (spikes(), drawn()[..., 0] > 1, ValueError, "count, not none of sequence 0"),
    ],
)
def test_what_is_no_output_and_no_mask_is_named(loss, output, mask, error, message):
    for call in (
        lambda: loss(output, CLASSES, mask),
        lambda: loss.decided(output, mask),
    ):
        with pytest.raises(error, match=message):
            call()


@pytest.mark.usefixtures("unchecked")
@each
@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([2, 0, 1, 2], TypeError, "labels must be a torch.Tensor, not list"),
        (CLASSES > 0, ValueError, "torch.bool"),
    ],
)
def test_what_is_no_label_is_named(loss, labels, error, message):
    with pytest.raises(error, match=message):
        loss(spikes(), labels)


def test_a_step_that_does_not_count_may_be_no_number():
    mask = (torch.arange(T) > 2)[:, None].expand(-1, B)
    output = drawn()
    spoilt = output.masked_fill(~mask[..., None], math.nan)
    for loss in (MembraneLoss(), MembraneLoss("mean"), MembraneLoss("last")):
        assert loss(spoilt, CLASSES, mask) == loss(output, CLASSES, mask)


def test_what_is_no_number_decides_for_nothing():
    output = drawn()
    output[:, 2, 1] = math.nan
    with pytest.raises(ValueError, match=r"not nan, .* it is for sequence 2"):
        MembraneLoss().decided(output)


def test_a_loss_without_a_place_for_the_mask_is_named():
    mask = torch.ones(T, B, dtype=torch.bool)
    for loss in (torch.nn.MSELoss(), mse_loss_of_two):
        with pytest.raises(
            TypeError, match=f"yields, which {described(loss)} does not"
        ):
            applied(loss, drawn(), drawn(1), mask)


def test_a_loss_without_a_signature_speaks_for_itself():
    mask = torch.ones(T, B, dtype=torch.bool)
    with pytest.raises(TypeError, match=r"dist\(\)"):
        applied(torch.dist, drawn(), drawn(1), mask)


def mse_loss_of_two(output, labels):
    return mse_loss(output, labels)


@pytest.mark.parametrize(
    ("returned", "message"),
    [(1.0, "not float"), (torch.ones(2), r"not \[2\]"), (None, "not NoneType")],
)
def test_a_loss_of_ones_own_must_return_a_scalar(returned, message):
    with pytest.raises(TypeError, match=f"loss must return a scalar tensor, {message}"):
        applied(lambda output, labels: returned, drawn(), CLASSES, None)


def test_a_loss_is_named_by_what_it_does():
    assert described(CountLoss(on=0.9)) == "CountLoss(on=0.9, off=0.2)"
    assert described(mse_loss) == "torch.nn.functional.mse_loss"
    assert described(torch.nn.L1Loss()) == "torch.nn.modules.loss.L1Loss"
