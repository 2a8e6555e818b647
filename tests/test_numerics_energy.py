"""What networks cost, in JavaScript against the package."""

from types import SimpleNamespace

import numpy as np
import pytest
from node import javascript

from spikereg.energy import Figures, energy
from spikereg.operations import Operations
from spikereg.widgets import EnergyExplorer
from spikereg.widgets.energy import COUNTS, FIGURES


def counts(added, multiplied, updates=0, multiplies=0, fetches=None):
    """Make counts of a step, with one weight fetched for each operation."""
    fetches = added + multiplied if fetches is None else fetches
    numbers = (added, multiplied, fetches, updates, multiplies)
    return SimpleNamespace(**dict(zip(COUNTS, numbers, strict=True)))


def figures(*numbers):
    return dict(zip(FIGURES, numbers, strict=True))


# Plausible ones, of a step of a network with 128 neurons
NETWORKS = {
    "LIF": {
        "lif_in": counts(0, 128, 128, 128),
        "lif_hidden": counts(8191.5, 0, 128, 128),
        "li_out": counts(60.25, 0, 1, 1),
    },
    "dendrites": {
        "hidden": counts(1500, 384, 600, 600),
        "out": counts(0, 128, 600, 600),
    },
    "ReLU": counts(0, 2600),
    "LSTM": counts(0, 4600, 64, 260),
}
FLOAT32 = figures(0.9, 4.6, 5.0, 10.0, 3.7)
SETTINGS = [
    FLOAT32,
    figures(0.03, 0.23, 1.25, 2.5, 0.2),
    figures(0.9, 4.6, 0, 0, 0),
    figures(0, 0, 1000, 0, 0),
    figures(0, 0, 0, 1000, 0.01),
]


def layers(network):
    return network.values() if isinstance(network, dict) else [network]


def cost(network, prices, rate=1.0):
    """Return arithmetic, weights and states in pJ; in each layer ACs fetch weights."""
    parts = np.zeros(3)
    for layer in layers(network):
        added = rate * layer.accumulates
        of_spikes = layer.accumulates
        if layer.weight_fetches != layer.accumulates + layer.multiply_accumulates:
            of_spikes *= layer.weight_fetches
            of_spikes /= layer.accumulates + layer.multiply_accumulates
        parts += (
            added * prices["accumulate"]
            + layer.multiply_accumulates * prices["multiply_accumulate"],
            (layer.weight_fetches + (rate - 1) * of_spikes) * prices["weight_fetch"],
            layer.state_updates * prices["state_update"]
            + layer.state_multiplies * prices["state_multiply"],
        )
    return parts


def summed(network, prices):
    """Return what the package's own sum is, of all layers together."""
    each = [Operations(**vars(layer)) for layer in layers(network)]
    return energy(sum(each, Operations()), Figures(**prices))


def seen(networks):
    """Return networks as the page gets them."""
    return EnergyExplorer(networks)._networks


def costs(networks, prices, rate):
    found = javascript(
        "given.nets.map((net) => costOf(net, given.prices, given.rate))",
        nets=seen(networks),
        prices=prices,
        rate=rate,
    )
    parts = [[c["arithmetic"], c["weights"], c["states"]] for c in found]
    np.testing.assert_allclose([c["total"] for c in found], np.sum(parts, axis=1))
    return parts


@pytest.mark.parametrize("prices", SETTINGS, ids=range(len(SETTINGS)))
@pytest.mark.parametrize("rate", [0, 0.35, 1, 4])
def test_a_step_costs_what_python_says(prices, rate):
    expected = [cost(net, prices, rate) for net in NETWORKS.values()]
    found = costs(NETWORKS, prices, rate)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    if rate == 1:
        sums = [summed(net, prices) for net in NETWORKS.values()]
        np.testing.assert_allclose(np.sum(found, axis=1), sums, rtol=1e-12)


def test_the_rate_leaves_real_inputs_states_and_their_weights_alone():
    one, four = (costs(NETWORKS, FLOAT32, rate) for rate in (1, 4))
    np.testing.assert_array_equal(one[2:], four[2:])  # no spikes
    np.testing.assert_array_equal(np.array(one)[:, 2], np.array(four)[:, 2])
    # Of the first network all that spikes ask for: 8251.75 of 8379.75
    added = 3 * 8251.75
    more = np.subtract(four[0], one[0])
    np.testing.assert_allclose(more, [0.9 * added, 5.0 * added, 0], rtol=1e-12)


