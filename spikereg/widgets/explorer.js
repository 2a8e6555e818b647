// What all explorers share: controls that are tied to the model, readings, a summary
// for screen readers, and a life that ends without a trace.

import { makeAddress } from "./address.js";
import { make } from "./figure.js";
import { within } from "./numerics/control.js";
import { makeOffer } from "./offer.js";

/**
 * @typedef {object} Model  of the widget
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, callback: () => void) => void} on
 * @property {(event: string, callback: () => void) => void} off
 */

/**
 * @typedef {import("./numerics/control.js").Control} Control
 * @typedef {import("./numerics/control.js").Values} Values
 * @typedef {{readings: Record<string, string>, summary: string | null}} Shown  the
 *   summary is null where there is nothing new to say
 * @typedef {(values: Values, width: number, inner: number) => Shown} Draw  the widths in
 *   pixels are those of the explorer and of its drawing
 */

/**
 * @typedef {object} Place  of a figure in its explorer
 * @property {Element} tools  above the readings; the controls, if they are there
 * @property {Element} foot  below the drawing
 * @property {Element} row  of buttons that offer something to take away
 * @property {ReturnType<typeof makeOffer>} offering  what they offer
 * @property {(callback: () => void) => void} onRestart  called when the explorer is to
 *   begin again: by its button, or by a link
 * @property {() => void} redraw  asks for a drawing in the next frame
 * @property {(callback: () => void) => void} atEnd  called when the explorer goes
 */

/**
 * @typedef {object} Explorer
 * @property {string} title
 * @property {[string, string][]} readings  name and label of each
 * @property {string} [again]  what its button says
 * @property {boolean} [below]  whether the controls stand below the drawing, or beside it
 *   where there is room
 * @property {(name: string, model: Model) => void} [moved]  called when a reader has moved
 *   a control, before a kernel hears of it
 * @property {(parent: Element, model: Model, place: Place) => Draw} figure
 */

const QUIET = 500; // milliseconds without a change before the summary is spoken
const WIDE = 620; // pixels of an explorer that has room for controls beside its drawing

/**
 * A labelled slider or list: what it is set to, and how it shows a value.
 *
 * @param {Element} parent
 * @param {Control} control
 */
function field(
  parent,
  { label, words, texts, min, max, step, sign, log, least, unit = "" },
) {
  const around = make(parent, "label", { class: "control" });
  make(around, "span", { class: "name" }, label);
  if (words) {
    const select = make(around, "select");
    words.forEach((word, n) =>
      make(select, "option", { value: word }, texts?.[n] ?? word.replace("_", " ")),
    );
    const show = (/** @type {any} */ word) => (select.value = word);
    return { input: select, show, read: () => select.value };
  }
  // Of a slider by powers of ten that has a 0, it is one step below them.
  const lowest = least ? Math.log10(least) - Number(step) : -Infinity;
  const place = (/** @type {unknown} */ n) =>
    log ? Math.max(lowest, Math.log10(Number(n))) : Number(n);
  const input = make(around, "input", {
    type: "range",
    min: `${place(min)}`,
    max: `${place(max)}`,
    step: `${step}`,
  });
  const value = make(around, "span", { class: "value", "aria-hidden": "true" });
  const digits = `${step}`.split(".")[1]?.length ?? 0;
  const show = (/** @type {any} */ number) => {
    input.value = String(place(number));
    const near = log ? String(Number(number.toPrecision(4))) : number.toFixed(digits);
    const text = `${near} ${unit}`.trim();
    value.textContent = `${sign}${text}`.replace("-", "−");
    if (log) input.setAttribute("aria-valuetext", text);
  };
  const read = () => {
    const at = Number(input.value);
    if (!log) return at;
    return at < lowest + Number(step) / 2 ? 0 : Number((10 ** at).toPrecision(2));
  };
  return { input, show, read };
}

/**
 * Put an explorer into the page.
 *
 * @param {{model: Model, el: HTMLElement}} context
 * @param {Explorer} explorer
 * @returns {() => void}  takes it out again
 */
