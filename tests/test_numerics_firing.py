"""Firing times and what they come from, in JavaScript against the package."""

import numpy as np
import pytest
import torch
from node import javascript
from test_numerics_network import LAYERS, described

from spikereg import SpikingRegressor, constant_answer, make_loader
from spikereg.decoding import crossing_time
from spikereg.firing_times import FiringTimeDataset, spikes_at
from spikereg.losses import FiringTimeLoss

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


# Places of sliders


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0.3333, 0.35), (-0.31, -0.3), (7, 2), (-7, -1), (0.024, 0), (0.026, 0.05)],
)
def test_a_number_leads_to_the_nearest_place_of_a_slider(number, expected):
    control = {"min": -1, "max": 2, "step": 0.05}
    found = javascript("nearest(given.control, given.number)", **locals())
    assert found == expected
