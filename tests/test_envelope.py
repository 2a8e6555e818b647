import pytest
import torch

from spikereg import TimeMajorDataset, envelope, make_loader, receptor
from spikereg.baselines import TapFilter
from spikereg.envelope import BLOCK, COUNTED, WARM_UP, EnvelopeDataset, lagged
from spikereg.receptor import PARTS, RECORDINGS

DELAYS = (0, 7, 60)


def bins(data):
    """Return the bin of each step of each window."""
    return data.starts + torch.arange(WARM_UP + COUNTED)[:, None]


@pytest.mark.parametrize("number", RECORDINGS)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("delay", DELAYS)
def test_an_answer_is_the_level_some_bins_ago(number, part, delay):
    data = EnvelopeDataset(part, number, split=4, delay=delay)
    heard = receptor.recording(number)
    assert isinstance(data, TimeMajorDataset)
    assert torch.equal(data.features[..., 0], heard.spikes[bins(data)])
    level = data.labels[..., 0] * 6 + data.mean
    torch.testing.assert_close(level, heard.level[bins(data) - delay])
    assert data.features.shape == data.labels.shape == (260, len(data), 1)
    assert len(data) == {"train": 35, "validation": 10, "test": 5}[part]
    assert data.delay == delay


@pytest.mark.parametrize("split", range(10))
@pytest.mark.parametrize("delay", DELAYS)
def test_each_moment_that_counts_is_in_one_part_once(split, delay):
    counted, blocks = torch.zeros(10_000), []
    for part in PARTS:
        data = EnvelopeDataset(part, 2, split, delay)
        moments = (bins(data) - delay)[data.mask]
        counted.index_add_(0, moments, torch.ones(len(moments)))
        own = bins(data) // BLOCK
        assert (own == own[:1]).all()  # a window has one block
        assert ((bins(data) - delay) // BLOCK == own).all()  # and its labels too
        blocks.append(set(own.flatten().tolist()))
    assert [len(each) for each in blocks] == [7, 2, 1]
    assert set.union(*blocks) == set(range(10))
    assert blocks[1:] == [{(split + 3) % 10, (split + 6) % 10}, {split}]
    within = torch.arange(10_000) % BLOCK
    assert torch.equal(counted, ((within >= 90) & (within < 940)).float())


def test_over_the_splits_each_block_is_tested_once_and_chosen_by_twice():
    for part, times in (("test", 1), ("validation", 2)):
        blocks = torch.cat(
            [
                (EnvelopeDataset(part, split=k).starts // BLOCK).unique()
                for k in range(10)
            ]
        )
        assert torch.equal(blocks.bincount(), torch.full((10,), times))


def test_the_mean_is_that_of_the_training_and_of_nothing_else(monkeypatch):
    data = EnvelopeDataset("train", split=2, delay=11)
    assert data.labels[data.mask].mean().abs() < 1e-5
    heard = receptor.recording(1)
    trained = (data.starts // BLOCK).unique().tolist()
    other = torch.tensor([k not in trained for k in range(10)]).repeat_interleave(BLOCK)
    level, spikes = heard.level + 30 * other, (heard.spikes - other.float()).abs()
    monkeypatch.setattr(
        envelope, "recording", lambda number: receptor.Recording(level, spikes)
    )
    again = EnvelopeDataset("train", split=2, delay=11)
    assert again.mean == data.mean
    assert torch.equal(again.features, data.features)
    assert torch.equal(again.labels, data.labels)
    moved = EnvelopeDataset("test", split=2, delay=11)
    assert moved.mean == data.mean
    assert moved.labels.mean() > 4


def test_all_delays_ask_about_the_same_moments():
    first, last = (EnvelopeDataset("test", delay=d) for d in (0, 60))
    assert torch.equal(first.labels, last.labels)
    assert not torch.equal(first.features, last.features)
    assert torch.equal(first.features[60:], last.features[:-60])


def test_lags_are_the_last_bins_newest_first():
    features = torch.arange(1.0, 13.0).view(6, 2, 1)
    columns = lagged(features, 3)
    assert columns.shape == (6, 2, 3)
    assert columns[4, 1].tolist() == [10, 8, 6]
    assert columns[1, 0].tolist() == [3, 1, 0]
    assert torch.equal(lagged(features, 1), features)


def test_a_filter_learns_a_known_answer_from_the_lags():
    data = EnvelopeDataset("train", delay=0)
    weights = torch.tensor([0.5, 0.0, -2.0, 1.0])
    labels = (lagged(data.features, 4) @ weights)[..., None]
    model = TapFilter(4, seed=0)  # which has the newest bin last
    model.solve(make_loader(TimeMajorDataset(data.features, labels), 35))
    torch.testing.assert_close(
        model.fc_out.weight[0], weights.flip(0), atol=1e-4, rtol=0
    )


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"part": "dev"}, "part must be one of .*, not 'dev'"),
        ({"number": 3}, r"number must be one of \(1, 2\), not 3"),
        ({"split": 10}, "split must be at most 9, not 10"),
        ({"split": -1}, "split must be an integer of at least 0, not -1"),
        ({"delay": 61}, "delay must be at most 60, not 61"),
        ({"delay": 0.5}, r"delay must be an integer of at least 0, not 0\.5"),
    ],
)
def test_bad_options_are_repeated(options, message):
    with pytest.raises(ValueError, match=message):
        EnvelopeDataset(**options)


@pytest.mark.usefixtures("unchecked")
def test_no_lags_are_refused():
    with pytest.raises(ValueError, match="lags must be an integer of at least 1"):
        lagged(torch.zeros(3, 1, 1), 0)
