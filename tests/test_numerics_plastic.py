"""Plastic flow by spikes and by its law, in JavaScript against the package."""

import numpy as np
import pytest
import torch
from node import javascript

from spikereg import PlasticPair, SpikingReturnMapping, scan
from spikereg.materials import plastic_stress
from spikereg.widgets.plastic import PATHS, PlasticExplorer

STIFFNESS = 7.0  # yield stresses per per cent, as the explorer counts


def material(hardening=0.01):
    return {
        "stiffness": STIFFNESS,
        "yieldStress": 1.0,
        "hardening": STIFFNESS * hardening,
    }


def followed(path, pairs=2, quantum=0.4, substeps=4, hardening=0.01):
    """Return what the page makes of a path, each time first."""
    found = javascript(
        "(({stress, threshold, ...found}) => ({...found, stress: [...stress], "
        "threshold: [...threshold]}))"
        "(followPairs(given.path, given.constants))",
        path=list(path),
        constants=material(hardening)
        | {"pairs": pairs, "quantum": quantum, "substeps": substeps},
    )
    for name in ("spikes", "membrane"):
        found[name] = np.array(found[name]).reshape(-1, pairs)
    return {name: np.array(value) for name, value in found.items()}


def law(path, hardening=0.01):
    strain = torch.tensor(path, dtype=torch.float64)[:, None, None]
    return plastic_stress(strain, STIFFNESS, 1.0, STIFFNESS * hardening)[:, 0, 0]


# A trace by substeps is longer than its prediction.
unchecked = pytest.mark.usefixtures("unchecked")


@torch.no_grad()
def traced(path, pairs, quantum, substeps, hardening):
    """Return spikes, membranes and stress of the package's network."""
    model = SpikingReturnMapping(
        pairs,
        quantum,
        substeps,
        stiffness=STIFFNESS,
        yield_stress=1.0,
        hardening=STIFFNESS * hardening,
    )
    trace = model.trace(torch.tensor(path, dtype=torch.float32)[:, None, None])
    return (
        trace.spikes["pairs"][:, 0].numpy(),
        trace.membrane["pairs"][:, 0].numpy(),
        trace.prediction[:, 0, 0].numpy(),
    )


