// Figures in SVG: axes, curves and spikes.  Colours come from explorer.css.

import { ticks } from "./numerics/scale.js";

const MARGIN = { top: 26, right: 26, bottom: 5, left: 42 };
const UNDER = 34; // pixels below an axis that has a label, for that and its numbers

/** @typedef {[number, number]} Bounds */

/** An area to clip has a name, which no other script may give on the same page. */
const common = /** @type {{spikeregClips?: number}} */ (globalThis);

/**
 * Make an element inside another one.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {Element} parent
 * @param {K} name
 * @param {Record<string, string>} [attributes]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(parent, name, attributes = {}, text = "") {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    element.setAttribute(key, value);
  element.textContent = text;
  parent.append(element);
  return element;
}

/**
 * The same for SVG.
 *
 * @param {Element} parent
 * @param {string} name
 * @param {Record<string, string | number>} [attributes]
 * @param {string} [text]
 */
export function draw(parent, name, attributes = {}, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, String(value));
  }
  element.textContent = text;
  parent.append(element);
  return element;
}

/**
 * What the lines are.
 *
 * @param {Element} parent
 * @param {[string, string][]} entries  name and label of each line
 */
export function legend(parent, entries) {
  const list = make(parent, "p", { class: "legend", "aria-hidden": "true" });
  for (const [name, label] of entries) make(list, "span", { class: name }, label);
}

/**
 * How wide a panel is in a box of two columns, or of one where there is no room.
 *
 * @param {number} width
 */
export const columnOf = (width) => (width < 560 ? width : Math.floor((width - 16) / 2));

/**
 * A box for panels over time, and one for a panel beside them, or below on a phone.
 *
 * @param {Element} parent
 */
export function makeSplit(parent) {
  const place = make(parent, "div", { class: "beside" });
  const main = make(place, "div");
  const side = make(place, "div", { class: "side" });
  /** Share a width out; return both.  @param {number} width */
  function share(width) {
    const isWide = width >= 560;
    const left = isWide ? Math.round(0.6 * width) : width;
    const right = isWide ? width - 16 - left : width;
    side.style.width = `${right}px`;
    return [left, right];
  }
  return { main, side, share };
}

/** @param {number} pixels */
const short = (pixels) => Math.round(pixels * 100) / 100;

/**
 * A pair of axes with marks between them.
 *
 * @param {Element} parent
 * @param {object} options
 * @param {string} options.title  what the vertical axis shows
 * @param {number} options.height  in pixels
 * @param {string} [options.xLabel]  without one the axis has no numbers
 * @param {number} [options.yTicks]  about how many; none for 0
 * @param {boolean} [options.rows]  if there is a row for each neuron
 * @param {string[]} [options.names]  of rows, from below
 * @param {number} [options.right]  margin, if something stands there
 * @param {(value: number) => string} [options.yText]  what stands at a tick
 * @param {boolean} [options.log]  whether values are logarithms, of which 0 is no floor
 * @param {boolean} [options.clip]  cut off what lies above or below the axes
 */
