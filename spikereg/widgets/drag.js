// A panel whose reader chooses a place along its axis: by click, or by a drag of mouse,
// pen or finger.  A slider beside it is for the keys.

import { make, panel } from "./figure.js";
import { nearest } from "./numerics/control.js";

/** @typedef {import("./explorer.js").Model} Model */

const START = 4; // pixels across before a movement is a drag, and no scrolling

/**
 * Make such a panel.
 *
 * @param {Element} parent
 * @param {Model} model
 * @param {() => string} name  of the control that it moves
 * @param {Parameters<typeof panel>[1]} options  of the panel
 */
export function makeDrag(parent, model, name, options) {
  const element = make(parent, "div", { class: "drag" });
  const axes = panel(element, options);
  /** @type {PointerEvent | null} */
  let begun = null;
  let moving = false;

  /** @param {PointerEvent} event @param {boolean} done */
  function follow(event, done) {
    /** @type {import("./numerics/control.js").Control[]} */
    const controls = model.get("_controls");
    const control = controls.find((each) => each.name === name());
    if (control) model.set(control.name, nearest(control, axes.place(event)[0]));
    if (done) model.save_changes();
  }

  element.addEventListener("pointerdown", (event) => {
    if (begun || event.button !== 0) return;
    begun = event;
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (begun?.pointerId !== event.pointerId) return;
    moving ||= Math.abs(event.clientX - begun.clientX) >= START;
    if (moving) follow(event, false);
  });
  // A finger that scrolls the page cancels, and has moved nothing then.
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
    element.addEventListener(end, (event) => {
      if (begun?.pointerId !== event.pointerId) return;
      begun = null;
      if (moving || end === "pointerup") follow(event, true);
      moving = false;
    });
  }
  return axes;
}
