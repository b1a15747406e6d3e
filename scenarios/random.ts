// The random primitives of libstdc++ (GCC 11 and later) on top of mt19937. Follows loadgen.md 5.2–5.5.

import type { MersenneTwister } from './mersenne-twister.js';

const TWO_32 = 4294967296;
/** Up to here std::shuffle draws one number for two elements. */
const LAST_PAIRWISE_LENGTH = 65535;

/** Arrays that can be shuffled. */
export type Shuffled = Int32Array | Uint32Array | number[];

/** A uniform integer 0 … range - 1, 1 ≤ range ≤ 2^32 (Lemire's method; one draw, and one more per rejection). */
export function uniformInt(rng: MersenneTwister, range: number): number {
  if (range === TWO_32) return rng.next();
  let drawn = rng.next();
  let low = Math.imul(drawn, range) >>> 0;
  if (low < range) {
    const threshold = (TWO_32 - range) % range;
    while (low < threshold) {
      drawn = rng.next();
      low = Math.imul(drawn, range) >>> 0;
    }
  }
  return highWord(drawn, range);
}

/** Upper 32 bits of the 64-bit product of two uint32; split so that every step stays exact in a double. */
function highWord(a: number, b: number): number {
  const upper = (a >>> 16) * b;
  const lower = (a & 0xffff) * b;
  return Math.floor((upper + Math.floor(lower / 65536)) / 65536);
}

/** Shuffles in place as std::shuffle does: two swaps per draw up to 65,535 elements, one per draw above. */
export function shuffle(array: Shuffled, rng: MersenneTwister): void {
  const length = array.length;
  if (length === 0) return;
  if (length > LAST_PAIRWISE_LENGTH) {
    for (let i = 1; i < length; i++) swap(array, i, uniformInt(rng, i + 1));
    return;
  }
  let i = 1;
  if (length % 2 === 0) {
    swap(array, 1, uniformInt(rng, 2));
    i = 2;
  }
  while (i < length) {
    const range = i + 1;
    const both = uniformInt(rng, range * (range + 1));
    swap(array, i++, Math.floor(both / (range + 1)));
    swap(array, i++, both % (range + 1));
  }
}

function swap(array: Shuffled, i: number, j: number): void {
  const kept = array[i]!;
  array[i] = array[j]!;
  array[j] = kept;
}

/** A double in [0, 1) from two draws, low word first; the sum is rounded once, as generate_canonical does. */
export function canonical(rng: MersenneTwister): number {
  const low = rng.next();
  const high = rng.next();
  const value = (low + high * TWO_32) / 18446744073709551616;
  return value >= 1 ? 1 - 2 ** -53 : value;
}

/** An exponentially distributed interval in seconds at `rate` per second. */
export function exponential(rng: MersenneTwister, rate: number): number {
  return -Math.log(1 - canonical(rng)) / rate;
}
