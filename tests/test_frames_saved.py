"""A network and its columns in a file: read again elsewhere, or refused."""

import dataclasses
import os
import re
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from small import shuffled
from tables import INPUTS, table

from spikereg import SpikingRegressor, _checkpoint, fit, from_frame
from spikereg.baselines import EchoState, TapFilter
from spikereg.frames import load
from spikereg.frames.columns import SAVED

ELSEWHERE = """
import sys
import spikereg
assert "pandas" not in sys.modules, "importing spikereg imports pandas"
from spikereg.frames import load
from spikereg.frames.columns import SAVED

model = spikereg.SpikingRegressor(8, num_inputs=2, seed=1)
columns = load(sys.argv[1], model)
columns.predict(model, sys.argv[2]).to_pickle(sys.argv[3])
"""


def network(hidden=8, seed=0, **options):
    return SpikingRegressor(hidden, num_inputs=2, seed=seed, **options)


@pytest.fixture
def data():
    settings = {"horizon": 1, "window": 5, "warm_up": 2}
    return from_frame(
        table(60, groups=2), INPUTS, "y", time="time", group="group", **settings
    )


@pytest.fixture
def kept(data, tmp_path):
    path = tmp_path / "network"
    data.save(path, network())
    return path


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def refused(path, message, model):
    before = state(model)
    with pytest.raises(ValueError, match=message) as raised:
        load(path, model)
    assert str(path) in str(raised.value)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_in_another_process_a_new_file_is_answered_alike(data, kept, tmp_path):
    frame = table(40, groups=3, missing=0.1, gaps=0.1, seed=5)
    new, told = tmp_path / "new.csv", tmp_path / "told"
    frame.drop(columns="y").to_csv(new, index=False)
    command = [sys.executable, "-c", ELSEWHERE, kept, new, told]
    subprocess.run(command, check=True)
    expected = data.columns.predict(network(), new)
    assert expected["y, 1 later"].notna().any()
    pd.testing.assert_frame_equal(pd.read_pickle(told), expected, check_exact=True)


def test_what_is_read_is_what_was_written(data, kept):
    model = network(seed=1)
    columns = load(kept, model)
    assert columns.layout == data.columns.layout
    for name in ("inputs", "outputs"):
        ours, theirs = getattr(columns, name), getattr(data.columns, name)
        assert torch.equal(ours.mean, theirs.mean)
        assert torch.equal(ours.deviation, theirs.deviation)
    expected = network().state_dict()
    assert all(torch.equal(v, expected[name]) for name, v in model.state_dict().items())
    columns.save(kept, model)
    assert load(str(kept), network()).layout == columns.layout


def test_the_step_of_training_is_that_of_later_tables(data, kept):
    columns = load(kept, model := network())
    row = table(1)
    assert len(columns.predict(model, row)) == 1
    fast = table(30)
    fast["time"] /= 10
    with pytest.raises(ValueError, match="time must run in equal steps: only 0 of 29"):
        columns.predict(model, fast)


@pytest.mark.usefixtures("unchecked")
def test_settings_may_be_numbers_of_any_kind(tmp_path):
    settings = {
        "horizon": np.int64(1),
        "window": np.int32(5),
        "warm_up": np.uint8(2),
        "gap": Fraction(3, 2),
        "step": np.float32(1),
    }
    data = from_frame(table(), np.array(INPUTS), "y", time="time", **settings)
    data.save(tmp_path / "network", network())
    layout = load(tmp_path / "network", network()).layout
    assert layout == data.columns.layout
    assert dataclasses.astuple(layout)[4:] == (1, 1.0, 1.5, 5, 2)


# What is refused


def test_a_file_with_a_wrong_bit_anywhere_is_refused(kept):
    whole, model = kept.read_bytes(), network(seed=1)
    for place in range(0, len(whole), max(1, len(whole) // 150)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        kept.write_bytes(damaged)
        refused(kept, "path must be a file that save has written", model)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_file_that_was_cut_off_is_refused(kept, share):
    whole = kept.read_bytes()
    kept.write_bytes(whole[: int(share * len(whole))])
    refused(kept, "path must be a file that save has written", network(seed=1))


def test_another_kind_of_file_is_refused_on_either_side(kept, tmp_path):
    checkpoint, model = tmp_path / "fit", SpikingRegressor(8, seed=0)
    fit(model, shuffled(), epochs=1, checkpoint=checkpoint, progress=False)
    refused(checkpoint, "that save has written.*format is 'spikereg.fit 1'", model)
    with pytest.raises(ValueError, match=r"that fit has written.*'spikereg\.frame 1'"):
        fit(model, shuffled(), epochs=1, checkpoint=kept, progress=False)
    text = tmp_path / "table.csv"
    table().to_csv(text)
    refused(text, "path must be a file that save has written", model)
    refused(tmp_path, "it is no file", model)
    refused(tmp_path / "none", "it is no file", model)


class Longer(torch.nn.Sequential):
    """Has what a shorter one has, and more."""

    def __init__(self, layers):
        super().__init__(*(torch.nn.Linear(2, 2) for _ in range(layers)))


@pytest.mark.parametrize(
    ("saved", "other", "message"),
    [
        (network, lambda: network(9), r"this model, with .* \[9, .*, not \[8, "),
        (network, lambda: TapFilter(num_inputs=2), r"with fc_out\.weight \[1, 32\]"),
        (lambda: Longer(2), lambda: Longer(1), r"with 1\.bias missing, not \[2\]"),
        (lambda: Longer(1), lambda: Longer(2), r"with 1\.weight \[2, 2\] .* missing"),
        (network, lambda: network().double(), r"float64, not \[.*float32"),
        (
            network,
            lambda: network(readout="spikes"),
            "this model, with readout = 'spikes', not 'membrane'",
        ),
        (
            lambda: torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.ReLU()),
            lambda: torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Tanh()),
            r"this model, with 1\.class = 'Tanh', not 'ReLU'",
        ),
        (
            lambda: EchoState(8, num_inputs=2, leak=0.5, seed=0),
            lambda: EchoState(8, num_inputs=2, leak=0.25, seed=0),
            r"this model, with leak = 0\.25, not 0\.5",
        ),
    ],
)
def test_another_model_is_refused_and_stays(data, tmp_path, saved, other, message):
    path = tmp_path / "network"
    data.save(path, saved())
    refused(path, message, other())


