"""What networks cost at figures of energy that the reader moves, live."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import traitlets

from spikereg._check import finite
from spikereg.energy import SENECA, horowitz
from spikereg.widgets._explorer import Explorer, Id, Range
from spikereg.widgets._source import joined

# Networks: each has a bar.  Letters of a name: it stands above its bar on a phone, too.
MOST, LETTERS = 12, 24
# Of the name of a preset, which stands in a list.
TITLE = 60
# Of a count: a float holds it exactly.
LARGEST = 1e15
DEAREST = 1000.0  # pJ

COUNTS = (
    "accumulates",
    "multiply_accumulates",
    "weight_fetches",
    "state_updates",
    "state_multiplies",
)
FIGURES = (
    "accumulate",
    "multiply_accumulate",
    "weight_fetch",
    "state_update",
    "state_multiply",
)

PRESETS: dict[str, Any] = {
    "float32, memories of 8 kB (Horowitz, 45 nm)": horowitz(32, 8),
    "float32, memories of 1 MB (Horowitz, 45 nm)": horowitz(32, 1024),
    "int8, memories of 8 kB (Horowitz, 45 nm)": horowitz(8, 8),
    "int8, memories of 1 MB (Horowitz, 45 nm)": horowitz(8, 1024),
    "16 bits on SENECA (22 nm)": SENECA,
    "float32 arithmetic only (what is often quoted)": replace(
        horowitz(32), weight_fetch=0, state_update=0, state_multiply=0
    ),
}


def _price(label: str) -> Range:
    return Range(0.0, DEAREST, 0.05, 0.0, label, log=True, least=0.01, unit="pJ")


class Reference(traitlets.Unicode):  # type: ignore[type-arg]
    """The name of the network that all others are compared with."""

    def __init__(self) -> None:
        super().__init__(default_value="")
        self.tag(sync=True, control={"label": "compared with"})

    def validate(self, obj: Any, value: Any) -> str:
        """Raise ``TraitError`` unless there is such a network."""
        names = tuple(network["name"] for network in obj._networks)
        if isinstance(value, str) and value in names:
            return value
        raise traitlets.TraitError(f"{self.name} must be one of {names}, not {value!r}")


class EnergyExplorer(Explorer):
    r"""What networks cost, at figures that the reader moves until the verdict changes.

    Of a network with :math:`a` accumulates, :math:`m` multiply-accumulates, :math:`w`
    weight fetches, :math:`u` state updates and :math:`v` multiplications in these, a
    step costs

    .. math::

        E = \underbrace{e_a a + e_m m}_{\text{arithmetic of inputs}} +
        \underbrace{e_w w}_{\text{weights}} + \underbrace{e_u u + e_v v}_{\text{states}}
        \quad\text{in pJ},

    as :func:`spikereg.energy.energy` has it, with five figures :math:`e`. Each has a
    slider, whose left end is 0. All networks have the same figures, and so the same
    precision.

    A factor :math:`r` multiplies the spikes that were measured: each accumulate is one
    that a spike asks for, so that :math:`r a` stands for :math:`a`, and :math:`w + (r -
    1) w_a` for :math:`w`. The fetches :math:`w_a = w\,a / (a + m)`, in each layer, are
    :math:`a` where every operation fetches a weight. All else stays, and with it a
    network without spikes. That no neuron fires twice in a step, the factor does not
    know.

    Shown are a bar for each network, how many times the reference it costs, and the
    factor at which both would cost the same, :math:`r^* = (E_\mathrm{ref} - E_{r = 0})
    / (E_{r = 1} - E_{r = 0})`: on the network's spikes, or if it has none on those of
    the reference. Of counts by :func:`spikereg.operations.count`::

        a_step = {
            name: sum(count(net, features).values(), Operations()) / steps
            for name, net in networks.items()
        }
        EnergyExplorer(a_step, reference="ReLU")

    The parameters from ``reference`` on are traits, as those of
    :class:`spikereg.widgets.LIFExplorer`.

    Args:
        networks: 1 to 12 networks by their names, of 24 letters at most. Each is an
            object with the numbers ``accumulates``, ``multiply_accumulates``,
            ``weight_fetches``, ``state_updates`` and ``state_multiplies`` of a step,
            from 0 to 1e15 (:class:`spikereg.operations.Operations`, counted without
            zeros); or a mapping from the names of its layers to such objects.
        presets: Figures to choose from, by names of 60 letters at most: objects with
            the numbers ``accumulate``, ``multiply_accumulate``, ``weight_fetch``,
            ``state_update`` and ``state_multiply``, from 0 to 1000 pJ
            (:class:`spikereg.energy.Figures`). The first are those at the start.
        reference: The name of the network that the others are compared with, by
            default the first.
        accumulate: :math:`e_a`, between 0 and 1000 pJ.
        multiply_accumulate: :math:`e_m`, likewise.
        weight_fetch: :math:`e_w`, to read one weight.
        state_update: :math:`e_u`, to read, change and write one number of a state.
        state_multiply: :math:`e_v`, for a multiplication in that.
        rate: The factor on the spikes :math:`r`, between 0 and 4.
        id: What it is called in the page's address, as of
            :class:`spikereg.widgets.LIFExplorer`.

    Raises:
        TypeError: If networks or presets are no mapping, one of them is no such object,
            or for a name that is none of these.
        ValueError: If there are no networks or presets or too many, a name is empty or
            too long, or a number is negative, too large or not finite.
        traitlets.TraitError: If no network is called like the reference, a value is
            out of range, or the id none.
    """

    _esm = joined("energy.js")

    id = Id("energy")
    reference = Reference()
    accumulate = _price("addition")
    multiply_accumulate = _price("multiply-accumulate")
    weight_fetch = _price("reading a weight")
    state_update = _price("updating a state")
    state_multiply = _price("multiplying in a state")
    rate = Range(0.0, 4.0, 0.05, default=1.0, label="firing rate", sign="× ")

    # Of each network its name and its counts, fetches for spikes and others apart.
    _networks: "traitlets.List[Any]" = traitlets.List().tag(sync=True)
    # Of each preset its name and its figures.
    _presets: "traitlets.List[Any]" = traitlets.List().tag(sync=True)

    def __init__(
        self,
        networks: Mapping[str, Any],
        presets: Mapping[str, Any] = PRESETS,
        **values: Any,
    ) -> None:
        _check_names("networks", networks, MOST, LETTERS)
        _check_names("presets", presets, MOST, TITLE)
        counted = [
            {"name": name} | _counts(f"networks[{name!r}]", network)
            for name, network in networks.items()
        ]
        chosen = [
            {"name": name} | _prices(f"presets[{name!r}]", preset)
            for name, preset in presets.items()
        ]
        start = {"reference": counted[0]["name"]}
        start |= {name: chosen[0][name] for name in FIGURES}
        # The networks first: by them the reference is checked.
        super().__init__(_networks=counted, _presets=chosen, **(start | values))
        self._controls = [
            control
            | ({"words": list(networks)} if control["name"] == "reference" else {})
            for control in self._controls
        ]


def _check_names(what: str, given: object, most: int, letters: int) -> None:
    """Raise unless there are some things, each with a name that the page can show."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{what} must be a mapping from names, not {given!r}")
    if not 1 <= len(given) <= most:
        raise ValueError(f"{what} must be between 1 and {most}, not {len(given)}")
    for name in given:
        if not (
            isinstance(name, str) and 0 < len(name.strip()) <= len(name) <= letters
        ):
            raise ValueError(
                f"a name of {what} must have 1 to {letters} letters, not be {name!r}"
            )


