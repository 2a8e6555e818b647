// Curves told by spikes, and read back from them, as spikereg.encoding has it: pure
// functions, no drawing.  A curve is one feature's, [T]; spikes are [T * N].

import { uniform } from "./random.js";

/**
 * @typedef {ArrayLike<number>} Numbers
 * @typedef {{low?: number, high?: number}} Ends  of the range that is told
 */

/**
 * Spikes by chance, each neuron's with the probability of the value: those that the
 * package has for the same seed.
 *
 * @param {Numbers} values
 * @param {number} neurons  N
 * @param {Ends & {seed: number}} options
 * @returns {Float32Array}  [T * N]
 */
export function rateSpikes(values, neurons, { low = 0, high = 1, seed }) {
  const drawn = uniform(seed)(values.length * neurons);
  return drawn.map((chance, i) => {
    const share = (values[Math.floor(i / neurons)] - low) / (high - low);
    return chance < share ? 1 : 0;
  });
}

/**
 * The share of the neurons that fire in each step, in the range.
 *
 * @param {Numbers} spikes  [T * N]
 * @param {number} neurons  N
 * @param {Ends} [ends]
 * @returns {Float64Array}  [T]
 */
export function fromRate(spikes, neurons, { low = 0, high = 1 } = {}) {
  const counts = new Float64Array(spikes.length / neurons);
  for (let i = 0; i < spikes.length; i++) counts[Math.floor(i / neurons)] += spikes[i];
  return counts.map((count) => low + (high - low) * (count / neurons));
}

/**
 * How many levels there are, K, a step apart and half of one above the low end.
 *
 * @param {number} step
 * @param {Ends} [ends]
 */
export const levelCount = (step, { low = 0, high = 1 } = {}) =>
  Math.ceil((high - low) / step - 0.5);

/**
 * Spikes of two neurons of each level, when the curve passes it.
 *
 * @param {Numbers} values
 * @param {number} step
 * @param {Ends} [ends]
 * @returns {Float32Array}  [T * 2 * K], of all levels up, from below, then down
 */
export function levelCrossings(values, step, { low = 0, high = 1 } = {}) {
  const count = levelCount(step, { low, high });
  const spikes = new Float32Array(values.length * 2 * count);
  for (let t = 0; t < values.length; t++) {
    for (let k = 0; k < count; k++) {
      const level = low + step * (k + 0.5);
      const isAbove = values[t] >= level;
      if (isAbove === (t > 0 && values[t - 1] >= level)) continue;
      spikes[(2 * t + (isAbove ? 0 : 1)) * count + k] = 1;
    }
  }
  return spikes;
}

/**
 * The middle between the levels around the curve, by the last spike of each.
 *
 * @param {Numbers} spikes  [T * 2 * K]
 * @param {number} step
 * @param {Ends} [ends]
 * @returns {Float64Array}  [T]
 */
export function fromCrossings(spikes, step, { low = 0, high = 1 } = {}) {
  const count = levelCount(step, { low, high });
  const passed = new Uint8Array(count);
  return Float64Array.from({ length: spikes.length / (2 * count) }, (_, t) => {
    let below = 0;
    for (let k = 0; k < count; k++) {
      const turned = spikes[2 * t * count + k] - spikes[(2 * t + 1) * count + k];
      if (turned) passed[k] = turned > 0 ? 1 : 0;
      below += passed[k];
    }
    return low + step * below;
  });
}

/**
 * Spikes of two neurons, when a step is large: up and down.
 *
 * @param {Numbers} values
 * @param {number} threshold
 * @returns {Float32Array}  [T * 2]
 */
export function deltaSpikes(values, threshold) {
  const spikes = new Float32Array(2 * values.length);
  for (let t = 0; t < values.length; t++) {
    const change = values[t] - (t ? values[t - 1] : 0);
    if (change >= threshold) spikes[2 * t] = 1;
    if (change <= -threshold) spikes[2 * t + 1] = 1;
  }
  return spikes;
}

/**
 * The sum of the spikes, each one threshold.
 *
 * @param {Numbers} spikes  [T * 2]
 * @param {number} threshold
 * @param {number} [start]
 * @returns {Float64Array}  [T]
 */
export function fromDelta(spikes, threshold, start = 0) {
  let sum = 0;
  return Float64Array.from({ length: spikes.length / 2 }, (_, t) => {
    sum += spikes[2 * t] - spikes[2 * t + 1];
    return start + threshold * sum;
  });
}

/**
 * Where spikes are: step and neuron of each.
 *
 * @param {Numbers} spikes  [T * N]
 * @param {number} neurons  N
 * @returns {[number, number][]}
 */
export function firedAt(spikes, neurons) {
  /** @type {[number, number][]} */
  const found = [];
  for (let i = 0; i < spikes.length; i++)
    if (spikes[i]) found.push([Math.floor(i / neurons), i % neurons]);
  return found;
}

/**
 * Root of the mean square of how far one curve is from another.
 *
 * @param {Numbers} found
 * @param {Numbers} wanted
 */
export function rootMeanSquare(found, wanted) {
  let sum = 0;
  for (let t = 0; t < wanted.length; t++) sum += (found[t] - wanted[t]) ** 2;
  return Math.sqrt(sum / wanted.length);
}

/**
 * The name of the series that a curve was drawn on: of those as long the one that it has
 * most in common with; null if none is as long.
 *
 * @param {Numbers} curve
 * @param {Record<string, number[]>} presets
 */
export function drawnOn(curve, presets) {
  let [best, most] = [/** @type {string | null} */ (null), -1];
  for (const [name, values] of Object.entries(presets)) {
    if (values.length !== curve.length) continue;
    const same = values.filter((value, t) => value === curve[t]).length;
    if (same > most) [best, most] = [name, same];
  }
  return best;
}
