// Shows what a term of the glossary means while a pointer or the keys are at it.

(() => {
  const DELAY = 150; // milliseconds in which a pointer may pass by, or reach the box
  const GAP = 4; // pixels between a term and its box
  const EDGE = 8; // and between the box and the window's edge

  /** @type {{term: Element, box: HTMLElement} | null} */
  let shown = null;
  let timer = 0;

  function hide() {
    if (shown) shown.box.hidden = true;
    shown = null;
  }

  /** @param {Element} term */
  function show(term) {
    if (shown?.term === term) return;
    hide();
    const id = String(term.getAttribute("aria-describedby"));
    const box = /** @type {HTMLElement} */ (document.getElementById(id));
    shown = { term, box };
    box.hidden = false;
    // A term may go on in the next line: the box stands at its beginning.
    const { left, top, bottom } = term.getClientRects()[0];
    const { clientWidth, clientHeight } = document.documentElement;
    const { offsetWidth: width, offsetHeight: height } = box;
    const fits = bottom + GAP + height + EDGE <= clientHeight;
    const x = Math.max(EDGE, Math.min(left, clientWidth - width - EDGE));
    const y = fits ? bottom + GAP : top - GAP - height;
    box.style.left = `${x + scrollX}px`;
    box.style.top = `${y + scrollY}px`;
  }

  /** @param {Event} event */
  const at = ({ target }) =>
    target instanceof Element ? target.closest("a.term, .definition") : null;

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return; // it follows the link
    clearTimeout(timer);
    const place = at(event);
    if (place === shown?.box && place) return;
    if (place) timer = setTimeout(() => show(place), DELAY);
    else if (shown?.term !== document.activeElement) timer = setTimeout(hide, DELAY);
  });
  document.addEventListener("focusin", (event) => {
    clearTimeout(timer);
    const place = at(event);
    if (place) show(place);
    else hide();
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    clearTimeout(timer);
    hide();
  });
})();
