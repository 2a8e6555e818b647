// What explorers say in a page's address, and back: pure functions, no drawing.

import { saidOf, textOf, valueOf } from "./control.js";

/**
 * @typedef {import("./control.js").Control} Control
 * @typedef {import("./control.js").Values} Values
 */

const LETTERS = 10_000; // at most; ours have a few hundred

/**
 * Names that tell explorers of a page apart: of two with one id the second has a number.
 *
 * @param {string[]} ids
 */
export function distinct(ids) {
  /** @type {string[]} */
  const names = [];
  for (const id of ids) {
    let name = id;
    for (let n = 2; names.includes(name); n++) name = `${id}${n}`;
    names.push(name);
  }
  return names;
}

/**
 * @param {string} hash  with or without the sign #
 * @returns {[string, string][]}
 */
function pairs(hash) {
  if (hash.length > LETTERS) return [];
  const said = [...new URLSearchParams(hash.replace(/^#/, ""))];
  // The first links were a playground's alone: its target and its values, without a name.
  if (!said.some(([key]) => key === "target")) return said;
  return said.map(([key, text]) => [
    key.includes(".") ? key : `playground.${key}`,
    text,
  ]);
}

/**
 * Those explorers that an address speaks of, in its order.
 *
 * @param {string} hash
 * @param {string[]} names
 */
export function named(hash, names) {
  const keys = pairs(hash).filter(([key]) => key.includes("."));
  const found = keys.map(([key]) => key.slice(0, key.indexOf(".")));
  return [...new Set(found)].filter((name) => names.includes(name));
}

/**
 * What an address says of an explorer; what it leaves out is as at the start.
 *
 * @param {string} hash
 * @param {string} name
 * @param {Control[]} controls
 * @returns {Values}
 */
export function valuesIn(hash, name, controls) {
  // Of a key that stands there twice, the first
  const said = new Map(pairs(hash).reverse());
  return Object.fromEntries(
    controls.map((control) => {
      const text = said.get(`${name}.${control.name}`);
      return [
        control.name,
        text === undefined ? control.value : valueOf(control, text),
      ];
    }),
  );
}

/**
 * @param {Control[]} controls
 * @param {Values} values
 */
const moved = (controls, values) =>
  controls.filter(
    (control) =>
      textOf(control, values[control.name]) !== textOf(control, control.value),
  );

/**
 * An explorer's part of an address: what is not as at the start.
 *
 * @param {string} name
 * @param {Control[]} controls
 * @param {Values} values
 */
export function partOf(name, controls, values) {
  const said = moved(controls, values).map((control) => {
    const text = encodeURIComponent(textOf(control, values[control.name]));
    return `${name}.${control.name}=${text}`;
  });
  return said.join("&");
}

/** The part of an explorer that is as at the start, if it has to have one. */
export const startOf = (/** @type {string} */ name) => `${name}.start`;

/**
 * What an explorer is set to, in words.
 *
 * @param {Control[]} controls
 * @param {Values} values
 */
export function described(controls, values) {
  const said = moved(controls, values).map((each) => saidOf(each, values[each.name]));
  return said.length ? `set to ${said.join("; ")}` : "set back to the start";
}