def _numbers(
    where: str, thing: object, names: tuple[str, ...], most: float
) -> dict[str, float]:
    """Return numbers of an object by their names; raise unless it has all of them."""
    lacking = [name for name in names if not hasattr(thing, name)]
    if lacking:
        raise TypeError(f"{where} must have {', '.join(names)}, not be {thing!r}")
    values = {name: getattr(thing, name) for name in names}
    for name, value in values.items():
        if not (finite(value) and 0 <= value <= most):
            raise ValueError(
                f"{where}.{name} must be a number between 0 and {most:g}, not {value!r}"
            )
    return {name: float(value) for name, value in values.items()}


def _prices(where: str, preset: object) -> dict[str, float]:
    """Return figures as one writes them: 0.1 + 0.2 stands as 0.3 in a link."""
    prices = _numbers(where, preset, FIGURES, DEAREST)
    return {name: float(f"{value:.12g}") for name, value in prices.items()}


def _counts(where: str, network: object) -> dict[str, float]:
    """Add up a network's layers; of its fetches those for spikes stand apart."""
    layers = {where: network}
    if isinstance(network, Mapping):
        layers = {f"{where}[{name!r}]": layer for name, layer in network.items()}
        if not layers:
            raise ValueError(f"{where} must have a layer, not be {network!r}")
    sums: dict[str, float] = {}
    for place, layer in layers.items():
        counts = _numbers(place, layer, COUNTS, LARGEST)
        added, multiplied = counts["accumulates"], counts["multiply_accumulates"]
        share = added / (added + multiplied) if added else 0.0
        fetches = counts.pop("weight_fetches")
        counts["spike_fetches"] = share * fetches
        counts["other_fetches"] = fetches - counts["spike_fetches"]
        for name, value in counts.items():
            sums[name] = sums.get(name, 0.0) + value
    return sums
