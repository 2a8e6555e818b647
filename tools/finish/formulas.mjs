// Formulas, drawn by MathJax as its script in the page would, with MathML for those who
// do not see them.

import mathjax from "mathjax";

const MathJax = await mathjax.init({
  loader: { load: ["input/tex", "output/svg", "a11y/assistive-mml"] },
  svg: { fontCache: "global" },
});
const { adaptor, output } = MathJax.startup;
const FORMULA = /^\s*\\([[(])(.*)\\[\])]\s*$/s;

/** The style of all formulas. */
export const formulaStyle = () => adaptor.textContent(MathJax.svgStylesheet());

/**
 * Replace the TeX of a page.
 *
 * @param {import("jsdom").JSDOM} dom
 */
export function drawFormulas({ window: { document, Node } }) {
  output.clearFontCache();
  for (const place of document.querySelectorAll(".math")) {
    for (const node of [...place.childNodes]) {
      const found = FORMULA.exec(node.textContent ?? "");
      if (node.nodeType !== Node.TEXT_NODE || !found) continue;
      const drawn = MathJax.tex2svg(found[2], { display: found[1] === "[" });
      const inside = adaptor.outerHTML(drawn);
      const fault = /data-mjx-error="([^"]*)"/.exec(inside)?.[1];
      if (fault) throw new Error(`${fault} in the formula ${found[2].trim()}`);
      const template = document.createElement("template");
      template.innerHTML = inside;
      node.replaceWith(template.content);
    }
  }
  const shapes = adaptor.innerHTML(output.fontCache.getCache());
  if (!shapes) return;
  const cache = `<svg xmlns="http://www.w3.org/2000/svg" style="display: none"><defs>${shapes}</defs></svg>`;
  document.body.insertAdjacentHTML("beforeend", cache);
}
