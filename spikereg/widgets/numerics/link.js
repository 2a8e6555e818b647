// A run as the end of an address, and back: pure functions, no drawing.

import { nameOf, read, written } from "./curve.js";

/**
 * @typedef {import("../explorer.js").Control} Control
 * @typedef {Record<string, any>} Values
 * @typedef {{target: number[], values: Values}} Run
 */

const LETTERS = 2000; // at most; ours have a few hundred

/**
 * @param {Run} run
 * @param {Record<string, number[]>} presets
 * @returns {string}  without the sign #
 */
export function address({ target, values }, presets) {
  const name = nameOf(target, presets);
  const curve = name === "drawn" ? written(target) : name;
  return new URLSearchParams({ target: curve, ...values }).toString();
}

/**
 * What a run is, in words: its target, and what else is not the default.
 *
 * @param {Run} run
 * @param {Control[]} controls
 * @param {Record<string, number[]>} presets
 */
export function described({ target, values }, controls, presets) {
  const others = controls
    .filter(({ name, value }) => values[name] !== value)
    .map(({ name, label }) => `${label} ${values[name]}`);
  const rest = others.length ? others : ["all else by default"];
  return [`target ${nameOf(target, presets)}`, ...rest].join(", ");
}

/**
 * What an address says; null where it says nothing that could be a run, or anything that
 * is none: it may come from anybody.
 *
 * @param {string} hash  with or without the sign #
 * @param {Control[]} controls
 * @param {Record<string, number[]>} presets
 * @returns {Run | null}
 */
export function parsed(hash, controls, presets) {
  if (hash.length > LETTERS) return null;
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const name = said.get("target");
  if (name === null) return null;
  const target = Object.hasOwn(presets, name) ? presets[name] : read(name);
  if (!target) return null;
  /** @type {Values} */
  const values = {};
  for (const control of controls) {
    const text = said.get(control.name);
    const value = text === null ? control.value : allowed(text, control);
    if (value === null) return null;
    values[control.name] = value;
  }
  return { target: [...target], values };
}

/**
 * @param {string} text
 * @param {Control} control
 * @returns {any}  null for what the control does not allow
 */
function allowed(text, { words, min, max, whole }) {
  if (words) return words.includes(text) ? text : null;
  if (!/^\d{1,9}(\.\d{1,20})?(e-\d{1,2})?$/.test(text)) return null;
  const value = Number(text);
  const within = value >= Number(min) && value <= Number(max);
  return within && (!whole || Number.isInteger(value)) ? value : null;
}
