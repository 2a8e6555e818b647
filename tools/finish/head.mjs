// What a page loads and says of itself.

const DESCRIPTION =
  "A course that runs: spiking neural networks, whose neurons speak in 0s and 1s, " +
  "learn to follow continuous curves. With live figures, and a tested Python package.";
// Formulas and icons are drawn by now, and the search is the book's own.
const UNUSED = [
  ...["/mathjax", "fontawesome.js", "sphinx_highlight.js"],
  ...["searchtools.js", "language_data.js", "searchindex.js"],
];
const DARK = 'matchMedia("(prefers-color-scheme: dark)").matches';

/**
 * @param {import("jsdom").JSDOM} dom
 * @param {string} root  of the book, from the page
 */
export function tidyHead({ window: { document } }, root) {
  const { head } = document;
  /** @type {(name: string, attributes: Record<string, string>) => void} */
  const add = (name, attributes) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes))
      element.setAttribute(key, value);
    head.append(element);
  };
  for (const script of document.querySelectorAll("script[src]"))
    if (UNUSED.some((name) => script.getAttribute("src")?.includes(name)))
      script.remove();
  for (const script of document.querySelectorAll("script:not([src])"))
    if (script.textContent?.startsWith("window.MathJax")) script.remove();
  // Colours are those of a theme: the light one where no script asks for the reader's own,
  // which a first visit need not wait for.
  document.documentElement.dataset.theme = "light";
  for (const script of head.querySelectorAll("script:not([src])"))
    if (script.textContent?.includes('getItem("theme")'))
      script.textContent = script.textContent.replace(
        'localStorage.getItem("theme") || "auto"',
        `localStorage.getItem("theme") || (${DARK} ? "dark" : "light")`,
      );
  for (const again of [...head.querySelectorAll("meta[name=viewport]")].slice(1))
    again.remove();

  // The front page is called like the book: once is enough.
  const names = document.title.split(" — ");
  document.title = [...new Set(names)].join(" — ");
  if (head.querySelector("link[rel=icon]")) return; // finished before
  add("link", { rel: "stylesheet", href: `${root}_static/drawn.css` });
  add("link", {
    rel: "icon",
    type: "image/svg+xml",
    href: `${root}_static/favicon.svg`,
  });
  add("meta", { name: "description", content: DESCRIPTION });
}
