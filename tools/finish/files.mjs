// Files that a reader takes away: every link to one saves it, from a server and from a
// folder.

import { isUtf8 } from "node:buffer";
import fs from "node:fs";
import path from "node:path";

const LINKS =
  "a[download], a.btn-download-notebook-button, a.btn-download-source-button";

/**
 * Have a page's links save their files. Of texts, which a browser would show, the page
 * finds a script that holds them (see book/_static/save.js).
 *
 * @param {import("jsdom").JSDOM} dom
 * @param {string} folder  of the book
 * @param {string} name  of the page
 * @param {string} root  of the book, from the page
 */
export function keepFiles({ window: { document } }, folder, name, root) {
  const place = path.join(folder, "_static", "files");
  for (const link of document.querySelectorAll(LINKS)) {
    link.setAttribute("download", "");
    link.removeAttribute("target");
    const file = decodeURI(link.getAttribute("href") ?? "");
    const bytes = fs.readFileSync(path.join(folder, path.dirname(name), file));
    if (!isUtf8(bytes)) continue;
    const own = path.basename(file);
    const script = path.join(place, `${own}.js`);
    const text = bytes.toString();
    const code = `window.spikeregFile = ${JSON.stringify({ name: own, text })};\n`;
    if (fs.existsSync(script) && fs.readFileSync(script, "utf8") !== code)
      throw new Error(`there are two files ${own} to take away, and they differ`);
    fs.mkdirSync(place, { recursive: true });
    fs.writeFileSync(script, code);
    link.setAttribute("data-script", `${root}_static/files/${own}.js`);
  }
  // Any other page of the book needs no script for it.
  if (!document.querySelector("a[data-script]"))
    document.querySelector("script[src*='_static/save.js']")?.remove();
}
