// A pulse, and what six kinds of memory keep of it: pure functions, no drawing.

import { leaky } from "./neuron.js";
import { adaptive } from "./recurrent.js";

export const STEPS = 60; // T
export const LATER = 30; // steps after the pulse's end, when what is left is read
const ONSET = 5; // first step of the pulse
const JUMP = 0.5; // what a spike adds to the adaptation

/**
 * @typedef {object} Memory
 * @property {ArrayLike<number>} state  what remembers
 * @property {ArrayLike<number>} [beside]  another line
 * @property {ArrayLike<number>} [size]  how much it holds, if that is not the state's own
 * @property {ArrayLike<number>} [spikes]
 */

/** The input: 1 for so many steps, else 0. @param {number} length */
export const pulse = (length) =>
  Float32Array.from({ length: STEPS }, (_, t) =>
    Number(t >= ONSET && t < ONSET + length),
  );

/** The step in which what is left is read. @param {number} length  of the pulse */
export const readAt = (length) => ONSET + length - 1 + LATER;

/**
 * What each kind of memory makes of the pulse.
 *
 * @param {import("./control.js").Values} values  of the explorer's controls
 * @returns {Record<string, Memory>}
 */
export function memories({ length, tau, threshold, ...values }) {
  const x = pulse(length);
  const beta = Math.exp(-1 / tau);
  const current = x.map((value) => (1 - beta) * value);
  const reset = leaky(current, [beta], [threshold], "subtract");
  return {
    decay: { state: integrated(current, beta) },
    reset: { state: reset.membrane, spikes: reset.spikes },
    adaptation: adapted(x, beta, Math.exp(-1 / values.tau_adaptation), threshold),
    rotation: rotated(current, beta, (2 * Math.PI) / values.period, threshold),
    gate: { state: gated(x, values.forget) },
    taps: delayed(x, values.delay),
  };
}

/**
 * The share of its largest value that is left in a step; null if it never held anything.
 *
 * @param {Memory} memory
 * @param {number} step
 */
export function leftAt({ state, size = state }, step) {
  const most = Math.max(...Array.from(size, Math.abs));
  return most > 0 ? Math.abs(size[step]) / most : null;
}

/**
 * A leaky integrator without a threshold.
 *
 * @param {ArrayLike<number>} current  [T]
 * @param {number} beta
 */
const integrated = (current, beta) =>
  leaky(current, [beta], [Infinity], "none").membrane;

/**
 * An AdaptiveLeaky whose adaptation hears its spikes alone (a = 0).
 *
 * @param {Float32Array} x  [T]
 * @param {number} alpha  decay of the membrane
 * @param {number} beta  decay of the adaptation
 * @param {number} threshold
 * @returns {Memory}
 */
function adapted(x, alpha, beta, threshold) {
  const parameters = [alpha, beta, 0, JUMP, threshold].map((value) =>
    Float32Array.of(value),
  );
  const { spikes, membrane } = adaptive(x, { parameters, fed: null, reset: "zero" });
  const before = spikes.map((_, t) => (t ? JUMP * spikes[t - 1] : 0));
  return { state: integrated(before, beta), beside: membrane, spikes };
}

/**
 * A Resonator without a reset.
 *
 * @param {Float32Array} current  [T]
 * @param {number} beta
 * @param {number} omega  angle per step
 * @param {number} threshold
 * @returns {Memory}
 */
function rotated(current, beta, omega, threshold) {
  const [cos, sin] = [beta * Math.cos(omega), beta * Math.sin(omega)];
  let [u, q] = [0, 0];
  const state = current.map(() => 0);
  const size = current.map((value, t) => {
    [u, q] = [cos * u - sin * q + value, sin * u + cos * q];
    state[t] = u;
    return Math.hypot(u, q);
  });
  return { state, beside: size, size, spikes: state.map((v) => Number(v > threshold)) };
}

/**
 * The cell of an LSTM: while there is input its gates let that in and forget all else.
 *
 * @param {Float32Array} x  [T]
 * @param {number} forget
 */
function gated(x, forget) {
  let cell = 0;
  return x.map((value) => (cell = value > 0 ? value : forget * cell));
}

/**
 * A tapped delay line, which holds the inputs of the last steps.
 *
 * @param {Float32Array} x  [T]
 * @param {number} delay  of the last tap
 * @returns {Memory}
 */
function delayed(x, delay) {
  const state = x.map((_, t) => x[t - delay] ?? 0);
  const size = x.map((_, t) => Math.max(0, ...x.slice(Math.max(0, t - delay), t)));
  return { state, beside: size, size };
}
