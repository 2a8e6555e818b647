// Training of a spiking network by backpropagation through time: pure functions on typed
// arrays, no drawing.

import { run } from "./network.js";
import { derivative } from "./surrogate.js";

/**
 * @typedef {import("./network.js").Layer} Layer
 * @typedef {{weight: Float32Array, bias: Float32Array, beta: Float32Array}} Learned
 *   what is learned of a layer, or its gradients
 */

/**
 * The mean squared error of a network and its gradients.
 *
 * On the way back through a layer the gradient for the membrane at step t is
 *
 *     delta[t] = gU[t] + gS[t] * surrogate(U[t] - theta) + beta * delta[t + 1]
 *
 * with what reaches the membrane and the spikes from the layer above. The reset is a
 * constant; one to zero lets nothing through from the step after a spike.
 *
 * @param {Layer[]} layers  the last is the readout, with one neuron and no reset
 * @param {Float32Array} features  [T * F]
 * @param {Float32Array} target  [T]
 * @param {number} slope  of the fast sigmoid
 * @returns {{loss: number, gradients: Learned[], runs: import("./neuron.js").Run[]}}
 */
export function backpropagate(layers, features, target, slope) {
  const steps = target.length;
  const runs = run(layers, features, steps);
  const output = runs[runs.length - 1].membrane;

  let loss = 0;
  /** @type {Float32Array | null}  what reaches the membranes from above */
  let toMembrane = new Float32Array(steps);
  for (let t = 0; t < steps; t++) {
    const miss = output[t] - target[t];
    loss += (miss * miss) / steps;
    toMembrane[t] = (2 * miss) / steps;
  }

  /** @type {Learned[]} */
  const gradients = new Array(layers.length);
  /** @type {Float32Array | null}  what reaches the spikes from above */
  let toSpikes = null;
  for (let n = layers.length - 1; n >= 0; n--) {
    const above = { toMembrane, toSpikes };
    const { delta, beta } = through(layers[n], runs[n], steps, above, slope);
    const input = n > 0 ? runs[n - 1].spikes : features;
    const { weight, bias } = into(layers[n], input, delta, steps);
    gradients[n] = { weight, bias, beta };
    toMembrane = null;
    if (n > 0) toSpikes = below(layers[n], delta, steps);
  }
  return { loss, gradients, runs };
}

/**
 * Walk back through the time steps of a layer.
 *
 * @param {Layer} layer
 * @param {import("./neuron.js").Run} run  [T * N]
 * @param {number} steps  T
 * @param {{toMembrane: Float32Array | null, toSpikes: Float32Array | null}} above  [T * N]
 * @param {number} slope
 */
function through(layer, { spikes, membrane }, steps, { toMembrane, toSpikes }, slope) {
  const width = layer.bias.length;
  const toZero = layer.reset === "zero";
  const delta = new Float32Array(steps * width);
  const beta = new Float32Array(width);
  for (let n = 0; n < width; n++) {
    const decay = layer.beta[n];
    const theta = layer.threshold[n];
    let carried = 0;
    let sum = 0;
    for (let t = steps - 1; t >= 0; t--) {
      const i = t * width + n;
      carried *= toZero && spikes[i] ? 0 : decay;
      if (toMembrane) carried += toMembrane[i];
      if (toSpikes) {
        carried += toSpikes[i] * derivative("fast_sigmoid", membrane[i] - theta, slope);
      }
      delta[i] = carried;
      const before = i - width;
      if (t > 0 && !(toZero && spikes[before])) sum += carried * membrane[before];
    }
    beta[n] = sum;
  }
  return { delta, beta };
}

/**
 * The gradients of a layer's weights and biases, adding up only what is not zero.
 *
 * @param {Layer} layer
 * @param {Float32Array} input  [T * M]
 * @param {Float32Array} delta  [T * N]
 * @param {number} steps  T
 */
function into(layer, input, delta, steps) {
  const width = layer.bias.length;
  const inputs = input.length / steps;
  const weight = new Float32Array(inputs * width);
  const bias = new Float32Array(width);
  for (let t = 0; t < steps; t++) {
    const row = t * width;
    for (let n = 0; n < width; n++) bias[n] += delta[row + n];
    for (let m = 0; m < inputs; m++) {
      const value = input[t * inputs + m];
      if (value === 0) continue;
      const start = m * width;
      for (let n = 0; n < width; n++) weight[start + n] += value * delta[row + n];
    }
  }
  return { weight, bias };
}

/**
 * What reaches the spikes of the layer below.
 *
 * @param {Layer} layer
 * @param {Float32Array} delta  [T * N]
 * @param {number} steps  T
 */
function below(layer, delta, steps) {
  const width = layer.bias.length;
  const inputs = layer.weight.length / width;
  const gradient = new Float32Array(steps * inputs);
  for (let t = 0; t < steps; t++) {
    const row = t * width;
    for (let m = 0; m < inputs; m++) {
      const start = m * width;
      let sum = 0;
      for (let n = 0; n < width; n++) sum += layer.weight[start + n] * delta[row + n];
      gradient[t * inputs + m] = sum;
    }
  }
  return gradient;
}

/**
 * Adam, as PyTorch has it, on weights, biases and decays; decays stay in [0, 1].
 *
 * D. P. Kingma, J. Ba. Adam: a method for stochastic optimization. ICLR 2015.
 *
 * @param {Layer[]} layers  changed in place
 */
export function adam(layers) {
  const names = /** @type {const} */ (["weight", "bias", "beta"]);
  const moments = layers.map((layer) =>
    names.map((name) => ({
      first: new Float32Array(layer[name].length),
      second: new Float32Array(layer[name].length),
    })),
  );
  let count = 0;

  /**
   * Take a step.
   *
   * @param {Learned[]} gradients
   * @param {number} rate
   */
  return (gradients, rate) => {
    count++;
    const size = rate / (1 - 0.9 ** count);
    const scale = 1 / Math.sqrt(1 - 0.999 ** count);
    layers.forEach((layer, l) => {
      names.forEach((name, k) => {
        const values = layer[name];
        const gradient = gradients[l][name];
        const { first, second } = moments[l][k];
        for (let i = 0; i < values.length; i++) {
          const g = gradient[i];
          first[i] += 0.1 * (g - first[i]);
          second[i] += 0.001 * (g * g - second[i]);
          values[i] -= (size * first[i]) / (Math.sqrt(second[i]) * scale + 1e-8);
        }
      });
      for (let i = 0; i < layer.beta.length; i++) {
        layer.beta[i] = Math.min(1, Math.max(0, layer.beta[i]));
      }
    });
  };
}
