// A network that learns, in the page, the curve that a reader has drawn.

import { mount } from "./explorer.js";
import { legend, make } from "./figure.js";
import { makeMonitor } from "./monitor.js";
import { nameOf } from "./numerics/curve.js";
import { python } from "./numerics/python.js";
import { room } from "./numerics/scale.js";
import { makePad } from "./pad.js";
import { makeTrainer } from "./trainer.js";

const SELDOM = 10_000; // milliseconds between two summaries
const STEADY = 500; // milliseconds between two pictures for who wants little motion

/** @type {Record<string, string>} */
const NAMES = { sqrt: "square root", bumps: "two bumps" };

/** @param {number} loss */
const error = (loss) =>
  loss < 1e-4 && loss > 0 ? loss.toExponential(1) : loss.toPrecision(2);

/**
 * The target's list and the buttons.
 *
 * @param {Element} parent
 * @param {string[]} presets
 */
function makeTools(parent, presets) {
  const around = make(parent, "label", { class: "preset" });
  make(around, "span", { class: "name" }, "target");
  const choice = make(around, "select");
  for (const name of presets) {
    make(choice, "option", { value: name }, NAMES[name] ?? name);
  }
  make(choice, "option", { value: "drawn", disabled: "" }, "drawn");
  const [train, step, reset] = ["Train", "Step", "Reset"].map((text) =>
    make(parent, "button", { type: "button" }, text),
  );
  train.className = "main";
  return { choice, train, step, reset };
}

/** @type {import("./explorer.js").Explorer} */
const playground = {
  title: "Playground",
  again: "Default settings",
  below: true,
  readings: [
    ["iteration", "iteration"],
    ["loss", "mean squared error"],
    ["first", "layer 1 fires"],
    ["second", "layer 2 fires"],
    ["speed", "iterations/s"],
  ],

  figure(parent, model, { tools, foot, row, offering, onRestart, redraw, atEnd }) {
    /** @type {import("./numerics/control.js").Control[]} */
    const controls = model.get("_controls");
    const presets = controls.find(({ name }) => name === "target")?.presets ?? {};
    const steady = matchMedia("(prefers-reduced-motion: reduce)").matches;

    const { choice, train, step, reset } = makeTools(tools, Object.keys(presets));
    const note = make(parent, "p", { class: "note", role: "status" });
    legend(parent, [
      ["target", "target: draw your own"],
      ["membrane", "output membrane"],
    ]);
    const pad = make(parent, "div", {
      class: "pad",
      tabindex: "0",
      role: "application",
      "aria-label":
        "Drawing pad. Arrow keys move a pen, space puts it down or lifts it.",
    });
    const place = make(parent, "p", { class: "summary", role: "status" });
    const { top, draw } = makeMonitor(pad, foot);

    const trainer = makeTrainer(model.get("_worker"), redraw);
    const { state } = trainer;
    atEnd(trainer.end);

    // What the worker has been told

    /** @type {{target: number[], values: any, text: string} | null} */
    let told = null;
    let afresh = true;
    let rest = 0; // until the worker may go on
    atEnd(() => clearTimeout(rest));

    /** @param {any} values */
    function tell(values) {
      const target = [...model.get("target")];
      const text = JSON.stringify([target, values]);
      if (text === told?.text && !afresh) return;
      const same = told?.values;
      if (same?.hidden !== values.hidden || same?.seed !== values.seed) afresh = true;
      const order = { settings: values, target };
      // A second view of a widget goes on from where the first one is.
      const [hidden, seed] = told ? [] : (model.get("_run") ?? []);
      if (!afresh) trainer.tell(order);
      else if (hidden !== values.hidden || seed !== values.seed) trainer.begin(order);
      else {
        const [weights, iteration] = [model.get("weights"), model.get("iteration")];
        trainer.begin({ ...order, weights, iteration });
      }
      told = { target, values, text };
      afresh = false;
    }

    function begin() {
      offering.clear();
      state.going = false;
      afresh = true;
      redraw();
    }
    onRestart(begin);

    // What a reader does

    /** @param {number[]} curve */
    function follow(curve, done = true) {
      model.set("target", curve);
      if (done) model.save_changes();
    }
    choice.onchange = () => follow(presets[choice.value]);
    train.onclick = () => (state.going ? trainer.pause() : trainer.train());
    step.onclick = trainer.step;
    // What was taken away before is not what is there now.
    for (const button of [train, step]) {
      button.addEventListener("click", offering.clear);
    }
    reset.onclick = begin;
    make(row, "button", { type: "button" }, "Take it to Python").onclick = () => {
      const iterations = state.isOld ? state.first : (state.sight?.iteration ?? 0);
      if (told) offering.offer(python(told, presets, iterations), "Python");
    };

    /** @type {import("./pad.js").Pen | null} */
    let pen = null;
    makePad(pad, {
      panel: top,
      curve: () => model.get("target"),
      drawn: follow,
      shown: (next) => {
        pen = next;
        if (pen) {
          const [t, y] = pen.at;
          const way = pen.down ? "down" : "up";
          place.textContent = `Step ${t}, height ${y.toFixed(2)}, pen ${way}.`;
        }
        redraw();
      },
    });

    // The picture

    /** @type {import("./trainer.js").Sight | null}  drawn last */
    let seen = null;
    let said = { time: 0, text: "" };

    /** What a screen reader hears: now and then, and when training stops. */
    function summary() {
      if (!state.sight || state.isOld) return null;
      const { iteration, loss } = state.sight;
      const text = `Iteration ${iteration}: mean squared error ${error(loss)}.`;
      const now = performance.now();
      if (text === said.text || (state.going && now - said.time < SELDOM)) return null;
      said = { time: now, text };
      return text;
    }

    /** Hand the weights to the kernel, and ask the worker for the next sight. */
    function drawn() {
      if (!state.sight || state.isOld || state.sight === seen) return;
      seen = state.sight;
      if (seen.weights) {
        model.set("weights", seen.weights);
        model.set("_run", [told?.values.hidden, told?.values.seed]);
        model.set("iteration", seen.iteration);
        model.set("loss", seen.loss);
        model.save_changes();
      }
      rest = setTimeout(() => trainer.next(), steady ? STEADY : 0);
    }

    return (values, width, inner) => {
      tell(values);
      const target = told?.target ?? [];
      choice.value = nameOf(target, presets);
      train.textContent = state.going ? "Pause" : "Train";
      if (state.fault) note.textContent = state.fault;
      // Until the worker has answered, the picture is not that of the controls.
      parent.setAttribute("aria-busy", String(state.isBehind));
      top.frame(inner, [-1, target.length], room(state.sight?.output ?? []));
      top.curve("target", target);
      top.dots("pen", pen ? [pen.at] : []);

      const { sight, speed } = state;
      const readings = {
        iteration: "0",
        loss: "–",
        first: "–",
        second: "–",
        speed: speed === null ? "–" : speed.toFixed(0),
      };
      if (!sight) return { readings, summary: null };
      const rates = draw(sight, state.losses, state.start, width);
      const [first, second] = rates.map((rate) => `${(100 * rate).toFixed(1)} %`);
      drawn();
      readings.iteration = String(sight.iteration);
      readings.loss = error(sight.loss);
      return { readings: { ...readings, first, second }, summary: summary() };
    };
  },
};

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, playground),
};
