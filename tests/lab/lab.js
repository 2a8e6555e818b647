// What the tests in JupyterLab ask of its page.

window.labTest = {
  /** Pairs of labels and readings, of one explorer, that lie over each other. */
  overlaps() {
    const meet = (a, b) =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 &&
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5;
    let checked = 0;
    const found = [];
    for (const list of document.querySelectorAll(".spikereg dl")) {
      // Their text, which may stick out of their boxes
      const boxes = [...list.querySelectorAll("dt, dd")].map((place) => {
        const range = document.createRange();
        range.selectNodeContents(place);
        return { text: place.textContent, box: range.getBoundingClientRect() };
      });
      for (const [n, one] of boxes.entries())
        for (const other of boxes.slice(0, n)) {
          checked++;
          if (meet(one.box, other.box)) found.push([other.text, one.text]);
        }
    }
    return { checked, found };
  },

  /**
   * Of each element of the explorers: its height, and the size of its text, if any.
   *
   * @param {string} style  of the page meanwhile
   */
  sizes(style) {
    const { documentElement: root } = document;
    const before = root.style.cssText;
    root.style.cssText += style;
    const found = [...document.querySelectorAll(".spikereg, .spikereg *")].map((e) => {
      const own = [...e.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim(),
      );
      const size = own ? Number.parseFloat(getComputedStyle(e).fontSize) : null;
      return [e.outerHTML.slice(0, 80), e.getBoundingClientRect().height, size];
    });
    root.style.cssText = before;
    return found;
  },
};
