"""The built book in a real browser, cut off from every network."""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Error, expect, sync_playwright
from screenshots import FLAGS, find_browser, show

ROOT = Path(__file__).parent.parent
HTML = ROOT / "_build" / "html"
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if "_static" not in path.parts and path != HTML / "index.html"  # it leads on
)
# Milliseconds until something that a test waits for is given up.  Nothing is waited for
# longer than it takes, but for how long that is, a busy machine decides.
PATIENCE = 120_000
expect.set_options(timeout=PATIENCE)
# A view of a widget, as the pages hold it.
VIEW = "application/vnd.jupyter.widget-view+json"
LIVE = [page for page in PAGES if VIEW in (HTML / page).read_text()]

MISSING = (
    "NO BROWSER, SO THE BUILT PAGES ARE NOT TESTED: install Chromium, or run "
    ".venv/bin/playwright install chromium"
)


def none(missing):
    """Skip what lacks a browser, and fail where CI is set."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)


def assert_only_ci_fails(test, missing, ci, environ):
    """Run a test of a file without its browser, with and without CI."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environ, "CI": ci},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ("1 error" if ci else "1 skipped") in done.stdout
    assert missing in done.stdout
    assert (done.returncode == 0) == (ci == "")


@pytest.fixture(scope="session")
def browser():
    """Start Chromium, without which tests skip or fail."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=find_browser(), args=FLAGS
            )
        except Error as error:
            none(f"{MISSING}: {error}")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def unzipped(tmp_path_factory):
    """Return the address of a copy of the book that went through a zip file."""
    assert PAGES, "there is no book: make book"
    folder = tmp_path_factory.mktemp("zipped")
    archive = shutil.make_archive(str(folder / "book"), "zip", HTML)
    place = folder / "A copy, elsewhere é"
    shutil.unpack_archive(archive, place)
    return place.as_uri()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """Return the address of the book below a folder of a web server."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "courses").mkdir()
    (folder / "courses" / "spikes").symlink_to(HTML)
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/courses/spikes"
        server.shutdown()


@contextmanager
def opened(browser, address, theme="light", width=1280, motion="reduce", script=""):
    """Open a page, its formulas and widgets drawn, and give it back with its faults."""
    local = (
        address.rpartition("/courses/")[0] if address.startswith("http") else "file:"
    )
    with browser.new_context(
        viewport={"width": width, "height": 900}, reduced_motion=motion
    ) as context:
        faults = []

        def gate(route):
            if route.request.url.startswith(local):
                route.continue_()
            else:
                faults.append(f"asks for {route.request.url}")
                route.abort()

        context.route(re.compile("^(http|ws)"), gate)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.add_init_script(path=ROOT / "tests" / "page.js")
        page.add_init_script(script)
        page.on("pageerror", lambda error: faults.append(f"raises {error}"))
        page.on(
            "requestfailed",
            # What has not yet come when the page is left is not missing.
            lambda request: (
                request.failure != "net::ERR_ABORTED"
                and faults.append(f"lacks {request.url}")
            ),
        )
        page.on(
            "console",
            lambda said: said.type == "error" and faults.append(f"logs {said.text}"),
        )
        page.on(
            "response",
            lambda answer: (
                answer.status >= 400 and faults.append(f"lacks {answer.url}")
            ),
        )
        show(page, address, theme)
        yield page, faults


@pytest.fixture
def background(browser, unzipped):
    """Open chapter 1, which has two neurons and a surrogate."""
    with opened(browser, f"{unzipped}/book/01_background.html") as (page, faults):
        yield page
        assert faults == []
