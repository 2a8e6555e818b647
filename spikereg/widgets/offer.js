// Text for the reader to take away.

import { make } from "./figure.js";

/**
 * A place below buttons where a text appears: copied already where the page may do that,
 * else selected, to be copied by hand.
 *
 * @param {Element} parent
 */
export function makeOffer(parent) {
  const note = make(parent, "p", { class: "note", role: "status" });
  const field = make(parent, "textarea", {
    class: "offer",
    readonly: "",
    hidden: "",
    spellcheck: "false",
    "aria-label": "to copy",
  });

  /** Take back a text that is no longer true. */
  function clear() {
    field.hidden = true;
    note.textContent = "";
  }

  /**
   * @param {string} text
   * @param {string} name  of what it is
   */
  async function offer(text, name) {
    field.hidden = false;
    field.value = text;
    field.rows = text.split("\n").length;
    try {
      await navigator.clipboard.writeText(text);
      note.textContent = `${name} copied.`;
    } catch {
      // Refused, or unknown to this browser, as on pages opened from a file.
      field.focus();
      field.select();
      note.textContent = `${name}: the browser lets this page copy nothing. The text is selected, copy it yourself.`;
    }
  }
  return { offer, clear };
}
