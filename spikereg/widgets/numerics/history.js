// What a long run leaves: pure functions, no drawing.

/**
 * The losses of a run however long, in a bounded number of points: each is the mean of
 * as many iterations as are needed for that.
 *
 * @param {number} [most]  points
 */
export function record(most = 400) {
  /** @type {number[]} */
  let points = [];
  let size = 1;
  let sum = 0;
  let count = 0;
  return {
    /** @param {number} loss */
    add(loss) {
      sum += loss;
      count++;
      if (count < size) return;
      points.push(sum / count);
      sum = count = 0;
      if (points.length < most) return;
      points = points
        .filter((_, i) => i % 2 === 0)
        .map((point, i) => (point + points[2 * i + 1]) / 2);
      size *= 2;
    },
    /** The points, and how many iterations each stands for. */
    get() {
      return { points, size };
    },
  };
}

/**
 * How many values between 0 and 1 fall into each of so many equal bins.
 *
 * @param {number[]} values
 * @param {number} bins
 */
export function counts(values, bins) {
  const found = new Array(bins).fill(0);
  for (const value of values) found[Math.min(bins - 1, Math.floor(value * bins))]++;
  return found;
}
