// From recorded latencies to result numbers, verdict and recommendations. Pure. Follows loadgen/results.cc (loadgen.md 10, 11.2).

import { earlyStoppingVerdict } from './early-stopping-verdict.js';
import type { EffectiveSettings } from './effective-settings.js';
import {
  countAbove,
  latencyStatistics,
  percentileNs,
  sortedCopy,
  type LatencyStatistics,
} from './latency-statistics.js';
import { CONSTRAINT_ADVICE, durationAdvice } from './recommendations.js';
import { tokenResults, type TokenRecords, type TokenResults } from './token-results.js';

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
  /** With use_token_latencies. */
  readonly tokens?: TokenRecords;
  /**
   * Reasons outside LoadGen's rules that forbid VALID: samples that never completed, an interruption.
   * Differs from LoadGen: it would hang on the first and knows nothing of the second.
   */
  readonly forbidding?: readonly string[];
}

/** Verdict and figures of a performance phase, by LoadGen's rules. Rates per second; NaN or Infinity where a run was too short. */
export interface PerformanceResults {
  /** The verdict: everything below is met, and nothing forbids it. */
  readonly isValid: boolean;
  /** Server: the target percentile keeps its bound; with token latencies both of theirs. Always met elsewhere. */
  readonly constraintsMet: boolean;
  /** The run lasted min_duration_ms. */
  readonly minDurationMet: boolean;
  /** min_query_count queries were issued and min_sample_count samples completed. */
  readonly minQueriesMet: boolean;
  /** There were queries enough to trust the percentile. */
  readonly earlyStoppingMet: boolean;
  /** Text of section 11.2, lines joined by newlines; empty for Offline. */
  readonly earlyStoppingText: string;
  /** Early-stopping estimates in ns; 0 = not reached. SingleStream has both, MultiStream the `ms` one. */
  readonly earlyStoppingLatencySsNs: number;
  /** See earlyStoppingLatencySsNs. */
  readonly earlyStoppingLatencyMsNs: number;
  /** Recommendation texts; undefined where met. */
  readonly constraintAdvice: string | undefined;
  /** What to do about a run that was too short; undefined where it was not. */
  readonly durationAdvice: string | undefined;
  /** What forbids VALID outside LoadGen's rules: an interruption, samples that never completed. */
  readonly forbidding: readonly string[];
  /** Queries issued. */
  readonly queryCount: number;
  /** Server: queries over the latency bound. */
  readonly overlatencyCount: number;
  /** Latency at the target percentile: of queries in MultiStream, of samples otherwise. */
  readonly targetPercentileLatencyNs: number;
  /** SingleStream: queries per second of the run. */
  readonly qpsWithOverhead: number;
  /** SingleStream: 1 / mean latency. */
  readonly qpsWithoutOverhead: number;
  /** Server: rate of the schedule. */
  readonly scheduledSamplesPerSecond: number;
  /** Server: rate up to the completion of the last query; the metric. */
  readonly completedSamplesPerSecond: number;
  /** Offline. */
  readonly samplesPerSecond: number;
  /** Completed samples. */
  readonly sampleCount: number;
  /** Latencies of all completed samples. */
  readonly sampleLatency: LatencyStatistics;
  /** MultiStream only. */
  readonly queryLatency: LatencyStatistics | undefined;
  /** With use_token_latencies; it then holds the texts of early stopping, and earlyStoppingText is empty. */
  readonly tokens: TokenResults | undefined;
}

/** Computes all results of a performance phase. Memory: one sorted copy of the latencies. */
export function performanceResults(
  effective: EffectiveSettings,
  records: PerformanceRecords,
): PerformanceResults {
  const { scenario, target_latency_percentile, target_latency_ns } = effective;
  const { queriesIssued } = records;
  const samples = sortedCopy(records.sampleLatenciesNs);
  const queries = records.queryLatenciesNs === undefined ? undefined : sortedCopy(records.queryLatenciesNs);
  const judged = queries ?? samples;
  const sampleLatency = latencyStatistics(samples);
  const targetPercentileLatencyNs = percentileNs(judged, target_latency_percentile);
  const overlatencyCount = scenario === 'Server' ? countAbove(samples, target_latency_ns) : 0;
  const tokens =
    records.tokens === undefined
      ? undefined
      : tokenResults(effective, records.tokens, records, queriesIssued, queries);

  const isOverBound = scenario === 'Server' && targetPercentileLatencyNs > target_latency_ns;
  const constraintAdvice =
    tokens === undefined ? (isOverBound ? CONSTRAINT_ADVICE : undefined) : tokens.constraintAdvice;
  const constraintsMet = constraintAdvice === undefined;
  const minDurationMet = runTimeS(effective, records) >= effective.min_duration_ms / 1000;
  const minQueriesMet =
    queriesIssued >= effective.min_query_count && samples.length >= effective.min_sample_count;
  const early =
    tokens?.earlyStopping ??
    earlyStoppingVerdict({
      scenario,
      percentile: target_latency_percentile,
      queriesIssued,
      overLatencyCount: overlatencyCount,
      sortedLatenciesNs: judged,
    });
  const forbidding = records.forbidding ?? [];
  // The last query opens a span of time that no query fills: n queries make n - 1 spans.
  const spans = Math.max(0, samples.length - 1);

  return {
    isValid: constraintsMet && minDurationMet && minQueriesMet && early.met && forbidding.length === 0,
    constraintsMet,
    minDurationMet,
    minQueriesMet,
    earlyStoppingMet: early.met,
    earlyStoppingText: tokens === undefined ? early.text : '',
    earlyStoppingLatencySsNs: scenario === 'SingleStream' ? early.estimateNs : 0,
    earlyStoppingLatencyMsNs: scenario === 'SingleStream' ? early.multiStreamEstimateNs : early.estimateNs,
    constraintAdvice,
    durationAdvice: minDurationMet ? undefined : durationAdvice(scenario),
    forbidding,
    queryCount: queriesIssued,
    overlatencyCount,
    targetPercentileLatencyNs,
    qpsWithOverhead: spans / records.finalQueryIssuedTimeS,
    qpsWithoutOverhead: 1 / (sampleLatency.mean_ns / 1e9),
    scheduledSamplesPerSecond: spans / records.finalQueryScheduledTimeS,
    completedSamplesPerSecond: spans / records.finalQueryAllSamplesDoneTimeS,
    samplesPerSecond: samples.length / records.maxLatencyS,
    sampleCount: samples.length,
    sampleLatency,
    queryLatency: queries === undefined ? undefined : latencyStatistics(queries),
    tokens,
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
