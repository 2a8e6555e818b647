// What the tests ask of a page, run inside it.

window.spikeregTest = {
  /** Wait for something, however busy the machine is. */
  async until(done) {
    const end = performance.now() + 60_000;
    while (!done()) {
      if (performance.now() > end) throw new Error(`never: ${done}`);
      await new Promise(requestAnimationFrame);
    }
  },

  /**
   * A panel: the numbers at its axes with their places, and the path of a mark.
   *
   * @param {[Element, string]} panelAndMark
   */
  panel([panel, mark]) {
    const ticks = (kind, place) =>
      [...panel.querySelectorAll(`.tick.${kind}`)].map((tick) => [
        Number(tick.textContent.replace("−", "-")),
        Number(tick.getAttribute(place)),
      ]);
    const path = panel.querySelector(mark)?.getAttribute("d");
    return { x: ticks("x", "x"), y: ticks("y", "y"), path };
  },

  /** How many nodes a page, or a part of it, has. */
  nodes(part) {
    const below = [...part.childNodes, ...(part.shadowRoot ? [part.shadowRoot] : [])];
    return below.reduce((sum, node) => sum + this.nodes(node), 1);
  },

  /** Serious violations but for the excused ones, pairs of a rule and a selector. */
  async barriers([excused, rules]) {
    const found = [];
    const options = { resultTypes: ["violations"], ...(rules && { runOnly: rules }) };
    for (const { id, impact, nodes } of (await axe.run(document, options)).violations) {
      if (impact !== "serious" && impact !== "critical") continue;
      for (const { target, html } of nodes) {
        const element = document.querySelector(target[0]);
        const known = excused.some(
          ([rule, own]) => rule === id && element.matches(own),
        );
        if (!known) found.push(`${id}: ${html}`);
      }
    }
    return found;
  },

  /** What sticks out of the window to the left or right. */
  outside(selector) {
    return [...document.querySelectorAll(selector)]
      .filter((element) => {
        const { left, right } = element.getBoundingClientRect();
        return left < 0 || right > document.documentElement.clientWidth;
      })
      .map((element) => element.outerHTML.slice(0, 200));
  },

  /** The bytes of a colour. */
  rgb(color) {
    this.canvas ??= document.createElement("canvas").getContext("2d");
    this.canvas.clearRect(0, 0, 1, 1);
    this.canvas.fillStyle = color;
    this.canvas.fillRect(0, 0, 1, 1);
    return [...this.canvas.getImageData(0, 0, 1, 1).data];
  },

  /** The contrast of two colours. */
  ratio(...colors) {
    const linear = (byte) => {
      const v = byte / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    };
    const [dark, light] = colors
      .map((color) => this.rgb(color).map(linear))
      .map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b)
      .sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  },

  /** The colour behind an element. */
  behind(element) {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (this.rgb(color)[3] === 255) return color;
    }
    return "white";
  },

  /** Whether an element is seen, and not only heard. */
  isSeen(element) {
    if (!element.checkVisibility({ visibilityProperty: true })) return false;
    return !element.closest("mjx-assistive-mml, .summary, .notice:not(.away)");
  },

  /** The parts of a page that are seen, with their boxes: text, drawings and controls. */
  parts(root) {
    const found = [];
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { currentNode: text } = texts;
      const element = text.parentElement;
      if (!text.data.trim() || !this.isSeen(element)) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const box of range.getClientRects()) found.push({ element, box });
    }
    const drawn = "img, button, input, select, textarea, mjx-container > svg";
    for (const element of root.querySelectorAll(drawn))
      if (this.isSeen(element))
        found.push({ element, box: element.getBoundingClientRect() });
    return found.filter(({ box }) => box.width > 0);
  },

  /** How an element is named in what a test says. */
  name(element) {
    const text = element.textContent.trim() || element.getAttribute("aria-label");
    return `<${element.localName} ${element.getAttribute("class") ?? ""}> ${text ?? ""}`
      .replaceAll(/\s+/g, " ")
      .slice(0, 90);
  },

  /** Where a box inside an element is cut off, if no scrolling reaches it. */
  cutAt(element, box) {
    const sticksOut = ({ left, right }) => box.left < left - 1 || box.right > right + 1;
    for (let e = element; e !== document.body; e = e.parentElement) {
      const { overflowX } = getComputedStyle(e);
      if (overflowX === "auto" || overflowX === "scroll") return null;
      const isHidden = overflowX === "hidden" || overflowX === "clip";
      if (isHidden && sticksOut(e.getBoundingClientRect())) return e;
    }
    const { clientWidth: right } = document.documentElement;
    return sticksOut({ left: 0, right }) ? document.body : null;
  },

  /** What of a page no reader can see, because it is cut off to the left or right. */
  cut() {
    return this.parts(document.body).flatMap(({ element, box }) => {
      const at = this.cutAt(element, box);
      return at ? [`${this.name(element)}, by ${this.name(at)}`] : [];
    });
  },

  /** What lies one above the other in explorers and in the page's own controls. */
  crowded() {
    const roots = ".spikereg, .bd-header-article, .prev-next-area";
    return [...document.querySelectorAll(roots)].flatMap((root) => {
      const parts = this.parts(root);
      const isBetween = (a, b) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
      return parts.flatMap((one, n) =>
        parts
          .slice(n + 1)
          .filter(
            (other) =>
              !one.element.contains(other.element) &&
              !other.element.contains(one.element) &&
              isBetween(one.box, other.box),
          )
          .map((other) => `${this.name(one.element)} on ${this.name(other.element)}`),
      );
    });
  },

  /** Text of a page that stands out too little from what is behind. */
  faint() {
    const texts = new Set(this.parts(document.body).map(({ element }) => element));
    const checked = [...texts].filter((e) => !e.closest("svg, [inert]"));
    const faint = checked.filter(
      (e) => this.ratio(getComputedStyle(e).color, this.behind(e)) < 4.5,
    );
    return { checked: checked.length, faint: faint.map((e) => this.name(e)) };
  },

  /** What the keys reach in a page, or in a part of it. */
  stops(part = "body") {
    const plain = "a[href], button, input, select, textarea, summary, [tabindex]";
    return [...document.querySelectorAll(`${part} *`)].filter((element) => {
      const isReached = element.matches(plain)
        ? element.tabIndex >= 0 && !element.disabled
        : /auto|scroll/.test(getComputedStyle(element).overflowX) &&
          element.scrollWidth > element.clientWidth;
      const isThere = isReached && !element.closest("[inert]") && this.isSeen(element);
      return isThere && element.getBoundingClientRect().width > 0;
    });
  },

  /**
   * What the keys reach without a ring that is seen: one that is not there before, is two
   * pixels wide, stands out and is not cut off.
   */
  rings(part) {
    const still = document.head.appendChild(document.createElement("style"));
    still.textContent =
      "* { transition: none !important; animation: none !important; }";
    const faults = [];
    const stops = this.stops(part);
    for (const element of stops) {
      document.activeElement?.blur();
      const before = getComputedStyle(element).outlineStyle;
      element.focus({ preventScroll: true, focusVisible: true });
      const { outlineStyle, outlineWidth, outlineColor, outlineOffset } =
        getComputedStyle(element);
      const offset = parseFloat(outlineOffset);
      const reach = offset + parseFloat(outlineWidth);
      const behind = this.behind(offset < 0 ? element : element.parentElement);
      const box = element.getBoundingClientRect();
      const ring = { left: box.left - reach, right: box.right + reach };
      let opacity = 1;
      for (let e = element; e; e = e.parentElement)
        opacity *= Number(getComputedStyle(e).opacity);
      const at = offset < 0 ? null : this.cutAt(element.parentElement, ring);
      const problems = {
        "has no focus": document.activeElement !== element,
        "has no ring": outlineStyle === "none" || parseFloat(outlineWidth) < 2,
        "has it always": before !== "none",
        "is not seen": opacity < 1,
        [`has little contrast: ${outlineColor} on ${behind}`]:
          this.ratio(outlineColor, behind) < 3,
        [`is cut by ${at && this.name(at)}`]: at !== null,
      };
      for (const [problem, isThere] of Object.entries(problems))
        if (isThere) faults.push(`${this.name(element)} ${problem}`);
    }
    still.remove();
    return { stops: stops.length, faults };
  },

  /** Contrast of text and lines of the explorers with what is behind: too low ones. */
  contrasts() {
    const checks = [
      [".spikereg text", "fill", 4.5],
      [".spikereg :is(strong, span, dt, dd, button, select)", "color", 4.5],
      [".spikereg :is(.curve, .dots, .raster, .axis)", "stroke", 3],
      [".spikereg :is(.bars, .wedges)", "fill", 3],
      [".spikereg .columns", "stroke", 3],
      [".spikereg :is(button, select)", "borderTopColor", 3],
    ];
    const found = checks.flatMap(([selector, property, least]) =>
      [...document.querySelectorAll(selector)].map((element) => {
        const own = getComputedStyle(element)[property];
        const around = property === "borderTopColor" ? element.parentElement : element;
        const ratio = this.ratio(own, this.behind(around));
        const name = `${element.getAttribute("class")} ${property} ${element.textContent}`;
        return { ratio, least, name };
      }),
    );
    return { checked: found.length, low: found.filter((f) => f.ratio < f.least) };
  },

  /** What an explorer shows of a value out of range, and what it tells the kernel. */
  async told({ source, state }) {
    const module = new Blob([source], { type: "text/javascript" });
    const { default: widget } = await import(URL.createObjectURL(module));
    /** @type {unknown[]} */
    const heard = [];
    const model = {
      get: (name) => state[name],
      set: (name, value) => heard.push([name, value]),
      save_changes: () => heard.push("saved"),
      on() {},
      off() {},
    };
    const el = document.body.appendChild(document.createElement("div"));
    await widget.render({ model, el });
    await this.until(() => el.querySelector(".panel[width]"));
    const shown = [...el.querySelectorAll(".value")].map((value) => value.textContent);
    const change = (selector, value) => {
      const input = el.querySelector(selector);
      input.value = value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    };
    change("input", "0.25");
    change("select", "zero");
    el.querySelector("button").click();
    return { shown, heard };
  },

  /**
   * Neurons outside of a book: what they are set to, how often a kernel heard of it, and
   * the link that the first one offers.
   */
  async beside({ source, states }) {
    const module = new Blob([source], { type: "text/javascript" });
    const { default: widget } = await import(URL.createObjectURL(module));
    const saved = states.map(() => 0);
    const views = [];
    for (const [n, state] of states.entries()) {
      const model = {
        get: (name) => state[name],
        set: (name, value) => (state[name] = value),
        save_changes: () => saved[n]++,
        on() {},
        off() {},
      };
      views.push(document.body.appendChild(document.createElement("div")));
      await widget.render({ model, el: views[n] });
    }
    const buttons = [...views[0].querySelectorAll("button")];
    buttons.find((button) => button.textContent === "Copy link")?.click();
    const link = views[0].querySelector(".offer").value;
    return { values: states.map((s) => [s.beta, s.threshold]), saved, link };
  },

  /**
   * A playground outside of a book, trained and looked at a second time: what it tells
   * a kernel, and how far it is.
   */
  async trained({ source, state, steps }) {
    const module = new Blob([source], { type: "text/javascript" });
    const { default: widget } = await import(URL.createObjectURL(module));
    const ignore = () => {};
    let saved = {};
    const model = {
      get: (name) => state[name],
      set: (name, value) => (state[name] = value),
      save_changes: () => (saved = { ...state }),
      on: ignore,
      off: ignore,
    };
    const views = [];
    const look = async () => {
      const el = document.body.appendChild(document.createElement("div"));
      views.push(el);
      await widget.render({ model, el });
    };
    const iteration = (view) => Number(view.querySelector("dd")?.textContent);
    const button = (text) =>
      [...views[0].querySelectorAll("button")].find((b) => b.textContent === text);
    await look();
    await this.until(() => saved.weights);
    for (let n = 1; n <= steps; n++) {
      button("Step").click();
      await this.until(() => iteration(views[0]) === n);
    }
    const { weights, loss } = saved;
    await look();
    await this.until(() => iteration(views[1]) > 0);
    const path = (view) => view.querySelector(".pad .membrane").getAttribute("d");
    return {
      weights: [...new Uint8Array(weights.buffer)],
      iteration: saved.iteration,
      run: saved._run,
      loss,
      second: iteration(views[1]),
      same: path(views[0]) === path(views[1]),
    };
  },

  /** When an attribute changes so many times, in milliseconds. */
  async changes([selector, name, times]) {
    const found = [];
    const observer = new MutationObserver(() => found.push(performance.now()));
    observer.observe(document.querySelector(selector), { attributeFilter: [name] });
    await this.until(() => found.length >= times);
    observer.disconnect();
    return found;
  },

  /** Keep what a screen reader is told from now on, and after how long a quiet time. */
  listen(root) {
    const place = root.querySelector(":scope > .summary");
    this.spoken = [];
    this.moved = -Infinity; // when the reader did something
    const note = () => (this.moved = performance.now());
    root.addEventListener("input", note);
    const keep = () => {
      const quiet = performance.now() - this.moved;
      this.spoken.push({ text: place.textContent, quiet });
    };
    new MutationObserver(keep).observe(place, { childList: true });
  },

  /** Let the page's clock jump ahead; its timers take no notice. */
  jump(milliseconds) {
    const now = performance.now.bind(performance);
    performance.now = () => now() + milliseconds;
  },

  /** Keep what the playground shows from now on: number, picture and when. */
  watch(root) {
    this.shown = [];
    const iteration = root.querySelector("dd");
    const path = root.querySelector(".pad .membrane");
    const keep = () => {
      const number = Number(iteration.textContent);
      this.shown.push([number, path.getAttribute("d"), performance.now()]);
    };
    const observer = new MutationObserver(keep);
    observer.observe(iteration, { childList: true });
    observer.observe(path, { attributeFilter: ["d"] });
  },

  /** Pretend that the page is hidden, or seen again. */
  hide(hidden) {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  },

  /** The colour of each entry of the legends, and of the marks of the same name. */
  legends() {
    return [...document.querySelectorAll(".spikereg .legend span")].map((entry) => {
      const root = entry.closest(".spikereg");
      const mark = root.querySelector(`.curve.${entry.getAttribute("class")}`);
      return [
        entry.textContent,
        getComputedStyle(entry, "::before").color,
        getComputedStyle(mark).stroke,
      ];
    });
  },

  /** How wide an explorer is that is first drawn inside a box of some style. */
  async boxed({ source, state, style }) {
    const module = new Blob([source], { type: "text/javascript" });
    const { default: widget } = await import(URL.createObjectURL(module));
    const ignore = () => {};
    const model = { get: (name) => state[name], set: ignore, on: ignore, off: ignore };
    const box = document
      .querySelector(".bd-article")
      .appendChild(document.createElement("div"));
    box.style.cssText = style;
    const el = box.appendChild(document.createElement("div"));
    await widget.render({ model, el });
    await this.until(() => el.querySelector(".curve"));
    return [el.offsetWidth, box.offsetWidth, el.querySelectorAll(".curve").length];
  },

  /** What is left of an explorer that was put into the page and taken out 20 times. */
  async leaks({ source, state, numbers }) {
    const alive = { listeners: 0, observers: 0, timers: 0, workers: 0 };
    const outlives = (target) => [window, document, document.body].includes(target);
    const count = (prototype, name, what, change) => {
      const original = prototype[name];
      prototype[name] = function (...rest) {
        if (what === "observers" || outlives(this)) alive[what] += change;
        return original.apply(this, rest);
      };
    };
    count(EventTarget.prototype, "addEventListener", "listeners", 1);
    count(EventTarget.prototype, "removeEventListener", "listeners", -1);
    count(ResizeObserver.prototype, "observe", "observers", 1);
    count(ResizeObserver.prototype, "disconnect", "observers", -1);

    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const later = window.setTimeout;
    const never = window.clearTimeout;
    /** @type {Set<number>} */
    const waiting = new Set();
    window.setTimeout = (callback, ...rest) => {
      const timer = later(
        () => {
          waiting.delete(timer);
          callback();
        },
        ...rest,
      );
      // The page has scripts of its own.
      if (new Error().stack?.includes(url)) waiting.add(timer);
      return timer;
    };
    window.clearTimeout = (timer) => {
      waiting.delete(timer);
      never(timer);
    };

    const PlainWorker = window.Worker;
    window.Worker = class extends PlainWorker {
      constructor(...given) {
        super(...given);
        alive.workers++;
      }
      terminate() {
        alive.workers--;
        super.terminate();
      }
    };

    const { default: widget } = await import(url);
    const bytes = Uint8Array.from(atob(numbers), (c) => c.charCodeAt(0));
    state._numbers = new DataView(bytes.buffer);
    /** @type {[string, unknown][]} */
    let heard = [];
    let late = 0;
    let left = false;
    const model = {
      get: (name) => {
        if (left) late++;
        return state[name];
      },
      set() {},
      save_changes() {},
      on: (event, callback) => heard.push([event, callback]),
      off: (event, callback) => {
        heard = heard.filter(([e, c]) => e !== event || c !== callback);
      },
    };
    const el = document.body.appendChild(document.createElement("div"));
    // Long enough to be measured and drawn, on a busy machine too.
    const pause = async () => {
      await new Promise((done) => later(done, 60));
      for (let n = 0; n < 3; n++) await new Promise(requestAnimationFrame);
    };
    let most = 0;
    for (let n = 0; n < 20; n++) {
      left = false;
      const leave = await widget.render({ model, el });
      most = Math.max(most, heard.length);
      // Every second one is left with a frame to come, the others with a summary.
      await pause();
      for (const [, callback] of heard) callback();
      if (n % 2) await pause();
      leave();
      left = true;
      alive.timers = Math.max(alive.timers, waiting.size);
      await pause();
    }
    await new Promise((done) => later(done, 700));
    const rest = { heard: heard.length, late, children: el.childElementCount };
    return { most, rest: { ...alive, ...rest } };
  },
};
