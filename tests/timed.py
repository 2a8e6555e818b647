"""Explorers of chapter 10: panels over time, and one beside them."""

import functools
import re

import numpy as np
from explorer import Explorer, scale
from test_numerics_firing import MODEL

from spikereg.widgets import FiringTimeExplorer, SpikeTimeExplorer

THRESHOLD = 30.0
INPUT = "input: x, 1 − x and 20 beats"
LAYERS = {
    name: f"layer {n} ({name}): spikes by neuron"
    for n, name in enumerate(("lif_in", "lif_hidden"), start=1)
}
OUTPUT = "answer: membrane of the output"
ALL = "time of the answer to every x"

STEMS = "input spikes, as high as their weights"
MEMBRANE = "membrane U"
BY_WEIGHT = "spike time, by one weight"
DEFAULTS = {"w1": 0.7, "w2": 0.7, "w3": 1.0, "w4": -0.7, "time": 28, "arrow": "w1"}
KINDS = {
    "firing": functools.partial(FiringTimeExplorer, MODEL),
    "exact": SpikeTimeExplorer,
}


class Timed(Explorer):
    """An explorer with panels over time, and one beside them."""

    def settle(self):
        """Wait until the picture is whole."""
        super().settle()
        self.page.wait_for_function(
            "(root) => root.querySelector('.drawing').ariaBusy !== 'true'",
            arg=self.root.element_handle(),
        )

    def _read_bottom_axis(self):
        return self.read(self.over_time, "path")["x"]

    def numbers(self, title, mark, form):
        """Return the numbers of a path that is written in a form."""
        found = re.fullmatch(form.replace("#", r"(-?[\d.]+)"), self.path(title, mark))
        return [float(number) for number in found.groups()]

    def across(self, title, place):
        """Return where a place along an axis is, and a pixel in its units."""
        axis = self.read(title, "path")["x"] or self._read_bottom_axis()
        found, pixel = scale(axis, np.array([place]))
        return found[0], pixel

    def upright(self, title, mark):
        """Return where an upright line is; None if it is not drawn."""
        if not self.path(title, mark):
            return None
        place, _, _ = self.numbers(title, mark, "M#,#V#")
        return self.across(title, place)[0]

    def box(self, title):
        return self._panel(title).bounding_box()


class Firing(Timed):
    over_time = OUTPUT

    def __init__(self, page):
        super().__init__(page, "When to fire")


class Exact(Timed):
    over_time = MEMBRANE

    def __init__(self, page):
        super().__init__(page, "An exact spike time")
