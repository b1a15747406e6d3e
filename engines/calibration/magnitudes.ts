// How often which magnitude occurs at a place: a histogram on a logarithmic scale, so that one pass over the data serves every
// method, whatever the range turns out to be.

/** Bins are the upper 15 bits of a float32 without its sign: 128 to each power of two. */
const BIN_COUNT = 1 << 15;
const BIN_SHIFT = 16;

export interface Magnitudes {
  /** Float64[n] of bins that occur: the middle of each, ascending. */
  readonly values: Float64Array;
  /** How often each occurs. */
  readonly counts: Float64Array;
  readonly min: number;
  readonly max: number;
}

export interface MagnitudeCounter {
  add(values: Float32Array): void;
  /** The counts of both together. */
  merge(other: MagnitudeCounter): void;
  readonly bins: Float64Array;
  readonly min: number;
  readonly max: number;
}

export function createMagnitudeCounter(): MagnitudeCounter {
  const bins = new Float64Array(BIN_COUNT);
  let min = Infinity;
  let max = -Infinity;
  return {
    bins,
    get min() {
      return min;
    },
    get max() {
      return max;
    },
    add(values) {
      const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
      for (let i = 0; i < values.length; i++) {
        bins[(words[i]! & 0x7fffffff) >>> BIN_SHIFT]!++;
        const value = values[i]!;
        if (value < min) min = value;
        if (value > max) max = value;
      }
    },
    merge(other) {
      for (let bin = 0; bin < BIN_COUNT; bin++) bins[bin]! += other.bins[bin]!;
      min = Math.min(min, other.min);
      max = Math.max(max, other.max);
    },
  };
}

/** The bins that occur. */
export function magnitudesOf({ bins, min, max }: MagnitudeCounter): Magnitudes {
  const places: number[] = [];
  for (let bin = 0; bin < BIN_COUNT; bin++) if (bins[bin]! > 0) places.push(bin);
  return {
    values: Float64Array.from(places, middleOf),
    counts: Float64Array.from(places, (bin) => bins[bin]!),
    min,
    max,
  };
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

function middleOf(bin: number): number {
  if (bin === 0) return 0;
  word[0] = (bin << BIN_SHIFT) | (1 << (BIN_SHIFT - 1));
  return float[0]!;
}
