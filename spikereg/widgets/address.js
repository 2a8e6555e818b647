// An explorer in the page's address: links that set it, and one to take away.

import { make } from "./figure.js";
import { makeNotice } from "./notice.js";
import { within } from "./numerics/control.js";
import {
  described,
  distinct,
  named,
  partOf,
  startOf,
  valuesIn,
} from "./numerics/link.js";

/**
 * @typedef {import("./numerics/control.js").Control} Control
 * @typedef {import("./numerics/control.js").Values} Values
 */

/**
 * @typedef {object} Sharing
 * @property {string} title  of the explorer
 * @property {Element} root  the whole of it
 * @property {Element} place  what a reader looks at
 * @property {Element} row  of buttons
 * @property {(text: string, name: string) => void} offer
 * @property {() => void} taken  called when a link has set the explorer
 */

const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
const VIEWS = 'script[type="application/vnd.jupyter.widget-view+json"]';
// Each explorer's script runs by itself; this event is how they hear of each other.
const ASKED = "spikereg-link";

/**
 * What explorers are called, by their numbers.
 *
 * @param {[number, string][]} found  numbers and ids, in the order of the page
 */
function namesOf(found) {
  const ids = new Map(found); // one that is shown twice is one
  const names = distinct([...ids.values()]);
  return new Map([...ids.keys()].map((number, n) => [number, names[n]]));
}

/** Those of a built page, which are known before they are there; none beside a kernel. */
function namesBuilt() {
  const text = document.querySelector(STATE)?.textContent;
  if (!text) return null;
  const { state: all } = JSON.parse(text);
  /** @type {[number, string][]} */
  const found = [];
  /** A widget, and those that are inside it.  @param {string} model */
  function walk(model) {
    const { _number, id, children = [] } = all[model]?.state ?? {};
    if (_number) found.push([_number, id]);
    for (const child of children) walk(String(child).replace("IPY_MODEL_", ""));
  }
  for (const view of document.querySelectorAll(VIEWS))
    walk(JSON.parse(String(view.textContent)).model_id);
  return namesOf(found);
}

/** Those that stand in the page now. */
function namesShown() {
  const roots = [...document.querySelectorAll(".spikereg[data-id]")];
  return namesOf(
    roots.map((root) => {
      const { number, id } = /** @type {HTMLElement} */ (root).dataset;
      return [Number(number), String(id)];
    }),
  );
}

/** @param {string} address */
const bare = (address) => address.split("#")[0];

/**
 * Let links set an explorer, and offer one.
 *
 * @param {import("./explorer.js").Model} model
 * @param {Sharing} sharing
 * @returns {() => void}  ends that
 */
export function makeAddress(model, { title, root, place, row, offer, taken }) {
  /** @type {Control[]} */
  const controls = model.get("_controls");
  const number = model.get("_number");
  const built = namesBuilt();
  const names = () => built ?? namesShown();
  const name = () => names().get(number) ?? model.get("id");

  function part() {
    const values = controls.map((control) => [
      control.name,
      within(control, model.get(control.name)),
    ]);
    return partOf(name(), controls, Object.fromEntries(values));
  }

  // A link in the text leaves its reader there, and says what it has done.
  const notice = makeNotice(root, place, () => {
    root.scrollIntoView();
    /** @type {HTMLElement | null} */
    const first = root.querySelector(".main, .controls :is(input, select)");
    first?.focus({ preventScroll: true });
  });

  /**
   * Take over what an address says of this explorer.
   *
   * @param {string} hash
   * @param {boolean} anew  even if it is nothing new
   * @returns {string | null}  what that is, if there is anything new, and no explorer that
   *   the address names before
   */
  function follow(hash, anew) {
    const own = name();
    const all = named(hash, [...names().values()]);
    if (all[0] !== own) notice.clear();
    if (!all.includes(own)) return null;
    const values = valuesIn(hash, own, controls);
    if (!anew && partOf(own, controls, values) === part()) return null;
    for (const [key, value] of Object.entries(values)) model.set(key, value);
    model.save_changes();
    taken();
    return all[0] === own ? described(controls, values) : null;
  }
  const tell = (/** @type {string | null} */ said) => {
    if (said !== null) notice.say(`${title}: ${said}.`);
  };

  // What somebody has moved before it is shown once more, stays.
  let scroll = 0;
  if (!part() && follow(location.hash, true) !== null)
    scroll = requestAnimationFrame(() => root.scrollIntoView());

  // A click counts whenever it comes, also on a link that the address has already.  The
  // way back through the page leaves alone what is as it was.
  /** @param {MouseEvent} event */
  function click({ target, ctrlKey, metaKey, shiftKey }) {
    if (ctrlKey || metaKey || shiftKey || !(target instanceof Element)) return;
    const link = target.closest("a");
    if (!(link instanceof HTMLAnchorElement)) return; // one in a picture is none
    if (bare(link.href) === bare(location.href)) tell(follow(link.hash, true));
  }
  // By now the address may be another one.
  const change = (/** @type {HashChangeEvent} */ { newURL }) =>
    tell(follow(new URL(newURL).hash, false));
  const answer = (/** @type {any} */ { detail }) => {
    if (!detail.has(name())) detail.set(name(), part());
  };
  document.addEventListener("click", click);
  document.addEventListener(ASKED, answer);
  window.addEventListener("hashchange", change);

  /** The page as it is, this explorer first: that is where the link leads. */
  function link() {
    const own = name();
    const parts = new Map([[own, part() || startOf(own)]]);
    document.dispatchEvent(new CustomEvent(ASKED, { detail: parts }));
    const url = new URL(location.href);
    url.searchParams.delete("token"); // the key to a reader's own Jupyter
    const all = [...new Set([own, ...names().values()])].map((each) => parts.get(each));
    url.hash = all.filter(Boolean).join("&");
    return url.href;
  }
  // The address of a frame of Colab or Visual Studio Code leads nowhere.
  if (built || window === window.parent)
    make(row, "button", { type: "button" }, "Copy link").onclick = () =>
      offer(link(), "Link");

  return () => {
    cancelAnimationFrame(scroll);
    notice.end();
    document.removeEventListener("click", click);
    document.removeEventListener(ASKED, answer);
    window.removeEventListener("hashchange", change);
  };
}
