"""The explorers in a real JupyterLab: moved in the page, known in the kernel."""

import time

import nbformat
import numpy as np
import pytest
from browser import PATIENCE, ROOT
from explorer import Explorer, assert_curve
from lab import Notebook, serving
from playground import TOP, Drawn
from playwright.sync_api import expect

CHAPTER = ROOT / "book" / "01_background.ipynb"
# What a reader adds to the chapter, whose second neuron is called silent.
ADDED = [
    "import json\n\nheard = []\n"
    'silent.observe(lambda change: heard.append(change["new"]), "beta")',
    "from spikereg.widgets import Playground\n\nplayground = Playground()\nplayground",
]
LEARNED = """
ramp = torch.linspace(0, 1, 50).view(-1, 1, 1)
with torch.no_grad():
    output = playground.model()(ramp).flatten().tolist()
print(json.dumps([playground.iteration, playground.loss, output]))
"""


@pytest.fixture(scope="module")
def notebook(browser, tmp_path_factory):
    """Open chapter 1 and more, and run all of it."""
    folder = tmp_path_factory.mktemp("lab")
    chapter = nbformat.read(CHAPTER, as_version=4)
    chapter.cells += [nbformat.v4.new_code_cell(code) for code in ADDED]
    for cell in chapter.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(chapter, folder / "chapter.ipynb")
    with serving(folder) as address, browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        for script in ("page.js", "lab/lab.js"):
            page.add_init_script(path=ROOT / "tests" / script)
        notebook = Notebook(page, address, "chapter.ipynb")
        notebook.run_all()
        yield notebook


def agreed(notebook, code, agrees):
    """Ask the kernel until it has what the page has sent; return its answer."""
    end = time.monotonic() + PATIENCE / 1000
    while not agrees(answer := notebook.ask(code)):
        assert time.monotonic() < end, answer
    return answer


def test_a_dragged_slider_is_a_value_of_the_kernel_and_its_observers_hear(notebook):
    silent = Explorer(notebook.page, "One neuron", 1)
    before = silent.value("decay β")
    moved = silent.drag("decay β", 0.4)
    assert moved != before
    code = "print(json.dumps([silent.beta, heard]))"
    beta, heard = agreed(notebook, code, lambda answer: answer[0] == moved)
    assert beta == heard[-1] == moved
    assert before not in heard


def test_a_value_that_the_kernel_sets_moves_the_slider(notebook):
    silent = Explorer(notebook.page, "One neuron", 1)
    for value in (0.25, 0.75):
        assert notebook.ask(f"silent.beta = {value}\nprint(silent.beta)") == value
        expect(silent.control("decay β")).to_have_value(str(value))


def test_a_playground_is_in_the_kernel_what_its_page_has_trained(notebook):
    start = notebook.ask(LEARNED)[2]
    playground = Drawn(notebook.page)
    assert_curve(playground, TOP, ".curve.membrane", start)
    playground.train(least=20)
    now = playground.iteration()
    _, loss, output = agreed(notebook, LEARNED, lambda answer: answer[0] == now)
    assert_curve(playground, TOP, ".curve.membrane", output)
    assert loss == pytest.approx(playground.loss(), rel=0.05)  # it shows two digits
    assert np.abs(np.subtract(output, start)).max() > 0.05


def test_no_reading_lies_over_another_one_or_over_a_label(notebook):
    page = notebook.page
    assert page.locator(".jp-OutputArea-output .spikereg dl").count() == 4
    overlaps = page.evaluate("labTest.overlaps()")
    assert overlaps["checked"] > 50
    assert overlaps["found"] == []


def test_text_is_large_enough_and_grows_with_what_stands_around(notebook):
    def sizes(style):
        return notebook.page.evaluate("labTest.sizes", style)

    usual = sizes("")
    texts = {name: size for name, _, size in usual if size}
    assert len(texts) > 50
    assert {name: size for name, size in texts.items() if size < 12} == {}
    # As Notebook 6 has it
    assert sizes("font-size: 10px") == usual
    larger = sizes("--jp-content-font-size1: 20px")
    assert larger[0][1] > usual[0][1]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_text_and_lines_stand_out_from_what_is_behind(notebook, theme):
    notebook.choose("Settings", "Theme", theme)
    light = str(theme.endswith("Light")).lower()
    body = notebook.page.locator("body")
    expect(body).to_have_attribute("data-jp-theme-light", light)
    found = notebook.page.evaluate("spikeregTest.contrasts()")
    assert found["checked"] > 40
    assert found["low"] == []
