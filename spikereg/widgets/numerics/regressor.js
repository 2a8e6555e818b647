// The network of spikereg.SpikingRegressor, trained: pure functions, no drawing.

import { run, transposed } from "./network.js";
import { f32 } from "./neuron.js";
import { uniform } from "./random.js";
import { adam, backpropagate } from "./training.js";

/**
 * @typedef {import("./network.js").Layer} Layer
 * @typedef {object} Settings
 * @property {number} hidden  neurons in each hidden layer
 * @property {number} seed
 * @property {number} lr  learning rate
 * @property {number} slope  of the surrogate gradient
 * @property {number} beta_from  the draws of all decays are spread from here ...
 * @property {number} beta_to  ... to here
 * @property {number} threshold_from  and those of the thresholds likewise
 * @property {number} threshold_to
 * @property {import("./neuron.js").Reset} reset  of the hidden layers
 * @typedef {{beta: Float32Array, threshold: Float32Array}} Draws  in [0, 1)
 */

/**
 * The layers as SpikingRegressor(hidden, seed=seed) draws them, bit by bit; decays and
 * thresholds apart, as they are between 0 and 1.
 *
 * @param {number} hidden
 * @param {number} seed
 * @returns {{layers: Layer[], draws: Draws[]}}
 */
export function drawn(hidden, seed) {
  const random = uniform(seed);
  /** @type {Layer[]} */
  const layers = [];
  /** @type {Draws[]} */
  const draws = [];
  for (const [inputs, width] of [
    [1, hidden],
    [hidden, hidden],
    [hidden, 1],
  ]) {
    const bound = 1 / Math.sqrt(inputs);
    const readout = layers.length === 2;
    const weight = transposed(random(inputs * width, -bound, bound), width);
    const bias = random(width, -bound, bound);
    const beta = random(width);
    const threshold = readout ? new Float32Array([1]) : random(width);
    draws.push({ beta, threshold });
    const reset = readout ? "none" : "subtract";
    layers.push({
      weight,
      bias,
      beta: beta.slice(),
      threshold: threshold.slice(),
      reset,
    });
  }
  return { layers, draws };
}

/**
 * A number drawn from [0, 1), spread between two others.
 *
 * @param {number} draw
 * @param {number} from
 * @param {number} to
 */
const spread = (draw, from, to) => f32(f32(draw * f32(to - from)) + f32(from));

/**
 * A network and its training on one curve over the ramp from 0 to 1.
 *
 * @param {Settings} settings
 * @param {ArrayLike<number>} curve  [T]
 * @param {Layer[] | null} trained  to go on from
 */
export function training(settings, curve, trained = null) {
  const { layers: untrained, draws } = drawn(settings.hidden, settings.seed);
  const layers = trained ?? untrained;
  const step = adam(layers);
  let now = trained ? settings : { ...settings, beta_from: 0, beta_to: 1 };
  let target = Float32Array.from(curve);
  let features = ramp(target.length);

  /** @param {Settings} next  with the same number of neurons and the same seed */
  function change(next) {
    for (const [l, { beta, threshold }] of draws.slice(0, 2).entries()) {
      const layer = layers[l];
      layer.reset = next.reset;
      layer.threshold = threshold.map((draw) =>
        spread(draw, next.threshold_from, next.threshold_to),
      );
      if (now.beta_from === next.beta_from && now.beta_to === next.beta_to) continue;
      beta.forEach((draw, n) => {
        // What training has added stays.
        const learned = layer.beta[n] - spread(draw, now.beta_from, now.beta_to);
        const moved = spread(draw, next.beta_from, next.beta_to) + learned;
        layer.beta[n] = Math.min(1, Math.max(0, moved));
      });
    }
    now = next;
  }

  /** @param {ArrayLike<number>} next  [T] */
  function follow(next) {
    target = Float32Array.from(next);
    features = ramp(target.length);
  }

  change(settings);
  return {
    layers,
    change,
    follow,
    /** Train once; returns the loss before it. */
    iterate() {
      const { loss, gradients } = backpropagate(layers, features, target, now.slope);
      step(gradients, now.lr);
      return loss;
    },
    /** What the network does now. */
    look() {
      const runs = run(layers, features, target.length);
      return { runs, loss: meanSquare(runs[2].membrane, target) };
    },
  };
}

/**
 * torch.linspace(0, 1, steps), bit by bit: from both ends to the middle.
 *
 * @param {number} steps
 */
export function ramp(steps) {
  const size = f32(1 / (steps - 1));
  return Float32Array.from({ length: steps }, (_, t) =>
    t < Math.floor(steps / 2) ? size * t : 1 - size * (steps - 1 - t),
  );
}

/**
 * @param {Float32Array} output
 * @param {Float32Array} target
 */
function meanSquare(output, target) {
  let sum = 0;
  for (let t = 0; t < target.length; t++) sum += (output[t] - target[t]) ** 2;
  return sum / target.length;
}
