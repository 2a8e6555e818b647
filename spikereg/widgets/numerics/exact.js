// A neuron without leak whose spike time is a formula, as spikereg.spike_times has it:
// pure functions, no drawing.

export const TAU = 20; // time constant of the currents, in steps

const FINE = 0.01; // between two weights of a curve
const HALVINGS = 40; // until a jump is found
const STEEP = 1; // steps of time that may be a jump

/**
 * When the membrane first reaches 1; Infinity for never.
 *
 * @param {number[]} times  of the inputs
 * @param {number[]} weights
 */
export function firstSpike(times, weights) {
  const order = [...times.keys()].sort((i, j) => times[i] - times[j]);
  const last = times[order[order.length - 1]]; // relative to it nothing overflows
  const z = order.map((i) => Math.exp((times[i] - last) / TAU));
  let [total, weighed] = [0, 0];
  for (const [n, i] of order.entries()) {
    total += weights[i];
    weighed += weights[i] * z[n];
    // What it would be if the inputs so far were all: it counts before the next one only.
    const found = weighed / (total - 1);
    const next = z[n + 1] ?? Infinity;
    if (total > 1 && found >= z[n] && found <= next)
      return last + TAU * Math.log(found);
  }
  return Infinity;
}

/**
 * The inputs that came before a spike.
 *
 * @param {number[]} times
 * @param {number} spike
 * @returns {number[]}  their places, from 0 on
 */
export const causes = (times, spike) =>
  Number.isFinite(spike) ? [...times.keys()].filter((i) => times[i] <= spike) : [];

/**
 * How the spike moves with a weight, dt/dw; null where there is none, and 0 for an input
 * that came too late.
 *
 * @param {number[]} times
 * @param {number[]} weights
 * @param {number} which  weight, from 0 on
 */
export function slopeAt(times, weights, which) {
  const spike = firstSpike(times, weights);
  if (!Number.isFinite(spike)) return null;
  const before = causes(times, spike);
  if (!before.includes(which)) return 0;
  const excess = before.reduce((sum, i) => sum + weights[i], -1);
  return (TAU * (Math.exp((times[which] - spike) / TAU) - 1)) / excess;
}

/**
 * The membrane at a time.
 *
 * @param {number[]} times
 * @param {number[]} weights
 * @param {number} t
 */
export const potential = (times, weights, t) =>
  times.reduce(
    (sum, time, i) => sum + weights[i] * -Math.expm1(-Math.max(0, t - time) / TAU),
    0,
  );

/**
 * The same neuron with another weight.
 *
 * @param {number[]} weights
 * @param {number} which
 * @param {number} weight
 */
export const reweighted = (weights, which, weight) =>
  weights.map((old, i) => (i === which ? weight : old));

/**
 * Spike times over a range of one weight, with a gap, NaN, where it jumps or is silent.
 *
 * @param {number[]} times
 * @param {number[]} weights
 * @param {number} which
 * @param {[number, number]} range
 * @returns {{at: number[], spikes: number[]}}  weights and spike times
 */
export function spikesOver(times, weights, which, [low, high]) {
  /** @typedef {[number, number]} Point  a weight and its spike time */
  /** @param {number} weight @returns {Point} */
  const point = (weight) => [
    weight,
    firstSpike(times, reweighted(weights, which, weight)),
  ];
  /** @param {Point} a @param {Point} b */
  function gap([, a], [, b]) {
    if (a === b) return 0; // both silent, too
    return Number.isFinite(a) && Number.isFinite(b) ? Math.abs(a - b) : Infinity;
  }

  /** @type {Point[]} */
  const found = [];
  const count = Math.round((high - low) / FINE);
  let before = point(low);
  for (let n = 0; n <= count; n++) {
    const next = point(low + (n * (high - low)) / count);
    const rise = gap(before, next);
    if (rise > STEEP) {
      let [left, right] = [before, next];
      for (let k = 0; k < HALVINGS; k++) {
        const middle = point((left[0] + right[0]) / 2);
        if (gap(left, middle) > gap(middle, right)) right = middle;
        else left = middle;
      }
      if (gap(left, right) > STEEP) found.push(left, [left[0], NaN], right);
    }
    found.push(next);
    before = next;
  }
  return {
    at: found.map(([weight]) => weight),
    spikes: found.map(([, spike]) => (Number.isFinite(spike) ? spike : NaN)),
  };
}
