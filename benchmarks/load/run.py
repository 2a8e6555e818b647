"""Measure how soon a reader sees a page, by Lighthouse, as on a desk and on a phone.

    make bench        or: python benchmarks/load/run.py [--quick] [PAGE ...]

Pages come gzipped from a server on this machine; Lighthouse slows network and processor
down to what it takes for a phone on slow 4G, or a desk. A number is the median of its
runs. Marked are those that miss what the book promises.
"""

import argparse
import functools
import gzip
import http.server
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HTML = ROOT / "_build" / "html"
sys.path += [str(ROOT / "tools"), str(ROOT / "benchmarks" / "speed")]

from screenshots import FLAGS, find_browser  # noqa: E402
from table import table  # noqa: E402

PAGES = ["index", "04_training", "06_gradients", "01_background", "api"]
DESK, PHONE, SHIFT, BYTES = 90, 75, 0.05, 1.2e6  # what the book promises
WITH_SLIDERS = 60  # on a phone, of pages with ipywidgets' sliders
SLIDERS = ["01_background", "03_model", "05_evaluation"]


class Zipped(http.server.SimpleHTTPRequestHandler):
    """Files as a web server sends them: compressed, on a connection that stays."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send a file, or that there is none."""
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        body = zipped(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=31536000")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@functools.cache
def zipped(path: Path) -> bytes:
    """Compress a file."""
    return gzip.compress(path.read_bytes())


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder and give its address."""
    handler = functools.partial(Zipped, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def install() -> Path:
    """Install Lighthouse at the locked version and return its command."""
    command = HERE / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not command.exists():
        npm = shutil.which("npm") or str(Path(sys.executable).with_name("npm"))
        subprocess.run([npm, "ci", "--silent"], cwd=HERE, check=True)
    return command


def measure(command: Path, address: str, device: str) -> dict[str, float]:
    """Load a page once and return what Lighthouse says of it."""
    node = Path(sys.executable).with_name("node")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = [
            "--quiet",
            "--only-categories=performance",
            "--output=json",
            f"--output-path={report}",
            f"--chrome-flags={' '.join(['--headless=new', *FLAGS])}",
            *(["--preset=desktop"] if device == "desk" else []),
        ]
        subprocess.run(
            [node, command, address, *options],
            check=True,
            env={**os.environ, "CHROME_PATH": find_browser() or ""},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        found = json.loads(report.read_text())
    audits = found["audits"]
    return {
        "performance": 100 * found["categories"]["performance"]["score"],
        "first paint": audits["first-contentful-paint"]["numericValue"] / 1e3,
        "largest": audits["largest-contentful-paint"]["numericValue"] / 1e3,
        "blocked": audits["total-blocking-time"]["numericValue"],
        "shift": audits["cumulative-layout-shift"]["numericValue"],
        "bytes": audits["total-byte-weight"]["numericValue"],
    }


def row(name: str, device: str, runs: list[dict[str, float]]) -> list[str]:
    """Return a row of the table, with a mark where a promise is missed."""
    found = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    least = DESK if device == "desk" else WITH_SLIDERS if name in SLIDERS else PHONE
    most = BYTES if name == "index" else float("inf")

    def mark(text: str, kept: bool) -> str:
        return text if kept else f"{text} !"

    return [
        name,
        device,
        mark(f"{found['performance']:.0f}", found["performance"] >= least),
        f"{found['first paint']:.1f}",
        f"{found['largest']:.1f}",
        f"{found['blocked']:.0f}",
        mark(f"{found['shift']:.3f}", found["shift"] < SHIFT),
        mark(f"{found['bytes'] / 1e6:.2f}", found["bytes"] <= most),
    ]


def main() -> None:
    """Measure the pages and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="as in 03_model")
    parser.add_argument("--quick", action="store_true", help="a single run each")
    parser.add_argument("--markdown", action="store_true", help="print such a table")
    parser.add_argument("--html", type=Path, default=HTML, help=argparse.SUPPRESS)
    options, _ = parser.parse_known_args()  # `make bench` gives run.py's too
    command = install()
    rows = []
    with serve(options.html) as address:
        for name in options.pages or PAGES:
            for device in ("desk", "phone"):
                page = f"{address}/book/{name}.html"
                times = 1 if options.quick else 5
                runs = [measure(command, page, device) for _ in range(times)]
                rows.append(row(name, device, runs))
    print("The first load of a page, gzipped, by Lighthouse\n")
    head = [
        "page",
        "device",
        "performance",
        "first paint, s",
        "largest, s",
        "blocked, ms",
        "shift",
        "MB",
    ]
    table(head, rows, options.markdown)


if __name__ == "__main__":
    main()
