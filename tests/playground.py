"""The playground of a page, drawn on, trained and read as readers do."""

from contextlib import contextmanager

import numpy as np
from browser import PATIENCE, opened
from explorer import Explorer

FRONT = "book/index.html"
TOP = "output membrane and target"
LAYER_2 = "layer 2 (lif_hidden): spikes by neuron"
DECAYS = "neurons by decay: now, and at the start"


class Drawn(Explorer):
    """The playground of a page."""

    def __init__(self, page):
        super().__init__(page, "Playground")
        self.pad = self.root.locator(".pad")

    def settle(self):
        """Wait until the picture is that of the controls."""
        super().settle()
        self.root.locator(".drawing[aria-busy=false]").wait_for()

    def click(self, name):
        self.root.get_by_role("button", name=name, exact=True).click()

    def iteration(self):
        return int(self.reading("iteration"))

    def loss(self):
        return float(self.reading("mean squared error"))

    def wait(self, condition, value=None):
        """Wait until an expression of iteration, loss and value holds."""
        self.page.wait_for_function(
            "([root, value]) => {"
            "  const [iteration, loss] = [...root.querySelectorAll('dd')]"
            "    .map((place) => Number(place.textContent));"
            f"  return {condition};"
            "}",
            arg=[self.root.element_handle(), value],
            # Ten thousand iterations take 20 seconds where nothing else runs.
            timeout=5 * PATIENCE,
        )

    def step(self, times=1):
        for _ in range(times):
            before = self.iteration()
            self.click("Step")
            self.wait("iteration === value", before + 1)

    def train(self, least):
        """Train, and pause at the given iteration or soon after it."""
        self.click("Train")
        self.wait("iteration >= value", least)
        self.pause()

    def pause(self):
        self.click("Pause")
        self.settle()

    def target(self):
        return self.points(TOP, ".curve.target")[1]

    def place(self, t, y):
        """Return where a time step and a height are on the screen."""
        self.pad.element_handle().wait_for_element_state(
            "stable"
        )  # the page may scroll
        found = self.read(TOP, ".curve.target")
        box = self.root.locator("svg.panel").first.bounding_box()
        (x_slope, x_offset), (y_slope, y_offset) = (
            np.polyfit(*np.array(found[axis], float).T, 1) for axis in "xy"
        )
        return box["x"] + x_slope * t + x_offset, box["y"] + y_slope * y + y_offset


@contextmanager
def playing(browser, book, end="", page_name=FRONT, **options):
    """Open a page with a playground; nothing may fail in it."""
    with opened(browser, f"{book}/{page_name}{end}", **options) as (page, faults):
        yield Drawn(page)
        assert faults == []
