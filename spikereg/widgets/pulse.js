// A pulse, and what each kind of memory keeps of it, side by side.

import { mount } from "./explorer.js";
import { columnOf, legend, make, panel } from "./figure.js";
import { LATER, leftAt, memories, pulse, readAt, STEPS } from "./numerics/pulse.js";
import { bounds } from "./numerics/scale.js";

const RUG = 0.16; // of the axis, below it, for the ticks of the spikes

/** @type {[string, string, string][]} name, what it is called, and what is drawn */
const KINDS = [
  ["decay", "Decay", "membrane"],
  ["reset", "Reset", "membrane"],
  ["adaptation", "Adaptation", "current"],
  ["rotation", "Rotation", "membrane"],
  ["gate", "Gate", "cell"],
  ["taps", "Delay taps", "last tap"],
];

/** @param {number | null} share */
function percent(share) {
  if (share === null) return "nothing";
  return share > 0 && share < 0.005 ? "< 1 %" : `${Math.round(100 * share)} %`;
}

/** @type {import("./explorer.js").Explorer} */
const explorer = {
  title: "What is left of a pulse",
  readings: [],

  figure(parent) {
    const place = make(parent, "div", { class: "beside" });
    const top = panel(place, { title: "input x", height: 62, yTicks: 1 });
    legend(place, [
      ["membrane", "what remembers"],
      ["other", "adaptive membrane, amplitude, largest tap"],
    ]);
    const panels = KINDS.map(([, kind, drawn], n) =>
      panel(place, {
        title: `${kind}: ${drawn}`,
        ...(n < KINDS.length - 2
          ? { height: 118 }
          : { height: 152, xLabel: "time step" }),
        yTicks: 2,
      }),
    );

    return (values, width) => {
      const { length, threshold } = values;
      const x = pulse(length);
      const at = readAt(length);
      const found = memories(values);
      const column = columnOf(width);
      /** @type {[number, number]} */
      const time = [-1, STEPS];
      top.frame(column, time, [0, 1]);
      top.curve("current", x);
      const first = x.indexOf(1);
      const shares = KINDS.map(([name], n) => {
        const { state, beside, size = state, spikes } = found[name];
        const theta = spikes ? threshold : null;
        const all = [...Array.from(state), ...Array.from(beside ?? []), theta ?? 0];
        const [low, high] = bounds(Math.min(...all), Math.max(...all), 0.1);
        const under = spikes ? RUG * (high - low) : 0;
        const share = percent(leftAt(found[name], at));
        const one = panels[n];
        one.frame(column, time, [low - under, high]);
        one.remark(`left after ${LATER} steps: ${share}`);
        one.shade("pulse", [[first - 0.5, first + length - 0.5]]);
        one.level("threshold", theta, "θ");
        one.curve("other", beside ?? []);
        one.curve("membrane", state);
        one.dots("membrane", [[at, size[at]]]);
        one.rug("spikes", spikes ?? []);
        return share;
      });
      const said = KINDS.map(([, kind], n) => `${kind}: ${shares[n]}.`).join(" ");
      const summary = `Left ${LATER} steps after the pulse. ${said}`;
      return { readings: {}, summary };
    };
  },
};

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, explorer),
};
