// mlperf_log_summary.txt, byte for byte. Follows loadgen/results.cc and loadgen.md 12.

import type { TestMode } from '../../configs/test-settings.js';
import { formatFixed, formatG6 } from '../c-format.js';
import type { EffectiveSettings } from '../effective-settings.js';
import { reportedPercentiles, type LatencyStatistics } from '../latency-statistics.js';
import type { PerformanceResults } from '../results.js';
import { tokenEarlyStoppingLines, tokenResultLines, tokenStatLines } from './token-lines.js';

const BAR = '================================================';

export interface SummaryInput {
  readonly sutName: string;
  readonly mode: TestMode;
  readonly effective: EffectiveSettings;
  readonly results: PerformanceResults;
}

/** The whole summary of a performance run, without its footer. */
export function summaryText({ sutName, mode, effective, results }: SummaryInput): string {
  const lines = [
    ...banner('MLPerf Results Summary'),
    `SUT name : ${sutName}`,
    `Scenario : ${effective.scenario}`,
    `Mode     : ${mode}`,
    resultLine(effective, results),
    ...tokenResultLines(effective, results),
    `Result is : ${results.isValid ? 'VALID' : 'INVALID'}`,
    ...(effective.scenario === 'Server'
      ? [`  Performance constraints satisfied : ${yes(results.constraintsMet)}`]
      : []),
    `  Min duration satisfied : ${yes(results.minDurationMet)}`,
    `  Min queries satisfied : ${yes(results.minQueriesMet)}`,
    `  Early stopping satisfied: ${yes(results.earlyStoppingMet)}`,
    ...recommendations(results),
    ...earlyStoppingLines(effective, results),
    '',
    ...banner('Additional Stats'),
    ...additionalStats(effective, results),
    ...tokenStatLines(effective, results),
    '',
    ...banner('Test Parameters Used'),
    ...parameters(effective),
  ];
  return `${lines.join('\n')}\n`;
}

/** The end of every summary: how many warnings and errors the detail log holds. */
export function summaryFooter(warnings: number, errors: number): string {
  const told = (count: number, one: string, many: string): string =>
    count === 0
      ? `No ${many.toLowerCase()} encountered during test.`
      : `${count} ${count === 1 ? one : many} encountered. See detailed log.`;
  return `\n${told(warnings, 'warning', 'warnings')}\n\n${told(errors, 'ERROR', 'ERRORS')}\n`;
}

const banner = (title: string): readonly string[] => [BAR, title, BAR];
const yes = (isMet: boolean): string => (isMet ? 'Yes' : 'NO');

function resultLine(effective: EffectiveSettings, results: PerformanceResults): string {
  switch (effective.scenario) {
    case 'SingleStream':
    case 'MultiStream':
      return `${formatFixed(effective.target_latency_percentile * 100, 1)}th percentile latency (ns) : ${results.targetPercentileLatencyNs}`;
    case 'Server':
      return `Completed samples per second    : ${formatFixed(results.completedSamplesPerSecond, 2)}`;
    case 'Offline':
      return `Samples per second: ${formatG6(results.samplesPerSecond)}`;
  }
}

function recommendations(results: PerformanceResults): readonly string[] {
  if (results.isValid) return [];
  const { constraintAdvice, durationAdvice, minQueriesMet, forbidding } = results;
  return [
    'Recommendations:',
    ...(constraintAdvice === undefined ? [] : [` * ${constraintAdvice}`]),
    ...(durationAdvice === undefined ? [] : [` * ${durationAdvice}`]),
    ...(minQueriesMet
      ? []
      : [
          ' * The test exited early, before enough queries were issued.',
          '   See the detailed log for why this may have occurred.',
        ]),
    ...forbidding.map((reason) => ` * ${reason}`),
  ];
}

function earlyStoppingLines(effective: EffectiveSettings, results: PerformanceResults): readonly string[] {
  if (effective.scenario === 'Offline') return [];
  if (results.tokens !== undefined) return tokenEarlyStoppingLines(results.tokens);
  return ['Early Stopping Result:', results.earlyStoppingText];
}

function additionalStats(effective: EffectiveSettings, results: PerformanceResults): readonly string[] {
  switch (effective.scenario) {
    case 'SingleStream':
      return [
        `QPS w/ loadgen overhead         : ${formatFixed(results.qpsWithOverhead, 2)}`,
        `QPS w/o loadgen overhead        : ${formatFixed(results.qpsWithoutOverhead, 2)}`,
        '',
        ...latencyLines(results.sampleLatency),
      ];
    case 'MultiStream':
      return ['Per-query latency:  ', ...latencyLines(results.queryLatency ?? results.sampleLatency)];
    case 'Server':
      return [
        `Scheduled samples per second : ${formatFixed(results.scheduledSamplesPerSecond, 2)}`,
        ...latencyLines(results.sampleLatency),
      ];
    case 'Offline':
      return latencyLines(results.sampleLatency);
  }
}

function latencyLines(latency: LatencyStatistics): readonly string[] {
  return [
    `Min latency (ns)                : ${latency.min_ns}`,
    `Max latency (ns)                : ${latency.max_ns}`,
    `Mean latency (ns)               : ${latency.mean_ns}`,
    ...reportedPercentiles.map(
      (p, i) => `${formatFixed(p * 100, 2)} percentile latency (ns)   : ${latency.percentiles_ns[i]}`,
    ),
  ];
}

function parameters(effective: EffectiveSettings): readonly string[] {
  const bit = (value: boolean): number => (value ? 1 : 0);
  return [
    `samples_per_query : ${effective.samples_per_query}`,
    `target_qps : ${formatG6(effective.target_qps)}`,
    ...(effective.use_token_latencies
      ? [
          `ttft_latency (ns): ${effective.server_ttft_latency}`,
          `tpot_latency (ns): ${effective.server_tpot_latency}`,
        ]
      : [`target_latency (ns): ${effective.target_latency_ns}`]),
    `max_async_queries : ${effective.max_async_queries}`,
    `min_duration (ms): ${effective.min_duration_ms}`,
    `max_duration (ms): ${effective.max_duration_ms}`,
    `min_query_count : ${effective.min_query_count}`,
    `max_query_count : ${effective.max_query_count}`,
    `qsl_rng_seed : ${effective.qsl_rng_seed}`,
    `sample_index_rng_seed : ${effective.sample_index_rng_seed}`,
    `schedule_rng_seed : ${effective.schedule_rng_seed}`,
    `accuracy_log_rng_seed : ${effective.accuracy_log_rng_seed}`,
    `accuracy_log_probability : ${formatG6(effective.accuracy_log_probability)}`,
    `accuracy_log_sampling_target : ${effective.accuracy_log_sampling_target}`,
    `print_timestamps : ${bit(effective.print_timestamps)}`,
    `performance_issue_unique : ${bit(effective.performance_issue_unique)}`,
    `performance_issue_same : ${bit(effective.performance_issue_same)}`,
    `performance_issue_same_index : ${effective.performance_issue_same_index}`,
    `performance_sample_count : ${effective.performance_sample_count}`,
    `accuracy_sample_count : ${effective.accuracy_sample_count}`,
    ...(effective.sample_concatenate_permutation
      ? [
          'WARNING: sample_concatenate_permutation was set to true. ',
          'Generated samples per query might be different as the one in the setting.',
          'Check the generated_samples_per_query line in the detailed log for the real',
          'samples_per_query value',
        ]
      : []),
  ];
}