def test_weights_that_are_fetched_less_often_are_shared_out_within_their_layer():
    reused = {
        "a": counts(100, 300, fetches=40),  # a tenth: 10 for spikes
        "b": counts(50, 0, fetches=50),
    }
    prices = figures(0, 0, 1, 0, 0)
    assert costs({"net": reused}, prices, 0) == [[0, 30, 0]]
    assert costs({"net": reused}, prices, 2) == [[0, 150, 0]]


# Comparisons


COMPARED = """given.settings.map(([prices, rate]) => nets.map((own) =>
  nets.map((reference) => {
    const { at, ...rest } = compared(own, reference, prices, rate);
    return { at: String(at), ...rest };
  })))"""


def comparisons(networks, settings):
    """Compare each with each, at each of the settings."""
    return javascript(
        f"((nets) => {COMPARED})(given.nets)", nets=seen(networks), settings=settings
    )


def test_at_the_factor_that_is_said_both_cost_the_same():
    settings = [(prices, rate) for prices in SETTINGS for rate in (0.2, 1, 3)]
    found = comparisons(NETWORKS, settings)
    turned = 0
    for (prices, rate), table in zip(settings, found, strict=True):
        nets = list(NETWORKS.values())
        totals = [cost(net, prices, rate).sum() for net in nets]
        for i, j in np.ndindex(len(nets), len(nets)):
            mine, other = totals[i], totals[j]
            each = table[i][j]
            if np.isclose(mine, other, rtol=1e-12):
                assert (each["way"], each["times"]) == (0, 1)
            elif other:
                assert each["way"] == np.sign(mine - other)
                assert each["times"] == pytest.approx(mine / other)
            at = float(each["at"])
            if each["whose"] is None:
                assert np.isnan(at)
                continue
            spiking, fixed = (i, other) if each["whose"] == "own" else (j, mine)
            if np.isfinite(at):
                turned += 1
                assert cost(nets[spiking], prices, at).sum() == pytest.approx(
                    fixed, abs=1e-9 * max(mine, other)
                )
            else:
                silent, loud = (cost(nets[spiking], prices, r).sum() for r in (0, 4))
                assert silent == loud
    assert turned > 50


def test_whose_spikes_count_is_said():
    ((spiking, _, still, _),) = comparisons(NETWORKS, [(FLOAT32, 1)])
    assert [each["whose"] for each in spiking] == ["own"] * 4
    assert [each["whose"] for each in still] == 2 * ["reference"] + 2 * [None]


# In words; weights cost nothing there

ONE = figures(1, 1, 0, 1, 0)
SPIKES, STILL = counts(10, 2), counts(0, 7)
ASLEEP = counts(1, 0, 100)  # its states alone cost more

NOTES = [
    (SPIKES, STILL, ONE, 1, "as cheap at 0.50 × its spikes"),
    (SPIKES, STILL, ONE, 0.25, "cheaper up to 0.50 × its spikes"),
    (SPIKES, STILL, ONE, 0.5, "as much as the reference"),
    (SPIKES, SPIKES, ONE, 2, "as much as the reference"),
    (ASLEEP, STILL, ONE, 1, "costs more even without spikes"),
    (ASLEEP, STILL, figures(0, 1, 0, 0.01, 0), 1, "cheaper at any firing rate"),
    (ASLEEP, STILL, figures(0, 1, 0, 1, 0), 1, "costs more even without spikes"),
    (STILL, STILL, ONE, 1, "no spikes"),
    (STILL, SPIKES, ONE, 1, "cheaper down to 0.50 × the reference's spikes"),
    (STILL, SPIKES, ONE, 0.25, "as cheap at 0.50 × the reference's spikes"),
    (STILL, ASLEEP, ONE, 1, "cheaper even if the reference is silent"),
    (STILL, SPIKES, figures(0, 1, 0, 1, 0), 1, "costs more at any firing rate"),
    (counts(1, 0), counts(0, 12345), ONE, 1, "cheaper up to 12000 × its spikes"),
]


