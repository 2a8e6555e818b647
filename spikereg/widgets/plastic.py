"""A metal bar whose stress is a membrane, and whose plastic flow is spikes, live."""

from itertools import pairwise

from spikereg.widgets._curve import Curve, on_grid, written
from spikereg.widgets._explorer import Explorer, Id, Range, Whole
from spikereg.widgets._source import joined

STEPS = 80
# Strain in per cent, both ways
RANGE = (-1.0, 1.0)
# Where each path turns: steps and strain.
_TURNS = {
    "cycle": [(20, 0.6), (50, -0.6), (80, 0.6)],
    "growing": [(4, 0.3), (11, -0.3), (23, 0.6), (38, -0.6), (57, 0.9), (80, -0.9)],
    "irregular": [
        *[(8, 0.35), (14, 0.05), (22, 0.55), (25, 0.4), (41, -0.5), (47, -0.35)],
        *[(53, -0.6), (64, 0.2), (68, 0.0), (80, 0.8)],
    ],
}


def _straight(turns: list[tuple[int, float]]) -> tuple[float, ...]:
    """Give the strain after each step of a path that is straight between its turns."""
    path = []
    for (start, before), (end, after) in pairwise([(0, 0.0), *turns]):
        rate = (after - before) / (end - start)
        path += [before + rate * (t - start) for t in range(start + 1, end + 1)]
    return tuple(on_grid(strain, *RANGE) for strain in path)


PATHS = {name: _straight(turns) for name, turns in _TURNS.items()}


class PlasticExplorer(Explorer):
    r"""A bar of metal as pairs of spiking neurons: its reader draws how it is strained.

    A :class:`spikereg.SpikingReturnMapping` beside the exact law,
    :func:`spikereg.materials.plastic_stress`. The membrane is the stress, the threshold
    the yield stress, a spike a quantum of plastic flow, and the adaptation of the
    threshold is the hardening. The bar has :math:`E = 210\,000` MPa and
    :math:`\sigma_y = 300` MPa, which the network has as 7 and 1: it counts strain in
    per cent and stress in :math:`\sigma_y`.

    Shown are the strain over time, which is drawn by mouse, pen, finger or keys; the
    stress, the mean membrane of the pairs after each substep, beside that of the law,
    and the mean threshold, which rises as the bar hardens; the spikes of each pair, in
    tension above and in compression below; and the stress by the strain, a loop. The
    error is the mean of :math:`|\sigma - \sigma^*|` over the steps, with the law's
    stress :math:`\sigma^*`, and :math:`\lVert \sigma - \sigma^* \rVert / \lVert
    \sigma^* \rVert` in per cent.

    A pair fires once in a substep at most: with fewer substeps than the largest step of
    the path needs, :math:`\lceil E\, |\Delta\varepsilon| / \kappa \rceil`, the flow
    falls behind, and the stress runs beyond the yield stress.

    The parameters are traits, as those of :class:`spikereg.widgets.LIFExplorer`.

    Args:
        path: ``"cycle"``, ``"growing"`` or ``"irregular"``, or the strain in per cent
            after each of 80 steps, between -1 and 1, kept to two thousandths. It
            begins at 0. The trait holds the strains.
        pairs: Number of pairs :math:`J`, between 1 and 32.
        quantum: Quantum of flow :math:`\kappa / \sigma_y`, between 0.02 and 0.8.
        hardening: :math:`H / E`, between 0 and 0.1.
        substeps: Substeps of a step :math:`M`, between 1 and 64.
        id: What it is called in the page's address, as of
            :class:`spikereg.widgets.LIFExplorer`.

    Raises:
        traitlets.TraitError: If a value is out of range, or the id none.
        TypeError: For a name that is none of these.
    """

    _esm = joined("plastic.js")

    id = Id("plastic")
    path = Curve(PATHS, steps=(STEPS, STEPS), heights=RANGE, label="strain path")
    pairs = Whole(1, 32, 1, default=2, label="pairs J")
    quantum = Range(
        0.02, 0.8, 0.1, default=0.4, label="quantum / yield stress", log=True
    )
    hardening = Range(0.0, 0.1, 0.005, default=0.01, label="hardening H / E")
    substeps = Whole(1, 64, 1, default=4, label="substeps M")

    def _written(self, name: str) -> str | None:
        if name != "path":
            return super()._written(name)
        return written(self.path, PATHS)
