"""A training that stops and goes on is the same as one that does not."""

import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
from small import accurate, line, network, ragged, shuffled
from torch import nn
from torch.utils.data import DataLoader

from spikereg import RegressionDataset
from spikereg import fit as fit_with_bar

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

ROOT = Path(__file__).parents[1]

fit = functools.partial(fit_with_bar, progress=False)


class StopError(Exception):
    """What ends a training in these tests."""


def fit_until(epoch, model, loader, **options):
    """Fit, and be interrupted after an epoch."""

    def stop(now, model):
        if now == epoch:
            raise StopError

    with pytest.warns(RuntimeWarning, match="Stop"):
        return fit(model, loader, on_epoch=stop, **options)


def assert_same(some, others):
    for name, value in some.state_dict().items():
        assert torch.equal(value, others.state_dict()[name]), name


# Going on


@pytest.mark.parametrize("recipe", ["tutorial", "accurate"])
@pytest.mark.parametrize("make", [network, accurate, line])
@pytest.mark.parametrize("every", [1, 4])
def test_a_training_goes_on_as_if_nothing_had_been_in_between(
    make, recipe, every, tmp_path
):
    options = {"epochs": 12, "lr": 1e-2, "recipe": recipe, "validation": ragged(4)}
    whole, parts = make(), make()
    expected = fit(whole, shuffled(), **options)
    options |= {"checkpoint": tmp_path / "run", "checkpoint_every": every}
    fit_until(5, parts, shuffled(), **options)
    parts = make()  # as in another process
    fit_until(9, parts, shuffled(), **options)
    history = fit(parts, shuffled(), **options)
    assert history == expected
    assert_same(parts, whole)


def test_twenty_epochs_and_twenty_more_are_forty(tmp_path):
    path = tmp_path / "run"
    whole, parts = network(), network()
    expected = fit(whole, shuffled(), epochs=40)
    assert len(fit(parts, shuffled(), epochs=20, checkpoint=path).loss) == 20
    assert fit(parts, shuffled(), epochs=40, checkpoint=path) == expected
    assert_same(parts, whole)


def test_a_finished_training_is_not_run_again(tmp_path):
    class Once:
        served = False

        def __iter__(self):
            assert not self.served
            self.served = True
            yield from ragged()

    loader, path = Once(), tmp_path / "run"
    model, again = network(), network(seed=1)
    history = fit(model, loader, epochs=1, checkpoint=path)
    assert fit(again, loader, epochs=1, checkpoint=path) == history
    assert_same(again, model)


class Dropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.line = line()

    def forward(self, features):
        return self.line(nn.functional.dropout(features, training=self.training))


@pytest.mark.parametrize(
    "case",
    [
        (Dropout, shuffled),
        (
            line,
            lambda: DataLoader(
                RegressionDataset(12, 5, seed=0),
                2,
                shuffle=True,
                collate_fn=shuffled().collate_fn,
            ),
        ),
        (
            line,
            lambda: DataLoader(
                RegressionDataset(12, 5, seed=0),
                2,
                sampler=torch.utils.data.RandomSampler(
                    range(5), generator=torch.Generator().manual_seed(7)
                ),
                collate_fn=shuffled().collate_fn,
            ),
        ),
    ],
)
def test_random_numbers_go_on_wherever_they_come_from(case, tmp_path):
    make, serve = case
    options = {"epochs": 12, "validation": ragged()}
    whole, parts = make(), make()
    torch.manual_seed(5)
    expected = fit(whole, serve(), **options)
    torch.manual_seed(5)
    fit_until(4, parts, serve(), checkpoint=tmp_path / "run", **options)
    torch.manual_seed(6)
    history = fit(parts, serve(), checkpoint=tmp_path / "run", **options)
    assert history == expected
    assert_same(parts, whole)


@pytest.mark.usefixtures("unchecked")
def test_the_global_generator_is_left_alone_where_nobody_draws_from_it(tmp_path):
    fit(network(), shuffled(), epochs=1, checkpoint=tmp_path / "run")
    torch.manual_seed(torch.initial_seed())
    before = torch.get_rng_state()
    fit(network(), shuffled(), epochs=2, checkpoint=tmp_path / "run")
    assert torch.equal(torch.get_rng_state(), before)


def test_patience_counts_on(tmp_path):
    """A training that has waited long enough ends at once; more patience goes on."""
    far = [(torch.zeros(4, 1, 1), torch.zeros(4, 1, 1))]  # at once as good as it gets
    options = {"validation": far, "checkpoint": tmp_path / "run", "epochs": 9}
    model = nn.Linear(1, 1, bias=False)
    assert len(fit(model, ragged(), patience=2, **options).loss) == 3
    assert len(fit(model, ragged(), patience=2, **options).loss) == 3
    assert len(fit(model, ragged(), patience=4, **options).loss) == 5


# Killed

SCRIPT = """
import os, sys, time
sys.path[:0] = ["tests"]
from small import network, ragged
from spikereg import fit
import spikereg._checkpoint as checkpoint

path, last = sys.argv[1:]

def tell(epoch, model):
    print(epoch, flush=True)

flush, written = os.fsync, []

def wait_forever(descriptor):
    written.append(descriptor)
    if len(written) == int(last):
        print("in the middle of writing", flush=True)
        time.sleep(1e6)
    flush(descriptor)

os.fsync = wait_forever
fit(network(), ragged(shuffle=True, seed=3), 100_000, lr=1e-2, checkpoint=path,
    checkpoint_every=3, progress=False, on_epoch=tell)
"""


def killed(path, line, writing=0):
    """Train in a process of its own until it has said a line, and kill it."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, path, str(writing)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            for said in process.stdout:
                if said.strip() == line:
                    break
            else:
                pytest.fail(f"it ended without saying {line}")
        finally:
            os.kill(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("epoch", [4, 8, 21])
def test_a_killed_training_loses_one_interval_at_most_and_goes_on_the_same(
    epoch, tmp_path
):
    path = tmp_path / "run"
    killed(path, str(epoch))
    done = len(safetensors.torch.load_file(path)["history.loss"])
    assert done >= epoch - 3
    assert done % 3 == 0
    goes_on_the_same(path, done + 10)


def test_a_training_killed_while_it_writes_has_the_file_before(tmp_path):
    path = tmp_path / "run"
    killed(path, "in the middle of writing", writing=4)
    (left,) = (file for file in tmp_path.iterdir() if file.name != "run")
    assert left.name.startswith(".")
    assert len(safetensors.torch.load_file(path)["history.loss"]) == 6
    goes_on_the_same(path, 14)
    assert {file.name for file in tmp_path.iterdir()} == {"run", left.name}


def goes_on_the_same(path, epochs):
    whole, parts = network(), network()
    expected = fit(whole, shuffled(), epochs, lr=1e-2)
    history = fit(
        parts, shuffled(), epochs, lr=1e-2, checkpoint=path, checkpoint_every=3
    )
    assert history == expected
    assert_same(parts, whole)
