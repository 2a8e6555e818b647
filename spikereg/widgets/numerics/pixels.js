// A drawing of 32 rows of 32 pixels, and the image that it becomes: pure functions, no
// drawing on the page.
//
// A row is a whole number, whose highest of 32 bits is the left pixel.

export const PIXELS = 32;
export const BLOCK = 4; // pixels of a cell of the image, to each side
// Pixels from the middle of the pen to its edge: with it strokes look like the UCI set's.
export const NIB = 2;

/** @returns {number[]} */
export const emptied = () => new Array(PIXELS).fill(0);

/**
 * The rows of a drawing, whatever has been set as one: empty, if it is none.
 *
 * @param {unknown} value
 * @returns {number[]}
 */
export function rowsOf(value) {
  const isRow = (/** @type {unknown} */ row) =>
    Number.isInteger(row) && Number(row) >= 0 && Number(row) < 2 ** PIXELS;
  if (!Array.isArray(value) || value.length !== PIXELS || !value.every(isRow))
    return emptied();
  return [...value];
}

/**
 * A drawing as text that an address can hold: its rows to the base 36.
 *
 * @param {number[]} rows
 */
export const rowsWritten = (rows) => rows.map((row) => row.toString(36)).join("-");

/**
 * The drawing of such a text; null if it is none, for it may come from anybody.
 *
 * @param {string} text
 */
export function rowsRead(text) {
  const words = text.split("-");
  if (words.length !== PIXELS || !words.every((word) => /^[0-9a-z]{1,7}$/.test(word)))
    return null;
  const rows = words.map((word) => parseInt(word, 36));
  return rows.every((row) => row < 2 ** PIXELS) ? rows : null;
}

/**
 * @param {number[]} rows
 * @param {number} x
 * @param {number} y
 */
export const isSet = (rows, x, y) => ((rows[y] >>> (PIXELS - 1 - x)) & 1) === 1;

/**
 * A drawing with a stroke of the pen on it, straight from one place to another: all pixels
 * whose middle the pen has touched.
 *
 * @param {number[]} rows
 * @param {[number, number]} from  x and y, from the upper left corner
 * @param {[number, number]} to
 * @returns {number[]}
 */
export function penned(rows, from, to) {
  const [[ax, ay], [bx, by]] = [from, to];
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const [left, right] = span(ax, bx);
  const [top, bottom] = span(ay, by);
  const next = [...rows];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const [px, py] = [x + 0.5 - ax, y + 0.5 - ay];
      const along = length ? (px * dx + py * dy) / length : 0;
      const share = Math.min(1, Math.max(0, along));
      if (Math.hypot(px - share * dx, py - share * dy) <= NIB)
        next[y] = (next[y] | (1 << (PIXELS - 1 - x))) >>> 0;
    }
  }
  return next;
}

/**
 * The pixels along one side that a stroke can reach.
 *
 * @param {number} from
 * @param {number} to
 */
const span = (from, to) => [
  Math.max(0, Math.floor(Math.min(from, to) - NIB)),
  Math.min(PIXELS, Math.ceil(Math.max(from, to) + NIB)),
];

/**
 * The image of a drawing, as the UCI set's digits were made: in each block of 4 x 4 pixels
 * those that are set, by 16.
 *
 * @param {number[]} rows
 * @returns {Float32Array}  [64], row by row
 */
export function pooled(rows) {
  const side = PIXELS / BLOCK;
  const image = new Float32Array(side * side);
  for (let y = 0; y < PIXELS; y++) {
    for (let x = 0; x < PIXELS; x++) {
      const cell = side * Math.floor(y / BLOCK) + Math.floor(x / BLOCK);
      if (isSet(rows, x, y)) image[cell] += 1 / BLOCK ** 2;
    }
  }
  return image;
}
