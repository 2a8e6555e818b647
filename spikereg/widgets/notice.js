// A notice of what has happened out of sight, and a way there.

import { make } from "./figure.js";

/**
 * Say whether half of a place, or half a window of it, is in sight.
 * An observer says so only after the next picture.
 */
function inSight(/** @type {Element} */ place) {
  const { top, bottom } = place.getBoundingClientRect();
  const shown = Math.min(bottom, window.innerHeight) - Math.max(top, 0);
  return shown >= Math.min(bottom - top, window.innerHeight) / 2;
}

/**
 * @param {Element} parent
 * @param {Element} place  where it has happened; a notice goes when that is in sight
 * @param {() => void} show  leads there
 */
export function makeNotice(parent, place, show) {
  const around = make(parent, "div", { class: "notice" });
  const text = make(around, "p", { role: "status" });
  const [there, close] = ["Show it", "×"].map((label) =>
    make(around, "button", { type: "button" }, label),
  );
  close.setAttribute("aria-label", "Close");
  there.onclick = show;

  /** @type {Element | null}  where the reader was */
  let origin = null;
  /** Heard in any case; seen, and in reach of keys, only by who does not see the place. */
  function turn(/** @type {boolean} */ away) {
    around.classList.toggle("away", away);
    there.hidden = close.hidden = !away;
  }
  turn(false);
  close.onclick = () => {
    turn(false);
    if (origin instanceof HTMLElement) origin.focus({ preventScroll: true });
  };
  const observer = new IntersectionObserver(
    () => {
      if (inSight(place)) turn(false);
    },
    { threshold: [0, 0.1, 0.2, 0.3, 0.4, 0.5] },
  );
  observer.observe(place);

  return {
    /** @param {string} what */
    say(what) {
      text.textContent = what;
      origin = document.activeElement;
      turn(!inSight(place));
    },
    /** Take it back: something else is of interest now. */
    clear: () => turn(false),
    end: () => observer.disconnect(),
  };
}
