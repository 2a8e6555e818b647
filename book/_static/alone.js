// Shows the explorer that the address of explorer.html names, such as
// explorer.html?name=lif&theme=dark#lif.beta=0.5, or says which there are.

(() => {
  const LETTERS = 60; // of a value that a notice repeats
  const root = document.documentElement;
  const asked = new URLSearchParams(location.search);
  const [name, page, theme] = ["name", "page", "theme"].map((key) => asked.get(key));

  const isKnown = theme === "light" || theme === "dark";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const follow = () =>
    (root.dataset.theme = isKnown ? theme : system.matches ? "dark" : "light");
  system.addEventListener("change", follow);
  follow();
  // Nobody sees the list flash.
  root.classList.toggle("asked", name !== null);

  const isFramed = window !== window.parent;
  // An explorer that a link sets scrolls into sight: never the page around its frame.
  if (isFramed) Element.prototype.scrollIntoView = () => {};

  /** @param {string} id */
  const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

  /** @param {string | null} value */
  function quoted(value) {
    const text = String(value);
    return `“${text.length > LETTERS ? `${text.slice(0, LETTERS)}…` : text}”`;
  }

  /** @param {string} text */
  function say(text) {
    const notice = byId("notice");
    notice.hidden = false;
    notice.textContent = text;
  }

  /** Say what is wrong, and which explorers there are.  @param {string} text */
  function refuse(text) {
    root.classList.remove("asked");
    say(text);
  }

  /** @param {string} file */
  const load = (file) =>
    new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = `_static/${file}.js`;
      script.onload = done;
      script.onerror = () => failed(new Error(`${script.src} is missing`));
      document.head.append(script);
    });

  /** What explorers.js finds in a page.  @param {string} kind @param {unknown} value */
  function hold(kind, value) {
    const script = document.createElement("script");
    script.type = `application/vnd.jupyter.widget-${kind}+json`;
    script.textContent = JSON.stringify(value);
    byId("explorer").append(script);
  }

  /** @param {HTMLAnchorElement} link  to the explorer, in the list */
  async function open(link) {
    const { name, page, explorer: script } = link.dataset;
    document.title = link.text;
    const chapter = /** @type {Element} */ (link.parentElement?.lastElementChild);
    byId("chapter").append(", ", chapter.cloneNode(true));
    const own = `${page}-${name}`;
    await load(`explorers/${own}`);
    const heading = document.createElement("h1");
    heading.textContent = link.text;
    const place = document.createElement("div");
    place.className = "explorer-place";
    byId("explorer").append(heading, place);
    hold("view", { model_id: "explorer" });
    const { saved } = /** @type {any} */ (window).spikereg;
    hold("state", { state: { explorer: saved[own] } });
    await load(`explorers/${script}`);
    await load("explorers");
  }

  document.addEventListener("DOMContentLoaded", () => {
    if (theme !== null && !isKnown)
      say(`The theme is light or dark, not ${quoted(theme)}.`);
    /** @type {NodeListOf<HTMLAnchorElement>} */
    const links = document.querySelectorAll("#known a[data-name]");
    const named = [...links].filter((link) => link.dataset.name === name);
    const found = named.filter(({ dataset }) => [null, dataset.page].includes(page));
    if (found.length === 1)
      open(found[0]).catch((error) => refuse(`${error.message}.`));
    else if (found.length)
      refuse(`Several pages have an explorer ${quoted(name)}: name one of them, too.`);
    else if (named.length)
      refuse(`The page ${quoted(page)} has no explorer ${quoted(name)}.`);
    else if (name !== null) refuse(`There is no explorer ${quoted(name)}.`);
    if (isFramed)
      // what frames an explorer stays where it is
      for (const link of document.querySelectorAll("footer a"))
        link.setAttribute("target", "_blank");
  });
})();
