"""What a chain cannot do is named and left to autograd, also if it comes later."""

import contextlib
import functools

import pytest
import snntorch as snn
import torch
from small import line, network, ragged
from snntorch import surrogate
from test_chain import assert_same, fit, leaky, weights
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from spikereg import SpikingRegressor


def print_not(*_):
    return None


class Doubles(snn.Leaky):
    def forward(self, *arguments):
        return super().forward(*arguments)


class Other(SpikingRegressor):
    def forward(self, features):
        return 2 * super().forward(features)


class Weighs(nn.Linear):
    pass


class Looks(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        return function(*args, **(kwargs or {}))


def changed(change, make=network):
    def build():
        model = make()
        change(model)
        return model

    return build


def setting(path, value):
    """Replace a part of a network by what a function makes, or by a value."""
    *parts, last = path.split(".")

    def change(model):
        part = functools.reduce(getattr, parts, model)
        setattr(part, last, value(model) if callable(value) else value)

    return changed(change)


def turned(model):
    weight = model.fc_hidden.weight
    weight.data = weight.data.t().contiguous().t()


OBSTACLES = {
    "line": (line, r"a forward pass of its own \(Linear\)"),
    "other": (lambda: Other(8, seed=0), r"a forward pass of its own \(Other\)"),
    "method": (
        setting("forward", lambda m: lambda x: 2 * SpikingRegressor.forward(m, x)),
        "a forward pass of its own",
    ),
    "hook": (changed(lambda m: m.fc_in.register_forward_hook(print_not)), "hooks"),
    "backward hook": (
        changed(lambda m: m.lif_in.register_full_backward_hook(print_not)),
        "hooks",
    ),
    "tensor hook": (
        changed(lambda m: m.fc_in.weight.register_hook(lambda g: 2 * g)),
        "hooks",
    ),
    "later hook": (
        changed(lambda m: m.fc_in.bias.register_post_accumulate_grad_hook(print_not)),
        "hooks",
    ),
    "subclass": (
        setting("lif_in", lambda m: Doubles(torch.rand(8), learn_beta=True)),
        r"an update of its own \(Doubles\)",
    ),
    "option": (setting("lif_in.inhibition", True), "inhibition"),
    "surrogate": (
        setting("lif_in.spike_grad", lambda m: lambda x: surrogate.atan()(2 * x)),
        "a surrogate that is none of snnTorch's",
    ),
    "dendrites": (
        lambda: SpikingRegressor(8, seed=0, readout="dendrites"),
        r"neurons of another kind \(Dendrites\)",
    ),
    "linear": (
        setting("fc_hidden", lambda m: Weighs(8, 8)),
        r"another kind \(Weighs\)",
    ),
    "tied": (
        setting("lif_hidden", lambda m: m.lif_in),
        "layers that share a parameter",
    ),
    "beside": (
        setting("extra", lambda m: nn.Parameter(torch.ones(2))),
        "learned parameters beside those of its layers",
    ),
    "mixed": (
        setting("lif_in.threshold", lambda m: m.lif_in.threshold.half()),
        "data type torch.float16",
    ),
    "turned": (changed(turned), "parameters that are not contiguous"),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_an_obstacle_is_named_and_left_to_pytorch(name):
    make, message = OBSTACLES[name]
    torch.manual_seed(0)
    expected, actual = make(), make()
    actual.load_state_dict(expected.state_dict())
    before = weights(actual)
    message = f'backend "compiled" cannot train a model with .*{message}'
    with pytest.raises(ValueError, match=message):
        fit(actual, ragged(), 2, backend="compiled")
    assert_same(weights(actual), before)
    history = fit(actual, ragged(), 2)
    assert history == fit(expected, ragged(), 2, backend="torch")
    assert_same(weights(actual), weights(expected))


@contextlib.contextmanager
def a_global_hook():
    handle = nn.modules.module.register_module_forward_hook(print_not)
    try:
        yield
    finally:
        handle.remove()


@pytest.mark.parametrize(
    ("around", "message"),
    [
        (lambda: FlopCounterMode(display=False), "a mode of PyTorch looking on"),
        (Looks, "a mode of PyTorch looking on"),
        (lambda: torch.autocast("cpu", dtype=torch.bfloat16), "autocast"),
        (
            lambda: torch.autograd.detect_anomaly(check_nan=False),
            "PyTorch's detection of anomalies",
        ),
        (a_global_hook, "hooks"),
    ],
)
@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_so_is_what_is_switched_on_around(around, message):
    expected, actual = network(), network()
    with around():
        with pytest.raises(ValueError, match=f"a model with {message}"):
            fit(actual, ragged(), 2, backend="compiled")
        history = fit(actual, ragged(), 2)
        assert history == fit(expected, ragged(), 2, backend="torch")
    assert_same(weights(actual), weights(expected))


def test_so_is_a_penalty():
    with pytest.raises(ValueError, match="a model with a spike_penalty"):
        fit(network(), ragged(), 2, spike_penalty=0.1, backend="compiled")
    with pytest.raises(ValueError, match=r"backend must be one of .* not 'fast'"):
        fit(network(), ragged(), backend="fast")


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("backend", ["auto", "compiled"])
def test_without_gradients_there_is_none(mode, backend):
    with mode(), pytest.raises(ValueError, match=r"torch\.no_grad|gradients switched"):
        fit(network(), ragged(), backend=backend)


# Changes on the way


def heard(model):
    model.lif_hidden.register_forward_hook(lambda *args: model.calls.append(1))


CHANGES = {
    "nothing": lambda m: None,
    "gradients": lambda m: m.zero_grad(),
    "hook": heard,
    "weight": lambda m: setattr(m.fc_in.weight, "data", 2 * m.fc_in.weight.data),
    "in place": lambda m: m.fc_in.weight.data.mul_(2),
    "parameter": lambda m: setattr(m.fc_in, "bias", nn.Parameter(torch.ones(8))),
    "no bias": lambda m: setattr(m.fc_in, "bias", None),
    "neuron": lambda m: setattr(m, "lif_hidden", leaky(shape=(8,))),
    "frozen": lambda m: m.lif_in.beta.requires_grad_(False),
    "threshold": lambda m: m.lif_hidden.threshold.mul_(2),
    "surrogate": lambda m: setattr(m.lif_in, "spike_grad", surrogate.atan()),
    "graded": lambda m: m.lif_in.graded_spikes_factor.fill_(2),
    "option": lambda m: setattr(m.lif_in, "inhibition", True),
}


class Changing:
    """Batches, and after those of its second epoch something else."""

    def __init__(self, change):
        self.batches, self.change, self.epochs = ragged(), change, 0

    def __iter__(self):
        yield from self.batches
        self.epochs += 1
        if self.epochs == 2:
            self.change()


@pytest.mark.parametrize("by", ["on_epoch", "a loader"])
@pytest.mark.parametrize("name", CHANGES)
def test_what_is_changed_between_two_epochs_is_noticed(name, by):
    def train(backend):
        model = network()
        model.calls = []

        def change(epoch, model):
            if epoch == 2:
                CHANGES[name](model)

        options = {"on_epoch": change}
        data = ragged()
        if by == "a loader":
            data, options = Changing(lambda: CHANGES[name](model)), {}
        history = fit(model, data, 4, 1e-2, backend=backend, **options)
        return model, history.loss

    (model, found), (other, expected) = train("auto"), train("torch")
    assert found == pytest.approx(expected, rel=1e-5)
    assert_same(weights(model), weights(other), 1e-5)
    assert model.calls == other.calls
    assert bool(model.calls) == (name == "hook")


def test_an_obstacle_on_the_way_is_named():
    model = network()
    model.calls = []
    with pytest.raises(ValueError, match="a model with hooks") as raised:
        fit(model, ragged(), 4, on_epoch=lambda *_: heard(model), backend="compiled")
    assert len(raised.value.history.loss) == 1


@pytest.mark.parametrize("backend", ["torch", "auto"])
def test_a_model_that_becomes_wider_is_refused_by_either(backend):
    class Widens:
        epochs = 0

        def __iter__(self):
            self.epochs += 1
            for x, y in ragged():
                yield (x.double(), y.double()) if self.epochs > 1 else (x, y)

    with pytest.raises(RuntimeError):
        fit(network(), Widens(), 3, on_epoch=lambda _, m: m.double(), backend=backend)


# Numbers that are not finite


def steep():
    """Silent, so that the loss is finite, with gradients beyond any number."""
    model = network()
    for neuron in (model.lif_in, model.lif_hidden):
        neuron.threshold.fill_(1e3)
    model.fc_out.weight.data.fill_(1e37)
    model.fc_hidden.weight.data.fill_(1e37)
    return model


@pytest.mark.parametrize("what", ["gradient", "loss"])
def test_numbers_that_are_not_finite_are_named_and_taken_back(what):
    size = 1e30 if what == "loss" else 1.0
    batches = [*ragged(), *((x, size * y) for x, y in ragged())]
    found = []
    for backend in ("torch", "compiled"):
        model = network() if what == "loss" else steep()
        with pytest.raises(FloatingPointError, match=f"the {what} ") as raised:
            fit(model, batches, 3, backend=backend)
        found.append((str(raised.value), weights(model)))
    (message, expected), (other, actual) = found
    assert message == other
    assert_same(actual, expected, 1e-5)
