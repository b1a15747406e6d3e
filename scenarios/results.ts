// From recorded latencies to result numbers, verdict and recommendations. Pure. Follows loadgen/results.cc (loadgen.md 10, 11.2).

import { formatFixed } from './c-format.js';
import { createPassingQueriesFinder, discardable } from './early-stopping.js';
import type { EffectiveSettings } from './effective-settings.js';

/** What a performance phase recorded. */
export interface PerformanceRecords {
  /** float64[samples], any order; left as it is. */
  readonly sampleLatenciesNs: Float64Array;
  /** float64[queries]: MultiStream only. */
  readonly queryLatenciesNs?: Float64Array;
  readonly queriesIssued: number;
  readonly maxLatencyS: number;
  /** When the last issued query was due, issued and done, in s since the start. */
  readonly finalQueryScheduledTimeS: number;
  readonly finalQueryIssuedTimeS: number;
  readonly finalQueryAllSamplesDoneTimeS: number;
  /**
   * Reasons outside LoadGen's rules that forbid VALID: samples that never completed, an interruption.
   * Differs from LoadGen: it would hang on the first and knows nothing of the second.
   */
  readonly forbidding?: readonly string[];
}

/** The percentiles every run reports, as fractions. */
export const reportedPercentiles = [0.5, 0.9, 0.95, 0.97, 0.99, 0.999] as const;

/** Minimum, maximum, mean and percentiles of some latencies, in ns. */
export interface LatencyStatistics {
  readonly min_ns: number;
  readonly max_ns: number;
  readonly mean_ns: number;
  /** Value at each of `reportedPercentiles`. */
  readonly percentiles_ns: readonly number[];
}

export interface PerformanceResults {
  readonly isValid: boolean;
  readonly constraintsMet: boolean;
  readonly minDurationMet: boolean;
  readonly minQueriesMet: boolean;
  readonly earlyStoppingMet: boolean;
  /** Text of section 11.2, lines joined by newlines; empty for Offline. */
  readonly earlyStoppingText: string;
  /** Early-stopping estimates in ns; 0 = not reached. SingleStream has both, MultiStream the `ms` one. */
  readonly earlyStoppingLatencySsNs: number;
  readonly earlyStoppingLatencyMsNs: number;
  /** Recommendation texts; undefined where met. */
  readonly constraintAdvice: string | undefined;
  readonly durationAdvice: string | undefined;
  readonly forbidding: readonly string[];
  readonly queryCount: number;
  /** Server: queries over the latency bound. */
  readonly overlatencyCount: number;
  /** Latency at the target percentile: of queries in MultiStream, of samples otherwise. */
  readonly targetPercentileLatencyNs: number;
  readonly qpsWithOverhead: number;
  readonly qpsWithoutOverhead: number;
  readonly scheduledSamplesPerSecond: number;
  readonly completedSamplesPerSecond: number;
  /** Offline. */
  readonly samplesPerSecond: number;
  readonly sampleLatency: LatencyStatistics;
  /** MultiStream only. */
  readonly queryLatency: LatencyStatistics | undefined;
}

/** Computes all results of a performance phase. Memory: one sorted copy of the latencies. */
export function performanceResults(
  effective: EffectiveSettings,
  records: PerformanceRecords,
): PerformanceResults {
  const { scenario, target_latency_percentile, target_latency_ns } = effective;
  const samples = Float64Array.from(records.sampleLatenciesNs).sort();
  const queries =
    records.queryLatenciesNs === undefined ? undefined : Float64Array.from(records.queryLatenciesNs).sort();
  const judged = queries ?? samples;
  const sampleLatency = statistics(samples);
  const queryCount = records.queriesIssued;

  const overlatencyCount =
    scenario === 'Server' ? samples.length - upperBound(samples, target_latency_ns) : 0;
  const targetPercentileLatencyNs = percentile(judged, target_latency_percentile);
  const constraintsMet = scenario !== 'Server' || targetPercentileLatencyNs <= target_latency_ns;
  const minDurationMet = runTimeS(effective, records) >= effective.min_duration_ms / 1000;
  const minQueriesMet =
    queryCount >= effective.min_query_count && samples.length >= effective.min_sample_count;
  const early = earlyStopping(effective, judged, queryCount, overlatencyCount);
  const forbidding = records.forbidding ?? [];

  return {
    isValid: constraintsMet && minDurationMet && minQueriesMet && early.isMet && forbidding.length === 0,
    constraintsMet,
    minDurationMet,
    minQueriesMet,
    earlyStoppingMet: early.isMet,
    earlyStoppingText: early.text,
    earlyStoppingLatencySsNs: early.latencySsNs,
    earlyStoppingLatencyMsNs: early.latencyMsNs,
    constraintAdvice: constraintsMet ? undefined : 'Reduce target QPS to improve latency.',
    durationAdvice: minDurationMet ? undefined : durationAdvice(effective),
    forbidding,
    queryCount,
    overlatencyCount,
    targetPercentileLatencyNs,
    qpsWithOverhead: (samples.length - 1) / records.finalQueryIssuedTimeS,
    qpsWithoutOverhead: 1 / (sampleLatency.mean_ns / 1e9),
    scheduledSamplesPerSecond: (samples.length - 1) / records.finalQueryScheduledTimeS,
    completedSamplesPerSecond: (samples.length - 1) / records.finalQueryAllSamplesDoneTimeS,
    samplesPerSecond: samples.length / records.maxLatencyS,
    sampleLatency,
    queryLatency: queries === undefined ? undefined : statistics(queries),
  };
}

