"""A link to the last section leads there, though explorers above come alive later."""

import re

import pytest
from browser import HTML, LIVE, opened

SECTION = re.compile(r'<section (?:class="[^"]*" )?id="([^"]+)"')


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("name", LIVE)
def test_a_link_to_the_last_section_leads_there(browser, served, name, width):
    last = SECTION.findall((HTML / name).read_text())[-1]
    with opened(browser, f"{served}/{name}#{last}", width=width) as (page, _):
        page.wait_for_timeout(500)  # what would push it away has done so
        top, rest = page.locator(f"[id='{last}']").evaluate(
            """(section) => [
              section.querySelector("h2, h3").getBoundingClientRect().top,
              document.documentElement.scrollHeight - innerHeight - scrollY,
            ]"""
        )
        assert page.evaluate("scrollY") > 900
        assert 0 <= top < 900
        assert top < 150 or rest < 2  # below the header, or the page ends
