// Blocks that scroll are stops of the Tab key: our stops.js sees to it.  The theme would
// lay the page out once for each block to find them, when it has loaded and after each
// change of an explorer, which on a phone takes most of a second.

import fs from "node:fs";
import path from "node:path";

// The end of its script, where the loop is the function that waits for "load"
const LOOP =
  /,"complete"===document\.readyState\?(\w+)\(\):window\.addEventListener\("load",\1\)(?=\}?\)\(\);)/;
const DONE = "/* stops.js */";

/** @param {string} folder  of the book */
export function dropLoop(folder) {
  const file = path.join(folder, "_static", "scripts", "pydata-sphinx-theme.js");
  const script = fs.readFileSync(file, "utf8");
  if (script.startsWith(DONE)) return; // finished before
  const without = script.replace(LOOP, "");
  if (without === script)
    throw new Error(`${file} has another end than the one that finds what scrolls`);
  fs.writeFileSync(file, DONE + without);
}
