// Addresses: figures, equations, exercises and their solutions have ids that last, and a
// link "#" beside them.  Where the text names one of them, or a section, it leads there.

import fs from "node:fs";
import path from "node:path";

const NUMBER = String.raw`(\d{1,2}\.\d{1,2})`;
const TAG = new RegExp(String.raw`\\tag\{${NUMBER}\}`, "g");
// What the written pages say of the places that the text names, finished or not yet
const KINDS = {
  equation: new RegExp(String.raw`\\tag\{${NUMBER}\}|id="equation-(\d+-\d+)"`, "g"),
  exercise: new RegExp(`<strong>Exercise ${NUMBER}</strong>`, "g"),
};
const SECTION = new RegExp(`<section id="([^"]+)">\\s*<h\\d>${NUMBER} `, "g");
const MENTION = new RegExp(
  String.raw`\(${NUMBER}\)|\b(exercise|section) ${NUMBER}`,
  "gi",
);
// Where a link has no place, or what stands in brackets is no equation
const CLOSED = "a, code, pre, h1, h2, h3, h4, h5, h6, summary, script, .math, .cell";

/** @param {string} number  such as 10.5 */
const idOf = (/** @type {string} */ kind, number) =>
  `${kind}-${number.replace(".", "-")}`;

/**
 * Find where the equations, exercises and sections of a book stand, all of which have
 * numbers that say their chapter.
 *
 * @param {string} folder  of the book
 * @returns {Map<string, string>}  pages with ids, by a kind and a number
 */
export function findPlaces(folder) {
  /** @type {Map<string, string>} */
  const places = new Map();
  /** @type {(kind: string, number: string, place: string) => void} */
  const keep = (kind, number, place) => {
    const key = `${kind} ${number}`;
    const known = places.get(key);
    if (known) throw new Error(`${key} stands twice: ${known} and ${place}`);
    places.set(key, place);
  };
  for (const page of fs.globSync("book/[0-9]*.html", { cwd: folder })) {
    const text = fs.readFileSync(path.join(folder, page), "utf8");
    for (const [kind, pattern] of Object.entries(KINDS))
      for (const [, tag, id] of text.matchAll(pattern)) {
        const number = tag ?? id.replace("-", ".");
        keep(kind, number, `${page}#${idOf(kind, number)}`);
      }
    for (const [, id, number] of text.matchAll(SECTION))
      keep("section", number, `${page}#${id}`);
  }
  return places;
}

/**
 * Put a link to an element in front of it and of what is around it, or into a paragraph.
 *
 * @param {Element} element
 * @param {string} id  of the element
 * @param {string} what  it is
 * @param {Element} around
 */
export function address(element, id, what, around = element) {
  element.id = id;
  const link = element.ownerDocument.createElement("a");
  link.className = "address";
  link.href = `#${id}`;
  link.setAttribute("aria-label", `Link to ${what}`); // its sign is drawn by book.css
  if (element.localName === "p") element.prepend(link);
  else around.before(link);
}

/**
 * Give a page's figures, equations and exercises their ids; formulas are not drawn yet.
 *
 * @param {import("jsdom").JSDOM} dom
 * @param {string} name  of the page
 * @param {Map<string, string>} places
 */
export function setAddresses({ window: { document } }, name, places) {
  const article = document.querySelector("article.bd-article");
  if (!article) return;
  for (const formula of article.querySelectorAll("div.math")) {
    const tags = [...formula.textContent.matchAll(TAG)];
    if (tags.length > 1) throw new Error(`${tags.join(" and ")} stand in one formula`);
    for (const [, number] of tags)
      address(formula, idOf("equation", number), `equation (${number})`);
  }

  // The chapter's number, and that of the figure in it; the front page has no number.
  const chapter = /^\d+/.exec(path.posix.basename(name))?.[0];
  const images = [...article.querySelectorAll("img")].filter((i) => !i.closest("a"));
  for (const [n, image] of images.entries()) {
    const number = [...(chapter ? [Number(chapter)] : []), n + 1].join(".");
    if (image.id) continue; // finished before
    // An output that scrolls is in the reach of keys if nothing inside it is.
    const around = image.closest(".cell_output") ?? image;
    address(image, idOf("figure", number), `figure ${number}`, around);
  }

  for (const label of article.querySelectorAll("p > strong:first-child")) {
    const number = /^Exercise (\S+)$/.exec(label.textContent)?.[1];
    const text = /** @type {Element} */ (label.parentElement);
    if (number && !text.id)
      address(text, idOf("exercise", number), `exercise ${number}`);
  }
  for (const cell of article.querySelectorAll(".cell.tag_solution")) {
    const number = /Solution ([\d.]+)/.exec(cell.textContent)?.[1];
    if (number) cell.id = idOf("solution", number);
  }
  linkMentions(article, name, places);
}

/**
 * @param {Element} article
 * @param {string} name  of the page
 * @param {Map<string, string>} places
 */
function linkMentions(article, name, places) {
  const { ownerDocument: document } = article;
  const walker = document.createTreeWalker(article, 4); // its texts
  /** @type {Text[]} */
  const texts = [];
  while (walker.nextNode()) texts.push(/** @type {Text} */ (walker.currentNode));
  for (const text of texts) {
    if (text.parentElement?.closest(CLOSED)) continue;
    for (const found of [...text.data.matchAll(MENTION)].reverse()) {
      const [said, equation, kind, number] = found;
      const key = kind ? `${kind.toLowerCase()} ${number}` : `equation ${equation}`;
      const [page, id] = places.get(key)?.split("#") ?? [];
      if (!page || !id) continue;
      const isHere = page === name;
      // A place that names itself
      if (isHere && text.parentElement?.closest("[id]")?.id === id) continue;
      const link = document.createElement("a");
      link.className = "reference internal";
      link.href = isHere ? `#${id}` : `${path.posix.relative("book", page)}#${id}`;
      link.textContent = said;
      text.splitText(found.index + said.length);
      text.splitText(found.index).replaceWith(link);
    }
  }
}
