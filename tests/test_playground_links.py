"""The playground of the built book: links that set it, and what they say."""

import pytest
from playground import playing
from playwright.sync_api import expect


def test_the_experiments_set_themselves_up(browser, unzipped):
    page = "book/04_training.html"
    with playing(browser, unzipped, page_name=page) as playground:
        playground.step()
        for link, label, value in [
            ("Set neurons per layer to 8", "neurons per layer", 8),
            ("Set β to to 0", "β to", 0),
            ("Begin with the defaults", "β to", 1),
            ("Set neurons per layer to 8", "neurons per layer", 8),
            # Once more, though the address has it already
            ("Set neurons per layer to 8", "neurons per layer", 8),
        ]:
            playground.page.get_by_role("link", name=link).click()
            playground.wait("iteration === 0")
            assert playground.value(label) == value
            assert playground.control("target").input_value() == "sine"
            playground.step()


def test_a_link_is_not_lost_where_the_address_changes_again_just_then(
    browser, unzipped
):
    with playing(browser, unzipped) as playground:
        page = playground.page
        page.evaluate(
            "() => {"
            "  const before = location.href;"
            "  location.hash = '#target=sine&hidden=8';"
            "  history.replaceState(null, '', before);"
            "}"
        )
        neurons = playground.control("neurons per layer").element_handle()
        page.wait_for_function("neurons => neurons.value === '8'", arg=neurons)
        assert playground.control("target").input_value() == "sine"


LINK = "Set neurons per layer to 8"


def test_a_link_leaves_its_reader_there_and_says_what_it_did(browser, unzipped):
    page_name = "book/04_training.html"
    with playing(browser, unzipped, page_name=page_name) as playground:
        page = playground.page
        link = page.get_by_role("link", name=LINK)
        link.scroll_into_view_if_needed()
        link.focus()
        there = page.evaluate("scrollY")
        page.keyboard.press("Enter")
        said = playground.root.locator(".notice [role=status]")
        text = "Playground: set to neurons per layer 8."
        expect(said).to_have_text(text)
        expect(said).to_be_in_viewport()
        page.wait_for_function("location.hash === '#playground.hidden=8'")
        playground.settle()
        assert page.evaluate("scrollY") == there
        assert link.evaluate("link => link === document.activeElement")
        # Keys reach what closes it, and then are where they were.
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        assert link.evaluate("link => link === document.activeElement")
        expect(said).not_to_be_in_viewport()
        assert page.evaluate("scrollY") == there


def test_a_notice_leads_to_the_playground_and_the_way_back_to_the_text(
    browser, unzipped
):
    page_name = "book/04_training.html"
    with playing(browser, unzipped, page_name=page_name) as playground:
        page = playground.page
        link = page.get_by_role("link", name=LINK)
        link.click()
        there = page.evaluate("scrollY")
        playground.click("Show it")
        expect(playground.pad).to_be_in_viewport(ratio=1)
        train = playground.root.locator(".main")
        assert train.evaluate("train => train === document.activeElement")
        expect(playground.root.locator(".notice.away")).to_have_count(0)
        playground.step(2)
        page.go_back()
        page.wait_for_function("there => Math.abs(scrollY - there) < 2", arg=there)
        assert playground.value("neurons per layer") == 8
        assert playground.iteration() == 2


def test_what_is_in_sight_needs_no_notice(browser, unzipped):
    with playing(browser, unzipped) as playground:
        page = playground.page
        page.evaluate("location.hash = '#target=step&beta_to=0.5'")
        said = playground.root.locator(".notice [role=status]")
        expect(said).to_have_text("Playground: set to target step; β to 0.5.")
        expect(playground.root.locator(".notice.away")).to_have_count(0)
        playground.pad.hover()  # the book's contents have a wheel of their own
        page.mouse.wheel(0, 3000)
        expect(playground.pad).not_to_be_in_viewport()
        expect(playground.root.locator(".notice.away")).to_have_count(0)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (844, 390)])
def test_a_notice_knows_at_once_what_is_in_sight(browser, unzipped, width, height):
    """Also before it is drawn, and in a window that is lower than half of it."""
    with playing(browser, unzipped) as playground:
        playground.page.set_viewport_size({"width": width, "height": height})
        assert (playground.root.bounding_box()["height"] > 2 * height) == (height < 800)
        root = playground.root.element_handle()
        for target, away in [("step", 1), ("sine", 0)]:
            playground.page.evaluate(
                "([root, target, away]) => {"
                "  const behavior = 'instant';"
                "  if (away) scrollTo({ top: 1e6, behavior });"
                "  else root.scrollIntoView({ block: 'center', behavior });"
                "  history.replaceState(null, '', `#target=${target}`);"
                "  const newURL = location.href;"
                "  dispatchEvent(new HashChangeEvent('hashchange', { newURL }));"
                "}",
                [root, target, away],
            )
            said = playground.root.locator(".notice [role=status]")
            expect(said).to_contain_text(f"Playground: set to target {target}")
            expect(playground.root.locator(".notice.away")).to_have_count(away)