def drawn(seed):
    """Draw a path and settings that the page can have; one leap now and then."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([0.01, 0.05, 0.3], 80) * rng.normal(size=80)
    path = np.clip(np.cumsum(steps), -1, 1)
    return tuple(np.round(path / 0.002) * 0.002), {
        "pairs": int(rng.integers(1, 33)),
        "quantum": float(f"{10 ** rng.uniform(np.log10(0.02), np.log10(0.8)):.2g}"),
        "substeps": int(rng.integers(1, 17)),
        "hardening": float(rng.integers(1, 21)) * 0.005,
    }


DEFAULTS = {
    control["name"]: control["value"]
    for control in PlasticExplorer()._controls
    if control["name"] != "path"
}


@unchecked
@pytest.mark.parametrize(
    ("path", "values"),
    [*((path, DEFAULTS) for path in PATHS.values()), *map(drawn, range(8))],
)
def test_the_pairs_fire_as_in_the_package_to_the_last_bit(path, values):
    found = followed(path, **values)
    spikes, membrane, stress = traced(path, **values)
    np.testing.assert_array_equal(np.abs(found["spikes"]), spikes)
    np.testing.assert_array_equal(found["membrane"].astype(np.float32), membrane)
    assert found["count"] == spikes.sum() > 0
    assert set(np.unique(found["spikes"])) <= {-1, 0, 1}
    fired = spikes > 0
    np.testing.assert_array_equal(
        found["spikes"][fired], np.sign(found["membrane"][fired])
    )
    ends = found["stress"][values["substeps"] - 1 :: values["substeps"]]
    np.testing.assert_allclose(ends, stress, atol=1e-5)
    flown = values["quantum"] * spikes.cumsum(axis=0).mean(axis=1)
    np.testing.assert_allclose(
        found["threshold"], 1 + values["hardening"] * flown, rtol=1e-5
    )


def test_without_hardening_the_yield_stress_stays_as_in_the_package():
    path = PATHS["cycle"]
    found = followed(path, pairs=1, quantum=0.2, substeps=1, hardening=0.0)
    np.testing.assert_array_equal(found["threshold"], 1)
    strain = np.diff(np.float32(path) / np.float32(0.2), prepend=np.float32(0))
    current = torch.tensor(np.float32(7) * strain)[:, None, None]
    layer = PlasticPair(1, threshold=5.5)
    spikes = scan(layer, current)[0][:, 0, 0]
    assert spikes.any()
    np.testing.assert_array_equal(np.abs(found["spikes"][:, 0]), spikes)


@pytest.mark.parametrize("hardening", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("path", [*PATHS.values(), drawn(0)[0]])
def test_the_law_is_the_packages(path, hardening):
    found = javascript(
        "[...exactStress(given.path, given.material)]",
        path=path,
        material=material(hardening),
    )
    np.testing.assert_allclose(found, law(path, hardening), atol=1e-12)


@unchecked
@pytest.mark.parametrize("quantum", [0.02, 0.1, 0.8])
@pytest.mark.parametrize("path", [*PATHS.values(), drawn(1)[0], (0.0,) * 80])
def test_so_many_substeps_are_needed_as_the_package_takes(path, quantum):
    needed = javascript(
        "substepsFor(given.path, {stiffness: 7, quantum: given.quantum})",
        path=path,
        quantum=quantum,
    )
    spikes, _, _ = traced(path, 1, quantum, None, 0.01)
    assert needed == len(spikes) / 80


# What the network is good for


def test_smaller_quanta_come_nearer_to_the_law_and_more_pairs_do_too():
    path = PATHS["growing"]
    exact = law(path).numpy()

    def errors(pairs, quantum):
        stress = followed(path, pairs, quantum, 64)["stress"][63::64]
        return np.abs(stress - exact)

    quanta = (0.8, 0.2, 0.05)
    alone = [errors(1, quantum) for quantum in quanta]
    for quantum, error in zip(quanta, alone, strict=True):
        assert error.max() < 0.8 * quantum
    means = [error.mean() for error in alone]
    assert means[0] > 3 * means[1] > 9 * means[2]
    assert errors(32, 0.8).mean() < means[0] / 3


def test_below_the_yield_stress_nothing_flows():
    path = np.concatenate([np.linspace(0, 0.14, 40), np.linspace(0.14, -0.14, 40)])
    found = followed(path, pairs=8, quantum=0.05, substeps=1)
    assert not found["spikes"].any()
    np.testing.assert_array_equal(found["threshold"], 1)
    np.testing.assert_allclose(found["stress"], STIFFNESS * path, atol=1e-5)
    further = followed(path * 1.2, pairs=8, quantum=0.05, substeps=1)
    assert {-1, 1} <= set(further["spikes"].ravel())


@pytest.mark.parametrize(
    ("substeps", "least", "most"), [(5, 0.5, 99), (6, -0.05, 0.05)]
)
def test_with_too_few_substeps_the_flow_falls_behind(substeps, least, most):
    path = tuple(np.linspace(0.04, 1.0, 25))  # 5.6 quanta a step
    values = {"stiffness": STIFFNESS, "quantum": 0.05}
    assert javascript("substepsFor(given.path, given.values)", **locals()) == 6
    stress = followed(path, 8, 0.05, substeps)["stress"]
    assert least < stress[-1] - law(path)[-1].item() < most


def test_a_bar_that_is_pushed_first_does_the_same_the_other_way_round():
    one, other = followed(PATHS["cycle"]), followed(-np.array(PATHS["cycle"]))
    # What the first pair does when it is pulled the last does when it is pushed.
    np.testing.assert_array_equal(one["spikes"], -other["spikes"][:, ::-1])
    np.testing.assert_allclose(one["stress"], -np.array(other["stress"]), atol=1e-9)
    np.testing.assert_array_equal(one["threshold"], other["threshold"])


# What is drawn and read


def test_a_step_is_divided_evenly_from_the_beginning_at_rest_on():
    found = javascript("[...divided([0.4, -0.2], 4)]")
    np.testing.assert_allclose(
        found, [0, 0.1, 0.2, 0.3, 0.4, 0.25, 0.1, -0.05, -0.2], atol=1e-12
    )


def test_where_substeps_are_many_some_of_them_are_drawn_and_the_last_of_each_step():
    assert javascript("someOf(2, 3, 8)") == [1, 2, 3, 4, 5, 6]
    assert javascript("someOf(2, 10, 4)") == [3, 6, 9, 10, 13, 16, 19, 20]
    assert javascript("someOf(1, 64, 8)") == list(range(8, 65, 8))


def test_an_error_is_a_mean_and_a_share_of_what_is_wanted():
    assert javascript("errorOf([1, 2, -3], [1, 4, -1])") == {
        "mean": pytest.approx(4 / 3),
        "share": pytest.approx((8 / 18) ** 0.5),
    }
    assert javascript("errorOf([1, -1], [0, 0])") == {"mean": 1, "share": None}


def test_spikes_are_seen_above_and_below_and_one_for_those_too_near():
    spikes = np.zeros((8, 2))
    spikes[[0, 1, 5], 0] = 1, 1, -1
    spikes[[0, 7], 1] = -1, 1
    seen = "spikesSeen(given.spikes.flat(), 2, 4, given.gap)"
    every = javascript(seen, spikes=spikes.tolist(), gap=0)
    assert every == [[0.25, 0], [0.25, -2], [0.5, 0], [1.5, -1], [2, 1]]
    apart = javascript(seen, spikes=spikes.tolist(), gap=0.3)
    assert apart == [[0.25, 0], [0.25, -2], [1.5, -1], [2, 1]]
