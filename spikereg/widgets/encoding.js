// A series that its reader chooses or draws, told by spikes in three ways, and what can
// be read back from them.

import { mount } from "./explorer.js";
import { legend, make, panel } from "./figure.js";
import { nameOf } from "./numerics/curve.js";
import {
  deltaSpikes,
  drawnOn,
  firedAt,
  fromCrossings,
  fromDelta,
  fromRate,
  levelCrossings,
  levelCount,
  rateSpikes,
  rootMeanSquare,
} from "./numerics/encoding.js";
import { makeChoice, makePad } from "./pad.js";

// In parts of the range
const ROOM = 0.08; // above and below a series
const COARSE = 0.5; // what the axis grows by, where what is read back is out of there
const FARTHEST = 1; // so much at most

/** @type {Record<string, string>} */
const TEXTS = { jump: "a sine with a jump", sawtooth: "slow rise, sudden fall" };

/** A number as one writes it, to three digits.  @param {number} value */
function written3(value) {
  const near = Number(value.toPrecision(3));
  const text = String(near);
  const all = text.length > 6 ? near.toExponential().replace("+", "") : text;
  return all.replaceAll("-", "−");
}

/**
 * What the three codes make of a series.
 *
 * @param {number[]} series  in parts of its range
 * @param {import("./numerics/control.js").Values} values
 */
function tell(series, { level_step: step, threshold, neurons, seed }) {
  const rate = rateSpikes(series, neurons, { seed });
  const levels = levelCrossings(series, step);
  const delta = deltaSpikes(series, threshold);
  const codes = {
    rate: { spikes: rate, back: fromRate(rate, neurons) },
    level_crossings: { spikes: levels, back: fromCrossings(levels, step) },
    delta: { spikes: delta, back: fromDelta(delta, threshold) },
  };
  return Object.entries(codes).map(([name, { spikes, back }]) => ({
    name,
    spikes,
    back,
    count: spikes.reduce((sum, spike) => sum + spike, 0),
    error: rootMeanSquare(back, series),
  }));
}

/**
 * Ends of the axis for what is read back.
 *
 * @param {ArrayLike<number>} back  in parts of the range
 * @returns {[number, number]}
 */
function endsFor(back) {
  let [least, most] = [0, 0];
  for (let t = 0; t < back.length; t++) {
    least = Math.max(least, -back[t]);
    most = Math.max(most, back[t] - 1);
  }
  const grown = (/** @type {number} */ by) =>
    by <= ROOM / 2 ? ROOM : Math.min(FARTHEST, COARSE * Math.ceil(by / COARSE));
  return [-grown(least), 1 + grown(most)];
}

