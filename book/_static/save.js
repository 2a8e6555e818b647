// Saves a notebook from a page that was opened from a folder: there a browser shows the
// file as text, whatever its link says, and reads no other files than scripts.
// tools/finish has written one for each.

(() => {
  if (location.protocol !== "file:") return; // a link to a server saves by itself

  /** @param {{name: string, text: string}} file */
  function save({ name, text }) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text]));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // once it is saved
  }

  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const link = /** @type {HTMLAnchorElement | null} */ (
      target.closest("a[data-script]")
    );
    if (!link) return;
    event.preventDefault();
    const script = document.createElement("script");
    script.src = String(link.dataset.script);
    script.onload = () => save(/** @type {any} */ (window).spikeregFile);
    script.onerror = () => location.assign(link.href); // at least it can be seen
    document.head.append(script);
  });
})();
