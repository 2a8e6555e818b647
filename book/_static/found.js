// Shows in a page the words that a search has found, until its reader takes the marks
// away.  What a word is, the search learns from here as well.

(() => {
  /** Numbers keep their places: 0.5, section 10.3. */
  const WORD = /\d+(?:\.\d+)+|[\p{L}\p{M}\p{N}]+/gu;
  /** Where nothing is marked: drawings, and what is not seen. */
  const CLOSED = "script, style, .math, .explorer-place, .definition";

  /** Words are equal but for case, accents and the s of a plural. */
  const plain = (/** @type {string} */ word) =>
    word
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .replace(/^(.{2,}[^s])s$/u, "$1");

  const wordsOf = (/** @type {string} */ text) => text.match(WORD) ?? [];

  /**
   * Mark words in a part of a page.
   *
   * @param {Element} root
   * @param {Iterable<string>} words
   * @returns {Range[]}  where they stand
   */
  function mark(root, words) {
    const wanted = new Set([...words].map(plain));
    const ranges = [];
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = /** @type {Text} */ (texts.currentNode);
      if (text.parentElement?.closest(CLOSED)) continue;
      for (const { index, 0: word } of text.data.matchAll(WORD)) {
        if (!wanted.has(plain(word))) continue;
        const range = new Range();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        ranges.push(range);
      }
    }
    // Marks leave the page's elements alone; an older browser shows none.
    CSS.highlights?.set("found", new Highlight(...ranges));
    // Formulas are drawings: one that has the letter is marked as a whole.
    for (const letter of root.querySelectorAll(".math math :is(mi, mtext)"))
      if (wordsOf(letter.textContent).some((word) => wanted.has(plain(word))))
        letter.closest("mjx-container")?.classList.add("found");
    return ranges;
  }

  /** Mark what the search that led here has found, and offer to take the marks away. */
  function showFound() {
    const url = new URL(location.href);
    const words = wordsOf(url.searchParams.get("highlight") ?? "");
    const article = document.querySelector("article.bd-article");
    if (!words.length || !article) return;
    // A link that is copied from the address shall not mark anything.
    url.searchParams.delete("highlight");
    history.replaceState(history.state, "", url);
    const ranges = mark(article, words);

    // A word that stands behind a closed question alone would not be seen.
    const place = document.getElementById(url.hash.slice(1));
    const here = ranges.map(({ startContainer: text }) => text.parentElement);
    const near = here.filter((element) => place?.contains(element));
    if (near.length && !near.some((element) => element?.checkVisibility()))
      near[0]?.closest("details")?.setAttribute("open", "");

    const bar = document.createElement("p");
    bar.className = "found-bar";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Remove highlights";
    bar.append(button);
    article.parentElement?.append(bar);

    const clear = () => {
      CSS.highlights?.delete("found");
      for (const formula of article.querySelectorAll(".found"))
        formula.classList.remove("found");
      bar.remove();
      removeEventListener("keydown", atEscape);
    };
    const atEscape = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") clear();
    };
    button.addEventListener("click", clear);
    addEventListener("keydown", atEscape);
  }

  /** @type {any} */ (window).spikeregFound = { mark, plain, wordsOf, WORD };
  showFound();
})();
