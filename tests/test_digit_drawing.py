"""Digits that a reader draws in the page, and what is made of them."""

import numpy as np
import pytest
import torch
from browser import opened
from explorer import own_page
from test_addresses import copied
from test_digit_reader import (
    LABELS,
    MODEL,
    NOTHING,
    OUTPUTS,
    SEVEN,
    Reader,
    run,
    samples,
)
from test_playground_drawing import finger

from spikereg.widgets import DigitReader


@pytest.fixture(scope="module")
def address(unzipped):
    """Write a page with a reader of ten samples."""
    reader = DigitReader(MODEL, samples(), LABELS)
    return f"{unzipped}/{own_page(unzipped, 'reader-to-draw', reader)}"


@pytest.fixture
def reader(browser, address):
    with opened(browser, address) as (page, faults):
        yield Reader(page)
        assert faults == []


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


def test_a_copied_link_holds_the_drawing(browser, address):
    with opened(browser, address) as (page, faults):
        reader = Reader(page)
        for stroke in SEVEN:
            reader.stroke(*stroke)
        reader.press("recurrence strength", "Home")
        drawn, read = reader.pixels(), reader.reading("margin to second")
        link = copied(reader)
        assert faults == []
    assert len(link) < len(address) + 300
    with opened(browser, link) as (page, faults):
        again = Reader(page)
        assert (again.pixels() == drawn).all()
        assert again.control("image").input_value() == "drawing"
        assert again.value("recurrence strength") == 0
        assert again.reading("margin to second") == read
        again.start_again()
        assert not again.pixels().any()
        assert again.control("image").input_value() == "0"
        assert faults == []


def test_a_link_whose_drawing_is_none_shows_the_first_one(browser, address):
    end = "#digits.sample=drawing&digits.drawing=<b>&digits.recurrence=9"
    with opened(browser, address + end) as (page, faults):
        reader = Reader(page)
        assert not reader.pixels().any()
        assert reader.reading("read as") == NOTHING
        assert reader.value("recurrence strength") == 2
        assert faults == []
