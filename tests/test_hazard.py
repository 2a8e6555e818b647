import math
import pickle

import pytest
import torch
from sklearn.metrics import log_loss, roc_auc_score

from spikereg import TimeMajorDataset, evaluate, fit, hazard, make_loader
from spikereg.hazard import SpikePredictor


def drawn(seed):
    """Return logits, spikes and a mask."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(40, 3, 1, generator=generator)
    spikes = torch.bernoulli(logits.sigmoid(), generator=generator)
    mask = torch.rand(40, 3, generator=generator) < 0.6
    return logits, spikes, mask


def counted(logits, spikes, mask):
    return logits[mask][:, 0].numpy(), spikes[mask][:, 0].numpy()


@pytest.mark.parametrize("seed", range(3))
def test_measures_are_those_of_scikit_learn_on_the_steps_that_count(seed):
    logits, spikes, mask = drawn(seed)
    for chosen in (mask, None):
        whole = torch.ones_like(mask) if chosen is None else chosen
        scores, fired = counted(logits, spikes, whole)
        chance = 1 / (1 + math.e**-scores)
        expected = roc_auc_score(fired, scores)
        assert hazard.auc(logits, spikes, chosen) == pytest.approx(expected)
        surprise = log_loss(fired, chance)
        assert hazard.surprise(logits, spikes, chosen).item() == pytest.approx(
            surprise, rel=1e-5
        )
        constant = log_loss(fired, [0.2] * len(fired))
        bits = (constant - surprise) * len(fired) / fired.sum() / math.log(2)
        assert hazard.bits_per_spike(logits, spikes, chosen, rate=0.2) == pytest.approx(
            bits, rel=1e-4
        )


def test_equal_outputs_are_half_in_order():
    output = torch.tensor([0.0, 0.0, 1.0, 0.0])[:, None, None]
    spikes = torch.tensor([1.0, 0.0, 1.0, 0.0])[:, None, None]
    assert hazard.auc(output, spikes) == 0.75
    assert hazard.auc(torch.zeros(4, 1, 1), spikes) == 0.5
    assert hazard.auc(-output, spikes) == 0.25


def test_the_rate_itself_is_worth_no_bit_and_certainty_all_of_them():
    spikes = torch.tensor([1.0, 0.0, 0.0, 0.0])[:, None, None]
    constant = torch.full_like(spikes, math.log(0.25 / 0.75))
    bits = hazard.bits_per_spike(constant, spikes, rate=0.25)
    assert bits == pytest.approx(0, abs=1e-6)
    sure = 100 * (2 * spikes - 1)
    entropy = -math.log2(0.25) - 3 * math.log2(0.75)
    assert hazard.bits_per_spike(sure, spikes, rate=0.25) == pytest.approx(entropy)
    assert hazard.bits_per_spike(-sure, spikes, rate=0.25) < 0


@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_measured_is_named():
    logits, spikes, mask = drawn(0)
    for rate in (0, 1, math.nan, "much"):
        with pytest.raises(ValueError, match="rate must lie between 0 and 1, not"):
            hazard.bits_per_spike(logits, spikes, rate=rate)
        with pytest.raises(ValueError, match="rate must lie between 0 and 1, not"):
            SpikePredictor(rate=rate)
    silent = torch.zeros_like(spikes)
    with pytest.raises(ValueError, match="spikes must be at least one"):
        hazard.bits_per_spike(logits, silent, rate=0.1)
    for same in (silent, 1 - silent):
        with pytest.raises(ValueError, match="spikes must be 0 in some"):
            hazard.auc(logits, same)
    for measure in (hazard.surprise, hazard.auc):
        with pytest.raises(ValueError, match="must have the target's shape"):
            measure(logits, spikes[:-1])
        with pytest.raises(ValueError, match=r"mask must be a torch\.bool"):
            measure(logits, spikes, mask[:-1])
    for failing in (-0.1, 1, math.nan):
        with pytest.raises(ValueError, match="failing must be from 0 to below 1"):
            SpikePredictor(failing=failing)
    with pytest.raises(ValueError, match="hidden must be an integer"):
        SpikePredictor(0)
    with pytest.raises(ValueError, match=r"with F = 16, not \[5, 2, 3\]"):
        SpikePredictor()(torch.zeros(5, 2, 3))


@pytest.mark.usefixtures("global_rng_stays")
def test_a_predictor_begins_with_the_rate_and_its_seed_decides_the_rest():
    features = torch.randn(30, 4, 16, generator=torch.Generator().manual_seed(0))
    model, again, other = (SpikePredictor(rate=0.2, seed=k) for k in (5, 5, 6))
    settled = model(features)[-1].sigmoid()
    assert torch.allclose(settled, torch.full_like(settled, 0.2), atol=1e-4)
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    assert not torch.equal(model.fc_in.weight, other.fc_in.weight)
    rate = model.trace(features).spikes["lif"].mean(dim=(0, 1))
    assert 0.2 < rate.mean() < 0.8  # its levels lie within the input
    assert rate.std() > 0.1


def test_spikes_are_lost_in_training_only_and_what_is_left_is_stronger():
    features = torch.randn(400, 4, 16, generator=torch.Generator().manual_seed(0))
    model = SpikePredictor(64, failing=0.75, seed=0)
    torch.nn.init.constant_(model.fc_out.weight, 1.0)
    model.li_out.beta.data.zero_()
    model.fc_out.bias.data.zero_()
    model.eval()
    whole = model(features)
    assert torch.equal(whole, model(features))
    spikes = model.trace(features).spikes["lif"]
    assert torch.allclose(whole, spikes.sum(dim=-1, keepdim=True))
    model.train()
    one, two = model(features), model(features)
    assert not torch.equal(one, two)
    assert (one / 4 == (one / 4).round()).all()  # each spike counts 0 or 4
    assert one.mean().item() == pytest.approx(whole.mean().item(), rel=0.02)
    sure = SpikePredictor(64, failing=0.0, seed=0)
    assert torch.equal(sure(features), sure.eval()(features))


def test_step_by_step_it_says_the_same():
    features = torch.randn(30, 4, 16, generator=torch.Generator().manual_seed(0))
    model = SpikePredictor(32, seed=0).eval()
    torch.nn.init.normal_(
        model.fc_out.weight, generator=torch.Generator().manual_seed(1)
    )
    model.lif.beta.data.fill_(0.6)
    state, steps = None, []
    for feature in features:
        logit, state = model.advance(feature, state)
        steps.append(logit)
    assert torch.allclose(torch.stack(steps), model(features), atol=1e-5)


def test_it_learns_from_what_was_and_can_be_saved():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(60, 20, 2, generator=generator)
    # Loud but not too loud: no linear function of the input says when it fires
    spikes = (features[..., :1].abs() < 0.7).float()
    mask = torch.ones(60, 20, dtype=torch.bool)
    data = TimeMajorDataset(features, spikes, mask)
    model = SpikePredictor(64, 2, failing=0.2, rate=spikes.mean().item(), seed=0)
    loader = make_loader(data, 5, shuffle=True, seed=0)
    history = fit(
        model, loader, 15, 5e-2, loss=hazard.surprise, recipe="accurate", progress=False
    )
    assert history.loss[-1] < 0.6 * history.loss[0]
    report = evaluate(model, loader, loss=hazard.surprise)
    assert report.loss < 0.6 * history.loss[0]
    assert 0 < report.spike_rate < 1
    model.eval()
    assert hazard.auc(model(features), spikes, mask) > 0.9
    twin = pickle.loads(pickle.dumps(model))
    assert torch.equal(twin(features), model(features))
