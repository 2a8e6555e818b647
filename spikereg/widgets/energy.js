// What networks cost, at figures of energy that the reader moves.

import { mount } from "./explorer.js";
import { draw, legend, make } from "./figure.js";
import {
  compared,
  costOf,
  figuresOf,
  noteOf,
  toDigits,
  unitFor,
  verdictOf,
} from "./numerics/energy.js";
import { ticks } from "./numerics/scale.js";

const PARTS = /** @type {const} */ (["arithmetic", "weights", "states"]);
const OWN = "own figures";

// Of the bars, in pixels
const LEFT = 1;
const HEAD = 22;
const FOOT = 40; // the axis
const ENERGY = 70; // right of them
const TIMES = 56; // right of that, where there is room
const BEFORE = 15; // what stands above them has lines of so many
const ROOM = 620; // with less they are read line by line

/** @param {number} pixels */
const tenths = (pixels) => Math.round(10 * pixels) / 10;

/**
 * A round number that is a little larger: the end of an axis, which seldom changes.
 *
 * @param {number} value
 */
function endFor(value) {
  if (!value) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const sizes = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return power * (sizes.find((size) => size * power >= value * (1 - 1e-9)) ?? 10);
}

/**
 * A list of figures, in front of the sliders.
 *
 * @param {Element} parent
 * @param {string[]} names
 */
function makeFigures(parent, names) {
  const around = make(parent, "label", { class: "control broad" });
  make(around, "span", { class: "name" }, "figures");
  const list = make(around, "select");
  for (const name of names) make(list, "option", { value: name }, name);
  make(list, "option", { value: OWN, disabled: "" }, OWN);
  parent.prepend(around);
  return list;
}

/**
 * A stacked bar for each network.
 *
 * @param {Element} parent
 * @param {string[]} names
 */
function makeBars(parent, names) {
  const svg = draw(parent, "svg", { class: "panel costs", "aria-hidden": "true" });
  draw(svg, "text", { class: "title", x: 0, y: 13 }, "energy of a step");
  const head = draw(svg, "text", { class: "remark", y: 13 }, "× reference");
  const scale = draw(svg, "g");
  const paths = [...PARTS, "reference"].map((part) =>
    draw(svg, "path", { class: `curve ${part}` }),
  );
  const axis = draw(svg, "path", { class: "axis" });
  const rows = names.map((name) => {
    const title = draw(svg, "text", { class: "name", x: 0 }, name);
    const [note, energy, times] = ["note", "energy", "times"].map((kind) =>
      draw(svg, "text", { class: kind }),
    );
    return { title, note, energy, times };
  });

  return {
    /**
     * @param {import("./numerics/energy.js").Cost[]} costs
     * @param {import("./numerics/energy.js").Comparison[]} comparisons
     * @param {number} own  number of the reference
     * @param {number} width
     */
    paint(costs, comparisons, own, width) {
      const isNarrow = width < ROOM;
      const above = (isNarrow ? 2 : 1) * BEFORE;
      const size = above + 31;
      const bottom = HEAD + names.length * size;
      const end = isNarrow ? width : width - TIMES;
      const right = end - ENERGY;
      const most = Math.max(...costs.map(({ total }) => total));
      const [unit, pJ] = unitFor(most);
      const top = endFor(most / pJ);
      const x = (/** @type {number} */ energy) =>
        tenths(LEFT + (energy / pJ / top) * (right - LEFT));
      const middle = (/** @type {number} */ n) => HEAD + n * size + above + 13;
      // Lines stand beside the bars only: what is written between them stays clear.
      const upright = (/** @type {number} */ at) =>
        names.map((_, n) => `M${at},${middle(n) - 11}v22`).join("");

      svg.setAttribute("width", String(width));
      svg.setAttribute("height", String(bottom + FOOT));
      svg.setAttribute("viewBox", `0 0 ${width} ${bottom + FOOT}`);
      head.setAttribute("x", String(width));
      axis.setAttribute("d", upright(LEFT));
      scale.replaceChildren();
      for (const value of ticks(0, top, isNarrow ? 3 : 6)) {
        const at = x(value * pJ);
        draw(scale, "path", { class: "grid", d: upright(at) });
        const place = { class: "tick x", x: at, dx: value ? 0 : 3, y: bottom + 15 };
        draw(scale, "text", place, String(value));
      }
      const place = { class: "label", x: (LEFT + right) / 2, y: bottom + 33 };
      draw(scale, "text", place, `${unit} a step`);

      const drawn = ["", "", "", upright(x(costs[own].total))];
      costs.forEach((cost, n) => {
        let sum = 0;
        PARTS.forEach((part, p) => {
          const from = x(sum);
          sum += cost[part];
          drawn[p] += `M${from},${middle(n)}H${x(sum)}`;
        });
        const { title, note, energy, times } = rows[n];
        const isOwn = n === own;
        const line = middle(n) - 16;
        const first = String(line - (isNarrow ? BEFORE : 0));
        title.setAttribute("y", first);
        note.textContent = isOwn ? "the reference" : noteOf(comparisons[n]);
        note.setAttribute("x", String(isNarrow ? 0 : right));
        note.setAttribute("y", String(line));
        note.setAttribute("text-anchor", isNarrow ? "start" : "end");
        energy.textContent = `${toDigits(cost.total / pJ, 3)} ${unit}`;
        const ratio = comparisons[n].times;
        times.textContent = Number.isFinite(ratio)
          ? `${isOwn ? 1 : toDigits(ratio, 2)} ×`
          : "–";
        energy.setAttribute("x", String(end));
        energy.setAttribute("y", String(middle(n) + 4));
        times.setAttribute("x", String(width));
        times.setAttribute("y", isNarrow ? first : String(middle(n) + 4));
      });
      paths.forEach((path, p) => path.setAttribute("d", drawn[p]));
    },
  };
}

