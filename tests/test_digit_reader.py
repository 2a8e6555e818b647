"""The digit reader in a page, compared with the package."""

import base64
import re

import numpy as np
import pytest
import torch
from browser import opened
from explorer import Explorer, assert_curve, own_page
from playwright.sync_api import expect
from snntorch import surrogate
from test_page import AXE, THEMES_OWN
from test_playground_drawing import finger

from spikereg import SpikingRegressor
from spikereg.widgets import DigitReader

OUTPUTS = "output membranes, averaged where shaded"
RASTERS = {
    name: f"layer {n} ({name}): spikes by neuron"
    for n, name in enumerate(("lif_in", "lif_hidden"), start=1)
}


def network(kind="adaptive", seed=0):
    model = SpikingRegressor(
        32, 8, 10, seed=seed, neuron=kind, spike_grad=surrogate.fast_sigmoid(3)
    )
    with torch.no_grad():
        for linear, _ in model.layers():
            linear.weight.mul_(3)
        # Their mean taken away, the outputs do not all answer the same.
        means = torch.stack(
            [run(image, model).prediction[-8:, 0].mean(dim=0) for image in samples()]
        )
        beta, steps = model.li_out.beta.clamp(0, 1), torch.arange(16, 24)[:, None]
        reach = ((1 - beta ** (steps + 1)) / (1 - beta)).mean(dim=0)
        model.fc_out.bias.sub_(means.mean(dim=0) / reach)
    return model


def samples(count=10):
    rng = torch.Generator().manual_seed(0)
    return torch.randint(-12, 17, (count, 8, 8), generator=rng).clamp(min=0) / 16


NOTHING = "\N{EN DASH}"
LABELS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 8]


def run(image, model=None, repeat=2, blank=8):
    model = model or MODEL
    rows = image.repeat_interleave(repeat, dim=0)
    with torch.no_grad():
        return model.trace(torch.cat([rows, torch.zeros(blank, 8)])[:, None])


MODEL = network()


