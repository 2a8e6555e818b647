"""A notebook in a real JupyterLab, run and read as a reader does it."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from urllib.request import urlopen

from browser import PATIENCE, ROOT
from playwright.sync_api import expect

LAB = ROOT / ".venv-lab" / "bin" / "jupyter-lab"
TOKEN = "reader"
KERNEL = {
    "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Python 3",
    "language": "python",
}
# Nothing asks the network, or lies over the notebook.
SETTINGS = {
    "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
}


def write(path, what):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(what))


@contextmanager
def serving(folder):
    """Serve a folder by JupyterLab and give its address.

    JupyterLab keeps to the folder and stands in an environment of its own. It takes the
    kernel, and the widgets' scripts, from the environment that the tests run in.
    """
    assert LAB.exists(), f"{LAB} is missing: make lab-check"
    own = folder / ".jupyter"
    write(own / "share" / "kernels" / "python3" / "kernel.json", KERNEL)
    for name, settings in SETTINGS.items():
        place = own / "config" / "lab" / "user-settings" / "@jupyterlab"
        write(place / f"{name}.jupyterlab-settings", settings)
    shares = (str(own / "share"), os.path.join(sys.prefix, "share", "jupyter"))
    env = os.environ | {
        "JUPYTER_PATH": os.pathsep.join(shares),
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_DATA_DIR": str(own / "data"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "IPYTHONDIR": str(own / "ipython"),
    }
    command = [LAB, "--no-browser", "--ip=127.0.0.1", "--port=0"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}"]
    command += ["--allow-root"] if os.geteuid() == 0 else []
    log = own / "log"
    with (
        log.open("w") as out,
        subprocess.Popen(command, env=env, stdout=out, stderr=out) as server,
    ):
        try:
            yield address(server, own / "runtime", log)
        finally:
            server.terminate()  # it ends its kernels, too


def address(server, runtime, log):
    """Wait until the server answers; return where."""
    end = time.monotonic() + PATIENCE / 1000
    while server.poll() is None and time.monotonic() < end:
        for path in runtime.glob("jpserver-*.json"):
            # The file is there a little earlier than what it tells of.
            with suppress(OSError, ValueError):
                url = json.loads(path.read_text())["url"]
                with urlopen(f"{url}api?token={TOKEN}"):
                    return url
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab does not start:\n{log.read_text()}")


class Notebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page, address, name):
        self.page = page
        page.goto(f"{address}lab/tree/{name}?token={TOKEN}")
        self.root = page.locator(".jp-Notebook")
        # Before that, a kernel that is not there yet passes for an idle one.
        page.get_by_text(f"{KERNEL['display_name']} | Idle", exact=True).wait_for()

    def choose(self, *names):
        """Go through a menu."""
        for name in names:
            self.page.locator(f"[class*=-itemLabel]:text-is('{name}')").click()

    def run_all(self):
        self.choose("Run", "Run All Cells")
        last = self.root.locator(".jp-CodeCell").last
        self._executed(last)
        assert self.root.locator("[data-mime-type$=error]").all_inner_texts() == []

    def ask(self, code):
        """Run a further cell and return what it prints, read as JSON."""
        press = self.page.keyboard.press
        self.root.locator(".jp-Cell").last.locator(".jp-InputPrompt").click()
        press("Escape")
        press("b")
        cell = self.root.locator(".jp-CodeCell.jp-mod-active")
        expect(cell.locator(".jp-OutputArea-output")).to_have_count(0)
        press("Enter")
        self.page.keyboard.insert_text(code)
        press("Control+Enter")
        self._executed(cell)
        return json.loads(cell.locator(".jp-OutputArea-output").inner_text())

    def _executed(self, cell):
        expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]"))
