"""Firefox, as the system has it, driven by WebDriver BiDi, which it speaks itself."""

import itertools
import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
# No calls home; colours and motion of a reader who has chosen nothing, so that the
# machine's own do not matter.
SETTINGS = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "layout.css.prefers-color-scheme.content-override": 1,  # light
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.server": "",
    "ui.prefersReducedMotion": 1,
}
PATIENCE = 120  # seconds for an answer, on a busy machine
# What BiDi calls keys, which have no letter
KEYS = {"Tab": "\ue004", "ArrowRight": "\ue014", "Escape": "\ue00c"}
# What a page asks for in vain, from files as from a server
LISTEN = """() => {
  window.lacking = [];
  const note = ({ target }) => target !== window && lacking.push(target.outerHTML);
  addEventListener("error", note, true);
}"""
# Firefox says so of a formula whose end it has not yet read.
HALF_READ = "Invalid markup: Incorrect number of children"


class FirefoxError(Exception):
    """What Firefox has answered in place of a result."""


class Firefox:
    """One window."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.numbers = itertools.count(1)
        self.faults: list[str] = []
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded"])
        self.send("script.addPreloadScript", functionDeclaration=LISTEN)
        tree = self.send("browsingContext.getTree")
        self.context = tree["contexts"][0]["context"]

    def send(self, method: str, **params: object) -> dict:
        """Send a command and wait for its result; keep the faults that come before."""
        number = next(self.numbers)
        command = {"id": number, "method": method, "params": params}
        self.socket.send(json.dumps(command))
        while True:
            answer = json.loads(self.socket.recv(timeout=PATIENCE))
            if answer["type"] == "event":
                self.hear(answer["params"])
            elif answer.get("id") == number:
                if answer["type"] == "error":
                    raise FirefoxError(f"{method}: {answer['message']}")
                return answer["result"]

    def hear(self, said: dict) -> None:
        """Keep what a page logs and raises."""
        if said.get("level") == "error" and not said["text"].startswith(HALF_READ):
            self.faults.append(said["text"])

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        size = {"width": width, "height": height}
        self.send("browsingContext.setViewport", context=self.context, viewport=size)

    def open(self, address: str) -> None:
        """Open a page and wait until all that it loads is there."""
        self.faults.clear()
        self.send(
            "browsingContext.navigate",
            context=self.context,
            url=address,
            wait="complete",
        )

    def evaluate(self, function: str, *given: object) -> object:
        """Call a JavaScript function in the page and return its result, as JSON."""
        answer = self.send(
            "script.callFunction",
            functionDeclaration=(
                f"async (given) => JSON.stringify(await ({function})"
                "(...JSON.parse(given))) ?? 'null'"
            ),
            arguments=[{"type": "string", "value": json.dumps(given)}],
            target={"context": self.context},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise FirefoxError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        actions = [
            {"type": kind, "value": KEYS.get(key, key)}
            for key in keys
            for kind in ("keyDown", "keyUp")
        ]
        self.send(
            "input.performActions",
            context=self.context,
            actions=[{"type": "key", "id": "keyboard", "actions": actions}],
        )


@contextmanager
def started(profile: Path):
    """Start Firefox with a fresh profile in a folder."""
    assert FIREFOX is not None
    lines = (
        f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in SETTINGS.items()
    )
    (profile / "user.js").write_text("".join(lines))
    command = [FIREFOX, "--headless", "--no-remote", "--profile", str(profile)]
    process = subprocess.Popen(
        [*command, "--remote-debugging-port", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"{address_in(profile, process)}/session"
        with connect(address, max_size=None, ping_interval=None, proxy=None) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def address_in(profile: Path, process: subprocess.Popen) -> str:
    """Wait until Firefox has written where it listens."""
    file = profile / "WebDriverBiDiServer.json"
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if file.exists() and (text := file.read_text()).endswith("}"):
            server = json.loads(text)
            return f"ws://{server['ws_host']}:{server['ws_port']}"
        time.sleep(0.05)
    raise FirefoxError(f"{FIREFOX} does not listen, exit status {process.poll()}")
