import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from spikereg import receptor
from spikereg.receptor import BLOCK, INPUTS, LAGS, PARTS, TAUS, WARM_UP, ReceptorDataset

FOLDER = Path(importlib.util.find_spec("nitime").origin).parent / "data"
EACH = pytest.mark.parametrize("number", receptor.RECORDINGS)


def times_of(number):
    """Return the times of the spikes in ms, read in another way."""
    return np.loadtxt(FOLDER / f"grasshopper_spike_times{number}.txt") / 1000


# The recording


@EACH
def test_a_spike_is_in_the_bin_of_its_time(number):
    spikes = receptor.recording(number).spikes
    fired = spikes.nonzero()[:, 0].numpy()
    times = times_of(number)
    assert set(spikes.tolist()) == {0, 1}
    assert len(fired) == len(times)
    assert (fired <= times).all()
    assert (times < fired + 1).all()
    assert np.diff(times).min() > 3  # so that no two share a bin


@EACH
def test_the_level_is_nitimes_in_decibels(number):
    level = receptor.recording(number).level
    volts = np.loadtxt(FOLDER / f"grasshopper_stimulus{number}.txt")[:, 1]
    decibels = 20 * np.log10(volts)
    decibels += {1: 76.4286, 2: 71.2}[number] - decibels.max()
    for at in (0, 1234, 9999):
        mean = decibels[20 * at : 20 * at + 20].mean()
        assert level[at].item() == pytest.approx(mean, abs=1e-4)
    assert level.shape == (10_000,)
    assert level.dtype == torch.float32


def test_a_recording_is_read_once_and_what_is_done_to_it_stays_there():
    one = receptor.recording(1)
    one.spikes.zero_()
    one.level.zero_()
    again = receptor.recording(1)
    assert again.spikes.sum() > 900
    assert again.level.mean() > 50
    assert receptor._read(1) is receptor._read(1)


def test_nitime_is_not_imported(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "nitime"]:
        monkeypatch.delitem(sys.modules, name)
    receptor._read.cache_clear()
    receptor.recording(2)
    assert "nitime" not in sys.modules


