"""Labels that weights are fitted to must be curves; others may be any."""

import math
import re

import pytest
import torch
from small import accurate

from spikereg import FiringTimeDataset, initialize, make_loader

T, B = 12, 6
LABELS = {
    "curves": lambda: torch.rand(T, B, 1),
    "wide curves": lambda: torch.rand(T, B, 3),
    "short curves": lambda: torch.rand(5, B, 1),
    "numbers": lambda: torch.rand(B, 1),
    "many numbers": lambda: torch.rand(B, 4),
    "large numbers": lambda: 1e6 * torch.rand(B, 1),
    "classes": lambda: torch.arange(B),
}
#: Networks with memory, with several inputs, and with one.
KINDS = {
    "memory": {"memory": 8.0, "num_inputs": 2},
    "no memory": {"num_inputs": 2},
    "one input": {},
}
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def heard(kind):
    generator = torch.Generator().manual_seed(0)
    inputs = kind.get("num_inputs", 1)
    return (torch.rand(T, B, inputs, generator=generator) < 0.4).float() + 0.1


def begun(kind, *labels, **options):
    """Make a network and initialize it; return its weights by their names."""
    model = accurate(8, **kind)
    initialize(model, [(heard(kind), *labels)], seed=0, **options)
    return model.state_dict()


@each_kind
@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_without_labels_they_may_be_any_and_are_not_looked_at(kind, labels):
    changed, fresh = begun(kind, torch.zeros(T, B, 1)), accurate(8, **kind).state_dict()
    assert any(not torch.equal(changed[name], fresh[name]) for name in changed)
    for name, value in begun(kind, labels()).items():
        assert torch.equal(value, changed[name]), name


@each_kind
@pytest.mark.parametrize("labels", [False, True])
def test_a_mask_is_refused_for_padding_would_count_as_data(kind, labels):
    mask = torch.ones(T, B, dtype=torch.bool)
    masked = [(heard(kind), torch.zeros(T, B, 1), mask)]
    unchanged(kind, masked, "not a mask as well", labels=labels)


@pytest.mark.parametrize("task", ["curve", "pattern"])
def test_a_network_that_times_its_spikes_begins_with_all_of_its_features(task):
    data = FiringTimeDataset(task, 30, 40, seed=0)
    states = []
    for batch_size in (40, 16):
        model = accurate(12, num_inputs=22, memory=15.0)
        initialize(model, make_loader(data, batch_size), seed=0)
        states.append(model.state_dict())
        for layer in model.trace(data.features).spikes.values():
            assert 0 < layer.mean() < 1
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value)


def test_constant_labels_are_no_reason_to_refuse():
    features = torch.linspace(0, 1, 100).view(1, -1, 1)
    labels = torch.full((1, 100, 1), 0.25)
    model = accurate()
    initialize(model, [(features, labels)], labels=True)
    torch.testing.assert_close(model(features), labels)


def unchanged(kind, batches, message, **options):
    model = accurate(8, **kind)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        initialize(model, batches, **options)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.usefixtures("unchecked")
@each_kind
@pytest.mark.parametrize("name", [name for name in LABELS if name != "curves"])
def test_labels_that_are_looked_at_must_be_the_outputs_curves(kind, name):
    labels = LABELS[name]()
    shape = re.escape(str(list(labels.shape)))
    message = rf"labels must have the shape \[12, 6, 1\] for .* not {shape}"
    unchanged(kind, [(heard(kind), labels)], message, labels=True)


@pytest.mark.usefixtures("unchecked")
@each_kind
def test_curves_of_another_number_of_outputs_are_refused_if_looked_at(kind):
    batches = [(heard(kind), torch.rand(T, B, 1))]
    unchanged(kind | {"num_outputs": 2}, batches, r"\[12, 6, 2\] for", labels=True)


@pytest.mark.usefixtures("unchecked")
@each_kind
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (torch.rand(B - 1, 1), r"each of B = 6 sequences.* not \[5, 1\]"),
        (torch.full((B, 1), math.nan), "labels must be finite, not nan"),
        (torch.rand(B), "classes, whole numbers, not torch.float32"),
        (torch.rand(B, 1).double(), "labels must be torch.float32"),
    ],
)
def test_what_fit_would_not_take_either_is_no_label(kind, labels, message):
    unchanged(kind, [(heard(kind), labels)], message)


@each_kind
def test_there_must_be_batches_and_each_with_the_networks_features(kind):
    unchanged(kind, [], "at least one batch")
    wide = torch.rand(T, B, 5)
    good = heard(kind), torch.rand(B, 1)
    unchanged(kind, [good, (wide, torch.rand(B, 1))], r"not \[12, 6, 5\]")
