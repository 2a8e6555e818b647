"""Firing times and what they come from, in JavaScript against the package."""

import math

import numpy as np
import pytest
import torch
from node import javascript
from test_numerics_network import LAYERS, described

from spikereg import SpikingRegressor, constant_answer, make_loader
from spikereg.decoding import crossing_time
from spikereg.firing_times import FiringTimeDataset, spikes_at
from spikereg.losses import FiringTimeLoss
from spikereg.spike_times import first_spike

# A value told by spikes, and when the answer to it is due


@pytest.mark.parametrize("steps", [25, 100, 200])
@pytest.mark.parametrize("task", ["curve", "wave"])
def test_what_is_told_and_when_the_answer_is_due_are_the_data_sets(task, steps):
    dataset = FiringTimeDataset(task, steps, 20, seed=0)
    found = javascript(
        "given.values.map((x) => ({due: dueAt(given.task, x, given.steps), "
        "spikes: spikesAt(toldAt(x, given.steps), given.steps)}))",
        task=task,
        steps=steps,
        values=dataset.values.tolist(),
    )
    for n, each in enumerate(found):
        assert each["due"] == pytest.approx(dataset.labels[n].item(), abs=1e-4)
        np.testing.assert_allclose(
            np.reshape(each["spikes"], (steps, 22)), dataset.features[:, n], atol=1e-5
        )


def test_jitter_moves_spikes_by_the_same_offsets_and_keeps_them_in_the_run():
    times = torch.tensor([2.0, 50.0, 97.0]).repeat(8)[:22]
    found = javascript(
        "({offsets: OFFSETS, moved: [0, 1.5, 5].map((spread) => "
        "jittered(given.times, spread, 100)), spikes: spikesAt("
        "jittered(given.times, 1.5, 100), 100)})",
        times=times.tolist(),
    )
    offsets = np.array(found["offsets"])
    assert offsets.shape == (22,)
    assert abs(offsets.mean()) < 0.1
    assert offsets.std() == pytest.approx(1, abs=0.1)
    for spread, moved in zip((0, 1.5, 5), found["moved"], strict=True):
        expected = np.clip(times.numpy() + spread * offsets, 0, 99)
        np.testing.assert_allclose(moved, expected, atol=1e-5)
    assert {0, 99} <= set(found["moved"][2])
    moved = torch.tensor(found["moved"][1])[None]
    np.testing.assert_allclose(
        np.reshape(found["spikes"], (100, 22)), spikes_at(moved, 100)[:, 0], atol=1e-4
    )


# When a membrane crosses its threshold


def test_a_membrane_crosses_where_the_package_says():
    generator = torch.Generator().manual_seed(0)
    membrane = torch.randn(12, 60, generator=generator).cumsum(dim=0)
    membrane[3] = 1.0  # exactly at the threshold
    found = javascript(
        "given.membranes.map((membrane) => crossingTime(membrane, 1))",
        membranes=membrane.T.tolist(),
    )
    expected = crossing_time(membrane).numpy()
    np.testing.assert_allclose(np.array(found, float), expected, atol=1e-5)
    assert {0, 3} <= set(expected[:60])
    assert ((expected > 0) & (expected < 3) & (expected % 1 > 0)).any()
    membrane[3] = -1
    assert np.isinf(crossing_time(membrane).numpy()).any()
    found = javascript(
        "given.membranes.map((membrane) => crossingTime(membrane, 1))",
        membranes=membrane.T.tolist(),
    )
    np.testing.assert_allclose(np.array(found, float), crossing_time(membrane))


def answering(seed=0):
    """Make a network with weights that few roundings touch, and an answer to learn."""
    model = SpikingRegressor(24, 22, seed=seed)
    loader = make_loader(FiringTimeDataset("curve", 100, 50, seed=0), 10)
    constant_answer(model, loader, FiringTimeLoss(threshold=30.0))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        model.fc_in.weight.mul_(6)
        model.fc_out.weight.normal_(0, 0.25, generator=generator)
        for parameter in model.parameters():
            parameter.copy_((parameter * 64).round() / 64)
        for neuron in (model.lif_in, model.lif_hidden):
            neuron.threshold.copy_((neuron.threshold * 64).round() / 64 + 1 / 256)
    return model


MODEL = answering()
EVERY_X = torch.arange(101) / 100


def heard(x, steps=100, offsets=None, jitter=0.0):
    """Say what a network hears of values, ``[T, N, 22]``."""
    x = torch.as_tensor(x, dtype=torch.float32)
    beats = torch.arange(20, dtype=torch.float32) / 20
    told = torch.stack([x, 1 - x, *beats[:, None].expand(-1, len(x))], dim=1)
    times = steps * (0.4 * told)
    if offsets is not None:
        times = (times + jitter * offsets).clamp(0, steps - 1)
    return spikes_at(times, steps)


