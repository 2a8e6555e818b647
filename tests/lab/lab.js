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

  /** Of each element of the explorers: its height, and the size of its text, if any. */
  sizes() {
    return [...document.querySelectorAll(".spikereg, .spikereg *")].map((element) => {
      const own = [...element.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim(),
      );
      const { height } = element.getBoundingClientRect();
      const size = Number.parseFloat(getComputedStyle(element).fontSize);
      return [element.outerHTML.slice(0, 80), height, own ? size : null];
    });
  },
};
