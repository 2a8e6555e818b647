"""What is wide on a narrow screen: it stays readable, and scrolls in its own box."""

import pytest
from browser import HTML, PAGES, opened

WIDTH = 375
# Pixels of a label in a figure of the house style: 10 points at 120 dots an inch
LABEL = 10 / 72 * 120
FIGURES = ".cell_output > img"
WITH_FIGURES = [
    name
    for name in PAGES
    if 'class="cell_output docutils container">\n<img' in (HTML / name).read_text()
]


@pytest.mark.parametrize("name", WITH_FIGURES)
def test_labels_of_figures_can_be_read_on_a_phone(browser, unzipped, name):
    with opened(browser, f"{unzipped}/{name}", width=WIDTH) as (page, _):
        for detail in page.locator("details").all():
            detail.evaluate("detail => { detail.open = true; }")
        page.evaluate("Promise.all([...document.images].map((i) => i.decode()))")
        sizes = page.locator(FIGURES).evaluate_all(
            """(images) => images.map((image) => [
              image.clientWidth / image.naturalWidth,
              image.parentElement.scrollWidth - image.clientWidth,
              image.parentElement.clientWidth,
            ])"""
        )
        assert sizes
        for scale, over, box in sizes:
            assert LABEL * scale >= 10
            assert over == 0  # all of it can be scrolled to, and no more
            assert box < WIDTH
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH


def test_keys_scroll_a_figure(browser, unzipped):
    with opened(browser, f"{unzipped}/{WITH_FIGURES[0]}", width=WIDTH) as (page, _):
        box = page.locator(".cell_output:has(> img):visible").first
        # The browser reaches what scrolls by itself; start from just before it.
        box.evaluate(
            """(box) => {
              const before = document.createElement("button");
              box.before(before);
              before.focus();
            }"""
        )
        page.keyboard.press("Tab")
        assert box.evaluate("box => box === document.activeElement")
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        page.wait_for_function("box => box.scrollLeft > 50", arg=box.element_handle())


def test_on_a_wide_screen_no_figure_scrolls(browser, unzipped):
    with opened(browser, f"{unzipped}/{WITH_FIGURES[0]}") as (page, _):
        over = page.locator(FIGURES).evaluate_all(
            "(all) => all.map(({ parentElement: p }) => p.scrollWidth - p.clientWidth)"
        )
        assert set(over) == {0}
