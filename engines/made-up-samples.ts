// Samples of made-up tokens, the same for the same seed: for checks where no data set is at hand.

import { createMersenneTwister } from '../scenarios/mersenne-twister.js';
import { canonical } from '../scenarios/random.js';
import type { TokenizedSamples } from './contract.js';

const SEED = 20_190_415n;
const COUNT = 32;
const SHORTEST = 8;
const QUESTION_SHARE = 0.1;

/** Lengths from 8 tokens to `longest`, which the first sample has; ids over the whole vocabulary. */
export function madeUpSamples(vocabularySize: number, longest: number): TokenizedSamples {
  const random = createMersenneTwister(SEED);
  const lengths = Array.from({ length: COUNT }, (_unused, place) =>
    place === 0
      ? longest
      : Math.min(longest, SHORTEST + Math.floor(canonical(random) * (longest - SHORTEST + 1))),
  );
  const offsets = [0];
  for (const length of lengths) offsets.push(offsets.at(-1)! + length);
  const shared = (values: readonly number[]): Int32Array => {
    const array = new Int32Array(new SharedArrayBuffer(values.length * 4));
    array.set(values);
    return array;
  };
  return {
    sampleCount: COUNT,
    tokenIds: shared(
      Array.from({ length: offsets.at(-1)! }, () => Math.floor(canonical(random) * vocabularySize)),
    ),
    offsets: shared(offsets),
    segmentStarts: shared(lengths.map((length) => Math.max(2, Math.floor(length * QUESTION_SHARE)))),
    maxSequenceLength: longest,
  };
}
