// Prepares a page for its widgets: loaded after require.js, before the widget manager.

(() => {
  const page = /** @type {any} */ (window);

  // anywidget lies beside the other scripts, wherever the book lies.
  const here = /** @type {HTMLScriptElement} */ (document.currentScript).src;
  const anywidget = new URL("widgets/anywidget", here).href;
  page.require.config({ paths: { anywidget } });

  // The manager asks MathJax 2 to typeset a widget's text; the book has MathJax 3.
  window.addEventListener("load", () => {
    const { MathJax } = page;
    if (!MathJax) return;
    const Queue = (/** @type {[string, unknown, Element]} */ [, , element]) =>
      MathJax.typesetPromise([element]);
    MathJax.Hub = { Queue };
  });

  // Handles of ipywidgets' sliders have no name of their own for a screen reader.
  const nameHandles = () => {
    for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const label = handle.closest(".widget-slider")?.querySelector(".widget-label");
      handle.setAttribute("aria-label", label?.textContent || "slider");
    }
  };
  new MutationObserver(nameHandles).observe(document.body, {
    childList: true,
    subtree: true,
  });
})();
