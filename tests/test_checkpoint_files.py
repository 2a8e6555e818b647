"""Files that a training cannot go on from are refused, and nothing is lost."""

import functools
import json
import os
from pathlib import Path

import pytest
import safetensors.torch
import torch
from small import line, network, ragged, shuffled
from torch import nn

from spikereg import RegressionDataset, make_loader
from spikereg import fit as fit_with_bar

ROOT = Path(__file__).parents[1]

fit = functools.partial(fit_with_bar, progress=False)


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "run"
    fit(network(), shuffled(), epochs=2, recipe="accurate", checkpoint=path)
    return path


def refused(message, path, model=None, loader=None, **options):
    """Expect an error that names the file, and a model that is as it was."""
    model = network() if model is None else model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    data = path.read_bytes() if path.is_file() else None
    options = {"epochs": 2, "recipe": "accurate"} | options
    with pytest.raises(ValueError, match=message) as raised:
        fit(model, loader or shuffled(), checkpoint=path, **options)
    assert str(path) in str(raised.value)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    assert data is None or path.read_bytes() == data


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_file_that_was_cut_off_is_refused(kept, share):
    data = kept.read_bytes()
    kept.write_bytes(data[: int(share * len(data))])
    refused("must be a file that fit has written", kept)


def test_a_file_with_a_wrong_bit_anywhere_is_refused(kept):
    data = kept.read_bytes()
    for place in range(0, len(data), max(1, len(data) // 200)):
        damaged = bytearray(data)
        damaged[place] ^= 1
        kept.write_bytes(damaged)
        refused("checkpoint", kept)
    kept.write_bytes(data)
    assert len(fit(network(), shuffled(), 2, recipe="accurate", checkpoint=kept).loss)


def test_files_of_other_programs_are_refused(tmp_path):
    foreign = tmp_path / "foreign.safetensors"
    safetensors.torch.save_file(network().state_dict(), foreign)
    refused("must be a file that fit has written.*format is None", foreign)
    text = tmp_path / "notes.txt"
    text.write_text(json.dumps({"epochs": 3}))
    refused("must be a file that fit has written", text)
    pickled = tmp_path / "model.pt"
    torch.save(network(), pickled)
    refused("must be a file that fit has written", pickled)
    refused("must be a file", tmp_path)
    refused("must lie in a folder that is there", tmp_path / "no" / "run")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipe": "tutorial"}, "recipe = 'tutorial', not 'accurate'"),
        ({"lr": 0.5}, r"lr = 0\.5, not 0\.003"),
        ({"spike_penalty": 0.25}, r"spike_penalty = 0\.25, not 0\.0"),
        ({"validation": ragged()}, "validation = True, not False"),
        ({"epochs": 1}, "epochs must be at least the 2 .* not 1"),
        ({"epochs": 3}, "epochs must be 2, .* not 3"),
        ({"loader": list(ragged())}, "a loader with 0 generators, not 1"),
    ],
)
def test_a_file_of_another_training_is_refused_by_what_differs(kept, options, message):
    refused(message, kept, **options)


def test_a_file_of_another_model_is_refused_by_what_differs(kept):
    wider = type(network())(9, seed=0)
    refused(r"fc_in.weight \[9, 1\] torch.float32, not \[8, 1\]", kept, wider)
    refused(r"learned = \['weight', 'bias'\]", kept, line())
    frozen = network()
    frozen.li_out.beta.requires_grad_(False)
    refused("learned = ", kept, frozen)
    doubled = [(x.double(), y.double()) for x, y in ragged()]
    refused("fc_in.weight .*float64, not .*float32", kept, network().double(), doubled)


def test_a_disk_that_is_full_ends_the_training_with_its_history(tmp_path, monkeypatch):
    path = tmp_path / "run"
    flush, written = os.fsync, []

    def full(descriptor):
        written.append(descriptor)
        if len(written) == 4:
            raise OSError(28, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as raised:
        fit(network(), shuffled(), epochs=9, checkpoint=path)
    assert len(raised.value.history.loss) == 3
    assert len(safetensors.torch.load_file(path)["history.loss"]) == 2
    assert [file.name for file in tmp_path.iterdir()] == ["run"]


def test_nothing_in_the_file_is_code(kept):
    with safetensors.safe_open(kept, framework="pt") as file:
        about = file.metadata()
    assert about["format"] == "spikereg.fit 1"
    assert json.loads(about["settings"])["recipe"] == "accurate"


def test_a_model_with_data_of_its_own_beside_tensors_is_named(tmp_path):
    class Extra(nn.Linear):
        def get_extra_state(self):
            return {"anything": 1}

        def set_extra_state(self, state):
            pass

    with pytest.raises(TypeError, match=r"_extra_state .* dict"):
        fit(Extra(1, 1), ragged(), epochs=1, checkpoint=tmp_path / "run")


def test_make_loader_has_the_generator_that_is_kept():
    assert isinstance(make_loader(RegressionDataset(seed=0)).generator, torch.Generator)
