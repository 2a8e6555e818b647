// A bar of metal that its reader stretches and pushes: the stress that pairs of spiking
// neurons find, and that of the exact law.

import { mount } from "./explorer.js";
import { legend, make, makeSplit, panel } from "./figure.js";
import { heightOf, nameOf, partOfRange } from "./numerics/curve.js";
import {
  divided,
  errorOf,
  exactStress,
  followPairs,
  someOf,
  spikesSeen,
  substepsFor,
} from "./numerics/plastic.js";
import { makeChoice, makePad } from "./pad.js";

// The network counts strain in per cent and stress in yield stresses.
const STIFFNESS = 7; // 210,000 MPa
const YIELD = 300; // MPa
const PARTS = 8; // of a step at most, between which a stress is drawn straight
const LEAST = 450; // MPa that the axis shows; twice as many where that is too few
const APART = 2; // pixels between two spikes that are told apart

/** @type {Record<string, string>} */
const WAYS = { cycle: "one cycle", growing: "growing cycles", irregular: "to and fro" };

/** @param {ArrayLike<number>} stress */
const inMpa = (stress) => Float64Array.from(stress, (part) => YIELD * part);
/** @param {number} value @param {number} digits */
const signless = (value, digits) => value.toFixed(digits).replace("-", "−");

const rounded = (/** @type {number} */ value) => value.toFixed(value < 9.95 ? 1 : 0);

/** @type {import("./explorer.js").Explorer} */
const explorer = {
  title: "A bar that flows by spikes",
  readings: [
    ["error", "mean error"],
    ["spikes", "quanta of flow"],
    ["reached", "yield stress"],
    ["needed", "substeps needed"],
  ],

  figure(parent, model, { tools, redraw }) {
    /** @type {import("./numerics/control.js").Control[]} */
    const controls = model.get("_controls");
    const control = controls.find(({ name }) => name === "path") ?? controls[0];
    const { presets = {}, min, max } = control;
    const choice = makeChoice(tools, control, WAYS);

    const { main, side, share } = makeSplit(parent);
    const sheet = make(main, "div", {
      class: "sheet",
      tabindex: "0",
      role: "application",
      "aria-label":
        "Strain path to draw. Arrow keys move a pen, space puts it down or lifts it.",
    });
    const place = make(main, "p", { class: "summary", role: "status" });
    const path = panel(sheet, { title: "strain in %: draw your own", height: 150 });
    const time = panel(main, {
      title: "stress in MPa",
      height: 230,
      yTicks: 5,
      clip: true,
    });
    const raster = panel(main, {
      title: "spikes: tension +, compression −",
      height: 150,
      xLabel: "time step",
      rows: true,
      yText: (row) => (row > 0 ? "+" : "-"),
    });
    legend(side, [
      ["membrane", "stress: mean membrane"],
      ["target", "stress by the exact law"],
      ["threshold", "yield stress: threshold"],
    ]);
    const loop = panel(side, {
      title: "stress in MPa, by strain",
      height: 440,
      xLabel: "strain in %",
      yTicks: 5,
      clip: true,
    });

    /** @returns {number[]} */
    const strains = () => [...model.get("path")];
    /** @param {number[]} strain @param {boolean} done */
    function follow(strain, done) {
      model.set("path", strain);
      if (done) model.save_changes();
    }
    choice.onchange = () => follow(presets[choice.value], true);

    // The pad counts steps from 0 and has heights from 0 to 1.
    /** @type {import("./pad.js").Pen | null} */
    let pen = null;
    makePad(sheet, {
      panel: {
        place(pointer) {
          const [t, strain] = path.place(pointer);
          return [t - 1, partOfRange(strain, min, max)];
        },
      },
      curve: () => strains().map((strain) => partOfRange(strain, min, max)),
      drawn: (curve, done) =>
        follow(
          curve.map((part) => heightOf(part, min, max)),
          done,
        ),
      shown(next) {
        pen = next && {
          ...next,
          at: [next.at[0] + 1, heightOf(next.at[1], min, max)],
        };
        if (pen) {
          const [t, strain] = pen.at;
          const way = pen.down ? "down" : "up";
          place.textContent = `Step ${t}, strain ${signless(strain, 2)} %, pen ${way}.`;
        }
        redraw();
      },
    });

    return ({ pairs, quantum, hardening, substeps }, width) => {
      const strain = strains();
      const steps = strain.length;
      choice.value = nameOf(strain, presets);
      const material = {
        stiffness: STIFFNESS,
        yieldStress: 1,
        hardening: STIFFNESS * hardening,
      };
      const found = followPairs(strain, { ...material, pairs, quantum, substeps });
      const needed = substepsFor(strain, { stiffness: STIFFNESS, quantum });
      const isBehind = substeps < needed;

      const stress = [0, ...inMpa(found.stress)];
      const threshold = [YIELD, ...inMpa(found.threshold)];
      const fine = divided(strain, PARTS);
      const exact = inMpa(exactStress(fine, material));
      let highest = 0;
      for (const values of [stress, threshold, exact])
        for (const value of values) highest = Math.max(highest, Math.abs(value));
      const top = LEAST * 2 ** Math.max(0, Math.ceil(Math.log2(highest / LEAST)));

      const [left, right] = share(width);
      /** @type {[number, number]} */
      const times = [0, steps];
      /** @type {[number, number]} */
      const heights = [-top, top];
      path.frame(left, times, [-1.1, 1.1]);
      path.curve("current", [0, ...strain]);
      path.dots("pen", pen ? [pen.at] : []);

      // After each substep, or after some of them where they are many
      const drawn = [0, ...someOf(steps, substeps, PARTS)];
      const moment = (/** @type {number} */ i) => drawn[i] / substeps;
      const part = (/** @type {number} */ i) => i / PARTS;
      const stresses = drawn.map((k) => stress[k]);
      const yields = drawn.map((k) => threshold[k]);
      time.frame(left, times, heights);
      time.curve("membrane fine", stresses, moment);
      time.curve("target fine", exact, part);
      time.curve("threshold", yields, moment);
      const lower = yields.map((value) => -value);
      time.curve("threshold lower", lower, moment);
      time.remark(isBehind ? `too few substeps: ${needed} needed` : "");

      const gap = (APART * steps) / left;
      raster.frame(left, times, [-pairs, pairs]);
      raster.spiked(
        "spikes",
        spikesSeen(found.spikes, pairs, substeps, gap),
        2 * pairs,
      );

      const strained = divided(strain, substeps);
      loop.frame(right, [-1, 1], heights);
      loop.curve("membrane fine", stresses, (i) => strained[drawn[i]]);
      loop.curve("target fine", exact, (i) => fine[i]);

      const ends = strain.map((_, t) => stress[(t + 1) * substeps]);
      const wanted = strain.map((_, t) => exact[(t + 1) * PARTS]);
      const { mean, share: relative } = errorOf(ends, wanted);
      const percent = relative === null ? "" : `, ${rounded(100 * relative)} %`;
      const reached = threshold[threshold.length - 1];
      const readings = {
        error: `${rounded(mean)} MPa${percent}`,
        spikes: String(found.count),
        reached: `${reached.toFixed(0)} MPa`,
        needed: String(needed),
      };
      const behind = isBehind
        ? ` The path needs ${needed} substeps a step, and has ${substeps}: the flow falls behind.`
        : "";
      const summary =
        `The stress of the pairs is ${readings.error} from the exact law's on ` +
        `average. Spikes: ${found.count}. The yield stress rises from ${YIELD} to ` +
        `${readings.reached}.${behind}`;
      return { readings, summary };
    };
  },
};

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, explorer),
};
