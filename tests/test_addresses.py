"""Explorers in the address of a page: links that set them, and links to take away."""

import pytest
from browser import HTML, opened
from explorer import Explorer, own_page, states
from ipywidgets import HBox, VBox
from playwright.sync_api import expect
from test_neuron_explorer import assert_neuron
from test_numerics_links import hostile
from test_page import AXE
from test_playground_sharing import REFUSED, TAKEN

from spikereg.widgets import LIFExplorer

PAGE = "book/01_background.html"
NEURON, SURROGATE = "One neuron", "The step and its surrogate"


def copied(explorer):
    """Press the button and return the link that is offered."""
    explorer.root.get_by_role("button", name="Copy link", exact=True).click()
    field = explorer.root.locator(".offer")
    field.wait_for()
    return field.input_value()


def assert_led_to(explorer):
    """The whole page is drawn, and its reader looks at the explorer's head."""
    explorer.page.wait_for_function(
        """(root) => {
          const { top } = root.getBoundingClientRect();
          return top >= 0 && top < 200;
        }""",
        arg=explorer.root.element_handle(),
    )


class Reader:
    """The explorers of chapter 1."""

    def __init__(self, page):
        # An explorer of the tests scrolls into view, which is what is looked at here.
        self.page = page
        self.top = page.evaluate("scrollY")
        neurons = [Explorer(page, NEURON, number) for number in (0, 1)]
        self.neuron, self.silent = neurons
        self.surrogate = Explorer(page, SURROGATE)
        page.evaluate("top => scrollTo({ top, behavior: 'instant' })", self.top)

    def values(self):
        """Return what all controls of the page are set to, in its order."""
        return self.page.locator(".spikereg[data-id] .control").evaluate_all(
            """(all) => all.map((control) => {
              const value = control.querySelector(".value");
              return value?.textContent ?? control.querySelector("select").value;
            })"""
        )


START = ["0.90", "1.00", "subtract", "step", "0.30"]
START += ["25", "0.10", "fast_sigmoid"]
START += ["0.90", "1.00", "subtract", "step", "0.05"]


@pytest.fixture(params=["unzipped", "served"])
def book(request):
    """Return the address of the book: of files, and below a folder of a server."""
    return request.getfixturevalue(request.param)


# Links that set explorers


def test_a_link_sets_two_explorers_and_leads_to_the_first_it_names(browser, book):
    ends = "lif.beta=0.5", "surrogate.slope=3&surrogate.surrogate=atan"
    for end, name in [("&".join(ends), "neuron"), ("&".join(ends[::-1]), "surrogate")]:
        with opened(browser, f"{book}/{PAGE}#{end}") as (page, faults):
            reader = Reader(page)
            assert_led_to(getattr(reader, name))
            assert_neuron(reader.neuron, beta=0.5)
            assert reader.surrogate.value("steepness k") == 3
            assert reader.surrogate.control("surrogate").input_value() == "atan"
            assert_neuron(reader.silent, amplitude=0.05)
            assert faults == []


def test_the_second_of_a_kind_has_a_name_of_its_own_and_moves_what_is_tied_to_it(
    browser, unzipped
):
    end = "#lif2.beta=0.96"
    with opened(browser, f"{unzipped}/{PAGE}{end}") as (page, faults):
        reader = Reader(page)
        assert_led_to(reader.silent)
        assert_neuron(reader.neuron)
        assert_neuron(reader.silent, beta=0.96, amplitude=0.05)
        readout = page.locator(".widget-box > .spikereg .value").first
        assert readout.inner_text() == "0.96"
        assert faults == []


def test_explorers_of_one_id_are_told_apart_in_the_order_of_the_page(browser, unzipped):
    # Made in another order, and not all of them seen
    inside, first, _, own = *(LIFExplorer() for _ in "abc"), LIFExplorer(id="mine")
    box = VBox([own, HBox([inside])])
    name = own_page(unzipped, "ids", first, box)
    end = "lif2.beta=0.2&lif.beta=0.1&mine.beta=0.3"
    with opened(browser, f"{unzipped}/{name}#{end}") as (page, faults):
        betas = [Explorer(page, NEURON, n).value("decay β") for n in range(3)]
        assert betas == [0.1, 0.3, 0.2]
        link = copied(Explorer(page, NEURON, 1))
        assert link.endswith("#mine.beta=0.3&lif.beta=0.1&lif2.beta=0.2")
        assert faults == []


def add_links(page, *ends):
    """Write links below the first heading, as an author might."""
    page.evaluate(
        """(ends) => {
          const text = document.createElement("p");
          for (const end of ends) {
            const link = document.createElement("a");
            Object.assign(link, { href: end, textContent: end });
            text.append(link, " ");
          }
          document.querySelector(".bd-article h1").after(text);
          scrollTo({ top: 0, behavior: "instant" });
        }""",
        ends,
    )


