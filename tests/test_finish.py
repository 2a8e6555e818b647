"""What finishes the pages: formulas, icons and explorers, drawn by the build."""

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import ipywidgets
import pytest
from browser import HTML, LIVE, PAGES, PATIENCE, opened
from explorer import STATE, own_page
from node import NODE, ROOT
from PIL import Image
from screenshots import FLAGS, find_browser

from spikereg.widgets import LIFExplorer

# How far what is seen moves by itself, and when
WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifts.push(entry.value);
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def folder(tmp_path):
    """Make a folder with what the tool needs of a book, and one page."""
    (tmp_path / "_static" / "scripts").mkdir(parents=True)
    for name in (
        "explorers.js",
        "scripts/fontawesome.js",
        "scripts/pydata-sphinx-theme.js",
    ):
        shutil.copy(HTML / "_static" / name, tmp_path / "_static" / name)
    return tmp_path


def finish(folder, body):
    """Finish a page; return how it went, and the page."""
    page = folder / "page.html"
    head = '<script src="_static/scripts/fontawesome.js"></script><title>A</title>'
    page.write_text(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body>")
    tool = ROOT / "tools" / "finish.mjs"
    done = subprocess.run(
        [NODE, tool, folder], capture_output=True, text=True, timeout=300
    )
    return done, page.read_text()


def test_a_formula_becomes_a_drawing_and_mathml(folder):
    inline, display = r"\(U_t\)", r"\[U_t = \beta U_{t-1}\]"
    body = f'<span class="math">{inline}</span><div class="math">{display}</div>'
    done, page = finish(folder, body)
    assert done.returncode == 0, done.stderr
    assert inline not in page
    assert display not in page
    assert page.count("<math ") == 2
    assert page.count("<mjx-container") == 2
    # Every letter that is used is there.
    used = set(re.findall(r'xlink:href="#([^"]+)"', page))
    assert used
    assert used <= set(re.findall(r'id="([^"]+)"', page))


def test_a_formula_that_is_wrong_is_named_and_the_page_stays(folder):
    done, page = finish(folder, r'<span class="math">\(\frac{1}\)</span>')
    assert done.returncode == 1
    assert "page.html: " in done.stderr
    assert r"\frac{1}" in done.stderr
    assert r"\(\frac{1}\)" in page


def test_an_icon_that_is_not_there_is_named(folder):
    done, _ = finish(folder, '<i class="fa-solid fa-nosuch"></i>')
    assert done.returncode == 1
    assert "fa-nosuch" in done.stderr


def test_a_widget_that_a_page_cannot_show_is_named(folder):
    state = {
        "a": {
            "model_module": "@jupyter-widgets/controls",
            "model_name": "DropdownModel",
            "state": {},
        }
    }
    kind = "application/vnd.jupyter.widget-state+json"
    script = f'<script type="{kind}">{json.dumps({"state": state})}</script>'
    done, _ = finish(folder, script)
    assert done.returncode == 1
    assert "cannot show a DropdownModel" in done.stderr
    assert "FloatSliderModel" in done.stderr


def loaded(name):
    """Return the files that a page asks for, at once or when it has been seen."""
    page = (HTML / name).read_text()
    tags = re.findall(r"<(?:script|link|img)\b[^>]*?(?:src|href)=\"([^\"#]+)\"", page)
    files = [unquote(urlsplit(tag).path) for tag in tags]
    for needs in re.findall(r' data-needs="([^"]*)"', page):
        files += [f"../_static/explorers/{own}.js" for own in needs.split()]
    return {(HTML / name).parent / file for file in files if "." in Path(file).name}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_only_what_it_uses(name):
    page = (HTML / name).read_text()
    names = {path.name for path in loaded(name)} - {Path(name).name}
    scripts = {name for name in names if name.endswith(".js")}
    assert not scripts & {"tex-svg.js", "fontawesome.js", "require.js", "embed-amd.js"}
    assert not scripts & {"searchindex.js", "searchtools.js", "sphinx_highlight.js"}
    assert ("sections.js" in scripts) == (name == "search.html")
    assert ("explorers.js" in scripts) == bool(STATE.search(page))
    own = {path.stem for path in (HTML / "_static" / "explorers").glob("*.js")}
    used = set(re.findall(r'"_esm":"(\w+)"|"buffers":"([^"]+)"', page))
    assert {script[:-3] for script in scripts} & own == {a or b for a, b in used}


def test_the_front_page_is_light():
    front = HTML / "book" / "index.html"
    files = {front} | {p.resolve() for p in loaded("book/index.html") if p.is_file()}
    assert len(files) > 10
    sizes = {file.name: len(gzip.compress(file.read_bytes())) for file in files}
    assert sum(sizes.values()) < 1.2e6, sizes


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_its_name_once_and_what_it_is(name):
    page = (HTML / name).read_text()
    (title,) = re.findall(r"<title>(.*?)</title>", page, re.S)
    parts = [part.strip() for part in title.split("—")]
    assert len(parts) == len(set(parts))
    assert title.count("Regression with Spiking Neural Networks") == 1
    assert page.count('<meta name="description"') == 1
    assert page.count('<link rel="icon"') == 1
    assert page.count('<meta name="viewport"') == 1


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("name", LIVE)
def test_nothing_moves_when_explorers_come_alive(browser, served, name, width):
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        held = []
        context.route("**/_static/explorers.js*", lambda route: held.append(route))
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.add_init_script(WATCH)
        page.goto(f"{served}/{name}", wait_until="commit")
        # As on a slow line, the picture is seen before the script has come.
        page.wait_for_function("performance.getEntriesByType('paint').length")
        page.wait_for_function("document.querySelector('footer')")
        # Its lower end is looked at, and what follows, which it could push away.
        page.locator(".explorer-place").last.evaluate(
            "(e) => { e.scrollIntoView({ block: 'end', behavior: 'instant' });"
            " scrollBy({ top: 300, behavior: 'instant' }); }"
        )
        page.wait_for_timeout(300)
        for route in held:
            route.continue_()
        page.wait_for_load_state()
        page.wait_for_function("!document.querySelector('.explorer-place > .still')")
        page.wait_for_timeout(300)  # the last one is reported with the next frame
        assert page.evaluate("window.shifts.reduce((a, b) => a + b, 0)") < 0.05


def test_a_page_that_grows_while_it_comes_makes_no_room_for_its_bar(browser, unzipped):
    shown = browser.browser_type.launch(
        executable_path=find_browser(),
        args=FLAGS,
        ignore_default_args=["--hide-scrollbars"],
    )
    with opened(shown, f"{unzipped}/{LIVE[0]}") as (page, _):
        width = "document.documentElement.clientWidth"
        whole = page.evaluate(width)
        assert whole < page.evaluate("innerWidth")  # there is a bar
        page.evaluate("document.querySelector('article').replaceChildren()")
        page.evaluate("document.querySelector('.bd-sidebar').replaceChildren()")
        assert page.evaluate(width) == whole
    shown.close()


@pytest.mark.parametrize("name", PAGES)
def test_the_room_of_every_picture_is_kept(name):
    pictures = re.findall(
        r'<img [^>]*src="([^"]+\.png)"([^>]*)>', (HTML / name).read_text()
    )
    for source, rest in pictures:
        with Image.open((HTML / name).parent / unquote(source)) as image:
            assert f'width="{image.width}" height="{image.height}"' in rest
    assert pictures or "cell_output" not in (HTML / name).read_text()


def test_what_moves_is_fetched_when_the_page_has_been_seen(browser, served):
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{served}/book/05_evaluation.html")
        page.wait_for_function("!document.querySelector('.explorer-place > .still')")
        seen, fetched = page.evaluate(
            """[performance.getEntriesByName("first-contentful-paint")[0].startTime,
            performance.getEntriesByType("resource")
              .filter(({ name }) => /explorers\\/.*\\.js/.test(name))
              .map(({ startTime }) => startTime)]"""
        )
    assert len(fetched) == 2  # the explorer and its network's numbers
    assert min(fetched) > seen


@pytest.mark.parametrize("lost", ["NetworkExplorer", "04_training-network"])
def test_what_has_not_come_stays_a_picture_and_the_others_move(browser, served, lost):
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.route(f"**/explorers/{lost}.js", lambda route: route.abort())
        with page.expect_event("pageerror") as said:
            page.goto(f"{served}/book/04_training.html")
        assert "undefined" in str(said.value)
        page.locator(".live:not(.coming) .spikereg .panel[width]").first.wait_for()
        places = page.locator(".explorer-place")
        assert places.locator(".live").count() == places.count() - 1 == 1
        assert places.locator(".still:visible").count() == 1


def test_a_theme_with_another_script_is_named(folder):
    (folder / "_static/scripts/pydata-sphinx-theme.js").write_text("(() => {})();")
    done, _ = finish(folder, "")
    assert done.returncode == 1
    assert "pydata-sphinx-theme.js has another end" in done.stderr


@pytest.mark.parametrize("name", LIVE)
def test_without_scripts_a_still_picture_stands(browser, unzipped, name):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{unzipped}/{name}")
        stills = page.locator(".explorer-place > .still:visible")
        assert stills.count() == (HTML / name).read_text().count("widget-view+json")
        for still in stills.all():
            assert still.locator("svg.panel").first.bounding_box()["height"] > 40
            assert still.get_by_text("This is a still picture").is_visible()


@pytest.mark.parametrize("width", [1280, 375])
def test_a_still_picture_is_as_high_as_what_comes(browser, unzipped, width):
    heights = []
    for scripts in (True, False):
        with browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=scripts
        ) as context:
            page = context.new_page()
            page.goto(f"{unzipped}/book/index.html")
            state = ".live" if scripts else ".still:visible"
            root = page.locator(f".explorer-place > {state} .spikereg")
            root.wait_for()
            heights.append(root.bounding_box()["height"])
    assert abs(heights[0] - heights[1]) < 8


