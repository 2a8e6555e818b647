"""What the benchmark says of a peer: that it does the same job, or how it differs."""

import numpy as np
import pytest
import run
from check import check
from job import LAYERS, Size, job
from peers import Floor, SnnTorch, TorchPeer, spikereg

SIZE = Size(20, 3, 16)


@pytest.fixture(scope="module")
def expected():
    return TorchPeer(SnnTorch, job(SIZE, exact=True)).gradients()


def test_this_project_does_the_job_of_snntorchs_loop(expected):
    found = TorchPeer(spikereg, job(SIZE, exact=True)).gradients()
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


def test_a_step_changes_every_learned_number_and_no_threshold():
    peer = TorchPeer(spikereg, job(SIZE))
    before = {name: value.clone() for name, value in peer.model.state_dict().items()}
    peer.step()
    changed = {
        name
        for name, value in peer.model.state_dict().items()
        if not value.equal(before[name])
    }
    assert changed == {name for name, _ in peer.model.named_parameters()}


def test_higher_thresholds_leave_the_rest_of_the_job_as_it_is():
    low, high = job(SIZE).weights, job(SIZE, thresholds=2).weights
    for name, value in low.items():
        factor = 2 if name in {f"{layer}.threshold" for layer in LAYERS[:2]} else 1
        assert high[name].equal(factor * value)


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
    run.table(["a", "bcd"], [["12", "3"]], markdown)
    assert capsys.readouterr().out == expected
