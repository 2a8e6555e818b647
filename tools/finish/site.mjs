// A published book: its pages name their address and describe themselves to those that
// show links, a sitemap lists them, and its page for lost links works at every depth.
//
// Sphinx has written the address, html_baseurl, into each page.

import fs from "node:fs";
import path from "node:path";

const LOST = "404.html";
// What nobody looks for elsewhere
const UNLISTED = [LOST, "search.html", "genindex.html", "py-modindex.html"];
const ADDRESSES = ["href", "src", "action", "data-content_root"];

/**
 * Write a page's own address into it.
 *
 * @param {import("jsdom").JSDOM} dom
 * @param {string} name  of the page
 * @returns {string}  its address, if there is one for the sitemap
 */
export function nameAddress({ window: { document } }, name) {
  const { head } = document;
  const add = (
    /** @type {string} */ name,
    /** @type {Record<string, string>} */ of,
  ) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(of)) element.setAttribute(key, value);
    head.append(element);
  };
  const isListed = !UNLISTED.includes(name);
  if (!isListed && !head.querySelector("meta[name=robots]"))
    add("meta", { name: "robots", content: "noindex" });
  const canonical = head.querySelector("link[rel=canonical]");
  const url = canonical?.getAttribute("href");
  if (!canonical || !url) return "";
  const site = url.slice(0, -name.length);
  if (name === LOST) {
    canonical.remove(); // it stands for any address
    makeAbsolute(document.documentElement, new URL(site).pathname);
    return "";
  }
  const title = document.title.split(" — ");
  const description = head.querySelector("meta[name=description]");
  const card = {
    type: "website",
    url,
    site_name: String(title.at(-1)),
    title: title[0],
    description: description?.getAttribute("content") ?? "",
    image: `${site}_static/page.png`,
  };
  if (!head.querySelector("meta[property='og:url']"))
    for (const [key, content] of Object.entries(card))
      add("meta", { property: `og:${key}`, content });
  return isListed ? url : "";
}

/**
 * A page that is shown for an address of any depth has links from the site's root.
 *
 * @param {Element} page
 * @param {string} root  such as /name/
 */
function makeAbsolute(page, root) {
  for (const name of ADDRESSES)
    for (const element of [page, ...page.querySelectorAll(`[${name}]`)]) {
      const value = element.getAttribute(name);
      if (value === null || /^(#|\/|[a-z][a-z0-9+.-]*:)/.test(value)) continue;
      element.setAttribute(name, root + value.replace(/^\.\//, ""));
    }
}

/**
 * List a published book's pages for search engines.
 *
 * @param {string} folder  of the book
 * @param {string[]} addresses  of its pages
 */
export function writeSitemap(folder, addresses) {
  if (!addresses.length) return;
  const write = (/** @type {string} */ name, /** @type {string[]} */ lines) =>
    fs.writeFileSync(path.join(folder, name), `${lines.join("\n")}\n`);
  write("sitemap.xml", [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
    ...addresses.map((url) => `  <url><loc>${url}</loc></url>`),
    "</urlset>",
  ]);
  // It is looked for at a server's root alone.
  const { origin, pathname } = new URL(addresses[0]);
  if (!/^\/book\//.test(pathname)) return;
  write("robots.txt", ["User-agent: *", "Disallow:", `Sitemap: ${origin}/sitemap.xml`]);
}
