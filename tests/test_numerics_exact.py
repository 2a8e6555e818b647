"""The explorer's neuron whose spike time is a formula, compared with the package's."""

import math

import numpy as np
import pytest
import torch
from node import javascript

from spikereg.spike_times import first_spike


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
