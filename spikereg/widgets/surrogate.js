// The step of a spike, and the surrogate gradient that stands in for its derivative.

import { mount } from "./explorer.js";
import { columnOf, legend, make, panel } from "./figure.js";
import { bounds } from "./numerics/scale.js";
import { derivative, heaviside, reach, smooth } from "./numerics/surrogate.js";

const POINTS = 401;
const DEAD = 0.01; // of the peak
/** @param {number} i */
const distance = (i) => (2 * i) / (POINTS - 1) - 1;

/** @type {import("./explorer.js").Explorer} */
const surrogate = {
  title: "The step and its surrogate",
  readings: [
    ["share", "gradient passed on"],
    ["reach", "above 1 % of the peak"],
  ],

  figure(parent) {
    legend(parent, [
      ["spikes", "spike"],
      ["smooth", "surrogate"],
    ]);
    const pair = make(parent, "div", { class: "beside" });
    const common = { height: 230, xLabel: "distance U − θ", right: 12 };
    const left = panel(pair, {
      title: "forward: step, and what the gradient sees",
      ...common,
    });
    const right = panel(pair, {
      title: "backward: the derivative passed on",
      ...common,
    });

    return ({ slope, surrogate: kind, distance: z }, width) => {
      const half = columnOf(width);
      const at = Array.from({ length: POINTS }, (_, i) => distance(i));
      const gate = at.map((x) => derivative(kind, x, slope));
      const end = reach(kind, slope, DEAD);
      const passed = derivative(kind, z, slope);

      left.frame(half, [-1, 1], [0, 1]);
      left.curve(
        "smooth",
        at.map((x) => 0.5 + smooth(kind, x, slope)),
        distance,
      );
      left.curve("spikes", [0, 0, 1, 1], (i) => [-1, 0, 0, 1][i]);
      left.dots("membrane", [[z, 0.5 + smooth(kind, z, slope)]]);
      left.dots("spikes", [[z, heaviside(z)]]);
      right.frame(half, [-1, 1], bounds(0, derivative(kind, 0, slope), 1));
      right.shade(
        "dead",
        end < 1
          ? [
              [-1, -end],
              [end, 1],
            ]
          : [],
      );
      right.curve("membrane", gate, distance);
      right.dots("membrane", [[z, passed]]);

      const share = `× ${passed.toFixed(3)}`;
      const inside = `|U − θ| < ${end.toFixed(2)}${end > 1 ? ", all of it" : ""}`;
      const summary =
        `At a distance of ${z.toFixed(2)} the gradient is multiplied by ` +
        `${passed.toFixed(3)}. Beyond a distance of ${end.toFixed(2)} less than 1 % of ` +
        `the peak is left.`;
      return { readings: { share, reach: inside }, summary };
    };
  },
};

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, surrogate),
};
