// The groups of keys of a detail log, in LoadGen's order. Follows loadgen.md 13.2 and 13.4.

import type { TestSettings } from '../../configs/test-settings.js';
import { formatFixed } from '../c-format.js';
import type { EffectiveSettings } from '../effective-settings.js';
import { reportedPercentiles } from '../latency-statistics.js';
import type { PerformanceResults } from '../results.js';
import { double, type DetailValue } from './detail.js';
import { tokenKeys } from './token-lines.js';

type Entry = readonly [string, DetailValue];

/** Who writes the log. Never the C++ LoadGen's version: a reader must see which program it was. */
export function programKeys(program: {
  readonly name: string;
  readonly version: string;
  readonly commit?: string;
}): readonly Entry[] {
  return [
    ['loadgen_version', `${program.name} ${program.version} @ ${program.commit ?? 'NA'}`],
    ['loadgen_build_date_local', 'NA'],
    ['loadgen_build_date_utc', 'NA'],
    ['loadgen_git_commit_date', 'NA'],
    ['loadgen_git_log_message', 'NA'],
    ['loadgen_git_status_message', 'NA'],
    ['loadgen_file_sha1', {}],
  ];
}

/** Settings as they were asked for, after overrides. */
export function requestedKeys(requested: TestSettings): readonly Entry[] {
  return [
    ['requested_scenario', requested.scenario],
    ['requested_test_mode', requested.mode],
    ...requestedOfScenario(requested),
    ['requested_min_duration_ms', requested.min_duration_ms],
    ['requested_max_duration_ms', requested.max_duration_ms],
    ['requested_min_query_count', requested.min_query_count],
    ['requested_max_query_count', requested.max_query_count],
    ['requested_qsl_rng_seed', requested.qsl_rng_seed],
    ['requested_sample_index_rng_seed', requested.sample_index_rng_seed],
    ['requested_schedule_rng_seed', requested.schedule_rng_seed],
    ['requested_accuracy_log_rng_seed', requested.accuracy_log_rng_seed],
    ['requested_accuracy_log_probability', double(requested.accuracy_log_probability)],
    ['requested_accuracy_log_sampling_target', requested.accuracy_log_sampling_target],
    ['requested_print_timestamps', requested.print_timestamps],
    ['requested_performance_issue_unique', requested.performance_issue_unique],
    ['requested_performance_issue_same', requested.performance_issue_same],
    ['requested_performance_issue_same_index', requested.performance_issue_same_index],
    ['requested_performance_sample_count_override', requested.performance_sample_count_override],
    ['requested_accuracy_sample_count_override', requested.accuracy_sample_count_override],
    ['requested_sample_concatenate_permutation', requested.sample_concatenate_permutation],
    ...(requested.use_token_latencies ? requestedOfTokens(requested) : []),
  ];
}

function requestedOfScenario(requested: TestSettings): readonly Entry[] {
  switch (requested.scenario) {
    case 'SingleStream':
      return [
        ['requested_single_stream_expected_latency_ns', double(requested.single_stream_expected_latency_ns)],
        [
          'requested_single_stream_target_latency_percentile',
          double(requested.single_stream_target_latency_percentile),
        ],
      ];
    case 'MultiStream':
      return [
        ['requested_multi_stream_expected_latency_ns', double(requested.multi_stream_expected_latency_ns)],
        [
          'requested_multi_stream_target_latency_percentile',
          double(requested.multi_stream_target_latency_percentile),
        ],
        ['requested_multi_stream_samples_per_query', requested.multi_stream_samples_per_query],
      ];
    case 'Server':
      return [
        ['requested_server_target_qps', double(requested.server_target_qps)],
        ['requested_server_target_latency_ns', requested.server_target_latency_ns],
        ['requested_server_target_latency_percentile', double(requested.server_target_latency_percentile)],
        ['requested_server_coalesce_queries', requested.server_coalesce_queries],
        [
          'requested_server_find_peak_qps_decimals_of_precision',
          requested.server_find_peak_qps_decimals_of_precision,
        ],
        [
          'requested_server_find_peak_qps_boundary_step_size',
          double(requested.server_find_peak_qps_boundary_step_size),
        ],
        ['requested_server_max_async_queries', requested.server_max_async_queries],
        ['requested_server_num_issue_query_threads', requested.server_num_issue_query_threads],
      ];
    case 'Offline':
      return [['requested_offline_expected_qps', double(requested.offline_expected_qps)]];
  }
}

function requestedOfTokens(requested: TestSettings): readonly Entry[] {
  return [
    ['requested_use_token_latencies', requested.use_token_latencies],
    ...(requested.scenario === 'Offline'
      ? []
      : ([
          ['requested_server_ttft_latency', requested.server_ttft_latency],
          ['requested_server_tpot_latency', requested.server_tpot_latency],
        ] as const)),
  ];
}