def test_sliders_and_boxes_are_drawn_and_tied(browser, unzipped):
    explorer = LIFExplorer(beta=0.5)
    slider = ipywidgets.FloatSlider(0.8, min=0, max=1, step=0.1, description="decay")
    whole = ipywidgets.IntSlider(3, min=1, max=7, description="whole")
    other = ipywidgets.IntSlider(5, min=1, max=7, description="other")
    ipywidgets.jslink((slider, "value"), (explorer, "beta"))
    ipywidgets.jsdlink((whole, "value"), (other, "value"))
    box = ipywidgets.VBox([ipywidgets.HBox([slider, whole, other]), explorer])
    name = own_page(unzipped, "boxes", box)
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        decay, own = (
            page.get_by_role("slider", name=label, exact=True)
            for label in ("decay", "decay β")
        )
        # What links say holds from the start.
        assert [decay.input_value(), own.input_value()] == ["0.8", "0.8"]
        one, two = (
            page.get_by_role("slider", name=label) for label in ("whole", "other")
        )
        assert [one.input_value(), two.input_value()] == ["3", "3"]
        decay.press("ArrowRight")
        assert own.input_value() == "0.9"
        own.press("ArrowLeft")
        assert float(decay.input_value()) == pytest.approx(0.9)  # to its own step
        one.press("ArrowRight")
        two.press("End")
        assert [one.input_value(), two.input_value()] == ["4", "7"]
        assert faults == []
