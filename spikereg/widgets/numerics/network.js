// A spiking network of dense layers: pure functions, no drawing.

import { f32, leaky } from "./neuron.js";

/**
 * @typedef {object} Layer
 * @property {Float32Array} weight  [M * N], one row an input: PyTorch's, transposed
 * @property {Float32Array} bias  [N]
 * @property {Float32Array} beta  [N], or [1] for all neurons
 * @property {Float32Array} threshold  [N], or [1] for all neurons
 * @property {import("./neuron.js").Reset} reset
 */

/**
 * Run all layers over a sequence.
 *
 * @param {Layer[]} layers
 * @param {Float32Array} features  [T * F]
 * @param {number} steps  T
 * @returns {import("./neuron.js").Run[]}  spikes and membrane of each layer
 */
export function run(layers, features, steps) {
  const runs = [];
  let signal = features;
  for (const layer of layers) {
    const width = layer.bias.length;
    const current = product(layer, signal, steps);
    runs.push(leaky(current, layer.beta, layer.threshold, layer.reset, width));
    signal = runs[runs.length - 1].spikes;
  }
  return runs;
}

/**
 * Weights times signal plus bias, adding up only what is not zero: spikes are few.
 *
 * @param {Pick<Layer, "weight" | "bias">} layer
 * @param {Float32Array} signal  [T * M]
 * @param {number} steps  T
 */
export function product({ weight, bias }, signal, steps) {
  const width = bias.length;
  const inputs = signal.length / steps;
  const current = new Float32Array(steps * width);
  const sum = new Float64Array(width);
  for (let t = 0; t < steps; t++) {
    sum.set(bias);
    for (let m = 0; m < inputs; m++) {
      const value = signal[t * inputs + m];
      if (value === 0) continue;
      for (let n = 0, i = m * width; n < width; n++, i++) sum[n] += weight[i] * value;
    }
    current.set(sum, t * width);
  }
  return current;
}

/**
 * The layers with decays and thresholds multiplied; the neurons cut decays to [0, 1].
 *
 * @param {Layer[]} layers
 * @param {number[]} decays  one factor a layer
 * @param {number[]} thresholds  one factor a layer
 * @returns {Layer[]}
 */
export function scaled(layers, decays, thresholds) {
  return layers.map((layer, n) => ({
    ...layer,
    beta: layer.beta.map((value) => value * decays[n]),
    threshold: layer.threshold.map((value) => value * thresholds[n]),
  }));
}

/**
 * Norm of the error over the norm of the target.
 *
 * @param {ArrayLike<number>} prediction
 * @param {ArrayLike<number>} target
 */
export function relativeError(prediction, target) {
  let miss = 0;
  let size = 0;
  for (let i = 0; i < target.length; i++) {
    miss += (prediction[i] - target[i]) ** 2;
    size += target[i] ** 2;
  }
  return Math.sqrt(miss / size);
}

/**
 * The same of a straight line over the input, with the slope and the offset that fit best.
 *
 * @param {ArrayLike<number>} input
 * @param {ArrayLike<number>} target
 */
export function lineError(input, target) {
  const xs = Array.from(input);
  const [x, y] = [xs, Array.from(target)].map(
    (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  );
  let both = 0;
  let own = 0;
  for (let i = 0; i < xs.length; i++) {
    both += (xs[i] - x) * (target[i] - y);
    own += (xs[i] - x) ** 2;
  }
  const slope = own > 0 ? both / own : 0;
  return relativeError(
    xs.map((value) => y + slope * (value - x)),
    target,
  );
}

/**
 * A ramp from zero with a curve over it, as spikereg.RegressionDataset has them.
 *
 * @param {"linear" | "sqrt"} mode
 * @param {number | null} slope  of the square root
 * @param {number} end  of the ramp
 * @param {number} steps  T
 * @returns {Float32Array}
 */
export function curve(mode, slope, end, steps) {
  return Float32Array.from({ length: steps }, (_, t) => {
    const x = f32((end * t) / (steps - 1));
    return mode === "sqrt" ? Math.sqrt(f32(f32(slope ?? 0) * x)) : x;
  });
}

/**
 * How often each neuron fires, in spikes per step.
 *
 * @param {Float32Array} spikes  [T * N]
 * @param {number} neurons  N
 * @returns {number[]}
 */
export function rates(spikes, neurons) {
  const counts = new Array(neurons).fill(0);
  for (let i = 0; i < spikes.length; i++) counts[i % neurons] += spikes[i];
  return counts.map((count) => (count * neurons) / spikes.length);
}

/**
 * @param {Float32Array} matrix  of N rows
 * @param {number} rows  N
 */
export function transposed(matrix, rows) {
  const columns = matrix.length / rows;
  return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
}

/**
 * Write layers as numbers: what unpack reads.
 *
 * @param {Layer[]} layers
 * @returns {DataView}
 */
export function pack(layers) {
  const numbers = layers.flatMap(({ weight, bias, beta, threshold }) => [
    // PyTorch's matrix has one row a neuron.
    ...transposed(weight, weight.length / bias.length),
    ...bias,
    ...beta,
    ...threshold,
  ]);
  const view = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((number, i) => view.setFloat32(4 * i, number, true));
  return view;
}

/**
 * Read so many of the numbers, one part after another.
 *
 * @param {DataView} numbers  float32, little-endian
 */
export function taking(numbers) {
  let offset = 0;
  return (/** @type {number} */ length) => {
    const start = offset;
    offset += 4 * length;
    return Float32Array.from({ length }, (_, i) =>
      numbers.getFloat32(start + 4 * i, true),
    );
  };
}

/**
 * Read layers from their numbers, as spikereg.widgets.network writes them.
 *
 * @param {DataView} numbers  float32, little-endian: weight, bias, beta and threshold of
 *   each layer
 * @param {{inputs: number, width: number, reset: import("./neuron.js").Reset}[]} shapes
 * @returns {Layer[]}
 */
export function unpack(numbers, shapes) {
  const take = taking(numbers);
  return shapes.map(({ inputs, width, reset }) => ({
    weight: transposed(take(inputs * width), width),
    bias: take(width),
    beta: take(width),
    threshold: take(width),
    reset,
  }));
}
