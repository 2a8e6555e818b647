// Curves that are drawn by hand: pure functions, no drawing on the page.

const GRID = 1000;
const LONGEST = 200; // time steps, where a control says nothing else

/** A height that a link can carry: in [0, 1], with three decimals. @param {number} y */
export const onGrid = (y) => Math.round(Math.min(1, Math.max(0, y)) * GRID) / GRID;

/** A height of a curve as part of its range. @param {number} height */
export const partOfRange = (height, low = 0, high = 1) => (height - low) / (high - low);

/** The height that is such a part, without what rounding adds. @param {number} part */
export const heightOf = (part, low = 0, high = 1) =>
  Number((low + (high - low) * part).toFixed(9));

/**
 * A curve with a stroke of the pen on it, straight from one point to another, and all of
 * it such that a link can carry it.
 *
 * @param {readonly number[]} curve  [T]
 * @param {[number, number]} from  time step and height
 * @param {[number, number]} to
 */
export function stroke(curve, from, to) {
  const [[left, start], [right, end]] = from[0] <= to[0] ? [from, to] : [to, from];
  const last = curve.length - 1;
  const first = Math.max(0, Math.min(last, Math.round(left)));
  const final = Math.max(0, Math.min(last, Math.round(right)));
  const drawn = curve.map(onGrid);
  for (let t = first; t <= final; t++) {
    const share = right > left ? (t - left) / (right - left) : 1;
    drawn[t] = onGrid(start + Math.min(1, Math.max(0, share)) * (end - start));
  }
  return drawn;
}

/**
 * The name of the preset that a curve is.
 *
 * @param {readonly number[]} curve
 * @param {Record<string, number[]>} presets
 */
export function nameOf(curve, presets) {
  const same = (/** @type {number[]} */ other) =>
    other.length === curve.length && other.every((value, t) => value === curve[t]);
  return Object.keys(presets).find((name) => same(presets[name])) ?? "drawn";
}

/** A curve as text, two digits of base 36 a step. @param {readonly number[]} curve */
export const written = (curve) =>
  curve
    .map((y) =>
      Math.round(y * GRID)
        .toString(36)
        .padStart(2, "0"),
    )
    .join("");

/**
 * The curve of such a text, or null.
 *
 * @param {string} text
 * @param {number} [longest]  steps that it may have
 */
export function read(text, longest = LONGEST) {
  const steps = text.length / 2;
  if (!/^([0-9a-z]{2}){2,}$/.test(text) || steps > longest) return null;
  const curve = Array.from({ length: steps }, (_, t) =>
    parseInt(text.slice(2 * t, 2 * t + 2), 36),
  );
  return curve.every((y) => y <= GRID) ? curve.map((y) => y / GRID) : null;
}