export function panel(
  parent,
  {
    title,
    height,
    xLabel = "",
    yTicks = 4,
    rows = false,
    names = [],
    right = MARGIN.right,
    yText = String,
    log = false,
    clip = false,
  },
) {
  const number = (common.spikeregClips = (common.spikeregClips ?? 0) + 1);
  const svg = draw(parent, "svg", { class: "panel", "aria-hidden": "true", height });
  const axes = draw(svg, "g");
  const marks = draw(svg, "g", clip ? { "clip-path": `url(#spikereg-${number})` } : {});
  const bottom = height - MARGIN.bottom - (xLabel ? UNDER : 0);
  /** @type {Map<string, SVGElement>} */
  const drawn = new Map();
  let width = 0;
  /** @type {Bounds} */
  let xs = [0, 1];
  /** @type {Bounds} */
  let ys = [0, 1];
  let known = "";

  /** @param {number} value */
  const x = (value) =>
    short(
      MARGIN.left + ((value - xs[0]) / (xs[1] - xs[0])) * (width - MARGIN.left - right),
    );
  /** @param {number} value */
  const y = (value) =>
    short(bottom - ((value - ys[0]) / (ys[1] - ys[0])) * (bottom - MARGIN.top));

  /** A mark is made once and then changed: that is what keeps a slider smooth. */
  const mark = (/** @type {string} */ name, /** @type {string} */ kind) => {
    const found = drawn.get(name) ?? draw(marks, kind, { class: name });
    drawn.set(name, found);
    return found;
  };

  /** A sign at the right end of the axes; none for null. */
  const write = (
    /** @type {string} */ name,
    /** @type {number | null} */ value,
    /** @type {string} */ sign,
  ) => {
    const text = mark(`sign ${name}`, "text");
    text.textContent = value === null ? "" : sign;
    if (value === null) return;
    text.setAttribute("x", String(x(xs[1]) + 5));
    text.setAttribute("y", String(y(value)));
  };

  return {
    /**
     * Set the size and both axes; they are drawn anew only if they change.
     *
     * @param {number} newWidth
     * @param {Bounds} newXs
     * @param {Bounds} newYs
     * @param {string} [newLabel]  of the axis, if it is not always the same
     */
    frame(newWidth, newXs, newYs, newLabel = xLabel) {
      const key = [newWidth, newXs, newYs, newLabel].join();
      if (key === known) return;
      known = key;
      [width, xs, ys] = [newWidth, newXs, newYs];
      svg.setAttribute("width", String(width));
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      axes.replaceChildren();
      draw(axes, "text", { class: "title", x: 0, y: 13 }, title);
      const all = rows ? ys : ticks(ys[0], ys[1], yTicks);
      for (const value of log ? all.filter(Number.isInteger) : all) {
        draw(axes, "path", {
          class: "grid",
          d: `M${x(xs[0])},${y(value)}H${x(xs[1])}`,
        });
        const place = { class: "tick y", x: MARGIN.left - 8, y: y(value) };
        if (names.length) continue;
        draw(axes, "text", place, yText(value).replace("-", "−"));
      }
      names.forEach((name, n) => {
        const place = { class: "tick y", x: MARGIN.left - 8, y: y(n + 0.5) };
        draw(axes, "text", place, name);
      });
      if (clip) {
        const inside = draw(axes, "clipPath", { id: `spikereg-${number}` });
        const size = { width, height: bottom - MARGIN.top };
        draw(inside, "rect", { x: 0, y: MARGIN.top, ...size });
      }
      const floor = Math.min(ys[1], Math.max(ys[0], 0)); // zero, if it is to be seen
      draw(axes, "path", {
        class: "axis",
        d: `M${x(xs[0])},${y(log ? ys[0] : floor)}H${x(xs[1])}`,
      });
      if (!xLabel) return;
      for (const value of ticks(
        xs[0],
        xs[1],
        width - MARGIN.left - right < 400 ? 4 : 8,
      )) {
        const place = { class: "tick x", x: x(value), y: bottom + 15 };
        draw(axes, "text", place, String(value).replace("-", "−"));
      }
      const place = { class: "label", x: x((xs[0] + xs[1]) / 2), y: height - 5 };
      draw(axes, "text", place, newLabel);
    },

    /**
     * The place of a pointer, in the axes' units.
     *
     * @param {{clientX: number, clientY: number}} pointer
     * @returns {[number, number]}
     */
    place({ clientX, clientY }) {
      const box = svg.getBoundingClientRect();
      const across =
        ((clientX - box.left) * (width / box.width) - MARGIN.left) /
        (width - MARGIN.left - right);
      const up = (bottom - (clientY - box.top)) / (bottom - MARGIN.top);
      return [xs[0] + across * (xs[1] - xs[0]), ys[0] + up * (ys[1] - ys[0])];
    },

    /**
     * A curve, with a gap where there is no number; one without points disappears.
     *
     * @param {string} name
     * @param {ArrayLike<number>} values
     * @param {(i: number) => number} [at]  the place of a value, by default its number
     */
    curve(name, values, at = (i) => i) {
      let d = "";
      let pen = "M";
      for (let i = 0; i < values.length; i++) {
        const isThere = Number.isFinite(values[i]);
        if (isThere) d += `${pen}${x(at(i))},${y(values[i])}`;
        pen = isThere ? "L" : "M";
      }
      mark(`curve ${name}`, "path").setAttribute("d", d);
    },

    /**
     * A line across at one height, with a sign at its right end; none for null.
     *
     * @param {string} name
     * @param {number | null} value
     * @param {string} sign
     */
    level(name, value, sign) {
      const d = value === null ? "" : `M${x(xs[0])},${y(value)}H${x(xs[1])}`;
      mark(`curve ${name}`, "path").setAttribute("d", d);
      write(name, value, sign);
    },

    /**
     * An upright line, from one height to another or over all; none for null.
     *
     * @param {string} name
     * @param {number | null} at
     * @param {Bounds} [heights]
     */
    upright(name, at, [low, high] = ys) {
      const d = at === null ? "" : `M${x(at)},${y(low)}V${y(high)}`;
      mark(`curve ${name}`, "path").setAttribute("d", d);
    },

    /**
     * An arrow to the left or right, cut off where the axes end; none for null.
     *
     * @param {string} name
     * @param {[number, number] | null} start
     * @param {number} end
     */
    arrow(name, start, end) {
      let d = "";
      if (start) {
        const [from, height] = [x(start[0]), y(start[1])];
        const to = x(Math.min(xs[1], Math.max(xs[0], end)));
        const size = short(Math.min(6, Math.abs(to - from)) * Math.sign(from - to));
        d = `M${from},${height}H${to}`;
        if (end >= xs[0] && end <= xs[1])
          d += `M${short(to + size)},${height - 4}L${to},${height}L${short(to + size)},${height + 4}`;
      }
      mark(`curve ${name}`, "path").setAttribute("d", d);
    },

    /**
     * Lines that stand on the axis, each with a number at its end.
     *
     * @param {string} name
     * @param {[number, number][]} ends
     */
    stems(name, ends) {
      const d = ends.map(([px, py]) => `M${x(px)},${y(0)}V${y(py)}`).join("");
      mark(`curve ${name}`, "path").setAttribute("d", d);
      ends.forEach(([px, py], n) => {
        const text = mark(`tick ${name} ${n}`, "text");
        text.textContent = String(n + 1);
        text.setAttribute("x", String(x(px)));
        text.setAttribute("y", String(short(y(py) + (py < 0 ? 18 : -9))));
      });
    },

    /**
     * What there is to say, at the end of the title's line.
     *
     * @param {string} said
     */
    remark(said) {
      const text = drawn.get("remark") ?? draw(svg, "text", { class: "remark" });
      drawn.set("remark", text); // outside of what is cut off
      text.textContent = said;
      text.setAttribute("x", String(width));
      text.setAttribute("y", "13");
    },

    /**
     * A curve with a sign at its right end; none for null.
     *
     * @param {string} name
     * @param {ArrayLike<number> | null} values
     * @param {string} sign
     */
    signed(name, values, sign) {
      this.curve(name, values ?? []);
      write(name, values && values[values.length - 1], sign);
    },

    /**
     * Grey cells over the full height, column by column.
     *
     * @param {string} name
     * @param {ArrayLike<number>} greys  [columns * rows], each in [0, 1], from below
     * @param {number} rows  in each column
     * @param {(column: number) => number} edge  its left one
     */
    cells(name, greys, rows, edge) {
      const size = (ys[1] - ys[0]) / rows;
      for (let i = 0; i < greys.length; i++) {
        const [column, row] = [Math.floor(i / rows), i % rows];
        const [left, right] = [x(edge(column)), x(edge(column + 1))];
        const [low, high] = [y(ys[0] + row * size), y(ys[0] + (row + 1) * size)];
        const cell = mark(`cell ${name} ${i}`, "rect");
        const places = { x: left, y: high, width: right - left, height: low - high };
        for (const [key, value] of Object.entries(places))
          cell.setAttribute(key, String(short(value)));
        cell.setAttribute("fill-opacity", String(greys[i]));
      }
    },

    /**
     * A dot at each of the points.
     *
     * @param {string} name
     * @param {[number, number][]} points
     */
    dots(name, points) {
      const d = points.map(([px, py]) => `M${x(px)},${y(py)}h0`).join("");
      mark(`dots ${name}`, "path").setAttribute("d", d);
    },

    /**
     * A small triangle at each of the points, that points up or down.
     *
     * @param {string} name
     * @param {[number, number][]} points
     * @param {1 | -1} way
     */
    wedges(name, points, way) {
      const d = points.map(
        ([px, py]) =>
          `M${short(x(px) - 2.5)},${short(y(py) + 2 * way)}h5l-2.5,${-4 * way}z`,
      );
      mark(`wedges ${name}`, "path").setAttribute("d", d.join(""));
    },

    /**
     * Vertical ticks at the spikes of a layer, one row a neuron.
     *
     * @param {string} name
     * @param {ArrayLike<number>} spikes  [T * N]
     * @param {number} neurons  N
     */
    raster(name, spikes, neurons) {
      /** @type {[number, number][]} */
      const places = [];
      for (let i = 0; i < spikes.length; i++) {
        const n = i % neurons;
        if (spikes[i]) places.push([(i - n) / neurons, n]);
      }
      this.spiked(name, places, neurons);
    },

    /**
     * The same, of spikes that come at any times.
     *
     * @param {string} name
     * @param {[number, number][]} places  time and row of each
     * @param {number} rows
     */
    spiked(name, places, rows) {
      const size = Math.max(1.2, (bottom - MARGIN.top) / rows);
      const d = places.map(
        ([t, n]) => `M${x(t)},${short(y(n + 0.5) - size / 2)}v${short(size)}`,
      );
      mark(`raster ${name}`, "path").setAttribute("d", d.join(""));
    },

    /**
     * Short ticks at the bottom, one at each spike of a neuron.
     *
     * @param {string} name
     * @param {ArrayLike<number>} spikes  [T]
     */
    rug(name, spikes) {
      const fired = Array.from(spikes).flatMap((spike, t) => (spike ? [t] : []));
      const d = fired.map((t) => `M${x(t)},${bottom}v-8`).join("");
      mark(`raster ${name}`, "path").setAttribute("d", d);
    },

    /**
     * Bars that grow from the right end of the axes into the margin.
     *
     * @param {string} name
     * @param {ArrayLike<number>} shares  one in [0, 1] for each row
     * @param {number} length  of a full bar, in pixels
     */
    bars(name, shares, length) {
      const start = x(xs[1]) + 8;
      let d = `M${start},${y(0)}`;
      for (let n = 0; n < shares.length; n++) {
        d += `H${short(start + shares[n] * length)}V${y(n + 1)}`;
      }
      mark(`bars ${name}`, "path").setAttribute("d", `${d}H${start}Z`);
      const ends = `M${start},${MARGIN.top}V${bottom}M${start + length},${MARGIN.top}V${bottom}`;
      mark(`scale ${name}`, "path").setAttribute("d", ends);
      for (const [label, height] of /** @type {[string, number][]} */ ([
        ["rate", MARGIN.top - 6],
        ["0–100 %", bottom + 15],
      ])) {
        const text = mark(`tick ${name} ${label}`, "text");
        text.setAttribute("x", String(start + length / 2));
        text.setAttribute("y", String(height));
        text.textContent = label;
      }
    },

    /**
     * Columns side by side over the whole axis.
     *
     * @param {string} name
     * @param {ArrayLike<number>} heights
     */
    columns(name, heights) {
      const size = (xs[1] - xs[0]) / heights.length;
      let d = `M${x(xs[0])},${y(0)}`;
      for (let n = 0; n < heights.length; n++) {
        d += `V${y(heights[n])}H${x(xs[0] + (n + 1) * size)}`;
      }
      mark(`columns ${name}`, "path").setAttribute("d", `${d}V${y(0)}`);
    },

    /**
     * Shaded bands over the full height.
     *
     * @param {string} name
     * @param {Bounds[]} bands  left and right end of each
     */
    shade(name, bands) {
      const d = bands.map(
        ([from, to]) => `M${x(from)},${MARGIN.top}H${x(to)}V${bottom}H${x(from)}Z`,
      );
      mark(`shade ${name}`, "path").setAttribute("d", d.join(""));
    },
  };
}
