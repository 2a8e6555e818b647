// A whole network: its output against the target, and the spikes that made it.

import { mount } from "./explorer.js";
import { legend, make, panel } from "./figure.js";
import {
  curve,
  rates,
  relativeError,
  run,
  scaled,
  unpack,
} from "./numerics/network.js";
import { bounds } from "./numerics/scale.js";

/** @type {[string, string][]} */
const LEGEND = [
  ["target", "target"],
  ["membrane", "output membrane"],
  ["current", "input"],
];
const BAR = 44; // pixels of a neuron that fires at every step

/** @param {number} share */
const percent = (share) =>
  Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "undefined";
/** @param {number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** @type {import("./explorer.js").Explorer} */
const network = {
  title: "The network",
  readings: [
    ["error", "relative error"],
    ["first", "rate of layer 1"],
    ["second", "rate of layer 2"],
  ],

  figure(parent, model) {
    const layers = unpack(model.get("_numbers"), model.get("_layers"));
    const { timesteps, mode, slope } = model.get("_task");
    legend(parent, LEGEND);
    const top = panel(parent, {
      title: "membrane potential: output and target",
      height: 220,
      xLabel: "time step",
    });
    const pair = make(parent, "div", { class: "beside" });
    const rasters = ["lif_in", "lif_hidden"].map((name, n) =>
      panel(pair, {
        title: `layer ${n + 1} (${name}): spikes by neuron`,
        height: 210,
        xLabel: "time step",
        rows: true,
        right: BAR + 14,
      }),
    );

    return (values, width) => {
      const input = curve("linear", null, values.end, timesteps);
      const target = curve(mode, slope, values.end, timesteps);
      const changed = scaled(
        layers,
        [values.beta_in, values.beta_hidden, values.beta_out],
        [values.threshold_in, values.threshold_hidden, 1],
      );
      const runs = run(changed, input, timesteps);
      const output = runs[2].membrane;

      /** @type {[number, number]} */
      const time = [-1, timesteps];
      const all = [...input, ...target, ...output];
      top.frame(width, time, bounds(Math.min(...all), Math.max(...all), 1));
      top.curve("current", input);
      top.curve("target", target);
      top.curve("membrane", output);
      const half = width < 560 ? width : Math.floor((width - 16) / 2);
      const fired = rasters.map((raster, n) => {
        const neurons = layers[n].bias.length;
        const each = rates(runs[n].spikes, neurons);
        raster.frame(half, time, [0, neurons]);
        raster.raster("spikes", runs[n].spikes, neurons);
        raster.bars("spikes", each, BAR);
        return percent(mean(each));
      });

      const error = percent(relativeError(output, target));
      const summary =
        `Relative error ${error}. Layer 1 fires in ${fired[0]} of the steps, layer 2 in ` +
        `${fired[1]}.`;
      return { readings: { error, first: fired[0], second: fired[1] }, summary };
    };
  },
};

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, network),
};
