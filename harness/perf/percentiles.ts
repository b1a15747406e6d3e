// Statistics of a list of times, by a named definition of percentiles.

import type { percentileMethods } from './flags.js';

export type PercentileMethod = (typeof percentileMethods)[number];

export interface TimeStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly median: number;
  /** "p99" → value. */
  readonly percentiles: Readonly<Record<string, number>>;
  /** Standard deviation over mean: above 0.025 the clocks were not steady. */
  readonly variation: number;
}

/** Index of fraction `p` in `n` sorted values. */
export function percentileIndex(p: number, n: number, method: PercentileMethod): number {
  const index = method === 'trtexec' ? n - 1 - Math.floor((1 - p) * n + 1e-9) : Math.ceil(p * n - 1e-9) - 1;
  return Math.min(n - 1, Math.max(0, index));
}

/** @param percents e.g. 90, 95, 99 */
export function statisticsOf(
  values: Float64Array,
  percents: readonly number[],
  method: PercentileMethod,
): TimeStatistics {
  const sorted = values.slice().sort();
  const n = sorted.length;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / n;
  const variance = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
  const middle = Math.floor(n / 2);
  return {
    min: sorted[0]!,
    max: sorted[n - 1]!,
    mean,
    median: n % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2,
    percentiles: Object.fromEntries(
      percents.map((percent) => [`p${percent}`, sorted[percentileIndex(percent / 100, n, method)]!]),
    ),
    variation: mean === 0 ? 0 : Math.sqrt(variance) / mean,
  };
}
