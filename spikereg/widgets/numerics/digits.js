// A network that reads digits row by row: pure functions, no drawing.

import { leaky } from "./neuron.js";
import { product, taking, transposed } from "./network.js";
import { adaptive, recurrent } from "./recurrent.js";

/**
 * @typedef {object} Shape  of a layer
 * @property {number} inputs
 * @property {number} width
 * @property {import("./neuron.js").Reset} reset
 * @property {"leaky" | "recurrent" | "adaptive"} kind
 * @property {"all" | "own" | ""} fed  whether spikes go back to all neurons, or each to its
 *   own
 */

/**
 * @typedef {import("./recurrent.js").Neurons & Pick<import("./network.js").Layer,
 *   "weight" | "bias"> & {kind: Shape["kind"]}} Stage  a layer
 */

const PARAMETERS = { leaky: 2, recurrent: 2, adaptive: 5 };
const CELLS = 64; // of an image

/**
 * Read layers and images from their numbers, as spikereg.widgets.reader writes them.
 *
 * @param {DataView} numbers  float32, little-endian: of each layer weight, bias, parameters
 *   and what is fed back; then the images, row by row
 * @param {Shape[]} shapes
 * @param {number} count  of the images
 * @returns {{stages: Stage[], images: Float32Array[]}}
 */
export function unpackReader(numbers, shapes, count) {
  const take = taking(numbers);
  const stages = shapes.map(({ inputs, width, reset, kind, fed }) => ({
    weight: transposed(take(inputs * width), width),
    bias: take(width),
    parameters: Array.from({ length: PARAMETERS[kind] }, () => take(width)),
    fed: !fed
      ? null
      : {
          weight: fed === "all" ? transposed(take(width * width), width) : take(width),
          bias: fed === "all" ? take(width) : new Float32Array(width),
        },
    reset,
    kind,
  }));
  return { stages, images: Array.from({ length: count }, () => take(CELLS)) };
}

/**
 * The layers with what is fed back multiplied, but for its bias.
 *
 * @param {Stage[]} stages
 * @param {number} factor
 * @returns {Stage[]}
 */
export function strengthened(stages, factor) {
  const r = Math.fround(factor); // as PyTorch multiplies by it
  return stages.map((stage) => {
    const { fed } = stage;
    if (!fed || r === 1) return stage;
    const weight = Float32Array.from(fed.weight);
    for (let i = 0; i < weight.length; i++) weight[i] *= r;
    return { ...stage, fed: { ...fed, weight } };
  });
}

/**
 * An image over time: each row for some steps, then nothing.
 *
 * @param {Float32Array} image  [64]
 * @param {number} repeat  steps of a row
 * @param {number} blank  steps after the last one
 * @returns {Float32Array}  [T * 8]
 */
export function shownOver(image, repeat, blank) {
  const features = new Float32Array((8 * repeat + blank) * 8);
  for (let t = 0; t < 8 * repeat; t++) {
    const row = 8 * Math.floor(t / repeat);
    features.set(image.subarray(row, row + 8), 8 * t);
  }
  return features;
}

/**
 * Run all layers over a sequence.
 *
 * @param {Stage[]} stages
 * @param {Float32Array} features  [T * F]
 * @param {number} steps  T
 * @returns {import("./neuron.js").Run[]}  spikes and membrane of each layer
 */
export function runStages(stages, features, steps) {
  /** @type {import("./neuron.js").Run[]} */
  const runs = [];
  let signal = features;
  for (const stage of stages) {
    const current = product(stage, signal, steps);
    runs.push(layered(current, stage));
    signal = runs[runs.length - 1].spikes;
  }
  return runs;
}

/**
 * @param {Float32Array} current  [T * N]
 * @param {Stage} stage
 */
function layered(current, stage) {
  if (stage.kind === "recurrent") return recurrent(current, stage);
  if (stage.kind === "adaptive") return adaptive(current, stage);
  const [beta, threshold] = stage.parameters;
  return leaky(current, beta, threshold, stage.reset, stage.bias.length);
}

/**
 * What ten outputs say: the mean of each from a step on, the largest one, and how far it
 * is above the second.
 *
 * @param {Float32Array} membrane  [T * 10]
 * @param {number} from
 */
export function decided(membrane, from) {
  const means = Array.from({ length: 10 }, (_, digit) => {
    let sum = 0;
    for (let i = 10 * from + digit; i < membrane.length; i += 10) sum += membrane[i];
    return sum / (membrane.length / 10 - from);
  });
  const order = means.map((_, digit) => digit).sort((a, b) => means[b] - means[a]);
  const [first, second] = order;
  return { means, first, second, margin: means[first] - means[second] };
}

/**
 * How much a layer fires, in spikes per neuron and step.
 *
 * @param {Float32Array} spikes
 */
export const rateOf = (spikes) =>
  spikes.reduce((sum, spike) => sum + spike, 0) / spikes.length;
