// Explorers: a still picture of each stands in the page until its script has drawn what
// moves, and for good where no script runs.  The picture is what the explorer itself
// draws here, in a document without a window.

import fs from "node:fs";
import path from "node:path";

const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
const VIEWS = 'script[type="application/vnd.jupyter.widget-view+json"]';
// What explorers.js can show, besides explorers
const KINDS = [
  ...["FloatSliderModel", "IntSliderModel", "HBoxModel", "VBoxModel"],
  ...["LinkModel", "DirectionalLinkModel"],
];
// What a model says of itself to the widget manager
const UNUSED = /^_(model|view)_|^(layout|style|tabbable|tooltip)$/;
// Pixels of a page's column on a desk and on a phone; from WIDE on, an explorer has room
// for BESIDE pixels of controls beside its drawing
const WIDTHS = { desk: 688, phone: 343 };
const WIDE = 620;
const BESIDE = 340;
const SILENT =
  "This is a still picture: the figure moves in a browser that runs scripts.";
// What does something in what moves, and nothing in a picture
const FIELDS = "a, button, input, select, [tabindex]";
const LIMIT = 60_000; // milliseconds for an explorer to draw itself

/**
 * Draw the explorers of a page and name the scripts that it needs for them.
 *
 * @param {import("jsdom").JSDOM} dom
 * @param {string} folder  of the book
 * @param {string} root  of the book, from the page
 */
export async function drawStills({ window }, folder, root) {
  const { document } = window;
  const state = document.querySelector(STATE);
  if (!state) return;
  const all = JSON.parse(state.textContent);
  const { scripts, style, kept } = lean(all.state);
  state.textContent = JSON.stringify({ ...all, state: kept }).replaceAll("</", "<\\/");
  const place = path.join(folder, "_static", "explorers");
  fs.mkdirSync(place, { recursive: true });
  fs.writeFileSync(path.join(place, "explorer.css"), style);
  for (const [name, source] of scripts)
    fs.writeFileSync(path.join(place, `${name}.js`), source);

  for (const old of document.querySelectorAll(
    ".explorer-place, .address:has(+ .explorer-place)",
  ))
    old.remove();
  for (const view of document.querySelectorAll(VIEWS)) {
    view.insertAdjacentHTML("beforebegin", '<div class="explorer-place"></div>');
  }
  for (const source of scripts.values()) window.eval(source);
  const loader = fs.readFileSync(path.join(folder, "_static", "explorers.js"), "utf8");
  /** @type {[Element, Element][]} */
  const stills = [];
  for (const [kind, width] of Object.entries(WIDTHS)) {
    pretend(window, width);
    await window.eval(loader);
    await drawn(document);
    for (const live of document.querySelectorAll(".explorer-place > *")) {
      freeze(live, kind, stills.length);
      stills.push([/** @type {Element} */ (live.parentElement), live]);
      live.remove();
    }
  }
  for (const [place, still] of stills) place.append(still);

  const script = document.createElement("script");
  script.src = `${root}_static/explorers.js`;
  script.defer = true;
  script.dataset.needs = [...scripts.keys()].join(" ");
  document.head.append(script);
  document.head.insertAdjacentHTML(
    "beforeend",
    `<link rel="stylesheet" href="${root}_static/explorers/explorer.css">`,
  );
}

/**
 * Part the models into their values and the scripts that they have in common.
 *
 * @param {Record<string, any>} models
 */
function lean(models) {
  /** @type {Map<string, string>} */
  const scripts = new Map();
  /** @type {Record<string, any>} */
  const kept = {};
  let style = "";
  for (const [id, { model_module, model_name, state, buffers }] of Object.entries(
    models,
  )) {
    if (/^(Layout|.*Style)Model$/.test(model_name)) continue; // the page has its own
    if (!state._esm && !KINDS.includes(model_name))
      throw new Error(
        `a page without a kernel cannot show a ${model_name} of ${model_module}: ` +
          `it can show explorers, and ${KINDS.join(", ")}`,
      );
    const { _esm, _css, _anywidget_id, ...rest } = state;
    const values = Object.fromEntries(
      Object.entries(rest).filter(([name]) => !UNUSED.test(name)),
    );
    if (_esm) {
      values._esm = _anywidget_id.split(".").at(-1);
      const body = _esm.replace("export default", "return");
      const source = `(window.spikereg ??= {}).${values._esm} = (() => {\n${body}\n})();`;
      scripts.set(values._esm, source);
      style = _css;
    }
    kept[id] = { model_module, model_name, state: values, buffers };
  }
  return { scripts, style, kept };
}

