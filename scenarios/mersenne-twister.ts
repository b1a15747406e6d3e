// The 32-bit Mersenne Twister, as std::mt19937 of libstdc++ produces it. Follows loadgen.md 5.1.

const STATE_WORDS = 624;
const SHIFT_WORDS = 397;

/** A stream of uint32 numbers. */
export interface MersenneTwister {
  /** The next output, 0 … 2^32 - 1. */
  next(): number;
}

/** Starts the stream of a uint64 seed, of which only the low 32 bits count. */
export function createMersenneTwister(seed: bigint): MersenneTwister {
  const state = new Uint32Array(STATE_WORDS);
  state[0] = Number(BigInt.asUintN(32, seed));
  for (let i = 1; i < STATE_WORDS; i++) {
    const previous = state[i - 1]!;
    state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
  let place = STATE_WORDS;

  const twist = (): void => {
    for (let i = 0; i < STATE_WORDS; i++) {
      const mixed = (state[i]! & 0x80000000) | (state[i + 1 === STATE_WORDS ? 0 : i + 1]! & 0x7fffffff);
      const other = i + SHIFT_WORDS;
      const shifted = state[other < STATE_WORDS ? other : other - STATE_WORDS]!;
      state[i] = shifted ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    place = 0;
  };

  return {
    next() {
      if (place === STATE_WORDS) twist();
      let y = state[place++]!;
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      y ^= y >>> 18;
      return y >>> 0;
    },
  };
}