/** Settings as the run uses them. */
export function effectiveKeys(effective: EffectiveSettings): readonly Entry[] {
  return [
    ['effective_scenario', effective.scenario],
    ['effective_test_mode', effective.mode],
    ['effective_samples_per_query', effective.samples_per_query],
    ['effective_target_qps', double(effective.target_qps)],
    ['effective_target_latency_ns', effective.target_latency_ns],
    ['effective_target_latency_percentile', double(effective.target_latency_percentile)],
    ['effective_max_async_queries', effective.max_async_queries],
    ['effective_target_duration_ms', effective.target_duration_ms],
    ['effective_min_duration_ms', effective.min_duration_ms],
    ['effective_max_duration_ms', effective.max_duration_ms],
    ['effective_min_query_count', effective.min_query_count],
    ['effective_max_query_count', effective.max_query_count],
    ['effective_min_sample_count', effective.min_sample_count],
    ['effective_qsl_rng_seed', effective.qsl_rng_seed],
    ['effective_sample_index_rng_seed', effective.sample_index_rng_seed],
    ['effective_schedule_rng_seed', effective.schedule_rng_seed],
    ['effective_accuracy_log_rng_seed', effective.accuracy_log_rng_seed],
    ['effective_accuracy_log_probability', double(effective.accuracy_log_probability)],
    ['effective_accuracy_log_sampling_target', effective.accuracy_log_sampling_target],
    ['effective_print_timestamps', effective.print_timestamps],
    ['effective_performance_issue_unique', effective.performance_issue_unique],
    ['effective_performance_issue_same', effective.performance_issue_same],
    ['effective_performance_issue_same_index', effective.performance_issue_same_index],
    ['effective_performance_sample_count', effective.performance_sample_count],
    ['effective_accuracy_sample_count', effective.accuracy_sample_count],
    ['effective_sample_concatenate_permutation', effective.sample_concatenate_permutation],
  ];
}

/** The result of a performance phase; `errorCount` = errors logged so far. */
export function resultKeys(
  effective: EffectiveSettings,
  results: PerformanceResults,
  errorCount: number,
): readonly Entry[] {
  return [
    ['result_validity', results.isValid ? 'VALID' : 'INVALID'],
    ...(effective.scenario === 'Server'
      ? [['result_perf_constraints_met', results.constraintsMet] as const]
      : []),
    ['result_min_duration_met', results.minDurationMet],
    ['result_min_queries_met', results.minQueriesMet],
    ['early_stopping_met', results.earlyStoppingMet],
    ...(results.isValid ? [] : [['result_invalid_reason', invalidReason(results)] as const]),
    ...earlyStoppingKeys(results),
    ['result_query_count', results.queryCount],
    ...resultOfScenario(effective, results),
    ['result_min_latency_ns', results.sampleLatency.min_ns],
    ['result_max_latency_ns', results.sampleLatency.max_ns],
    ['result_mean_latency_ns', results.sampleLatency.mean_ns],
    ...percentileKeys('percentile_latency_ns', results.sampleLatency.percentiles_ns),
    ...tokenKeys(effective, results),
    ['num_errors', errorCount],
  ];
}

function earlyStoppingKeys({ earlyStoppingText, tokens }: PerformanceResults): readonly Entry[] {
  const oneLine = (text: string): string => text.replaceAll('\n', ' ');
  if (tokens === undefined) return [['early_stopping_result', oneLine(earlyStoppingText)]];
  return [
    ['early_stopping_ttft_result', oneLine(tokens.earlyStoppingTtftText)],
    ['early_stopping_tpot_result', oneLine(tokens.earlyStoppingTpotText)],
  ];
}

function invalidReason(results: PerformanceResults): string {
  const { constraintAdvice, durationAdvice, minQueriesMet, forbidding } = results;
  return [
    ...(constraintAdvice === undefined ? [] : [`${constraintAdvice} `]),
    ...(durationAdvice === undefined ? [] : [`${durationAdvice} `]),
    ...(minQueriesMet ? [] : ['The test exited early, before enough queries were issued.']),
    ...forbidding.map((reason) => ` ${reason}`),
  ]
    .join('')
    .replaceAll('\n', ' ');
}

function resultOfScenario(effective: EffectiveSettings, results: PerformanceResults): readonly Entry[] {
  switch (effective.scenario) {
    case 'SingleStream':
      return [
        ['result_qps_with_loadgen_overhead', double(results.qpsWithOverhead)],
        ['result_qps_without_loadgen_overhead', double(results.qpsWithoutOverhead)],
        ['early_stopping_latency_ss', results.earlyStoppingLatencySsNs],
        ['early_stopping_latency_ms', results.earlyStoppingLatencyMsNs],
      ];
    case 'MultiStream': {
      const query = results.queryLatency ?? results.sampleLatency;
      return [
        ['result_min_query_latency_ns', query.min_ns],
        ['result_max_query_latency_ns', query.max_ns],
        ['result_mean_query_latency_ns', query.mean_ns],
        ...percentileKeys('percentile_per_query_latency_ns', query.percentiles_ns),
        ['early_stopping_latency_ms', results.earlyStoppingLatencyMsNs],
      ];
    }
    case 'Server':
      return [
        ['result_overlatency_query_count', results.overlatencyCount],
        ['result_scheduled_samples_per_sec', double(results.scheduledSamplesPerSecond)],
        ['result_completed_samples_per_sec', double(results.completedSamplesPerSecond)],
      ];
    case 'Offline':
      return [['result_samples_per_second', double(results.samplesPerSecond)]];
  }
}

function percentileKeys(name: string, values: readonly number[]): readonly Entry[] {
  return reportedPercentiles.map(
    (p, i) => [`result_${formatFixed(p * 100, 2)}_${name}`, values[i]!] as const,
  );
}
