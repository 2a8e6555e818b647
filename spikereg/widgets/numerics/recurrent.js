// Neurons that hear their own spikes, and those that tire: pure functions, no drawing.
//
// As in neuron.js all arithmetic is rounded to float32 after each operation, in the order
// of spikereg/neurons/recurrent.py and adaptive.py.

import { f32 } from "./neuron.js";

/**
 * @typedef {object} Fed  what a layer feeds back
 * @property {Float32Array} weight  [N * N], one row a neuron that fires: PyTorch's,
 *   transposed; or [N], where each feeds back to itself
 * @property {Float32Array} bias  [N]
 */

/**
 * @typedef {object} Neurons
 * @property {Float32Array[]} parameters  each [N], the threshold last: of "recurrent" the
 *   decay before it; of "adaptive" both decays, and the shares of membrane and spikes in
 *   the adaptation
 * @property {Fed | null} fed
 * @property {import("./neuron.js").Reset} reset
 */

/**
 * What all neurons get of the spikes of the step before.
 *
 * @param {Fed} fed
 * @param {ArrayLike<number>} spikes  [N]
 * @param {Float64Array} sum  [N], filled in
 */
function feedBack({ weight, bias }, spikes, sum) {
  const width = bias.length;
  sum.set(bias);
  for (let m = 0; m < width; m++) {
    if (!spikes[m]) continue;
    if (weight.length === width) sum[m] += weight[m];
    else for (let n = 0, i = m * width; n < width; n++, i++) sum[n] += weight[i];
  }
}

/**
 * Run snnTorch's RLeaky.
 *
 * @param {Float32Array} current  [T * N], time first
 * @param {Neurons} neurons
 * @returns {import("./neuron.js").Run}  spikes and membrane, each [T * N]
 */
export function recurrent(current, { parameters: [beta, theta], fed, reset }) {
  const silent = new Float32Array(theta.length); // what it begins with
  return steps(current, theta, fed, silent, (n, i, f, fired, before) => {
    const u = f32(f32(f32(beta[n] * before) + i) + f);
    if (reset === "subtract") return f32(u - f32(fired * theta[n]));
    return reset === "zero" ? f32(u - f32(fired * u)) : u;
  });
}

/**
 * Run spikereg's AdaptiveLeaky.
 *
 * @param {Float32Array} current  [T * N], time first
 * @param {Neurons} neurons
 * @returns {import("./neuron.js").Run}  spikes and membrane, each [T * N]
 */
export function adaptive(current, { parameters, fed }) {
  const [alpha, beta, byMembrane, bySpikes, theta] = parameters;
  const w = new Float32Array(theta.length);
  return steps(current, theta, fed, null, (n, i, f, fired, before) => {
    const kept = f32(f32(1 - fired) * before);
    const more = f32(f32(byMembrane[n] * kept) + f32(bySpikes[n] * fired));
    w[n] = f32(f32(beta[n] * w[n]) + more);
    const drive = f32(f32(1 - alpha[n]) * f32(f32(i + f) - w[n]));
    return f32(f32(alpha[n] * kept) + drive);
  });
}

/**
 * Go through time.
 *
 * @param {Float32Array} current  [T * N]
 * @param {Float32Array} theta  [N]
 * @param {Fed | null} fed
 * @param {Float32Array | null} first  spikes that are fed back at first; null for those of
 *   a membrane of 0
 * @param {(n: number, i: number, f: number, fired: number, before: number) => number} step
 *   a neuron's membrane after its number, its current, what is fed back, its spike and its
 *   membrane before
 * @returns {import("./neuron.js").Run}
 */
function steps(current, theta, fed, first, step) {
  const width = theta.length;
  const membrane = new Float32Array(current.length);
  const spikes = new Float32Array(current.length);
  const u = new Float32Array(width);
  let fired = theta.map((value) => (f32(0 - value) > 0 ? 1 : 0));
  const sum = new Float64Array(width);
  for (let start = 0; start < current.length; start += width) {
    if (fed) feedBack(fed, start || !first ? fired : first, sum);
    for (let n = 0; n < width; n++)
      u[n] = step(n, current[start + n], f32(sum[n]), fired[n], u[n]);
    fired = u.map((value, n) => (f32(value - theta[n]) > 0 ? 1 : 0));
    membrane.set(u, start);
    spikes.set(fired, start);
  }
  return { spikes, membrane };
}
