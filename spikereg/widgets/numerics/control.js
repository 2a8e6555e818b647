// What a control may be set to: pure functions, no drawing.

import { heightOf, nameOf, partOfRange, read, written } from "./curve.js";
import { rowsOf, rowsRead, rowsWritten } from "./pixels.js";

/**
 * @typedef {{name: string, label: string, value: any, min?: number, max?: number,
 *   step?: number, sign?: string, words?: string[], texts?: string[], whole?: boolean,
 *   log?: boolean, least?: number, unit?: string, presets?: Record<string, number[]>, steps?: number, longest?:
 *   number, scales?: Record<string, [number, number]>, pixels?: boolean}}
 *   Control  with presets it is a curve, of so many steps or any number up to the longest;
 *   with pixels a drawing; otherwise it has a slider or a list
 * @typedef {Record<string, any>} Values  of the controls, by their names
 */

/**
 * The value of a control that a figure can be drawn for, whatever another widget that is
 * tied to it has set.
 *
 * @param {Control} control
 * @param {unknown} value
 */
export function within(control, value) {
  const { min, max, words, whole, presets, pixels, value: initial } = control;
  if (presets) return value; // the figure takes any
  if (pixels) return rowsOf(value);
  if (words) return words.includes(String(value)) ? value : initial;
  const number = whole ? Math.round(Number(value)) : Number(value);
  if (!Number.isFinite(number)) return initial;
  return Math.min(Number(max), Math.max(Number(min), number));
}

/**
 * The place of a slider that is nearest to a number.
 *
 * @param {Control} control
 * @param {number} number
 */
export function nearest({ min = 0, max = 1, step = 1 }, number) {
  const inside = Math.min(max, Math.max(min, number));
  return Number((min + step * Math.round((inside - min) / step)).toPrecision(12));
}

/**
 * A value as text that an address can hold.
 *
 * @param {Control} control
 * @param {any} value
 */
export function textOf({ presets, pixels, min, max }, value) {
  if (pixels) return rowsWritten(value);
  if (!presets) return String(value);
  const name = nameOf(value, presets);
  if (name !== "drawn") return name;
  return written(Array.from(value, (height) => partOfRange(height, min, max)));
}

/**
 * The value of such a text; of one that is none, for it may come from anybody, the value
 * at the start.
 *
 * @param {Control} control
 * @param {string} text
 */
export function valueOf(control, text) {
  const { presets, pixels, value, steps, longest, min, max } = control;
  if (pixels) return [...(rowsRead(text) ?? value)];
  if (!presets) return text.trim() ? within(control, text) : value;
  if (Object.hasOwn(presets, text)) return [...presets[text]];
  const parts = read(text, longest);
  if (!parts || (steps && parts.length !== steps)) return [...value];
  return parts.map((part) => heightOf(part, min, max));
}

/**
 * A value in words.
 *
 * @param {Control} control
 * @param {any} value
 */
export function saidOf(
  { label, sign = "", unit, words, texts, presets, pixels },
  value,
) {
  if (pixels) return label;
  if (words && texts) return texts[words.indexOf(String(value))];
  const text = presets ? nameOf(value, presets) : String(value).replace("_", " ");
  return `${label} ${sign}${text}${unit ? ` ${unit}` : ""}`.replace("-", "−");
}