def sure(model, features):
    """Say for each sequence that no membrane comes near its threshold."""
    trace = model.trace(features)
    near = torch.zeros(features.shape[1], dtype=torch.bool)
    for name in trace.spikes:
        gap = (trace.membrane[name] - getattr(model, name).threshold).abs()
        near |= (gap < 1e-5).flatten(start_dim=2).any(dim=2).any(dim=0)
    return ~near


def test_a_network_hears_and_answers_as_in_python():
    features = heard(EVERY_X)
    found = javascript(
        f"((answers) => given.values.map((x) => "
        f"answers.answer(x, 0).runs.map((run) => run.membrane)))"
        f"(makeAnswers({LAYERS}, 100))",
        layers=described(MODEL),
        values=EVERY_X.tolist(),
    )
    with torch.no_grad():
        trace = MODEL.trace(features)
        same = sure(MODEL, features)
    assert same.sum() > 60
    for layer, name in enumerate(("lif_in", "lif_hidden", "li_out")):
        for n in same.nonzero().flatten().tolist():
            membrane = trace.membrane[name][:, n].flatten().numpy()
            np.testing.assert_allclose(found[n][layer], membrane, atol=1e-4)
    assert all(0 < spikes[:, same].mean() < 1 for spikes in trace.spikes.values())


@pytest.mark.parametrize("task", ["curve", "wave"])
@pytest.mark.parametrize("threshold", [20.0, 60.0, 1e6])
def test_a_mean_error_counts_silence_as_the_end_of_the_run(task, threshold):
    found = javascript(
        f"answered(makeAnswers({LAYERS}, 100).sweep(0, () => false).found, "
        f"given.threshold, given.task)",
        layers=described(MODEL),
        task=task,
        threshold=threshold,
    )
    assert len(found["times"]) == 101
    due = FiringTimeDataset(task, 100, 101, seed=0)
    due = np.interp(EVERY_X, *np.sort([due.values, due.labels[:, 0]], axis=1))
    if task == "curve":  # which grows with x
        np.testing.assert_allclose(found["due"][5:-5], due[5:-5], atol=0.3)
    read = np.minimum(np.array(found["times"], float), 100)
    error = abs(read - np.array(found["due"])).mean()
    assert found["error"] == pytest.approx(error)
    assert (threshold == 1e6) == (read == 100).all()
    with torch.no_grad():
        features = heard(EVERY_X)
        loss = FiringTimeLoss("crossing", threshold=threshold)
        expected = loss.read(MODEL(features))[:, 0].numpy()
        same = sure(MODEL, features).numpy()
    np.testing.assert_allclose(read[same], expected[same], atol=1e-3)


def test_a_sweep_gets_finer_call_by_call_and_begins_again_with_other_jitter():
    found = javascript(
        f"""((answers) => {{
          const sweep = (spread, most) => {{
            let asked = 0;
            const {{ found, isDone }} = answers.sweep(spread, () => asked++ >= most);
            return [found.map(({{ x }}) => x), isDone, found[3].membrane];
          }};
          return [sweep(0, 0), sweep(0, 3), sweep(0, 1e9), sweep(0, 0), sweep(1, 0)];
        }})(makeAnswers({LAYERS}, 100))""",
        layers=described(MODEL),
    )
    assert [len(xs) for xs, _, _ in found] == [11, 14, 101, 101, 11]
    assert [done for _, done, _ in found] == [False, False, True, True, False]
    for xs, _, _ in found:
        assert xs == sorted(set(xs))
        assert {xs[0], xs[-1]} == {0, 1}
    assert found[2][0] == pytest.approx(EVERY_X.tolist())
    assert found[3] == found[2]
    assert found[4][2] != found[0][2]


# The neuron whose spike time is a formula


def neurons(count=200):
    """Draw neurons with four inputs, some of them at the same time."""
    generator = torch.Generator().manual_seed(1)
    times = (torch.rand(count, 4, generator=generator) * 60).double()
    times[::3] = (times[::3] / 15).round() * 15
    weights = torch.rand(count, 4, generator=generator).double() * 3 - 1
    return times, weights


def exact(times, weights):
    pairs = zip(times, weights, strict=True)
    return torch.cat([first_spike(t[None], w[:, None])[:, 0] for t, w in pairs])


def test_spike_times_and_their_gradients_are_the_packages():
    times, weights = neurons()
    found = javascript(
        "given.times.map((times, n) => ({spike: firstSpike(times, given.weights[n]), "
        "slopes: [0, 1, 2, 3].map((i) => slopeAt(times, given.weights[n], i))}))",
        times=times.tolist(),
        weights=weights.tolist(),
    )
    weights.requires_grad_()
    expected = exact(times, weights)
    spikes = np.array([each["spike"] for each in found], float)
    np.testing.assert_allclose(spikes, expected.detach(), rtol=1e-10)
    fires = expected.isfinite()
    assert 50 < fires.sum() < 150
    (gradient,) = torch.autograd.grad(expected[fires].sum(), weights)
    for each, slope, is_there in zip(found, gradient, fires, strict=True):
        if is_there:
            np.testing.assert_allclose(each["slopes"], slope, rtol=1e-8, atol=1e-10)
        else:
            assert each["slopes"] == [None] * 4


