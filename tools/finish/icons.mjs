// The theme's icons, drawn by the theme's own script, which no page loads any more.

import fs from "node:fs";
import path from "node:path";

/**
 * Replace the icons of a page and return their style.
 *
 * @param {import("jsdom").JSDOM} dom
 * @param {string} folder  of the book
 */
export async function drawIcons({ window }, folder) {
  const { document } = window;
  if (!document.querySelector("script[src*='fontawesome.js']")) return ""; // drawn before
  const script = path.join(folder, "_static", "scripts", "fontawesome.js");
  window.eval(
    `window.FontAwesomeConfig = { autoReplaceSvg: false, autoAddCss: false };
    ${fs.readFileSync(script, "utf8")}`,
  );
  await window.FontAwesome.dom.i2svg({ node: document.body });
  /** @type {NodeListOf<SVGElement>} */
  const drawn = document.body.querySelectorAll("svg[data-icon]");
  for (const svg of drawn) {
    const { prefix, icon: iconName } = svg.dataset;
    if (!window.FontAwesome.findIconDefinition({ prefix, iconName }))
      throw new Error(`there is no icon fa-${iconName} among ${prefix}`);
  }
  return window.FontAwesome.dom.css();
}
