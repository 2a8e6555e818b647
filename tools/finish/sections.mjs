// What the search looks through: sections, terms of the glossary, the package's functions
// and the sources, each with its own prose.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { gzipSync } from "node:zlib";

// What a result leads to
const PLACES = "section, dl.glossary > dt, dl.py > dt, div.citation";
// What is no prose, or belongs to another place
const SKIPPED =
  "script, style, svg, pre, nav, h1, h2, h3, h4, h5, h6, section, dl.glossary, dl.py, " +
  ".cell, .citation, .label, .headerlink, .address, .definition, .explorer-place, " +
  "div.math";
const INLINE = /^(a|b|cite|code|em|i|kbd|span|strong|sub|sup)$/;
const CHAPTER = "article.bd-article > section > h1";

/**
 * @typedef {{page: string, id: string, title: string, chapter: string, text: string}}
 *   Section
 */

/**
 * A formula as a line of text: U_t = β U_{t − 1}.
 *
 * @param {Element} node  of MathML
 * @returns {string}
 */
function formula(node) {
  const parts = [...node.children].map(formula);
  const [base, one, other] = parts;
  const small = (/** @type {string} */ part) => (part.length > 1 ? `{${part}}` : part);
  if (node.localName === "mover" && one === "^") return `${base}\u0302`.normalize();
  if (/^(msub|munder)$/.test(node.localName)) return `${base}_${small(one)}`;
  if (/^(msup|mover)$/.test(node.localName)) return `${base}^${small(one)}`;
  if (/^(msubsup|munderover)$/.test(node.localName))
    return `${base}_${small(one)}^${small(other)}`;
  if (node.localName === "mfrac") return `${small(base)}/${small(one)}`;
  if (parts.length) return parts.filter(Boolean).join(" ");
  return node.textContent.replace(/[\u2061-\u2064]/g, "").trim(); // unseen operators
}

/**
 * The text of an element, but for what belongs to other places.
 *
 * @param {Element | null} element
 * @returns {string}
 */
function prose(element) {
  let text = "";
  for (const node of element?.childNodes ?? []) {
    if (node.nodeType === 3) text += node.textContent;
    if (node.nodeType !== 1) continue;
    const child = /** @type {Element} */ (node);
    if (child.matches(SKIPPED)) continue;
    const math = child.matches("mjx-container") && child.querySelector("math");
    if (math) text += formula(math);
    else if (INLINE.test(child.localName)) text += prose(child);
    else text += ` ${prose(child)} `;
  }
  return text.replace(/\s+/g, " ");
}

/** What a place is called. */
function titleOf(/** @type {Element} */ place) {
  if (place.matches(".py")) return place.id;
  if (place.matches(".citation"))
    return place.querySelector(".label")?.textContent.trim() ?? "";
  const heading = ":scope > :is(h1, h2, h3, h4, h5, h6)";
  return prose(place.matches("section") ? place.querySelector(heading) : place).trim();
}

/** Where the text of a place stands: that of a term is after it, and of its synonyms. */
function bodyOf(/** @type {Element} */ place) {
  let body = /** @type {Element | null} */ (place);
  while (body?.localName === "dt") body = body.nextElementSibling;
  return body;
}

/**
 * Gather the places of a finished page.
 *
 * @param {import("jsdom").JSDOM} dom
 * @param {string} name  of the page
 * @returns {Section[]}
 */
export function gatherSections({ window: { document } }, name) {
  const heading = document.querySelector(CHAPTER);
  if (!heading) return []; // an index, which leads to places but has no text
  const article = /** @type {Element} */ (heading.closest("article"));
  const page = name.split(path.sep).join("/");
  const chapter = prose(heading).trim();
  return [...article.querySelectorAll(PLACES)]
    .filter(({ id }) => id)
    .map((place) => ({
      page,
      id: place.id,
      title: titleOf(place),
      chapter,
      text: prose(bodyOf(place)).trim(),
    }));
}

/**
 * Write what the page of the search loads, as scripts: a page that was opened from a
 * folder can read no other files.
 *
 * @param {string} folder  of the book
 * @param {Section[]} sections
 */
export function writeSections(folder, sections) {
  const library = createRequire(import.meta.url).resolve("minisearch");
  const root = path.resolve(path.dirname(library), "..", "..");
  const read = (/** @type {string} */ name) =>
    fs.readFileSync(path.join(root, name), "utf8");
  const code = read("dist/umd/index.js").replace(/\n\/\/# sourceMappingURL.*/, "");
  const scripts = {
    "minisearch.js": `/*\n${read("LICENSE.txt")}*/\n${code}`,
    "sections.js": `window.spikeregSections = ${JSON.stringify(sections)};\n`,
  };
  let size = 0;
  for (const [name, text] of Object.entries(scripts)) {
    fs.writeFileSync(path.join(folder, "_static", name), text);
    size += gzipSync(text).length;
  }
  const kilobytes = Math.round(size / 1000);
  console.log(
    `The search: ${sections.length} sections, ${kilobytes} kB of scripts gzipped`,
  );
}
