// A network that reads a digit, row by row: the reader's own, or one of some samples.

import { mount } from "./explorer.js";
import { legend, make, panel } from "./figure.js";
import {
  decided,
  rateOf,
  runStages,
  shownOver,
  strengthened,
  unpackReader,
} from "./numerics/digits.js";
import { emptied, pooled, rowsOf } from "./numerics/pixels.js";
import { roomAround } from "./numerics/scale.js";
import { makeImage, makeScores } from "./scores.js";
import { makeSketch } from "./sketch.js";

const OWN = "drawing";
const HIDDEN = ["lif_in", "lif_hidden"];
const ROOM = 560; // pixels that board, image and bars need beside each other
const GAP = 20; // pixels between them

/** @param {number} share */
const shareText = (share) => `${(100 * share).toFixed(1)} %`;

/**
 * Sizes of board, image and bars, in pixels.
 *
 * @param {number} width  of all
 */
function sizes(width) {
  if (width >= ROOM) {
    const [board, image] = [256, 128];
    const bars = Math.min(340, width - board - image - 2 * GAP);
    return { board, image, bars, height: board };
  }
  const board = 32 * Math.max(5, Math.min(8, Math.floor((width - GAP - 88) / 32)));
  const image = 8 * Math.max(9, Math.min(16, Math.floor((width - GAP - board) / 8)));
  return { board, image, bars: width, height: 220 };
}

/**
 * The pictures over time, below each other, with the same steps.
 *
 * @param {Element} parent
 * @param {number} blank  steps after the image
 */
function makeTimes(parent, blank) {
  const common = { rows: true, right: 26 };
  const input = panel(parent, {
    title: "input: the image's rows, one after another",
    height: 95,
    ...common,
  });
  const rasters = HIDDEN.map((name, n) => {
    const title = `layer ${n + 1} (${name}): spikes by neuron`;
    return panel(parent, { title, height: 150, ...common });
  });
  const where = blank ? "averaged where shaded" : "averaged over all steps";
  const outputs = panel(parent, {
    title: `output membranes, ${where}`,
    height: 230,
    xLabel: "time step",
  });
  legend(parent, [
    ["membrane", "the answer"],
    ["target", "the label, if it is another"],
    ["other", "other digits"],
  ]);
  return { input, rasters, outputs };
}

