// Explorers alone: explorer.html shows the one that its address names, or lists all.
// What an explorer starts from is a script there, as a page that is opened from a file
// may read nothing else.  A page has the numbers of its networks from there, too: they
// come after its text, which is read without them.

import fs from "node:fs";
import path from "node:path";

import { distinct } from "../../spikereg/widgets/numerics/link.js";
import { address } from "./addresses.mjs";

/**
 * @typedef {object} Alone  an explorer of a page
 * @property {string} name  what addresses call it
 * @property {string} page  that it stands in, without folder and ending
 * @property {string} script  that draws it
 * @property {string} title
 * @property {string} chapter  the title of its page
 *
 * @typedef {{state: Record<string, any>, buffers?: any}} Model  with its numbers, or
 *   what the script that holds them is called
 * @typedef {Record<string, Model>} Models
 */

const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
const LOADER = "script[data-needs]";
const VIEWS = 'script[type="application/vnd.jupyter.widget-view+json"]';

/** What a script of the page may hold.  @param {unknown} value */
const text = (value) => JSON.stringify(value).replaceAll("</", "<\\/");

/** @param {string} page  a file */
const stem = (page) => path.posix.basename(page, ".html");

/**
 * The explorers that a page shows, in its order, with the views that show them.
 *
 * @param {Document} document
 * @param {Models} models
 */
function explorersIn(document, models) {
  /** @type {[string, Element][]} */
  const found = [];
  /** @param {string} id @param {Element} view */
  function walk(id, view) {
    const { _number, children = [] } = models[id]?.state ?? {};
    if (_number) found.push([id, view]);
    for (const child of children) walk(child.replace("IPY_MODEL_", ""), view);
  }
  for (const view of document.querySelectorAll(VIEWS))
    walk(JSON.parse(view.textContent).model_id, view);
  return found;
}

/**
 * Tell each explorer of a page where it is alone.
 *
 * @param {import("jsdom").JSDOM} dom
 * @param {string} page
 * @param {string} root  of the book, from the page
 */
export function nameExplorers({ window: { document } }, page, root) {
  const script = document.querySelector(STATE);
  if (!script) return;
  const all = JSON.parse(script.textContent);
  const shown = new Set(explorersIn(document, all.state).map(([id]) => id));
  const states = [...shown].map((id) => all.state[id].state);
  for (const [n, name] of distinct(states.map(({ id }) => id)).entries()) {
    const query = new URLSearchParams({ name, page: stem(page) });
    states[n].alone = `${root}explorer.html?${query}`;
  }
  script.textContent = text(all);
}

/**
 * Give the explorers of a page, drawn by now, their ids, and write what they start from.
 *
 * @param {import("jsdom").JSDOM} dom
 * @param {string} folder  of the book
 * @param {string} page
 * @returns {Alone[]}
 */
export function keepExplorers({ window: { document } }, folder, page) {
  const script = document.querySelector(STATE);
  if (!script) return [];
  const all = JSON.parse(script.textContent);
  /** @type {Models} */
  const models = all.state;
  const shown = explorersIn(document, models);
  const titles = [
    ...document.querySelectorAll(".still.desk .spikereg[role=group]"),
  ].map((drawn) => String(drawn.getAttribute("aria-label")));
  const heading = document.querySelector("article h1")?.textContent ?? stem(page);
  const chapter = heading.replace(/#$/, ""); // the theme's link to it

  /** @type {Map<string, Alone>} */
  const found = new Map();
  for (const [n, [id, view]] of shown.entries()) {
    if (found.has(id)) continue;
    const { alone, ...state } = models[id].state;
    const name = String(new URL(alone, "file:").searchParams.get("name"));
    found.set(id, {
      ...{ name, page: stem(page), script: state._esm },
      ...{ title: titles[n], chapter },
    });
    const own = `${stem(page)}-${name}`;
    const saved = JSON.stringify({ ...models[id], state: { ...state, id: name } });
    fs.writeFileSync(
      path.join(folder, "_static", "explorers", `${own}.js`),
      `((window.spikereg ??= {}).saved ??= {})["${own}"] = ${saved};\n`,
    );
    if (models[id].buffers?.some((/** @type {{data: string}} */ { data }) => data)) {
      models[id].buffers = own;
      const loader = /** @type {HTMLElement} */ (document.querySelector(LOADER));
      loader.dataset.needs += ` ${own}`;
    }
    // A place is called like the first explorer in it.
    const place = view.previousElementSibling;
    if (place && !place.id) address(place, name, `the explorer ${titles[n]}`);
  }
  script.textContent = text(all);
  return [...found.values()];
}

/**
 * Write the page that shows one explorer, or the list of all.
 *
 * @param {string} folder  of the book
 * @param {Alone[]} explorers
 */
export function writePage(folder, explorers) {
  if (!explorers.length) return;
  const inOrder = explorers.toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
  const items = inOrder.map(({ name, page, script, title, chapter }) => {
    const isOnly = explorers.filter((other) => other.name === name).length === 1;
    const query = `?name=${name}${isOnly ? "" : `&amp;page=${page}`}`;
    return `<li>
  <a href="explorer.html${query}" data-name="${name}" data-page="${page}" data-explorer="${script}">${escaped(title)}</a>
  <code>${query}</code>
  <a href="book/${page}.html#${name}">${escaped(chapter)}</a>
</li>`;
  });
  const template = fs.readFileSync(new URL("explorer.html", import.meta.url), "utf8");
  const filled = template.replace("$explorers", () => items.join("\n"));
  fs.writeFileSync(path.join(folder, "explorer.html"), filled);
}

/** The front page comes first.  @param {Alone} explorer */
const place = ({ page, name }) => `${page === "index" ? "" : page} ${name}`;

/** @param {string} text */
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
