// Two small pictures: an image in grey levels, and how strongly each digit is answered.

import { draw } from "./figure.js";

const ROW_LEFT = 22; // pixels of a digit before its bar
const ROW_RIGHT = 86; // of the number behind it

/**
 * An image of 8 x 8 cells.
 *
 * @param {Element} parent
 */
export function makeImage(parent) {
  const svg = draw(parent, "svg", {
    class: "cells",
    viewBox: "0 0 8 8",
    "aria-hidden": "true",
  });
  const cells = Array.from({ length: 64 }, (_, i) =>
    draw(svg, "rect", {
      class: "cell",
      x: i % 8,
      y: Math.floor(i / 8),
      width: 1,
      height: 1,
    }),
  );
  return {
    /**
     * @param {ArrayLike<number>} image  [64], each in [0, 1]
     * @param {number} size  in pixels of the page
     */
    paint(image, size) {
      svg.setAttribute("width", String(size));
      svg.setAttribute("height", String(size));
      cells.forEach((cell, i) => cell.setAttribute("fill-opacity", String(image[i])));
    },
  };
}

/**
 * A bar for each of ten digits.
 *
 * @param {Element} parent
 */
export function makeScores(parent) {
  const svg = draw(parent, "svg", { class: "scores", "aria-hidden": "true" });
  const zero = draw(svg, "path", { class: "axis" });
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const row = draw(svg, "g");
    const bar = draw(row, "rect");
    const name = draw(row, "text", { class: "tick y" }, String(digit));
    const value = draw(row, "text", { class: "score" });
    return { row, bar, name, value };
  });
  return {
    /**
     * @param {number[]} means  one a digit
     * @param {[number, number]} bounds  of them
     * @param {{answer: number | null, label: number | null}} marked
     * @param {[number, number]} size  in pixels of the page
     */
    paint(means, [low, high], { answer, label }, [width, height]) {
      svg.setAttribute("width", String(width));
      svg.setAttribute("height", String(height));
      const wide = width - ROW_LEFT - ROW_RIGHT;
      const place = (/** @type {number} */ value) =>
        Math.round(10 * (ROW_LEFT + ((value - low) / (high - low)) * wide)) / 10;
      const size = height / 10;
      zero.setAttribute("d", `M${place(0)},0V${height}`);
      rows.forEach(({ row, bar, name, value }, digit) => {
        const mean = means[digit];
        const middle = (digit + 0.5) * size;
        const [left, right] = [place(Math.min(0, mean)), place(Math.max(0, mean))];
        row.setAttribute("class", digit === answer ? "bar answer" : "bar");
        bar.setAttribute("x", String(left));
        bar.setAttribute("width", String(Math.max(0, right - left)));
        bar.setAttribute("y", String(middle - 0.32 * size));
        bar.setAttribute("height", String(0.64 * size));
        name.setAttribute("x", String(ROW_LEFT - 8));
        name.setAttribute("y", String(middle));
        value.setAttribute("x", String(width - ROW_RIGHT + 8));
        value.setAttribute("y", String(middle));
        const rounded = Math.round(100 * mean) / 100 || 0; // no negative one
        const number = rounded.toFixed(2).replace("-", "−");
        value.textContent = digit === label ? `${number} · label` : number;
      });
    },
  };
}
