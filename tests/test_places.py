"""Places in the book: figures, equations, exercises and sections, and links to them."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from browser import HTML, LIVE, PAGES, opened
from explorer import STATE
from test_finish import finish, folder
from test_page import AXE

__all__ = ["folder"]  # a fixture

BOOK = Path(__file__).parents[1] / "book"
CHAPTERS = [page for page in PAGES if re.match(r"book/\d", page)]
FIRST = CHAPTERS[0]

each_chapter = pytest.mark.parametrize("name", CHAPTERS)


def ids(name, kind):
    """Return the numbers of a page's places of one kind, in its order."""
    found = re.findall(rf' id="{kind}-([\d-]+)"', (HTML / name).read_text())
    return [number.replace("-", ".") for number in found]


def source(name):
    """Return the text of a chapter."""
    cells = nbformat.read(BOOK / f"{Path(name).stem}.ipynb", 4).cells
    return "\n".join(c.source for c in cells if c.cell_type == "markdown")


@pytest.mark.parametrize("name", PAGES)
def test_no_id_stands_twice(name):
    page = re.sub(r"<script.*?</script>", "", (HTML / name).read_text(), flags=re.S)
    found = re.findall(r'<[^>]*? id="([^"]*)"', page)
    assert sorted(found) == sorted(set(found))


@each_chapter
def test_what_has_a_number_has_an_id(name):
    text, number = source(name), int(name[5:7])
    assert ids(name, "equation") == re.findall(r"\\tag\{([\d.]+)\}", text)
    exercises = re.findall(r"\*\*Exercise ([\d.]+)\*\*", text)
    assert len(exercises) > 3
    assert ids(name, "exercise") == exercises
    assert set(ids(name, "solution")) <= set(exercises)
    images = re.findall(r"<img\b[^>]*>", (HTML / name).read_text())
    figures = [each for each in images if "open-in-colab" not in each]
    figures = [each for each in figures if 'class="logo' not in each]
    assert ids(name, "figure") == [f"{number}.{n + 1}" for n in range(len(figures))]
    assert all(re.search(r' id="figure-', figure) for figure in figures)


@pytest.mark.parametrize("name", LIVE)
def test_an_explorer_has_its_own_id(name):
    page = (HTML / name).read_text()
    places = re.findall(r'<div class="explorer-place" id="([^"]+)"', page)
    assert len(places) == page.count('class="explorer-place"')
    own = set(re.findall(r'"id":"([a-z0-9-]+)"', STATE.findall(page)[0]))
    assert {re.sub(r"\d$", "", place) for place in places} == own


@pytest.mark.parametrize("name", LIVE + CHAPTERS)
def test_a_place_has_a_link_that_says_where_it_leads(name):
    page = (HTML / name).read_text()
    links = re.findall(r'<a class="address" href="#([^"]+)" aria-label="([^"]+)"', page)
    kinds = r"(?:figure|equation|exercise)-[\d-]+"
    places = re.findall(rf' id="({kinds})"', page)
    places += re.findall(r'<div class="explorer-place" id="([^"]+)"', page)
    assert sorted(place for place, _ in links) == sorted(places)
    for place, label in links:
        kind = re.match("figure|equation|exercise", place)
        assert label.startswith(f"Link to {kind[0] if kind else 'the explorer'} ")


MENTION = re.compile(r"\((\d+\.\d+)\)|[Ee]xercise (\d+\.\d+)|[Ss]ection (\d+\.\d+)")
OTHER = re.compile(
    r"<(a|code|pre|h\d|summary|script)\b.*?</\1>"
    r'|<(?:span|div) class="math.*?</mjx-container>',
    re.S,
)


@pytest.mark.parametrize("name", [*CHAPTERS, "book/glossary.html"])
def test_where_the_text_names_a_place_it_leads_there(name):
    page = (HTML / name).read_text()
    article = page[page.index("<article") : page.index("</article>")]
    article = re.sub(r"(?s)<div class=\"cell_output.*?</div>\n</div>", "", article)
    article = re.sub(r"<strong>Exercise [\d.]+</strong>", "", article)
    left = MENTION.findall(OTHER.sub("", article))
    assert left == []
    led = re.findall(r' href="([^"]+)">(\(\d[^<]*)</a>', page)
    assert led
    for aim, said in led:
        number = said.strip("()")
        assert aim.endswith(f"#equation-{number.replace('.', '-')}")
        assert aim.startswith("#") == (name[5:7] == f"{int(float(number)):02}")


BODY = r"""<article class="bd-article"><section id="one"><h2>2.1 By (2.1)</h2>
<div class="math">\[ x \tag{2.1} \]</div>
<p>See (2.1), (2.2), exercise 2.1; <code>(2.1)</code>, <a href="#one">(2.1)</a> and
section 2.1.</p><p><strong>Exercise 2.1</strong> is here, Exercise 2.2 nowhere.</p>
<img alt="a" src="a.png"></section></article>"""


