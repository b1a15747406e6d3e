// Token ids as engines get them.

import type { TokenizedSamples } from '../../engines/contract.js';

export interface PlainSample {
  readonly ids: readonly number[];
  /** Tokens before it are segment 0. */
  readonly segmentStart: number;
}

/** The samples in shared memory. */
export function tokenizedSamples(samples: readonly PlainSample[]): TokenizedSamples {
  const shared = (values: readonly number[]): Int32Array => {
    const array = new Int32Array(new SharedArrayBuffer(values.length * 4));
    array.set(values);
    return array;
  };
  const offsets = [0];
  for (const { ids } of samples) offsets.push(offsets.at(-1)! + ids.length);
  return {
    sampleCount: samples.length,
    tokenIds: shared(samples.flatMap(({ ids }) => ids)),
    offsets: shared(offsets),
    segmentStarts: shared(samples.map(({ segmentStart }) => segmentStart)),
    maxSequenceLength: 384,
  };
}
