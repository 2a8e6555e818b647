"""Training in JavaScript against PyTorch."""

import numpy as np
import pytest
import torch
from node import javascript
from test_numerics_network import LAYERS, described

from spikereg import SpikingRegressor, fit
from spikereg.widgets import Playground

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")

SETTINGS = {
    "hidden": 64,
    "seed": 0,
    "lr": 2e-3,
    "slope": 25.0,
    "reset": "subtract",
    "beta_from": 0.0,
    "beta_to": 1.0,
    "threshold_from": 0.0,
    "threshold_to": 1.0,
}


def prepared(target="sqrt", **changes):
    """Return a playground's network, its sample, and what the page is given."""
    settings = SETTINGS | changes
    playground = Playground(target=target, **settings)
    curve = torch.tensor(playground.target).view(-1, 1, 1)
    sample = (torch.linspace(0, 1, len(curve)).view(-1, 1, 1), curve)
    given = {"settings": settings, "curve": playground.target}
    return playground.model(), sample, given


# Random numbers


@pytest.mark.parametrize("hidden", [7, 128])
@pytest.mark.parametrize("seed", [0, 1, 99, 2**32 - 1])
def test_a_seed_is_the_same_network_as_in_python(hidden, seed):
    found = javascript("drawn(given.hidden, given.seed).layers", **locals())
    expected = described(SpikingRegressor(hidden, seed=seed))
    for layer, own in zip(found, expected, strict=True):
        for name, values in own.items():
            if name == "reset":
                assert layer[name] == values
            else:
                # The last bit is the processor's: some fuse a product and a sum.
                np.testing.assert_allclose(layer[name], values, rtol=0, atol=2**-24)


@pytest.mark.parametrize("steps", [2, 3, 50, 51, 200])
def test_the_ramp_is_torchs(steps):
    found = javascript("ramp(given.steps)", steps=steps)
    expected = torch.linspace(0, 1, steps).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=2**-24)
    assert found[-1] == 1
    assert np.mean(np.float32(found) == expected) > 0.95


# Gradients


BACK = """((layers) => backpropagate(
  layers, ramp(given.curve.length), floats(given.curve), given.settings.slope))"""


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
@pytest.mark.parametrize(("target", "seed"), [("sqrt", 0), ("sine", 1), ("step", 2)])
def test_the_gradients_are_pytorchs(target, seed, reset):
    model, (features, labels), given = prepared(
        target, seed=seed, reset=reset, slope=10.0, beta_from=0.3, threshold_from=0.2
    )
    loss = (model(features) - labels).square().mean()
    loss.backward()
    found = javascript(f"{BACK}({LAYERS})", layers=described(model), **given)
    assert found["loss"] == pytest.approx(loss.item(), rel=1e-5)
    pairs = [
        (model.fc_in, model.lif_in),
        (model.fc_hidden, model.lif_hidden),
        (model.fc_out, model.li_out),
    ]
    for gradients, (linear, neuron) in zip(found["gradients"], pairs, strict=True):
        for name, expected in (
            ("weight", linear.weight.grad.T.flatten()),
            ("bias", linear.bias.grad),
            ("beta", neuron.beta.grad),
        ):
            miss = torch.tensor(gradients[name]) - expected
            assert miss.norm() <= 1e-5 * expected.norm(), name


# Steps


TRAIN = """((session) => Array.from({ length: given.steps }, session.iterate))
  (training(given.settings, given.curve))"""


def nearest(model, features):
    """Return how near a membrane of the hidden layers comes to its threshold."""
    with torch.no_grad():
        membrane = model.trace(features).membrane
    return min(
        (membrane[name] - getattr(model, name).threshold).abs().min().item()
        for name in ("lif_in", "lif_hidden")
    )


def train(seed, steps, look=nearest, **changes):
    """Train here and there; return both losses, and each step's nearest miss."""
    model, sample, given = prepared(seed=seed, **changes)
    losses = javascript(TRAIN, steps=steps, **given)
    gaps = [look(model, sample[0])]
    history = fit(
        model,
        [sample],
        epochs=steps,
        lr=given["settings"]["lr"],
        progress=False,
        on_epoch=lambda _, model: gaps.append(look(model, sample[0])),
    )
    return np.array(losses), np.array(history.loss), gaps


def test_twenty_steps_of_training_are_fits_until_a_spike_may_flip():
    agreed = []
    for seed in range(8):
        losses, expected, gaps = train(seed, 20, hidden=128, lr=1e-3)
        parted = np.flatnonzero(np.abs(losses / expected - 1) > 1e-4)
        agreed.append(parted[0] if len(parted) else 20)
        if len(parted):  # the step whose own spikes have flipped, or the one before
            assert min(gaps[: parted[0] + 1]) < 1e-5
    assert agreed.count(20) >= 3
    assert min(agreed) > 5


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_a_hundred_steps_reach_what_fit_reaches(reset):
    ratios = []
    for seed in range(8):
        # Where spikes flip, and how near they are to it, does not matter here.
        ours, theirs, _ = train(seed, 100, look=lambda *_: None, reset=reset)
        ratios.append(np.median(ours[-10:]) / np.median(theirs[-10:]))
    assert 2 / 3 < np.median(ratios) < 3 / 2


# Changes on the way


