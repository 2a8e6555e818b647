// Finish the pages that Sphinx has written, so that a browser has little left to do:
// formulas and icons become drawings, each explorer has a still picture of itself and a
// page of its own, all has an address, a page loads only what it uses, its files can be
// saved, and the search knows the sections.
//
// Usage: node tools/finish.mjs FOLDER [PAGE ...]   (all pages of the folder by default)

import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { JSDOM } from "jsdom";

import { findPlaces, setAddresses } from "./finish/addresses.mjs";
import { keepExplorers, nameExplorers, writePage } from "./finish/alone.mjs";
import { keepFiles } from "./finish/files.mjs";
import { drawFormulas, formulaStyle } from "./finish/formulas.mjs";
import { tidyHead } from "./finish/head.mjs";
import { drawIcons } from "./finish/icons.mjs";
import { sizePictures } from "./finish/pictures.mjs";
import { gatherSections, writeSections } from "./finish/sections.mjs";
import { nameAddress, writeSitemap } from "./finish/site.mjs";
import { drawStills } from "./finish/stills.mjs";
import { dropLoop } from "./finish/stops.mjs";
import { explainTerms, readDefinitions } from "./finish/terms.mjs";

const [folder, ...named] = process.argv.slice(2);
const pages = named.length
  ? named
  : fs.globSync("**/*.html", { cwd: folder, exclude: ["_static/**"] });
const styles = new Set([formulaStyle()]);
const addresses = [];
const places = findPlaces(folder);
const definitions = readDefinitions(folder);
const explorers = [];
const sections = [];

for (const name of pages) {
  const file = path.join(folder, name);
  const dom = new JSDOM(fs.readFileSync(file, "utf8"), {
    pretendToBeVisual: true,
    runScripts: "outside-only", // the page's own scripts stay what they are
    url: "https://page.invalid/",
  });
  // Where the page finds the book's files
  const root = "../".repeat(name.split(path.sep).length - 1);
  try {
    setAddresses(dom, name, places);
    explainTerms(dom, definitions, root);
    drawFormulas(dom);
    styles.add(await drawIcons(dom, folder));
    nameExplorers(dom, name, root);
    await drawStills(dom, folder, root);
    sizePictures(dom, folder, name);
    keepFiles(dom, folder, name, root);
    explorers.push(...keepExplorers(dom, folder, name));
    tidyHead(dom, root);
    addresses.push(nameAddress(dom, name));
    sections.push(...gatherSections(dom, name));
  } catch (error) {
    console.error(`${name}: ${/** @type {Error} */ (error).message}`);
    process.exit(1);
  }
  fs.writeFileSync(file, dom.serialize());
  dom.window.close();
}
if (!named.length) {
  fs.writeFileSync(path.join(folder, "_static", "drawn.css"), [...styles].join("\n"));
  dropLoop(folder);
  writePage(folder, explorers);
  writeSections(folder, sections);
  writeSitemap(folder, addresses.filter(Boolean));
}
