// The page's side of the training: orders to the worker, and what has come back.

import { record } from "./numerics/history.js";

/**
 * @typedef {import("./worker.js").Sight} Sight
 * @typedef {import("./worker.js").Order} Order
 */

const LIMIT = 10_000; // iterations until training pauses by itself
const PERIOD = 500; // milliseconds over which the speed is measured

/**
 * @param {string} source  of the worker
 * @param {() => void} changed  called when there is something new to draw
 */
export function makeTrainer(source, changed) {
  // A page opened from a file may start no worker from another file, but this one.
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  /** @type {Worker | null} */
  let worker = null;

  let run = 0;
  let turn = 0;
  let number = 0;
  let resume = false; // when the page is seen again
  let mark = { time: 0, iteration: 0 };

  const state = {
    /** @type {Sight | null}  what the network does; after a new run was asked for, what
     *    the old one did, until there is something to see of the new one */
    sight: null,
    isOld: false, // is it that of the old run?
    isBehind: true, // does it lack what was asked for last?
    losses: record(),
    first: 0, // iteration that the run began from
    /** @type {number[]}  decays there */
    start: [],
    going: false,
    /** @type {number | null}  iterations a second */
    speed: null,
    fault: "",
  };

  /** @param {Order} order */
  function tell(order) {
    state.isBehind = !state.fault;
    worker?.postMessage({ ...order, number: ++number });
  }

  /** @param {string} message */
  function fail(message) {
    state.fault = `Nothing can train here, the browser runs no worker: ${message}`;
    state.going = state.isBehind = false;
    changed();
  }

  /** @param {MessageEvent<Sight>} event */
  function hear({ data }) {
    if (data.run !== run) return;
    if (state.isOld) {
      Object.assign(state, { isOld: false, losses: record(), speed: null });
      mark = { time: performance.now(), iteration: data.iteration };
    }
    // Steps that were asked for together may be seen one by one.
    state.isBehind = data.number !== number || (data.going && !state.going);
    if (data.iteration === state.first) state.start = data.decays;
    state.sight = data;
    for (const loss of data.losses) state.losses.add(loss);
    if (data.turn === turn && !data.going) state.going = false;
    const passed = performance.now() - mark.time;
    if (state.going && passed > PERIOD) {
      state.speed = (1000 * (data.iteration - mark.iteration)) / passed;
      mark = { time: performance.now(), iteration: data.iteration };
    }
    changed();
  }

  try {
    worker = new Worker(url);
    worker.onmessage = hear;
    worker.onerror = ({ message }) => fail(message ?? "it does not say why.");
  } catch (error) {
    fail(String(error));
  }

  /**
   * @param {number} count  of iterations
   * @param {boolean} [more]  than those that are still to come
   */
  function go(count, more = false) {
    state.going = count > 1 && !state.fault;
    mark = { time: performance.now(), iteration: state.sight?.iteration ?? 0 };
    tell({ go: count, more, turn: ++turn });
    changed();
  }

  // A page that nobody sees does not train.
  function watch() {
    if (document.hidden) {
      resume = state.going;
      if (resume) go(0);
    } else if (resume) {
      go(LIMIT);
    }
  }
  document.addEventListener("visibilitychange", watch);

  return {
    state,
    train: () => go(LIMIT),
    pause: () => go(0),
    // Steps add up; one during training ends that.
    step: () => go(1, !state.going),
    /** Stop, and begin a new run.  @param {Order} order */
    begin(order) {
      Object.assign(state, { isOld: true, first: order.iteration ?? 0 });
      tell({ ...order, begin: ++run, go: state.going ? LIMIT : 0, turn: ++turn });
    },
    tell,
    /** Ask for the next sight. */
    next: () => worker?.postMessage({ drawn: true }),
    end() {
      worker?.terminate();
      URL.revokeObjectURL(url);
      document.removeEventListener("visibilitychange", watch);
    },
  };
}