@pytest.mark.parametrize(
    "changes",
    [
        {"beta_from": 0.2, "beta_to": 0.9},
        {"beta_from": 1.0, "beta_to": 0.5, "threshold_from": 0.1},
        {"threshold_from": 1.0, "threshold_to": 2.0, "reset": "zero"},
    ],
)
def test_a_range_spreads_the_neurons_as_in_python(changes):
    model, _, given = prepared(**changes)
    at_once = javascript("training(given.settings, given.curve).layers", **given)
    later = javascript(
        "((session) => (session.change(given.settings), session.layers))"
        "(training(given.before, given.curve))",
        before=SETTINGS,
        **given,
    )
    for found in (at_once, later):
        for layer, expected in zip(found, described(model), strict=True):
            assert layer["reset"] == expected["reset"]
            for name in ("beta", "threshold"):
                np.testing.assert_allclose(layer[name], expected[name], atol=1e-7)


def test_what_training_has_added_to_a_decay_survives_a_change_of_the_range():
    ranges = [(0.0, 1.0), (0.2, 0.6), (0.1, 0.9)]
    found = javascript(
        """((session) => {
          for (let n = 0; n < 30; n++) session.iterate();
          const betas = given.ranges.map(([beta_from, beta_to]) => {
            session.change({ ...given.settings, beta_from, beta_to });
            return session.layers.map((layer) => layer.beta.slice());
          });
          return { betas, draws: drawn(64, 0).draws.map((d) => d.beta) };
        })(training(given.settings, given.curve))""",
        ranges=ranges,
        **prepared()[2],
    )
    for layer in (0, 1):
        draws = np.array(found["draws"][layer])
        learned = np.array(found["betas"][0][layer]) - draws
        assert np.abs(learned).max() > 0.01
        for (low, high), betas in zip(ranges[1:], found["betas"][1:], strict=True):
            before = low + (high - low) * draws + learned
            inside = (before > 0.05) & (before < 0.95)  # no change was cut off
            assert inside.sum() > 30
            np.testing.assert_allclose(
                np.array(betas[layer])[inside], before[inside], atol=1e-6
            )
    assert found["betas"][0][2] == found["betas"][2][2]


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_decays_stay_between_0_and_1(edge):
    found = javascript(
        """((session) => {
          for (let n = 0; n < 10; n++) session.iterate();
          return session.layers.flatMap((layer) => [...layer.beta]);
        })(training(given.settings, given.curve))""",
        **prepared(beta_from=edge, beta_to=edge, lr=0.05)[2],
    )
    assert min(found) >= 0
    assert max(found) <= 1
    assert edge in found
    assert len(set(found)) > 10


def test_a_new_rate_and_a_new_slope_hold_from_the_next_step():
    found = javascript(
        """given.changes.map((changes) => {
          const session = training(given.settings, given.curve);
          session.change({ ...given.settings, ...changes });
          const before = session.layers.map((layer) => layer.bias.slice());
          session.iterate();
          return session.layers.map((layer, l) => layer.bias.map(
            (value, n) => value - before[l][n]));
        })""",
        changes=[{}, {"lr": 0.01}, {"slope": 5.0}],
        **prepared()[2],
    )
    usual, fast, smooth = (np.array(moved[0]) for moved in found)
    # Adam's first step is as long as its rate.
    np.testing.assert_allclose(fast, 5 * usual, atol=1e-4)
    assert not np.allclose(smooth, usual, atol=1e-4)


def test_other_changes_leave_weights_and_decays_alone():
    found = javascript(
        """((session) => {
          for (let n = 0; n < 5; n++) session.iterate();
          const before = session.layers.map((l) => [l.weight.slice(), l.beta.slice()]);
          session.change({ ...given.settings, lr: 0.01, slope: 5, reset: "zero" });
          const after = session.layers.map((l) => [l.weight, l.beta]);
          return [before, after, session.layers.map((l) => l.reset)];
        })(training(given.settings, given.curve))""",
        **prepared()[2],
    )
    assert found[0] == found[1]
    assert found[2] == ["zero", "zero", "none"]


def test_a_new_target_is_followed_from_where_the_network_is():
    model, _, given = prepared()
    found = javascript(
        """((session) => {
          session.follow(given.next);
          return [session.look().loss, session.iterate()];
        })(training(given.settings, given.curve))""",
        next=[0.25] * 20,
        **given,
    )
    with torch.no_grad():
        output = model(torch.linspace(0, 1, 20).view(-1, 1, 1))
    expected = (output - 0.25).square().mean().item()
    assert found == pytest.approx([expected, expected], rel=1e-4)


def test_training_goes_on_from_given_weights():
    found = javascript(
        """((first) => {
          for (let n = 0; n < 5; n++) first.iterate();
          const shapes = first.layers.map(({ bias, weight, reset }) => ({
            inputs: weight.length / bias.length, width: bias.length, reset }));
          const layers = unpack(pack(first.layers), shapes);
          const second = training(given.settings, given.curve, layers);
          return [first.look().loss, second.look().loss];
        })(training(given.settings, given.curve))""",
        **prepared(beta_from=0.5)[2],
    )
    assert found[0] == found[1]


def test_memory_stays_flat_over_five_thousand_iterations():
    found = javascript(
        """await (async (session, losses) => {
          const used = [];
          for (let n = 0; n <= 6000; n++) {
            losses.add(session.iterate());
            if (n % 1000 !== 0) continue;
            // What the first frees is given back while nothing runs.
            for (let pass = 0; pass < 3; pass++) {
              gc();
              await new Promise((done) => setTimeout(done, 20));
            }
            const { heapUsed, arrayBuffers } = process.memoryUsage();
            used.push(heapUsed + arrayBuffers);
          }
          return used;
        })(training({ ...given.settings, hidden: 16 }, given.curve), record())""",
        **prepared()[2],
    )
    # One array of an iteration that is left behind makes 16 MB.
    assert max(found) - found[0] < 500_000
