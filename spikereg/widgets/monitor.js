// What a network in training does, drawn: output, losses, decays and spikes.

import { columnOf, make, panel } from "./figure.js";
import { counts } from "./numerics/history.js";
import { rates } from "./numerics/network.js";
import { roundUp } from "./numerics/scale.js";

const BINS = 25;
const RATE = 44; // pixels of a neuron that fires at every step
const LEAST = 1e-12; // loss that is drawn; its logarithm would be endless

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @param {number} power */
function tenTo(power) {
  if (power > -4) return String(Number((10 ** power).toPrecision(1)));
  return `10⁻${[...String(-power)].map((digit) => RAISED[Number(digit)]).join("")}`;
}

/**
 * @param {Element} pad  for the output
 * @param {Element} parent  for the rest
 */
export function makeMonitor(pad, parent) {
  const top = panel(pad, {
    title: "output membrane and target",
    height: 265,
    xLabel: "time step",
    clip: true,
  });
  const pair = make(parent, "div", { class: "beside" });
  const loss = panel(pair, {
    title: "mean squared error",
    height: 150,
    xLabel: "iteration",
    yText: tenTo,
    log: true,
  });
  const decays = panel(pair, {
    title: "neurons by decay: now, and at the start",
    height: 150,
    xLabel: "decay β",
  });
  const below = make(parent, "div", { class: "beside" });
  const rasters = ["lif_in", "lif_hidden"].map((name, n) =>
    panel(below, {
      title: `layer ${n + 1} (${name}): spikes by neuron`,
      height: 165,
      xLabel: "time step",
      rows: true,
      right: RATE + 14,
    }),
  );

  /**
   * @param {import("./trainer.js").Sight} sight
   * @param {ReturnType<typeof import("./numerics/history.js").record>} losses
   * @param {number[]} start  decays at the start
   * @param {number} width
   * @returns {number[]}  firing rate of both layers
   */
  function draw(sight, losses, start, width) {
    const half = columnOf(width);
    top.curve("membrane", sight.output);

    const { points, size } = losses.get();
    const power = (/** @type {number} */ value) => Math.log10(Math.max(value, LEAST));
    const powers = points.map(power);
    const now = power(sight.loss);
    const low = Math.floor(Math.min(-2, now, ...powers));
    const high = Math.ceil(Math.max(low + 1, now, ...powers));
    const end = size * points.length;
    loss.frame(half, [0, roundUp(Math.max(100, end))], [low, high]);
    loss.curve("membrane", powers, (i) => (i + 0.5) * size);
    loss.dots("membrane", [[end, now]]);

    const before = counts(start, BINS);
    const after = counts(sight.decays, BINS);
    decays.frame(half, [0, 1], [0, roundUp(Math.max(...before, ...after))]);
    decays.columns("decays", after);
    decays.columns("start", before);

    return rasters.map((raster, n) => {
      const neurons = sight.decays.length / 2;
      const each = rates(sight.spikes[n], neurons);
      raster.frame(half, [-1, sight.output.length], [0, neurons]);
      raster.raster("spikes", sight.spikes[n], neurons);
      raster.bars("spikes", each, RATE);
      return each.reduce((sum, rate) => sum + rate, 0) / neurons;
    });
  }

  return { top, draw };
}
