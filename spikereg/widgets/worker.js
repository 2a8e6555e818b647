// Trains beside the page, so that the page stays quick: takes orders, sends what it sees.

import { pack, unpack } from "./numerics/network.js";
import { training } from "./numerics/regressor.js";

/**
 * @typedef {import("./numerics/regressor.js").Settings} Settings
 * @typedef {object} Order
 * @property {number} [begin]  the number of a new run, with settings and target
 * @property {Settings} [settings]
 * @property {number[]} [target]
 * @property {DataView} [weights]  to begin with
 * @property {number} [iteration]  that led to these weights
 * @property {number} [go]  iterations to train; 0 to pause
 * @property {boolean} [more]  than those that are still to come
 * @property {number} [turn]  the number of this order to go
 * @property {number} [number]  of this order, whatever it asks for
 * @property {boolean} [drawn]  the page has drawn what it was sent
 */

/**
 * @typedef {object} Sight
 * @property {number} run
 * @property {number} turn  the last order to go
 * @property {number} number  of the last order of any kind
 * @property {number} iteration
 * @property {number[]} losses  of the iterations since the last sight
 * @property {number} loss  of the network as it is now
 * @property {Float32Array} output  [T]
 * @property {Float32Array[]} spikes  of both layers, [T * N]
 * @property {number[]} decays  of both layers
 * @property {boolean} going
 * @property {DataView | null} weights
 */

const SLICE = 8; // milliseconds between two looks at the orders
const PACE = 500; // iterations a second at most, to be watched
const RARE = 1000; // milliseconds between two sights with all weights

/** @type {ReturnType<typeof training>} */
let session;
let begun = 0; // the number of the run
let turn = 0;
let number = 0;
let iteration = 0;
let left = 0;
let start = { time: 0, iteration: 0 }; // of the training under way
let ready = true; // the page has drawn what it was sent
/** @type {number[]} */
let losses = [];
let last = 0; // when the weights were sent
let awake = false;

// Unlike a timer a message comes at once.
const { port1, port2 } = new MessageChannel();
port1.onmessage = work;

function wake() {
  if (awake || left === 0) return;
  awake = true;
  if (isAhead()) setTimeout(work);
  else port2.postMessage(null);
}

/** Whether the next iteration is still to come at this pace. */
function isAhead() {
  const passed = (performance.now() - start.time) / 1000;
  return iteration - start.iteration > PACE * passed;
}

function work() {
  awake = false;
  const end = performance.now() + SLICE;
  while (left > 0 && performance.now() < end && !isAhead()) {
    losses.push(session.iterate());
    iteration++;
    left--;
  }
  if (left === 0 || (ready && losses.length)) send();
  wake();
}

function send() {
  const { runs, loss } = session.look();
  const now = performance.now();
  const whole = left === 0 || now - last > RARE;
  if (whole) last = now;
  ready = false;
  /** @type {Sight} */
  const sight = {
    run: begun,
    turn,
    number,
    iteration,
    losses,
    loss,
    output: runs[2].membrane,
    spikes: [runs[0].spikes, runs[1].spikes],
    decays: [...session.layers[0].beta, ...session.layers[1].beta],
    going: left > 0,
    weights: whole ? pack(session.layers) : null,
  };
  losses = [];
  postMessage(sight);
}

/** @param {MessageEvent<Order>} event */
self.onmessage = ({ data }) => {
  const { begin, settings, target, weights, go } = data;
  if (data.drawn) ready = true;
  number = data.number ?? number;
  if (begin !== undefined && settings && target) {
    const { hidden } = settings;
    const shapes = [
      { inputs: 1, width: hidden, reset: settings.reset },
      { inputs: hidden, width: hidden, reset: settings.reset },
      { inputs: hidden, width: 1, reset: /** @type {const} */ ("none") },
    ];
    session = training(settings, target, weights ? unpack(weights, shapes) : null);
    [begun, iteration, losses] = [begin, data.iteration ?? 0, []];
  } else {
    if (settings) session.change(settings);
    if (target) session.follow(target);
  }
  if (go !== undefined) {
    [left, turn] = [data.more ? left + go : go, data.turn ?? 0];
    start = { time: performance.now(), iteration };
  }
  // A run is seen from its start.
  if (begin !== undefined || (left === 0 && !data.drawn)) send();
  wake();
};
