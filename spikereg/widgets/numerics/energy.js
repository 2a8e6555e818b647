// What a step of a network costs, as spikereg.energy has it, and at how many spikes two
// networks cost the same: pure functions, no drawing.

/**
 * @typedef {{accumulate: number, multiply_accumulate: number, weight_fetch: number,
 *   state_update: number, state_multiply: number}} Figures  in pJ
 * @typedef {{name: string, accumulates: number, multiply_accumulates: number,
 *   spike_fetches: number, other_fetches: number, state_updates: number,
 *   state_multiplies: number}} Counts  of a step
 * @typedef {{arithmetic: number, weights: number, states: number, total: number}} Cost
 *   in pJ
 * @typedef {object} Comparison  of a network with the reference
 * @property {number} times  so many times the energy of the reference
 * @property {-1 | 0 | 1} way  cheaper, as dear, dearer
 * @property {"own" | "reference" | null} whose  spikes could make both as dear
 * @property {number} at  factor on these; below 0 if there is none, and infinite if the
 *   spikes cost nothing
 */

const SAME = 1e-9; // of an energy: less is rounding

/** @param {Figures} figures */
export const figuresOf = ({
  accumulate,
  multiply_accumulate,
  weight_fetch,
  state_update,
  state_multiply,
}) => [accumulate, multiply_accumulate, weight_fetch, state_update, state_multiply];

/**
 * The energy of a step, by what it goes into.
 *
 * @param {Counts} counts
 * @param {Figures} figures
 * @param {number} [rate]  factor on the spikes
 * @returns {Cost}
 */
export function costOf(counts, figures, rate = 1) {
  const arithmetic =
    rate * counts.accumulates * figures.accumulate +
    counts.multiply_accumulates * figures.multiply_accumulate;
  const weights =
    (rate * counts.spike_fetches + counts.other_fetches) * figures.weight_fetch;
  const states =
    counts.state_updates * figures.state_update +
    counts.state_multiplies * figures.state_multiply;
  return { arithmetic, weights, states, total: arithmetic + weights + states };
}

/**
 * The factor on a network's spikes at which it costs so much.
 *
 * @param {Counts} counts
 * @param {Figures} figures
 * @param {number} energy  in pJ
 */
function breakEven(counts, figures, energy) {
  const { accumulates, spike_fetches } = counts;
  const spikes =
    accumulates * figures.accumulate + spike_fetches * figures.weight_fetch;
  const left = energy - costOf(counts, figures, 0).total;
  return spikes ? left / spikes : left < 0 ? -Infinity : Infinity;
}

/**
 * A network beside the reference, both at the same factor on their spikes.
 *
 * @param {Counts} counts
 * @param {Counts} reference
 * @param {Figures} figures
 * @param {number} rate
 * @returns {Comparison}
 */
export function compared(counts, reference, figures, rate) {
  const [own, other] = [counts, reference].map(
    (each) => costOf(each, figures, rate).total,
  );
  const isSame = Math.abs(own - other) <= SAME * Math.max(own, other);
  const way = isSame ? 0 : own < other ? -1 : 1;
  const times = isSame ? 1 : own / other;
  if (counts.accumulates)
    return { times, way, whose: "own", at: breakEven(counts, figures, other) };
  if (reference.accumulates)
    return { times, way, whose: "reference", at: breakEven(reference, figures, own) };
  return { times, way, whose: null, at: NaN };
}

/**
 * A number as one writes it, to so many digits.
 *
 * @param {number} value  not negative
 * @param {number} digits
 */
export function toDigits(value, digits) {
  if (value === 0) return "0";
  const near = Number(value.toPrecision(digits));
  if (near >= 1e6 || near < 1e-4)
    return near.toExponential().replace("+", "").replace("-", "−");
  return near >= 10 ** digits ? String(near) : near.toPrecision(digits);
}

/**
 * The unit in which an energy is easy to read, and how many pJ it has.
 *
 * @param {number} energy  in pJ
 * @returns {[string, number]}
 */
export function unitFor(energy) {
  /** @type {[string, number][]} */
  const units = [
    ["pJ", 1],
    ["nJ", 1e3],
    ["µJ", 1e6],
    ["mJ", 1e9],
  ];
  return units.filter(([, size], n) => !n || energy >= size).at(-1) ?? units[0];
}

/**
 * What is to be said of a network beside the reference, in a few words.
 *
 * @param {Comparison} comparison
 */
export function noteOf({ way, whose, at }) {
  if (!whose) return "no spikes";
  if (way === 0) return "as much as the reference";
  const is = way < 0 ? "cheaper" : "costs more";
  if (at === Infinity) return `${is} at any firing rate`;
  if (whose === "own") {
    if (at < 0) return "costs more even without spikes";
    const factor = `${toDigits(at, 2)} × its spikes`;
    return way < 0 ? `cheaper up to ${factor}` : `as cheap at ${factor}`;
  }
  if (at < 0) return "cheaper even if the reference is silent";
  const factor = `${toDigits(at, 2)} × the reference's spikes`;
  return way < 0 ? `cheaper down to ${factor}` : `as cheap at ${factor}`;
}

/**
 * The end of a sentence that has compared a network with the reference.
 *
 * @param {Comparison} comparison
 * @param {string} spikes  whose spikes are meant
 * @param {string} reference  its name
 */
function outlook({ way, whose, at }, spikes, reference) {
  if (!whose) return "";
  const isOwn = whose === "own";
  if (at === Infinity) return ", at any firing rate";
  if (at < 0)
    return isOwn
      ? ": it would cost more without a spike, too"
      : `: it would be cheaper, too, if ${reference} were silent`;
  const factor = `${toDigits(at, 2)} times ${spikes}`;
  if (isOwn && way < 0) return `, and stays below it up to ${factor}`;
  return `: both would cost the same at ${factor}`;
}

/**
 * Who is the cheapest, in a sentence.
 *
 * @param {Counts[]} networks
 * @param {string} name  of the reference
 * @param {Figures} figures
 * @param {number} rate  factor on the spikes
 */
export function verdictOf(networks, name, figures, rate) {
  const totals = networks.map((each) => costOf(each, figures, rate).total);
  if (!Math.max(...totals)) return "At these figures nothing costs anything.";
  const own = networks.findIndex((each) => each.name === name);
  if (networks.length === 1) return `There is nothing to compare ${name} with.`;
  const [first, second] = totals.map((_, n) => n).sort((a, b) => totals[a] - totals[b]);
  const other = networks[first === own ? second : first];
  const comparison = compared(other, networks[own], figures, rate);
  const { way } = comparison;
  if (way === 0) return `Cheapest: ${name} and ${other.name}, which cost the same.`;
  if (!totals[own]) return `Cheapest: ${name}, which costs nothing.`;
  const isPlain = !other.accumulates || !networks[own].accumulates;
  const spikes = isPlain ? "the spikes" : `the spikes of ${other.name}`;
  const times = `${toDigits(comparison.times, 2)} times`;
  const end = outlook(comparison, spikes, name);
  return way < 0
    ? `Cheapest: ${other.name}, at ${times} the energy of ${name}${end}.`
    : `Cheapest: ${name}. Next: ${other.name}, at ${times} that${end}.`;
}