def test_a_note_says_at_which_spikes_it_turns():
    given = [(seen({"own": own, "other": other}), *rest) for own, other, *rest in NOTES]
    found = javascript(
        "given.all.map(([nets, prices, rate]) => "
        "noteOf(compared(...nets, prices, rate)))",
        all=given,
    )
    assert found == [note for *_, note in NOTES]


THREE = {"ReLU": STILL, "LIF": SPIKES, "asleep": ASLEEP}
VERDICTS = [
    (
        THREE,
        ONE,
        1,
        "Cheapest: ReLU. Next: LIF, at 1.7 times that: both would cost the same at "
        "0.50 times the spikes.",
    ),
    (
        THREE,
        ONE,
        0.25,
        "Cheapest: LIF, at 0.64 times the energy of ReLU, and stays below it up to "
        "0.50 times the spikes.",
    ),
    (THREE, ONE, 0.5, "Cheapest: ReLU and LIF, which cost the same."),
    (
        {"ReLU": STILL, "asleep": ASLEEP},
        ONE,
        1,
        "Cheapest: ReLU. Next: asleep, at 14 times that: it would cost more "
        "without a spike, too.",
    ),
    (
        {"asleep": ASLEEP, "ReLU": STILL},
        ONE,
        1,
        "Cheapest: ReLU, at 0.069 times the energy of asleep: it would be cheaper, "
        "too, if asleep were silent.",
    ),
    (
        {"LIF": SPIKES, "ReLU": STILL},
        ONE,
        1,
        "Cheapest: ReLU, at 0.58 times the energy of LIF: both would cost the same "
        "at 0.50 times the spikes.",
    ),
    (
        {"ASLEEP": ASLEEP, "LIF": SPIKES},
        ONE,
        1,
        "Cheapest: LIF, at 0.12 times the energy of ASLEEP, and stays below it up "
        "to 9.9 times the spikes of LIF.",
    ),
    (
        {"ReLU": STILL, "LSTM": counts(0, 14)},
        ONE,
        1,
        "Cheapest: ReLU. Next: LSTM, at 2.0 times that.",
    ),
    (
        {"ReLU": STILL, "LIF": SPIKES},
        figures(0, 1, 0, 1, 0),
        1,
        "Cheapest: LIF, at 0.29 times the energy of ReLU, at any firing rate.",
    ),
    (
        {"ReLU": STILL, "asleep": ASLEEP},
        figures(0, 0, 0, 1, 0),
        1,
        "Cheapest: ReLU, which costs nothing.",
    ),
    (NETWORKS, figures(*5 * [0]), 1, "At these figures nothing costs anything."),
    ({"LIF": SPIKES}, ONE, 1, "There is nothing to compare LIF with."),
]


def test_the_verdict_is_one_sentence_or_two():
    found = javascript(
        "given.all.map(([nets, prices, rate]) => "
        "verdictOf(nets, nets[0].name, prices, rate))",
        all=[(seen(networks), *rest) for networks, *rest in VERDICTS],
    )
    assert found == [verdict for *_, verdict in VERDICTS]


def test_numbers_have_so_many_digits_and_a_unit_that_suits_them():
    texts = ["0", "0.40", "2.0", "12", "12000", "0.069", "1.2e−5", "1.2e7", "1.0"]
    values = [0, 0.4, 2, 12.4, 12345, 0.0689, 1.23e-5, 1.23e7, 0.999]
    assert javascript("given.values.map((v) => toDigits(v, 2))", **locals()) == texts
    assert javascript("toDigits(999.6, 3)") == "1000"
    energies = [0, 0.5, 999, 1000, 5e5, 2e6, 3e9, 4e15]
    units = ["pJ", "pJ", "pJ", "nJ", "nJ", "µJ", "mJ", "mJ"]
    found = javascript("given.energies.map((e) => unitFor(e))", **locals())
    assert [unit for unit, _ in found] == units
    assert [size for _, size in found[2:]] == [1, 1e3, 1e3, 1e6, 1e9, 1e9]
