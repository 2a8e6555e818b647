"""What the benchmark says of a peer: that it does the same job, or how it differs."""

import itertools
import os

import first
import kinds
import numpy as np
import parts
import peer_fit
import peer_layer
import peer_network
import pytest
import run
import torch
from check import check
from job import LAYERS, Size, job
from peers import Floor, SnnTorch, Step, TorchPeer, spikereg
from race import Process, environment
from table import table
from worker import Worker

from spikereg import SpikingRegressor

SIZE = Size(20, 3, 16)


@pytest.fixture(scope="module")
def expected():
    return TorchPeer(SnnTorch, job(SIZE, exact=True)).gradients()


@pytest.mark.parametrize("peer", [TorchPeer, Step])
def test_this_project_does_the_job_of_snntorchs_loop(expected, peer):
    found = peer(spikereg, job(SIZE, exact=True)).gradients()
    assert check("spikereg", found, expected, SIZE) == ""
    assert len(found) == 10  # the loss, three weights, biases and decays


def test_a_peer_that_does_another_job_stops_the_benchmark(expected):
    found = expected | {"fc_out.bias": expected["fc_out.bias"] * 1.01}
    with pytest.raises(ValueError, match=r"jax .*= 20, 3, 16: fc_out\.bias differs"):
        check("jax", found, expected, SIZE)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_peer_without_a_finite_loss_stops_the_benchmark(expected, wrong):
    with pytest.raises(ValueError, match="loss differs"):
        check("jax", expected | {"loss": np.array(wrong)}, expected, SIZE)


def test_a_peer_without_a_gradient_stops_the_benchmark(expected):
    found = {name: value for name, value in expected.items() if name != "lif_in.beta"}
    with pytest.raises(ValueError, match="jax has the gradients"):
        check("jax", found, expected, SIZE)


def test_a_peer_of_another_job_is_told_by_how_much(expected):
    found = expected | {"loss": expected["loss"] * 1.1}
    assert check("norse", found, expected, SIZE) == "loss by 10.0%, its gradient by 0%"
    floor = TorchPeer(Floor, job(SIZE, exact=True)).gradients()
    assert check("floor", floor, expected, SIZE) == ""


@pytest.mark.parametrize("step", [TorchPeer, Step])
def test_a_step_changes_every_learned_number_and_no_threshold(step):
    peer = step(spikereg, job(SIZE))
    before = {name: value.clone() for name, value in peer.model.state_dict().items()}
    peer.step()
    changed = {
        name
        for name, value in peer.model.state_dict().items()
        if not value.equal(before[name])
    }
    assert changed == {name for name, _ in peer.model.named_parameters()}


