// A value told by the times of spikes, and when the answer is due, as
// spikereg.firing_times has them: pure functions, no drawing.

import { run } from "./network.js";
import { f32, generator } from "./neuron.js";

export const BEATS = 20;
const TOLD = 0.4; // part of the run in which the value is told
const BEND = 0.15;
const SWEPT = 100; // parts of the range of x
const COARSE = 10; // of them between the first ones
// All values, so that each further one makes a curve finer.
const ORDER = [COARSE, 5, 2, 1].flatMap((size) =>
  Array.from({ length: SWEPT / size + 1 }, (_, n) => n * size),
);

/** @typedef {"curve" | "wave"} Task */

/**
 * When the answer is due, in steps.
 *
 * @param {Task} task
 * @param {number} x  the value
 * @param {number} steps  T
 */
export function dueAt(task, x, steps) {
  const wave = Math.sin(2 * Math.PI * x);
  const part = task === "curve" ? 0.2 + 0.6 * (x + BEND * wave) : 0.5 + 0.3 * wave;
  return part * steps;
}

/**
 * When each channel fires: those of x and 1 - x, and the beats.
 *
 * @param {number} x
 * @param {number} steps  T
 * @returns {number[]}  in steps
 */
export function toldAt(x, steps) {
  const beats = Array.from({ length: BEATS }, (_, n) => n / BEATS);
  return [f32(x), f32(1 - x), ...beats].map((part) =>
    f32(steps * f32(f32(TOLD) * f32(part))),
  );
}

/**
 * How far jitter moves each channel, for a spread of 1: drawn from N(0, 1), always the
 * same.
 */
export const OFFSETS = (() => {
  const random = generator(74); // with a mean near 0 and a spread near 1
  for (let n = 0; n < 16; n++) random(); // the first ones tell the seed
  return Array.from({ length: 2 + BEATS }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return radius * Math.cos(2 * Math.PI * random());
  });
})();

/**
 * Times that are moved, and stay within the run.
 *
 * @param {number[]} times
 * @param {number} spread  in steps
 * @param {number} steps  T
 */
export const jittered = (times, spread, steps) =>
  times.map((time, n) => Math.min(steps - 1, Math.max(0, time + spread * OFFSETS[n])));

/**
 * One spike of each channel on a grid of steps; one between two steps is shared by them.
 *
 * @param {number[]} times  in steps
 * @param {number} steps  T
 * @returns {Float32Array}  [T * F]
 */
export function spikesAt(times, steps) {
  const spikes = new Float32Array(steps * times.length);
  times.forEach((time, n) => {
    for (let t = Math.floor(time); t <= time + 1 && t < steps; t++) {
      spikes[t * times.length + n] = Math.max(0, 1 - Math.abs(t - time));
    }
  });
  return spikes;
}

/**
 * When a membrane first reaches its threshold, between two steps; Infinity for never.
 *
 * @param {ArrayLike<number>} membrane
 * @param {number} threshold
 */
export function crossingTime(membrane, threshold) {
  const at = Array.prototype.findIndex.call(membrane, (u) => u >= threshold);
  if (at < 1) return at < 0 ? Infinity : 0;
  return at - (membrane[at] - threshold) / (membrane[at] - membrane[at - 1]);
}

/**
 * A network as it answers, for one value and for all.
 *
 * @param {import("./network.js").Layer[]} layers
 * @param {number} steps  T
 */
export function makeAnswers(layers, steps) {
  /** @param {number} x @param {number} spread */
  function answer(x, spread) {
    const times = jittered(toldAt(x, steps), spread, steps);
    return { times, runs: run(layers, spikesAt(times, steps), steps) };
  }
  /** @type {{spread: number, membranes: (Float32Array | undefined)[]}} */
  let known = { spread: NaN, membranes: [] };

  return {
    answer,
    /**
     * The output's membranes for values from 0 to 1.  They are found only once, but for
     * each jitter; and if time is over some of them only, from where the next call goes
     * on.
     *
     * @param {number} spread
     * @param {() => boolean} isOver
     */
    sweep(spread, isOver) {
      if (spread !== known.spread) known = { spread, membranes: [] };
      const { membranes } = known;
      for (const n of ORDER) {
        if (n % COARSE && isOver()) break;
        membranes[n] ??= answer(n / SWEPT, spread).runs[2].membrane;
      }
      const found = Array.from(membranes).flatMap((membrane, n) =>
        membrane ? [{ x: n / SWEPT, membrane }] : [],
      );
      return { found, isDone: found.length > SWEPT };
    },
  };
}

/**
 * Times at which values are answered, and how far these are from the wanted ones on
 * average; never counts as the end of the run.
 *
 * @param {{x: number, membrane: Float32Array}[]} found
 * @param {number} threshold
 * @param {Task} task
 */
export function answered(found, threshold, task) {
  const steps = found[0].membrane.length;
  const due = found.map(({ x }) => dueAt(task, x, steps));
  const times = found.map(({ membrane }) => crossingTime(membrane, threshold));
  const missed = times.map((time, n) => Math.abs(Math.min(time, steps) - due[n]));
  const error = missed.reduce((sum, miss) => sum + miss, 0) / missed.length;
  return { due, times, error };
}
