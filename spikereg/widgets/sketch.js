// A board of pixels to draw on: by mouse, pen, finger and keys.

import { draw, make } from "./figure.js";
import { BLOCK, NIB, PIXELS, emptied, isSet, penned } from "./numerics/pixels.js";

/** @typedef {[number, number]} Place  x and y in pixels, from the upper left corner */

/**
 * @typedef {object} Board
 * @property {() => number[]} rows  as they are
 * @property {(rows: number[], done: boolean) => void} drawn  called while the pen moves,
 *   and when it has
 */

/**
 * @param {Element} parent
 * @param {Board} board
 */
export function makeSketch(parent, { rows, drawn }) {
  const board = make(parent, "div", {
    class: "board",
    tabindex: "0",
    role: "application",
    "aria-label":
      "Drawing board. Arrow keys move a pen, with shift four pixels, space puts it " +
      "down or lifts it, delete clears the board.",
  });
  const svg = draw(board, "svg", {
    class: "pixels",
    viewBox: `0 0 ${PIXELS} ${PIXELS}`,
    "aria-hidden": "true",
  });
  const lines = Array.from({ length: PIXELS / BLOCK - 1 }, (_, n) => (n + 1) * BLOCK);
  draw(svg, "path", {
    class: "blocks",
    d: lines.map((at) => `M${at},0V${PIXELS}M0,${at}H${PIXELS}`).join(""),
  });
  const ink = draw(svg, "path", { class: "ink" });
  const mark = draw(svg, "circle", { class: "nib", r: NIB, visibility: "hidden" });
  const spoken = make(parent, "p", { class: "summary", role: "status" });

  // By pointer

  /** @type {number | null} */
  let pointer = null;
  /** @type {Place}  where the last piece of the stroke ended */
  let last = [0, 0];

  /** @param {PointerEvent} event @returns {Place} */
  function place({ clientX, clientY }) {
    const { left, top, width, height } = svg.getBoundingClientRect();
    return [((clientX - left) / width) * PIXELS, ((clientY - top) / height) * PIXELS];
  }

  /** @param {PointerEvent} event */
  function move(event) {
    if (event.pointerId !== pointer) return;
    // Lifted while another button was down, or out of sight.
    if (!(event.buttons & 1)) return end(event);
    // All places since the last frame, where the browser tells them.
    const all = event.getCoalescedEvents?.() ?? [];
    let next = rows();
    for (const piece of all.length ? all : [event]) {
      const to = place(piece);
      next = penned(next, last, to);
      last = to;
    }
    drawn(next, false);
  }

  /** @param {PointerEvent} event */
  function end(event) {
    if (event.pointerId !== pointer) return;
    pointer = null;
    drawn(rows(), true);
  }

  board.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    board.setPointerCapture(pointer);
    last = place(event);
    drawn(penned(rows(), last, last), false);
  });
  board.addEventListener("pointermove", move);
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
    board.addEventListener(name, end);
  }

  // By keys

  /** @type {Place} */
  let pen = [PIXELS / 2, PIXELS / 2];
  let down = false;

  /** @param {boolean} shown */
  function show(shown) {
    mark.setAttribute("visibility", shown ? "visible" : "hidden");
    mark.setAttribute("cx", String(pen[0]));
    mark.setAttribute("cy", String(pen[1]));
    mark.classList.toggle("down", down);
  }
  const say = (/** @type {string} */ text) => (spoken.textContent = text);
  const sayPen = () =>
    say(`Column ${pen[0]}, row ${pen[1]}, pen ${down ? "down" : "up"}.`);

  function clear() {
    drawn(emptied(), true);
    say("The board is empty.");
  }

  board.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const size = event.shiftKey ? BLOCK : 1;
    /** @type {Record<string, Place>} */
    const ways = {
      ArrowLeft: [-size, 0],
      ArrowRight: [size, 0],
      ArrowUp: [0, -size],
      ArrowDown: [0, size],
    };
    const from = pen;
    const way = ways[event.key];
    const isEmptied = event.key === "Delete" || event.key === "Backspace";
    if (event.key === " ") down = !down;
    else if (way) {
      const [x, y] = from.map((at, n) => Math.min(PIXELS, Math.max(0, at + way[n])));
      pen = [x, y];
    } else if (!isEmptied) return;
    event.preventDefault();
    if (isEmptied) {
      down = false;
      clear();
    } else {
      if (down) drawn(penned(rows(), from, pen), true);
      sayPen();
    }
    show(true);
  });
  board.addEventListener("focus", () => {
    if (!board.matches(":focus-visible")) return;
    show(true);
    sayPen();
  });
  board.addEventListener("blur", () => {
    down = false;
    show(false);
  });

  return {
    board,
    clear,
    /**
     * @param {number} size  of the board, in pixels of the page
     * @param {boolean} isRead  whether it is what is read
     */
    paint(size, isRead) {
      svg.setAttribute("width", String(size));
      svg.setAttribute("height", String(size));
      board.classList.toggle("aside", !isRead);
      const now = rows();
      let d = "";
      for (let y = 0; y < PIXELS; y++) {
        for (let x = 0; x < PIXELS; x++) {
          const start = x;
          while (x < PIXELS && isSet(now, x, y)) x++;
          if (x > start) d += `M${start},${y}H${x}v1H${start}Z`;
        }
      }
      ink.setAttribute("d", d);
    },
  };
}
