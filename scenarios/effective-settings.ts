// From requested to effective settings: what a run really uses. Follows loadgen/test_settings_internal.cc (loadgen.md 4).

import type { Scenario, TestMode, TestSettings } from '../configs/test-settings.js';
import { formatG6 } from './c-format.js';

/** LoadGen's effective settings, under its own keys. */
export interface EffectiveSettings {
  /** As requested. */
  readonly scenario: Scenario;
  /** As requested; PerformanceOnly with TEST05. */
  readonly mode: TestMode;
  /** Samples of one query; Offline: of the only one. */
  readonly samples_per_query: number;
  /** Queries per second that are planned; Offline: samples per second. */
  readonly target_qps: number;
  /** Server: bound of the target percentile in ns; 0 elsewhere. */
  readonly target_latency_ns: number;
  /** Percentile that is judged or reported, as a fraction. */
  readonly target_latency_percentile: number;
  /** 0 = no limit. */
  readonly max_async_queries: number;
  /** Duration after which a run may end by itself; Offline: 0. */
  readonly target_duration_ms: number;
  /** Least duration of a VALID run. */
  readonly min_duration_ms: number;
  /** Nothing more is issued after so long; 0 = no limit. */
  readonly max_duration_ms: number;
  /** Least queries of a VALID run; Offline: 1. */
  readonly min_query_count: number;
  /** Nothing more is issued after so many; 0 = no limit. */
  readonly max_query_count: number;
  /** Least samples of a VALID run. */
  readonly min_sample_count: number;
  /** Seed of the choice and order of the loaded samples. */
  readonly qsl_rng_seed: bigint;
  /** Seed of the order of issue. */
  readonly sample_index_rng_seed: bigint;
  /** Seed of the arrival times. */
  readonly schedule_rng_seed: bigint;
  /** Seed of the choice of responses that a performance run logs. */
  readonly accuracy_log_rng_seed: bigint;
  /** Share of the responses that a performance run logs. */
  readonly accuracy_log_probability: number;
  /** About so many responses are logged; 0 = by probability. */
  readonly accuracy_log_sampling_target: number;
  /** Prints both clocks around the performance phase. */
  readonly print_timestamps: boolean;
  /** Each loaded sample at most once. */
  readonly performance_issue_unique: boolean;
  /** One sample again and again. */
  readonly performance_issue_same: boolean;
  /** Its place in the loaded set. */
  readonly performance_issue_same_index: number;
  /** Samples loaded at once. */
  readonly performance_sample_count: number;
  /** Samples of an accuracy run. */
  readonly accuracy_sample_count: number;
  /** Whole permutations of the loaded set, one after the other. */
  readonly sample_concatenate_permutation: boolean;
  /** All queries that are due go out in one call. */
  readonly server_coalesce_queries: boolean;
  /** Threads that issue in turns; 0 = the driver. */
  readonly server_num_issue_query_threads: number;
  /** First tokens and tokens are timed and judged. */
  readonly use_token_latencies: boolean;
  /** Bound of the time to first token in ns. */
  readonly server_ttft_latency: number;
  /** Bound of the time per output token in ns. */
  readonly server_tpot_latency: number;
  /** Tokens per second are samples times a factor. */
  readonly infer_token_latencies: boolean;
  /** The factor. */
  readonly token_latency_scaling_factor: number;
}

/** Sample counts of a QSL. */
export interface QslCounts {
  readonly totalSampleCount: number;
  readonly performanceSampleCount: number;
}

interface ScenarioSettings {
  readonly target_qps: number;
  readonly target_latency_ns: number;
  readonly target_latency_percentile: number;
  readonly max_async_queries: number;
  readonly samples_per_query: number;
}

