// Minimum, maximum, exact mean and percentiles of latencies. Follows PerformanceSummary::ProcessLatencies (loadgen.md 10).

/** The percentiles every run reports, as fractions. */
export const reportedPercentiles = [0.5, 0.9, 0.95, 0.97, 0.99, 0.999] as const;

/** Figures of some latencies, in ns; all 0 when there are none. */
export interface LatencyStatistics {
  /** The shortest. */
  readonly min_ns: number;
  /** The longest. */
  readonly max_ns: number;
  /** Cut to whole ns, as LoadGen's integer division does. */
  readonly mean_ns: number;
  /** Value at each of `reportedPercentiles`. */
  readonly percentiles_ns: readonly number[];
}

/** A sorted copy; what was recorded stays as it is. The only copy a result needs. */
export function sortedCopy(latenciesNs: Float64Array): Float64Array {
  return new Float64Array(latenciesNs).sort();
}

/** The figures of ascending latencies. */
export function latencyStatistics(sortedNs: Float64Array): LatencyStatistics {
  return {
    min_ns: sortedNs[0] ?? 0,
    max_ns: sortedNs.at(-1) ?? 0,
    mean_ns: integerMean(sortedNs),
    percentiles_ns: reportedPercentiles.map((p) => percentileNs(sortedNs, p)),
  };
}

/** The element `trunc(n * p)` of ascending latencies; 0 when there are none. */
export function percentileNs(sortedNs: Float64Array, p: number): number {
  return sortedNs[Math.min(sortedNs.length - 1, Math.trunc(sortedNs.length * p))] ?? 0;
}

/** How many ascending latencies are above `boundNs`. */
export function countAbove(sortedNs: Float64Array, boundNs: number): number {
  let from = 0;
  let to = sortedNs.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sortedNs[middle]! <= boundNs) from = middle + 1;
    else to = middle;
  }
  return sortedNs.length - from;
}

/** Sums in blocks that stay exact in a double, since the whole can pass 2^53; only a block becomes a bigint. */
function integerMean(values: Float64Array): number {
  if (values.length === 0) return 0;
  let total = 0n;
  let block = 0;
  for (const value of values) {
    block += value;
    if (block > 2 ** 52) {
      total += BigInt(block);
      block = 0;
    }
  }
  return Number((total + BigInt(block)) / BigInt(values.length));
}
