"""A link to the last section leads there, though explorers above come alive later."""

import re

import pytest
from browser import HTML, LIVE, PATIENCE

SECTION = re.compile(r'<section (?:class="[^"]*" )?id="([^"]+)"')


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("name", LIVE)
def test_a_link_to_the_last_section_leads_there(browser, served, name, width):
    last = SECTION.findall((HTML / name).read_text())[-1]
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        held = []
        context.route("**/_static/explorers.js*", lambda route: held.append(route))
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{served}/{name}#{last}", wait_until="commit")
        # As on a slow line, the reader is there before the explorers are.
        page.wait_for_function("scrollY > 0 && document.querySelector('footer')")
        page.wait_for_timeout(300)
        for route in held:
            route.continue_()
        page.wait_for_load_state()
        page.wait_for_function("!document.querySelector('.explorer-place > .still')")
        page.wait_for_timeout(500)
        top, rest = page.locator(f"[id='{last}']").evaluate(
            """(section) => [
              section.querySelector("h2, h3").getBoundingClientRect().top,
              document.documentElement.scrollHeight - innerHeight - scrollY,
            ]"""
        )
        assert 0 <= top < 900
        assert top < 150 or rest < 2  # below the header, or the page ends
