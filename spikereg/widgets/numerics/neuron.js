// The leaky integrate-and-fire neuron: pure functions, no drawing.
//
// All arithmetic is rounded to float32 after each operation, in the order of
// spikereg/scan/reference.py, so that the same current gives the same bits as PyTorch.

export const f32 = Math.fround;

/**
 * @typedef {"subtract" | "zero" | "none"} Reset
 * @typedef {{spikes: Float32Array, membrane: Float32Array}} Run
 */

/**
 * Run a layer of neurons over all time steps.
 *
 * @param {ArrayLike<number>} current  [T * N], time first
 * @param {ArrayLike<number>} beta  [N], or [1] for all neurons
 * @param {ArrayLike<number>} threshold  [N], or [1] for all neurons
 * @param {Reset} reset
 * @param {number} width  N
 * @returns {Run}  spikes and membrane, each [T * N]
 */
export function leaky(current, beta, threshold, reset, width = 1) {
  const membrane = new Float32Array(current.length);
  const spikes = new Float32Array(current.length);
  for (let n = 0; n < width; n++) {
    const decay = f32(Math.min(1, Math.max(0, beta[n % beta.length])));
    const theta = f32(threshold[n % threshold.length]);
    let before = 0;
    for (let i = n; i < current.length; i += width) {
      const fired = f32(before - theta) > 0;
      let u;
      if (reset === "zero") {
        u = f32(f32(decay * (fired ? 0 : before)) + current[i]);
      } else {
        u = f32(f32(decay * before) + current[i]);
        if (reset === "subtract" && fired) u = f32(u - theta);
      }
      membrane[i] = u;
      spikes[i] = f32(u - theta) > 0 ? 1 : 0;
      before = u;
    }
  }
  return { spikes, membrane };
}

/**
 * The steady state of a neuron without reset under a constant current, I / (1 - beta);
 * null where there is none.
 *
 * @param {number} current
 * @param {number} beta
 * @returns {number | null}
 */
export function steadyState(current, beta) {
  return beta < 1 ? current / (1 - beta) : null;
}

/**
 * Read the spike train of one neuron in four ways; Infinity where there is nothing to
 * read.
 *
 * @param {Run} run  of a single neuron
 */
export function decode({ spikes, membrane }) {
  const times = Array.from(spikes.keys()).filter((t) => spikes[t] > 0);
  const count = times.length;
  return {
    count,
    latency: count ? times[0] : Infinity,
    interval: count > 1 ? (times[count - 1] - times[0]) / (count - 1) : Infinity,
    final: membrane[membrane.length - 1],
  };
}

/**
 * The input currents of the explorers.
 *
 * @param {"step" | "ramp" | "sine" | "noise"} kind
 * @param {number} amplitude
 * @param {number} steps
 * @returns {Float32Array}
 */
export function stimulus(kind, amplitude, steps) {
  const random = generator(1);
  return Float32Array.from({ length: steps }, (_, t) => {
    if (kind === "step") return t < steps / 10 ? 0 : amplitude;
    if (kind === "ramp") return (amplitude * t) / (steps - 1);
    if (kind === "sine") return amplitude * Math.sin((2 * Math.PI * t) / (steps / 2));
    return amplitude * random();
  });
}

/**
 * A small generator of numbers in [0, 1): the same everywhere, for noise that one can
 * come back to. (Marsaglia's xorshift with 32 bits.)
 *
 * @param {number} seed
 */
export function generator(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}
