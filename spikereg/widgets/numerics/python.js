// The lines of Python that train the same network: pure functions, no drawing.

import { nameOf } from "./curve.js";

/** @type {Record<string, string>}  as spikereg.widgets.playground has them */
const FORMULAS = {
  linear: "ramp",
  sqrt: "ramp.sqrt()",
  sine: "0.5 + 0.4 * torch.sin(2 * torch.pi * ramp)",
  step: "torch.where(ramp < 0.5, 0.2, 0.8)",
  bumps:
    "0.8 * torch.exp(-100 * (ramp - 0.3) ** 2)\n" +
    "target += 0.5 * torch.exp(-100 * (ramp - 0.7) ** 2)",
};

/**
 * A number as short as it is meant, without the dust of a difference.
 *
 * @param {number} value
 */
const decimal = (value) => String(Number(value.toPrecision(12)));

/**
 * What spreads draws between two numbers, in Python.
 *
 * @param {string} draws
 * @param {number} from
 * @param {number} to
 */
function spreading(draws, from, to) {
  if (from === 0 && to === 1) return draws;
  return `${decimal(from)} + ${decimal(to - from)} * ${draws}`;
}

/**
 * @param {{target: number[], values: Record<string, any>}} run
 * @param {Record<string, number[]>} presets
 * @param {number} iterations
 */
export function python({ target, values }, presets, iterations) {
  const { hidden, seed, lr, slope, reset } = values;
  const beta = spreading("neuron.beta.detach()", values.beta_from, values.beta_to);
  const threshold = spreading(
    "neuron.threshold",
    values.threshold_from,
    values.threshold_to,
  );
  const own =
    beta !== "neuron.beta.detach()" ||
    threshold !== "neuron.threshold" ||
    slope !== 25 ||
    reset !== "subtract";

  const formula = FORMULAS[nameOf(target, presets)];
  const rows = [];
  for (let t = 0; t < target.length; t += 10) {
    // A target of ones and zeros would be one of integers.
    const row = target.slice(t, t + 10).map((y) => (y % 1 ? String(y) : `${y}.0`));
    rows.push(`    ${row.join(", ")},`);
  }
  const curve = formula
    ? [`target = ${formula}`]
    : ["target = torch.tensor([", ...rows, "]).view(-1, 1, 1)"];
  const neurons = [
    "",
    "def changed(neuron):",
    "    return snn.Leaky(",
    `        beta=${beta},`,
    `        threshold=${threshold},`,
    "        learn_beta=True,",
    `        spike_grad=surrogate.fast_sigmoid(slope=${decimal(slope)}),`,
    `        reset_mechanism="${reset}",`,
    "    )",
    "",
    "model.lif_in = changed(model.lif_in)",
    "model.lif_hidden = changed(model.lif_hidden)",
    "",
  ];
  return [
    ...(own ? ["import snntorch as snn"] : []),
    "import torch",
    ...(own ? ["from snntorch import surrogate"] : []),
    "from spikereg import SpikingRegressor, fit",
    "",
    "# A run from its start, with the last settings: none is changed on the way.",
    `ramp = torch.linspace(0, 1, ${target.length}).view(-1, 1, 1)`,
    ...curve,
    `model = SpikingRegressor(hidden=${hidden}, seed=${seed})`,
    ...(own ? neurons : []),
    `fit(model, [(ramp, target)], epochs=${iterations || 100}, lr=${decimal(lr)})`,
    "",
  ].join("\n");
}
