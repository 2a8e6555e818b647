// The law of a plastic material, exact and by pairs of spiking neurons, as
// spikereg.materials and spikereg.SpikingReturnMapping have them: pure functions, no
// drawing.
//
// What the pairs do is rounded to float32 after each operation, in the package's order,
// so that the same strain gives the same spikes.

import { f32 } from "./neuron.js";

/**
 * @typedef {object} Material  in one unit of stress and one of strain
 * @property {number} stiffness  E
 * @property {number} yieldStress
 * @property {number} hardening  H
 */

/**
 * @typedef {object} Pairs
 * @property {number} pairs  J
 * @property {number} quantum  of flow, a stress
 * @property {number} substeps  M
 */

/** A constant as the package keeps it, by its logarithm. @param {number} value */
const kept = (value) => f32(Math.exp(f32(Math.log(value))));

/**
 * What each step of the strain charges a membrane with, in quanta.
 *
 * @param {ArrayLike<number>} strain  after each step; it begins at 0
 * @param {number} stiffness
 * @param {number} quantum
 */
function chargesOf(strain, stiffness, quantum) {
  let before = 0;
  return Float32Array.from(strain, (now) => {
    const part = f32(f32(now) / f32(quantum));
    const charge = f32(kept(stiffness) * f32(part - before));
    before = part;
    return charge;
  });
}

/**
 * How many substeps a step must have, so that none charges a membrane with more than a
 * spike takes.
 *
 * @param {ArrayLike<number>} strain
 * @param {Pick<Material, "stiffness"> & Pick<Pairs, "quantum">} constants
 */
export function substepsFor(strain, { stiffness, quantum }) {
  const charges = chargesOf(strain, stiffness, quantum);
  return charges.reduce(
    (most, charge) => Math.max(most, Math.ceil(Math.abs(charge))),
    1,
  );
}

/**
 * Follow a strain by pairs of neurons.
 *
 * @param {ArrayLike<number>} strain  [T], after each step; it begins at 0
 * @param {Material & Pairs} constants
 */
export function followPairs(strain, constants) {
  const { pairs: width, quantum, substeps, hardening, yieldStress } = constants;
  const charges = chargesOf(strain, constants.stiffness, quantum);
  const steps = charges.length * substeps;
  const rise = f32(kept(hardening) / kept(constants.stiffness));
  const first = f32(kept(yieldStress) / f32(quantum));
  const spikes = new Float32Array(steps * width);
  const membrane = new Float32Array(steps * width);
  const stress = new Float64Array(steps);
  const threshold = new Float64Array(steps);
  const theta = f32(first + 0.5);
  // Of each pair: its membrane, at first a place of its own in a quantum, its distance
  // from 0 without what its threshold has risen by, and its last spike
  const moved = Float32Array.from({ length: width }, (_, j) =>
    f32(0.5 - f32(f32(j + 0.5) / width)),
  );
  const distance = moved.map(Math.abs);
  const fired = new Float32Array(width);
  let count = 0;
  for (let k = 0, i = 0; k < steps; k++) {
    const current = f32(charges[Math.floor(k / substeps)] / substeps);
    let sum = 0;
    for (let j = 0; j < width; j++, i++) {
      const before = moved[j];
      const left = f32(before - fired[j]);
      const now = f32(left + current);
      const change = f32(Math.abs(now) - Math.abs(before));
      const rest = f32(f32(distance[j] + change) - f32(rise * Math.abs(fired[j])));
      let spike = 0;
      if (f32(rest - theta) > 0) {
        spike = now > 0 ? 1 : -1;
        count++;
      }
      moved[j] = membrane[i] = now;
      distance[j] = rest;
      fired[j] = spikes[i] = spike;
      sum += f32(now - spike);
    }
    stress[k] = (quantum * sum) / width;
    threshold[k] = yieldStress + (quantum * rise * count) / width;
  }
  return {
    /** [T * M * J], 1 in tension and -1 in compression */
    spikes,
    /** [T * M * J], before its reset, in quanta */
    membrane,
    /** [T * M], the mean of the membranes after their reset */
    stress,
    /** [T * M], the mean of the thresholds without the half quantum: the yield stress */
    threshold,
    /** of all spikes */
    count,
  };
}

/**
 * The stress that the law has for a strain, which runs straight from step to step.
 *
 * @param {ArrayLike<number>} strain  [T], after each step; it begins at 0
 * @param {Material} material
 * @returns {Float64Array}  [T]
 */
export function exactStress(strain, { stiffness, yieldStress, hardening }) {
  let plastic = 0;
  let flown = 0;
  return Float64Array.from(strain, (now) => {
    const trial = stiffness * (now - plastic);
    const beyond = Math.abs(trial) - (yieldStress + hardening * flown);
    const flow = Math.max(0, beyond) / (stiffness + hardening);
    plastic += flow * Math.sign(trial);
    flown += flow;
    return trial - stiffness * flow * Math.sign(trial);
  });
}

/**
 * A path with each of its steps divided, from its beginning at 0 on.
 *
 * @param {ArrayLike<number>} strain  [T]
 * @param {number} parts
 * @returns {Float64Array}  [1 + T * parts]
 */
export function divided(strain, parts) {
  const found = new Float64Array(1 + strain.length * parts);
  for (let i = 1; i < found.length; i++) {
    const t = Math.floor((i - 1) / parts);
    const before = t ? strain[t - 1] : 0;
    const part = (i - t * parts) / parts;
    found[i] = before + part * (strain[t] - before);
  }
  return found;
}

/**
 * Numbers of substeps, from 1 on, that are even within each step and have its last: all
 * of them, or at most so many a step.
 *
 * @param {number} steps  T
 * @param {number} substeps  M
 * @param {number} most
 * @returns {number[]}
 */
export function someOf(steps, substeps, most) {
  const apart = Math.ceil(substeps / most);
  const found = [];
  for (let t = 0; t < steps; t++) {
    for (let n = apart; n < substeps; n += apart) found.push(t * substeps + n);
    found.push((t + 1) * substeps);
  }
  return found;
}

/**
 * How far a stress is from the wanted one: the mean, and as a share of the wanted one by
 * their norms; null if that is 0 all the time.
 *
 * @param {ArrayLike<number>} stress
 * @param {ArrayLike<number>} wanted
 */
export function errorOf(stress, wanted) {
  let [sum, squares, all] = [0, 0, 0];
  for (let t = 0; t < wanted.length; t++) {
    const off = stress[t] - wanted[t];
    sum += Math.abs(off);
    squares += off * off;
    all += wanted[t] * wanted[t];
  }
  return { mean: sum / wanted.length, share: all ? Math.sqrt(squares / all) : null };
}

/**
 * Where spikes are seen: time and row of each, from 0 up in tension and from -1 down in
 * compression.  Of those of a pair that are too near to each other to be told apart the
 * first one stands for all.
 *
 * @param {ArrayLike<number>} spikes  [T * M * J]
 * @param {number} width  J
 * @param {number} substeps  M
 * @param {number} gap  in steps
 * @returns {[number, number][]}
 */
export function spikesSeen(spikes, width, substeps, gap) {
  /** @type {[number, number][]} */
  const seen = [];
  const last = new Float64Array(2 * width).fill(-Infinity);
  for (let i = 0; i < spikes.length; i++) {
    if (!spikes[i]) continue;
    const pair = i % width;
    const time = ((i - pair) / width + 1) / substeps;
    const row = spikes[i] > 0 ? pair : -1 - pair;
    if (time - last[row + width] < gap) continue;
    last[row + width] = time;
    seen.push([time, row]);
  }
  return seen;
}
