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
        self.board.element_handle().wait_for_element_state("stable")
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


SEVEN = [(8, 5), (24, 5), (14, 29)], [(11, 17), (22, 17)]


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
        for control in reader.root.locator(
            ":is(button, select, input, .board):visible"
        ).all():
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
            assert page.evaluate("spikeregTest.barriers", [THEMES_OWN, None]) == []


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
