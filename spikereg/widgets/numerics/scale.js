// Axes that are easy to read: pure functions, no drawing.

/**
 * The smallest of 1, 2, 5, 10, 20, … and 0.5, 0.2, … that is not below a positive value.
 *
 * @param {number} value
 */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const found = [1, 2, 5].find((digit) => digit * power >= value * (1 - 1e-9));
  return (found ?? 10) * power;
}

/**
 * Bounds of an axis, with zero between them or at the lower end.  They are round and
 * coarse, and so seldom change while a curve does.
 *
 * @param {number} low  smallest value to show
 * @param {number} high  largest value to show
 * @param {number} least  the upper bound at least; a lower one below zero a fifth of it
 * @returns {[number, number]}
 */
export function bounds(low, high, least) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, least];
  return [
    low < 0 ? -roundUp(Math.max(-low, least / 5)) : 0,
    roundUp(Math.max(high, least)),
  ];
}

/**
 * Bounds of an axis for curves in [0, 1]; wider and coarse ones for an output that is
 * far from there.
 *
 * @param {ArrayLike<number>} output
 * @returns {[number, number]}
 */
export function room(output) {
  const [low, high] = [
    Math.min(...Array.from(output)),
    Math.max(...Array.from(output)),
  ];
  const isFar = (/** @type {number} */ by) => by > 0.3 && Number.isFinite(by);
  return [isFar(-low) ? -roundUp(-low) : -0.1, isFar(high - 1) ? roundUp(high) : 1.1];
}

/**
 * Bounds of an axis that has 0 and 1 within, at multiples of a size around all values.
 *
 * @param {ArrayLike<number>} values
 * @param {number} size
 * @returns {[number, number]}
 */
export function roomAround(values, size) {
  const all = Array.from(values).filter(Number.isFinite);
  return [
    size * Math.floor(Math.min(-size, ...all) / size),
    size * Math.ceil(Math.max(1, ...all) / size),
  ];
}

/**
 * Round positions between two bounds, about as many as asked for, but two at least;
 * none if none are asked for, or if there is nothing between the bounds.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @returns {number[]}
 */
export function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const sizes = [0.2, 0.5, 1, 2, 5, 10].map((size) => size * power);
  let n = sizes.findIndex((size) => size >= rough * (1 - 1e-9));
  while (n > 0 && places(low, high, sizes[n]).length < 2) n--;
  return places(low, high, sizes[n]);
}

/**
 * The multiples of a size between two bounds.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} size
 */
function places(low, high, size) {
  const found = [];
  for (let n = Math.ceil(low / size - 1e-9); n * size <= high + 1e-9 * size; n++) {
    found.push(Number((n * size).toPrecision(12)));
  }
  return found;
}
