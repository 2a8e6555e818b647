// A network that is told a value by spikes and answers by the time of one: what it hears,
// how it fires, and when it answers.

import { makeDrag } from "./drag.js";
import { mount } from "./explorer.js";
import { legend, makeSplit, panel } from "./figure.js";
import { answered, crossingTime, dueAt, makeAnswers } from "./numerics/firing.js";
import { unpack } from "./numerics/network.js";
import { roundUp } from "./numerics/scale.js";

const HIDDEN = ["lif_in", "lif_hidden"];
const TALLEST = 2; // thresholds that the membrane's axis shows: it crosses below

const BUDGET = 12; // milliseconds of a frame for other values than the reader's

/** @param {number} time */
const stepText = (time) =>
  Number.isFinite(time) ? `step ${time.toFixed(1)}` : "never";

/** @param {number} late  in steps */
function errorText(late) {
  if (!Number.isFinite(late)) return "no answer";
  const size = Math.abs(late).toFixed(1);
  return size === "0.0" ? "none" : `${size} steps ${late > 0 ? "late" : "early"}`;
}

/**
 * What happens over time, below each other, with the same steps.
 *
 * @param {Element} parent
 */
function makeRun(parent) {
  const input = panel(parent, {
    title: "input: x, 1 − x and 20 beats",
    height: 76,
    names: ["beats", "1 − x", "x"],
  });
  const rasters = HIDDEN.map((name, n) => {
    const title = `layer ${n + 1} (${name}): spikes by neuron`;
    return panel(parent, { title, height: 112, rows: true });
  });
  const output = panel(parent, {
    title: "answer: membrane of the output",
    height: 210,
    xLabel: "time step",
    clip: true,
  });
  return { input, rasters, output };
}

/** @type {import("./explorer.js").Explorer} */
const explorer = {
  title: "When to fire",
  readings: [
    ["due", "wanted at t*"],
    ["fired", "fires at t"],
    ["error", "error"],
    ["mean", "mean error, all x"],
  ],

  figure(parent, model, { redraw }) {
    const layers = unpack(model.get("_numbers"), model.get("_layers"));
    const { task, timesteps, threshold } = model.get("_task");
    const answers = makeAnswers(layers, timesteps);
    // Always the same, so that nothing jumps while jitter changes
    const first = answers.sweep(0, () => true).found;
    const lowest = Math.min(...first.map(({ membrane }) => Math.min(...membrane)));
    const below = lowest < -0.02 * threshold ? roundUp(-lowest) : 0;
    /** @type {[number, number]} */
    const heights = [-Math.min(threshold, below), TALLEST * threshold];

    const { main, side, share } = makeSplit(parent);
    const { input, rasters, output } = makeRun(main);
    legend(side, [
      ["target", "wanted time t*"],
      ["spikes", "time t of the answer"],
      ["membrane", "membrane"],
    ]);
    const all = makeDrag(side, model, () => "x", {
      title: "time of the answer to every x",
      height: 420,
      xLabel: "value x: click or drag",
      clip: true,
    });

    return ({ x, jitter, factor }, width) => {
      const theta = factor * threshold;
      const due = dueAt(task, x, timesteps);
      const { times, runs } = answers.answer(x, jitter);
      const { membrane } = runs[2];
      const time = crossingTime(membrane, theta);
      const fires = Number.isFinite(time);

      const [left, right] = share(width);
      /** @type {[number, number]} */
      const steps = [-1, timesteps];
      const [one, other, ...beats] = times;
      input.frame(left, steps, [0, 3]);
      /** @type {[number, number][]} */
      const told = beats.map((beat) => [beat, 0]);
      input.spiked("spikes", told, 3);
      input.spiked(
        "told spikes",
        [
          [other, 1],
          [one, 2],
        ],
        3,
      );
      rasters.forEach((raster, n) => {
        const neurons = layers[n].bias.length;
        raster.frame(left, steps, [0, neurons]);
        raster.raster("spikes", runs[n].spikes, neurons);
      });

      output.frame(left, steps, heights);
      output.shade("miss", fires ? [[time, due]] : []);
      output.upright("target", due, [0, heights[1]]);
      output.level("threshold", theta, "θ");
      output.curve("membrane", membrane);
      output.upright("spikes", fires ? time : null, [theta, heights[1]]);
      output.dots("spikes", fires ? [[time, theta]] : []);

      // What takes longer than a frame is made finer in the next ones.
      const end = performance.now() + BUDGET;
      const { found, isDone } = answers.sweep(jitter, () => performance.now() > end);
      parent.setAttribute("aria-busy", String(!isDone));
      if (!isDone) redraw();
      const whole = answered(found, theta, task);
      const at = (/** @type {number} */ n) => found[n].x;
      all.frame(right, [0, 1], [0, timesteps]);
      all.upright("other", x);
      all.curve("target", whole.due, at);
      all.curve("spikes", whole.times, at);
      all.dots("spikes", fires ? [[x, time]] : []);

      const error = errorText(time - due);
      const mean = `${whole.error.toFixed(1)} steps`;
      const readings = { due: stepText(due), fired: stepText(time), error, mean };
      const how = fires ? `at ${readings.fired}, error: ${error}` : "never";
      const summary = `Wanted at ${readings.due}, fires ${how}. Mean error over all x: ${mean}.`;
      return { readings, summary };
    };
  },
};

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, explorer),
};
