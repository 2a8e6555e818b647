// Searches the sections of the book, which tools/finish has gathered, and shows those
// that have the words.

(() => {
  /**
   * @typedef {{page: string, id: string, title: string, chapter: string, text: string}}
   *   Section
   * @typedef {Section & {terms: string[]}} Result
   */
  const { MiniSearch, spikeregFound, spikeregSections } = /** @type {any} */ (window);
  const { mark, plain, wordsOf, WORD } = spikeregFound;
  /** @type {Section[]} */
  const sections = spikeregSections;
  const MOST = 50; // results that are shown
  const AROUND = 240; // characters of an excerpt
  const DELAY = 200; // milliseconds after which what is typed is searched for
  // They say nothing of a section.
  const EMPTY = new Set(
    `a an and are as at be by can do does for from how i in is it its of on or so that
    the this to was what when where which why with`.split(/\s+/),
  );

  const index = new MiniSearch({
    fields: ["title", "name", "text"],
    tokenize: wordsOf,
    processTerm: plain,
    searchOptions: {
      // A chapter's long title counts twice.
      boost: { title: 5, name: 5 },
      weights: { prefix: 0.1, fuzzy: 0.1 },
      // The beginning of a word finds it, while it is being typed too.
      prefix: (/** @type {string} */ term) => term.length > 2,
    },
  });
  index.addAll(
    sections.map(({ title, chapter, text }, id) => {
      const name = title === chapter ? title : "";
      return { id, title, name, text };
    }),
  );

  /**
   * Find sections with all words, or failing that, with some or similar ones.
   *
   * @param {string} query
   * @returns {{results: Result[], isExact: boolean}}
   */
  function find(query) {
    const words = wordsOf(query);
    const telling = words.filter((/** @type {string} */ word) => !EMPTY.has(word));
    const asked = (telling.length ? telling : words).join(" ");
    const exact = index.search(asked, { combineWith: "AND" });
    const found = exact.length ? exact : index.search(asked, { fuzzy: 0.2 });
    return {
      results: found.map((/** @type {any} */ { id, terms }) => ({
        ...sections[id],
        terms,
      })),
      isExact: exact.length > 0,
    };
  }

  /**
   * The part of a text that has most of the words.
   *
   * @param {string} text
   * @param {string[]} terms
   */
  function excerpt(text, terms) {
    if (text.length <= AROUND) return text;
    const hits = [...text.matchAll(WORD)].filter(({ 0: word }) =>
      terms.includes(plain(word)),
    );
    let start = 0;
    let most = 0;
    for (const { index: from } of hits) {
      const near = hits.filter(
        ({ index }) => index >= from && index < from + AROUND / 2,
      );
      const count = new Set(near.map(({ 0: word }) => plain(word))).size;
      if (count > most) [most, start] = [count, from];
    }
    // From the beginning of the sentence, if that is near
    const ends = [". ", "! ", "? "].map((end) => text.lastIndexOf(end, start - 2));
    const sentence = Math.max(...ends.map((end) => (end < 0 ? 0 : end + 2)));
    const isNear = start - sentence < AROUND / 2;
    const from = isNear ? sentence : text.lastIndexOf(" ", start - 40) + 1;
    const end = text.length - from > AROUND ? text.lastIndexOf(" ", from + AROUND) : -1;
    const part = end < 0 ? text.slice(from) : `${text.slice(from, end)} …`;
    return isNear ? part : `… ${part}`;
  }

  const list = /** @type {HTMLElement} */ (document.querySelector("#search-results"));
  const status = /** @type {HTMLElement} */ (document.querySelector("#search-status"));
  const help = /** @type {HTMLElement} */ (document.querySelector("#search-help"));
  const form = /** @type {HTMLFormElement} */ (
    document.querySelector("article form.bd-search")
  );
  const field = /** @type {HTMLInputElement} */ (form.querySelector("input"));

  /** @param {Result} result */
  function entry({ page, id, title, chapter, text, terms }) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const query = new URLSearchParams({ highlight: terms.join(" ") });
    link.href = `${page}?${query}#${id}`;
    link.textContent = title;
    item.append(link);
    if (chapter !== title) {
      const where = document.createElement("span");
      where.textContent = chapter;
      item.append(where);
    }
    const words = document.createElement("p");
    words.textContent = excerpt(text, terms);
    item.append(words);
    return item;
  }

  /**
   * @param {string} query
   * @param {number} count  of the results
   * @param {boolean} isExact
   */
  function said(query, count, isExact) {
    if (!wordsOf(query).length) return "";
    if (!count) return `No section has “${query}”. Try fewer words, or others.`;
    const sections = count === 1 ? "section" : "sections";
    const shown = count > MOST ? `; the first ${MOST}:` : ":";
    return isExact
      ? `${count} ${sections} for “${query}”${shown}`
      : `No section has “${query}”. ${count} ${sections} with some of it, or similar words${shown}`;
  }

  function search() {
    const query = field.value.trim();
    const url = new URL(location.href);
    if (query) url.searchParams.set("q", query);
    else url.searchParams.delete("q");
    history.replaceState(history.state, "", url);
    const { results, isExact } = find(query);
    list.replaceChildren(...results.slice(0, MOST).map(entry));
    mark(
      list,
      results.flatMap(({ terms }) => terms),
    );
    help.hidden = results.length > 0;
    status.textContent = said(query, results.length, isExact);
  }

  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, DELAY);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    search();
  });
  field.value = new URLSearchParams(location.search).get("q") ?? "";
  if (field.value) search();
  else field.focus();
})();
