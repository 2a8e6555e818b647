// PyTorch's random numbers: pure functions, no drawing.

import { f32 } from "./neuron.js";

const SIZE = 624;
const SHIFT = 397;

/**
 * Uniform numbers as torch.Generator().manual_seed(seed) gives them on the CPU, so that a
 * seed is the same network in the page as in Python.  (The Mersenne Twister of
 * M. Matsumoto and T. Nishimura, ACM TOMACS 8(1), 1998; 24 bits make a float32.)
 *
 * @param {number} seed  an integer of at least 0
 * @returns {(count: number, low?: number, high?: number) => Float32Array}
 */
export function uniform(seed) {
  const state = new Uint32Array(SIZE);
  state[0] = seed;
  for (let i = 1; i < SIZE; i++) {
    const before = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(before, 1812433253) + i;
  }
  let at = SIZE;

  function twist() {
    for (let i = 0; i < SIZE; i++) {
      const next = state[(i + 1) % SIZE];
      const joined = (state[i] & 0x80000000) | (next & 0x7fffffff);
      const odd = next & 1 ? 0x9908b0df : 0;
      state[i] = state[(i + SHIFT) % SIZE] ^ (joined >>> 1) ^ odd;
    }
    at = 0;
  }

  function bits() {
    if (at === SIZE) twist();
    let y = state[at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  return (count, low = 0, high = 1) => {
    const from = f32(low);
    const span = f32(f32(high) - from);
    return Float32Array.from(
      { length: count },
      // Rounded once, by Float32Array, as a processor does that fuses the two.
      () => ((bits() & 0xffffff) / 0x1000000) * span + from,
    );
  };
}
