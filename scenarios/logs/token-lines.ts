// What a run with token latencies adds to summary and detail log. Follows loadgen/results.cc (loadgen.md 20).

import { formatFixed, formatG6 } from '../c-format.js';
import type { EffectiveSettings } from '../effective-settings.js';
import { reportedPercentiles, type LatencyStatistics } from '../latency-statistics.js';
import type { PerformanceResults } from '../results.js';
import type { TokenResults } from '../token-results.js';
import { double, type DetailValue } from './detail.js';

/** The summary's lines below the scenario's own result line. */
export function tokenResultLines(
  effective: EffectiveSettings,
  results: PerformanceResults,
): readonly string[] {
  const { scenario, infer_token_latencies } = effective;
  const { tokens } = results;
  const lines: string[] = [];
  switch (scenario) {
    case 'SingleStream':
    case 'MultiStream':
      if (tokens === undefined) break;
      lines.push(
        `${formatFixed(effective.target_latency_percentile * 100, 1)}th first token percentile latency (ns) : ` +
          tokens.targetPercentileFirstTokenNs.toString(),
      );
      break;
    case 'Server':
      if (tokens !== undefined)
        lines.push(`Completed tokens per second: ${formatFixed(tokens.tokensPerSecondCompleted, 2)}`);
      if (infer_token_latencies)
        lines.push(
          `Completed tokens per second (inferred): ${formatFixed(inferredRate(effective, results), 2)}`,
        );
      break;
    case 'Offline':
      if (tokens !== undefined) lines.push(`Tokens per second: ${formatG6(tokens.tokensPerSecond)}`);
      if (infer_token_latencies)
        lines.push(`Tokens per second (inferred): ${formatG6(inferredRate(effective, results))}`);
      break;
  }
  return lines;
}

/** The two results of early stopping, in the summary. */
export function tokenEarlyStoppingLines(tokens: TokenResults): readonly string[] {
  return [
    'TTFT Early Stopping Result:',
    tokens.earlyStoppingTtftText,
    'TPOT Early Stopping Result:',
    tokens.earlyStoppingTpotText,
  ];
}

/** The end of the summary's additional stats. */
export function tokenStatLines(
  { scenario }: EffectiveSettings,
  results: PerformanceResults,
): readonly string[] {
  const { tokens } = results;
  if (tokens === undefined) return [];
  if (scenario === 'Offline') return [''];
  return [
    '',
    ...throughputLines(scenario, results, tokens),
    ...statisticLines('First Token latency (ns)', 'first token latency (ns)', tokens.firstToken),
    '',
    ...statisticLines('Time per Output Token (ns)', 'time to output token (ns)', tokens.timePerOutputToken),
  ];
}

function throughputLines(
  scenario: EffectiveSettings['scenario'],
  { sampleCount, sampleLatency }: PerformanceResults,
  tokens: TokenResults,
): readonly string[] {
  const busyS = (sampleLatency.mean_ns / 1e9) * sampleCount;
  if (scenario === 'SingleStream')
    return [
      `TPS w/ loadgen overhead         : ${formatFixed(tokens.tokensPerSecondIssued, 2)}`,
      `TPS w/o loadgen overhead        : ${formatFixed(tokens.tokenCount / busyS, 2)}`,
    ];
  if (scenario === 'Server')
    return [
      `Completed tokens per second                 : ${formatFixed(tokens.tokensPerSecondCompleted, 2)}`,
    ];
  return [];
}

function statisticLines(name: string, percentileName: string, found: LatencyStatistics): readonly string[] {
  return [
    `Min ${name}                : ${found.min_ns}`,
    `Max ${name}                : ${found.max_ns}`,
    `Mean ${name}               : ${found.mean_ns}`,
    ...reportedPercentiles.map(
      (p, i) => `${formatFixed(p * 100, 2)} percentile ${percentileName}   : ${found.percentiles_ns[i]!}`,
    ),
  ];
}

/** The detail log's keys between the latencies and `num_errors`. */
export function tokenKeys(
  effective: EffectiveSettings,
  results: PerformanceResults,
): readonly (readonly [string, DetailValue])[] {
  const { tokens } = results;
  return [
    ...(tokens === undefined ? [] : measuredKeys(effective, results, tokens)),
    ...(effective.infer_token_latencies ? inferredKeys(effective, results) : []),
  ];
}

function measuredKeys(
  { scenario }: EffectiveSettings,
  { sampleCount, sampleLatency }: PerformanceResults,
  tokens: TokenResults,
): readonly (readonly [string, DetailValue])[] {
  if (scenario === 'Offline') return [['result_tokens_per_second', double(tokens.tokensPerSecond)]];
  const { firstToken, timePerOutputToken } = tokens;
  const percentiles = (found: LatencyStatistics, prefix: string, suffix: string) =>
    reportedPercentiles.map(
      (p, i) => [`${prefix}_${formatFixed(p * 100, 2)}_${suffix}`, found.percentiles_ns[i]!] as const,
    );
  return [
    ['result_first_token_min_latency_ns', firstToken.min_ns],
    ['result_first_token_max_latency_ns', firstToken.max_ns],
    ['result_first_token_mean_latency_ns', firstToken.mean_ns],
    ...percentiles(firstToken, 'result_first_token', 'percentile_latency_ns'),
    ['result_token_throughput_with_loadgen_overhead', double(tokens.tokensPerSecondIssued)],
    // LoadGen divides by ns here: tokens per nanosecond.
    ['result_token_throughput', double(tokens.tokenCount / (sampleLatency.mean_ns * sampleCount))],
    ...percentiles(timePerOutputToken, 'result_time_per_output_token', 'percentile_ns'),
    ['result_time_to_output_token_min', timePerOutputToken.min_ns],
    ['result_time_to_output_token_max', timePerOutputToken.max_ns],
    ['result_time_to_output_token_mean', timePerOutputToken.mean_ns],
    ['result_completed_tokens_per_second', double(tokens.tokensPerSecondCompleted)],
  ];
}

function inferredKeys(
  effective: EffectiveSettings,
  results: PerformanceResults,
): readonly (readonly [string, DetailValue])[] {
  switch (effective.scenario) {
    case 'Server':
      return [['result_inferred_completed_tokens_per_second', double(inferredRate(effective, results))]];
    case 'Offline':
      return [['result_inferred_tokens_per_second', double(inferredRate(effective, results))]];
    case 'SingleStream':
    case 'MultiStream':
      return [];
  }
}

/** Samples per second times the factor. */
function inferredRate(
  { scenario, token_latency_scaling_factor }: EffectiveSettings,
  { samplesPerSecond, completedSamplesPerSecond }: PerformanceResults,
): number {
  return (
    token_latency_scaling_factor * (scenario === 'Offline' ? samplesPerSecond : completedSamplesPerSecond)
  );
}