def test_a_slope_is_a_difference_where_no_cause_comes_or_goes():
    times, weights = neurons()
    found = javascript(
        """given.times.map((times, n) => [0, 1, 2, 3].map((i) => {
          const weights = given.weights[n];
          const at = (more) =>
            firstSpike(times, reweighted(weights, i, weights[i] + more));
          const sets = [-1e-6, 0, 1e-6].map((more) => causes(times, at(more)).join());
          return {slope: slopeAt(times, weights, i), same: new Set(sets).size === 1,
            difference: (at(1e-6) - at(-1e-6)) / 2e-6};
        }))""",
        times=times.tolist(),
        weights=weights.tolist(),
    )
    compared = [
        (each["slope"], each["difference"])
        for neuron in found
        for each in neuron
        if each["slope"] is not None and each["same"]
    ]
    assert len(compared) > 200
    slopes, differences = np.array(compared).T
    assert (slopes < 0).sum() > 100
    assert (slopes == 0).any()
    np.testing.assert_allclose(slopes, differences, rtol=1e-4, atol=1e-5)


def test_the_membrane_reaches_its_threshold_at_the_spike_and_not_before():
    times, weights = neurons()
    found = javascript(
        """given.times.map((times, n) => {
          const weights = given.weights[n];
          const spike = firstSpike(times, weights);
          const end = Number.isFinite(spike) ? spike : 1000;
          const before = Array.from({length: 500}, (_, k) => (end * k) / 500);
          const at = (t) => potential(times, weights, t);
          return {spike, at: at(end), most: Math.max(...before.map(at)),
            causes: causes(times, spike), start: at(Math.min(...times))};
        })""",
        times=times.tolist(),
        weights=weights.tolist(),
    )
    for each, own in zip(found, times, strict=True):
        spike = float(each["spike"])
        assert each["start"] == 0
        if math.isfinite(spike):
            assert each["at"] == pytest.approx(1, abs=1e-9)
            assert each["most"] < 1
            assert each["causes"] == (own <= spike).nonzero().flatten().tolist()
        else:
            assert max(each["at"], each["most"]) < 1
            assert each["causes"] == []


TIMES, WEIGHTS = [5, 15, 40, 28], [0.7, 0.7, 1.0, -0.7]


@pytest.mark.parametrize("which", range(4))
def test_spike_times_over_a_weight_have_a_gap_where_they_jump(which):
    found = javascript(
        "spikesOver(given.times, given.weights, given.which, [-1, 2])",
        times=TIMES,
        weights=WEIGHTS,
        which=which,
    )
    at = np.array(found["at"], float)
    spikes = np.array(found["spikes"], float)
    assert (at[0], at[-1]) == (-1, 2)
    assert (np.diff(at) >= 0).all()
    assert np.diff(at).max() < 0.0101
    weights = torch.tensor(WEIGHTS, dtype=torch.float64).repeat(len(at), 1)
    weights[:, which] = torch.tensor(at)
    times = torch.tensor([TIMES], dtype=torch.float64)
    expected = first_spike(times, weights.T)[0].numpy()
    there = np.isfinite(spikes)
    np.testing.assert_allclose(spikes[there], expected[there])
    # What is no number is silent, or stands alone at the edge of a jump.
    edges = ~there & np.isfinite(expected)
    assert edges.sum() <= 2
    assert not (edges[1:] & edges[:-1]).any()
    # A neuron that is about to fall silent may take any time; no picture shows that.
    steps = abs(np.diff(spikes))[(spikes[1:] < 80) & (spikes[:-1] < 80)]
    assert steps[np.isfinite(steps)].max() < 6
    if which == 0:  # once it comes before the inhibition
        (jump,) = np.flatnonzero(edges)
        assert spikes[jump - 1] - spikes[jump + 1] > 10
        assert at[jump + 1] - at[jump - 1] < 1e-6
        assert spikes[jump + 1] == pytest.approx(28, abs=1e-3)


# Places of sliders


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0.3333, 0.35), (-0.31, -0.3), (7, 2), (-7, -1), (0.024, 0), (0.026, 0.05)],
)
def test_a_number_leads_to_the_nearest_place_of_a_slider(number, expected):
    control = {"min": -1, "max": 2, "step": 0.05}
    found = javascript("nearest(given.control, given.number)", **locals())
    assert found == expected
