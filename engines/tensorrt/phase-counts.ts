// What the phases of a run did, counted where they end (the driver's thread) and read where results are written (the main
// thread): float64 in shared memory.

import type { NativePhaseFacts } from './native-run.js';

const keys = ['batches', 'samples', 'tokens', 'tokens_run', 'graph_launches', 'enqueues'] as const;

/** Of the last phase that ended. */
export function createPhaseCounts(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(keys.length * 8));
}

export function setPhaseCounts(counts: Float64Array, facts: NativePhaseFacts): void {
  for (const [place, key] of keys.entries()) counts[place] = facts[key];
}

/** As notes of the engine; none before a phase has ended. */
export function countBatches(counts: Float64Array): Readonly<Record<string, number>> {
  const [batches = 0, samples = 0, tokens = 0, tokensRun = 0, graph_launches = 0, enqueues = 0] = counts;
  if (batches === 0) return {};
  return {
    batches,
    mean_batch_size: round(samples / batches),
    tokens,
    tokens_run: tokensRun,
    tokens_run_per_token: tokens === 0 ? 1 : round(tokensRun / tokens),
    graph_launches,
    enqueues,
  };
}

const round = (value: number): number => Number(value.toPrecision(5));
