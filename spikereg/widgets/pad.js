// A panel to draw a curve on: by mouse, pen, finger and keys.

import { make } from "./figure.js";
import { onGrid, stroke } from "./numerics/curve.js";

/**
 * @typedef {object} Pad
 * @property {{place: (pointer: PointerEvent) => [number, number]}} panel
 * @property {() => number[]} curve  as it is
 * @property {(curve: number[], done: boolean) => void} drawn  called while the pen moves,
 *   and when it has
 * @property {(pen: Pen | null) => void} shown  called when keys have moved the pen
 */

/** @typedef {{at: [number, number], down: boolean}} Pen */

const START = 4; // pixels along the time before a movement is a stroke, and no click

/**
 * A list of known curves, in front of the sliders.
 *
 * @param {Element} parent
 * @param {import("./numerics/control.js").Control} control
 * @param {Record<string, string>} texts  of those that have more than a name
 */
export function makeChoice(parent, { label, presets }, texts) {
  const around = make(parent, "label", { class: "control" });
  make(around, "span", { class: "name" }, label);
  const choice = make(around, "select");
  for (const name of Object.keys(presets ?? {}))
    make(choice, "option", { value: name }, texts[name] ?? name);
  make(choice, "option", { value: "drawn", disabled: "" }, "drawn");
  parent.prepend(around);
  return choice;
}

/**
 * @param {HTMLElement} element  around the panel
 * @param {Pad} pad
 */
export function makePad(element, { panel, curve, drawn, shown }) {
  /** @type {PointerEvent | null} */
  let begun = null;
  /** @type {[number, number] | null}  where the last piece of the stroke ended */
  let last = null;

  /** @param {PointerEvent} event */
  function move(event) {
    if (begun?.pointerId !== event.pointerId) return;
    // Lifted while another button was down, or out of sight.
    if (!(event.buttons & 1)) return end(event);
    if (!last) {
      if (Math.abs(event.clientX - begun.clientX) < START) return;
      last = panel.place(begun);
    }
    // All places since the last frame, where the browser tells them.
    const all = event.getCoalescedEvents?.() ?? [];
    let now = curve();
    for (const piece of all.length ? all : [event]) {
      const place = panel.place(piece);
      now = stroke(now, last, place);
      last = place;
    }
    drawn(now, false);
  }

  /** @param {PointerEvent} event */
  function end(event) {
    if (begun?.pointerId !== event.pointerId) return;
    if (last) drawn(curve(), true);
    begun = last = null;
  }

  element.addEventListener("pointerdown", (event) => {
    if (begun || event.button !== 0) return;
    begun = event;
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", move);
  // A finger that scrolls the page cancels its stroke, which has not begun then.
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
    element.addEventListener(name, end);
  }

  /** @type {Pen} */
  let pen = { at: [0, 0.5], down: false };

  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const [[t, y], end] = [pen.at, curve().length - 1];
    const size = event.shiftKey ? 5 : 1;
    /** @type {Record<string, [number, number]>} */
    const ways = {
      ArrowLeft: [t - size, y],
      ArrowRight: [t + size, y],
      ArrowUp: [t, y + size * 0.02],
      ArrowDown: [t, y - size * 0.02],
      Home: [0, y],
      End: [end, y],
    };
    const way = ways[event.key];
    if (event.key === " ") pen = { ...pen, down: !pen.down };
    else if (way) {
      pen = { ...pen, at: [Math.max(0, Math.min(end, way[0])), onGrid(way[1])] };
    } else return;
    event.preventDefault();
    if (pen.down) drawn(stroke(curve(), [t, pen.at[1]], pen.at), true);
    shown(pen);
  });
  element.addEventListener("focus", () => {
    if (element.matches(":focus-visible")) shown(pen);
  });
  element.addEventListener("blur", () => {
    pen = { ...pen, down: false };
    shown(null);
  });
}