def test_the_parts_of_a_step_add_up_to_it_and_are_parts_of_the_same_step(monkeypatch):
    for owner, name in ((torch, "addmm"), (torch, "mm"), (torch, "sum")):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # to be put back
    for owner, name in ((torch, "_fused_adam_"), (parts.events, "pays")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    for name in ("add_columns", "add_rows"):
        monkeypatch.setattr(parts.events, name, getattr(parts.events, name))
    plain = Step(spikereg, job(SIZE))
    for _ in range(4):
        plain.step()
    clock = itertools.count()
    monkeypatch.setattr(parts.time, "perf_counter", lambda: next(clock))
    watched = parts.Watched(job(SIZE))
    for _ in range(3):
        watched.step()
    for name, value in plain.model.state_dict().items():
        assert value.equal(watched.model.state_dict()[name])
    # Each call that is timed asks the clock twice, and so does the step around it:
    # three products forward, eight backward, of which three are sums; three walks each.
    took = {name: set(times) for name, times in watched.parts.items()}
    calls = {"neurons, forward": 3, "neurons, backward": 3, "Adam": 1}
    calls["products"] = 3 + 8 + 2  # and twice it is asked whether events pay
    assert {name: {n} for name, n in calls.items()}.items() <= took.items()
    assert took["all else"] == {sum(calls.values()) + 1}


def test_higher_thresholds_leave_the_rest_of_the_job_as_it_is():
    low, high = job(SIZE).weights, job(SIZE, thresholds=2).weights
    for name, value in low.items():
        factor = 2 if name in {f"{layer}.threshold" for layer in LAYERS[:2]} else 1
        assert high[name].equal(factor * value)


def test_the_job_begins_as_this_projects_network_does_without_asking_it():
    drawn = SpikingRegressor(SIZE.hidden, seed=0).state_dict()
    weights = job(SIZE).weights
    assert all(value.equal(drawn[name]) for name, value in weights.items())
    others = {name.split(".")[1] for name in drawn.keys() - weights.keys()}
    assert others == {"graded_spikes_factor", "reset_mechanism_val"}


@pytest.mark.parametrize("name", peer_fit.PEERS)
def test_a_loop_over_a_loader_does_the_job(expected, name):
    found = peer_fit.PEERS[name](job(SIZE, exact=True)).gradients()
    assert check(name, found, expected, SIZE) == ""


def test_a_loop_over_other_data_stops_the_benchmark(expected):
    exact = job(SIZE, exact=True)
    found = peer_fit.Fit(exact._replace(target=exact.target * 1.01)).gradients()
    with pytest.raises(ValueError, match="fit does another job than snntorch"):
        check("fit", found, expected, SIZE)


@pytest.mark.parametrize("name", peer_fit.PEERS)
@pytest.mark.parametrize(("samples", "batch"), [(1, 1), (20, 1), (5, 2)])
def test_a_loop_makes_as_many_steps_as_it_says(name, samples, batch):
    peer = peer_fit.PEERS[name](job(Size(4, samples, 2)), batch)
    batches = []
    peer.model.register_forward_pre_hook(lambda _, args: batches.append(args[0]))
    peer.step()
    assert len(batches) == peer.steps
    assert batches[0].shape == (4, batch, 1)


def test_the_time_of_a_loop_is_that_of_one_step(monkeypatch):
    worker = Worker()
    worker.peer = peer_fit.Fit(job(Size(4, 1, 2)))
    monkeypatch.setattr(worker, "once", lambda: 128.0)
    assert worker.block(200) == [2.0, 2.0]


@pytest.mark.parametrize(("ours", "other"), kinds.SAME.items())
def test_a_layer_does_the_job_of_snntorchs_loop(ours, other):
    found, expected = (
        peer_layer.PEERS[name](job(SIZE)).gradients() for name in (ours, other)
    )
    assert check(ours, found, expected, SIZE, other) == ""
    assert 0.05 < expected["loss"] < 0.95  # some neurons fire, some do not


def test_a_layer_of_another_job_stops_the_benchmark():
    found, expected = (
        peer_layer.PEERS[name](job(SIZE)).gradients() for name in ("leaky", "resonator")
    )
    with pytest.raises(ValueError, match=r"leaky .* resonator|has the gradients"):
        check("leaky", found, expected, SIZE, "resonator")


@pytest.mark.parametrize("name", peer_network._NETWORKS)
def test_a_network_of_a_kind_is_recurrent_if_it_is_said_to_be(name):
    model = peer_network.PEERS[name](job(SIZE)).model
    for neuron in (model.lif_in, model.lif_hidden):
        recurrent = getattr(neuron, "recurrent", None) is not None
        assert recurrent == (name not in {"lif", "adaptive", "resonator"})


def test_all_that_is_raced_is_there():
    for besides, peers in (
        (kinds.LAYERS, peer_layer.PEERS),
        (kinds.NETWORKS, peer_network.PEERS),
    ):
        assert {name for ours, other, *_ in besides for name in (ours, other)} == {
            *peers
        }
    assert first.KINDS.keys() < peer_layer.PEERS.keys()
    assert {*first.KINDS.values()} < peer_network.PEERS.keys()


def test_one_beside_another_is_as_fast_or_as_long():
    faster = kinds.Beside("a", "b", True, {64: 3})
    assert faster.ratio(2, 7) == "3.50 as fast"
    assert faster.target(64) == "at least 3"
    slower = kinds.Beside("a", "b", False, {1: 1.5})
    assert slower.ratio(7, 2) == "3.50 as long"
    assert (slower.target(1), slower.target(64)) == ("at most 1.5", "")


def test_an_earlier_version_is_imported_from_its_folder_alone(tmp_path):
    (tmp_path / "spikereg").mkdir()
    (tmp_path / "spikereg" / "__init__.py").touch()
    with Process(1, **environment("layer leaky before", tmp_path)) as worker:
        assert worker.ask("where") == str(tmp_path)
        assert not worker.ask("knows", "layer adaptive before", SIZE)
        assert worker.ask("knows", "layer leaky, loop", SIZE)


def test_an_earlier_version_is_for_no_other_peer(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "here")
    before = {"PYTHONPATH": f"{tmp_path}{os.pathsep}here"}
    assert environment("before", tmp_path) == before
    assert environment("layer leaky", tmp_path) == {}


def test_a_rough_table_is_not_stored(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["run.py", "--quick", "--store"])
    with pytest.raises(SystemExit):
        run.main()
    assert "not the one of --quick" in capsys.readouterr().err


def test_a_slope_is_that_of_a_power_law():
    assert run._slope([1, 2, 4], [3, 12, 48]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        (False, " a   bcd\n12     3\n\n"),
        (True, "|  a | bcd |\n| -: | --: |\n| 12 |   3 |\n\n"),
    ],
)
def test_a_table_is_aligned(capsys, markdown, expected):
    table(["a", "bcd"], [["12", "3"]], markdown)
    assert capsys.readouterr().out == expected
