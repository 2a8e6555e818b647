// A whole network, or two beside each other: output against the target, and the spikes
// that made it.

import { mount } from "./explorer.js";
import { columnOf, legend, make, panel } from "./figure.js";
import {
  curve,
  lineError,
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
const LAYERS = ["lif_in", "lif_hidden"];
const BAR = 44; // pixels of a neuron that fires at every step

/** @param {number} share */
const percent = (share) =>
  Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "undefined";
/** @param {number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The panels of one network or of several: their outputs, then their spikes.
 *
 * @param {Element} parent
 * @param {string[]} names  of several networks
 */
function makePanels(parent, names) {
  const row = () => make(parent, "div", { class: "beside" });
  const common = { xLabel: "time step" };
  const spikes = { ...common, rows: true, right: BAR + 14 };
  if (!names.length) {
    const title = "membrane potential: output and target";
    const top = panel(parent, { title, height: 220, ...common });
    const place = row();
    const rasters = LAYERS.map((name, n) => {
      const title = `layer ${n + 1} (${name}): spikes by neuron`;
      return panel(place, { title, height: 210, ...spikes });
    });
    return [{ top, rasters }];
  }
  // On a phone they stand below each other: the outputs first.
  const places = [row(), ...LAYERS.map(row)];
  return names.map((name) => ({
    top: panel(places[0], {
      title: `${name}: output membrane`,
      height: 170,
      ...common,
    }),
    rasters: LAYERS.map((_, n) => {
      const title = `${name}: spikes of layer ${n + 1}`;
      return panel(places[n + 1], { title, height: 145, ...spikes });
    }),
  }));
}

/**
 * @param {string[]} names  of several networks
 * @returns {[string, string][]}
 */
function makeReadings(names) {
  const line = "norm error, straight line";
  if (!names.length) {
    return [
      ["error 0", "norm error"],
      ["line", line],
      ["rate 0", "rate of layer 1"],
      ["rate 1", "rate of layer 2"],
    ];
  }
  /** @type {[string, string][]} */
  const errors = names.map((name, n) => [`error ${n}`, `norm error, ${name}`]);
  return [...errors, ["line", line]];
}

/**
 * @param {string[]} names  of several networks; none for one
 * @returns {import("./explorer.js").Explorer}
 */
const explorer = (names) => ({
  title: names.length ? "Two networks" : "The network",
  readings: makeReadings(names),

  figure(parent, model) {
    const layers = unpack(model.get("_numbers"), model.get("_layers"));
    const { timesteps, mode, slope } = model.get("_task");
    legend(parent, LEGEND);
    const depth = LAYERS.length + 1;
    const networks = makePanels(parent, names).map((panels, n) => ({
      ...panels,
      name: names[n],
      layers: layers.slice(n * depth, (n + 1) * depth),
    }));

    return (values, width) => {
      const input = curve("linear", null, values.end, timesteps);
      const target = curve(mode, slope, values.end, timesteps);
      const decays = [values.beta_in, values.beta_hidden, values.beta_out];
      const thresholds = [values.threshold_in, values.threshold_hidden, 1];
      const runs = networks.map(({ layers }) =>
        run(scaled(layers, decays, thresholds), input, timesteps),
      );

      // The same axes for all, so that they can be compared.
      const outputs = runs.map((layers) => layers[LAYERS.length].membrane);
      const all = [input, target, ...outputs].flatMap((values) => [...values]);
      const heights = bounds(Math.min(...all), Math.max(...all), 1);
      const half = columnOf(width);
      /** @type {[number, number]} */
      const time = [-1, timesteps];
      const line = percent(lineError(input, target));
      /** @type {Record<string, string>} */
      const readings = { line };
      const said = networks.map(({ name, layers, top, rasters }, n) => {
        top.frame(names.length ? half : width, time, heights);
        top.curve("current", input);
        top.curve("target", target);
        top.curve("membrane", outputs[n]);
        const fired = rasters.map((raster, layer) => {
          const neurons = layers[layer].bias.length;
          const { spikes } = runs[n][layer];
          const each = rates(spikes, neurons);
          raster.frame(half, time, [0, neurons]);
          raster.raster("spikes", spikes, neurons);
          raster.bars("spikes", each, BAR);
          return percent(mean(each));
        });
        const error = percent(relativeError(outputs[n], target));
        readings[`error ${n}`] = error;
        fired.forEach((rate, layer) => (readings[`rate ${layer}`] = rate));
        return (
          `${name ? `${name}: norm` : "Norm"} error ${error}. Layer 1 fires in ` +
          `${fired[0]} of the steps, layer 2 in ${fired[1]}.`
        );
      });
      const summary = [...said, `A straight line's norm error is ${line}.`].join(" ");
      return { readings, summary };
    };
  },
});

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, explorer(context.model.get("_networks") ?? [])),
};