def test_without_nitime_it_says_what_to_install(monkeypatch):
    receptor._read.cache_clear()
    monkeypatch.setattr(receptor, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install nitime$"):
        ReceptorDataset()


def test_files_that_are_not_known_are_refused(monkeypatch, tmp_path):
    receptor._read.cache_clear()
    (tmp_path / "data").mkdir()
    for name in ("grasshopper_stimulus1.txt", "grasshopper_spike_times1.txt"):
        lines = (FOLDER / name).read_text().splitlines(keepends=True)
        (tmp_path / "data" / name).write_text("".join(lines[:500]))
    found = importlib.util.find_spec("nitime")
    monkeypatch.setattr(found, "submodule_search_locations", [str(tmp_path)])
    monkeypatch.setattr(receptor, "find_spec", lambda name: found)
    with pytest.raises(ValueError, match="number 1 must be ten known seconds"):
        receptor.recording(1)


# The data set


@EACH
@pytest.mark.parametrize("split", range(5))
def test_each_bin_that_counts_is_in_one_part_once(number, split):
    counted = torch.zeros(10_000)
    blocks = []
    for part in PARTS:
        data = ReceptorDataset(part, number, split)
        bins = data.starts + torch.arange(200)[:, None]
        counted.index_add_(0, bins[data.mask], torch.ones(int(data.mask.sum())))
        blocks.append(set((bins // BLOCK).flatten().tolist()))
        assert (bins // BLOCK == bins[:1] // BLOCK).all()  # a window has one block
        spikes = receptor.recording(number).spikes
        assert torch.equal(data.labels[..., 0], spikes[bins])
    assert [len(each) for each in blocks] == [14, 2, 4]
    assert set.union(*blocks) == set(range(20))
    expected = torch.arange(10_000) % BLOCK >= WARM_UP
    assert torch.equal(counted, expected.float())


def test_over_the_splits_each_block_is_tested_once():
    tested = [ReceptorDataset("test", split=k).starts // BLOCK for k in range(5)]
    blocks = sorted(k for each in tested for k in set(each.tolist()))
    assert blocks == list(range(20))


def by_hand(number, at):
    """Compute the features of a bin from the recording, within its block."""
    heard = receptor.recording(number)
    first = at // BLOCK * BLOCK
    level = ((heard.level - heard.level.mean()) / 6).tolist()
    sound = [level[at - j] if at - j >= first else 0 for j in range(LAGS)]
    fired = [k for k in range(first, at) if heard.spikes[k]]
    traces = [sum(np.exp(-(at - 1 - k) / tau) for k in fired) for tau in TAUS]
    return sound, traces


@EACH
@pytest.mark.parametrize("part", PARTS)
def test_features_are_the_sound_and_the_traces_of_the_block_so_far(number, part):
    data = ReceptorDataset(part, number, split=1)
    for window in (0, 1, len(data) - 1):
        for t in (0, 5, 60, 199):
            sound, traces = by_hand(number, int(data.starts[window]) + t)
            expected = torch.tensor([*sound, *traces])
            assert torch.allclose(data.features[t, window], expected.float(), atol=1e-4)


def test_a_feature_knows_no_spike_of_its_own_bin_and_no_later_sound(monkeypatch):
    before = ReceptorDataset("train").features
    heard, at = receptor.recording(1), BLOCK + 230  # in a block of the training
    level, spikes = heard.level.clone(), heard.spikes.clone()
    spikes[at] = 1 - spikes[at]
    level[at + 1], level[at + 2] = level[at + 2], level[at + 1]
    monkeypatch.setattr(
        receptor, "recording", lambda number: receptor.Recording(level, spikes)
    )
    data = ReceptorDataset("train")
    changed = (data.features - before).abs().sum(dim=-1) > 1e-3
    bins = data.starts + torch.arange(200)[:, None]
    assert bins[changed].min() == at + 1
    assert bins[changed].max() < 2 * BLOCK  # and nothing leaves the block


@pytest.mark.parametrize("inputs", INPUTS)
def test_one_kind_of_inputs_is_a_part_of_both(inputs):
    both = ReceptorDataset("test", 2).features
    own = ReceptorDataset("test", 2, inputs=inputs).features
    part = {"sound": both[..., :LAGS], "spikes": both[..., LAGS:], "both": both}
    assert torch.equal(own, part[inputs])
    assert both.shape[-1] == LAGS + len(TAUS)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"part": "dev"}, "part must be one of .*, not 'dev'"),
        ({"number": 3}, r"number must be one of \(1, 2\), not 3"),
        ({"number": True}, r"number must be one of \(1, 2\), not True"),
        ({"split": 5}, "split must be less than 5, not 5"),
        ({"split": -1}, "split must be an integer of at least 0, not -1"),
        ({"inputs": "light"}, "inputs must be one of .*, not 'light'"),
    ],
)
def test_bad_options_are_repeated(options, message):
    with pytest.raises(ValueError, match=message):
        ReceptorDataset(**options)


# Free runs


class Chance(nn.Module):
    """Fires in a bin with a given logit, less so just after a spike."""

    def __init__(self, logit, tired=0.0):
        super().__init__()
        self.logit, self.tired, self.calls = logit, tired, []

    def advance(self, feature, state):
        self.calls.append((self.training, state))
        logit = self.logit - self.tired * feature[:, LAGS : LAGS + 1]
        return logit, len(self.calls)


@pytest.mark.usefixtures("global_rng_stays")
def test_a_free_run_begins_with_what_was_measured_and_then_draws():
    data = ReceptorDataset("test")
    model = Chance(0.0)
    spikes = receptor.free_run(model, data, runs=8, seed=0)
    assert spikes.shape == (200, len(data), 8)
    assert set(spikes.flatten().tolist()) == {0, 1}
    assert (spikes[:WARM_UP] == data.labels[:WARM_UP]).all()
    assert spikes[WARM_UP:].mean() == pytest.approx(0.5, abs=0.02)
    again, other = (receptor.free_run(model, data, 8, seed=k) for k in (0, 1))
    assert torch.equal(again, spikes)
    assert not torch.equal(other, spikes)
    assert model.training
    assert not any(training for training, _ in model.calls)
    assert [state for _, state in model.calls[:200]] == [None, *range(1, 200)]


def test_a_free_run_hears_its_own_spikes_and_not_those_measured():
    data = ReceptorDataset("test")
    features = data.features.clone()
    spikes = receptor.free_run(Chance(145.0, tired=1e4), data, runs=2, seed=0)
    # It fires whenever the trace of 2 ms is below 0.0145: after 10 bins, not after 9
    for train in spikes[WARM_UP + 20 :].flatten(1).T:
        assert set(train.nonzero()[:, 0].diff().tolist()) == {10}
    assert torch.equal(data.features, features)


def test_without_traces_a_free_run_hears_the_sound_alone():
    data = ReceptorDataset("test", inputs="sound")
    spikes = receptor.free_run(Loud(), data, runs=1, seed=0)[WARM_UP:]
    loud = data.features[WARM_UP:].sum(dim=-1, keepdim=True)
    assert spikes[loud < -0.5].mean() == 0
    assert spikes[loud > 0.5].mean() == 1


class Loud(nn.Module):
    """Fires while it is loud."""

    def advance(self, feature, state):
        return 100 * feature.sum(dim=-1, keepdim=True), state
