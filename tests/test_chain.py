"""Steps without autograd are PyTorch's steps."""

import functools

import pytest
import safetensors.torch
import snntorch as snn
import torch
from small import network, ragged
from snntorch import surrogate

from spikereg import (
    AdaptiveLeaky,
    PlasticPair,
    Resonator,
    SpikingLSTM,
    SpikingRegressor,
    events,
)
from spikereg import fit as fit_with_bar

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

fit = functools.partial(fit_with_bar, progress=False)
WIDTH = 6


def weights(model):
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def assert_same(some, others, rtol=0.0):
    assert some.keys() == others.keys()
    for name, value in some.items():
        size = max(others[name].abs().max().item(), 1e-30)
        torch.testing.assert_close(
            value, others[name], rtol=rtol, atol=rtol * size, msg=name
        )


# Gradients


def leaky(kind=snn.Leaky, shape=(WIDTH,), spike=None, **options):
    generator = torch.Generator().manual_seed(1)
    options = {"learn_beta": True, "learn_threshold": True} | options
    return kind(
        beta=torch.rand(shape, generator=generator),
        threshold=torch.rand(shape, generator=generator),
        spike_grad=spike or surrogate.fast_sigmoid(),
        **options,
    )


def recurrent(**options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return leaky(snn.RLeaky, **options)


def one_to_one(**options):
    V = torch.linspace(-0.5, 0.5, WIDTH)
    return recurrent(all_to_all=False, V=V, **options)


def all_to_all(**options):
    return recurrent(linear_features=WIDTH, **options)


def ours(kind, **options):
    return lambda spike=None: kind(WIDTH, spike_grad=spike, seed=3, **options)


RESETS = ("subtract", "zero", "none")
NEURONS = {
    **{f"leaky, {r}": functools.partial(leaky, reset_mechanism=r) for r in RESETS},
    "leaky, a threshold": functools.partial(leaky, learn_beta=False),
    "leaky, shared": functools.partial(leaky, shape=(1,)),
    "leaky, scalars": functools.partial(leaky, shape=(), reset_mechanism="zero"),
    **{
        f"to all, {r}": functools.partial(all_to_all, reset_mechanism=r) for r in RESETS
    },
    "to one": one_to_one,
    "to one, fixed": functools.partial(one_to_one, learn_recurrent=False),
    "adaptive": ours(AdaptiveLeaky, threshold=0.1),
    "adaptive, recurrent": ours(AdaptiveLeaky, threshold=0.1, recurrent=True),
    "resonator": ours(Resonator, reset_mechanism="none"),
    "resonator, recurrent": ours(Resonator, recurrent=True),
    "plastic": lambda spike=None: PlasticPair(
        WIDTH, threshold=0.1, hardening=0.25, spike_grad=spike
    ),
    "lstm": ours(SpikingLSTM),
    "lstm, spikes": ours(SpikingLSTM, feedback="spikes", reset_mechanism="zero"),
}
SURROGATES = {
    "fast sigmoid": surrogate.fast_sigmoid(25),
    "atan": surrogate.atan(),
    "sigmoid": surrogate.sigmoid(5),
}


def chain(make, inputs=1, outputs=1, **options):
    """Build a network of some neurons, in float64, some of which fire."""
    first, second = make(**options), make(**options)
    lstm = isinstance(first, SpikingLSTM)
    model = SpikingRegressor(
        WIDTH, inputs, outputs, seed=0, neuron="lstm" if lstm else "lif"
    )
    model.lif_in, model.lif_hidden = first, second
    with torch.no_grad():
        for weight in (model.fc_in.weight, model.fc_hidden.weight):
            weight.mul_(3)
    return model


def gradients_of_one_step(model, backend, batch=5, inputs=1, outputs=1):
    generator = torch.Generator().manual_seed(0)
    dtype = model.fc_in.weight.dtype
    features = torch.rand(12, batch, inputs, generator=generator, dtype=dtype)
    labels = torch.rand(12, batch, outputs, generator=generator, dtype=dtype)
    history = fit(model, [(features, labels)], 1, backend=backend)
    named = model.named_parameters()
    found = {name: p.grad.clone() for name, p in named if p.grad is not None}
    return {"loss": torch.tensor(history.loss, dtype=dtype), **found}


def assert_same_step(make, dtype=torch.float64, rtol=1e-10, **sizes):
    some, others = make().to(dtype), make().to(dtype)
    expected = gradients_of_one_step(others, "torch", **sizes)
    found = gradients_of_one_step(some, "compiled", **sizes)
    assert_same(found, expected, rtol)
    assert_same(weights(some), weights(others), rtol)
    return expected


#: snnTorch rounds such a threshold to float32, and leaves such weights in it.
NARROW = ("leaky, scalars", "to one, fixed")


@pytest.mark.parametrize("spike", SURROGATES)
@pytest.mark.parametrize("name", NEURONS)
def test_the_gradients_of_a_step_are_autograds(name, spike):
    def make():
        return chain(NEURONS[name], spike=SURROGATES[spike])

    narrow = (torch.float32, 1e-5)
    found = assert_same_step(make, *narrow if name in NARROW else ())
    for gradient in found.values():
        assert gradient.any() or spike == "sigmoid" or "fixed" in name


@pytest.mark.parametrize(
    ("inputs", "outputs", "batch"), [(1, 1, 1), (3, 2, 1), (3, 2, 5)]
)
@pytest.mark.parametrize(
    "name", ["leaky, subtract", "to all, zero", "adaptive", "lstm"]
)
def test_so_they_are_for_any_number_of_inputs_outputs_and_samples(
    name, inputs, outputs, batch
):
    def make():
        return chain(NEURONS[name], inputs, outputs)

    assert_same_step(make, batch=batch, inputs=inputs, outputs=outputs)


def dyadic():
    """Make a network whose spikes do not depend on the order of sums."""
    model = network()
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.copy_((tensor * 64).round() / 64)
        for neuron in (model.lif_in, model.lif_hidden, model.li_out):
            neuron.beta.copy_(2 ** neuron.beta.clamp(1 / 8, 1 / 2).log2().round())
    return model


def test_so_they_are_in_float32():
    assert_same_step(dyadic, torch.float32, 1e-5)


def outside():
    model = network()
    model.lif_in.beta.data[:3] = torch.tensor([-0.5, 1.5, 1.0])
    model.li_out.beta.data.fill_(1.25)
    return model


def test_a_decay_outside_of_its_range_has_no_gradient_and_is_put_back():
    gradient = assert_same_step(outside)["lif_in.beta"]
    assert (gradient != 0).tolist()[:3] == [False, False, True]


@pytest.mark.parametrize("name", dict(network().named_parameters()))
@pytest.mark.parametrize("others", [False, True])
def test_frozen_parameters_have_none(name, others):
    """One is frozen, or all but one."""

    def make():
        model = network()
        for each, parameter in model.named_parameters():
            parameter.requires_grad_((each == name) == others)
        return model

    assert (name in assert_same_step(make)) == others


def test_layers_may_have_no_bias():
    def make():
        model = network()
        model.fc_in.bias = model.fc_hidden.bias = None
        return model

    assert_same_step(make)


def test_few_spikes_are_added_up_as_events(monkeypatch):
    def make():
        model = SpikingRegressor(128, seed=0)
        model.lif_in.threshold *= 10
        return model

    added = []
    add_rows = events.add_rows
    monkeypatch.setattr(events, "add_rows", lambda *a: added.append(1) or add_rows(*a))
    assert_same_step(make, batch=30)
    assert added == [1, 1]  # by both


# Whole trainings


def losses(backend, dtype, near=None, **options):
    """Train for 30 epochs; note where a membrane is nearer to its threshold."""
    model, data = network().to(dtype), ragged(7, 3, shuffle=True, seed=1)
    data.dataset.features = data.dataset.features.to(dtype)
    data.dataset.labels = data.dataset.labels.to(dtype)
    closest = []

    def look(epoch, model):
        trace = model.trace(data.dataset.features)
        closest.append(
            min(
                (trace.membrane[name] - getattr(model, name).threshold).abs().min()
                for name in trace.spikes
            ).item()
        )

    fit_options = {"epochs": 30, "lr": 5e-3, "backend": backend} | options
    return fit(model, data, on_epoch=look, **fit_options).loss, closest


@pytest.mark.parametrize("recipe", ["tutorial", "accurate"])
def test_whole_trainings_have_the_same_losses(recipe):
    expected, _ = losses("torch", torch.float64, recipe=recipe)
    found, _ = losses("compiled", torch.float64, recipe=recipe)
    assert found == pytest.approx(expected, rel=1e-6)
    assert expected[-1] < expected[0]


def test_so_they_have_in_float32_until_rounding_may_move_a_spike():
    """A membrane that comes as near to its threshold may be on either side of it."""
    expected, closest = losses("torch", torch.float32)
    found, _ = losses("compiled", torch.float32)
    near = [n for n, distance in enumerate(closest) if distance < 1e-6]
    until = near[0] if near else len(expected)
    assert found[:until] == pytest.approx(expected[:until], rel=1e-4)
    assert until > 3


def kept(path):
    """Read what a checkpoint holds of Adam, and of the losses."""
    found = safetensors.torch.load_file(path)
    heads = ("adam.", "history.loss")
    return {name: value for name, value in found.items() if name.startswith(heads)}


@pytest.mark.parametrize(
    "backends", [("compiled", "torch", "compiled"), ("torch", "compiled", "torch")]
)
def test_adams_memory_is_the_same_and_goes_on_with_the_other_backend(
    backends, tmp_path
):
    def train(backend, path, last=9):
        def stop(epoch, model):
            if epoch == last:
                raise StopIteration

        options = {"recipe": "accurate", "checkpoint": path, "backend": backend}
        with pytest.warns(RuntimeWarning, match="StopIteration"):
            fit(
                *(network(), ragged(shuffle=True, seed=3), 12),
                **options,
                on_epoch=stop,
            )

    train("torch", tmp_path / "whole")
    for n, backend in enumerate(backends):
        train(backend, tmp_path / "parts", last=3 * (n + 1))
    found, expected = kept(tmp_path / "parts"), kept(tmp_path / "whole")
    assert {v.item() for name, v in found.items() if name.endswith(".step")} == {27}
    assert_same(found, expected, 1e-5)