/** @type {import("./explorer.js").Explorer} */
const explorer = {
  title: "A series in spikes",
  readings: [
    ["rate", "rate: spikes"],
    ["rateError", "rate: RMS error"],
    ["level_crossings", "levels: spikes"],
    ["level_crossingsError", "levels: RMS error"],
    ["delta", "delta: spikes"],
    ["deltaError", "delta: RMS error"],
  ],

  figure(parent, model, { tools, redraw }) {
    /** @type {import("./numerics/control.js").Control[]} */
    const controls = model.get("_controls");
    const control = controls.find(({ name }) => name === "curve") ?? controls[0];
    const { presets = {}, scales = {} } = control;
    const choice = makeChoice(tools, control, TEXTS);

    const sheet = make(parent, "div", {
      class: "sheet",
      tabindex: "0",
      role: "application",
      "aria-label":
        "Series to draw. Arrow keys move a pen, space puts it down or lifts it.",
    });
    const place = make(parent, "p", { class: "summary", role: "status" });
    const top = panel(sheet, {
      title: "series: draw your own",
      height: 210,
      clip: true,
      yText: written3,
    });
    parent.classList.add("codes");
    legend(parent, [
      ["series", "series"],
      ["membrane", "read back from the spikes"],
    ]);
    const rate = panel(parent, {
      title: "rate: spikes by neuron",
      height: 116,
      rows: true,
    });
    const levels = panel(parent, {
      title: "level crossings: up ▲, down ▼",
      height: 150,
      yTicks: 2,
      yText: written3,
    });
    const delta = panel(parent, {
      title: "delta: a step up or down",
      height: 100,
      xLabel: "time step",
      names: ["down", "up"],
      rows: true,
    });

    /** @returns {number[]} */
    const series = () => [...model.get("curve")];
    /** The ends of the range that a curve has.  @param {number[]} curve */
    const rangeOf = (curve) => scales[drawnOn(curve, presets) ?? ""] ?? [0, 1];
    let isDrawing = false; // during which the axis stays
    /** @type {[number, number]} */
    let ends = [0, 1];
    /** @param {number[]} curve @param {boolean} done */
    function follow(curve, done) {
      isDrawing = !done;
      model.set("curve", curve);
      if (!done) return;
      model.save_changes();
      redraw(); // with the axis that it needs, though it is the same curve
    }
    choice.onchange = () => follow(presets[choice.value], true);

    /** @type {import("./pad.js").Pen | null} */
    let pen = null;
    makePad(sheet, {
      panel: {
        place(pointer) {
          const [low, high] = rangeOf(series());
          const [t, value] = top.place(pointer);
          return [t, (value - low) / (high - low)];
        },
      },
      curve: series,
      drawn: follow,
      shown(next) {
        pen = next;
        if (pen) {
          const [low, high] = rangeOf(series());
          const value = written3(low + pen.at[1] * (high - low));
          const way = pen.down ? "down" : "up";
          place.textContent = `Step ${pen.at[0]}, value ${value}, pen ${way}.`;
        }
        redraw();
      },
    });

    return (values, width) => {
      const curve = series();
      choice.value = nameOf(curve, presets);
      const [low, high] = rangeOf(curve);
      const span = high - low;
      const inUnit = (/** @type {number} */ part) => low + span * part;
      const codes = tell(curve, values);
      const [byRate, byLevel, byDelta] = codes;
      const { back } = codes.find(({ name }) => name === values.read_back) ?? byLevel;

      /** @type {[number, number]} */
      const times = [0, curve.length - 1];
      if (!isDrawing) ends = endsFor(back);
      const isLost = back.some((part) => part < ends[0] || part > ends[1]);
      top.frame(width, times, [inUnit(ends[0]), inUnit(ends[1])]);
      top.curve("series", curve.map(inUnit));
      top.curve("membrane", back.map(inUnit));
      top.remark(isLost ? "drifts out of sight" : "");
      top.dots("pen", pen ? [[pen.at[0], inUnit(pen.at[1])]] : []);

      const { neurons, level_step: step } = values;
      const tick = Math.max(0.8, Math.min(1.6, (0.7 * width) / curve.length));
      /** @type {HTMLElement} */ (parent).style.setProperty("--tick", `${tick}px`);
      rate.frame(width, times, [0, neurons]);
      rate.raster("broad spikes", byRate.spikes, neurons);

      levels.frame(width, times, [low, high]);
      const count = levelCount(step);
      const passed = firedAt(byLevel.spikes, 2 * count);
      /** @type {(isDown: boolean) => [number, number][]} */
      const marks = (isDown) =>
        passed
          .filter(([, n]) => n >= count === isDown)
          .map(([t, n]) => [t, inUnit(step * ((n % count) + 0.5))]);
      levels.wedges("up", marks(false), 1);
      levels.wedges("down", marks(true), -1);

      delta.frame(width, times, [0, 2]);
      const changed = firedAt(byDelta.spikes, 2);
      /** @type {(way: number) => [number, number][]} */
      const steps = (way) =>
        changed.filter(([, n]) => n === way).map(([t]) => [t, 1 - way]);
      delta.spiked("broad up", steps(0), 2);
      delta.spiked("broad down", steps(1), 2);

      /** @type {Record<string, string>} */
      const readings = {};
      const isOwn = low !== 0 || high !== 1;
      for (const { name, count: fired, error } of codes) {
        const percent = `${(100 * error).toFixed(1)} %`;
        readings[name] = String(fired);
        readings[`${name}Error`] = isOwn
          ? `${written3(span * error)} (${percent})`
          : percent;
      }
      const said = codes.map(({ count: fired, error }, n) => {
        const code = ["the rate", "level crossings", "delta"][n];
        return `${code}: ${fired} spikes, error ${(100 * error).toFixed(1)} % of the range`;
      });
      return { readings, summary: `Read back from ${said.join("; ")}.` };
    };
  },
};

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, explorer),
};
