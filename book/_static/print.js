// Paper is light: a page is printed in the light theme, whatever its reader has chosen.

(() => {
  const { dataset } = document.documentElement;
  let chosen = dataset.theme;
  addEventListener("beforeprint", () => {
    chosen = dataset.theme;
    dataset.theme = "light";
  });
  addEventListener("afterprint", () => {
    dataset.theme = chosen;
  });
})();