function runTimeS({ scenario }: EffectiveSettings, records: PerformanceRecords): number {
  switch (scenario) {
    case 'Offline':
      return records.maxLatencyS;
    case 'Server':
      return records.finalQueryScheduledTimeS;
    case 'SingleStream':
    case 'MultiStream':
      return records.finalQueryIssuedTimeS;
  }
}

function durationAdvice({ scenario }: EffectiveSettings): string {
  switch (scenario) {
    case 'Offline':
      return 'Increase expected QPS so the loadgen pre-generates a larger (coalesced) query.';
    case 'Server':
      return 'Increase the target QPS so the loadgen pre-generates more queries.';
    case 'SingleStream':
    case 'MultiStream':
      return 'Decrease the expected latency so the loadgen pre-generates more queries.';
  }
}

function statistics(sorted: Float64Array): LatencyStatistics {
  return {
    min_ns: sorted[0] ?? 0,
    max_ns: sorted.at(-1) ?? 0,
    mean_ns: integerMean(sorted),
    percentiles_ns: reportedPercentiles.map((p) => percentile(sorted, p)),
  };
}

/** The element `trunc(n * p)`, LoadGen's percentile. */
function percentile(sorted: Float64Array, p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.trunc(sorted.length * p))] ?? 0;
}

/** Integer mean; sums in blocks whose sum stays exact in a double, since the whole can exceed 2^53 (and LoadGen's uint64). */
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

/** How many of the sorted values are at most `bound`. */
function upperBound(sorted: Float64Array, bound: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]! <= bound) from = middle + 1;
    else to = middle;
  }
  return from;
}

interface EarlyStopping {
  readonly isMet: boolean;
  readonly text: string;
  readonly latencySsNs: number;
  readonly latencyMsNs: number;
}

function earlyStopping(
  effective: EffectiveSettings,
  sorted: Float64Array,
  queryCount: number,
  overlatencyCount: number,
): EarlyStopping {
  const none = { latencySsNs: 0, latencyMsNs: 0 };
  const p = effective.target_latency_percentile;
  const finder = createPassingQueriesFinder();
  switch (effective.scenario) {
    case 'Offline':
      return { ...none, isMet: true, text: '' };
    case 'Server': {
      const needed = finder.find(overlatencyCount, p) + overlatencyCount;
      if (queryCount >= needed) return { ...none, isMet: true, text: ' * Run successful.' };
      const text =
        ` * Run unsuccessful.\n * Processed ${queryCount} queries.\n * Would need to run at least ${needed - queryCount} more queries,\n` +
        ' with the run being successful if every additional\n query were under latency.';
      return { ...none, isMet: false, text };
    }
    case 'SingleStream':
    case 'MultiStream': {
      const t = discardable(finder, queryCount, p);
      const least = finder.find(1, p) + 1;
      const isSingle = effective.scenario === 'SingleStream';
      if (t === undefined) {
        const text = ` * Only processed ${queryCount} queries.\n * Need to process at least ${least} queries for early stopping.`;
        return { ...none, isMet: false, text };
      }
      const estimate = sorted[queryCount - t] ?? 0;
      const text =
        ` * Processed at least ${least} queries (${queryCount}).\n * Would discard ${t - 1} highest latency queries.\n` +
        ` * Early stopping ${formatFixed(p * 100, 1)}th percentile estimate: ${estimate}`;
      if (!isSingle) return { isMet: true, text, latencySsNs: 0, latencyMsNs: estimate };
      const second = secondEstimate(sorted, queryCount);
      return { isMet: true, text: text + second.text, latencySsNs: estimate, latencyMsNs: second.latencyNs };
    }
  }
}

/** SingleStream also estimates its 99th percentile. */
function secondEstimate(
  sorted: Float64Array,
  queryCount: number,
): { readonly text: string; readonly latencyNs: number } {
  const finder = createPassingQueriesFinder();
  const t = discardable(finder, queryCount, 0.99);
  if (t === undefined) {
    const text =
      '\n * Not enough queries processed for 99.0th percentile\n early stopping estimate (would need to process at\n' +
      ` least ${finder.find(1, 0.99) + 1} total queries).`;
    return { text, latencyNs: 0 };
  }
  const latencyNs = sorted[queryCount - t] ?? 0;
  return { text: `\n * Early stopping 99.0th percentile estimate: ${latencyNs}`, latencyNs };
}
