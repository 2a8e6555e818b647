// Stand-ins for the derivative of the step: pure functions, no drawing.

/** @typedef {"fast_sigmoid" | "atan"} Surrogate */

/** The step itself: 1 above the threshold. @param {number} x  membrane - threshold */
export const heaviside = (x) => (x > 0 ? 1 : 0);

/**
 * The smooth function whose derivative the surrogate is.
 *
 * @param {Surrogate} kind
 * @param {number} x  membrane - threshold
 * @param {number} slope
 */
export function smooth(kind, x, slope) {
  if (kind === "atan") return Math.atan((Math.PI * slope * x) / 2) / Math.PI;
  return x / (1 + slope * Math.abs(x));
}

/**
 * The surrogate derivative, as snnTorch has it.
 *
 * @param {Surrogate} kind
 * @param {number} x  membrane - threshold
 * @param {number} slope
 */
export function derivative(kind, x, slope) {
  if (kind === "atan") return slope / 2 / (1 + ((Math.PI * slope * x) / 2) ** 2);
  return 1 / (1 + slope * Math.abs(x)) ** 2;
}

/**
 * The distance at which the derivative has fallen to a share of its peak.
 *
 * @param {Surrogate} kind
 * @param {number} slope
 * @param {number} share  between 0 and 1
 */
export function reach(kind, slope, share) {
  if (kind === "atan") return (2 * Math.sqrt(1 / share - 1)) / (Math.PI * slope);
  return (1 / Math.sqrt(share) - 1) / slope;
}