/**
 * What a window has and this one lacks: sizes, and workers.
 *
 * @param {any} window
 * @param {number} width  of an explorer
 */
function pretend(window, width) {
  const box = (/** @type {number} */ width) => ({ left: 0, top: 0, width, height: 0 });
  window.Element.prototype.getBoundingClientRect = function () {
    const isBeside = width >= WIDE && this.matches(".stage > .drawing");
    return box(isBeside ? width - BESIDE : width);
  };
  window.ResizeObserver = class {
    /** @param {(entries: object[]) => void} callback */
    constructor(callback) {
      this.callback = callback;
    }
    observe() {
      window.setTimeout(() => this.callback([{ contentRect: box(width) }]));
    }
    disconnect() {}
  };
  window.reportError = (/** @type {unknown} */ error) => {
    throw error;
  };
  window.matchMedia = () => ({ matches: false, addEventListener() {} });
  window.IntersectionObserver = class {
    observe() {}
    disconnect() {}
  };
  /** @type {Map<string, string[]>} */
  const files = new Map();
  window.Blob = class {
    /** @param {string[]} parts */
    constructor(parts) {
      this.parts = parts;
    }
  };
  window.URL.createObjectURL = (/** @type {any} */ blob) => {
    files.set(`blob:${files.size}`, blob.parts);
    return `blob:${files.size - 1}`;
  };
  window.URL.revokeObjectURL = () => {};
  window.Worker = class {
    /** @param {string} url */
    constructor(url) {
      this.self = { onmessage: (/** @type {object} */ _event) => {} };
      const answer = (/** @type {unknown} */ data) =>
        window.setTimeout(() => this.onmessage({ data }));
      const code = files.get(url)?.join("");
      window.Function(
        "self",
        "postMessage",
        "MessageChannel",
        code,
      )(this.self, answer, Channel);
    }
    /** @param {unknown} _event */
    onmessage(_event) {}
    /** @param {unknown} data */
    postMessage(data) {
      window.setTimeout(() => this.self.onmessage({ data }));
    }
    terminate() {}
  };
}

/** No iteration is asked for, so that nothing goes through it. */
class Channel {
  port1 = {};
  port2 = {};
}

/**
 * Wait until every explorer has drawn itself.
 *
 * @param {Document} document
 */
async function drawn(document) {
  const end = Date.now() + LIMIT;
  while (document.querySelector(".explorer-place > .coming")) {
    if (Date.now() > end) throw new Error("an explorer has not drawn itself");
    await new Promise((done) => setTimeout(done, 5));
  }
}

/**
 * Make a picture of what moved.
 *
 * @param {Element} still
 * @param {string} kind
 * @param {number} number  of the picture in its page
 */
function freeze(still, kind, number) {
  still.className = `still ${kind}`;
  // What moves counts its clips from 1, too, and stands beside this for a while.
  for (const clip of still.querySelectorAll("clipPath[id]")) {
    const marks = still.querySelectorAll(`[clip-path="url(#${clip.id})"]`);
    clip.id = `still-${number}-${clip.id}`;
    for (const each of marks) each.setAttribute("clip-path", `url(#${clip.id})`);
  }
  for (const field of still.querySelectorAll(FIELDS)) field.setAttribute("inert", "");
  for (const input of still.querySelectorAll("input"))
    input.setAttribute("value", input.value);
  for (const select of still.querySelectorAll("select"))
    select.selectedOptions[0]?.setAttribute("selected", "");
  for (const root of still.querySelectorAll("[data-id]"))
    for (const name of ["data-id", "data-number"]) root.removeAttribute(name);
  still.insertAdjacentHTML("beforeend", `<p class="silent">${SILENT}</p>`);
}