/** @type {import("./explorer.js").Explorer} */
const digitReader = {
  title: "Digit reader",
  readings: [
    ["answer", "read as"],
    ["label", "label"],
    ["margin", "margin to second"],
    ["rate 0", "layer 1 fires"],
    ["rate 1", "layer 2 fires"],
  ],

  figure(parent, model) {
    const { labels, repeat, blank } = model.get("_task");
    const { stages, images } = unpackReader(
      model.get("_numbers"),
      model.get("_shapes"),
      labels.length,
    );
    const shown = 8 * repeat;
    const steps = shown + blank;

    const desk = make(parent, "div", { class: "desk" });
    const [paper, sight, tally] = [
      "draw a large digit",
      "what it reads",
      "how strongly for each digit",
    ].map((caption) => {
      const column = make(desk, "div");
      make(column, "p", { class: "caption" }, caption);
      return column;
    });

    /** @param {number[]} rows @param {boolean} done */
    function follow(rows, done) {
      model.set("drawing", rows);
      model.set("sample", OWN);
      if (done) model.save_changes();
    }
    const sketch = makeSketch(paper, {
      rows: () => rowsOf(model.get("drawing")),
      drawn: follow,
    });
    make(paper, "button", { type: "button" }, "Clear").onclick = sketch.clear;

    const image = makeImage(sight);
    const note = make(sight, "p", { class: "hint" });
    const scores = makeScores(tally);
    const { input, rasters, outputs } = makeTimes(parent, blank);
    const edge = (/** @type {number} */ row) => row * repeat - 0.5;
    /** @type {[number, number][]} */
    const blanks = blank ? [[edge(8), steps - 0.5]] : [];

    let strong = { factor: 1, stages };
    let looked = ""; // what is drawn of the image: a slider leaves it as it is

    return (values, _, inner) => {
      const isOwn = values.sample === OWN;
      const rows = rowsOf(model.get("drawing"));
      const seen = isOwn ? pooled(rows) : images[Number(values.sample)];
      const label = isOwn ? null : labels[Number(values.sample)];
      const features = shownOver(seen, repeat, blank);
      const factor = values.recurrence ?? 1;
      // A stroke of the pen leaves the weights as they are.
      if (factor !== strong.factor)
        strong = { factor, stages: strengthened(stages, factor) };
      const runs = runStages(strong.stages, features, steps);
      const { membrane } = runs[2];
      const { means, first, second, margin } = decided(membrane, blank ? shown : 0);
      // Nothing is not a digit, whatever the network makes of it.
      const answer = isOwn && !rows.some(Boolean) ? null : first;

      const size = sizes(inner);
      const look = [inner, isOwn, ...rows, ...seen].join();
      const isNew = look !== looked;
      if (isNew) {
        looked = look;
        sketch.paint(size.board, isOwn);
        image.paint(seen, size.image);
        paper.style.width = `${size.board}px`;
        sight.style.width = `${size.image}px`;
        note.textContent = isOwn
          ? "each cell: the share of its 4 × 4 pixels"
          : "a sample, until you draw";
      }
      const area = /** @type {[number, number]} */ ([size.bars, size.height]);
      scores.paint(means, roomAround(means, 0.25), { answer, label }, area);

      /** @type {[number, number]} */
      const time = [-1, steps];
      input.frame(inner, time, [0, 8]);
      input.shade("blank", blanks);
      // Turned to the left: time goes right, so the first column is below.
      if (isNew) input.cells("input", seen, 8, edge);
      const broad = Math.max(1.2, Math.min(5, (0.4 * inner) / steps));
      /** @type {HTMLElement} */ (parent).style.setProperty("--tick", `${broad}px`);
      const fired = rasters.map((raster, n) => {
        const { spikes } = runs[n];
        const neurons = spikes.length / steps;
        raster.frame(inner, time, [0, neurons]);
        raster.shade("blank", blanks);
        raster.raster("broad spikes", spikes, neurons);
        return shareText(rateOf(spikes));
      });

      const curves = means.map((_, digit) =>
        Float32Array.from({ length: steps }, (_, t) => membrane[10 * t + digit]),
      );
      outputs.frame(inner, time, roomAround(membrane, 0.5));
      outputs.shade("blank", blanks);
      curves.forEach((curve, digit) => outputs.curve(`other digit-${digit}`, curve));
      const isWrong = label !== null && label !== answer;
      outputs.signed("target", isWrong ? curves[label] : null, String(label));
      outputs.signed(
        "membrane",
        answer === null ? null : curves[answer],
        String(answer),
      );

      const rates = { "rate 0": fired[0], "rate 1": fired[1] };
      const firing = `Layer 1 fires in ${fired[0]} of the steps, layer 2 in ${fired[1]}.`;
      if (answer === null) {
        return {
          readings: { answer: "–", label: "–", margin: "–", ...rates },
          summary: `The board is empty. ${firing}`,
        };
      }
      const lead = `${margin.toFixed(2)} above ${second}`;
      const what = isOwn
        ? "Your drawing is"
        : `Image ${values.sample}, label ${label}, is`;
      return {
        readings: {
          answer: String(answer),
          label: label === null ? "–" : String(label),
          margin: lead,
          ...rates,
        },
        summary: `${what} read as ${answer}, ${lead}. ${firing}`,
      };
    };
  },
};

export default {
  /** @param {{model: import("./explorer.js").Model, el: HTMLElement}} context */
  render: (context) => mount(context, digitReader),
};