export function mount({ model, el }, explorer) {
  const { title, readings, figure, again: restart = "Start again" } = explorer;
  const { below, moved } = explorer;
  /** @type {Control[]} */
  const controls = model.get("_controls");
  const root = make(el, "div", {
    class: "spikereg",
    role: "group",
    "aria-label": title,
    "data-id": model.get("id"),
    "data-number": String(model.get("_number")),
  });

  const head = make(root, "div", { class: "head" });
  make(head, "strong", {}, title);
  const again = make(head, "button", { type: "button" }, restart);
  // Above the figure, so that on a phone both are seen at once.
  const tools = make(root, "div", { class: below ? "tools" : "controls" });
  const list = make(root, "dl", { class: "readings" });
  const stage = make(root, "div", below ? { class: "stage" } : {});
  const drawing = make(stage, "div", { class: "drawing" });
  const panel = below ? make(stage, "div", { class: "controls" }) : tools;
  const foot = make(root, "div");
  const row = make(root, "div", { class: "sharing" });
  const offering = makeOffer(root);
  const summary = make(root, "p", { class: "summary", role: "status" });

  // What is drawn is not moved by a slider: a figure that needs it has a place for it.
  const fields = controls
    .filter(({ presets, pixels }) => !presets && !pixels)
    .map((control) => ({ control, ...field(panel, control) }));
  const places = readings.map(([name, label]) => {
    const pair = make(list, "div");
    make(pair, "dt", {}, label);
    return { name, place: make(pair, "dd") };
  });

  let width = 0;
  let inner = 0;
  let frame = 0;
  let quiet = 0;
  /** @type {(() => void)[]} */
  const ends = [];
  const atEnd = (/** @type {() => void} */ callback) => ends.push(callback);
  let begin = () => {};
  const { offer } = offering;
  const taken = () => begin();
  // Before the figure, so that a link's values are there from the start
  const leave = makeAddress(model, { title, root, place: drawing, row, offer, taken });
  const draw = figure(drawing, model, {
    tools,
    foot,
    row,
    offering,
    redraw,
    atEnd,
    onRestart: (callback) => (begin = callback),
  });

  function update() {
    frame = 0;
    /** @type {Values} */
    const values = {};
    for (const { control, show } of fields) {
      const value = within(control, model.get(control.name));
      values[control.name] = value;
      show(value);
    }
    const shown = draw(values, width, inner);
    for (const { name, place } of places) place.textContent = shown.readings[name];
    if (shown.summary === null) return;
    clearTimeout(quiet);
    quiet = setTimeout(
      () => (summary.textContent = shown.summary),
      summary.textContent ? QUIET : 0,
    );
  }

  function redraw() {
    if (width > 0) frame ||= requestAnimationFrame(update);
  }

  // The first size arrives as soon as the page shows the explorer.
  const observer = new ResizeObserver(([entry]) => {
    width = Math.floor(entry.contentRect.width);
    root.classList.toggle("wide", width >= WIDE);
    inner = Math.floor(drawing.getBoundingClientRect().width);
    redraw();
  });
  observer.observe(root);

  for (const { control, input, read } of fields) {
    input.addEventListener("input", () => {
      model.set(control.name, read());
      moved?.(control.name, model);
      model.save_changes();
    });
  }
  again.addEventListener("click", () => {
    // A curve is the task: it stays.
    for (const { name, value, presets } of controls)
      if (!presets) model.set(name, value);
    model.save_changes();
    begin();
  });

  function change() {
    offering.clear(); // it is no longer true
    redraw();
  }
  for (const { name } of controls) model.on(`change:${name}`, change);

  return () => {
    observer.disconnect();
    leave();
    for (const end of ends) end();
    cancelAnimationFrame(frame);
    clearTimeout(quiet);
    for (const { name } of controls) model.off(`change:${name}`, change);
    root.remove();
  };
}