def notices(page):
    return page.locator(".spikereg .notice.away [role=status]")


def test_links_of_the_text_are_followed_and_leave_their_reader_there(browser, unzipped):
    with opened(browser, f"{unzipped}/{PAGE}") as (page, faults):
        reader = Reader(page)
        slope, beta = "#surrogate.slope=3", "#lif.beta=0.5&lif2.beta=0.7"
        add_links(page, slope, beta)
        top = page.evaluate("scrollY")
        page.get_by_role("link", name=slope).click()
        said = f"{SURROGATE}: set to steepness k 3."
        expect(notices(page)).to_have_text(said)
        # Only what was said last is still there to be read.
        page.get_by_role("link", name=beta).click()
        expect(notices(page)).to_have_text("One neuron: set to decay β 0.5.")
        assert page.evaluate("scrollY") == top
        assert page.evaluate("location.hash") == beta
        # The first one speaks for the address.
        expect(reader.silent.root.locator(".notice [role=status]")).to_have_text("")
        assert_neuron(reader.silent, beta=0.7, amplitude=0.05)
        # A link works again, though the address has it already.
        page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
        reader.neuron.press("decay β", "End")
        page.get_by_role("link", name=beta).click()
        reader.neuron.settle()
        assert_neuron(reader.neuron, beta=0.5)
        assert reader.surrogate.value("steepness k") == 3
        assert faults == []


def test_the_way_back_leads_to_what_the_address_says(browser, unzipped):
    with opened(browser, f"{unzipped}/{PAGE}#lif.beta=0.5") as (page, faults):
        reader = Reader(page)
        add_links(page, "#lif.beta=0.2&lif.threshold=2")
        page.get_by_role("link", name="#lif.beta=0.2").click()
        page.wait_for_function("location.hash.includes('0.2')")
        reader.neuron.settle()
        assert reader.neuron.value("threshold θ") == 2
        page.go_back()
        page.wait_for_function("location.hash.includes('0.5')")
        reader.neuron.settle()
        assert_neuron(reader.neuron, beta=0.5)
        assert faults == []


def test_links_to_sections_lead_there_and_leave_explorers_alone(browser, unzipped):
    heading = "turn-the-knobs-yourself"
    with opened(browser, f"{unzipped}/{PAGE}#{heading}") as (page, faults):
        section = page.locator(f"#{heading}")
        expect(section.get_by_role("heading").first).to_be_in_viewport()
        reader = Reader(page)
        assert reader.values() == START
        reader.neuron.press("decay β", "Home")
        # No move of a slider takes the place of the section in the address.
        assert page.evaluate("location.hash") == f"#{heading}"
        page.evaluate("location.hash = '#summary'")
        expect(page.locator("#summary > h2")).to_be_in_viewport()
        reader.neuron.settle()
        assert_neuron(reader.neuron, beta=0)
        expect(notices(page)).to_have_count(0)
        assert faults == []


# Links to take away


@pytest.mark.parametrize("script", [TAKEN, REFUSED], ids=["taken", "refused"])
def test_a_copied_link_shows_the_page_as_it_was(browser, book, script):
    with opened(browser, f"{book}/{PAGE}", script=script) as (page, faults):
        reader = Reader(page)
        reader.neuron.drag("decay β", 0.37)
        reader.neuron.choose("reset", "zero")
        reader.silent.press("its amplitude", "ArrowRight", 3)
        reader.surrogate.press("distance U − θ", "Home")
        values = reader.values()
        link = copied(reader.surrogate)
        note = reader.surrogate.root.locator(".note[role=status]")
        if script == TAKEN:
            expect(note).to_have_text("Link copied.")
            assert page.evaluate("taken") == link
        else:
            expect(note).to_contain_text("copy it yourself")
            assert page.evaluate("getSelection().toString()") == link
        assert page.evaluate("location.hash") == ""
        assert link.startswith(f"{book}/{PAGE}#surrogate.distance=-1&lif.beta=0.")
        assert link.endswith("&lif.reset_mechanism=zero&lif2.amplitude=0.08")
        # What makes it untrue takes it away.
        reader.surrogate.press("distance U − θ", "ArrowRight")
        expect(reader.surrogate.root.locator(".offer")).to_be_hidden()
        expect(note).to_be_hidden()
        assert faults == []
    with opened(browser, link) as (page, faults):
        again = Reader(page)
        assert_led_to(again.surrogate)
        assert again.values() == values
        # Its buttons know where the start is.
        for explorer in (again.neuron, again.silent, again.surrogate):
            explorer.start_again()
        assert again.values() == START
        assert copied(again.silent) == f"{book}/{PAGE}#lif2.start"
        assert faults == []