def test_only_known_places_and_running_text_become_links(folder):
    (folder / "book").mkdir()
    page = folder / "book" / "02_two.html"
    page.write_text(f"<title>A</title>{BODY}")
    shutil.copy(HTML / "_static" / "file.png", folder / "book" / "a.png")
    done, _ = finish(folder, "")
    assert done.returncode == 0, done.stderr
    text = page.read_text()
    links = re.findall(r'internal" href="([^"]+)">([^<]+)</a>', text)
    # A section's mention of itself is none.
    assert links == [("#equation-2-1", "(2.1)"), ("#exercise-2-1", "exercise 2.1")]
    assert text.count('id="figure-2-1"') == text.count('id="equation-2-1"') == 1
    done, _ = finish(folder, "")
    assert done.returncode == 0, done.stderr
    assert page.read_text().count('class="address"') == 3  # and not twice


def test_a_number_that_stands_twice_is_named(folder):
    (folder / "book").mkdir()
    for name in ("02_two", "03_three"):
        (folder / "book" / f"{name}.html").write_text(BODY)
    done, _ = finish(folder, "")
    assert done.returncode == 1
    assert "equation 2.1 stands twice: book/02_two.html#equation-2-1" in done.stderr


# In the browser

SEEN = """(place) => {
  const { top, bottom, height } = place.getBoundingClientRect();
  const head = document.querySelector(".bd-header-article").getBoundingClientRect();
  const covers = getComputedStyle(
    document.querySelector(".bd-header-article")
  ).position === "sticky";
  return top >= (covers ? head.bottom : 0) - 1 && top < innerHeight - 20;
}"""


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("name", LIVE)
def test_a_link_lands_though_explorers_come_alive(browser, unzipped, name, width):
    text = (HTML / name).read_text()
    places = re.findall(r'<section id="([^"]+)"', text)[-1:]
    places += re.findall(r' id="((?:figure|equation)-[\d-]+)"', text)[-1:]
    places += re.findall(r'<div class="explorer-place" id="([^"]+)"', text)[-1:]
    for place in places:
        address = f"{unzipped}/{name}#{place}"
        with opened(browser, address, width=width) as (page, faults):
            page.wait_for_load_state()
            page.evaluate("spikeregTest.until(() => true)")
            assert page.locator(f"[id='{place}']").evaluate(SEEN), place
            assert faults == []


@each_chapter
def test_every_place_is_seen_below_the_header(browser, unzipped, name):
    with opened(browser, f"{unzipped}/{name}") as (page, faults):
        links = page.locator(".address")
        assert links.count() > 5
        hidden = page.evaluate(
            f"""() => {{
              const isSeen = {SEEN};
              const places = [...document.querySelectorAll(".address")].map((link) => {{
                location.hash = link.hash;
                const place = document.querySelector(`[id="${{link.hash.slice(1)}}"]`);
                const end = document.documentElement.scrollHeight - innerHeight;
                return isSeen(place) ? "" : link.hash;
              }});
              return places.filter(Boolean);
            }}"""
        )
        assert hidden == []
        assert faults == []


@pytest.mark.parametrize("width", [1280, 375])
def test_the_sign_is_seen_with_a_pointer_or_keys_and_moves_nothing(
    browser, unzipped, width
):
    with opened(browser, f"{unzipped}/{FIRST}", width=width) as (page, _):
        for place in ("equation-1-3", "figure-1-2", "exercise-1-1", "lif"):
            aim = page.locator(f"[id='{place}']")
            link = page.locator(f".address[href='#{place}']")
            aim.scroll_into_view_if_needed()
            page.mouse.move(0, 0)
            assert link.evaluate("(e) => getComputedStyle(e).opacity") == "0"
            before = page.evaluate("document.body.scrollHeight"), aim.bounding_box()
            aim.hover(position={"x": 5, "y": 5})
            assert link.evaluate("(e) => getComputedStyle(e).opacity") == "1"
            assert (
                page.evaluate("document.body.scrollHeight"),
                aim.bounding_box(),
            ) == (before)
            box = link.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= aim.bounding_box()["x"] + 1
            # A figure may stand below what its cell prints.
            beside = aim.evaluate_handle("(e) => e.closest('.cell_output') ?? e")
            assert -12 <= box["y"] - beside.bounding_box()["y"] <= 30, place
            page.mouse.move(0, 0)
            page.keyboard.press("Tab")  # so that the browser shows what keys reach
            link.focus()
            assert link.evaluate("(e) => getComputedStyle(e).opacity") == "1"
            page.keyboard.press("Enter")
            assert page.evaluate("location.hash") == f"#{place}"
        page.emulate_media(media="print")
        assert page.locator(".address:visible").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signs_that_are_seen_have_no_barrier(browser, unzipped, theme):
    with opened(browser, f"{unzipped}/{FIRST}", theme) as (page, _):
        page.add_style_tag(content=".bd-article .address { opacity: 1 !important }")
        page.add_script_tag(path=AXE)
        found = page.evaluate("axe.run('.bd-article .address')")["violations"]
        assert [each["id"] for each in found] == []
