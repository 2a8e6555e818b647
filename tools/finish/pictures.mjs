// A picture's room is kept before it has come, so that nothing moves when it does.

import fs from "node:fs";
import path from "node:path";

/**
 * @param {import("jsdom").JSDOM} dom
 * @param {string} folder  of the book
 * @param {string} name  of the page
 */
export function sizePictures({ window: { document } }, folder, name) {
  /** @type {NodeListOf<HTMLImageElement>} */
  const pictures = document.querySelectorAll("img[src$='.png']:not([width])");
  for (const picture of pictures) {
    const source = decodeURI(String(picture.getAttribute("src")));
    const file = path.join(folder, path.dirname(name), source);
    // The first part of a PNG is its header, which begins with width and height.
    const head = fs.readFileSync(file).subarray(16, 24);
    picture.width = head.readUInt32BE(0);
    picture.height = head.readUInt32BE(4);
  }
}