def test_a_link_to_an_explorer_at_its_start_leads_there(browser, unzipped):
    with opened(browser, f"{unzipped}/{PAGE}#surrogate.start") as (page, faults):
        reader = Reader(page)
        assert_led_to(reader.surrogate)
        assert reader.values() == START
        assert faults == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_offered_fits_a_phone_and_has_no_barrier(browser, unzipped, theme):
    name = f"{unzipped}/{PAGE}#lif.beta=0.123456&surrogate.distance=-0.123456"
    with opened(browser, name, theme, width=390) as (page, _):
        reader = Reader(page)
        button = reader.neuron.root.get_by_role("button", name="Copy link")
        button.focus()
        page.keyboard.press("Enter")
        reader.neuron.root.locator(".offer").wait_for()
        assert page.evaluate("spikeregTest.outside", ".spikereg *") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.add_script_tag(path=AXE)
        found = page.evaluate("axe.run('.spikereg')")["violations"]
        assert [each["id"] for each in found] == []


# Links that may come from anybody


def test_a_thousand_hostile_addresses_harm_no_explorer(browser, unzipped):
    with opened(browser, f"{unzipped}/{PAGE}") as (page, faults):
        reader = Reader(page)
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        nodes = page.evaluate("document.querySelectorAll(':not(svg *)').length")
        for end in hostile(1000):
            page.evaluate("end => { location.hash = end; }", end)
        reader.neuron.settle()
        page.evaluate("location.hash = '#lif.start&lif2.start&surrogate.start'")
        page.wait_for_function("location.hash.startsWith('#lif.start')")
        reader.neuron.settle()
        assert reader.values() == START
        assert page.evaluate("document.querySelectorAll(':not(svg *)').length") == nodes
        assert faults == []


@pytest.mark.parametrize(
    ("end", "beta"),
    [
        ("lif.beta=NaN&surrogate.slope=1e999", 0.9),
        ("lif.beta=12&lif.beta=0.1&surrogate.slope=", 1),
        ("lif.__proto__=1&lif.beta=-3&__proto__.slope=1", 0),
        ("lif.beta=%E0%A4%A&%&lif.stimulus=<img src=x onerror=alert(1)>", 0.9),
        ("lif.beta=" + "9" * 100_000, 0.9),
    ],
)
def test_a_page_opens_at_a_hostile_address_as_at_any(browser, unzipped, end, beta):
    with opened(browser, f"{unzipped}/{PAGE}#{end}") as (page, faults):
        reader = Reader(page)
        assert_neuron(reader.neuron, beta=beta)
        assert reader.values()[1:] == START[1:]
        assert faults == []


# Beside a kernel


def beside_a_kernel(browser, end, *changes, framed=False):
    """Mount neurons in a page that holds no state, and say what comes of it."""
    state = next(w["state"] for w in states(PAGE) if "stimulus" in w["state"])
    what = {"source": state["_esm"], "states": [state | each for each in changes]}
    address = (HTML / "book" / "glossary.html").as_uri()
    with opened(browser, f"{address}{end}", script=TAKEN) as (page, faults):
        if framed:
            page.evaluate("document.body.append(document.createElement('iframe'))")
        found = page.frames[-1].evaluate("what => spikeregTest.beside(what)", what)
        assert faults == []
    return found


def test_a_kernel_hears_what_a_link_says(browser):
    end = "?token=secret&x=1#lif2.beta=0.25&lif.threshold=2"
    one, other = {"_number": 7}, {"_number": 3}
    moved = {"_number": 4, "id": "mine", "beta": 0.5}
    found = beside_a_kernel(browser, end, one, other, moved)
    assert found["values"] == [[0.9, 2], [0.25, 1], [0.5, 1]]
    assert found["saved"] == [1, 1, 0]
    page, _, fragment = found["link"].partition("#")
    assert page.endswith("/glossary.html?x=1")
    assert fragment == "lif.threshold=2&lif2.beta=0.25&mine.beta=0.5"


def test_what_was_moved_before_it_is_shown_again_stays(browser):
    found = beside_a_kernel(browser, "#lif.beta=0.25", {"_number": 1, "beta": 0.5})
    assert found["values"] == [[0.5, 1]]
    assert found["saved"] == [0]


def test_a_widget_that_is_shown_twice_is_one(browser):
    same = {"_number": 1}
    found = beside_a_kernel(browser, "#lif.beta=0.25", same, same, {"_number": 2})
    assert found["values"] == [[0.25, 1], [0.25, 1], [0.9, 1]]
    assert found["link"].endswith("#lif.beta=0.25")


def test_a_frame_has_no_address_that_leads_back(browser):
    """As those of Colab and Visual Studio Code, which show outputs in one."""
    found = beside_a_kernel(browser, "", {"_number": 1}, framed=True)
    assert found["link"] == ""
