// Latency of one sample of a given length: what a person who asks one question waits for.

import type { DirectInference, TokenizedSamples } from '../../engines/contract.js';

const RUNS = 30;

/** Median of some runs, in ms. */
export async function medianLatencyMs(
  { run }: Pick<DirectInference, 'run'>,
  sample: TokenizedSamples,
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const from = performance.now();
    await run(sample);
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[RUNS >> 1]!;
}

/** The first sample that is long enough, cut to `length`. */
export function firstOfLength(
  { offsets, tokenIds, segmentStarts, maxSequenceLength }: TokenizedSamples,
  length: number,
): TokenizedSamples {
  const index = segmentStarts.findIndex((_unused, i) => offsets[i + 1]! - offsets[i]! >= length);
  const from = offsets[index]!;
  return {
    sampleCount: 1,
    tokenIds: tokenIds.slice(from, from + length),
    offsets: Int32Array.of(0, length),
    segmentStarts: segmentStarts.slice(index, index + 1),
    maxSequenceLength,
  };
}
