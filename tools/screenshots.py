"""Take pictures of every page of the built book, in both themes and on a phone.

Each picture shows a whole page; the numbered ones beside it show it in parts that an
image viewer does not shrink.
"""

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "_build" / "html" / "book"
PICTURES = ROOT / "_build" / "screenshots"

PART_HEIGHT = 2200  # pixels
LOOKS: dict[str, tuple[str, ViewportSize]] = {
    "light": ("light", {"width": 1280, "height": 900}),
    "dark": ("dark", {"width": 1280, "height": 900}),
    "phone": ("light", {"width": 390, "height": 844}),
}
# No graphics card, no calls home; Chromium's sandbox refuses to work for root.
FLAGS = [
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_browser() -> str | None:
    """Return the machine's own Chromium, or none for the one of Playwright."""
    names = (
        "chromium-headless-shell",  # opens a page in a third of the time
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    )
    return next(filter(None, map(shutil.which, names)), None)


def show(page: Page, address: str, theme: str) -> None:
    """Open a page in a theme and wait until it is drawn."""
    # The theme reads its choice from here before it draws anything.
    page.add_init_script(
        f"localStorage.setItem('mode', '{theme}');"
        f"localStorage.setItem('theme', '{theme}');"
    )
    page.goto(address)
    # Still pictures stand where explorers come, until these are drawn.
    page.wait_for_function("!document.querySelector('.explorer-place > .still')")


def take(browser: Browser, page_file: Path, look: str) -> None:
    """Write the pictures of one page in one look."""
    theme, viewport = LOOKS[look]
    page = browser.new_page(viewport=viewport, reduced_motion="reduce")
    show(page, page_file.as_uri(), theme)
    name = f"{page_file.stem}-{look}"
    page.screenshot(
        path=PICTURES / f"{name}.png", full_page=True, animations="disabled"
    )
    height = page.evaluate("document.documentElement.scrollHeight")
    for part, top in enumerate(range(0, height, PART_HEIGHT), start=1):
        page.screenshot(
            path=PICTURES / f"{name}-{part}.png",
            full_page=True,
            animations="disabled",
            clip={
                "x": 0,
                "y": top,
                "width": viewport["width"],
                "height": min(PART_HEIGHT, height - top),
            },
        )
    page.close()


def main() -> None:
    """Replace the pictures of the named pages, or of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", help="such as 01_background")
    names = parser.parse_args().pages
    if not names:
        shutil.rmtree(PICTURES, ignore_errors=True)
        names = sorted(path.stem for path in PAGES.glob("*.html"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        for name in names:
            for look in LOOKS:
                take(browser, PAGES / f"{name}.html", look)
        browser.close()
    print(f"The pictures: {PICTURES}")


if __name__ == "__main__":
    main()
