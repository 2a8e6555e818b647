// One neuron: its current, its membrane, its spikes.

import { mount } from "./explorer.js";
import { panel } from "./figure.js";
import { decode, leaky, steadyState, stimulus } from "./numerics/neuron.js";
import { bounds } from "./numerics/scale.js";

const STEPS = 50;

/** @param {number} value */
const number = (value) => value.toFixed(2).replace("-", "−");

/** @type {import("./explorer.js").Explorer} */
const neuron = {
  title: "One neuron",
  readings: [
    ["count", "spike count"],
    ["latency", "first spike"],
    ["interval", "mean interval"],
    ["final", "final membrane"],
  ],

  figure(parent) {
    const top = panel(parent, { title: "input current", height: 76, yTicks: 2 });
    const middle = panel(parent, { title: "membrane potential", height: 210 });
    const bottom = panel(parent, {
      title: "spikes",
      height: 90,
      xLabel: "time step",
      yTicks: 0,
    });

    return (values, width) => {
      const { beta, threshold, amplitude } = values;
      const current = stimulus(values.stimulus, amplitude, STEPS);
      const run = leaky(current, [beta], [threshold], values.reset_mechanism);
      const constant = values.stimulus === "step" && values.reset_mechanism === "none";
      const ceiling = constant ? steadyState(amplitude, beta) : null;
      const fired = [...run.spikes.keys()].filter((t) => run.spikes[t]);

      /** @type {[number, number]} */
      const time = [-1, STEPS];
      top.frame(width, time, bounds(Math.min(...current), Math.max(...current), 0.5));
      top.curve("current", current);
      const highest = Math.max(threshold, ceiling ?? 0, ...run.membrane);
      middle.frame(width, time, bounds(Math.min(...run.membrane), highest, 2));
      middle.level("ceiling", ceiling, "U∞");
      middle.level("threshold", threshold, "θ");
      middle.curve("membrane", run.membrane);
      middle.dots(
        "spikes",
        fired.map((t) => [t, run.membrane[t]]),
      );
      bottom.frame(width, time, [0, 1]);
      bottom.raster("spikes", run.spikes, 1);

      const { count, latency, interval, final } = decode(run);
      const readings = {
        count: `${count}`,
        latency: count > 0 ? `step ${latency}` : "none",
        interval: count > 1 ? `${interval.toFixed(1)} steps` : "none",
        final: number(final),
      };
      const when = count > 0 ? `, first at step ${latency}` : "";
      const state = ceiling === null ? "" : ` Steady state ${number(ceiling)}.`;
      const summary =
        `${count} ${count === 1 ? "spike" : "spikes"} in ${STEPS} steps${when}. ` +
        `Membrane ends at ${number(final)}.${state}`;
      return { readings, summary };
    };
  },
};

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, neuron),
};
