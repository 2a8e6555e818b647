"""What scan says of arguments that it cannot take."""

import pytest
import snntorch as snn
import torch

from spikereg import AdaptiveLeaky, PlasticPair, Resonator, SpikingLSTM, scan

zeros = torch.zeros(4, 2, 3)


def relabelled():
    neuron = snn.Leaky(beta=0.5)
    neuron.reset_mechanism = "zero"
    return neuron


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"current": zeros[0, 0]}, ValueError, r"current .* not \[3\]"),
        ({"current": zeros[0]}, ValueError, r"current .* not \[2, 3\]"),
        ({"current": zeros[None]}, ValueError, r"current .* not \[1, 4, 2, 3\]"),
        ({"current": zeros[:0]}, ValueError, r"one time step, not \[0, 2, 3\]"),
        ({"current": zeros.int()}, ValueError, "floating-point, not torch.int32"),
        ({"current": zeros.bool()}, ValueError, "floating-point, not torch.bool"),
        ({"current": zeros.numpy()}, TypeError, "current .* not ndarray"),
        ({"current": zeros.tolist()}, TypeError, "current .* not list"),
        ({"state": zeros}, ValueError, r"state .* \[2, 3\] .* not \[4, 2, 3\]"),
        ({"state": zeros[0, :1]}, ValueError, r"state .* \[2, 3\] .* not \[1, 3\]"),
        ({"state": torch.zeros(3, 2)}, ValueError, r"state .* not \[3, 2\]"),
        ({"state": zeros[0].double()}, ValueError, "state .* not torch.float64"),
        ({"state": (zeros[0],)}, TypeError, "state .* not tuple"),
        ({"backend": "gpu"}, ValueError, r"backend .*'cpu'\), not 'gpu'"),
        ({"neuron": snn.Leaky(beta=torch.rand(2))}, ValueError, r"beta .* not .*\[2\]"),
        (
            {"neuron": snn.Leaky(beta=0.5, threshold=torch.rand(2, 3))},
            ValueError,
            r"threshold must have size 1 or N = 3 .* not shape \[2, 3\]",
        ),
        (
            {"neuron": snn.Leaky(beta=torch.rand(3).double())},
            ValueError,
            "beta must not be wider than .* torch.float32, not torch.float64",
        ),
        ({"neuron": snn.Leaky(beta=0.5, init_hidden=True)}, ValueError, "init_hidden"),
        ({"neuron": relabelled()}, ValueError, "set to 'zero' later.*_base_sub"),
        ({"neuron": snn.Synaptic(0.5, 0.5)}, TypeError, "PlasticPair, not Synaptic"),
        ({"neuron": snn.Leaky}, TypeError, "PlasticPair, not the class Leaky"),
        ({"neuron": None}, TypeError, "PlasticPair, not NoneType"),
        (
            {"neuron": SpikingLSTM(1, seed=0)},
            ValueError,
            r"current .* \[T, B, 4N\] .* not \[4, 2, 3\]",
        ),
        (
            {"neuron": Resonator(2, seed=0)},
            ValueError,
            r"beta must have size 1 or N = 3 .* not shape \[2\]",
        ),
        (
            {"neuron": Resonator(3, seed=0), "state": zeros[0]},
            TypeError,
            "a tuple of 2 tensors, quadrature and membrane, not one: Tensor",
        ),
        (
            {"neuron": PlasticPair(3), "state": zeros[0]},
            TypeError,
            "a tuple of 2 tensors, stress and membrane, not one: Tensor",
        ),
        (
            {"neuron": PlasticPair(2)},
            ValueError,
            r"hardening must have size 1 or N = 3 .* not shape \[2\]",
        ),
        (
            {"neuron": AdaptiveLeaky(3, seed=0), "state": (zeros[0],) * 3},
            TypeError,
            "a tuple of 2 tensors, adaptation and membrane, not 3 of them: tuple",
        ),
        (
            {"neuron": AdaptiveLeaky(3, seed=0), "state": (zeros[0], zeros[0, 0])},
            ValueError,
            r"state: membrane must have the shape \[B, N\] = \[2, 3\] .* not \[3\]",
        ),
    ],
)
def test_bad_input_is_named_with_what_was_passed(change, error, message):
    arguments = {"neuron": snn.Leaky(beta=0.5), "current": zeros}
    scan(**arguments)
    with pytest.raises(error, match=message):
        scan(**arguments | change)