/** @type {import("./explorer.js").Explorer} */
const energyExplorer = {
  title: "What a step costs",
  readings: [],

  figure(parent, model, { tools }) {
    /** @type {import("./numerics/energy.js").Counts[]} */
    const networks = model.get("_networks");
    /** @type {(import("./numerics/energy.js").Figures & {name: string})[]} */
    const presets = model.get("_presets");
    const names = networks.map(({ name }) => name);
    const list = makeFigures(
      tools,
      presets.map(({ name }) => name),
    );
    list.onchange = () => {
      const { name, ...figures } = presets[list.selectedIndex];
      for (const [key, value] of Object.entries(figures)) model.set(key, value);
      model.save_changes();
    };

    const bars = makeBars(parent, names);
    legend(parent, [
      ["arithmetic", "arithmetic of inputs"],
      ["weights", "reading weights"],
      ["states", "states"],
      ["reference", "as much as the reference"],
    ]);
    const verdict = make(parent, "p", { class: "verdict" });

    return (values, _, width) => {
      const figures = /** @type {import("./numerics/energy.js").Figures} */ (values);
      const { rate, reference } = values;
      const key = figuresOf(figures).join();
      const same = presets.find((preset) => figuresOf(preset).join() === key);
      list.value = same?.name ?? OWN;

      const own = names.indexOf(reference);
      const costs = networks.map((network) => costOf(network, figures, rate));
      const comparisons = networks.map((network) =>
        compared(network, networks[own], figures, rate),
      );
      bars.paint(costs, comparisons, own, width);
      verdict.textContent = verdictOf(networks, reference, figures, rate);

      const [unit, pJ] = unitFor(Math.max(...costs.map(({ total }) => total)));
      const all = costs.map(
        ({ total }, n) => `${names[n]} ${toDigits(total / pJ, 3)} ${unit}`,
      );
      return {
        readings: {},
        summary: `${verdict.textContent} A step costs: ${all.join("; ")}.`,
      };
    };
  },
};

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, energyExplorer),
};
