"""Time what an explorer does when a slider moves, and how the playground trains.

    make bench        or: python benchmarks/speed/page.py [--quick] [--markdown]

An update is the drawing that follows one movement of a slider: the numerics, the
change of the figure, and the browser's style, layout and painting, all on the page's
one thread. At 60 frames a second it has 16.7 ms.

The playground trains in a worker and draws what it does. Its 100 iterations begin with
the click on its button and end when the page has drawn them. It takes no more than 500
in a second, to be watched.
"""

import argparse
import base64
import statistics
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright
from table import table

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))

from screenshots import FLAGS, find_browser  # noqa: E402

from spikereg import RegressionDataset, SpikingRegressor  # noqa: E402
from spikereg.widgets import (  # noqa: E402
    LIFExplorer,
    NetworkExplorer,
    Playground,
    SurrogateExplorer,
)

# Puts an explorer into the page, as a notebook does, on a model without a kernel.
MOUNT = """async ({ source, css, state, numbers }) => {
  const bytes = Uint8Array.from(atob(numbers), (c) => c.charCodeAt(0));
  state._numbers = new DataView(bytes.buffer);
  const heard = {};
  window.model = {
    get: (name) => state[name],
    set: (name, value) => {
      state[name] = value;
      heard[`change:${name}`]?.();
    },
    save_changes() {},
    on: (event, callback) => (heard[event] = callback),
    off() {},
  };
  document.head.appendChild(document.createElement("style")).textContent = css;
  const module = new Blob([source], { type: "text/javascript" });
  const { default: widget } = await import(URL.createObjectURL(module));
  await widget.render({ model, el: document.body });
  await new Promise((done) => setTimeout(done, 300));
}"""

# Moves a slider once a frame, back and forth, and returns when each frame began and
# how long its script took, with style and layout.
MOVE = """async (updates) => {
  const [input] = document.querySelectorAll(".spikereg input");
  const low = Number(input.min), high = Number(input.max);
  const frames = [];
  for (let n = 0; n < updates; n++) {
    input.value = low + (high - low) * Math.abs(((2 * n) / 100) % 2 - 1);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    const start = await new Promise((done) => {
      // Behind the explorer's own callback in the same frame.
      requestAnimationFrame((time) => done(time));
    });
    document.body.getBoundingClientRect();
    frames.push([start, performance.now() - start]);
  }
  return frames;
}"""


# Trains a playground, and returns the seconds that its first 100 iterations took, those
# in each later second, and the milliseconds between two of the page's frames.
TRAIN = """async (seconds) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const iteration = () => Number(document.querySelector("dd").textContent);
  const start = performance.now();
  document.querySelector(".main").click();
  while (iteration() < 100) await frame();
  const took = (performance.now() - start) / 1000;
  const [from, before] = [performance.now(), iteration()];
  const frames = [await frame()];
  while (performance.now() - from < 1000 * seconds) frames.push(await frame());
  const speed = (iteration() - before) / ((performance.now() - from) / 1000);
  document.querySelector(".main").click();
  return [took, speed, frames.slice(1).map((time, n) => time - frames[n])];
}"""


def busy(session: CDPSession) -> float:
    """Return how long the page's thread has been busy so far, in ms."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")


def mount(page: Page, explorer: Any) -> None:
    """Put an explorer alone into the page."""
    page.goto("about:blank")
    values = [control["name"] for control in explorer._controls]
    others = {"_controls", "_layers", "_task", "_worker", "_number", "id"}
    names = {*others, *values} & set(explorer.keys)
    state = {name: getattr(explorer, name) for name in names}
    numbers = base64.b64encode(getattr(explorer, "_numbers", b"")).decode()
    page.evaluate(
        MOUNT,
        {
            "source": explorer._esm,
            "css": explorer._css,
            "state": state,
            "numbers": numbers,
        },
    )


def measure(page: Page, explorer: Any, updates: int) -> list[str]:
    """Return a row of the table of updates."""
    mount(page, explorer)
    page.evaluate(MOVE, 20)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = busy(session)
    frames = page.evaluate(MOVE, updates)
    whole = (busy(session) - before) / updates
    script = sorted(duration for _, duration in frames)
    return [
        f"{statistics.median(script):.2f}",
        f"{script[int(0.95 * len(script))]:.2f}",
        f"{whole:.2f}",
        f"{1000 * (updates - 1) / (frames[-1][0] - frames[0][0]):.0f}",
    ]


def train(page: Page, hidden: int, seconds: float) -> list[str]:
    """Return a row of the table of training: the median of five runs."""
    runs = []
    for seed in range(5):
        mount(page, Playground(hidden=hidden, seed=seed))
        runs.append(page.evaluate(TRAIN, seconds))
    took, speed, frames = zip(*runs, strict=True)
    gaps = sorted(gap for run in frames for gap in run)
    return [
        f"{statistics.median(took):.2f}",
        f"{statistics.median(speed):.0f}",
        f"{1000 / statistics.mean(gaps):.0f}",
        f"{gaps[int(0.95 * len(gaps))]:.1f}",
    ]


def main() -> None:
    """Measure every explorer and the playground and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a rough look")
    parser.add_argument("--markdown", action="store_true", help="print such a table")
    options, _ = parser.parse_known_args()  # `make bench` gives run.py's too
    explorers = {"one neuron": LIFExplorer(), "surrogate": SurrogateExplorer()}
    for hidden, steps in ((128, 50), (512, 50), (128, 200)):
        name = f"network, H = {hidden}, T = {steps}"
        model = SpikingRegressor(hidden, seed=0)
        explorers[name] = NetworkExplorer(model, RegressionDataset(steps, seed=0))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        page = browser.new_page(viewport={"width": 820, "height": 900})
        rows = [
            [name, *measure(page, explorer, 60 if options.quick else 600)]
            for name, explorer in explorers.items()
        ]
        trained = [
            [f"H = {hidden}", *train(page, hidden, 0.5 if options.quick else 3)]
            for hidden in (8, 128, 256)
        ]
        version = browser.version
        browser.close()
    print(f"An explorer's update in Chromium {version}, ms\n")
    head = [
        "explorer",
        "script",
        "script, 95 %",
        "all of the thread",
        "frames a second",
    ]
    table(head, rows, options.markdown)
    print(f"\nThe playground's training in Chromium {version}\n")
    head = [
        "playground",
        "s for 100 iterations",
        "iterations a second",
        "frames a second",
        "ms between frames, 95 %",
    ]
    table(head, trained, options.markdown)


if __name__ == "__main__":
    main()
