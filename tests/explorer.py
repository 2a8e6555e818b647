"""An explorer of a built page, moved and read as a reader does it."""

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import pytest
from browser import HTML, LIVE, ROOT, VIEW
from ipywidgets.embed import dependency_state, embed_data
from node import NODE

from spikereg import widgets

STATE = re.compile(
    r'<script type="application/vnd\.jupyter\.widget-state\+json">(.*?)</script>', re.S
)


class Explorer:
    """One explorer of a page, moved and read as a reader does it."""

    def __init__(self, page, title, number=0):
        self.page = page
        self.root = page.get_by_role("group", name=title, exact=True).nth(number)
        self.root.scroll_into_view_if_needed()

    def control(self, label):
        slider, choice = (
            self.root.get_by_role(role, name=label, exact=True)
            for role in ("slider", "combobox")
        )
        return slider.or_(choice)

    def value(self, label):
        return float(self.control(label).input_value())

    def settle(self):
        self.page.evaluate(
            "new Promise((done) => requestAnimationFrame("
            "() => requestAnimationFrame(done)))"
        )

    def drag(self, label, share):
        """Drag the thumb of a slider by mouse to a share of its way."""
        slider = self.control(label)
        slider.scroll_into_view_if_needed()
        low, high = (float(slider.get_attribute(name)) for name in ("min", "max"))
        box = slider.bounding_box()
        thumb = 16  # pixels, as Chromium draws it
        middle = box["y"] + box["height"] / 2

        def place(share):
            return box["x"] + thumb / 2 + share * (box["width"] - thumb)

        now = (self.value(label) - low) / (high - low)
        self.page.mouse.move(place(now), middle)
        self.page.mouse.down()
        self.page.mouse.move(place((now + share) / 2), middle)
        self.page.mouse.move(place(share), middle)
        self.page.mouse.up()
        self.settle()
        moved = self.value(label)
        assert moved == pytest.approx(low + share * (high - low), abs=(high - low) / 50)
        return moved

    def press(self, label, key, times=1):
        self.control(label).focus()
        for _ in range(times):
            self.page.keyboard.press(key)
        self.settle()
        return self.value(label)

    def choose(self, label, word):
        self.control(label).select_option(word)
        self.settle()

    def start_again(self):
        self.root.get_by_role("button", name="Start again").click()
        self.settle()

    def reading(self, label):
        return self.root.locator(f"dt:text-is('{label}') + dd").inner_text()

    def path(self, title, mark):
        return self.read(title, mark)["path"]

    def shown(self, label):
        """Return the value that stands beside a slider."""
        control = self.root.locator(f".control:has(.name:text-is('{label}'))")
        return control.locator(".value").inner_text()

    def level(self, title, mark):
        """Return the height of a line across, or None if it is not drawn."""
        found = self.read(title, mark)
        if not found["path"]:
            return None
        place = float(re.fullmatch(r"M[\d.]+,([\d.]+)H[\d.]+", found["path"])[1])
        return scale(found["y"], np.array([place]))[0][0]

    def points(self, title, mark):
        """Return the corners of a path and the size of a pixel, in the axes' units."""
        found = self.read(title, mark)
        places = np.array(
            re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", found["path"]), float
        )
        x, x_pixel = scale(found["x"] or self._read_bottom_axis(), places[:, 0])
        y, y_pixel = scale(found["y"], places[:, 1])
        return x, y, (x_pixel, y_pixel)

    def _panel(self, title):
        return self.root.locator(f"svg.panel:has(text.title:text-is('{title}'))")

    def read(self, title, mark):
        panel = self._panel(title).element_handle()
        return self.page.evaluate("spikeregTest.panel", [panel, mark])

    def _read_bottom_axis(self):
        panel = self.root.locator("svg.panel").last.element_handle()
        return self.page.evaluate("spikeregTest.panel", [panel, "path"])["x"]


def scale(ticks, places):
    """Return places in the units of an axis, and a pixel in them."""
    numbers, positions = np.array(ticks, float).T
    slope, offset = np.polyfit(positions, numbers, 1)
    return slope * places + offset, abs(slope)


def assert_curve(explorer, title, mark, expected, at=None):
    """Compare a drawn curve with its values: half a pixel is as good as it gets."""
    x, y, (x_pixel, y_pixel) = explorer.points(title, mark)
    at = np.arange(len(expected)) if at is None else at
    np.testing.assert_allclose(x, at, atol=x_pixel / 2)
    np.testing.assert_allclose(y, np.asarray(expected).ravel(), atol=y_pixel / 2)


def states(name):
    """Return the explorers of a page, each with its script."""
    (found,) = STATE.findall((HTML / name).read_text())
    explorers = [w for w in json.loads(found)["state"].values() if "_esm" in w["state"]]
    for each in explorers:
        each["state"]["_esm"] = getattr(widgets, each["state"]["_esm"])._esm
        if isinstance(each.get("buffers"), str):
            own = HTML / "_static" / "explorers" / f"{each['buffers']}.js"
            _, _, saved = own.read_text().partition("] = ")
            each["buffers"] = json.loads(saved.rstrip(";\n"))["buffers"]
    return explorers


def own_page(book, name, *shown):
    """Write a page with widgets into a copy of the book and return its name.

    It is one of the book's pages with live widgets, which these take the place of, in
    front of its text. So an explorer can be tested as no chapter has it.
    """
    # Only these: each further one that this process has made would have to load too.
    own = dependency_state(list(shown), drop_defaults=False)
    data = embed_data(views=list(shown), drop_defaults=False, state=own)
    page = (HTML / LIVE[0]).read_text()
    state = json.dumps(data["manager_state"]).replace("</", r"<\/")
    page = page.replace(*STATE.findall(page), state)
    page = re.sub(f'<script type="{re.escape(VIEW)}">.*?</script>', "", page)
    page = re.sub('<script src="[^"]*/explorers[/.][^>]*></script>', "", page)
    views = "".join(
        f'<script type="{VIEW}">{json.dumps(view)}</script>'
        for view in data["view_specs"]
    )
    article = '<article class="bd-article">'
    page = page.replace(article, f'{article}<div class="cell_output">{views}</div>')
    folder = Path(url2pathname(urlsplit(book).path))
    (folder / "book" / f"{name}.html").write_text(page)
    finish = ROOT / "tools" / "finish.mjs"
    subprocess.run([NODE, finish, folder, f"book/{name}.html"], check=True, timeout=300)
    return f"book/{name}.html"