class Reader(Explorer):
    def __init__(self, page):
        super().__init__(page, "Digit reader")
        self.board = self.root.get_by_role("application")

    def place(self, x, y):
        box = self.board.bounding_box()
        size = box["width"] / 32
        return box["x"] + x * size, box["y"] + y * size

    def stroke(self, *points):
        mouse = self.page.mouse
        mouse.move(*self.place(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.place(*point), steps=5)
        mouse.up()
        self.settle()

    def pixels(self):
        path = self.board.locator(".ink").get_attribute("d") or ""
        found = np.zeros((32, 32), bool)
        for start, y, end in re.findall(r"M(\d+),(\d+)H(\d+)v1H\d+Z", path):
            found[int(y), int(start) : int(end)] = True
        return found

    def seen(self):
        """Return the image that the network sees."""
        cells = self.root.locator(".cells .cell")
        greys = cells.evaluate_all(
            "(all) => all.map((c) => Number(c.getAttribute('fill-opacity')))"
        )
        return torch.tensor(greys).view(8, 8)

    def spikes(self, layer):
        t, n, _ = self.points(RASTERS[layer], ".raster")
        # A tick begins at the upper edge of its neuron's row.
        return {(round(t), round(n - 1)) for t, n in zip(t, n, strict=True)}

    def read(self, title, mark):
        # Pictures above the last one have no numbers at their time axis.
        found = super().read(title, mark)
        return found | {"x": found["x"] or super().read(OUTPUTS, "path")["x"]}

    def assert_reads(self, trace, label=None):
        """Compare all that is shown with what the package computes."""
        means = trace.prediction[-8:, 0].mean(dim=0)
        (first, second), (answer, runner_up) = means.topk(2)
        assert first - second > 0.01, "choose another seed"
        assert self.reading("read as") == str(answer.item())
        assert self.reading("label") == (NOTHING if label is None else str(label))
        margin, _, other = self.reading("margin to second").partition(" above ")
        assert float(margin) == pytest.approx((first - second).item(), abs=0.0051)
        assert other == str(runner_up.item())
        for number, (layer, spikes) in enumerate(trace.spikes.items(), start=1):
            steps, _, neurons = spikes.nonzero().T.tolist()
            assert self.spikes(layer) == set(zip(steps, neurons, strict=True))
            rate = float(self.reading(f"layer {number} fires").rstrip(" %"))
            assert rate == pytest.approx(100 * spikes.mean().item(), abs=0.051)
        curves = trace.prediction[:, 0].T
        for digit, curve in enumerate(curves):
            assert_curve(self, OUTPUTS, f".digit-{digit}", curve)
        assert_curve(self, OUTPUTS, ".curve.membrane", curves[answer])
        assert self.sign("membrane") == str(answer.item())
        bars = self.root.locator(".scores .bar")
        numbers = bars.locator(".score").all_text_contents()
        told = [float(n.split()[0].replace("−", "-")) for n in numbers]
        np.testing.assert_allclose(told, means, atol=0.0051)
        marked = [n for n, text in enumerate(numbers) if "label" in text]
        assert marked == ([] if label is None else [label])
        kinds = bars.evaluate_all("(all) => all.map((b) => b.getAttribute('class'))")
        assert kinds.index("bar answer") == answer
        assert kinds.count("bar answer") == 1
        boxes = [bar.locator("rect").bounding_box() for bar in bars.all()]
        lengths = [box["width"] if box else 0 for box in boxes]
        longest = means.abs().argmax()
        np.testing.assert_allclose(
            lengths, lengths[longest] * (means / means[longest]).abs(), atol=0.5
        )

    def sign(self, name):
        return self.root.locator(f".sign.{name}").text_content()


@pytest.fixture(scope="module")
def address(unzipped):
    """Write a page with a reader of ten samples."""
    reader = DigitReader(MODEL, samples(), LABELS)
    return f"{unzipped}/{own_page(unzipped, 'reader', reader)}"


@pytest.fixture
def reader(browser, address):
    with opened(browser, address) as (page, faults):
        yield Reader(page)
        assert faults == []


# Samples and recurrence


def test_each_sample_is_read_as_the_model_reads_it(reader):
    choice = reader.control("image")
    words = choice.locator("option").all_inner_texts()
    assert words == [
        *(f"image {n} (label {label})" for n, label in enumerate(LABELS)),
        "your own drawing",
    ]
    assert choice.input_value() == "0"
    answers = []
    for number, (image, label) in enumerate(zip(samples(), LABELS, strict=True)):
        reader.choose("image", str(number))
        assert torch.equal(reader.seen(), image)
        trace = run(image)
        reader.assert_reads(trace, label)
        answers.append(reader.reading("read as"))
        wrong = answers[-1] != str(label)
        assert reader.sign("target") == (str(label) if wrong else "")
        if wrong:
            curve = trace.prediction[:, 0, label]
            assert_curve(reader, OUTPUTS, ".curve.target", curve)
        assert not reader.pixels().any()
    assert len(set(answers)) > 4


def test_the_input_is_shown_over_time_and_the_blank_steps_are_shaded(reader):
    cells = reader.root.locator(".cell.input")
    greys = cells.evaluate_all(
        "(all) => all.map((c) => Number(c.getAttribute('fill-opacity')))"
    )
    assert greys == samples()[0].flatten().tolist()
    boxes = [cells.nth(n).bounding_box() for n in (0, 7, 8, 63)]
    first, above, later, last = boxes
    assert above["x"] == first["x"]
    assert above["y"] < first["y"]
    assert later["y"] == first["y"]
    assert later["x"] == pytest.approx(first["x"] + first["width"], abs=0.1)
    shades = [s.bounding_box() for s in reader.root.locator(".shade").all()]
    assert len(shades) == 4
    for shade in shades:
        # From the end of the last row on, for as many steps as half the image takes
        assert shade["x"] == pytest.approx(last["x"] + last["width"], abs=0.1)
        assert shade["width"] == pytest.approx(4 * first["width"], abs=0.1)


@pytest.mark.parametrize("kind", ["adaptive", "recurrent"])
def test_the_recurrence_changes_the_spikes(browser, unzipped, kind):
    model = network(kind)
    widget = DigitReader(model, samples(), LABELS, sample=4)
    name = own_page(unzipped, f"reader-{kind}", widget)
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        reader = Reader(page)
        before = reader.spikes("lif_in")
        assert reader.press("recurrence strength", "End") == 2
        reader.drag("recurrence strength", 0.3)
        assert reader.press("recurrence strength", "Home") == 0
        kept = {
            n: p.detach().clone()
            for n, p in model.named_parameters()
            if n.endswith("recurrent.weight")
        }
        assert len(kept) == 2
        found = []
        for strength in (0.0, 0.02):
            with torch.no_grad():
                for key, weight in model.named_parameters():
                    if key in kept:
                        weight.copy_(kept[key] * strength)
            reader.assert_reads(run(samples()[4], model), LABELS[4])
            found.append(reader.spikes("lif_in"))
            reader.press("recurrence strength", "ArrowRight", 2)
        assert found[0] != before
        reader.start_again()
        assert reader.value("recurrence strength") == 1
        assert reader.spikes("lif_in") == before
        assert faults == []


def test_without_recurrence_there_is_no_slider(browser, unzipped):
    model = network("lif", seed=1)
    widget = DigitReader(model, samples(1), [0], repeat=1, blank=0)
    name = own_page(unzipped, "reader-lif", widget)
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        explorer = Explorer(page, "Digit reader")
        assert explorer.root.get_by_role("slider").count() == 0
        assert explorer.root.get_by_role("combobox").count() == 1
        title = "output membranes, averaged over all steps"
        trace = run(samples(1)[0], model, repeat=1, blank=0)
        answer = trace.prediction[:, 0].mean(dim=0).argmax()
        assert explorer.reading("read as") == str(answer.item())
        curve = trace.prediction[:, 0, answer]
        assert_curve(explorer, title, ".curve.membrane", curve)
        shades = explorer.root.locator(".shade").all()
        assert [shade.get_attribute("d") for shade in shades] == [""] * 4
        assert faults == []


# Drawings


def distance(*points):
    """Give how far the middle of each pixel is from a line through points."""
    y, x = np.mgrid[0:32, 0:32] + 0.5
    place = np.stack([x, y], axis=-1)
    found = np.full((32, 32), np.inf)
    for start, end in zip(points, points[1:] or points, strict=False):
        way = np.subtract(end, start)
        share = np.clip((place - start) @ way / max(way @ way, 1e-9), 0, 1)
        found = np.minimum(
            found, np.linalg.norm(place - start - share[..., None] * way, axis=-1)
        )
    return found


def assert_drawn(reader, *strokes, about=0.2):
    """Compare the drawing with lines that are four pixels wide."""
    pixels = reader.pixels()
    away = np.min([distance(*points) for points in strokes], axis=0)
    assert pixels[away < 2 - about].all()
    assert not pixels[away > 2 + about].any()
    expected = torch.tensor(pixels).view(8, 4, 8, 4).sum(dim=(1, 3)) / 16
    assert torch.equal(reader.seen(), expected)
    assert reader.control("image").input_value() == "drawing"
    reader.assert_reads(run(expected))


SEVEN = [(8, 5), (24, 5), (14, 29)], [(11, 17), (22, 17)]


def test_a_digit_is_drawn_by_mouse(reader):
    for points in SEVEN:
        reader.stroke(*points)
    assert_drawn(reader, *SEVEN)
    drawn = reader.pixels()
    # A sample comes back, and the drawing waits, pale.
    reader.choose("image", "2")
    reader.assert_reads(run(samples()[2]), LABELS[2])
    assert (reader.pixels() == drawn).all()
    opacity = "(ink) => Number(getComputedStyle(ink).opacity)"
    assert reader.board.locator(".ink").evaluate(opacity) < 0.5
    reader.choose("image", "drawing")
    assert_drawn(reader, *SEVEN)
    reader.root.get_by_role("button", name="Clear").click()
    reader.settle()
    assert not reader.pixels().any()
    assert not reader.seen().any()
    assert reader.reading("read as") == NOTHING
    assert reader.path(OUTPUTS, ".curve.membrane") == ""


def test_a_click_is_a_dot_and_a_stroke_ends_with_its_button(reader):
    mouse = reader.page.mouse
    mouse.move(*reader.place(16, 16))
    mouse.down()
    reader.settle()
    assert reader.pixels().sum() == 12
    mouse.up()
    mouse.move(*reader.place(28, 28))
    reader.settle()
    assert reader.pixels().sum() == 12
    # Another button draws nothing, and does not end what the first one draws.
    mouse.down(button="right")
    mouse.move(*reader.place(5, 28))
    mouse.up(button="right")
    reader.settle()
    assert reader.pixels().sum() == 12
    mouse.move(*reader.place(4, 4))
    mouse.down(button="left")
    mouse.down(button="right")
    mouse.move(*reader.place(12, 4))
    mouse.up(button="left")
    mouse.move(*reader.place(28, 28))
    mouse.up(button="right")
    reader.settle()
    assert_drawn(reader, [(16, 16)], [(4, 4), (12, 4)])


def test_a_stroke_goes_on_out_of_the_board(reader):
    reader.stroke((16, 16), (40, 16), (40, 60), (8.3, 60))
    assert_drawn(reader, [(16, 16), (34, 16)])


def test_a_digit_is_drawn_by_keys_and_the_pen_is_spoken(reader):
    keys = reader.page.keyboard
    spoken = reader.root.locator(".drawing .summary")
    reader.control("recurrence strength").focus()
    keys.press("Tab")
    assert reader.board.evaluate("board => board === document.activeElement")
    assert reader.board.evaluate("b => getComputedStyle(b).outlineStyle") == "solid"
    assert spoken.inner_text() == "Column 16, row 16, pen up."
    nib = reader.board.locator(".nib")
    assert nib.is_visible()
    for key in ("Shift+ArrowUp", "Shift+ArrowUp", "ArrowUp", "ArrowLeft"):
        keys.press(key)
    assert spoken.inner_text() == "Column 15, row 7, pen up."
    reader.settle()
    assert not reader.pixels().any()
    assert reader.control("image").input_value() == "0"
    keys.press(" ")
    reader.settle()
    assert spoken.inner_text() == "Column 15, row 7, pen down."
    assert reader.pixels().sum() == 12
    for _ in range(4):
        keys.press("Shift+ArrowDown")
    keys.press("ArrowRight")
    keys.press(" ")
    for _ in range(9):
        keys.press("Shift+ArrowRight")
    assert spoken.inner_text() == "Column 32, row 23, pen up."
    reader.settle()
    assert_drawn(reader, [(15, 7), (15, 23), (16, 23)], about=0)
    # Away from the board the pen is lifted.
    keys.press(" ")
    keys.press("Tab")
    assert not nib.is_visible()
    keys.press("Shift+Tab")
    keys.press("ArrowLeft")
    assert spoken.inner_text() == "Column 31, row 23, pen up."
    for key in ("Delete", "Backspace"):
        keys.press(" ")
        keys.press("ArrowUp")
        reader.settle()
        assert reader.pixels().any()
        keys.press(key)
        assert spoken.inner_text() == "The board is empty."
        reader.settle()
        assert not reader.pixels().any()


def test_keys_of_the_browser_are_left_to_it(reader):
    reader.board.focus()
    handled = reader.board.evaluate(
        """(board) => ["a", "Tab", "Escape", "Enter"].map((key) => {
          const press = new KeyboardEvent("keydown", { key, cancelable: true });
          return !board.dispatchEvent(press);
        })"""
    )
    assert handled == [False] * 4
    reader.page.keyboard.press("Control+ArrowLeft")
    reader.settle()
    assert not reader.pixels().any()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_digit_is_drawn_by_a_finger(browser, address, width):
    with opened(browser, address, width=width) as (page, _):
        reader = Reader(page)
        reader.board.scroll_into_view_if_needed()
        before = page.evaluate("scrollY")
        # A stroke upwards is one, and no scrolling.
        upwards = [(16, y) for y in range(28, 2, -2)]
        strokes = [upwards, [(8, 20), (24, 20)]]
        for points in strokes:
            finger(reader, *(reader.place(*point) for point in points))
        assert page.evaluate("scrollY") == before
        assert_drawn(reader, *strokes, about=0.3)


def test_beside_the_board_a_finger_scrolls(browser, address):
    with opened(browser, address, width=390) as (page, _):
        reader = Reader(page)
        reader.board.scroll_into_view_if_needed()
        x, y = reader.place(34, 28)
        before = page.evaluate("scrollY")
        finger(reader, *[(x, y - up) for up in range(0, 150, 10)])
        page.wait_for_function("before => scrollY > before + 50", arg=before)
        assert not reader.pixels().any()


def test_starting_again_brings_the_first_drawing_back(browser, unzipped):
    rows = [0] * 4 + [2**20] * 20 + [0] * 8
    widget = DigitReader(MODEL, samples(), LABELS, drawing=rows, recurrence=0.5)
    name = own_page(unzipped, "reader-drawn", widget)
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        reader = Reader(page)
        assert reader.control("image").input_value() == "drawing"
        first = reader.pixels()
        assert first[4:24, 11].all()
        assert first.sum() == 20
        answer = reader.reading("margin to second")
        reader.stroke((4, 4), (28, 28))
        reader.press("recurrence strength", "End")
        reader.choose("image", "3")
        reader.start_again()
        assert (reader.pixels() == first).all()
        assert reader.control("image").input_value() == "drawing"
        assert reader.reading("margin to second") == answer
        assert faults == []


# What is said and seen


def test_the_summary_says_what_the_readings_say(reader):
    def said(start):
        first, second = (reader.reading(f"layer {n} fires") for n in (1, 2))
        firing = f"Layer 1 fires in {first} of the steps, layer 2 in {second}."
        expect(reader.root.locator("> .summary")).to_have_text(f"{start} {firing}")

    def lead():
        answer, margin = map(reader.reading, ("read as", "margin to second"))
        return f"read as {answer}, {margin}."

    reader.choose("image", "5")
    said(f"Image 5, label 9, is {lead()}")
    reader.stroke(*SEVEN[0])
    said(f"Your drawing is {lead()}")
    reader.root.get_by_role("button", name="Clear").click()
    reader.settle()
    said("The board is empty.")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_the_page_in_both_themes(browser, address, theme, width):
    with opened(browser, address, theme, width=width) as (page, faults):
        reader = Reader(page)
        reader.stroke(*SEVEN[0])
        found = page.evaluate("spikeregTest.contrasts()")
        assert found["checked"] > 40
        assert found["low"] == []
        assert page.evaluate("spikeregTest.outside", ".spikereg *") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        legends = page.evaluate("spikeregTest.legends()")
        assert len(legends) == 3
        assert all(entry == mark for _, entry, mark in legends)
        ink = reader.board.locator(".ink").evaluate("i => getComputedStyle(i).fill")
        dark = sum(map(int, re.findall(r"\d+", ink)[:3])) > 3 * 128
        assert dark == (theme == "dark")
        for control in reader.root.locator("button, select, input, .board").all():
            box = control.bounding_box()
            assert min(box["height"], box["width"]) >= 24
        # The image stands beside the board, on a phone too.
        image = reader.root.locator(".cells").bounding_box()
        board = reader.board.bounding_box()
        assert image["y"] == board["y"]
        assert image["x"] > board["x"] + board["width"]
        assert faults == []
        if width == 1280:  # which asks for what a file may not have
            page.add_script_tag(path=AXE)
            assert page.evaluate("spikeregTest.barriers", THEMES_OWN) == []


def test_it_leaves_nothing_behind_even_of_values_that_are_none(browser, address):
    widget = DigitReader(MODEL, samples(), LABELS)
    names = ("_esm", "_controls", "_shapes", "_task", "recurrence")
    state = {name: getattr(widget, name) for name in names}
    what = {
        "source": state["_esm"],
        "state": {**state, "sample": 99, "drawing": "<svg onload=alert(1)>"},
        "numbers": base64.b64encode(widget._numbers).decode(),
    }
    with opened(browser, address) as (page, faults):
        found = page.evaluate("what => spikeregTest.leaks(what)", what)
        assert found["most"] == 3  # image, recurrence and drawing
        assert set(found["rest"].values()) == {0}, found
        assert faults == []
