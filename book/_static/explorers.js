// Makes a page's explorers move without a kernel, with the sliders that are tied to them.
//
// tools/finish has put still pictures into each view's place, which stay until what moves
// is drawn, and named the scripts that draw it: they are fetched when the page has been
// seen, as its text and pictures can be read without them.

(async () => {
  /**
   * @typedef {{model_name: string, state: Record<string, any>,
   *   buffers?: {path: string[], data: string}[] | string}} Saved  a model in the page,
   *   and its numbers, or what the script that holds them calls them
   * @typedef {{get: (name: string) => any, set: (name: string, value: unknown) => void,
   *   save_changes: () => void, on: (event: string, callback: () => void) => void,
   *   off: (event: string, callback: () => void) => void}} Model
   */
  const page = /** @type {any} */ (window);
  const own = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  const names = own?.dataset.needs?.split(" ") ?? [];
  if (names.length && !document.hidden)
    await new Promise((seen) => {
      new PerformanceObserver(seen).observe({ type: "paint", buffered: true });
    });
  if (names.length) await Promise.all(names.map(fetched));

  /** @param {string} name  of a script beside this one */
  function fetched(name) {
    const script = document.createElement("script");
    script.src = String(own?.src).replace(/[^/]*$/, `explorers/${name}.js`);
    script.fetchPriority = "high"; // before the pictures further down
    document.head.append(script);
    return new Promise((done) => (script.onload = script.onerror = done));
  }

  const saved = document.querySelector(
    'script[type="application/vnd.jupyter.widget-state+json"]',
  );
  /** @type {Record<string, Saved>} */
  const all = JSON.parse(String(saved?.textContent)).state;
  /** @type {Map<string, Model>} */
  const models = new Map();

  /** @param {string} base64 */
  function decoded(base64) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return new DataView(bytes.buffer);
  }

  /** Lists of equal numbers are one value. */
  const same = (/** @type {unknown} */ a, /** @type {unknown} */ b) =>
    Object.is(a, b) ||
    (Array.isArray(a) && Array.isArray(b) && JSON.stringify(a) === JSON.stringify(b));

  /**
   * What a kernel's model is to an explorer.
   *
   * @param {Saved} saved
   * @returns {Model}
   */
  function makeModel({ state, buffers = [] }) {
    const values = { ...state };
    const numbers =
      typeof buffers === "string" ? page.spikereg.saved[buffers].buffers : buffers;
    for (const { path, data } of numbers) values[path[0]] = decoded(data);
    /** @type {[string, () => void][]} */
    let heard = [];
    return {
      get: (name) => values[name],
      set(name, value) {
        if (same(values[name], value)) return;
        values[name] = value;
        for (const [event, callback] of heard)
          if (event === `change:${name}`) callback();
      },
      save_changes() {},
      on(event, callback) {
        heard = [...heard, [event, callback]];
      },
      off(event, callback) {
        heard = heard.filter(([e, c]) => e !== event || c !== callback);
      },
    };
  }

  /** @param {string} reference */
  function modelOf(reference) {
    const id = reference.replace("IPY_MODEL_", "");
    const model = models.get(id) ?? makeModel(all[id]);
    models.set(id, model);
    return model;
  }

  /** @param {HTMLElement} parent @param {string} name @param {string} className */
  function add(parent, name, className) {
    const element = document.createElement(name);
    element.className = className;
    parent.append(element);
    return element;
  }

  /** A slider, which looks like the explorers' own.  @type {Draw} */
  function drawSlider(model, parent) {
    const label = add(add(parent, "div", "spikereg"), "label", "control");
    add(label, "span", "name").textContent = model.get("description");
    const input = /** @type {HTMLInputElement} */ (add(label, "input", ""));
    input.type = "range";
    for (const name of ["min", "max", "step"])
      input.setAttribute(name, model.get(name));
    const value = add(label, "span", "value");
    value.setAttribute("aria-hidden", "true");
    const digits = String(model.get("step")).split(".")[1]?.length ?? 0;
    function show() {
      input.value = model.get("value");
      value.textContent = model.get("value").toFixed(digits).replace("-", "−");
    }
    input.addEventListener("input", () => model.set("value", Number(input.value)));
    model.on("change:value", show);
    show();
  }

  /** @type {(direction: string) => Draw} */
  const drawBox = (direction) => (model, parent) => {
    const box = add(parent, "div", `widget-box ${direction}`);
    for (const child of model.get("children")) show(child, box);
  };

  /**
   * A link to an explorer on a page of its own, set as it is here.
   *
   * @param {string} address
   * @param {Element} explorer
   */
  function offerAlone(address, explorer) {
    const row = /** @type {HTMLElement} */ (explorer.querySelector(".sharing"));
    const link = /** @type {HTMLAnchorElement} */ (add(row, "a", "alone"));
    link.textContent = "Open alone";
    link.href = address;
    const name = new URLSearchParams(address.split("?")[1]).get("name");
    function set() {
      // Each explorer tells its own part.
      const parts = new Map();
      document.dispatchEvent(new CustomEvent("spikereg-link", { detail: parts }));
      link.hash = parts.get(name);
    }
    for (const event of ["pointerenter", "focus", "click"])
      link.addEventListener(event, set);
  }

  /** @typedef {(model: Model, parent: HTMLElement) => void} Draw */
  /** @type {Record<string, Draw>}  what tools/finish lets into a page */
  const kinds = {
    AnyModel(model, parent) {
      const el = add(parent, "div", "");
      page.spikereg[model.get("_esm")].render({ model, el });
      if (model.get("alone")) offerAlone(model.get("alone"), el);
    },
    FloatSliderModel: drawSlider,
    IntSliderModel: drawSlider,
    HBoxModel: drawBox("row"),
    VBoxModel: drawBox("column"),
  };

  /** @param {string} reference @param {HTMLElement} parent */
  function show(reference, parent) {
    const { model_name } = all[reference.replace("IPY_MODEL_", "")];
    kinds[model_name](modelOf(reference), parent);
  }

  /** @param {[string, string]} from @param {[string, string]} to */
  function tie([from, name], [to, other]) {
    const [source, target] = [modelOf(from), modelOf(to)];
    const carry = () => target.set(other, source.get(name));
    source.on(`change:${name}`, carry);
    carry();
  }

  for (const { model_name, state } of Object.values(all)) {
    if (!state.source) continue;
    tie(state.source, state.target);
    if (model_name === "LinkModel") tie(state.target, state.source);
  }
  for (const view of document.querySelectorAll(
    'script[type="application/vnd.jupyter.widget-view+json"]',
  )) {
    // One after another, so that the page answers its reader in between
    if (names.length) await new Promise((next) => setTimeout(next));
    const place = /** @type {HTMLElement} */ (view.previousElementSibling);
    const stills = [...place.children];
    const live = add(place, "div", "live coming");
    try {
      show(JSON.parse(String(view.textContent)).model_id, live);
    } catch (error) {
      // Its script or its numbers have not come: its picture stays, and the others move.
      live.remove();
      reportError(error);
      continue;
    }
    // An explorer says in a summary what it shows, as soon as it shows something, or
    // beside its drawing that it cannot.
    const isDrawn = () =>
      [...live.querySelectorAll(".spikereg > .summary")].every(
        (said) =>
          said.textContent ||
          said.parentElement?.querySelector(".drawing > .note")?.textContent,
      );
    const observer = new MutationObserver(() => {
      if (!isDrawn()) return;
      observer.disconnect();
      for (const still of stills) still.remove();
      live.classList.remove("coming");
    });
    observer.observe(live, { childList: true, subtree: true, characterData: true });
  }
})();
