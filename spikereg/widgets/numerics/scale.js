// Axes that are easy to read: pure functions, no drawing.

const ROUND = [1, 1.5, 2, 3, 5, 7.5, 10];

/**
 * The smallest round number that is not below a positive value.
 *
 * @param {number} value
 */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = ROUND.find((candidate) => candidate * power >= value * (1 - 1e-9));
  return (digit ?? 10) * power;
}

/**
 * Bounds with zero between them or at one end. They are round, so that they seldom
 * change while a curve does.
 *
 * @param {number} low  smallest value to show
 * @param {number} high  largest value to show
 * @returns {[number, number]}
 */
export function bounds(low, high) {
  const top = high > 0 ? roundUp(high) : 0;
  const bottom = low < 0 ? -roundUp(-low) : 0;
  return top === bottom ? [0, 1] : [bottom, top];
}

/**
 * Round positions between two bounds, about as many as asked for, but two at least.
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
  while (places(low, high, sizes[n]).length < 2) n--;
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