def test_a_failure_to_save_leaves_the_file_that_was_there(data, kept, monkeypatch):
    before, files = kept.read_bytes(), sorted(kept.parent.iterdir())

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        data.save(kept, network(seed=1))
    assert kept.read_bytes() == before
    assert sorted(kept.parent.iterdir()) == files


def test_a_folder_that_is_not_there_is_named(data, tmp_path):
    with pytest.raises(ValueError, match="path must lie in a folder that is there"):
        data.save(tmp_path / "no" / "network", network())
    assert not list(tmp_path.iterdir())


def test_how_a_network_begins_does_not_matter_to_what_is_kept(data, kept):
    model = network(seed=1, recipe="accurate", memory=5.0)
    load(kept, model)
    expected = network().state_dict()
    assert all(torch.equal(v, expected[name]) for name, v in model.state_dict().items())


class Counts(torch.nn.Linear):
    """Counts its calls, as models of one's own may."""

    calls = 0

    def forward(self, features):
        self.calls += 1
        return super().forward(features)


def test_what_a_model_of_ones_own_counts_is_not_compared(data, tmp_path):
    model = Counts(2, 1)
    data.report(model)
    data.save(tmp_path / "network", model)
    load(tmp_path / "network", Counts(2, 1))


def test_a_file_that_does_not_say_how_its_network_was_made_is_read(kept, data):
    tensors, settings = _checkpoint.read(kept, SAVED)
    assert settings.pop("made")
    _checkpoint.write(kept, tensors, settings, SAVED)
    assert load(kept, network(seed=1)).layout == data.columns.layout


def test_a_training_goes_on_with_no_network_of_another_readout(tmp_path):
    path = tmp_path / "fit"
    model = SpikingRegressor(8, seed=0)
    fit(model, shuffled(), epochs=1, checkpoint=path, progress=False)
    other = SpikingRegressor(8, seed=0, readout="spikes")
    message = "must be of this model, with readout = 'spikes', not 'membrane'"
    with pytest.raises(ValueError, match=message):
        fit(other, shuffled(), epochs=2, checkpoint=path, progress=False)


@pytest.mark.parametrize("whole", [b"x,y\n1,2\n", b"{", bytes(7) + b"\x01{"])
def test_a_file_of_somebody_else_is_not_replaced(data, tmp_path, whole):
    path = tmp_path / "o.csv"
    path.write_bytes(whole)
    with pytest.raises(
        ValueError, match=r"not '.*o\.csv': what is there would be lost"
    ):
        data.save(path, network())
    with pytest.raises(ValueError, match="what is there would be lost"):
        data.save(tmp_path, network())
    assert path.read_bytes() == whole
    assert [file.name for file in tmp_path.iterdir()] == ["o.csv"]


def test_an_empty_file_and_one_of_its_own_are_replaced_and_no_neighbour(data, tmp_path):
    path, neighbour = tmp_path / "network", tmp_path / "network.part"
    path.touch()
    neighbour.write_text("mine")
    for seed in range(2):
        data.save(path, network(seed=seed))
        load(path, network())
    assert neighbour.read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_an_error_of_the_disk_names_the_file_that_was_asked_for(
    data, tmp_path, monkeypatch
):
    def denied(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.open", denied)
    with pytest.raises(PermissionError, match=r"denied: '[^']*/network'$"):
        data.save(tmp_path / "network", network())


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_path_without_a_name_is_told(data, name):
    message = re.escape(f"path must name a file, not '{name}'")
    for call in (data.save, load):
        with pytest.raises(ValueError, match=message):
            call(name, network())


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("path", [3, None, b"network"])
def test_what_is_no_path_is_told(data, path):
    for call in (data.save, load):
        with pytest.raises(TypeError, match="path must be the path of a file, not "):
            call(path, network())
    assert not os.path.exists("3")
