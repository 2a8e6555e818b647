// A notice of what has happened out of sight, and a way there.

import { make } from "./figure.js";

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

  let seen = false;
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
    (entries) => {
      seen = entries[entries.length - 1].isIntersecting;
      if (seen) turn(false);
    },
    { threshold: 0.5 },
  );
  observer.observe(place);

  return {
    /** @param {string} what */
    say(what) {
      text.textContent = what;
      origin = document.activeElement;
      turn(!seen);
    },
    end: () => observer.disconnect(),
  };
}
