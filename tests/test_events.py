"""The product that adds up what spikes pick, against PyTorch's dense one."""

import sys
import weakref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from spikereg import events
from spikereg.events import kernels


def dyadic(shape, generator, dtype=torch.float32):
    """Draw multiples of 1/8: their sums are exact in any order."""
    return torch.randint(-16, 17, shape, generator=generator).to(dtype) / 8


def spikes_of(shape, rate, generator, dtype=torch.float32):
    return (torch.rand(shape, generator=generator) < rate).to(dtype)


@st.composite
def products(draw):
    """Draw spikes, weights and biases."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    rows = draw(st.lists(st.integers(0, 20), max_size=2))
    # Past one block of rows now and then
    rows = draw(st.sampled_from([rows, [300], [257, 2]]))
    inputs, outputs = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    rate = draw(st.sampled_from([0, 0.02, 0.2, 0.7, 1]))
    spikes = spikes_of((*rows, inputs), rate, generator, dtype)
    weight = dyadic((outputs, inputs), generator, dtype)
    bias = dyadic((outputs,), generator, dtype) if draw(st.booleans()) else None
    if draw(st.booleans()) and len(rows) == 2:
        spikes = spikes.transpose(0, 1).contiguous().transpose(0, 1)
    for one in (spikes, weight, bias):
        if one is not None:
            one.requires_grad_(draw(st.booleans()))
    return spikes, weight, bias


def gradients(product, inputs):
    generator = torch.Generator().manual_seed(1)
    loss = (product * dyadic(product.shape, generator, product.dtype)).sum()
    inputs = [x for x in inputs if x is not None and x.requires_grad]
    return torch.autograd.grad(loss, inputs) if inputs else ()


def equal(product, inputs):
    expected = F.linear(*inputs)
    pairs = zip(gradients(product, inputs), gradients(expected, inputs), strict=True)
    return torch.equal(product, expected) and all(
        a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs
    )


@settings(max_examples=300)
@given(products(), st.sampled_from(events.BACKENDS))
def test_products_and_gradients_are_those_of_the_dense_product(inputs, backend):
    assert equal(events.linear(*inputs, backend=backend), inputs)


def misses_the_last(spikes, columns, currents, first, last):
    kernels.add_columns(spikes, columns, currents, first, last - 1)


def adds_what_is_silent(spikes, columns, currents, first, last):
    kernels.add_columns(1 - spikes, columns, currents, first, last)


def forgets_a_neuron(spikes, gradients, to_columns, first, last):
    kernels.add_rows(spikes, gradients, to_columns, first + 1, last)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("add_columns", misses_the_last),
        ("add_columns", adds_what_is_silent),
        ("add_rows", forgets_a_neuron),
    ],
)
def test_a_wrong_kernel_is_seen(name, wrong, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    spikes = spikes_of((9, 7), 0.5, generator)
    weight = dyadic((5, 7), generator).requires_grad_()
    inputs = spikes, weight, None
    assert equal(events.linear(*inputs, backend="events"), inputs)

    class Wrong:
        def __getattr__(self, other):
            return wrong if other == name else getattr(kernels, other)

    monkeypatch.setattr(sys.modules["spikereg.events"], "kernels", Wrong())
    assert not equal(events.linear(*inputs, backend="events"), inputs)


def test_a_weight_that_no_spike_picks_is_never_looked_at():
    spikes, weight = torch.zeros(4, 3), torch.full((2, 3), torch.inf)
    product = events.linear(spikes, weight, backend="events")
    assert torch.equal(product, torch.zeros(4, 2))


def test_a_second_derivative_is_refused():
    weight = torch.ones(3, 5, requires_grad=True)
    product = events.linear(torch.ones(4, 5), weight, backend="events").square()
    with pytest.raises(RuntimeError, match=r'first.* only.*backend="dense"'):
        torch.autograd.grad(product.sum(), weight, create_graph=True)


def test_a_weight_changed_before_the_backward_pass_is_seen():
    spikes = torch.ones(4, 5, requires_grad=True)
    weight = torch.ones(3, 5, requires_grad=True)
    loss = events.linear(spikes, weight, backend="events").sum()
    with torch.no_grad():
        weight.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_the_graph_keeps_nothing_beside_what_pytorch_frees(monkeypatch):
    module, seen = sys.modules["spikereg.events"], []
    flat = module.flat

    def spy(tensor):
        array = flat(tensor)
        seen.append(weakref.ref(array.base))  # alive as long as any view of it
        return array

    monkeypatch.setattr(module, "flat", spy)
    weight = torch.ones(3, 5, requires_grad=True)
    product = events.linear(torch.ones(4, 5), weight, backend="events")
    assert product.grad_fn is not None
    assert seen
    assert all(array() is None for array in seen)


def test_no_outputs_have_a_gradient_too():
    weight = torch.zeros(0, 5, requires_grad=True)
    events.linear(torch.ones(3, 5), weight, backend="events").sum().backward()
    assert weight.grad.shape == (0, 5)


def test_autocast_chooses_the_data_type_whatever_the_spikes():
    weight, quiet = torch.ones(64, 64), torch.zeros(300, 64)
    with torch.autocast("cpu"):
        kinds = {events.linear(s, weight).dtype for s in (quiet, quiet + 1)}
    assert kinds == {torch.bfloat16}


# The choice


@pytest.fixture
def chosen(monkeypatch):
    """Note each product that is added up by events."""
    calls = []

    class Spy:
        def __getattr__(self, name):
            if name in ("add_columns", "add_rows"):
                calls.append(name)
            return getattr(kernels, name)

    monkeypatch.setattr(sys.modules["spikereg.events"], "kernels", Spy())
    return calls


@pytest.mark.parametrize(
    ("rows", "outputs", "rate", "by_events"),
    [
        (256, 128, 0.0, True),
        (256, 128, 0.04, True),
        (256, 128, 0.06, False),
        (255, 128, 0.02, False),
        (256, 127, 0.02, False),
        (256, 512, 0.19, True),
        (256, 512, 0.21, False),
        (256, 1024, 0.29, True),
        (256, 1024, 0.31, False),
    ],
)
def test_auto_takes_events_where_they_are_few_and_the_work_is_much(
    chosen, rows, outputs, rate, by_events
):
    generator = torch.Generator().manual_seed(0)
    spikes = spikes_of((rows, 100), rate, generator)
    weight = dyadic((outputs, 100), generator).requires_grad_()
    inputs = spikes, weight, None
    assert equal(events.linear(*inputs), inputs)
    assert chosen == (["add_columns", "add_rows"] if by_events else [])


@pytest.mark.parametrize("value", [0.5, -1.0, 2.0, 1e-30, torch.nan, torch.inf])
def test_numbers_that_are_no_spikes_are_multiplied_as_they_are(chosen, value):
    spikes, weight = torch.zeros(256, 64), torch.ones(64, 64)
    spikes[17, 3] = value
    expected = F.linear(spikes, weight)
    product = events.linear(spikes, weight)
    assert torch.equal(product.nan_to_num(7), expected.nan_to_num(7))
    assert chosen == []


# Errors

ones, weights = torch.ones(4, 3), torch.ones(2, 3)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"spikes": ones.tolist()}, TypeError, "spikes must be .* not list"),
        ({"weight": ones.numpy()}, TypeError, "weight must be .* not ndarray"),
        ({"bias": [0.0, 0.0]}, TypeError, "bias must be .* not list"),
        ({"spikes": ones[:, :2]}, ValueError, r"not \[2, 3\] for spikes \[4, 2\]"),
        ({"spikes": torch.tensor(1.0)}, ValueError, r"not \[2, 3\] for spikes \[\]"),
        ({"weight": ones[0]}, ValueError, r"\[O, I\] .* not \[3\]"),
        ({"bias": ones[0]}, ValueError, r"bias .* \[O\] = \[2\], not \[3\]"),
        ({"backend": "sparse"}, ValueError, r"\('auto', 'dense', 'events'\), not 'sp"),
        ({"spikes": ones / 2, "backend": "events"}, ValueError, "other than 0 and 1"),
        ({"spikes": ones.half(), "backend": "events"}, ValueError, "torch.float16"),
        (
            {"weight": weights.double(), "backend": "events"},
            ValueError,
            "torch.float32 by torch.float64",
        ),
        (
            {"spikes": ones.to("meta"), "backend": "events"},
            ValueError,
            "tensors on meta",
        ),
    ],
)
def test_bad_input_is_named_with_what_was_passed(change, error, message):
    arguments = {"spikes": ones, "weight": weights, "bias": torch.zeros(2)}
    events.linear(**arguments)
    with pytest.raises(error, match=message):
        events.linear(**arguments | change)