/** The settings a run uses, and the texts of LoadGen's `error_invalid_test_settings` that go with them. */
export function effectiveSettings(
  requested: TestSettings,
  qsl: QslCounts,
): { readonly effective: EffectiveSettings; readonly errors: readonly string[] } {
  const errors: string[] = [];
  const own = ofScenario(requested, errors);
  const performance_sample_count = requested.performance_sample_count_override || qsl.performanceSampleCount;
  const accuracy_sample_count = requested.accuracy_sample_count_override || qsl.totalSampleCount;
  let { min_query_count } = requested;
  let target_duration_ms = requested.min_duration_ms;
  let { samples_per_query } = own;

  if (requested.scenario === 'Offline') {
    const expected = Math.trunc(1.1 * (target_duration_ms / 1000) * own.target_qps);
    samples_per_query = requested.performance_issue_unique
      ? performance_sample_count
      : Math.max(min_query_count, expected);
    min_query_count = 1;
    target_duration_ms = 0;
  } else if (requested.scenario === 'SingleStream' && requested.sample_concatenate_permutation) {
    const expected = Math.trunc(2.0 * (target_duration_ms / 1000) * own.target_qps);
    min_query_count = Math.max(min_query_count, expected);
    // A whole set more when it is a multiple already, and by the QSL's count, not the override's: as LoadGen has it.
    min_query_count += qsl.performanceSampleCount - (min_query_count % qsl.performanceSampleCount);
  }

  if (
    requested.performance_issue_same &&
    requested.performance_issue_same_index >= performance_sample_count
  ) {
    errors.push(
      'Sample Idx to be repeated in performance_issue_same mode cannot be greater than loaded performance_sample_count.' +
        ` performance_issue_same_index: ${requested.performance_issue_same_index} performance_sample_count: ${performance_sample_count}`,
    );
  }
  if (requested.performance_issue_unique && requested.performance_issue_same) {
    errors.push(
      'Performance_issue_unique and performance_issue_same, both cannot be true at the same time.' +
        ' performance_issue_unique: 1 performance_issue_same: 1',
    );
  }

  const effective: EffectiveSettings = {
    scenario: requested.scenario,
    mode: requested.mode,
    ...own,
    samples_per_query,
    target_duration_ms,
    min_duration_ms: requested.min_duration_ms,
    max_duration_ms: requested.max_duration_ms,
    min_query_count,
    max_query_count: requested.max_query_count,
    min_sample_count: min_query_count * samples_per_query,
    qsl_rng_seed: requested.qsl_rng_seed,
    sample_index_rng_seed: requested.sample_index_rng_seed,
    schedule_rng_seed: requested.schedule_rng_seed,
    accuracy_log_rng_seed: requested.accuracy_log_rng_seed,
    accuracy_log_probability: requested.accuracy_log_probability,
    accuracy_log_sampling_target: requested.accuracy_log_sampling_target,
    print_timestamps: requested.print_timestamps,
    performance_issue_unique: requested.performance_issue_unique,
    performance_issue_same: requested.performance_issue_same,
    performance_issue_same_index: requested.performance_issue_same_index,
    performance_sample_count,
    accuracy_sample_count,
    sample_concatenate_permutation: requested.sample_concatenate_permutation,
    server_coalesce_queries: requested.server_coalesce_queries,
    server_num_issue_query_threads: requested.server_num_issue_query_threads,
    use_token_latencies: requested.use_token_latencies,
    server_ttft_latency: requested.server_ttft_latency,
    server_tpot_latency: requested.server_tpot_latency,
    infer_token_latencies: requested.infer_token_latencies,
    token_latency_scaling_factor: requested.token_latency_scaling_factor,
  };
  return { effective, errors };
}

function ofScenario(requested: TestSettings, errors: string[]): ScenarioSettings {
  switch (requested.scenario) {
    case 'SingleStream':
      return {
        target_qps: 1e9 / requested.single_stream_expected_latency_ns,
        target_latency_ns: 0,
        target_latency_percentile: requested.single_stream_target_latency_percentile,
        max_async_queries: 1,
        samples_per_query: 1,
      };
    case 'MultiStream':
      return {
        target_qps: 1e9 / requested.multi_stream_expected_latency_ns,
        target_latency_ns: 0,
        target_latency_percentile: requested.multi_stream_target_latency_percentile,
        max_async_queries: 1,
        samples_per_query: requested.multi_stream_samples_per_query,
      };
    case 'Server':
      return {
        target_qps: rate('server_target_qps', requested.server_target_qps, errors),
        target_latency_ns: requested.server_target_latency_ns,
        target_latency_percentile: requested.server_target_latency_percentile,
        max_async_queries: requested.server_max_async_queries,
        samples_per_query: 1,
      };
    case 'Offline':
      return {
        target_qps: rate('offline_expected_qps', requested.offline_expected_qps, errors),
        target_latency_ns: 0,
        target_latency_percentile: 0.99,
        max_async_queries: 1,
        samples_per_query: 1,
      };
  }
}

function rate(key: string, requested: number, errors: string[]): number {
  if (requested >= 0) return requested;
  errors.push(`Invalid value for ${key} requested. requested: ${formatG6(requested)} using: ${formatG6(1)}`);
  return 1;
}
