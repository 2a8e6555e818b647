// Blocks that scroll, as long lines of code and wide tables do, are stops of the Tab key,
// so that keys can scroll them.

(() => {
  const BLOCKS = [
    "pre, .cell_output > .output, .jp-RenderedHTMLCommon",
    ".pst-scrollable-table-container, .cell_output:has(> img), div.math",
  ].join(", ");
  // It tells of a block at first, after its size has changed, and when what it stands in
  // is opened; by then the page is laid out, and to ask for widths costs nothing.
  const seen = new ResizeObserver((changes) => {
    for (const { target: block } of changes)
      if (
        block.scrollWidth > block.clientWidth ||
        block.scrollHeight > block.clientHeight
      )
        block.setAttribute("tabindex", "0");
      else block.removeAttribute("tabindex");
  });
  for (const block of document.querySelectorAll(BLOCKS)) seen.observe(block);
})();
