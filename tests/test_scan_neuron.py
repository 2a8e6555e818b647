"""A run neither reads nor changes the neuron beyond its parameters."""

import contextlib
import copy
import itertools
import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import snntorch as snn
import torch
from layers import random_layer, same

from spikereg import scan
from spikereg.scan import BACKENDS

each_backend = pytest.mark.parametrize("backend", BACKENDS)


@each_backend
def test_the_neuron_is_left_as_it_was(backend):
    neuron, current, state = random_layer()
    attributes, buffers = dict(vars(neuron)), dict(neuron.named_buffers())
    values = copy.deepcopy(neuron.state_dict())
    scan(neuron, current, state, backend=backend)
    assert vars(neuron).keys() == attributes.keys()
    assert all(buffers[name] is buffer for name, buffer in neuron.named_buffers())
    assert all(torch.equal(values[k], v) for k, v in neuron.state_dict().items())


@pytest.mark.parametrize("backend", ["auto", "reference"])
@pytest.mark.parametrize("calls_until_it_breaks", [5, math.inf])
def test_the_neuron_keeps_the_state_of_a_run_of_its_own(backend, calls_until_it_breaks):
    neuron, current, state = random_layer()
    neuron(current[0], state)
    membrane, reset = neuron.mem, neuron.reset
    surrogate_gradient, calls = neuron.spike_grad, itertools.count(1)

    def breaks(x):
        if next(calls) == calls_until_it_breaks:
            raise RuntimeError("broken surrogate")
        return surrogate_gradient(x)

    neuron.spike_grad = breaks
    with contextlib.suppress(RuntimeError):
        scan(neuron, current, backend=backend)
    assert neuron.mem is membrane
    assert neuron.reset is reset


@each_backend
def test_the_result_does_not_depend_on_what_the_neuron_did_before(backend):
    neuron, current, _ = random_layer()
    expected = scan(neuron, current, backend=backend)
    scan(neuron, 3 * current[:, :1], backend=backend)
    neuron(current[0])
    assert same(scan(neuron, current, backend=backend), expected)


@each_backend
def test_a_neuron_can_be_copied_and_restored_while_its_graph_lives(backend):
    neuron, current, state = random_layer()
    outputs = scan(neuron, current, state, backend=backend)
    restored, _, _ = random_layer(seed=1)
    restored.load_state_dict(neuron.state_dict())
    for twin in (copy.deepcopy(neuron), restored):
        assert same(scan(twin, current, state, backend=backend), outputs)


@each_backend
def test_threads_can_share_a_neuron(backend):
    neuron = snn.Leaky(beta=0.5, threshold=0.75)
    currents = [torch.rand(300, width, width) for width in (1, 2, 3, 4)]
    expected = [scan(neuron, each, backend=backend)[1] for each in currents]
    with ThreadPoolExecutor(4) as pool:
        actual = list(pool.map(lambda each: scan(neuron, each)[1], currents))
    assert same(actual, expected)
