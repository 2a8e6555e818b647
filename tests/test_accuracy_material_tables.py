"""The stored tables of chapter 11: settings are the best that were tried, rows are made
again.
"""

import pytest
from accuracy import materials
from accuracy.materials import MATERIAL
from accuracy.measure import run

from spikereg.material_data import LAWS
from spikereg.results import stored

# What is trained for long runs as readers run it; shapes are checked by shorter tests.
pytestmark = pytest.mark.usefixtures("unchecked")


def of(name, method, task):
    return [
        row
        for row in stored(name)
        if (row.trial.method, row.trial.task) == (method, MATERIAL + task)
    ]


@pytest.mark.parametrize("method", materials.SETTINGS)
@pytest.mark.parametrize("law", LAWS)
def test_settings_are_those_of_the_smallest_validation_error(method, law):
    errors = {
        (row.trial.lr, row.trial.steepness or 0.0): row.median("l1")
        for row in of("material-choice", method, law)
    }
    assert len(errors) >= (8 if method in materials.NETWORKS else 5)
    chosen = materials.SETTINGS[method][law]
    assert errors[chosen] == min(errors.values())


def test_spiking_networks_choose_from_as_many_settings_unless_one_was_at_an_end():
    counts = {
        (method, law): len(of("material-choice", method, law))
        for method in materials.NETWORKS
        for law in LAWS
    }
    wider = {key for key, count in counts.items() if count != 8}
    assert wider == {("lif", "elastic"), ("spiking lstm", "plastic")}
    ends = {1e-3, 3e-2}
    for method, law in counts.keys() - wider:
        assert materials.SETTINGS[method][law][0] not in ends


@pytest.mark.parametrize(
    "method",
    ["elastic law", "line for each step", "cubic for each step", "tap filter"],
)
@pytest.mark.parametrize("law", LAWS)
def test_a_baseline_is_made_again(method, law):
    (kept,) = of("material", method, law)
    again = run(kept.trial, 0)
    assert again.report.l1 == pytest.approx(kept.values["l1"][0], rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("method", ["lif", "spiking lstm"])
def test_a_trained_row_is_made_again(method):
    (kept,) = of("material", method, "ramberg-osgood")
    again = run(kept.trial, 0)
    low, high = kept.range("l1")
    # Two processors part after some steps, when a first spike flips.
    assert 0.6 * low < again.report.l1 < 1.6 * high
    assert again.parameters == kept.parameters


@pytest.mark.parametrize("kind", ["return mapping", "spiking return mapping"])
def test_constants_are_found_again(kind):
    (kept,) = of("identification", f"{kind}, stiff start", "identified, noise")
    again = run(kept.trial, 1)
    for name in ("stiffness", "yield_stress", "hardening"):
        assert getattr(again, name) == pytest.approx(kept.values[name][1], rel=2e-3)
