// Inference outside a phase: samples of the engine's data set, batch after batch on the calling thread.

import type { TokenizedSamples } from '../contract.js';
import { inNative } from './native-errors.js';
import type { NativeAddon } from './native.js';

/** Logits of each sample, in order, `batchSize` at a time. */
export function runInBatches(
  addon: NativeAddon,
  handle: number,
  { offsets }: TokenizedSamples,
  indices: Int32Array,
  batchSize: number,
): readonly Float32Array[] {
  const logits: Float32Array[] = [];
  for (let from = 0; from < indices.length; from += batchSize) {
    const batch = indices.subarray(from, from + batchSize);
    const all = inNative({ doing: 'running a batch', batchSize }, () =>
      addon.run(handle, Int32Array.from(batch)),
    );
    let at = 0;
    for (const index of batch) {
      const values = 2 * (offsets[index + 1]! - offsets[index]!);
      logits.push(all.slice(at, at + values));
      at += values;
    }
  }
  return logits;
}
