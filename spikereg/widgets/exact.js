// One neuron whose spike time is a formula: where its gradient says that the spike goes
// when a weight grows, and where it goes.

import { makeDrag } from "./drag.js";
import { mount } from "./explorer.js";
import { legend, makeSplit, panel } from "./figure.js";
import {
  causes,
  firstSpike,
  potential,
  reweighted,
  slopeAt,
  spikesOver,
} from "./numerics/exact.js";

const FIXED = [5, 15, 40]; // times of the first inputs, in steps
const STEPS = 80;
const POINTS = 401; // of the membrane
const MORE = 0.1; // by which the weight grows
/** @type {[number, number]} */
const WEIGHTS = [-1, 2];
/** @type {[number, number]} */
const HEIGHTS = [-0.5, 2]; // of the membrane: what lies beyond comes after the spike
const NAMES = ["w1", "w2", "w3", "w4"];
const ARROW = 1.5; // height at which it is drawn

/** @param {number} i */
const moment = (i) => (STEPS * i) / (POINTS - 1);
/** @param {number} value @param {number} digits */
const number = (value, digits) => {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
};

/**
 * Why no arrow is seen, if there is none.
 *
 * @param {number} spike
 * @param {number | null} slope
 * @param {number} which  weight, from 0 on
 */
function remarkOn(spike, slope, which) {
  if (slope === null) return "silent: no gradient";
  if (spike > STEPS) return "it fires beyond this picture";
  return slope === 0 ? `input ${which + 1} comes after the spike` : "";
}

/** @type {import("./explorer.js").Explorer} */
const explorer = {
  title: "An exact spike time",
  readings: [
    ["time", "spike time t"],
    ["slope", "dt/dw"],
    ["causes", "inputs before it"],
    ["more", "t if w grows by 0.1"],
  ],
  // The arrow is for the weight that was moved last.
  moved: (name, model) => {
    if (NAMES.includes(name)) model.set("arrow", name);
  },

  figure(parent, model) {
    const { main, side, share } = makeSplit(parent);
    const inputs = panel(main, {
      title: "input spikes, as high as their weights",
      height: 150,
      yTicks: 4,
    });
    const output = panel(main, {
      title: "membrane U",
      height: 240,
      xLabel: "time step",
      clip: true,
    });
    legend(side, [
      ["spikes", "spike"],
      ["gradient", "0.1 × dt/dw: the gradient"],
      ["later", "w + 0.1: in fact"],
    ]);
    const all = makeDrag(side, model, () => model.get("arrow"), {
      title: "spike time, by one weight",
      height: 290,
      xLabel: " ",
      clip: true,
    });

    return (values, width) => {
      const which = NAMES.indexOf(values.arrow);
      const weights = NAMES.map((name) => values[name]);
      const times = [...FIXED, values.time];
      const weight = weights[which];
      const name = `w${which + 1}`;
      const spike = firstSpike(times, weights);
      const slope = slopeAt(times, weights, which);
      const later = firstSpike(times, reweighted(weights, which, weight + MORE));
      const fires = Number.isFinite(spike);
      const isSeen = spike <= STEPS;

      const [left, right] = share(width);
      /** @type {[number, number]} */
      const steps = [0, STEPS];
      inputs.frame(left, steps, [WEIGHTS[0] - 0.4, WEIGHTS[1]]);
      /** @type {[number, number][]} */
      const stems = times.map((time, n) => [time, weights[n]]);
      inputs.stems("current", stems);
      inputs.dots("current", [stems[which]]);

      const line = Float64Array.from({ length: POINTS }, (_, i) =>
        potential(times, weights, moment(i)),
      );
      const until = Math.ceil((spike / STEPS) * (POINTS - 1));
      output.frame(left, steps, HEIGHTS);
      output.level("threshold", 1, "θ");
      output.curve("other", line, moment);
      output.curve("membrane", isSeen ? [...line.slice(0, until), 1] : line, (i) =>
        i < until ? moment(i) : spike,
      );
      output.upright("later", later <= STEPS ? later : null, [1, HEIGHTS[1]]);
      output.upright("spikes", isSeen ? spike : null, [1, HEIGHTS[1]]);
      const end = spike + MORE * (slope ?? 0);
      output.arrow("gradient", slope && isSeen ? [spike, ARROW] : null, end);
      output.dots("spikes", isSeen ? [[spike, 1]] : []);
      output.remark(remarkOn(spike, slope, which));

      const { at, spikes } = spikesOver(times, weights, which, WEIGHTS);
      all.frame(right, WEIGHTS, steps, `weight ${name}: click or drag`);
      all.upright("other", weight);
      const tangent = WEIGHTS.map((w) => spike + (slope ?? 0) * (w - weight));
      all.curve("gradient", slope === null ? [] : tangent, (i) => WEIGHTS[i]);
      all.curve("spikes", spikes, (i) => at[i]);
      all.dots("later", later <= STEPS ? [[weight + MORE, later]] : []);
      all.dots("spikes", isSeen ? [[weight, spike]] : []);

      const before = causes(times, spike).map((i) => i + 1);
      const said = slope === null ? "none" : `${number(slope, 1)} (${name})`;
      const readings = {
        time: fires ? number(spike, 1) : "never",
        slope: said,
        causes: before.join(", ") || "none",
        more: Number.isFinite(later) ? number(later, 1) : "never",
      };
      const summary =
        slope === null
          ? `The neuron is silent: no gradient. If ${name} grows by 0.1, it fires at: ` +
            `${readings.more}.`
          : `Spike at ${readings.time}, after inputs ${readings.causes}. The gradient ` +
            `for ${name} is ${number(slope, 1)}: if it grows by 0.1, a spike at ` +
            `${number(end, 1)}. Really at ${readings.more}.`;
      return { readings, summary };
    };
  },
};

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, explorer),
};
