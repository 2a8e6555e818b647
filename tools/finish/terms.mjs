// Terms of the glossary explain themselves: where the text links to one, the page has its
// definition, which terms.js shows beside the term.

import fs from "node:fs";
import path from "node:path";
import { JSDOM } from "jsdom";

const LINKS = 'a[href*="glossary.html#term-"]:not([aria-describedby])';

/**
 * Read what the glossary says of each term, up to the arrow that leads to its chapter.
 *
 * @param {string} folder  of a book whose formulas are not drawn yet
 * @returns {Map<string, string>}  definitions, by the terms' ids
 */
export function readDefinitions(folder) {
  /** @type {Map<string, string>} */
  const definitions = new Map();
  const file = path.join(folder, "book", "glossary.html");
  if (!fs.existsSync(file)) return definitions;
  const { document } = new JSDOM(fs.readFileSync(file, "utf8")).window;
  if (document.querySelector("mjx-container")) return definitions; // they are drawn
  for (const term of document.querySelectorAll("dl.glossary > dt[id]")) {
    const text = term.nextElementSibling?.querySelector("p");
    if (!text) throw new Error(`the glossary does not define ${term.id}`);
    for (const link of text.querySelectorAll("a")) link.replaceWith(...link.childNodes);
    definitions.set(term.id, text.innerHTML.split("→")[0].trim());
  }
  return definitions;
}

/**
 * Put the definitions of a page's terms into it; its formulas are not drawn yet.
 *
 * @param {import("jsdom").JSDOM} dom
 * @param {Map<string, string>} definitions
 * @param {string} root  of the book, from the page
 */
export function explainTerms({ window: { document } }, definitions, root) {
  /** @type {NodeListOf<HTMLAnchorElement>} */
  const links = document.querySelectorAll(`article.bd-article ${LINKS}`);
  if (!links.length) return; // or finished before
  for (const link of links) {
    const term = link.hash.slice(1);
    const definition = definitions.get(term);
    if (!definition)
      throw new Error(
        `there is no definition of ${term}, or the glossary is finished already: ` +
          "build the book anew",
      );
    const id = `definition-${term.replace("term-", "")}`;
    link.classList.add("term");
    link.setAttribute("aria-describedby", id);
    if (document.getElementById(id)) continue;
    const box = `<div class="definition" role="tooltip" id="${id}" hidden>${definition}</div>`;
    document.body.insertAdjacentHTML("beforeend", box);
  }
  const script = document.createElement("script");
  script.src = `${root}_static/terms.js`;
  script.defer = true;
  document.head.append(script);
}
